"""Waiting until the broker goes by what its controller wrote down: a moment, two seconds on a busy machine."""

import time
from collections.abc import Callable

SECONDS = 30.0


def settled(done: Callable[[], bool], what: str) -> None:
    """Returns when `done` says so; `TimeoutError` after `SECONDS`."""
    until = time.monotonic() + SECONDS
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"The broker did not take over {what} within {SECONDS:g} s.")
        time.sleep(0.02)

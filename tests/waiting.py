"""Waiting for a condition, with a limit; no test sleeps."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], T | Awaitable[T]], seconds: float = 30, *, what: str = "the condition") -> T:
    """What the condition gives, once that is true; it is asked again and again, and what it raises is raised.

    Fails after `seconds` with a sentence that says what was waited for and what was seen last.
    """
    began, pause = monotonic(), 0.01
    while True:
        seen = condition()
        value: T = await seen if inspect.isawaitable(seen) else seen
        if value:
            return value
        if monotonic() - began > seconds:
            raise AssertionError(f"waited {seconds:g} s for {what}; last seen: {value!r}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.25)

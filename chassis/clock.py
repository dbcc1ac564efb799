"""Time is an argument: this module alone reads the clock; everything else is handed a `Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


def system_clock() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


class MovableClock:
    """A clock that stands or is moved by hand: the demo's loader and the tests use it.

    With `running` it goes on at the machine's pace from where it was last set.
    """

    def __init__(self, start: datetime, *, running: bool = False) -> None:
        self._base = start.astimezone(UTC)
        self._running = running
        self._set_at = system_clock()

    def __call__(self) -> datetime:
        if self._running:
            return self._base + (system_clock() - self._set_at)
        return self._base

    def set(self, moment: datetime) -> None:
        self._base = moment.astimezone(UTC)
        self._set_at = system_clock()

    def move(self, by: timedelta) -> None:
        self.set(self() + by)

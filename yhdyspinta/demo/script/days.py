"""Days and moments of the script: offices are open on business days, quieter in July and at the turn of the year."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random

from chassis.calendar import add_business_days, at, is_business_day

BUSY = (0.9, 1.0, 1.1, 1.0, 1.1, 0.7, 0.25, 1.1, 1.3, 1.2, 1.1, 0.7)
"""How busy each month is."""
FIRST_OF_YEAR, LAST_OF_YEAR = (1, 7), (12, 19)


def first_day(year: int) -> date:
    """When the prelude of a first full year begins."""
    return date(year - 1, 12, 2)


@lru_cache(maxsize=64)
def open_days(first: date, last: date) -> Sequence[date]:
    """Business days from the first up to and with the last, without the quiet weeks around the turn of the year."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(d for d in days if is_business_day(d) and FIRST_OF_YEAR <= (d.month, d.day) <= LAST_OF_YEAR)


def some_day(rng: Random, first: date, last: date) -> date:
    """A day between two, busy months more often."""
    days = open_days(first, last)
    return rng.choices(days, [BUSY[d.month - 1] for d in days])[0]


def within(year: int) -> tuple[date, date]:
    """The first and last day of a year on which anything happens."""
    return date(year, *FIRST_OF_YEAR), date(year, *LAST_OF_YEAR)


def later(day: date, business_days: int) -> date:
    """So many business days on, past the quiet weeks."""
    found = add_business_days(day, business_days)
    while not FIRST_OF_YEAR <= (found.month, found.day) <= LAST_OF_YEAR:
        found = add_business_days(found, 1)
    return found


def open_day(day: date) -> date:
    """The day itself, or the next on which offices are open."""
    found = day if is_business_day(day) else add_business_days(day, 1)
    while not FIRST_OF_YEAR <= (found.month, found.day) <= LAST_OF_YEAR:
        found = add_business_days(found, 1)
    return found


def moment(rng: Random, day: date, first_hour: int = 9, last_hour: int = 14) -> datetime:
    """Some minute of a day, in Finland's time."""
    return at(day, time(rng.randint(first_hour, last_hour), rng.randrange(0, 60, 5)))


def soon(after: datetime, minutes: int) -> datetime:
    return after + timedelta(minutes=minutes)

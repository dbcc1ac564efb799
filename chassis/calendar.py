"""The calendar of Finnish public offices: business days, deadlines, days of Europe/Helsinki.

A business day is Monday to Friday and no public holiday; Christmas Eve and Midsummer Eve are days off too, as
public offices keep them, though the law does not call them holidays. Deadlines are inclusive: the last moment
of their day is in time. Nothing here reads the clock.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from contracts.plan import Span

HELSINKI = ZoneInfo("Europe/Helsinki")
ONE_DAY = timedelta(days=1)
CLOCK_UNITS = ("minutes", "hours")


@lru_cache(maxsize=64)
def days_off(year: int) -> frozenset[date]:
    """Public holidays of the year, with Christmas Eve and Midsummer Eve (the Friday from 19 to 25 June)."""
    june_19 = date(year, 6, 19)
    midsummer_eve = june_19 + timedelta(days=(4 - june_19.weekday()) % 7)
    return frozenset(holidays.country_holidays("FI", years=year)) | {date(year, 12, 24), midsummer_eve}


def is_business_day(day: date) -> bool:
    """Whether public offices are open on the day."""
    return day.weekday() < 5 and day not in days_off(day.year)


def add_business_days(day: date, days: int) -> date:
    """The business day that is `days` after the day (before it, when negative); with 0 the day itself."""
    step = ONE_DAY if days > 0 else -ONE_DAY
    left = abs(days)
    while left:
        day += step
        left -= is_business_day(day)
    return day


def business_days_between(start: date, end: date) -> int:
    """Business days after `start` up to and with `end`; negative, counted from `end`, when it comes first."""
    if end < start:
        return -business_days_between(end, start)
    return sum(is_business_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def business_days_left(due_at: datetime, now: datetime) -> int:
    """Business days until a deadline: 0 on its day, negative when it has passed."""
    return business_days_between(helsinki_day(now), helsinki_day(due_at))


def helsinki_day(moment: datetime) -> date:
    """The day in Finland at a moment. `ValueError` for a moment without time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(HELSINKI).date()


def at(day: date, clock_time: time) -> datetime:
    """The moment of a clock time of the day in Finland."""
    return datetime.combine(day, clock_time, HELSINKI)


def end_of_day(day: date) -> datetime:
    """The last microsecond of the day in Finland."""
    return at(day, time.max)


def after(day: date, span: Span) -> date:
    """The day a span later. A month later is the same day of the month, or its last. `ValueError` for hours and
    minutes."""
    return _moved(day, span, 1)


def before(day: date, span: Span) -> date:
    """The day a span earlier; otherwise as `after`."""
    return _moved(day, span, -1)


def deadline(begins: date | datetime, span: Span) -> datetime:
    """When a span that began on a day, or at a moment, is over: inclusive, aware.

    Hours and minutes run from the moment; all else ends with the last day. `ValueError` for hours from a day.
    """
    if span.unit in CLOCK_UNITS:
        if not isinstance(begins, datetime):
            raise ValueError(f"{span} run from a moment, not from a day")
        return begins + span.delta
    day = helsinki_day(begins) if isinstance(begins, datetime) else begins
    return end_of_day(after(day, span))


def _moved(day: date, span: Span, sign: int) -> date:
    if span.unit == "business-days":
        return add_business_days(day, sign * span.value)
    if span.unit in ("months", "years"):
        return _add_months(day, sign * span.value * (12 if span.unit == "years" else 1))
    if span.unit in CLOCK_UNITS:
        raise ValueError(f"{span} do not lead from day to day")
    return day + sign * span.delta


def month_start(day: date, after: int = 0) -> date:
    """The first day of the month so many months `after` a day's, before it where that is negative."""
    return _add_months(day.replace(day=1), after)


def month_of(day: date) -> str:
    """`2026-03` of any day in it."""
    return f"{day:%Y-%m}"


def first_day_of(month: str) -> date:
    """Of `2026-03`. Raises ValueError for what is no month."""
    return date.fromisoformat(f"{month}-01")


def last_day_of(month: str) -> date:
    return month_start(first_day_of(month), 1) - ONE_DAY


def months(first: str, last: str) -> Iterator[str]:
    """Every month from the first to the last, both included."""
    start = first_day_of(first)
    while (month := month_of(start)) <= last:
        yield month
        start = month_start(start, 1)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

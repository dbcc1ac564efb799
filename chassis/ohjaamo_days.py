"""Days on which case managers are at the Ohjaamos: the plan's rhythm without public holidays [3.5, 4.2].

Both sides show the same days, for both ask the same plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from chassis import calendar, calendar_file
from contracts import plan
from contracts.plan import Plan

SHOWN_FOR = timedelta(days=182)
"""How far ahead the days are shown."""


def days(first: date, last: date) -> Sequence[date]:
    """The days from `first` to `last`, both included, each by the plan of its year."""
    each_year = (
        day
        for year in range(first.year, last.year + 1)
        for day in plan.on(date(year, 12, 31)).ohjaamo.days(
            max(first, date(year, 1, 1)), min(last, date(year, 12, 31)))
    )
    return [day for day in each_year if calendar.is_business_day(day)]


def coming(today: date) -> Sequence[date]:
    """The days that are shown: today's and those of the coming half year."""
    return days(today, today + SHOWN_FOR)


def hours(day: date) -> tuple[datetime, datetime]:
    """When the Ohjaamos are open for it on a day."""
    rules = plan.on(day).ohjaamo
    return calendar.at(day, rules.opens), calendar.at(day, rules.closes)


def by_role(rules: Plan) -> Mapping[str, Sequence[str]]:
    """What a young person asks about, by the role that advises on it."""
    advice = rules.ohjaamo.advice
    return {role: [topic for topic in advice if advice[topic] == role] for role in dict.fromkeys(advice.values())}


def calendar_of(which: Iterable[date], now: datetime, summary: str, place: str) -> bytes:
    """A calendar file of the days; a day has the same UID in each."""
    return calendar_file.published([
        calendar_file.Meeting(
            id=str(uuid5(NAMESPACE_URL, f"ohjaamo:{day.isoformat()}")), sequence=0, starts_at=hours(day)[0],
            ends_at=hours(day)[1], stamp=now, summary=summary, place=place)
        for day in which
    ])

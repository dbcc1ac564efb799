"""Days on which case managers are at the Ohjaamos: the plan's rhythm without public holidays [3.5, 4.2].

Both sides show the same days, for both ask the same plan.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5

from chassis import calendar, calendar_file
from contracts import plan

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


@dataclass(frozen=True)
class Shown:
    """What a page says of the days, in a language: `advice` is a role and what it advises on, each in words."""

    days: Sequence[date]
    opens: time
    closes: time
    ohjaamos: Sequence[str]
    advice: Sequence[tuple[str, str]]


def shown(today: date, language: str) -> Shown:
    """The coming days of the plan in force, and its advice [3.5]."""
    rules = plan.on(today)
    roles, topics, advice = rules.roles, rules.codes["ohjaamo-topic"], rules.ohjaamo.advice
    return Shown(
        coming(today), rules.ohjaamo.opens, rules.ohjaamo.closes,
        [rules.municipalities[code].text(language) for code in rules.ohjaamo.ohjaamos],
        [(capitalised(roles[role].text(language)), ", ".join(
            topics[topic].text(language) for topic in advice if advice[topic] == role))
         for role in dict.fromkeys(advice.values())],
    )


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def calendar_of(which: Iterable[date], now: datetime, summary: str, place: str) -> bytes:
    """A calendar file of the days; a day has the same UID in each."""
    return calendar_file.published([
        calendar_file.Meeting(
            id=str(uuid5(NAMESPACE_URL, f"ohjaamo:{day.isoformat()}")), sequence=0, starts_at=hours(day)[0],
            ends_at=hours(day)[1], stamp=now, summary=summary, place=place)
        for day in which
    ])

"""What became of a case, told year by year under that year's pseudonyms alone [events.md, Pseudonyms; measures.md].

A case as one calendar year sees it is a *spell* (*asiakkuus tilastossa*). What must be told of each year follows
from the case's course; what was told before is compared with it. So a late, repeated or corrected event, and the
turn of a year, need no rule of their own.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from contracts.envelope import Data
from contracts.events.outcomes import (
    ApproachReceived,
    ServiceBegan,
    ServiceContinued,
    ServiceContinuedInError,
    ServiceEnded,
    ServiceNotBegun,
)
from services.coaching.cases.domain import Case

Told: TypeAlias = Mapping[tuple[int, type[Data]], str]
"""What was told of a case, by year and event, as the JSON of its data."""


@dataclass(frozen=True)
class Telling:
    """One event to be told of a spell, all but its pseudonyms."""

    year: int
    model: type[Data]
    fields: Mapping[str, Any]

    def under(self, client: str, spell_id: str) -> Data:
        return self.model.model_validate({"client": client, "spell_id": spell_id, **self.fields})


def tellings(case: Case, new_client: bool, years: range) -> Iterator[Telling]:
    """What must be told of a case in each of the years that are begun and not final, in order.

    A wait that lasts over 1 January is told again under the new ids, a begun case as continued; only what began
    can end. `new_client`: the person had no earlier service of this kind at this provider.
    """
    course, closed = case.course, case.course.closed
    not_begun_on = closed.on if closed and closed.not_begun else None
    began_on = None if not_begun_on else course.began_on()
    ended_on = closed.on if closed and closed.outcome and began_on else None
    wait_ended_on = began_on or not_begun_on
    spell = {"service": case.service, "municipality": case.municipality, "provider": case.provider}
    asked = {**spell, "origin": case.origin, "asked_on": course.asked_on}
    wait = {**asked, "first_attempt_on": course.first_attempt_on, "reached_on": course.reached_on}
    for year in years:
        new_year = date(year, 1, 1)
        waits_over = course.asked_on < new_year and (wait_ended_on is None or wait_ended_on >= new_year)
        if course.asked_on.year == year or waits_over:
            yield Telling(year, ApproachReceived, asked)
        if began_on and began_on.year == year:
            yield Telling(year, ServiceBegan, {**wait, "on": began_on, "new_client": new_client})
        elif began_on and began_on < new_year and (ended_on is None or ended_on >= new_year):
            yield Telling(year, ServiceContinued, {**spell, "year": year, "began_on": began_on})
        if ended_on and closed and ended_on.year == year:
            yield Telling(year, ServiceEnded, {
                **spell, "on": ended_on, "plan": course.plan if case.service == "pointti" else None,
                "outcome": closed.outcome,
            })
        if not_begun_on and closed and not_begun_on.year == year:
            yield Telling(year, ServiceNotBegun, {**wait, "on": not_begun_on, "reason": closed.not_begun})


def taken_back(told: Told, now: Collection[Telling]) -> Iterator[tuple[type[Data], Telling]]:
    """What was told of a year as going on over its 1 January and turns out to have ended before, with its taking back.

    An approach told again in error is taken back the same way, for nothing else ends that spell's wait.
    """
    holds = {(telling.year, telling.model) for telling in now}
    still = {telling.year for telling in now}
    for year, model in told:
        wrong = model is ServiceContinued or (model is ApproachReceived and year not in still)
        if wrong and (year, model) not in holds:
            yield model, Telling(year, ServiceContinuedInError, {"year": year})

"""What the target group of outreach lives through, as counts of a month: no person and no text in it [3.4, 4.1].

Pure. A month is asked for when it is over; what is recorded while it runs is a tally, and may be replaced at any time.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from chassis.calendar import month_of, month_start
from chassis.decisions import Decision, Refusal, decided, refuse
from chassis.machine import Machine, move
from contracts.events.outcomes import PhenomenonObserved

KIND, ABOUT = "record-phenomena", "phenomena"


class Status(StrEnum):
    """Where a month stands once it is over."""

    OWED = "owed"
    RECORDED = "recorded"


class Sign(StrEnum):
    RECORDED = "recorded"


MONTHS = Machine(
    "phenomena", Status.OWED, (move(Sign.RECORDED, Status.OWED, Status.RECORDED, to=Status.RECORDED),),
    frozenset({Status.RECORDED}), {Status.OWED: (KIND,)})


@dataclass(frozen=True)
class MonthAhead(Refusal):
    """A month that has not begun has no observations."""

    code = "month-ahead"
    sentence_en = "That month has not begun yet. Choose this month or an earlier one."
    sentence_fi = "Kuukausi ei ole vielä alkanut. Valitse tämä tai aiempi kuukausi."
    status = 422
    field = "/month"


@dataclass(frozen=True)
class PhenomenonUnknown(Refusal):
    """Only phenomena of the plan's list are counted; `known` are its codes."""

    code = "phenomenon-unknown"
    sentence_en = "The plan has no such phenomenon. It has: {known}."
    sentence_fi = "Suunnitelmassa ei ole tällaista ilmiötä. Siinä on: {known}."
    status = 422
    field = "/observations"
    known: str


@dataclass(frozen=True)
class Sheet:
    """One month of one municipality: `month` is its first day, `observations` by phenomenon are what was told last."""

    municipality: str
    month: date
    observations: Mapping[str, int] = field(default_factory=dict)
    over_recorded: bool = False

    @property
    def code(self) -> str:
        """`2026-03`"""
        return month_of(self.month)

    @property
    def about_id(self) -> str:
        """As the ledger names it."""
        return f"{self.municipality}:{self.code}"

    @property
    def status(self) -> Status:
        return MONTHS.fold([Sign.RECORDED] if self.over_recorded else [])


def observe(sheet: Sheet, today: date, counts: Mapping[str, int], phenomena: Collection[str]) -> Decision[Sheet]:
    """The month's observations, whole: what is left out was not met. Only what differs from before is told again.

    Refused with `MonthAhead`, `PhenomenonUnknown`.
    """
    if sheet.month > today:
        return refuse(MonthAhead())
    if not set(counts) <= set(phenomena):
        return refuse(PhenomenonUnknown(", ".join(phenomena)))
    whole = {code: counts.get(code, 0) for code in phenomena}
    told = [
        PhenomenonObserved.model_validate({
            "municipality": sheet.municipality, "month": sheet.code, "phenomenon": code, "observations": count})
        for code, count in whole.items() if sheet.observations.get(code) != count
    ]
    over = sheet.over_recorded or today >= month_start(sheet.month, 1)
    return decided(replace(sheet, observations=whole, over_recorded=over), *told)

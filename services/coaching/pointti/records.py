"""What the workshop keeps in a case's course beside the events: read by this service alone, published nowhere.

Some records are an event with what its contract has no field for; the event itself goes out without it.
"""

from contracts.envelope import Data
from contracts.events.casework import TetAgreed
from contracts.events.coaching import WorkTrialProposed
from contracts.fields import CaseId, Code, Day, PeriodId, TetId, UnitCode


class PlaceKept(Data):
    """A place in a group is kept for the young person; told again under its id when group or days change [3.3].

    `group_id` joins those who are in a group, so it is here alone: a period has an id of its own in each case.
    """

    KEY = "case_id"

    case_id: CaseId
    period_id: PeriodId
    group_id: str
    starts_on: Day
    ends_on: Day


class PlaceLeft(Data):
    """The young person does not come to the group: the place is free again [3.3]."""

    KEY = "case_id"

    case_id: CaseId
    period_id: PeriodId


class TetPlaced(TetAgreed):
    """A TET period that our instructors agreed, with the municipal unit."""

    unit: UnitCode | None = None

    def told(self) -> TetAgreed:
        """The event, without what stays here."""
        return TetAgreed(**{name: getattr(self, name) for name in TetAgreed.model_fields})


class TrialProposed(WorkTrialProposed):
    """A work trial's proposal, with the TET period that it follows from."""

    tet_id: TetId

    def told(self) -> WorkTrialProposed:
        """The event, without what stays here."""
        return WorkTrialProposed(**{name: getattr(self, name) for name in WorkTrialProposed.model_fields})


class ProposalLeft(Data):
    """The manager leaves a proposal unsent. `reason` is a code of the plan (`unsent-reason`)."""

    KEY = "case_id"

    case_id: CaseId
    tet_id: TetId
    reason: Code


RECORDS: tuple[type[Data], ...] = (PlaceKept, PlaceLeft, TetPlaced, TrialProposed, ProposalLeft)

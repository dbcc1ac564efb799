"""The courses within a workshop case as state machines: a place in a group, and a TET period with its work trial [3.3].

Both are folded from the case's course, whoever told it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from chassis.machine import Machine, move
from contracts.events.casework import PeriodEnded, PeriodStarted, PlanAfter, TetAgreed, TetEnded
from contracts.events.referrals import WorkTrialProposalAnswered
from contracts.fields import PeriodId, TetId
from services.coaching.cases.course import Course
from services.coaching.pointti.records import PlaceKept, PlaceLeft, ProposalLeft, TetPlaced, TrialProposed


class PlaceState(StrEnum):
    """Where a young person's place in a group is."""

    KEPT = "kept"
    """The group has not begun for the young person."""
    IN_PERIOD = "in-period"
    OVER = "over"
    LEFT = "left"


class PlaceSign(StrEnum):
    MOVED = "moved"
    BEGAN = "period-began"
    LEFT = "left"
    ENDED = "ended-with-plan"
    CLOSED = "case-closed"


PLACE: Machine[PlaceState] = Machine(
    "place", PlaceState.KEPT, (
        move(PlaceSign.MOVED, PlaceState.KEPT, to=PlaceState.KEPT),
        move(PlaceSign.BEGAN, PlaceState.KEPT, to=PlaceState.IN_PERIOD),
        move(PlaceSign.LEFT, PlaceState.KEPT, to=PlaceState.LEFT),
        move(PlaceSign.ENDED, PlaceState.IN_PERIOD, to=PlaceState.OVER),
        move(PlaceSign.CLOSED, PlaceState.KEPT, to=PlaceState.LEFT),
        move(PlaceSign.CLOSED, PlaceState.IN_PERIOD, to=PlaceState.OVER),
    ), frozenset({PlaceState.OVER, PlaceState.LEFT}),
    {PlaceState.KEPT: ("start-period",), PlaceState.IN_PERIOD: ("end-period",)},
)
TAKEN = tuple(sorted(PLACE.states - PLACE.closed))
"""The states in which a place is not free."""


class TetState(StrEnum):
    """Where a TET period and the work trial that may follow are."""

    AGREED = "agreed"
    OVER = "over"
    """It ended, and not both wish to go on: the area hears nothing."""
    TO_SEND = "proposal-to-send"
    """Both wish to go on: the manager has a proposal to check and send."""
    SENT = "proposal-sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNSENT = "left-unsent"
    STOPPED = "stopped"
    """The referral is not in force any more, or the case was closed before the TET period was recorded."""


class TetSign(StrEnum):
    MOVED = "agreed-anew"
    NOT_BOTH = "not-both-wish-to-go-on"
    BOTH = "both-wish-to-go-on"
    SENT = "sent-by-the-manager"
    UNSENT = "left-unsent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CLOSED = "case-closed"
    STOPPED = "referral-closed"


TET: Machine[TetState] = Machine(
    "tet", TetState.AGREED, (
        move(TetSign.MOVED, TetState.AGREED, to=TetState.AGREED),
        move(TetSign.NOT_BOTH, TetState.AGREED, to=TetState.OVER),
        move(TetSign.BOTH, TetState.AGREED, to=TetState.TO_SEND),
        move(TetSign.CLOSED, TetState.AGREED, to=TetState.STOPPED),
        move(TetSign.SENT, TetState.TO_SEND, TetState.DECLINED, TetState.UNSENT, to=TetState.SENT),
        move(TetSign.UNSENT, TetState.TO_SEND, to=TetState.UNSENT),
        move(TetSign.ACCEPTED, TetState.SENT, to=TetState.ACCEPTED),
        move(TetSign.DECLINED, TetState.SENT, to=TetState.DECLINED),
        move(TetSign.STOPPED, TetState.TO_SEND, TetState.SENT, to=TetState.STOPPED),
    ), frozenset({
        TetState.OVER, TetState.ACCEPTED, TetState.DECLINED, TetState.UNSENT, TetState.STOPPED,
    }), {
        TetState.AGREED: ("record-tet",), TetState.TO_SEND: ("send-work-trial-proposal",),
        TetState.SENT: ("answer-work-trial-proposal",),
    },
)


@dataclass(frozen=True)
class Place:
    """A place in a group. `begun_as` is the period under which it began: its own, or the one that PARty told."""

    period_id: PeriodId
    group_id: str
    starts_on: date
    ends_on: date
    state: PlaceState = PLACE.start
    begun_as: PeriodId | None = None
    plan: PlanAfter | None = None

    def on(self, sign: PlaceSign) -> "Place":
        return replace(self, state=PLACE.after(self.state, sign) or self.state)


@dataclass(frozen=True)
class Tet:
    """A TET period as it was agreed last, what both wished, and what became of the work trial."""

    agreed: TetAgreed
    ended: TetEnded | None = None
    ended_at: datetime | None = None
    proposed: TrialProposed | None = None
    proposed_at: datetime | None = None
    answer: WorkTrialProposalAnswered | None = None
    left: ProposalLeft | None = None
    state: TetState = TET.start

    @property
    def id(self) -> TetId:
        return self.agreed.tet_id

    @property
    def unit(self) -> str | None:
        return self.agreed.unit if isinstance(self.agreed, TetPlaced) else None

    @property
    def last_day(self) -> date:
        return self.agreed.starts_on + timedelta(days=max(self.agreed.days, 1) - 1)

    def on(self, sign: TetSign) -> "Tet":
        return replace(self, state=TET.after(self.state, sign) or self.state)


def places(course: Course) -> Sequence[Place]:
    """The places that the young person has had, in order; at most the last is open."""
    found: dict[str, Place] = {}
    for happened in course.happened:
        match happened.data:
            case PlaceKept() as kept:
                before = found.get(kept.period_id)
                new = Place(kept.period_id, kept.group_id, kept.starts_on, kept.ends_on)
                if before is None or PLACE.can(before.state, PlaceSign.MOVED):
                    found[kept.period_id] = new
            case PlaceLeft(period_id=period) if period in found:
                found[period] = found[period].on(PlaceSign.LEFT)
            case PeriodStarted() as started:
                for place in _begun_by(started, list(found.values())):
                    found[place.period_id] = replace(place.on(PlaceSign.BEGAN), begun_as=started.period_id)
            case PeriodEnded() as ended:
                for place in [p for p in found.values() if p.begun_as == ended.period_id]:
                    found[place.period_id] = replace(place.on(PlaceSign.ENDED), plan=ended.plan)
    if course.closing:
        return [place.on(PlaceSign.CLOSED) for place in found.values()]
    return list(found.values())


def _begun_by(started: PeriodStarted, of: Sequence[Place]) -> Iterator[Place]:
    """The place that a period begins: the one under its id, or in a group that begins the day that PARty told."""
    for place in of:
        same = started.period_id == place.period_id or started.starts_on == place.starts_on
        if same and PLACE.can(place.state, PlaceSign.BEGAN):
            yield place


def place(course: Course) -> Place | None:
    """The place that the young person has now."""
    return next((p for p in reversed(places(course)) if p.state not in PLACE.closed), None)


def tets(course: Course, referral_open: bool) -> Sequence[Tet]:
    """The TET periods of a case in order. `referral_open`: the area may be told of a work trial."""
    found: dict[str, Tet] = {}
    answers = {h.data.proposal_id: h.data for h in course.happened if isinstance(h.data, WorkTrialProposalAnswered)}
    for happened in course.happened:
        match happened.data:
            case TetAgreed(tet_id=tet_id) as agreed:
                tet = found.get(tet_id)
                if tet is None or TET.can(tet.state, TetSign.MOVED):
                    found[tet_id] = Tet(agreed)
            case TetEnded(tet_id=tet_id) as ended if tet_id in found and found[tet_id].ended is None:
                both = ended.young_person_continues and ended.workplace_continues
                tet = found[tet_id].on(TetSign.BOTH if both else TetSign.NOT_BOTH)
                found[tet_id] = replace(tet, ended=ended, ended_at=happened.time)
            case ProposalLeft(tet_id=tet_id) as left if tet_id in found:
                found[tet_id] = replace(found[tet_id].on(TetSign.UNSENT), left=left)
            case TrialProposed(tet_id=tet_id) as proposed if tet_id in found:
                answer = answers.get(proposed.proposal_id)
                tet = replace(found[tet_id].on(TetSign.SENT), proposed=proposed, proposed_at=happened.time,
                              answer=answer, left=None)
                if answer:
                    tet = tet.on(TetSign.ACCEPTED if answer.accepted else TetSign.DECLINED)
                found[tet_id] = tet
    ended_tets = [tet.on(TetSign.CLOSED) if course.closing else tet for tet in found.values()]
    return ended_tets if referral_open else [tet.on(TetSign.STOPPED) for tet in ended_tets]


def open_tet(course: Course) -> Tet | None:
    """The TET period that is agreed and not recorded as ended, the first if there are several."""
    return min((t for t in tets(course, True) if t.state is TetState.AGREED), key=lambda t: t.last_day, default=None)

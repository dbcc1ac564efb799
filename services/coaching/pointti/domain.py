"""Pointti's periods: an interview first, a place in a group, eight weeks, and a plan at the end [3.3].

Pure. The first period begins the service; that it began is told to the area by the instructor's own act
(`cases.domain.start`). A group never has more young people than places; its row is held by whoever gives one away.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from chassis.decisions import Decided, Decision, decided, refuse
from contracts.envelope import Data
from contracts.events.casework import MeetingHeld, PeriodEnded, PeriodStarted, PlanAfter
from contracts.fields import PeriodId
from services.coaching.cases import domain as cases
from services.coaching.cases.domain import Act, Case
from services.coaching.cases.refusals import CaseIsClosed, DayAhead, InterviewFirst, PartUnknown
from services.coaching.pointti.courses import PLACE, Place, PlaceSign, PlaceState, place
from services.coaching.pointti.records import PlaceKept, PlaceLeft
from services.coaching.pointti.refusals import (
    AlreadyInGroup,
    FewerThanTaken,
    GroupHasBegun,
    GroupOver,
    NoFreePlace,
    NoPlace,
    NotInPeriod,
    NotPointti,
    PeriodRuns,
)


@dataclass(frozen=True)
class Group:
    """A period as a group: its days, its places, and how many of them are taken."""

    group_id: str
    provider: str
    first_day: date
    last_day: date
    places: int
    taken: int = 0

    @property
    def free(self) -> int:
        return max(self.places - self.taken, 0)


# --- groups


def last_day(first_day: date, length: timedelta) -> date:
    """A period of the plan's length runs over holidays too."""
    return first_day + length - timedelta(days=1)


def change(group: Group, first_day: date, length: timedelta, places: int, has_begun: bool) -> Decision[Group]:
    """Other days or another number of places. `has_begun`: the period has begun for somebody in the group.

    Refused with `FewerThanTaken`, `GroupHasBegun`.
    """
    if places < group.taken:
        return refuse(FewerThanTaken(group.taken))
    if first_day == group.first_day:
        return decided(replace(group, places=places))
    if has_begun:
        return refuse(GroupHasBegun())
    return decided(replace(group, first_day=first_day, last_day=last_day(first_day, length), places=places))


# --- a young person's place


def keep_place(case: Case, act: Act, group: Group, interview_first: bool) -> Decision[Case]:
    """The young person gets a place in a group, or moves to another before the period has begun.

    Who joins a group that has begun begins today, and has a shorter period. Refused with `NotPointti`,
    `InterviewFirst`, `PeriodRuns`, `GroupOver`, `AlreadyInGroup`, `NoFreePlace`, `CaseIsClosed`.
    """
    if case.service != "pointti":
        return refuse(NotPointti())
    if interview_first and not any(case.course.told(MeetingHeld)):
        return refuse(InterviewFirst())
    if case.course.period:
        return refuse(PeriodRuns())
    if group.last_day < act.today:
        return refuse(GroupOver())
    had = place(case.course)
    if had and had.group_id == group.group_id:
        return refuse(AlreadyInGroup())
    if group.free == 0:
        return refuse(NoFreePlace())
    kept = kept_in(case, group, PeriodId(had.period_id if had else act.id))
    if group.first_day >= act.today:
        return _recorded(case, act, kept)
    began = PeriodStarted(
        case_id=case.id, period_id=kept.period_id, starts_on=act.today, ends_on=group.last_day)
    return _recorded(case, act, kept, began)


def kept_in(case: Case, group: Group, period_id: PeriodId) -> PlaceKept:
    return PlaceKept(case_id=case.id, period_id=period_id, group_id=group.group_id, starts_on=group.first_day,
                     ends_on=group.last_day)


def follow_group(case: Case, act: Act, group: Group) -> Decision[Case]:
    """The group has other days: a place that is kept in it has them too. Refused with `NoPlace`."""
    had = _kept(case, group.group_id)
    return _recorded(case, act, kept_in(case, group, had.period_id)) if had else refuse(NoPlace())


def leave_place(case: Case, act: Act) -> Decision[Case]:
    """The young person does not come to the group; another may have the place. Refused with `NoPlace`."""
    had = place(case.course)
    if had is None or not PLACE.can(had.state, PlaceSign.LEFT):
        return refuse(NoPlace())
    return _recorded(case, act, PlaceLeft(case_id=case.id, period_id=had.period_id))


def begin(case: Case, act: Act, group: Group, on: date, told: bool) -> Decision[Case]:
    """The young person came, and the period has begun for them on a day of the group's.

    `told`: the area is told that the service began, where it was not told before and may be told. Refused with
    `NoPlace`, `PeriodRuns`, `DayAhead`, `NotInPeriod`.
    """
    had = _kept(case, group.group_id)
    if had is None:
        return refuse(NoPlace())
    if case.course.period:
        return refuse(PeriodRuns())
    if on > act.today:
        return refuse(DayAhead(act.today))
    if not group.first_day <= on <= group.last_day:
        return refuse(NotInPeriod(group.first_day, group.last_day))
    began = PeriodStarted(case_id=case.id, period_id=had.period_id, starts_on=on, ends_on=group.last_day)
    decision = _recorded(case, act, began)
    if not isinstance(decision, Decided) or not told or case.start_told or not case.area_may_hear:
        return decision
    start = cases.start(decision.state, replace(act, id=f"{act.id}-start"), on, told)
    return decided(start.state, *decision.events, *start.events) if isinstance(start, Decided) else start


def end_period(case: Case, act: Act, ended_on: date, plan: PlanAfter) -> Decision[Case]:
    """The period that runs ends with a plan: a work trial, education or a job.

    Refused with `PartUnknown`, `DayAhead`, `EndBeforeStart`.
    """
    period = case.course.period
    if period is None:
        return refuse(PartUnknown())
    if ended_on > act.today:
        return refuse(DayAhead(act.today))
    return _recorded(
        case, act, PeriodEnded(case_id=case.id, period_id=period.period_id, ended_on=ended_on, plan=plan))


def _kept(case: Case, group_id: str) -> Place | None:
    had = place(case.course)
    return had if had and had.group_id == group_id and had.state is PlaceState.KEPT else None


def _recorded(case: Case, act: Act, *happened: Data) -> Decision[Case]:
    """What happened as the case keeps it; events of them go out, records of our own do not."""
    if case.course.closed:
        return refuse(CaseIsClosed())
    return cases.recorded(case, act, happened, [e for e in happened if not isinstance(e, PlaceKept | PlaceLeft)])

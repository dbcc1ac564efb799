"""What instructors do with groups and places: one function a command, the same for pages and API.

Whoever gives a place away holds the group's row before any case, so that the last place is given once.
"""

from collections.abc import Sequence
from datetime import date

from chassis import audit
from chassis.database import Session
from chassis.decisions import Decision, NotFound, Refused, decided_or_raise, refuse
from contracts.events.casework import PlanAfter
from contracts.fields import new_id
from contracts.plan import Plan
from services.coaching.cases import handlers as cases
from services.coaching.cases.domain import Act, Case
from services.coaching.cases.handlers import By
from services.coaching.cases.refusals import CodeNotKnown, NotProvided
from services.coaching.pointti import domain, store
from services.coaching.pointti.courses import PlaceState
from services.coaching.pointti.domain import Group
from services.coaching.pointti.refusals import GroupInUse

SERVICE = "pointti"


async def make_group(db: Session, by: By, first_day: date, places: int) -> Group:
    """A group of the plan's length [3.3]. Raises `Refused` (`NotProvided`)."""
    now = db.plan
    if by.whose.provider not in {p.organisation for p in now.services[SERVICE].providers.values()}:
        raise Refused(NotProvided())
    new = Group(new_id(db.now), by.whose.provider, first_day, domain.last_day(first_day, now.pointti.period.delta),
                places)
    await store.add_group(db, new)
    await audit.changed(db, "period-group", new.group_id, by.who, "make-group")
    return new


async def change_group(db: Session, group_id: str, by: By, first_day: date, places: int) -> Group:
    """Other days, or another number of places; who has a place in it follows."""
    group = await _held(db, group_id, by)
    now = db.plan
    begun = await store.cases_in(db, group_id, (PlaceState.IN_PERIOD, PlaceState.OVER))
    changed, _ = decided_or_raise(domain.change(group, first_day, now.pointti.period.delta, places, bool(begun)))
    await store.save_group(db, changed)
    if changed.first_day != group.first_day:
        for case_id in await store.cases_in(db, group_id, (PlaceState.KEPT,)):
            await cases.act(db, case_id, by, "follow-group",
                            lambda case, act, _: domain.follow_group(case, act, changed), takes_over=False)
    await audit.changed(db, "period-group", group_id, by.who, "change-group")
    return changed


async def remove_group(db: Session, group_id: str, by: By) -> None:
    """A group that was made by mistake. Raises `Refused` (`GroupInUse`) where somebody has or had a place in it."""
    await _held(db, group_id, by)
    if await store.cases_in(db, group_id, tuple(PlaceState)):
        raise Refused(GroupInUse())
    await store.remove_group(db, group_id)
    await audit.changed(db, "period-group", group_id, by.who, "remove-group")


async def keep_place(db: Session, case_id: str, by: By, group_id: str) -> Case:
    """The young person gets a place in a group, or moves to it [3.3]."""
    group = await _held(db, group_id, by)
    return await cases.act(db, case_id, by, "keep-place", lambda case, act, now: domain.keep_place(
        case, act, group, now.pointti.interview_first))


async def leave_place(db: Session, case_id: str, by: By) -> Case:
    """The young person does not come to the group; the place is free again."""
    return await cases.act(db, case_id, by, "leave-place", lambda case, act, _: domain.leave_place(case, act))


async def begin_group(
    db: Session, group_id: str, by: By, on: date, came: Sequence[str], tell: bool
) -> Sequence[Case]:
    """The period has begun for those who came; with `tell` the area is told that their service began [3.2, 3.3]."""
    group = await _held(db, group_id, by)

    def decide(case: Case, act: Act, now: Plan) -> Decision[Case]:
        return domain.begin(case, act, group, on, tell and cases.is_told(case, now))

    return [await cases.act(db, case_id, by, "begin-period", decide) for case_id in sorted(set(came))]


async def end_period(db: Session, case_id: str, by: By, ended_on: date, period_plan: PlanAfter) -> Case:
    """The period that runs ends with a plan [3.3]."""

    def decide(case: Case, act: Act, now: Plan) -> Decision[Case]:
        if period_plan not in now.pointti.period_plans:
            return refuse(CodeNotKnown("/plan"))
        return domain.end_period(case, act, ended_on, period_plan)

    return await cases.act(db, case_id, by, "end-period", decide)


async def _held(db: Session, group_id: str, by: By) -> Group:
    if SERVICE not in by.whose.services:
        raise Refused(NotFound())
    return await store.group(db, group_id, by.whose.provider)

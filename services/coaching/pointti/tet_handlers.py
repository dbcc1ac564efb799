"""What people do with TET periods and work trials: one function a command, the same for pages and API; and the
employment area's answer."""

from datetime import date

from chassis import audit
from chassis.database import Session
from chassis.decisions import Ignored, Refused, decided_or_raise
from chassis.policy import Principal, system_of
from contracts.envelope import Event
from contracts.events.referrals import WorkTrialProposalAnswered
from services.coaching import directory
from services.coaching.cases import handlers as cases
from services.coaching.cases import store as case_store
from services.coaching.cases.course import Happened
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.pointti import tets
from services.coaching.pointti.refusals import NotThroughManager, ProposalUnknown
from services.coaching.pointti.tets import Workplace


async def agree_tet(db: Session, case_id: str, by: By, starts_on: date, at: Workplace) -> Case:
    """A TET period of the plan's length is agreed, or the one that waits has other days or another workplace [3.3]."""
    return await cases.act(db, case_id, by, "agree-tet",
                           lambda case, act, now: tets.agree(case, act, starts_on, at, now))


async def end_tet(
    db: Session, case_id: str, by: By, tet_id: str, young_person_continues: bool, workplace_continues: bool
) -> Case:
    """Whether both wish to go on; then the manager has a proposal to send [3.3]."""
    return await cases.act(db, case_id, by, "end-tet", lambda case, act, _: tets.end(
        case, act, tet_id, young_person_continues, workplace_continues))


async def propose(
    db: Session, case_id: str, by: By, tet_id: str, starts_on: date, ends_on: date, at: Workplace, agrees: bool,
    manager: str | None = None,
) -> Case:
    """The manager sends the proposal to the employment area [3.3]; a program names the `manager`."""
    sender = await _through(db, by.who, manager)
    return await cases.act(db, case_id, by, "propose-work-trial", lambda case, act, now: tets.propose(
        case, act, tet_id, starts_on, ends_on, at, agrees, sender, now), takes_over=False)


async def leave_unsent(
    db: Session, case_id: str, by: By, tet_id: str, reason: str, manager: str | None = None
) -> Case:
    """The manager leaves the proposal unsent; why stays on the municipal side."""
    await _through(db, by.who, manager)
    return await cases.act(db, case_id, by, "leave-proposal-unsent",
                           lambda case, act, now: tets.leave_unsent(case, act, tet_id, reason, now), takes_over=False)


async def take_answer(db: Session, event: Event[WorkTrialProposalAnswered]) -> None:
    """The area's answer to a proposal: shown in the case and to the manager."""
    case = await case_store.of_referral(db, event.data.referral_id)
    if case is None:
        raise Refused(ProposalUnknown())
    decision = tets.take_answer(case, Happened(event.id, event.time, event.source, event.data), event.data)
    answered, _ = decided_or_raise(decision, case)
    if isinstance(decision, Ignored):
        return
    await cases.keep(db, answered)
    await audit.changed(db, "case", case.id, system_of(event.source), "answer-work-trial-proposal")


async def _through(db: Session, who: Principal, named: str | None) -> str:
    """Whoever has the seat that the plan names [3.3]; raises `Refused` (`NotThroughManager`) where it is another."""
    seat = db.plan.pointti.work_trial_through
    if who.kind == "person" and who.organisation == seat.organisation and who.has(seat.role):
        return who.id
    if who.kind == "system" and named in dict(await directory.in_role(db, seat.organisation, seat.role)):
        return named or ""
    raise Refused(NotThroughManager(seat.role))

"""What instructors do with periods: one function a command, the same for pages and API."""

from datetime import date

from chassis.database import Session
from contracts.events.casework import PlanAfter
from services.coaching.cases import handlers as cases
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.pointti import domain


async def start_period(db: Session, case_id: str, by: By, starts_on: date) -> Case:
    """A period begins [3.3]."""
    return await cases.act(db, case_id, by, "start-period", lambda case, act, now: domain.start_period(
        case, act, starts_on, now.pointti.period.delta, now.pointti.interview_first))


async def end_period(db: Session, case_id: str, by: By, ended_on: date, plan: PlanAfter) -> Case:
    """The period that runs ends with a plan [3.3]."""
    return await cases.act(db, case_id, by, "end-period",
                           lambda case, act, _: domain.end_period(case, act, ended_on, plan))

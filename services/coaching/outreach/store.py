"""What a list of young people shows of each: the attempts, read without a lock."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from chassis.database import Session
from contracts.events.casework import ContactAttempted
from services.coaching.cases.course import Course, Happened
from services.coaching.cases.store import Listed, casework


async def attempts_of(db: Session, cases: Sequence[Listed]) -> Mapping[str, Course]:
    """The courses of these cases by their id, with nothing but the attempts in them."""
    rows = await db.execute(select(casework).where(
        casework.c.case_id.in_([each.case_id for each in cases]), casework.c.event == ContactAttempted.__name__))
    made: dict[str, list[Happened]] = {each.case_id: [] for each in cases}
    for row in rows:
        made[row.case_id].append(
            Happened(row.id, row.time, row.told_by, ContactAttempted.model_validate_json(row.data)))
    return {each.case_id: Course(each.service, each.asked_on).then(*made[each.case_id]) for each in cases}

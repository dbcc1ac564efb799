"""Whose open cases are whose."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from chassis.database import Session
from services.coaching.cases.store import Whose, cases


async def held_by(db: Session, whose: Whose, coach: str) -> Sequence[str]:
    """Ids of a coach's open cases, in order, so that two who hand them over wait for each other."""
    found = await db.execute(
        select(cases.c.case_id)
        .where(whose.condition(), cases.c.coach == coach, cases.c.closed_on.is_(None)).order_by(cases.c.case_id))
    return found.scalars().all()


async def open_by_coach(db: Session, whose: Whose) -> Mapping[str, int]:
    """How many open cases each coach has."""
    found = await db.execute(
        select(cases.c.coach, func.count().label("number"))
        .where(whose.condition(), cases.c.coach.is_not(None), cases.c.closed_on.is_(None)).group_by(cases.c.coach))
    return {row.coach: row.number for row in found}

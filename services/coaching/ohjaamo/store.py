"""Visits to the Ohjaamos: when, where and about what; of whom only the case knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Column, ColumnElement, Date, DateTime, MetaData, Table, Text, Uuid, insert, select

from chassis.database import Session
from contracts.fields import CaseId, new_id
from services.coaching.cases.courses import Status
from services.coaching.cases.store import Whose, cases

visits = Table(
    "ohjaamo_visits", MetaData(),
    Column("visit_id", Uuid(as_uuid=False), primary_key=True),
    Column("case_id", Uuid(as_uuid=False), nullable=False),
    Column("on", Date, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("ohjaamo", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("received_by", Text, nullable=False),
)


@dataclass(frozen=True)
class Visit:
    """One visit as lists show it."""

    case_id: CaseId
    number: str
    municipality: str
    status: Status
    at: datetime
    ohjaamo: str
    topic: str
    received_by: str


async def add(db: Session, case_id: str, ohjaamo: str, topic: str, by: str) -> None:
    await db.execute(insert(visits).values(
        visit_id=new_id(db.now), case_id=case_id, on=db.today, at=db.now, ohjaamo=ohjaamo, topic=topic,
        received_by=by))


async def of_day(db: Session, whose: Whose, day: date) -> Sequence[Visit]:
    """A day's visits among the cases that somebody may see, the newest first."""
    return await _found(db, whose.condition() & (visits.c.on == day))


async def visits_of(db: Session, case_id: str) -> Sequence[Visit]:
    """The visits of a case that somebody may see, the newest first."""
    return await _found(db, visits.c.case_id == case_id)


async def _found(db: Session, which: ColumnElement[bool]) -> Sequence[Visit]:
    rows = await db.execute(
        select(cases.c.case_id, cases.c.number, cases.c.municipality, cases.c.status, visits.c.at, visits.c.ohjaamo,
               visits.c.topic, visits.c.received_by)
        .join(cases, cases.c.case_id == visits.c.case_id)
        .where(which).order_by(visits.c.at.desc()).limit(200))
    return [Visit(**{**row, "status": Status(row["status"])}) for row in rows.mappings()]

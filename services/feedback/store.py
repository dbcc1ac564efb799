"""Table of feedback."""

from dataclasses import asdict

from sqlalchemy import Boolean, Column, ColumnElement, DateTime, Integer, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Session
from chassis.officer.log import Records
from services.feedback.domain import Feedback

metadata = MetaData()
table = Table(
    "feedback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("service", Text),
    Column("channel", Text, nullable=False),
    Column("rating", Integer),
    Column("text", Text),
    Column("reply_wanted", Boolean, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)
PAGE = 200
RECORDS = Records("select id, municipality as organisation, cast(null as text) as number from feedback")
"""Whose pieces the audit log is about: the municipality's that they were given to."""


async def feedback(db: Session, identity: str) -> Feedback | None:
    """One piece, locked for this transaction."""
    await db.lock(identity)
    row = (await db.execute(select(table).where(table.c.id == identity).with_for_update())).mappings().first()
    return Feedback(**row) if row else None


async def save(db: Session, one: Feedback) -> None:
    values = asdict(one)
    await db.execute(insert(table).values(values).on_conflict_do_update(index_elements=["id"], set_=values))


async def newest(db: Session, municipality: str | None, limit: int = PAGE) -> list[Feedback]:
    """What came last, first: a municipality's own, or (None) all that is about the employment area."""
    rows = await db.execute(select(table).where(_own(municipality)).order_by(table.c.received_at.desc()).limit(limit))
    return [Feedback(**row) for row in rows.mappings()]


async def readable(db: Session, identity: str, municipality: str | None) -> Feedback | None:
    """One of those that `newest` gives to the same reader; None for others'."""
    row = (await db.execute(select(table).where(table.c.id == identity, _own(municipality)))).mappings().first()
    return Feedback(**row) if row else None


def _own(municipality: str | None) -> ColumnElement[bool]:
    return table.c.about == "employment-area" if municipality is None else table.c.municipality == municipality

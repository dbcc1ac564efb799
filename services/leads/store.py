"""Tables of leads: the visits, leads and events that others opened, and the latest that was told of each."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from chassis.database import Session
from services.leads.domain import Subject

metadata = MetaData()
subjects = Table(
    "subjects",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("fixed", JSONB, nullable=False),
    Column("receiver", Text),
    Column("status", Text, nullable=False),
    Column("status_at", DateTime(timezone=True), nullable=False),
    Column("latest", JSONB, nullable=False),
)

PAGE = 200


async def subject(db: Session, kind: str, identity: str) -> Subject | None:
    """The visit, lead or event, locked for this transaction; None when nobody has opened it, and nobody else
    can open it meanwhile."""
    await db.lock(f"{kind}:{identity}")
    row = (await db.execute(
        select(subjects).where(subjects.c.kind == kind, subjects.c.id == identity).with_for_update()
    )).mappings().first()
    return Subject(**row) if row else None


async def save(db: Session, subject: Subject) -> None:
    values: dict[str, Any] = asdict(subject)
    changed = {n: v for n, v in values.items() if n not in ("kind", "id", "source", "fixed")}
    await db.execute(insert(subjects).values(values).on_conflict_do_update(index_elements=["kind", "id"], set_=changed))


async def newest(db: Session, kind: str, limit: int = PAGE) -> list[Subject]:
    """Visits, leads or events, the last told first."""
    rows = await db.execute(
        select(subjects).where(subjects.c.kind == kind).order_by(subjects.c.status_at.desc()).limit(limit))
    return [Subject(**row) for row in rows.mappings()]

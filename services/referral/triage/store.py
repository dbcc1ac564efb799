"""The inquiries of the service corridor: channel, rule, address and moment; nothing about a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Row, Table, Text, Uuid, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Session
from services.referral.triage.domain import Inquiry

inquiries = Table(
    "inquiries", MetaData(),
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("directed_to", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True)),
)
c = inquiries.c
_COUNTS = text("""
    select to_char(at at time zone 'Europe/Helsinki', 'YYYY-MM') as month, channel, directed_to, count(*) as inquiries
    from inquiries where at >= :since group by 1, 2, 3 order by 1 desc, 2, 3
""")


@dataclass(frozen=True)
class Count:
    """How many inquiries of a channel were directed to an address in a month (`YYYY-MM`)."""

    month: str
    channel: str
    directed_to: str
    inquiries: int


async def find(db: Session, inquiry_id: str, organisation: str | None) -> Inquiry | None:
    """An organisation's inquiry, its row held until the transaction ends."""
    row = (await db.execute(
        select(inquiries).where(c.id == inquiry_id, c.organisation == organisation).with_for_update()
    )).one_or_none()
    return _inquiry(row) if row else None


async def save(db: Session, inquiry: Inquiry) -> bool:
    """Keeps it as it now is; False where the id is another organisation's."""
    row = dict(vars(inquiry))
    kept = await db.execute(insert(inquiries).values(row).on_conflict_do_update(
        index_elements=[c.id], set_=row, where=c.organisation == inquiry.organisation))
    return bool(kept.rowcount)


async def drop(db: Session, inquiry: Inquiry) -> None:
    await db.execute(delete(inquiries).where(c.id == inquiry.id))


async def untold(db: Session, before: datetime, limit: int) -> list[Inquiry]:
    """Inquiries of before the moment that nobody undid, held until the transaction ends."""
    found = await db.execute(
        select(inquiries).where(c.told_at.is_(None), c.at < before).order_by(c.at).limit(limit)
        .with_for_update(skip_locked=True))
    return [_inquiry(row) for row in found]


async def counts(db: Session, since: datetime) -> list[Count]:
    """By month, newest first, channel and address, from a moment on."""
    return [Count(**row._mapping) for row in await db.execute(_COUNTS, {"since": since})]


def _inquiry(row: Row[Any]) -> Inquiry:
    return Inquiry(**row._mapping)

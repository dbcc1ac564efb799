"""The inbox: an event is handled once.

Promise: the row of (source, id) commits with what the handler did, so a repeat is a no-op whatever crashed in
between; another content under the same pair is refused (`id-reused`).
"""

from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, delete, select, text

from chassis.database import Session
from contracts.envelope import Event
from contracts.ingest import fingerprint
from contracts.refusals import Refusal

DDL = """
create table inbox (
    source text not null,
    id text not null,
    fingerprint bytea not null,
    handled_at timestamptz not null,
    primary key (source, id)
);
create table rejected (
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    primary key (topic, partition, "offset")
);
"""
DATED = "alter table rejected add column rejected_at timestamptz not null default now()"
"""The second step of `rejected`: when a sender was told, so that it can be forgotten."""

table = Table(
    "inbox",
    MetaData(),
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("handled_at", DateTime(timezone=True), nullable=False),
)
_NOTE = text("insert into inbox (source, id, fingerprint, handled_at) values (:source, :id, :mark, :now) "
             "on conflict do nothing returning 1")


async def first_time(db: Session, event: Event[Any]) -> bool:
    """True when the event is new and now noted; False for a repeat. Raises `Refusal` (`id-reused`)."""
    mark = fingerprint(event)
    noted = await db.execute(_NOTE, {"source": event.source, "id": event.id, "mark": mark, "now": db.now})
    if noted.first():
        return True
    known = await db.execute(
        select(table.c.fingerprint).where(table.c.source == event.source, table.c.id == event.id)
    )
    if bytes(known.scalar_one()) != mark:
        raise Refusal.id_reused(event.id)
    return False


async def forget(db: Session, source: str, event_id: str) -> None:
    """Of an event that was refused after it was noted: its corrected record comes under the same id."""
    await db.execute(delete(table).where(table.c.source == source, table.c.id == event_id))

"""Parked events: what another system tells of a case, visit, lead or event that nobody has opened yet.

Promise: a parked event is kept with its record, taken up in the transaction of the opening in order of its
`time`, and after the plan's `intake.park_for` becomes a dead letter (`unknown-subject`) of which its sender is
told [events.md, Later events].
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from chassis import inbox
from chassis.database import Database, Session
from chassis.dead_letter import DeadLetters, Record, Why, why
from chassis.decisions import Refused
from contracts import ingest, topics
from contracts.envelope import Event
from contracts.refusals import Refusal

DDL = """
create table parked (
    id bigint generated always as identity primary key,
    waits_for text not null,
    event_time timestamptz not null,
    event_id text not null,
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    key bytea,
    value bytea,
    headers bytea not null,
    parked_at timestamptz not null,
    refused bytea
);
create index parked_waits_for on parked (waits_for);
"""

table = Table(
    "parked",
    MetaData(),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("waits_for", Text, nullable=False),
    Column("event_time", DateTime(timezone=True), nullable=False),
    Column("event_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("headers", LargeBinary, nullable=False),
    Column("parked_at", DateTime(timezone=True), nullable=False),
    Column("refused", LargeBinary),
)

UNKNOWN_SUBJECT = Why(
    "unknown-subject",
    "Nobody opened what this event is about within the time the plan gives. Send the opening, then this again.",
    "Kukaan ei avannut sitä, mitä sanoma koskee, suunnitelman antamassa ajassa. Lähetä avaus ja sitten tämä uudelleen.",
)


async def park(db: Session, event: Event[Any], waits_for: str) -> None:
    """Keeps the event in hand until `waits_for` (such as `visit:<id>`) is opened."""
    if db.record is None:
        raise LookupError("only an event that came in a record can be parked")
    r = db.record
    await db.execute(insert(table).values(
        waits_for=waits_for, event_time=event.time, event_id=event.id, topic=r.topic, partition=r.partition,
        offset=r.offset, key=r.key, value=r.value, headers=_pack(r.headers), parked_at=db.now,
    ))


async def take_up(db: Session, waits_for: str, handle: Callable[[Session, Event[Any]], Awaitable[None]]) -> None:
    """Hands what waited to the handler, in order of `time` and id, each with its own record and as its own cause. One
    that is refused now becomes a dead letter at the next sweep; the opening stands."""
    rows = (await db.execute(
        select(table).where(table.c.waits_for == waits_for, table.c.refused.is_(None))
        .order_by(table.c.event_time, table.c.event_id).with_for_update()
    )).mappings().all()
    for row in rows:
        record = _record(row)
        event = ingest.read(topics.TOPICS[record.topic], record.key, record.value, record.headers, db.now)
        if event is None:
            raise LookupError("a tombstone was parked")
        try:
            async with db.connection.begin_nested():
                with db.handling(event, record):
                    await handle(db, event)
        except (Refused, Refusal) as fault:
            cause = why(fault, event.id)
            await db.execute(update(table).where(table.c.id == row["id"]).values(
                refused=orjson.dumps([cause.reason, cause.sentence_en, cause.sentence_fi, cause.field])))
        else:
            await db.execute(delete(table).where(table.c.id == row["id"]))


async def sweep(database: Database, letters: DeadLetters, park_for: timedelta) -> int:
    """Buries what was refused at its opening, and what has waited longer than `park_for`; how many."""
    async with database.begin() as db:
        rows = (await db.execute(
            select(table)
            .where(table.c.refused.is_not(None) | (table.c.parked_at < db.now - park_for))
            .order_by(table.c.id).limit(200).with_for_update(skip_locked=True)
        )).mappings().all()
        if not rows:
            return 0
        handler = f"{db.service}.parked"
        await letters.keep([(_record(row), _why(row), handler) for row in rows])
        for row in rows:  # in this transaction: who reads of it may send the corrected record at once
            await letters.tell(db, _record(row), _why(row))
        await db.execute(delete(table).where(table.c.id.in_([row["id"] for row in rows])))
        for row in rows:  # what was refused may come again, corrected, under its id
            await inbox.forget(db, topics.source_of(topics.TOPICS[row["topic"]].writers[0]), row["event_id"])
        return len(rows)


def _why(row: Any) -> Why:
    if row["refused"] is None:
        return Why(UNKNOWN_SUBJECT.reason, UNKNOWN_SUBJECT.sentence_en, UNKNOWN_SUBJECT.sentence_fi, None,
                   row["event_id"])
    reason, english, finnish, field = orjson.loads(row["refused"])
    return Why(reason, english, finnish, field, row["event_id"])


def _pack(headers: tuple[tuple[str, bytes | None], ...]) -> bytes:
    return orjson.dumps([[n, None if v is None else v.hex()] for n, v in headers])


def _record(row: Any) -> Record:
    headers = tuple((n, None if v is None else bytes.fromhex(v)) for n, v in orjson.loads(row["headers"]))
    return Record(row["topic"], row["partition"], row["offset"], row["key"], row["value"], headers)

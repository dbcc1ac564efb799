"""Transactional outbox: what happened is stored in the transaction that made it happen.

Promise: an event handed to `add` is on its topic if and only if the caller's transaction commits (the relay
sees to it), in the order of the calls for each key. What the broker would refuse is refused here.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, MetaData, Table, Text, insert

from chassis import telemetry
from chassis.database import Session
from contracts import topics
from contracts.envelope import Data, Event, to_bytes, type_of
from contracts.fields import new_id, new_pseudonym

MAX_VALUE = 65_536
"""Bytes of a value; a reader refuses more (events.md, Envelope)."""

DDL = """
create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    key bytea not null,
    value bytea,
    traceparent text,
    tracestate text,
    not_before timestamptz,
    created_at timestamptz not null default clock_timestamp()
);
create function outbox_wakes_relay() returns trigger language plpgsql as $$
begin perform pg_notify('outbox', ''); return null; end $$;
create trigger outbox_wakes_relay after insert on outbox
    for each statement execute function outbox_wakes_relay();
"""

table = Table(
    "outbox",
    MetaData(),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary),
    Column("traceparent", Text),
    Column("tracestate", Text),
    Column("not_before", DateTime(timezone=True)),
)


_INTAKE = {system.source: topics.TOPICS[system.writes] for system in topics.SYSTEMS.values() if system.writes}
"""The topic of each other system, by its source."""


class NotPublishable(ValueError):
    """The event would be refused by the broker or by its readers: a fault of ours, found before the commit."""


async def add(db: Session, *events: Data, topic: str | None = None, time: datetime | None = None) -> None:
    """Stores events for publishing in the caller's transaction.

    `topic` is needed where the service writes the event on several; `time` is when it happened (default: the
    transaction's instant). Ids of the event being handled go along as correlation and causation, where they may
    be named. Raises `NotPublishable`.
    """
    rows = []
    for data in events:
        name = topic or topics.topic_for(type(data), db.service)
        registered = _ours(name, db.service)
        silent = registered.carries_no_trace
        cause = db.cause if _may_name(db.cause, registered) else None
        event = Event(
            id=new_pseudonym() if silent else new_id(),  # a version 7 id would tell what was made beside it
            source=topics.source_of(db.service), type=type_of(type(data)), subject=data.subject(),
            time=time or db.now, data=data,
            correlationid=(cause.correlationid or cause.id) if cause else None,
            causationid=cause.id if cause else None,
        )
        traced = db.cause is None or cause is not None
        rows.append(_row(registered, event.subject.encode(), to_bytes(event), traced=traced))
    await _insert(db, rows)


async def republish(db: Session, *events: Event[Any], topic: str) -> None:
    """Stores accepted events of another system, unchanged: same id, source, time and data."""
    registered = _ours(topic, db.service)
    await _insert(db, [_row(registered, e.subject.encode(), to_bytes(e)) for e in events])


async def add_tombstone(db: Session, topic: str, key: str) -> None:
    """Ends a key on a compacted topic: a null value now, and once more after the segment has rolled, for a quiet
    topic cleans nothing of its active segment (foundations.md, Q)."""
    registered = _ours(topic, db.service)
    first = _row(registered, key.encode(), None)
    second = first | {"not_before": db.now + (registered.segment or timedelta(0)) + timedelta(minutes=5)}
    await _insert(db, [first, second] if registered.segment else [first])


def _ours(name: str, service: str) -> topics.Topic:
    registered = topics.TOPICS[name]
    if service not in registered.writers:
        raise NotPublishable(f"{service} is no writer of {name}")
    return registered


def _may_name(cause: Event[Any] | None, topic: topics.Topic) -> bool:
    """Whether an event may be named on a topic as the cause of another. What another system publishes is known on
    its own side alone: neither its id nor its trace crosses, or the area could tell what came out of a PARty [3.2]."""
    if cause is None or topic.carries_no_trace:
        return False
    intake = _INTAKE.get(cause.source)
    return intake is None or intake.side == topic.side


def _row(topic: topics.Topic, key: bytes, value: bytes | None, *, traced: bool = True) -> dict[str, Any]:
    if not key:
        raise NotPublishable(f"An event on {topic.name} has no key.")
    if value is not None and len(value) > MAX_VALUE:
        raise NotPublishable(f"An event on {topic.name} has {len(value)} bytes, {MAX_VALUE} are allowed.")
    parent, state = telemetry.headers() if traced and not topic.carries_no_trace else (None, None)
    return {"topic": topic.name, "key": key, "value": value, "traceparent": parent, "tracestate": state,
            "not_before": None}


async def _insert(db: Session, rows: list[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(table), rows)

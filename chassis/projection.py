"""A projection: topics folded into tables, with the offsets in the same transaction.

Promise: after any crash the tables are what the records up to the stored offsets make them, each record counted
once. There is no consumer group: partitions are assigned at the offsets in the service's own database; one replica is
active (advisory lock), the others wait. A batch is folded in memory and written with `unnest` in one transaction,
which also moves the offsets, fenced by where they were. A record that can't be folded is a dead letter before the
offsets move. While a batch is written the next one is read and checked.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import asyncpg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from chassis import telemetry
from chassis.clock import Clock
from chassis.database import Database, waits
from chassis.dead_letter import DeadLetters, Headers, NotKept, Record, Why, replayed, why
from chassis.settings import Settings
from chassis.telemetry import name_of
from contracts import ingest, topics
from contracts.envelope import Event

log = logging.getLogger(__name__)

BATCH = 4_000
"""Most records of one transaction."""
SLICE = 100
"""Records checked before others have their turn: the batch before is being written meanwhile."""
LINGER_SECONDS = 0.05
"""How long a read waits for more records."""

DDL = """
create table projection_offsets (
    projection text not null,
    topic text not null,
    partition integer not null,
    next bigint not null,
    primary key (projection, topic, partition)
);
create table projection_seen (
    projection text not null,
    event_id uuid not null,
    source text not null,
    primary key (event_id, source, projection)
);
"""
DATED = "alter table projection_seen add column seen_at timestamptz not null default now()"
"""The second step of `projection_seen`: when an event was folded, so that its id can be forgotten."""

_MOVE = """
with moved as (
    insert into projection_offsets as o (projection, topic, partition, next)
    select $1, t, p, n from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) as b (t, p, was, n)
    on conflict (projection, topic, partition) do update set next = excluded.next
    where o.next = any (select was from unnest($2::text[], $3::int[], $4::bigint[]) as w (t, p, was)
                        where w.t = o.topic and w.p = o.partition)
    returning 1)
select count(*) from moved"""
_SEEN = """
with given as (select i::uuid as i, s from unnest($2::text[], $3::text[]) as g (i, s)),
new as (insert into projection_seen (projection, event_id, source) select $1, i, s from given
        on conflict do nothing returning event_id, source)
select i::text, s from given except select event_id::text, source from new"""
"""Notes events, and gives those that were noted before."""


class Fenced(Exception):  # noqa: N818 - another replica moved on
    """Someone else has moved the offsets: this replica starts again from what is stored."""


class Fold(Protocol):
    """What a projection does with events."""

    def add(self, event: Event[Any]) -> None:
        """Takes one event into the batch in memory; raises `Refused` or `Refusal` for a dead letter."""

    async def write(self, connection: asyncpg.Connection) -> None:
        """Writes the batch inside the caller's transaction and forgets it."""

    def forget(self) -> None:
        """Drops the batch in memory: its transaction did not commit."""


@dataclass
class Projection:
    """`make_fold` gives a new fold with nothing in memory. `once` keeps each event's id, for folds in which a
    repeat would count twice. `after` runs after each commit (to publish what has changed). Without `letters` what
    can't be folded is passed over: it is a dead letter already (a rebuild)."""

    name: str
    topics: Sequence[str]
    make_fold: Callable[[], Fold]
    once: bool = True
    letters: bool = True
    replays: bool = True
    after: Callable[[], Awaitable[None]] | None = None
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)


Place: TypeAlias = tuple[str, int]
"""A topic, by the registry's name, and a partition."""


@dataclass
class Batch:
    """What one read gave: events with their records, and each partition's next offset. What was refused is a dead
    letter already."""

    events: list[tuple[Event[Any], Message]] = field(default_factory=list)
    next: dict[Place, int] = field(default_factory=dict)
    records: int = 0


class Projector:
    """Runs one projection of a service until `stop`. `left`: how many of the records that were there at the start it
    has not read yet, at most."""

    def __init__(self, settings: Settings, clock: Clock, database: Database, projection: Projection) -> None:
        self.settings, self.clock, self.database, self.projection = settings, clock, database, projection
        self.dead_letters = DeadLetters(settings, clock, database)
        self.active = False
        self.healthy = True
        self.left = 0
        self._handler = f"{settings.service}.{projection.name}"
        again = [topics.replay_topic(settings.service)] if projection.replays else []
        self._names = {settings.topic(t): t for t in (*projection.topics, *again)}
        self._at_end: set[Place] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            try:
                await self._serve()
                pause = 0.1
            except Exception as fault:
                if not (isinstance(fault, KafkaException | Fenced | NotKept) or waits(fault)):
                    raise
                log.warning("projection %s starts again: %s", self.projection.name, name_of(fault))
                self.healthy = False
            finally:
                self.active = False
            await self._wait(pause)
            pause = min(pause * 2, 5)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            pass

    async def _serve(self) -> None:
        connection = await self.database.connect(timeout_ms=0)
        try:
            while not await connection.fetchval("select pg_try_advisory_lock(hashtext($1))",
                                                f"yhdyspinta projection {self.projection.name}"):
                await self._wait(0.5)
                if self._stopping.is_set():
                    return
            with _consumer(self.settings) as consumer:
                await self._follow(connection, consumer)
        finally:
            connection.terminate()

    async def _follow(self, connection: asyncpg.Connection, consumer: Consumer) -> None:
        """Reads a batch ahead of the one that is written; reading has ended when this returns."""
        at = await self._stored(connection)
        await asyncio.to_thread(self._begin, consumer, at)
        await asyncio.to_thread(self.dead_letters.connect)
        fold = self.projection.make_fold()
        self.active = self.healthy = True
        reading = asyncio.create_task(self._read(consumer))
        try:
            while not self._stopping.is_set():
                batch = await reading
                reading = asyncio.create_task(self._read(consumer))
                if not batch.next:
                    if len(self._at_end) == len(at):
                        self.projection.caught_up.set()
                    continue
                try:
                    await self._write(connection, fold, batch, at)
                except BaseException:
                    fold.forget()
                    raise
                at.update(batch.next)
                self.left = max(0, self.left - batch.records)
                if self.projection.after:
                    await self.projection.after()
        finally:
            await asyncio.wait({reading})

    async def _stored(self, connection: asyncpg.Connection) -> dict[Place, int]:
        """Where each partition goes on."""
        stored = {
            (r["topic"], r["partition"]): r["next"]
            for r in await connection.fetch(
                "select topic, partition, next from projection_offsets where projection = $1", self.projection.name)
        }
        places = [(t, p) for t in self._names.values() for p in range(topics.TOPICS[t].partitions)]
        return {place: stored.get(place, 0) for place in places}

    def _begin(self, consumer: Consumer, at: Mapping[Place, int]) -> None:
        self._at_end.clear()
        for name in self._names:
            consumer.list_topics(name, timeout=10)
        assigned = [TopicPartition(self.settings.topic(t), p, offset or OFFSET_BEGINNING)
                    for (t, p), offset in at.items()]
        ends = [consumer.get_watermark_offsets(tp, timeout=10)[1] for tp in assigned]
        self.left = sum(max(0, end - was) for end, was in zip(ends, at.values(), strict=True))
        consumer.assign(assigned)

    async def _read(self, consumer: Consumer) -> Batch:
        """The next records, checked a slice at a time. Raises `KafkaException` for what the broker does not allow."""
        batch, letters, now = Batch(), [], self.clock()
        for number, message in enumerate(await asyncio.to_thread(consumer.consume, BATCH, LINGER_SECONDS), 1):
            if not number % SLICE:
                await asyncio.sleep(0)
            name, partition, offset = self._names[message.topic() or ""], message.partition(), message.offset()
            if error := message.error():
                if error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                self._at_end.add((name, partition or 0))
                continue
            place = (name, partition or 0)
            self._at_end.discard(place)
            batch.next[place] = (offset or 0) + 1
            batch.records += 1
            headers = _headers(message)
            if topics.TOPICS[name].replays:
                again = replayed(headers, message.key(), message.value(), offset or 0)
                if again.topic not in self.projection.topics:  # a subscriber takes it
                    continue
                name, headers = again.topic, again.headers
            try:
                event = ingest.read(topics.TOPICS[name], message.key(), message.value(), headers, now)
                if event is not None:
                    batch.events.append((event, message))
            except Exception as fault:
                letters.append((self._record(message), why(fault), self._handler))
        await self._bury(letters)
        return batch

    async def _bury(self, letters: Sequence[tuple[Record, Why, str]]) -> None:
        if letters and self.projection.letters:
            await self.dead_letters.bury(letters)

    def _record(self, message: Message) -> Record:
        topic = self._names[message.topic() or ""]
        if topics.TOPICS[topic].replays:
            return replayed(_headers(message), message.key(), message.value(), message.offset() or 0)
        return Record(topic, message.partition() or 0, message.offset() or 0, message.key(), message.value(),
                      _headers(message))

    async def _write(self, connection: asyncpg.Connection, fold: Fold, batch: Batch, at: Mapping[Place, int]) -> None:
        """Folds and writes what was read, and moves the offsets, in one transaction."""
        letters = []
        async with connection.transaction():
            seen = await self._seen(connection, batch) if self.projection.once else None
            for event, message in batch.events:
                if seen is not None:
                    if (event.id, event.source) in seen:
                        continue
                    seen.add((event.id, event.source))
                try:
                    fold.add(event)
                except Exception as fault:
                    letters.append((self._record(message), why(fault, event.id), self._handler))
            await fold.write(connection)
            await self._bury(letters)
            count = await connection.fetchval(
                _MOVE, self.projection.name, [t for t, _ in batch.next], [p for _, p in batch.next],
                [at[place] for place in batch.next], list(batch.next.values()))
            if count != len(batch.next):
                raise Fenced(self.projection.name)
        telemetry.FOLDED.labels(self.settings.service, self.projection.name).inc(len(batch.events))

    async def _seen(self, connection: asyncpg.Connection, batch: Batch) -> set[tuple[str, str]]:
        """Those of a batch's events that earlier batches had."""
        rows = await connection.fetch(_SEEN, self.projection.name, [e.id for e, _ in batch.events],
                                      [e.source for e, _ in batch.events])
        return {(r[0], r[1]) for r in rows}


def _headers(message: Message) -> Headers:
    """A record's headers; none where a name is not UTF-8, which the client can't give: such a record is refused."""
    try:
        headers: Any = message.headers() or ()
    except (SystemError, UnicodeDecodeError):
        return ()
    return tuple(headers)


@contextmanager
def _consumer(settings: Settings) -> Iterator[Consumer]:
    """A reader without a group's assignment, closed at the end of the block; what it holds in memory is bounded."""
    consumer = Consumer({
        **settings.kafka(), "client.id": settings.service, "group.id": f"{settings.service}.projection",
        "enable.auto.commit": False, "enable.auto.offset.store": False, "auto.offset.reset": "earliest",
        "enable.partition.eof": True, "isolation.level": "read_uncommitted", "fetch.wait.max.ms": 100,
        "queued.max.messages.kbytes": 2048, "fetch.message.max.bytes": 262_144, "fetch.queue.backoff.ms": 5,
        "allow.auto.create.topics": False, "log_level": 2,
        "logger": logging.getLogger("chassis.projection.librdkafka"),
    })
    try:
        yield consumer
    finally:
        consumer.close()

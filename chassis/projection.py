"""A projection: topics folded into tables, with the offsets in the same transaction.

Promise: after any crash the tables are what the records up to the stored offsets make them, each record counted
once. There is no consumer group: partitions are assigned and sought from the offsets in the service's own
database; one replica is active (advisory lock), the others wait. A batch is folded in memory and written with
`unnest` in one transaction, which also moves the offsets, fenced by where they were. A record that can't be
folded is a dead letter before the offsets move.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from chassis import telemetry
from chassis.clock import Clock
from chassis.database import Database, transient
from chassis.dead_letter import DeadLetters, NotKept, Record, why
from chassis.settings import Settings
from chassis.telemetry import name_of
from contracts import ingest, topics
from contracts.envelope import Event

log = logging.getLogger(__name__)

BATCH = 5_000
"""Most records of one transaction."""
LINGER_MS = 50
"""How long an empty read waits for records."""

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
    primary key (projection, event_id, source)
);
"""

_MOVE = """
with moved as (
    insert into projection_offsets as o (projection, topic, partition, next)
    select $1, t, p, n from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[]) as b (t, p, was, n)
    on conflict (projection, topic, partition) do update set next = excluded.next
    where o.next = any (select was from unnest($2::text[], $3::int[], $4::bigint[]) as w (t, p, was)
                        where w.t = o.topic and w.p = o.partition)
    returning 1)
select count(*) from moved"""
_UNSEEN = """insert into projection_seen (projection, event_id, source)
select $1, i, s from unnest($2::uuid[], $3::text[]) as b (i, s) on conflict do nothing
returning event_id, source"""


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
    after: Callable[[], Awaitable[None]] | None = None
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)


class Projector:
    """Runs one projection of a service until `stop`. `left`: how many of the records that were there at the start it
    has not read yet, at most."""

    def __init__(self, settings: Settings, clock: Clock, database: Database, projection: Projection) -> None:
        self.settings, self.clock, self.database, self.projection = settings, clock, database, projection
        self.dead_letters = DeadLetters(settings, clock, database)
        self.active = False
        self.healthy = True
        self.left = 0
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
                if not (isinstance(fault, KafkaError | Fenced | NotKept) or transient(fault)):
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
            async with _consumer(self.settings) as consumer:
                await self._follow(connection, consumer)
        finally:
            connection.terminate()

    async def _follow(self, connection: asyncpg.Connection, consumer: AIOKafkaConsumer) -> None:
        names = {self.settings.topic(t): t for t in self.projection.topics}
        partitions = [TopicPartition(real, p) for real, name in names.items()
                      for p in range(topics.TOPICS[name].partitions)]
        consumer.assign(partitions)
        stored = {
            (r["topic"], r["partition"]): r["next"]
            for r in await connection.fetch(
                "select topic, partition, next from projection_offsets where projection = $1",
                self.projection.name)
        }
        at: dict[TopicPartition, int] = {}
        for tp in partitions:
            at[tp] = stored.get((names[tp.topic], tp.partition), 0)
            consumer.seek(tp, at[tp])
        ends = await asyncio.wait_for(consumer.end_offsets(partitions), 10)
        self.left = sum(max(0, end - at[tp]) for tp, end in ends.items())
        fold = self.projection.make_fold()
        self.active = self.healthy = True
        while not self._stopping.is_set():
            got = await consumer.getmany(timeout_ms=LINGER_MS, max_records=BATCH)
            if not got:
                if not self.projection.caught_up.is_set() and await _at_end(consumer, partitions):
                    self.projection.caught_up.set()
                continue
            moved = {tp: (at[tp], records[-1].offset + 1) for tp, records in got.items()}
            try:
                await self._batch(connection, fold, names, got, moved)
            except BaseException:
                fold.forget()
                raise
            at.update({tp: new for tp, (_, new) in moved.items()})
            self.left = max(0, self.left - sum(map(len, got.values())))
            if self.projection.after:
                await self.projection.after()

    async def _batch(self, connection: asyncpg.Connection, fold: Fold, names: dict[str, str],
                     got: dict[TopicPartition, list[Any]], moved: dict[TopicPartition, tuple[int, int]]) -> None:
        """Folds and writes what was read, and moves the offsets, in one transaction."""
        now, events, letters = self.clock(), [], []
        handler = f"{self.settings.service}.{self.projection.name}"
        for tp, records in got.items():
            registered = topics.TOPICS[names[tp.topic]]
            for r in records:
                try:
                    if (event := ingest.read(registered, r.key, r.value, r.headers, now)) is not None:
                        events.append((event, registered, r))
                except Exception as fault:
                    letters.append((_record(registered.name, r), why(fault), handler))
        async with connection.transaction():
            fresh = await self._unseen(connection, [e for e, _, _ in events]) if self.projection.once else None
            for event, registered, r in events:
                if fresh is not None:
                    if (event.id, event.source) not in fresh:
                        continue
                    fresh.discard((event.id, event.source))
                try:
                    fold.add(event)
                except Exception as fault:
                    letters.append((_record(registered.name, r), why(fault, event.id), handler))
            await fold.write(connection)
            if letters and self.projection.letters:
                await self.dead_letters.bury(letters)
            count = await connection.fetchval(
                _MOVE, self.projection.name, [names[tp.topic] for tp in moved], [tp.partition for tp in moved],
                [was for was, _ in moved.values()], [new for _, new in moved.values()])
            if count != len(moved):
                raise Fenced(self.projection.name)
        telemetry.FOLDED.labels(self.settings.service, self.projection.name).inc(len(events))

    async def _unseen(self, connection: asyncpg.Connection, events: Sequence[Event[Any]]) -> set[tuple[str, str]]:
        rows = await connection.fetch(_UNSEEN, self.projection.name, [e.id for e in events],
                                      [e.source for e in events])
        return {(str(r[0]), r[1]) for r in rows}


def _record(topic: str, r: Any) -> Record:
    return Record(topic, r.partition, r.offset, r.key, r.value, tuple(r.headers))


async def _at_end(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> bool:
    ends = await asyncio.wait_for(consumer.end_offsets(list(partitions)), 10)
    return all([await consumer.position(tp) >= end for tp, end in ends.items()])


class _consumer:  # noqa: N801 - used as a function
    """A reader without a group, closed at the end of the block."""

    def __init__(self, settings: Settings) -> None:
        kafka = settings.kafka()
        secure = kafka["security.protocol"] == "SASL_SSL"
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.kafka_bootstrap, client_id=settings.service, group_id=None,
            enable_auto_commit=False, auto_offset_reset="earliest", security_protocol=kafka["security.protocol"],
            sasl_mechanism="SCRAM-SHA-512", sasl_plain_username=kafka.get("sasl.username"),
            sasl_plain_password=kafka.get("sasl.password"), max_partition_fetch_bytes=4_194_304,
            ssl_context=ssl.create_default_context(cafile=kafka.get("ssl.ca.location")) if secure else None,
        )

    async def __aenter__(self) -> AIOKafkaConsumer:
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        return self._consumer

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

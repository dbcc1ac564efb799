"""What waits in a service, looked at each few seconds: its consumers' lag, its outbox, what is parked.

Promise: a consumer that may not read its topic or its group any more, one that stands still though records wait, and a
broker that does not answer are noticed here within a minute, whatever the consuming library makes of it: readiness goes
red, the operator's page says why, and the metrics `yhdyspinta_consumer_lag`, `…_outbox_…` and `…_parked` are set.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from aiokafka.errors import KafkaError as ConsumerError
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from sqlalchemy import text

from chassis import security, telemetry
from chassis.database import Database, waits
from contracts import topics

log = logging.getLogger(__name__)

EACH_SECONDS = 5.0
TIMEOUT = 5.0
STILL_SECONDS = 45.0
"""A consumer with records before it that has moved nothing for so long stands still; a rebalance takes less."""
SILENT_SECONDS = 30.0
_DENIED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED,
           KafkaError.CLUSTER_AUTHORIZATION_FAILED}
_OUTBOX = text("select count(*) as rows, extract(epoch from clock_timestamp() - min(created_at)) as age from outbox "
               "where not_before is null or not_before <= :now")
_LATER = text("select count(*) from outbox where not_before > :now")
_FOLDED = text("select projection, topic, partition, next from projection_offsets where projection = any(:names)")
_PARKED = text("select count(*) as rows, min(parked_at) as since from parked")


@dataclass(frozen=True)
class Queue:
    """One topic as its consumer has it: `lag` records not yet handled, None where that can't be told; `denied` where
    the broker lets the service not read it; `still` where nothing moves though something waits."""

    topic: str
    lag: int | None
    denied: bool = False
    still: bool = False


@dataclass(frozen=True)
class Outbox:
    """What is to be published: `rows` now, the oldest for `age` seconds; `later` at a time of their own."""

    rows: int
    age: float
    later: int


@dataclass(frozen=True)
class Parked:
    rows: int
    since: Any


@dataclass
class Watch:
    """Looks at one service's queues; `look` is what it does each turn. `folded`: projections with their topics;
    `restart` has the consumers begin anew once they are let in again."""

    database: Database
    consumed: Sequence[str]
    folded: Mapping[str, Sequence[str]] = field(default_factory=dict)
    restart: Callable[[], Awaitable[None]] | None = None
    queues: dict[str, Queue] = field(default_factory=dict)
    silent_since: float | None = None
    _at: dict[str, tuple[int, float]] = field(default_factory=dict)
    _let_in_again: bool = False
    _admin: AdminClient | None = None

    def __post_init__(self) -> None:
        self.settings = self.database.settings

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.look()
                if self._let_in_again and self.restart and not any(each.denied for each in self.queues.values()):
                    await self.restart()
                    self._let_in_again = False
            except ConsumerError as fault:
                log.warning("%s can't read again yet: %s", self.settings.service, telemetry.name_of(fault))
            except Exception as fault:
                if not waits(fault):
                    raise
            await asyncio.sleep(EACH_SECONDS)

    async def look(self) -> None:
        """Once: asks the broker and the database, sets what this tells and the metrics."""
        service = self.settings.service
        try:
            found = await asyncio.to_thread(self._ask, await self._folded())
            self.silent_since = None
        except KafkaException as fault:
            self.silent_since = self.silent_since or monotonic()
            log.warning("%s can't see its queues: %s", service, fault.args[0].name())  # type: ignore[union-attr]
            found = {}
        for topic, (committed, lag, denied) in found.items():
            self._judge(topic, committed, lag, denied)
        outbox = await self.outbox()
        telemetry.OUTBOX.labels(service).set(outbox.rows)
        telemetry.OUTBOX_AGE.labels(service).set(outbox.age)
        parked = await self.parked()
        if parked is not None:
            telemetry.PARKED.labels(service).set(parked.rows)

    @property
    def healthy(self) -> bool:
        """False while a consumer may not read, stands still, or the broker has been silent for a while."""
        silent = self.silent_since is not None and monotonic() - self.silent_since > SILENT_SECONDS
        reads = not any(each.denied or each.still for each in self.queues.values())
        return reads and not silent and not self._let_in_again

    async def outbox(self) -> Outbox:
        async with self.database.begin() as db:
            row = (await db.execute(_OUTBOX, {"now": db.now})).one()
            later = (await db.execute(_LATER, {"now": db.now})).scalar_one()
        return Outbox(row.rows, max(0.0, float(row.age or 0)), later)

    async def _folded(self) -> dict[str, dict[tuple[str, int], int]]:
        """Where each projection goes on."""
        found: dict[str, dict[tuple[str, int], int]] = {name: {} for name in self.folded}
        if found:
            async with self.database.begin() as db:
                for row in await db.execute(_FOLDED, {"names": list(found)}):
                    found[row.projection][row.topic, row.partition] = row.next
        return found

    async def parked(self) -> Parked | None:
        """What waits for an opening; None in a service where nothing does."""
        async with self.database.begin() as db:
            if not (await db.execute(text("select to_regclass('parked')"))).scalar():
                return None
            row = (await db.execute(_PARKED)).one()
        return Parked(row.rows, row.since)

    def _judge(self, topic: str, committed: int, lag: int | None, denied: bool) -> None:
        service, now = self.settings.service, monotonic()
        was, since = self._at.get(topic, (-1, now))
        if committed != was or not lag:
            since = now
        self._at[topic] = committed, since
        before = self.queues.get(topic)
        queue = Queue(topic, lag, denied, still=bool(lag) and now - since > STILL_SECONDS)
        self.queues[topic] = queue
        if lag is not None:
            telemetry.LAG.labels(service, topic).set(lag)
        self._let_in_again |= topic in self.consumed and denied
        if denied and not (before and before.denied):
            security.alarm("broker-denies", service, about=topic)
            log.error("%s may not read %s or its group any more: `yhdyspinta boundary` shows what differs", service,
                      topic)
        if queue.still and not (before and before.still):
            log.error("%s stands still on %s: %s records wait", service, topic, lag)

    # --- the broker; runs in a thread

    def _ask(self, folded: Mapping[str, Mapping[tuple[str, int], int]]) -> dict[str, tuple[int, int | None, bool]]:
        """Of each consumed topic, and each projection, how far it is, its lag, and whether the broker denies it."""
        if self._admin is None:
            self._admin = AdminClient({**self.settings.kafka(), "log_level": 0, "socket.timeout.ms": 5000})
        ask: Any = self._admin.list_offsets  # the library's stubs demand an isolation level
        places = [TopicPartition(self.settings.topic(topic), partition)
                  for topic in dict.fromkeys([*self.consumed, *(t for names in self.folded.values() for t in names)])
                  for partition in range(topics.TOPICS[topic].partitions)]
        asked = [ask(dict.fromkeys(places, at), request_timeout=TIMEOUT)
                 for at in (OffsetSpec.earliest(), OffsetSpec.latest())] if places else [{}, {}]
        groups = {topic: self._group(self._admin, topic) for topic in self.consumed}
        found = {topic: self._of_topic(topic, asked, partial(_committed, groups[topic])) for topic in self.consumed}
        for name, names in self.folded.items():
            lags = [self._of_topic(topic, asked, partial(_stored, folded[name], topic)) for topic in names]
            found[name] = (sum(at for at, _, _ in lags), sum(lag or 0 for _, lag, _ in lags), any(d for *_, d in lags))
        return found

    def _group(self, admin: AdminClient, topic: str) -> Any:
        """What the broker will say of where a topic's group stands."""
        group = ConsumerGroupTopicPartitions(f"{self.settings.service}.{self.settings.topic(topic)}")
        (asked,) = admin.list_consumer_group_offsets([group], request_timeout=TIMEOUT).values()
        return asked

    def _of_topic(self, topic: str, asked: Sequence[Mapping[TopicPartition, Any]],
                  stands: Callable[[], Mapping[int, int]]) -> tuple[int, int | None, bool]:
        name = self.settings.topic(topic)
        try:
            begins, ends = ({place.partition: told.result().offset
                             for place, told in each.items() if place.topic == name} for each in asked)
            committed = stands()
        except KafkaException as fault:
            error: Any = fault.args[0]
            if error.code() in _DENIED:
                return 0, None, True
            raise
        lag = sum(max(0, end - max(committed.get(p, 0), begins[p])) for p, end in ends.items())
        return sum(committed.values()), lag, False


def _stored(folded: Mapping[tuple[str, int], int], topic: str) -> dict[int, int]:
    """Where a projection goes on in a topic, by partition."""
    return {partition: at for (of, partition), at in folded.items() if of == topic}


def _committed(asked: Any) -> dict[int, int]:
    """Where a group stands in its one topic, by partition."""
    return {each.partition: each.offset for each in asked.result().topic_partitions or [] if each.offset >= 0}

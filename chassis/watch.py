"""What waits in a service, looked at each few seconds: its consumers' lag, its outbox, what is parked.

Promise: a consumer that may not read its topic or its group any more, one that stands still though records wait, and a
broker that does not answer are noticed here within a minute, whatever the consuming library makes of it: readiness goes
red, the operator's page says why, and the metrics `yhdyspinta_consumer_lag`, `…_outbox_…` and `…_parked` are set.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from sqlalchemy import text

from chassis import security, telemetry
from chassis.broker import as_aiokafka
from chassis.database import Database, waits
from chassis.settings import SettingsError
from contracts import topics

log = logging.getLogger(__name__)

EACH_SECONDS = 5.0
TIMEOUT = 5.0
STILL_SECONDS = 45.0
"""A consumer with records before it that has moved nothing for so long stands still; a rebalance takes less."""
SILENT_SECONDS = 30.0
_DENIED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError)
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
    database_answers: bool = True
    _at: dict[str, tuple[int, float]] = field(default_factory=dict)
    _let_in_again: bool = False
    _asks: AIOKafkaAdminClient | None = None
    _reads: AIOKafkaConsumer | None = None

    def __post_init__(self) -> None:
        self.settings = self.database.settings

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                await self.look()
                if self._let_in_again and self.restart and not any(each.denied for each in self.queues.values()):
                    await self._restart(self.restart)
                await asyncio.sleep(EACH_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        """Leaves the broker; the next look connects anew."""
        asks, reads, self._asks, self._reads = self._asks, self._reads, None, None
        if reads is not None:
            await reads.stop()
        if asks is not None:
            await asks.close()

    async def _restart(self, restart: Callable[[], Awaitable[None]]) -> None:
        try:
            await restart()
            self._let_in_again = False
        except (KafkaError, OSError, TimeoutError) as fault:
            log.warning("%s can't read again yet: %s", self.settings.service, telemetry.name_of(fault))

    async def look(self) -> None:
        """Once: asks the database and the broker, sets what this tells and the metrics."""
        try:
            folded = await self._look_into_database()
            self.database_answers = True
        except Exception as fault:
            if not waits(fault):
                raise
            self.database_answers = False
            log.warning("%s can't ask its database: %s", self.settings.service, telemetry.name_of(fault))
            return
        try:
            found = await asyncio.wait_for(self._ask(folded), 4 * TIMEOUT)
            self.silent_since = None
        except (KafkaError, OSError, TimeoutError, SettingsError) as fault:
            self.silent_since = self.silent_since or monotonic()
            log.warning("%s can't see its queues: %s", self.settings.service, telemetry.name_of(fault))
            await self.close()
            return
        for topic, (committed, lag, denied) in found.items():
            self._judge(topic, committed, lag, denied)

    async def _look_into_database(self) -> dict[str, dict[tuple[str, int], int]]:
        """Sets the metrics of what waits in it; where each projection goes on."""
        service, outbox, parked = self.settings.service, await self.outbox(), await self.parked()
        telemetry.OUTBOX.labels(service).set(outbox.rows)
        telemetry.OUTBOX_AGE.labels(service).set(outbox.age)
        if parked is not None:
            telemetry.PARKED.labels(service).set(parked.rows)
        return await self._folded()

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

    # --- the broker

    async def _connect(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        """Connections of its own: what the consumers tell is what is in question. Not librdkafka's admin client,
        which ends the process where the broker goes away at the wrong moment."""
        options = {**as_aiokafka(self.settings.kafka()), "client_id": self.settings.service,
                   "request_timeout_ms": int(TIMEOUT * 1000)}
        if self._asks is None:
            self._asks = AIOKafkaAdminClient(**options)
            await self._asks.start()
        if self._reads is None:
            self._reads = AIOKafkaConsumer(**options, enable_auto_commit=False)
            await self._reads.start()
        return self._asks, self._reads

    async def _ask(
        self, folded: Mapping[str, Mapping[tuple[str, int], int]]
    ) -> dict[str, tuple[int, int | None, bool]]:
        """Of each consumed topic, and each projection, how far it is, its lag, and whether the broker denies it."""
        asks, reads = await self._connect()
        names = list(dict.fromkeys([*self.consumed, *(t for read in self.folded.values() for t in read)]))
        told = await asks.describe_topics([self.settings.topic(name) for name in names]) if names else []
        denied = {each["topic"] for each in told if each["error_code"] == TopicAuthorizationFailedError.errno}
        places = [TopicPartition(self.settings.topic(name), partition) for name in names
                  for partition in range(topics.TOPICS[name].partitions) if self.settings.topic(name) not in denied]
        begins, ends = await reads.beginning_offsets(places), await reads.end_offsets(places)

        def of_topic(name: str, at: Mapping[int, int]) -> tuple[int, int | None, bool]:
            own = [place for place in places if place.topic == self.settings.topic(name)]
            if not own:
                return 0, None, True
            lag = sum(max(0, ends[p] - max(at.get(p.partition, 0), begins[p])) for p in own)
            return sum(at.values()), lag, False

        found = {}
        for name in self.consumed:
            try:
                found[name] = of_topic(name, await self._committed(asks, name))
            except _DENIED:
                found[name] = 0, None, True
        for projection, read in self.folded.items():
            lags = [of_topic(name, _stored(folded[projection], name)) for name in read]
            found[projection] = (sum(at for at, _, _ in lags), sum(lag or 0 for _, lag, _ in lags),
                                 any(d for *_, d in lags))
        return found

    async def _committed(self, asks: AIOKafkaAdminClient, name: str) -> dict[int, int]:
        """Where a topic's group stands, by partition."""
        topic = self.settings.topic(name)
        told = await asks.list_consumer_group_offsets(f"{self.settings.service}.{topic}")
        return {place.partition: at.offset for place, at in told.items() if place.topic == topic and at.offset >= 0}


def _stored(folded: Mapping[tuple[str, int], int], topic: str) -> dict[int, int]:
    """Where a projection goes on in a topic, by partition."""
    return {partition: at for (of, partition), at in folded.items() if of == topic}

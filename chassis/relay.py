"""The relay: from the outbox table to Kafka, two round trips and one commit a batch.

Promise: each committed row is on its topic at least once, and on it before any later row of its key; a row
leaves the table only when the broker has acknowledged it. One relay a service is active (advisory lock), the
others wait. A topic that refuses rests with backoff while the others flow. A row is on its topic within
100 ms of its commit while broker and database are well.
"""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic
from typing import Any

import asyncpg
from confluent_kafka import KafkaError, KafkaException, Producer

from chassis import telemetry
from chassis.database import transient
from chassis.settings import Settings
from chassis.telemetry import name_of

log = logging.getLogger(__name__)

BATCH = 500
PENDING = f"""select id, topic, key, value, traceparent, tracestate from outbox
where (not_before is null or not_before <= $1) and topic <> all($2::text[]) order by id limit {BATCH}"""  # noqa: S608
DELETE = "delete from outbox where id = any($1::bigint[])"
LOCK = "select pg_advisory_lock(hashtext('yhdyspinta relay'))"
CONTENT_TYPE = ("content-type", b"application/cloudevents+json")
IDLE = 1.0
"""Seconds after which the table is looked at without a wake-up: for rows that were not due."""

OF_THE_TOPIC = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD, KafkaError._UNKNOWN_TOPIC, KafkaError.POLICY_VIOLATION,
}


def producer(settings: Settings, **more: Any) -> Producer:
    """An idempotent, gapless producer: nothing of a key overtakes what was refused before it."""
    return Producer({
        **settings.kafka(), "enable.idempotence": True, "enable.gapless.guarantee": True, "acks": "all",
        "delivery.timeout.ms": 8000, "partitioner": "murmur2_random", "linger.ms": 1, "log_level": 2,
        "topic.metadata.refresh.interval.ms": 30_000, "logger": logging.getLogger("chassis.relay.librdkafka"), **more,
    })


class Relay:
    """The relay of one service; `run` ends when `stop` is set, after the batch in hand."""

    def __init__(self, settings: Settings, clock: Any) -> None:
        self.settings, self.clock = settings, clock
        self.active = False
        self.stuck_since: float | None = None
        self._wake = asyncio.Event()
        self._stopping = False
        self._producer: Producer | None = None
        self._resting: dict[str, tuple[float, float]] = {}

    def connect(self) -> None:
        """Connects the producer, so that a relay that waits for its turn needs no time when it comes."""
        if self._producer is None:
            self._producer = producer(self.settings)
            self._producer.list_topics(timeout=5)
            self._producer.poll(0.5)

    async def run(self) -> None:
        pause = 0.1
        while not self._stopping:
            try:
                await self._serve()
                pause = 0.1
            except Exception as fault:
                if not (isinstance(fault, asyncpg.PostgresError | asyncpg.InterfaceError | KafkaException)
                        or transient(fault)):
                    raise
                log.warning("relay of %s starts again: %s", self.settings.service, name_of(fault))
                self.active = False
                await self._sleep(pause)
                pause = min(pause * 2, 5)

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    @property
    def healthy(self) -> bool:
        """False while the broker has taken nothing for ten seconds though something waits."""
        return self.stuck_since is None or monotonic() - self.stuck_since < 10

    async def _serve(self) -> None:
        connection = await asyncpg.connect(**self.settings.database(), timeout=10,
                                           server_settings={"statement_timeout": "0"})
        try:
            await asyncio.to_thread(self.connect)
            lock = asyncio.ensure_future(connection.execute(LOCK))
            await self._or_stop(lock)
            if self._stopping:
                return
            await connection.add_listener("outbox", lambda *_: self._wake.set())
            self.active = True
            while not self._stopping:
                self._wake.clear()
                full = await self._round(connection)
                if not full and not self._stopping:
                    await self._sleep(IDLE)
        finally:
            self.active = False
            connection.terminate()

    async def _round(self, connection: asyncpg.Connection) -> bool:
        """Publishes one batch; True when more may be waiting."""
        now = monotonic()
        resting = [topic for topic, (until, _) in self._resting.items() if until > now]
        rows = await connection.fetch(PENDING, self.clock(), resting)
        if not rows:
            if not resting:
                self.stuck_since = None
            return False
        sent, refused = await asyncio.to_thread(self._publish, rows)
        if sent:
            await connection.execute(DELETE, sent)
            telemetry.RELAYED.labels(self.settings.service).inc(len(sent))
        self._judge(rows, sent, refused)
        return len(sent) == BATCH or (bool(refused) and bool(sent))

    def _publish(self, rows: Sequence[asyncpg.Record]) -> tuple[list[int], dict[str, str]]:
        """Sends rows and waits for their acknowledgement. Gives the ids acknowledged, and of each refusing topic
        the error's name. Runs in a thread."""
        if self._producer is None:
            self._producer = producer(self.settings)
        sent: list[int] = []
        refused: dict[str, str] = {}

        def report(identity: int, topic: str) -> Any:
            def delivered(error: KafkaError | None, _: Any) -> None:
                if error is None:
                    sent.append(identity)
                elif error.code() in OF_THE_TOPIC:
                    refused[topic] = error.name()
                else:
                    refused.setdefault("", error.name())
            return delivered

        fatal = False
        prefix, produce = self.settings.topic_prefix, self._producer.produce
        for identity, topic, key, value, parent, state in rows:
            headers: list[tuple[str, str | bytes]] = [] if value is None else [CONTENT_TYPE]
            if parent:
                headers.append(("traceparent", parent))
            if state:
                headers.append(("tracestate", state))
            try:
                produce(prefix + topic, value, key, headers=headers, on_delivery=report(identity, topic))
            except (KafkaException, BufferError) as fault:
                refused.setdefault("", str(getattr(fault.args[0], "name", lambda: "QUEUE_FULL")()))
                fatal = True
                break
        try:
            left = self._producer.flush(10)
        except KafkaException:
            left, fatal = 1, True
        if left or fatal or refused:
            self._renew()
        return sent, refused

    def _renew(self) -> None:
        """Drops the producer: after a fatal error it sends nothing more, and what it still holds would come twice."""
        if self._producer is not None:
            try:
                self._producer.purge(in_queue=True, in_flight=True)
                self._producer.flush(1)
            except KafkaException:
                pass
        self._producer = None

    def _judge(self, rows: Sequence[asyncpg.Record], sent: list[int], refused: dict[str, str]) -> None:
        """Lets refusing topics rest, and all of them when the broker itself does not answer."""
        now = monotonic()
        taken = set(sent)
        for topic in {row["topic"] for row in rows if row["id"] in taken}:
            self._resting.pop(topic, None)
        if sent:
            self.stuck_since = None
        elif self.stuck_since is None:
            self.stuck_since = now
        rests = [topic for topic in refused if topic]
        if not rests and not sent:
            rests = list({row["topic"] for row in rows})
        for topic in rests:
            pause = min(self._resting.get(topic, (0, 0.05))[1] * 2, 5)
            self._resting[topic] = (now + pause, pause)
            telemetry.RELAY_REFUSED.labels(self.settings.service, topic).inc()
            log.warning("relay of %s: %s rests %.1f s (%s)", self.settings.service, topic, pause,
                        refused.get(topic) or refused.get("") or "not acknowledged")

    async def _sleep(self, seconds: float) -> None:
        """Waits for a wake-up, at most so long; shorter when a resting topic may try again."""
        now = monotonic()
        until = min([t - now for t, _ in self._resting.values() if t > now], default=seconds)
        try:
            await asyncio.wait_for(self._wake.wait(), max(min(seconds, until), 0.01))
        except TimeoutError:
            pass

    async def _or_stop(self, task: "asyncio.Future[Any]") -> None:
        """Waits for a task, or for `stop`."""
        while not task.done() and not self._stopping:
            self._wake.clear()
            wake = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait({task, wake}, return_when=asyncio.FIRST_COMPLETED)
            wake.cancel()
        if task.done():
            await task
        else:
            task.cancel()

"""Subscribers: one FastStream subscriber and one consumer group a topic, one transaction an event.

Promise: an offset moves only after the handler's transaction has committed or its dead letter is acknowledged.
Bytes are validated once, by the topic's union, and the writer is checked. A transient fault is retried for
ever: 30 s in place with growing pauses while heartbeats go on, then from the record again, readiness red
meanwhile; so is one that an operator must mend (a right, a secret). Everything else is a dead letter at once.
Nothing is skipped.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, TypeAlias

from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import SASLScram512

from chassis import inbox, telemetry
from chassis.calendar import helsinki_day
from chassis.clock import Clock
from chassis.database import Database, Session, waits
from chassis.dead_letter import DeadLetters, NotKept, Record, Why, replayed, why
from chassis.header_names import accept_any_name
from chassis.settings import Settings
from chassis.telemetry import name_of
from contracts import ingest, plan, topics
from contracts.envelope import Data, Event

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Session, Event[Any]], Awaitable[None]]
Handlers: TypeAlias = Mapping[type[Data], Handler]
Tombstone: TypeAlias = Callable[[Session, str], Awaitable[None]]

IN_PLACE = 30.0
"""Seconds of retrying before the consumer seeks back; well under the broker's max.poll.interval."""
RED_AFTER = 10.0
"""Seconds that a record may be tried before the service is no longer ready."""


@dataclass(frozen=True)
class Subscription:
    """What a service does with a topic: a handler for each event it acts on; all other events of the topic are
    known and leave no trace but their offset."""

    topic: str
    handlers: Handlers
    tombstone: Tombstone | None = None


def _text(value: bytes | None) -> bytes:
    return (value or b"").decode("utf-8", "backslashreplace").encode()


async def _parser(message: Any, original: Callable[[Any], Awaitable[Any]]) -> Any:
    """FastStream decodes headers before the acknowledgement: odd and null ones must not raise there."""
    plain = replace(message, headers=tuple((k, _text(v)) for k, v in message.headers))
    parsed = await original(plain)
    parsed.raw_message = message
    return parsed


async def _raw(_: Any) -> bytes:
    return b""


def _allowed(service: str, subscription: Subscription) -> None:
    """A subscriber's policy is the registry: who reads a topic, and which events are on it. Raises `ValueError`."""
    topic = topics.TOPICS[subscription.topic]
    if service not in topic.readers:
        raise ValueError(f"{service} may not read {topic.name}: the registry does not name it.")
    if strange := subscription.handlers.keys() - set(topic.models):
        raise ValueError(f"{topic.name} has no {', '.join(sorted(model.__name__ for model in strange))}.")


def as_aiokafka(client: Mapping[str, str]) -> dict[str, Any]:
    """A client's connection settings, which librdkafka spells, as aiokafka spells them."""
    secure = client["security.protocol"] == "SASL_SSL"
    return {
        "bootstrap_servers": client["bootstrap.servers"], "security_protocol": client["security.protocol"],
        "sasl_mechanism": client.get("sasl.mechanism", "PLAIN"), "sasl_plain_username": client.get("sasl.username"),
        "sasl_plain_password": client.get("sasl.password"),
        "ssl_context": ssl.create_default_context(cafile=client.get("ssl.ca.location")) if secure else None,
    }


def side_of(topic: str) -> str:
    return topic.split(".", 1)[0]


@dataclass
class Consumers:
    """All subscribers of one service, and one more for what an operator hands to them again (`replays`)."""

    settings: Settings
    clock: Clock
    database: Database
    subscriptions: Sequence[Subscription]
    replays: bool = True
    stuck: dict[tuple[str, int], float] = field(default_factory=dict)
    """Since when a partition's next record is tried."""

    def __post_init__(self) -> None:
        for each in self.subscriptions:
            _allowed(self.settings.service, each)
        self.dead_letters = DeadLetters(self.settings, self.clock, self.database)
        self.broker: KafkaBroker | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Connects and begins to consume; topics must exist (`wait_for_topics`)."""
        if not self.subscriptions:
            return
        accept_any_name()
        told = as_aiokafka(self.settings.kafka())
        context, user = told["ssl_context"], told["sasl_plain_username"]
        security = SASLScram512(username=user, password=told["sasl_plain_password"], ssl_context=context,
                                use_ssl=context is not None) if user else None
        self.broker = KafkaBroker(
            self.settings.kafka_bootstrap, client_id=self.settings.service, logger=None,
            security=security,
            allow_auto_create_topics=False, enable_idempotence=False, graceful_timeout=10,
        )
        for name in self.topics:
            self._subscribe(self.broker, name)
        try:
            await self.broker.start()
        except BaseException:
            await self.broker.stop()
            self.broker = None
            raise

    async def restart(self) -> None:
        """Leaves its groups and joins them anew: a consumer that was denied once reads no more by itself, whatever it
        is allowed later. Raises as `start`; then it may be called again."""
        if self._stopping.is_set():
            return
        if self.broker is not None:
            await self.broker.stop()
            self.broker = None
        await self.start()

    async def stop(self) -> None:
        """Takes nothing new, lets handlers in hand finish and commit, closes."""
        self._stopping.set()
        if self.broker is not None:
            await self.broker.stop()
            self.broker = None

    @property
    def topics(self) -> list[str]:
        """What is consumed, by the registry's names."""
        names = [each.topic for each in self.subscriptions]
        return [*names, topics.replay_topic(self.settings.service)] if names and self.replays else names

    def _subscribe(self, broker: KafkaBroker, topic: str) -> None:
        name, again = self.settings.topic(topic), topics.TOPICS[topic].replays
        subscriptions = {each.topic: each for each in self.subscriptions}

        @broker.subscriber(
            name, group_id=f"{self.settings.service}.{name}", ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest", parser=_parser, decoder=_raw, max_poll_interval_ms=300_000,
            session_timeout_ms=10_000, heartbeat_interval_ms=2_000,
        )
        async def consume(message: KafkaMessage) -> None:
            raw: Any = message.raw_message
            record = Record(topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers))
            if again:
                record = replayed(record.headers, record.key, record.value, record.offset)
            subscription = subscriptions.get(record.topic)  # of another topic: a projection takes it
            if subscription is None or await self.take(subscription, record):
                await message.ack()
            else:
                await message.nack()

    async def take(self, subscription: Subscription, record: Record) -> bool:
        """Handles a record to its end: committed, or a dead letter acknowledged. False when faults that pass
        have lasted for `IN_PLACE` seconds: the record must be read again."""
        service, pause, began = self.settings.service, 0.05, monotonic()
        same_side = side_of(record.topic) == side_of(topics.dead_letter_topic(service))
        while True:
            with telemetry.handling(f"{service} {record.topic}", record.headers, same_side):
                try:
                    await self.deliver(subscription, record)
                    self.stuck.pop((record.topic, record.partition), None)
                    telemetry.HANDLED.labels(service, record.topic).inc()
                    telemetry.HANDLING.labels(service, record.topic).observe(monotonic() - began)
                    return True
                except Exception as fault:
                    telemetry.RETRIED.labels(service, record.topic).inc()
                    self.stuck.setdefault((record.topic, record.partition), began)
                    log.warning("%s tries %s[%s]@%s again: %s", service, record.topic, record.partition,
                                record.offset, name_of(fault))
            if monotonic() - began > IN_PLACE or await self._stopped_within(pause):
                return False
            pause = min(pause * 2, 5)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            return await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False

    async def deliver(self, subscription: Subscription, record: Record) -> None:
        """One try: validate, one transaction, or a dead letter. Raises what passes by itself, and `NotKept`."""
        handler = "envelope"
        event: Event[Any] | None = None
        try:
            read = ingest.read(topics.TOPICS[record.topic], record.key, record.value, record.headers, self.clock())
            if read is None:
                if subscription.tombstone and record.key:
                    async with self.database.begin() as db:
                        await subscription.tombstone(db, record.key.decode())
                return
            event = read
            handler = f"{self.settings.service}.{type(event.data).__name__}"
            await self.handle(subscription, event, record)
        except Exception as fault:
            if isinstance(fault, NotKept) or waits(fault):
                raise
            cause: Why = why(fault, event.id if event else None)
            log.warning("dead letter of %s: %s[%s]@%s %s %s", self.settings.service, record.topic,
                        record.partition, record.offset, cause.reason,
                        name_of(fault) if cause.reason == "fault" else cause.field or "")
            await asyncio.wait_for(self.dead_letters.bury([(record, cause, handler)]), 25)

    async def handle(self, subscription: Subscription, event: Event[Any], record: Record) -> None:
        """The event's effect, once: inbox row, handler, outbox in one transaction. Another system's codes are checked
        before that, for `unknown-code` comes before `id-reused` [events.md, Refusals]."""
        handler = subscription.handlers.get(type(event.data))
        if handler is None:
            return
        if topics.outside_writer(subscription.topic):
            ingest.check_codes(event, plan.on(helsinki_day(event.time)))
        async with self.database.begin(event, record) as db:
            if not await inbox.first_time(db, event):
                telemetry.REPEATED.labels(self.settings.service, subscription.topic).inc()
                return
            await handler(db, event)

    @property
    def healthy(self) -> bool:
        """False while some partition's record has not been taken for ten seconds."""
        return all(monotonic() - began < RED_AFTER for began in self.stuck.values())

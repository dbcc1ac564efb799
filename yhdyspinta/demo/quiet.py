"""Whether everything that was set going has come to rest: nothing waits in an outbox or on a topic.

A record rests when the handler's transaction is committed, or its dead letter is acknowledged. That is counted in
this process, beside how far the topics have grown; the groups' own offsets say it once, at the start, for asking
them takes a hundred times as long.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from chassis import telemetry
from chassis.clock import Clock
from chassis.service import Service
from contracts.topics import TOPICS
from yhdyspinta.provision.broker import tls

_WAITING = "select exists (select from outbox where not_before is null or not_before <= $1)"
_FOLDED = "select topic, partition, next from projection_offsets where projection = $1"
LONGEST_PAUSE = 0.05
DOUBTED_AFTER = 20.0
"""Seconds after which the counts are doubted and the groups are asked: a record may have been counted twice."""


class NotQuietError(Exception):
    """Something still waits after a long time; the text says what."""


class Quiet:
    """Watches services that run in this process. `start` first, `close` last."""

    def __init__(self, services: Mapping[str, Service], kafka: Mapping[str, str], clock: Clock) -> None:
        self.services, self.kafka, self.clock = services, kafka, clock
        self._reads = {(s.name, each.topic): s.settings.topic(each.topic)
                       for s in services.values() for each in s.subscriptions}
        self._base: dict[tuple[str, str], int] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self._connections: dict[str, asyncpg.Connection] = {}

    async def start(self) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self.kafka["bootstrap.servers"], security_protocol=self.kafka["security.protocol"],
            sasl_mechanism=self.kafka["sasl.mechanism"], sasl_plain_username=self.kafka["sasl.username"],
            sasl_plain_password=self.kafka["sasl.password"], ssl_context=tls(self.kafka), enable_auto_commit=False)
        await self._consumer.start()
        for name, service in self.services.items():
            self._connections[name] = await service.database.connect()

    async def close(self) -> None:
        if self._consumer is not None:
            await self._consumer.stop()
        for connection in self._connections.values():
            connection.terminate()

    async def wait(self, seconds: float = 120) -> None:
        """Returns when everything is at rest. Raises `NotQuietError`."""
        began, asked, pause = monotonic(), monotonic(), 0.005
        while True:
            if not self._base or monotonic() - asked > DOUBTED_AFTER:
                await self._ask_groups(began + seconds)
                asked = monotonic()
            waits = await self._waits()
            if waits is None:
                return
            if monotonic() - began > seconds:
                raise NotQuietError(f"after {seconds:.0f} s there still waits: {waits}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    async def _waits(self) -> str | None:
        """What is not at rest; None when all is: nothing was to be sent before and after everything that had been
        sent was handled, and nothing was sent meanwhile."""
        if sending := await self._sending():
            return sending
        ends = await self._ends()
        if behind := await self._behind(ends):
            return behind
        if sending := await self._sending():
            return sending
        return None if await self._ends() == ends else "new records"

    async def _sending(self) -> str | None:
        now = self.clock()
        found = await asyncio.gather(*(c.fetchval(_WAITING, now) for c in self._connections.values()))
        names = [name for name, waits in zip(self._connections, found, strict=True) if waits]
        return f"outbox of {', '.join(names)}" if names else None

    async def _behind(self, ends: Mapping[TopicPartition, int]) -> str | None:
        handled = _handled()
        grown: dict[str, int] = {}
        for tp, end in ends.items():
            grown[tp.topic] = grown.get(tp.topic, 0) + end
        for key, topic in self._reads.items():
            counted = handled.get(key, 0) - self._base[key]
            if counted > grown[topic]:  # a record that came again after a rebalance was counted again
                self._base = {}
                return "the count"
            if counted < grown[topic]:
                return f"{key[1]} for {key[0]}"
        for name, service in self.services.items():
            for projection in service.projections:
                rows = await self._connections[name].fetch(_FOLDED, projection.name)
                folded = {(service.settings.topic(r["topic"]), r["partition"]): r["next"] for r in rows}
                for topic in map(service.settings.topic, projection.topics):
                    for tp, end in ends.items():
                        if tp.topic == topic and folded.get((topic, tp.partition), 0) < end:
                            return f"{topic} for {name}'s {projection.name}"
        return None

    async def _ends(self) -> dict[TopicPartition, int]:
        if self._consumer is None:
            raise LookupError("not started")
        names = {name for _, name in self._reads}
        names |= {t for s in self.services.values() for p in s.projections for t in p.topics}
        any_service = next(iter(self.services.values()))
        parts = [TopicPartition(any_service.settings.topic(name), p)
                 for name in sorted(names) for p in range(TOPICS[name].partitions)]
        ends: dict[TopicPartition, int] = await asyncio.wait_for(self._consumer.end_offsets(parts), 20)
        return ends

    async def _ask_groups(self, until: float) -> None:
        """Waits until every group stands at the end, and counts from there."""
        while True:
            before, ends = _handled(), await self._ends()
            stands = await asyncio.to_thread(self._committed)
            behind = [f"{name} for {service}" for (service, name), topic in self._reads.items()
                      for tp, end in ends.items()
                      if tp.topic == topic and end > stands.get((service, name), {}).get(tp.partition, 0)]
            if not behind and _handled() == before and await self._ends() == ends:
                grown: dict[str, int] = {}
                for tp, end in ends.items():
                    grown[tp.topic] = grown.get(tp.topic, 0) + end
                self._base = {key: before.get(key, 0) - grown[topic] for key, topic in self._reads.items()}
                return
            if monotonic() > until:
                raise NotQuietError(f"there still waits: {', '.join(behind) or 'new records'}")
            await asyncio.sleep(0.2)

    def _committed(self) -> dict[tuple[str, str], dict[int, int]]:
        """Where each subscription's group stands, by partition."""
        admin = AdminClient({**self.kafka, "log_level": 0})
        asked = {
            key: admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(f"{key[0]}.{topic}")])
            for key, topic in self._reads.items()
        }
        return {
            key: {tp.partition: tp.offset for found in answer.values() for tp in found.result().topic_partitions or ()
                  if tp.topic == self._reads[key] and tp.offset >= 0}
            for key, answer in asked.items()
        }


def _handled() -> dict[tuple[str, str], int]:
    """Records that were handled to their end in this process, by service and topic."""
    found: dict[tuple[str, str], int] = {}
    samples: list[Any] = [sample for metric in telemetry.HANDLED.collect() for sample in metric.samples]
    for sample in samples:
        if sample.name.endswith("_total"):
            found[sample.labels["service"], sample.labels["topic"]] = int(sample.value)
    return found

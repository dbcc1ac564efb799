"""Dead letters: what can't be handled is kept whole, with the reason.

Promise: a dead letter has the record's key, value and headers as they were (order, repeats, null and odd bytes
included, but for bytes of a name that are not UTF-8) and behind them `dead-letter-*` headers, none with a value of
the record; it is acknowledged by the broker before the record's offset moves. The sender of another system's record
is told with an EventRejected, once a record.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from confluent_kafka import KafkaException, Message, Producer
from sqlalchemy import text

from chassis import outbox, security, telemetry
from chassis.clock import Clock
from chassis.database import Database, Session
from chassis.decisions import Refused
from chassis.relay import producer
from chassis.settings import Settings
from contracts import topics
from contracts.events.rejections import EventRejected
from contracts.fields import EventId
from contracts.refusals import Refusal

Headers: TypeAlias = tuple[tuple[str, bytes | None], ...]

FAULT = "fault"
"""Reason of a dead letter whose handler failed: nothing is wrong with the event, nobody outside is told."""
MAX_BYTES = 2_097_152
_TELL = text('insert into rejected (topic, partition, "offset", rejected_at) '
             "values (:topic, :partition, :offset, :at) "
             "on conflict do nothing returning 1")


class NotKept(Exception):  # noqa: N818 - what happened to the letter
    """The dead-letter topic did not take a letter: the record must not be skipped."""


@dataclass(frozen=True)
class Record:
    """A Kafka record as it lay there. `topic` is the registry's name, without a prefix. `replay_of` is the number of
    the dead letter that it is handled again for, `replay` the offset of that on the replay topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    replay_of: int | None = None
    replay: int | None = None


@dataclass(frozen=True)
class Why:
    """Reason of a dead letter; `event_id` only where the record has a well-formed one."""

    reason: str
    sentence_en: str
    sentence_fi: str
    field: str | None = None
    event_id: str | None = None


def why(fault: BaseException, event_id: str | None = None) -> Why:
    """The reason that a fault gives."""
    if isinstance(fault, Refusal):
        return Why(fault.reason, fault.sentence_en, fault.sentence_fi, fault.field, fault.event_id or event_id)
    if isinstance(fault, Refused):
        r = fault.refusal
        return Why(r.reason, r.in_english(), r.in_finnish(), r.field, event_id)
    return Why(FAULT, f"The handler failed ({telemetry.name_of(fault)}). Mend it, then replay.",
               f"Käsittelijä epäonnistui ({telemetry.name_of(fault)}). Korjaa se ja käsittele uudelleen.",
               None, event_id)


class DeadLetters:
    """Writes a service's dead letters and tells senders."""

    def __init__(self, settings: Settings, clock: Clock, database: Database) -> None:
        self.settings, self.clock, self.database = settings, clock, database
        self.topic = topics.dead_letter_topic(settings.service)
        self._producer: Producer | None = None
        self._burst = security.Burst("letters-burst", settings.service)

    async def bury(self, letters: Sequence[tuple[Record, Why, str]]) -> None:
        """Keeps records with their reasons and handlers' names, then tells their senders. Raises `NotKept`."""
        await self.keep(letters)
        for record, cause, _ in letters:
            async with self.database.begin() as db:
                await self.tell(db, record, cause)

    async def keep(self, letters: Sequence[tuple[Record, Why, str]]) -> None:
        """Writes the letters; returns after the broker's acknowledgement. Raises `NotKept`."""
        built = [self._headers(record, cause, handler) for record, cause, handler in letters]
        await asyncio.to_thread(self._send, [r for r, _, _ in letters], built)
        self._burst.happened(len(letters))
        for record, cause, _ in letters:
            telemetry.DEAD.labels(self.settings.service, record.topic, cause.reason).inc()

    def _headers(self, record: Record, cause: Why, handler: str) -> list[tuple[str, bytes | None]]:
        added = {
            "reason": cause.reason, "sentence": cause.sentence_en, "field": cause.field, "topic": record.topic,
            "partition": str(record.partition), "offset": str(record.offset), "handler": handler,
            "at": self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "trace": telemetry.trace_id(),
            "replay-of": None if record.replay_of is None else str(record.replay_of),
            "replay": None if record.replay is None else str(record.replay),
        }
        return [*record.headers, *((f"dead-letter-{n}", v.encode()) for n, v in added.items() if v)]

    def connect(self) -> Producer:
        """The producer, made at the first need."""
        if self._producer is None:
            self._producer = producer(self.settings, **{"message.max.bytes": MAX_BYTES})
            self._producer.poll(0)
        return self._producer

    def _send(self, records: list[Record], headers: list[list[tuple[str, bytes | None]]]) -> None:
        writer = self.connect()
        kept: list[int] = []

        def report(number: int) -> Any:
            def delivered(error: Any, _: Message) -> None:
                if error is None:
                    kept.append(number)
            return delivered

        try:
            for number, (record, lines) in enumerate(zip(records, headers, strict=True)):
                writer.produce(self.settings.topic(self.topic), record.value, record.key,
                                       headers=lines,  # type: ignore[arg-type] # a header may be null
                                       on_delivery=report(number))
            writer.flush(10)
        except (KafkaException, BufferError) as fault:
            self._producer = None
            raise NotKept(telemetry.name_of(fault)) from None
        if len(kept) < len(records):
            self._producer = None
            raise NotKept(f"{len(records) - len(kept)} of {len(records)} dead letters were not acknowledged")

    async def tell(self, db: Session, record: Record, cause: Why) -> None:
        """An EventRejected for another system's record, once for each record."""
        if cause.reason == FAULT:
            return
        writer = topics.outside_writer(record.topic)
        rejections = topics.rejections_topic(record.topic)
        if writer is None or rejections is None:
            return
        told = await db.execute(_TELL, {"topic": record.topic, "partition": record.partition,
                                        "offset": record.offset, "at": db.now})
        if told.first() is None:
            return
        await outbox.add(db, EventRejected(
            source=topics.source_of(writer), event_id=EventId(cause.event_id) if cause.event_id else None,
            topic=record.topic, partition=record.partition, offset=record.offset,
            reason=cause.reason,  # type: ignore[arg-type] # a code
            sentence_en=cause.sentence_en, sentence_fi=cause.sentence_fi, field=cause.field,
        ), topic=rejections)


def letter_headers(headers: Sequence[tuple[str, bytes | None]]) -> tuple[Headers, dict[str, str]]:
    """A dead letter's headers: those of its record, and what was added behind them, without its prefix."""
    return _parted(headers, "dead-letter-", "reason")


def original(headers: Sequence[tuple[str, bytes | None]], key: bytes | None, value: bytes | None) -> Record:
    """The record that a dead letter was made of, its headers as they were."""
    kept, added = letter_headers(headers)
    return Record(added["topic"], int(added["partition"]), int(added["offset"]), key, value, kept)


def replay_headers(record: Record, letter: int, corrected: bool) -> list[tuple[str, bytes | None]]:
    """Headers of a record that is to be handled again: its own, and behind them where it came from."""
    added = {"letter": str(letter), "topic": record.topic, "partition": str(record.partition),
             "offset": str(record.offset), "corrected": "yes" if corrected else "no"}
    return [*record.headers, *((f"replay-{n}", v.encode()) for n, v in added.items())]


def replayed(headers: Sequence[tuple[str, bytes | None]], key: bytes | None, value: bytes | None,
             offset: int) -> Record:
    """The record that a replay at an offset brings, as if it had come on its own topic again."""
    kept, added = _parted(headers, "replay-", "letter")
    return Record(added["topic"], int(added["partition"]), int(added["offset"]), key, value, kept, int(added["letter"]),
                  offset)


def _parted(headers: Sequence[tuple[str, bytes | None]], prefix: str, first: str) -> tuple[Headers, dict[str, str]]:
    """Ours begin with the last header of the name: whoever sent the record may have used our names too."""
    begin = max(i for i, (name, _) in enumerate(headers) if name == prefix + first)
    return tuple(headers[:begin]), {n.removeprefix(prefix): (v or b"").decode() for n, v in headers[begin:]}

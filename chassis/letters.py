"""A service's dead letters, looked at and handed to it again [GEN-3, SEC-11].

Promise: nothing is changed by looking. A replay is the letter's record, as it was or corrected, under its own key, on
the service's replay topic, which it alone writes and reads: nobody else handles it, and the inbox makes sure that it
is handled once. What the intake check would refuse again is not published. Who did it is in the audit log before the
record is out.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from sqlalchemy import text

from chassis import audit, security
from chassis.audit import Actor
from chassis.dead_letter import MAX_BYTES, Record, letter_headers, original, replay_headers, replayed
from chassis.decisions import Refusal, Refused
from chassis.masking import corrected, masked, same
from chassis.relay import producer
from contracts import ingest, topics
from contracts.refusals import Refusal as Unfit

if TYPE_CHECKING:
    from chassis.database import Database

WINDOW = 2_000
"""Most letters that are looked through for one page."""
PAGE = 25
SECONDS = 10.0
_FOLDED = text("select min(next) from projection_offsets where topic = :topic")


@dataclass(frozen=True)
class LetterGone(Refusal):
    code = "no-such-letter"
    sentence_en = "There is no such dead letter: it was never there, or it was kept for its time and deleted."
    sentence_fi = "Tällaista käsittelemätöntä sanomaa ei ole: sitä ei ole ollut, tai sen säilytysaika on päättynyt."
    status = 404


@dataclass(frozen=True)
class StillUnfit(Refusal):
    """`english`, `finnish`: the sentence of the intake check."""

    english: str
    finnish: str

    code = "still-unfit"
    sentence_en = "It would be refused again: {english}"
    sentence_fi = "Se hylättäisiin uudelleen: {finnish}"
    status = 422


@dataclass(frozen=True)
class BrokerSilent(Refusal):
    code = "broker-silent"
    sentence_en = "Kafka does not answer, or does not let the service in. Look at the queues, then try again."
    sentence_fi = "Kafka ei vastaa tai ei päästä palvelua sisään. Katso jonot ja yritä sitten uudelleen."
    status = 503


@dataclass(frozen=True)
class Replay:
    """A letter was published again. `outcome`: `waits`, `handled`, or `refused` (then `again` is the new letter)."""

    at: datetime
    corrected: bool
    offset: int
    outcome: str = "waits"
    again: int | None = None


@dataclass(frozen=True)
class Letter:
    """One dead letter; `number` is its offset. `record` is whole, for replaying: show `chassis.masking` of it."""

    number: int
    at: datetime
    reason: str
    sentence: str
    field: str | None
    handler: str
    trace: str | None
    replay_of: int | None
    record: Record
    event_id: str | None
    event_type: str | None
    replay: Replay | None = None

    @property
    def settled(self) -> bool:
        """Nothing is left to do about it: it was handled again, or a newer letter stands in its place."""
        return self.replay is not None and self.replay.outcome != "waits"


@dataclass(frozen=True)
class Found:
    """A page of letters, newest first; `older` is where the next page begins, None at the end. `total` is how many
    the topic holds. `reasons` and `topics` are those of the letters that were looked through."""

    letters: Sequence[Letter]
    older: int | None
    total: int
    reasons: Sequence[str]
    topics: Sequence[str]


class Letters:
    """Reads and replays the dead letters of one service, with its own account."""

    def __init__(self, database: "Database") -> None:
        self.database, self.settings = database, database.settings
        self.topic = topics.dead_letter_topic(self.settings.service)
        self.replays = topics.replay_topic(self.settings.service)

    async def page(self, *, before: int | None = None, reason: str | None = None, topic: str | None = None,
                   size: int = PAGE) -> Found:
        """Letters older than `before`, those with a reason or of a topic alone. Raises `Refused(BrokerSilent)`."""
        found = await asyncio.to_thread(self._page, before, reason, topic, size)
        return replace(found, letters=await self._judged(found.letters))

    async def one(self, number: int) -> Letter:
        """Raises `Refused`: `LetterGone`, `BrokerSilent`."""
        letter = await asyncio.to_thread(self._one, number)
        if letter is None:
            raise Refused(LetterGone())
        return (await self._judged([letter]))[0]

    async def replay(self, number: int, by: Actor, text: str | None = None) -> bool:
        """Publishes the letter's record again; with `text` what an operator made of its masked content. True where
        that changed it.

        Raises `Refused`: `LetterGone`, `StillUnfit`, `BrokerSilent`, and what `masking.corrected` raises.
        """
        letter = await self.one(number)
        record = letter.record
        changed = False
        if text is not None and not same(value := corrected(text, record.value), record.value):
            record, changed = replace(record, value=value), True
        try:
            ingest.read(topics.TOPICS[record.topic], record.key, record.value, record.headers, self.database.clock())
        except Unfit as refusal:
            raise Refused(StillUnfit(refusal.sentence_en, refusal.sentence_fi)) from None
        async with self.database.begin() as db:
            await audit.changed(db, "dead-letter", str(number), by, "replay-corrected" if changed else "replay")
        await asyncio.to_thread(self._publish, record, number, changed)
        security.note("letter-replayed", self.settings.service, who=by.id, about=str(number))
        return changed

    # --- the broker; all of it runs in threads

    def _page(self, before: int | None, reason: str | None, topic: str | None, size: int) -> Found:
        with self._consumer() as consumer:
            low, high = _ends(consumer, self._place(self.topic))
            end = min(high, before) if before is not None else high
            begin = max(low, end - WINDOW)
            window = list(self._between(consumer, begin, end))
        matching = [each for each in reversed(window)
                    if reason in (None, each.reason) and topic in (None, each.record.topic)]
        shown = matching[:size]
        more = len(matching) > size
        older = shown[-1].number if more else begin if begin > low else None
        return Found(shown, older, high - low, sorted({each.reason for each in window}),
                     sorted({each.record.topic for each in window}))

    def _one(self, number: int) -> Letter | None:
        with self._consumer() as consumer:
            low, high = _ends(consumer, self._place(self.topic))
            if not low <= number < high:
                return None
            return next(iter(self._between(consumer, number, number + 1)), None)

    def _between(self, consumer: Consumer, begin: int, end: int) -> Iterator[Letter]:
        for message in _records(consumer, self._place(self.topic), begin, end):
            yield _letter(message)

    async def _judged(self, letters: Sequence[Letter]) -> list[Letter]:
        """With what became of those that were published again."""
        if not letters:
            return []
        replays, handled, again = await asyncio.to_thread(self._replayed)
        if not replays.keys() & {each.number for each in letters}:
            return list(letters)
        folded = await self._folded()
        passed = min(handled, folded) if folded is not None else handled
        return [replace(each, replay=_outcome(replays[each.number], passed, again.get(replays[each.number].offset)))
                if each.number in replays else each for each in letters]

    def _replayed(self) -> tuple[dict[int, Replay], int, dict[int, int]]:
        """The last replay of each letter, up to where replays were handled, and of which replays letters came."""
        replays: dict[int, Replay] = {}
        again: dict[int, int] = {}
        with self._consumer() as consumer:
            place = self._place(self.replays)
            low, high = _ends(consumer, place)
            for message in _records(consumer, place, max(low, high - WINDOW), high):
                offset = message.offset() or 0
                headers = tuple(message.headers() or ())
                record = replayed(headers, None, None, offset)
                replays[record.replay_of or 0] = Replay(_at(message), ("replay-corrected", b"yes") in headers, offset)
            if replays:
                place = self._place(self.topic)
                low, high = _ends(consumer, place)
                for letter in self._between(consumer, max(low, high - WINDOW), high):
                    if letter.record.replay is not None:
                        again[letter.record.replay] = letter.number
            committed = consumer.committed([self._place(self.replays)], timeout=SECONDS)[0].offset
        return replays, max(committed, 0), again

    async def _folded(self) -> int | None:
        """How far a projection of the service has read; None where it has none."""
        async with self.database.begin() as db:
            if not (await db.execute(text("select to_regclass('projection_offsets')"))).scalar():
                return None
            found = await db.execute(_FOLDED, {"topic": self.replays})
            return int(found.scalar() or 0)

    def _publish(self, record: Record, letter: int, changed: bool) -> None:
        failed: list[Any] = []
        writer: Producer = producer(self.settings, **{"message.max.bytes": MAX_BYTES})
        try:
            writer.produce(
                self.settings.topic(self.replays), record.value, record.key,
                headers=replay_headers(record, letter, changed),  # type: ignore[arg-type] # a header may be null
                on_delivery=lambda error, _: failed.append(error))
            writer.flush(SECONDS)
        except (KafkaException, BufferError):
            failed.append(True)
        if failed != [None]:
            raise Refused(BrokerSilent())

    def _place(self, topic: str) -> TopicPartition:
        return TopicPartition(self.settings.topic(topic), 0)

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        """A reader that joins no group; its name lets it ask how far the service's own consumer is."""
        try:
            consumer = Consumer({
                **self.settings.kafka(), "client.id": f"{self.settings.service}.letters",
                "group.id": f"{self.settings.service}.{self.settings.topic(self.replays)}",
                "enable.auto.commit": False, "enable.partition.eof": True, "allow.auto.create.topics": False,
                "queued.max.messages.kbytes": 8192, "log_level": 0,
            })
            try:
                yield consumer
            finally:
                consumer.close()
        except KafkaException:
            raise Refused(BrokerSilent()) from None


def _ends(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    ends = consumer.get_watermark_offsets(place, timeout=SECONDS)
    if ends is None:
        raise Refused(BrokerSilent())
    return ends


def _records(consumer: Consumer, place: TopicPartition, begin: int, end: int) -> Iterator[Message]:
    if begin >= end:
        return
    consumer.assign([TopicPartition(place.topic, place.partition, begin)])
    at = begin
    while at < end:
        message = consumer.poll(SECONDS)
        if message is None:
            raise Refused(BrokerSilent())
        if error := message.error():
            if error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            return
        at = (message.offset() or 0) + 1
        if at <= end:
            yield message


def _letter(message: Message) -> Letter:
    headers = tuple(message.headers() or ())
    _, told = letter_headers(headers)
    record = original(headers, message.key(), message.value())
    replay = told.get("replay")
    record = replace(record, replay=int(replay)) if replay else record
    shown = masked(record.topic, record.value, record.headers)
    replay_of = told.get("replay-of")
    return Letter(
        number=message.offset() or 0, at=_at(message), reason=told.get("reason", ""), sentence=told.get("sentence", ""),
        field=told.get("field"), handler=told.get("handler", ""), trace=told.get("trace"),
        replay_of=int(replay_of) if replay_of else None, record=record, event_id=shown.event_id,
        event_type=shown.event_type)


def _at(message: Message) -> datetime:
    return datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)


def _outcome(replay: Replay, passed: int, again: int | None) -> Replay:
    if again is not None:
        return replace(replay, outcome="refused", again=again)
    return replace(replay, outcome="handled" if replay.offset < passed else "waits")

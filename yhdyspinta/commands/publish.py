"""`yhdyspinta publish`: another system's events from a file, all checked before the first is sent."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from confluent_kafka import KafkaError, Message, Producer

from contracts.registry import Topic
from contracts.topics import rejections_topic
from yhdyspinta import provision
from yhdyspinta.commands import check, output
from yhdyspinta.commands.account import System, connection, written_by
from yhdyspinta.conformance import Mistake
from yhdyspinta.faults import BROKEN_OFF
from yhdyspinta.reach import NotReached, reach

SECONDS = 30.0
"""How long the broker may take nothing before the command gives up."""
SILENT = KafkaError(KafkaError._MSG_TIMED_OUT).name()
"""How librdkafka calls it that the broker has not taken an event in time."""


def publish(
    file: check.File,
    system: System,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all, send nothing.")] = False,
    json: check.Json = False,
) -> None:
    """Sends a file of events as another system, with that system's account; all lines are checked before the first.

    An event a line, in structured mode, or a record as `tail --json` prints it. With a mistake in it nothing is sent:
    line, field and sentence are told. A repeat is ignored by its receiver, so a file may be sent again.

    Exit code 0: the broker has them all; 1: there are mistakes, nothing was sent; 2: broker not reached, or the file
    can't be read; 3: broken off, to be called again.
    """
    topic = written_by(system)
    found = check.look_at(file, topic)
    if found.mistakes:
        check.tell(file, found, json=json)
        output.say("Nothing was sent.", err=json)
        raise typer.Exit(1)
    if dry_run:
        check.tell(file, found, json=json)
        return
    place = provision.from_environment()
    sending = _Sending(connection(place, system), place.prefix, topic)
    with output.progress(f"Sending {file.name}", found.events) as seen:
        problem = sending.send(file, found.events, seen)
    if json:
        output.as_json({"file": str(file), "topic": topic.name, "events": found.events, "sent": sending.taken,
                        "partitions": {str(p): list(r) for p, r in sorted(sending.ranges.items())}, "problem": problem})
    if problem:
        output.give_up(f"{problem} {sending.taken} of {found.events} events are on the broker. Call it again: those "
                       "are ignored as repeats.", BROKEN_OFF)
    if not json:
        output.say(f"{sending.taken} events are on {topic.name}. What its receiver refuses is told on "
                   f"{rejections_topic(topic.name)}: `yhdyspinta tail {rejections_topic(topic.name)} --as {system}`.")


class _Sending:
    """One run: what the broker took, and where it lies."""

    def __init__(self, client: dict[str, str], prefix: str, topic: Topic) -> None:
        self.topic, self.name = topic, prefix + topic.name
        try:
            self.producer, seen = reach(client, **{"enable.idempotence": True, "linger.ms": 20,
                                                   "message.timeout.ms": int(SECONDS * 1000)})
        except NotReached as fault:
            output.give_up(f"{fault} Nothing was sent.", 2)
        if self.name not in seen.topics:
            output.give_up(f"{client.get('sasl.username')} may not see {self.name}, or there is no such topic. "
                           "`yhdyspinta boundary` says what differs. Nothing was sent.", 2)
        self.taken = 0
        self.refused: Counter[str] = Counter()
        self.ranges: dict[int, tuple[int, int]] = {}

    def send(self, file: Path, checked: int, seen: Callable[[int], None]) -> str | None:
        """Sends all, `checked` events; None when the broker has them, else what keeps it from it, in a sentence."""
        changed, count = "", 0
        try:
            for one in check.records(file, self.topic):
                count += 1
                if isinstance(one, Mistake):
                    changed = f"line {one.line} is not as it was checked"
                    break
                _produce(self.producer, self.name, one.key, one.value, list(one.headers), self._report(seen))
                if self.refused:
                    break
            else:
                changed = f"{count} events are in it, {checked} were checked" if count != checked else ""
        except OSError as fault:
            changed = f"it can't be read any more ({fault.strerror})"
        left = self.producer.flush(SECONDS + 5)
        if left or self.refused.keys() == {SILENT}:
            return f"The broker took nothing for {SECONDS:g} s."
        if self.refused:
            names = ", ".join(sorted(self.refused))
            return f"The broker refuses events on {self.name} ({names}): `yhdyspinta doctor` says what is wrong."
        return f"{file} was changed meanwhile: {changed}." if changed else None

    def _report(self, seen: Callable[[int], None]) -> Callable[[KafkaError | None, Message], None]:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self.refused[error.name()] += 1
                return
            partition, offset = message.partition() or 0, message.offset() or 0
            first, _ = self.ranges.get(partition, (offset, offset))
            self.ranges[partition] = (min(first, offset), offset)
            self.taken += 1
            seen(1)

        return delivered


def _produce(producer: Producer, topic: str, key: bytes, value: bytes, headers: Any, report: Any) -> None:
    """Hands a record over; waits while the client's queue is full."""
    while True:
        try:
            producer.produce(topic, value, key, headers=headers, on_delivery=report)
            producer.poll(0)
            return
        except BufferError:
            producer.poll(0.5)

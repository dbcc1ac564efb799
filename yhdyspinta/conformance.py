"""A vendor's events before anybody has them: every line of a file looked at as its receiver would, without a broker
and without a database.

A line is an event in structured mode (its `subject` becomes the record's key), or a whole record as `yhdyspinta tail
--json` prints it: `{"key": …, "headers": {…}, "value": {…}}`, in either mode. What only the receiver can know (is the
case open, does the lead go to this organisation) is not looked at.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from chassis.calendar import helsinki_day
from chassis.decisions import Refuse
from contracts import ingest, plan
from contracts.envelope import CONTENT_TYPE, Event
from contracts.events.casework import CaseOpened
from contracts.refusals import Refusal
from contracts.registry import Topic
from contracts.topics import SYSTEMS, TOPICS, outside_writer

LONGEST = 262_144
"""Bytes of a line; a record of the largest event with its headers is shorter."""
IDS_HELD = 33_554_432
"""Bytes of memory for the ids of a file, to find repeats: those of half a million events."""
BLANKS = b" \t\r\n"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Record:
    """What one line of a file comes to on its topic."""

    line: int
    topic: Topic
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Mistake:
    """Why the receiver would refuse a line; `field` points into the event in structured mode."""

    line: int
    reason: str
    field: str | None
    sentence_en: str
    sentence_fi: str

    @classmethod
    def of(cls, line: int, refusal: Refusal) -> "Mistake":
        return cls(line, refusal.reason, refusal.field, refusal.sentence_en, refusal.sentence_fi)


class Conformance:
    """Looks at the lines of a file, one after another; `topic` None: each event's source says where it goes.

    `now` is the time by which `time-ahead` is judged. However long the file, one line is held, and of the ids as many
    as `IDS_HELD` takes; the rest of them lie in a temporary file.
    """

    def __init__(self, topic: Topic | None, now: datetime) -> None:
        self.topic, self.now = topic, now
        self.events = self.repeats = 0
        self._ids = sqlite3.connect("")
        self._ids.execute("pragma journal_mode = off")
        self._ids.execute(f"pragma cache_size = -{IDS_HELD // 1024}")
        self._ids.execute("create table ids (name blob primary key, content blob not null) without rowid")

    def look_at(self, file: Path, seen: Callable[[int], None] = lambda _: None) -> Iterator[Record | Mistake]:
        """A record or a mistake for each line that is not blank; `seen` is told bytes. Raises OSError."""
        for number, line in _lines(file, seen):
            self.events += 1
            try:
                yield self._record(number, line)
            except Refusal as refusal:
                yield Mistake.of(number, refusal)

    def _record(self, number: int, line: bytes | None) -> Record:
        if line is None:
            raise Refusal("too-large")
        key, value, headers = _parts(line)
        topic = self.topic or _topic_of(value, headers)
        event = ingest.read(topic, key, value, headers, self.now)
        if event is None:
            raise Refusal("empty")
        if outside_writer(topic.name):
            ingest.check_codes(event, plan.on(helsinki_day(event.time)))
            _check_own(topic, event)
        self._check_id(event)
        return Record(number, topic, key, value, headers)

    def _check_id(self, event: Event[Any]) -> None:
        name = sha256(f"{event.source}\n{event.id}".encode()).digest()[:8]
        content = ingest.fingerprint(event)[:8]
        if self._ids.execute("insert or ignore into ids values (?, ?)", (name, content)).rowcount:
            return
        [known] = self._ids.execute("select content from ids where name = ?", (name,)).fetchone()
        if known != content:
            raise Refusal.id_reused(event.id)
        self.repeats += 1


def _lines(file: Path, seen: Callable[[int], None]) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines without their blanks, and without the mark that Windows puts before a file's first; None for one
    that is too long to be held."""
    with file.open("rb") as opened:
        number = 0
        while line := opened.readline(LONGEST + 1):
            number += 1
            seen(len(line))
            if len(line) <= LONGEST:
                if number == 1:
                    line = line.removeprefix(BOM)
                if line.strip(BLANKS):
                    yield number, line.strip(BLANKS)
                continue
            while line and not line.endswith(b"\n"):
                line = opened.readline(LONGEST + 1)
                seen(len(line))
            yield number, None


def _parts(line: bytes) -> tuple[bytes, bytes, tuple[tuple[str, bytes | None], ...]]:
    """Key, value and headers of a line."""
    try:
        read = orjson.loads(line)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        return b"", line, (("content-type", CONTENT_TYPE.encode()),)
    if "value" not in read or "specversion" in read:
        return str(read.get("subject") or "").encode(), line, (("content-type", CONTENT_TYPE.encode()),)
    headers = read.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str | None) for value in headers.values()):
        raise Refusal("not-cloudevents", "headers must be an object of texts. Mend the line.",
                      "headers-kentän on oltava tekstejä sisältävä objekti. Korjaa rivi.")
    value = read["value"]
    return (str(read.get("key") or "").encode(), orjson.dumps(value) if isinstance(value, dict | list) else
            str(value or "").encode(), tuple((n, v.encode() if v else None) for n, v in headers.items()))


def _topic_of(value: bytes, headers: tuple[tuple[str, bytes | None], ...]) -> Topic:
    """The topic of the system that the event says it is from."""
    source = next(((v or b"").decode() for n, v in headers if n == "ce_source"), None)
    if source is None:
        try:
            source = orjson.loads(value).get("source")
        except (ValueError, AttributeError):
            raise Refusal("not-json") from None
    for system in SYSTEMS.values():
        if system.source == source:
            return TOPICS[system.writes]
    raise Refusal("not-the-writer", "source must be that of a system that takes part, such as /lempaala/party.",
                  "Kentän source on oltava mukana olevan järjestelmän, kuten /lempaala/party.", "/source")


def _check_own(topic: Topic, event: Event[Any]) -> None:
    """What belongs to the source alone must be its own [events.md, Right to change]."""
    (receiver,) = topic.readers
    own = event.source.split("/")[1]
    if isinstance(event.data, CaseOpened) and event.data.provider != own:
        raise Refusal("not-yours", field="/data/provider")
    take = _decisions().get(receiver)
    decision = take(event, None) if take else None
    if isinstance(decision, Refuse):
        refusal = decision.refusal
        reason: Any = refusal.reason
        raise Refusal(reason, refusal.in_english(), refusal.in_finnish(), refusal.field)


@cache
def _decisions() -> dict[str, Any]:
    """How receivers judge an event that is the first about its subject."""
    from services.feedback import domain as feedback
    from services.leads import domain as leads

    return {"leads": leads.take, "feedback": feedback.take}


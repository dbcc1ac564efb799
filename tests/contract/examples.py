"""The golden examples, and how an example becomes a record."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from contracts import documents, ingest
from contracts.envelope import Data, Event
from contracts.refusals import Refusal
from contracts.registry import Topic
from contracts.schema import models, name_of, topics_of
from contracts.topics import accepted_sources

Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]

STRUCTURED: list[tuple[str, bytes | None]] = [("content-type", b"application/cloudevents+json")]


def example(name: str) -> dict[str, Any]:
    """The golden example of an event: `CaseOpened`."""
    model = next(model for model in models().values() if model.__name__ == name)
    event: dict[str, Any] = orjson.loads((documents.FOLDER / "examples" / f"{name_of(model)}.json").read_bytes())
    return event


def structured(event: Mapping[str, Any]) -> Record:
    """Key, value and headers of the event in structured mode."""
    return str(event.get("subject", "")).encode(), orjson.dumps(event), list(STRUCTURED)


def binary(event: Mapping[str, Any]) -> Record:
    """Key, value and headers of the event in binary mode."""
    headers: list[tuple[str, bytes | None]] = [
        (f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"
    ]
    return (
        str(event["subject"]).encode(),
        orjson.dumps(event["data"]),
        [("content-type", b"application/json"), *headers],
    )


def topics_for(model: type[Data], source: str) -> list[Topic]:
    """The topics on which this source's events of the kind may be."""
    return [topic for topic in topics_of(model) if source in accepted_sources(topic)]


def just_after(event: Mapping[str, Any]) -> datetime:
    """A second after the event's time."""
    return datetime.fromisoformat(event["time"]).astimezone(UTC) + timedelta(seconds=1)


NOW = datetime(2026, 3, 2, 7, 20, tzinfo=UTC)
LATER = datetime(2026, 12, 31, tzinfo=UTC)


def refused(topic: Topic, record: Record, now: datetime = NOW) -> Refusal:
    """The refusal of a record that must be refused."""
    with pytest.raises(Refusal) as found:
        ingest.read(topic, *record, now)
    return found.value


def taken(topic: Topic, record: Record, now: datetime = NOW) -> Event[Any]:
    """The event of a record that must be taken."""
    read = ingest.read(topic, *record, now)
    assert read is not None
    return read

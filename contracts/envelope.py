"""CloudEvents 1.0: what a message is, and how we write it [events.md, Envelope].

How one that others wrote is read and checked is in `contracts.ingest`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from contracts.fields import spell

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "fi.yhdyspinta."


class Part(BaseModel):
    """An object within an event's data."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Data(BaseModel):
    """What an event says; one class per event, named as the event.

    `KEY` names the field that is the event's `subject` and Kafka key, or is a pattern of several:
    `{provider}:{service}`. A field that may be left out has the default None, and no other field a default.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    KEY: ClassVar[str]
    VERSION: ClassVar[int] = 1

    def subject(self) -> str:
        """Id of what the event is about: key of the record and `subject` of the event."""
        subject = getattr(self, self.KEY, None) or self.subject_of(self.__dict__)
        assert subject is not None  # noqa: S101 - a validated event has its key's fields
        return str(subject)

    @classmethod
    def subject_of(cls, data: Mapping[str, Any]) -> str | None:
        """The subject that a record's data, not yet checked, would have; None where its fields are not there."""
        names = re.findall(r"\{(\w+)\}", cls.KEY) or [cls.KEY]
        parts = {name: data.get(name) for name in names}
        if not all(isinstance(part, str | int) and not isinstance(part, bool) for part in parts.values()):
            return None
        return cls.KEY.format(**parts) if "{" in cls.KEY else str(parts[cls.KEY])


D = TypeVar("D", bound=Data)


class Event(NamedTuple, Generic[D]):
    """One event: what is said, by whom, about what and when.

    `time` is the instant, in UTC, cut to a microsecond. Of an event that was read, `spelled` is its time as its
    sender wrote it and `received` the record's value (`structured`: with the envelope in it), so that it can be
    published again unchanged. Its text form shows nothing of its data.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: D
    correlationid: str | None = None
    causationid: str | None = None
    spelled: str | None = None
    received: bytes | None = None
    structured: bool = True

    def __repr__(self) -> str:
        return f"Event({self.type} {self.id} of {self.source} at {self.time.isoformat()})"


def type_of(model: type[Data]) -> str:
    """The CloudEvents type of an event: `fi.yhdyspinta.<EventName>.v1`."""
    return f"{TYPE_PREFIX}{model.__name__}.v{model.VERSION}"


def to_bytes(event: Event[Any]) -> bytes:
    """The event in structured mode, as it lies on a topic: one JSON object, `data` last."""
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.spelled or spell(event.time),
    }
    if event.correlationid is not None:
        attributes["correlationid"] = event.correlationid
    if event.causationid is not None:
        attributes["causationid"] = event.causationid
    return orjson.dumps(attributes)[:-1] + b',"data":' + data_to_bytes(event) + b"}"


def data_to_bytes(event: Event[Any]) -> bytes:
    """The event's data as JSON; equal to what was received, less nulls and unknown fields, where it was read."""
    if event.received is None:
        written: bytes = event.data.__pydantic_serializer__.to_json(event.data, exclude_defaults=True)
        return written
    value = from_json(event.received)
    return orjson.dumps(_known(value["data"] if event.structured else value, event.data))


def _known(value: Any, checked: Any) -> Any:
    """`value`, without what the model that it was checked by does not know, and without nulls left out there."""
    if isinstance(checked, BaseModel):
        fields = type(checked).model_fields
        return {
            name: _known(part, getattr(checked, name))
            for name, part in value.items()
            if name in fields and (part is not None or fields[name].is_required())
        }
    if isinstance(checked, tuple | list):
        return [_known(part, model) for part, model in zip(value, checked, strict=True)]
    return value


def fingerprint(event: Event[Any]) -> bytes:
    """SHA-256 of what a repeat of an event must equal: type, subject, time as an instant, data as JSON."""
    data = orjson.dumps(_whole(orjson.loads(data_to_bytes(event))), option=orjson.OPT_SORT_KEYS)
    instant = _instant(event.spelled or spell(event.time))
    return sha256(orjson.dumps([event.type, event.subject, instant]) + data).digest()


def _whole(value: Any) -> Any:
    """Numbers that are equal as JSON made equal in their spelling: 1.0 is 1."""
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _instant(spelled: str) -> str:
    """The instant of a time as it is spelled, in UTC, with all its nine digits."""
    digits = re.search(r"\.([0-9]+)", spelled)
    second = datetime.fromisoformat(spelled).astimezone(UTC).replace(microsecond=0).isoformat()
    return f"{second}.{digits.group(1) if digits else '':0<9}"

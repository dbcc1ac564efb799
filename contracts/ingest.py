"""The intake check: everything that can be said of a record without a database [events.md, Envelope, Refusals].

Promise: `read` gives the event or raises `Refusal`, and nothing else, whatever the bytes are. An ordinary record
of ours is validated once, in one pass over its bytes; only what that pass does not take, and binary mode, is
looked at piece by piece, so that the reason told is the first that applies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Union

from pydantic import Field, TypeAdapter, ValidationError, create_model
from pydantic_core import from_json, to_json

from contracts import attributes
from contracts.attributes import Headers
from contracts.envelope import CONTENT_TYPE, Data, Event, fingerprint, to_bytes, type_of
from contracts.events.notices import NoticeData
from contracts.events.obligations import ObligationData
from contracts.fields import EventId
from contracts.leaves import codes_in
from contracts.plan import Plan
from contracts.refusals import Refusal, of_errors, of_field, unknown_code
from contracts.registry import Topic
from contracts.topics import accepted_sources

__all__ = ["MAX_DEPTH", "MAX_HEADERS", "MAX_VALUE", "check_codes", "fingerprint", "read"]

MAX_VALUE = 65_536
"""Bytes of a value."""
MAX_HEADERS = 8_192
"""Bytes of all header names and values."""
MAX_DEPTH = 32
"""Levels of JSON objects and lists."""
AHEAD = timedelta(minutes=5)
"""How far a sender's clock may be ahead."""

_STRUCTURED = CONTENT_TYPE.encode()


@dataclass(frozen=True)
class _Reader:
    """What one topic takes, made ready."""

    topic: Topic
    models: Mapping[str, type[Data]]
    sources: frozenset[str]
    extra: Literal["forbid", "ignore"]
    whole: Callable[..., Any]
    no_case: bool


_readers: dict[str, _Reader] = {}


def _reader(topic: Topic) -> _Reader:
    known = _readers.get(topic.name)
    if known is None or known.topic is not topic:
        models = {type_of(model): model for model in topic.models}
        envelopes = tuple(_envelope_of(name, model) for name, model in models.items())
        known = _readers[topic.name] = _Reader(
            topic,
            models,
            accepted_sources(topic),
            "forbid" if topic.refuses_unknown_fields else "ignore",
            _validator(envelopes) if envelopes else _no_event,
            topic.side != "municipal" and any(issubclass(model, ObligationData | NoticeData) for model in topic.models),
        )
    return known


def _validator(envelopes: tuple[Any, ...]) -> Callable[..., Any]:
    union: Any = Annotated[Union[envelopes], Field(discriminator="type")]  # noqa: UP007 - made at run time
    adapter: TypeAdapter[Any] = TypeAdapter(union)
    return adapter.validator.validate_json


def _no_event(value: bytes, extra: str) -> Any:
    raise ValueError("no event may be on this topic")


def _envelope_of(name: str, model: type[Data]) -> Any:
    this_type: Any = Literal[name]
    return create_model(model.__name__, __base__=attributes.Attributes, type=(this_type, ...), data=(model, ...))


def read(topic: Topic, key: bytes | None, value: bytes | None, headers: Headers, now: datetime) -> Event[Any] | None:
    """The event that a record of the topic holds; None of a tombstone, where the topic has such.

    `now` is aware. Raises `Refusal` with the first reason that applies; `unknown-code` is `check_codes`'.
    """
    if value is None and topic.tombstones:
        return None
    reader = _reader(topic)
    return _at_once(reader, key, value, headers, now) or _piece_by_piece(reader, key, value, headers, now)


def check_codes(event: Event[Any], plan: Plan) -> None:
    """Of an event taken in from another system: raises `Refusal` (`unknown-code`) for a code of an open list that
    the plan does not know. Other readers take an unknown code as it is [events.md, Lists and versions]."""
    for found in codes_in(event.data):
        if not plan.knows(found.list, found.code):
            refusal = unknown_code(found.pointer)
            refusal.event_id = EventId(event.id)
            raise refusal


# --- the ordinary case


def _at_once(
    reader: _Reader, key: bytes | None, value: bytes | None, headers: Headers, now: datetime
) -> Event[Any] | None:
    """The event, of a record in structured mode that is as it should be; None of all others."""
    if not value or key is None or len(value) > MAX_VALUE or not _written_as_we_do(headers):
        return None
    if reader.extra == "ignore" and (_may_be_deep(value) or _may_be_no_number(value)):
        return None
    try:
        read: Any = reader.whole(value, extra=reader.extra)
        time = datetime.fromisoformat(read.time).astimezone(UTC)
    except ValueError:
        return None
    subject: str = read.subject
    if (
        read.source not in reader.sources
        or subject.encode() != key
        or read.data.subject() != subject
        or read.partitionkey not in (None, subject)
        or time > now + AHEAD
        or (reader.topic.carries_no_trace and (read.correlationid or read.causationid))
        or (reader.no_case and _tells_of_a_case(read.data))
    ):
        return None
    return Event(
        read.id,
        read.source,
        read.type,
        subject,
        time,
        read.data,
        read.correlationid,
        read.causationid,
        read.time,
        value,
    )


def _tells_of_a_case(data: Data) -> str | None:
    """Where an obligation or a notice is about a case, which is a person's; None where it is not."""
    if isinstance(data, NoticeData):
        places = (f"/data/about/{number}/type" for number, about in enumerate(data.about) if about.type == "case")
        return next(places, None)
    return "/data/about_type" if isinstance(data, ObligationData) and data.about_type == "case" else None


def _written_as_we_do(headers: Headers) -> bool:
    """Whether the headers are few and say structured mode exactly as we write it."""
    size = content_types = 0
    for name, value in headers:
        size += len(name) + len(value or b"")
        if name == "content-type":
            if value != _STRUCTURED:
                return False
            content_types += 1
        elif not name.isascii():
            return False
    return content_types == 1 and size <= MAX_HEADERS


def _may_be_deep(value: bytes) -> bool:
    return value.count(b"{") + value.count(b"[") > MAX_DEPTH


def _may_be_no_number(value: bytes) -> bool:
    return (_N in value and b"NaN" in value) or (_I in value and b"Infinity" in value)


_N, _I = b"NI"


# --- piece by piece, in the order of the reasons


def _size(headers: Headers) -> int:
    return sum(len(name.encode(errors="surrogatepass")) + len(value or b"") for name, value in headers)


def _piece_by_piece(
    reader: _Reader, key: bytes | None, value: bytes | None, headers: Headers, now: datetime
) -> Event[Any]:
    record: dict[str, Any] = {}
    try:
        return _judge(reader, key, value, headers, now, record)
    except Refusal as refusal:
        refusal.event_id = attributes.event_id(record.get("id"))
        raise


def _judge(
    reader: _Reader,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    now: datetime,
    record: dict[str, Any],
) -> Event[Any]:
    """The event, or the first reason that applies. Fills `record` with the attributes as soon as they are known."""
    content_types = [content for name, content in headers if name == "content-type"]
    structured = any((content or b"").lower().startswith(b"application/cloudevents") for content in content_types)
    if not structured:
        record.update(attributes.of_headers(headers))
    if len(value or b"") > MAX_VALUE or _size(headers) > MAX_HEADERS:
        raise Refusal("too-large")
    if not value:
        raise Refusal("empty")
    parsed = _object(value)
    if structured:
        record.update({name: part for name, part in parsed.items() if part is not None})
    else:
        attributes.check_headers(headers)
        record["data"] = parsed
    attributes.check_mode(content_types, structured)
    attributes.check(record, structured)
    if record["source"] not in reader.sources:
        raise Refusal("not-the-writer", field="/source")
    model = reader.models.get(record["type"])
    if model is None:
        raise Refusal("unknown-type", field="/type")
    _check_key(model, key, record)
    time = datetime.fromisoformat(record["time"]).astimezone(UTC)
    if time > now + AHEAD:
        raise Refusal("time-ahead", field="/time")
    _check_names(reader, record)
    try:
        data = model.__pydantic_validator__.validate_json(to_json(record["data"]), extra=reader.extra)
    except ValidationError as fault:
        raise of_errors(model, fault.errors(include_input=False, include_url=False)) from None
    if reader.no_case and (pointer := _tells_of_a_case(data)):
        english = "must not be case here: a case is told of on the municipal side alone"
        raise of_field(
            "invalid", pointer, english, "ei saa olla case tässä: asiakkuudesta kerrotaan vain kunnan puolella"
        )
    event = Event(
        record["id"],
        record["source"],
        record["type"],
        record["subject"],
        time,
        data,
        record.get("correlationid"),
        record.get("causationid"),
        record["time"],
        value,
        structured,
    )
    if not structured and len(to_bytes(event)) > MAX_VALUE:
        raise Refusal(
            "too-large",
            "The event has more than 65,536 bytes in structured mode, as it is published. Send less in one event.",
            "Sanomassa on yli 65 536 tavua structured-muodossa, jossa se julkaistaan. Lähetä kerralla vähemmän.",
        )
    return event


def _object(value: bytes) -> dict[str, Any]:
    try:
        parsed = from_json(value, allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise Refusal("not-json") from None
    if isinstance(parsed, list):
        raise Refusal(
            "not-json",
            "The value must be one JSON object. A batch is not taken: send each event by itself.",
            "Arvon on oltava yksi JSON-objekti. Erää ei oteta: lähetä jokainen sanoma erikseen.",
        )
    if not isinstance(parsed, dict) or (_may_be_deep(value) and _depth(parsed) > MAX_DEPTH):
        raise Refusal("not-json")
    return parsed


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _check_key(model: type[Data], key: bytes | None, record: Mapping[str, Any]) -> None:
    subject = record["subject"]
    try:
        named = (key or b"").decode()
    except UnicodeDecodeError:
        named = ""
    if named != subject:
        raise Refusal("wrong-key", field="/subject")
    if record.get("partitionkey", subject) != subject:
        raise Refusal("wrong-key", field="/partitionkey")
    if model.subject_of(record["data"]) not in (None, subject):
        raise Refusal("wrong-key", field=f"/data/{model.KEY}" if model.KEY in model.model_fields else "/data")


def _check_names(reader: _Reader, record: Mapping[str, Any]) -> None:
    """No attribute that the topic does not take."""
    if reader.topic.carries_no_trace:
        for name in ("correlationid", "causationid"):
            if name in record:
                raise Refusal(
                    "unknown-field",
                    f"This topic takes no {name}: it could join an event to a person. Leave it out.",
                    f"Tämä aihe ei ota kenttää {name}: se voisi yhdistää sanoman henkilöön. Jätä se pois.",
                    f"/{name}",
                )
    if reader.extra == "forbid" and not record.keys() <= {*attributes.ATTRIBUTES, "data"}:
        raise Refusal("unknown-field")

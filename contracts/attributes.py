"""The attributes of a CloudEvent, by themselves, and how they come in headers [events.md, Envelope].

Each check raises `Refusal` (`not-cloudevents`) for the first thing that is not as it should be.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contracts.fields import MOMENT_PATTERN, EventId, Meaning
from contracts.leaves import kind_of
from contracts.refusals import Refusal, meaning_of, missing, of_field

Headers = Sequence[tuple[str, bytes | None]]

_Text = Annotated[str, Field(min_length=1), Meaning("must be a text", "on oltava tekstiä")]
_Time = Annotated[
    str,
    Field(pattern=MOMENT_PATTERN),
    Meaning(
        "must be a date-time like 2026-03-02T09:15:00+02:00, from 2000 on",
        "on oltava ajankohta muodossa 2026-03-02T09:15:00+02:00, vuodesta 2000 alkaen",
    ),
]
_Json = Annotated[
    str,
    Field(pattern=r"^application/json( *; *charset=[uU][tT][fF]-8)?$"),
    Meaning("must be application/json", "on oltava application/json"),
]
_Uri = Annotated[
    str,
    Field(pattern=r"^[!-~]{1,200}$"),
    Meaning("must be a URI of at most 200 characters", "on oltava URI, enintään 200 merkkiä"),
]


NO_UTF8 = "\ufffd"
"""What stands in a header's name for a byte that is not UTF-8; no attribute has it."""


class Attributes(BaseModel):
    """What may stand beside `data`; a field without default is required."""

    model_config = ConfigDict(strict=True, frozen=True)

    specversion: Literal["1.0"]
    id: EventId
    source: _Text
    type: _Text
    subject: _Text
    time: _Time
    datacontenttype: _Json | None = None
    dataschema: _Uri | None = None
    partitionkey: _Text | None = None
    correlationid: EventId | None = None
    causationid: EventId | None = None
    data_base64: None = None


HINTS: dict[str, Any] = get_type_hints(Attributes, include_extras=True)
ATTRIBUTES: dict[str, tuple[bool, TypeAdapter[Any]]] = {
    name: (field.is_required(), TypeAdapter(HINTS[name], config=ConfigDict(strict=True)))
    for name, field in Attributes.model_fields.items()
}


def of_headers(headers: Headers) -> dict[str, Any]:
    """Attributes from `ce_` headers; what is null or not UTF-8 counts as absent here."""
    found = {}
    for name, value in headers:
        if name.startswith("ce_") and value is not None:
            found[name[3:]] = value.decode(errors="replace")
    return found


def check_headers(headers: Headers) -> None:
    """Of binary mode: each `ce_` header once and UTF-8, and none called data."""
    seen = set()
    for name, value in headers:
        if not name.startswith("ce_"):
            continue
        attribute = name[3:]
        pointer = f"/{attribute}" if attribute in ATTRIBUTES else None
        if attribute in seen:
            raise Refusal(
                "not-cloudevents",
                "A ce_ header is there twice. Send each attribute once.",
                "Jokin ce_-otsake on kahdesti. Lähetä jokainen kenttä kerran.",
                pointer,
            )
        seen.add(attribute)
        if attribute == "data" and value is not None:
            raise Refusal(
                "not-cloudevents",
                "In binary mode data is the record's value. Leave the header ce_data out.",
                "Binary-muodossa data on sanoman arvo. Jätä otsake ce_data pois.",
                "/data",
            )
        if NO_UTF8 in name or not _is_utf8(value):
            raise Refusal(
                "not-cloudevents",
                "A ce_ header is not UTF-8. Send it in UTF-8.",
                "Jokin ce_-otsake ei ole UTF-8-muodossa. Lähetä se UTF-8-muodossa.",
                pointer,
            )


def _is_utf8(value: bytes | None) -> bool:
    try:
        (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def check_mode(content_types: Sequence[bytes | None], structured: bool) -> None:
    if len(content_types) > 1:
        raise Refusal(
            "not-cloudevents",
            "The header content-type is there twice. Send it once.",
            "Otsake content-type on kahdesti. Lähetä se kerran.",
        )
    if any(map(_batch, content_types)):
        raise Refusal(
            "not-cloudevents",
            "A batch is not taken. Send each event by itself as application/cloudevents+json.",
            "Erää ei oteta. Lähetä jokainen sanoma erikseen muodossa application/cloudevents+json.",
        )
    if not structured and content_types and content_types[0] is not None:
        declared = content_types[0].decode(errors="replace").strip().lower()
        if declared.split(";", 1)[0].strip() != "application/json":
            raise Refusal(
                "not-cloudevents",
                "The header content-type must be application/cloudevents+json, or application/json in binary mode.",
                "Otsakkeen content-type on oltava application/cloudevents+json tai binary-muodossa application/json.",
            )


def check(record: Mapping[str, Any], structured: bool) -> None:
    """Every attribute is there that must be, and as it must be; `data` is an object."""
    if not structured and "specversion" not in record:
        raise Refusal(
            "not-cloudevents",
            "Neither the header content-type: application/cloudevents+json nor ce_specversion is there. Send one.",
            "Otsakkeista puuttuu sekä content-type: application/cloudevents+json että ce_specversion. Lähetä toinen.",
            "/specversion",
        )
    if "data_base64" in record:
        raise Refusal(
            "not-cloudevents",
            "data_base64 is not taken. Send data as a JSON object.",
            "Kenttää data_base64 ei oteta. Lähetä data JSON-objektina.",
            "/data_base64",
        )
    for name, (required, adapter) in ATTRIBUTES.items():
        if name not in record:
            if required:
                raise missing("not-cloudevents", f"/{name}", name if structured else f"ce_{name}")
            continue
        try:
            adapter.validate_python(record[name])
            if name == "time":
                datetime.fromisoformat(record[name])
        except ValueError:
            meaning = _MEANINGS[name]
            raise of_field("not-cloudevents", f"/{name}", meaning.english, meaning.finnish) from None
    if "data" not in record:
        raise missing("not-cloudevents", "/data", "data")
    if not isinstance(record["data"], dict):
        raise of_field("not-cloudevents", "/data", "must be a JSON object", "on oltava JSON-objekti")


_MEANINGS = {name: meaning_of(kind_of(hint)) for name, hint in HINTS.items() if name in ATTRIBUTES}


def event_id(value: Any) -> EventId | None:
    try:
        found: EventId = ATTRIBUTES["id"][1].validate_python(value)
    except ValidationError:
        return None
    return found


def _batch(content_type: bytes | None) -> bool:
    return (content_type or b"").lower().startswith(b"application/cloudevents-batch")

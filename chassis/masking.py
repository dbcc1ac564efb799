"""Dead letters shown without anybody's data [privacy.md; SEC-11].

Promise: of a record's content only what the schema of its topic knows is shown, and only where the value is of an
exact kind (an id, a code, a day, a number) and holds nobody's data: all else, whoever sent it and whatever it is
called, is a mask that tells its kind and length. A mask that is sent back stands for the value under it, so what is
masked can be kept while something else is corrected.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from chassis.dead_letter import Headers
from chassis.decisions import Refusal, Refused
from contracts import plan
from contracts.attributes import ATTRIBUTES
from contracts.envelope import type_of
from contracts.fields import MOMENT_PATTERN, CodeList, DataClass
from contracts.leaves import Kind, fields_of, kind_of
from contracts.topics import SERVICES, SYSTEMS, TOPICS

MOST_BYTES = 131_072
"""A value larger than this is not looked into: it is twice what any event may have."""
_SHOWN_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "datacontenttype", "correlationid", "causationid")
_SAFE = (DataClass.OPEN, DataClass.COMPANY, DataClass.PSEUDONYMOUS)
_SOURCES = frozenset({*SERVICES.values(), *(system.source for system in SYSTEMS.values())})
_TYPES = frozenset(type_of(model) for topic in TOPICS.values() for model in topic.models)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{7}-[0-9]|[0-9]{4}-[0-9]{4,6}")
_CONTENT_TYPES = frozenset({b"application/cloudevents+json", b"application/json"})
_TRACE = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_CLOSED = {"type": _TYPES, "source": _SOURCES}
_TIMES = {date: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), datetime: re.compile(MOMENT_PATTERN.strip("^$"))}
_MASK = re.compile(r"‹(?:masked|peitetty) ([0-9]+)(?:: [^›]*)?›")
_WORDS = {
    "en": {"masked": "masked", "field": "unknown field", "text": "text, {length} characters", "number": "number",
           "value": "value"},
    "fi": {"masked": "peitetty", "field": "tuntematon kenttä", "text": "teksti, {length} merkkiä", "number": "luku",
           "value": "arvo"},
}


@dataclass(frozen=True)
class NotJson(Refusal):
    """`line`: where it breaks off."""

    line: int

    code = "not-json"
    sentence_en = "This is not one JSON object: look at line {line}."
    sentence_fi = "Tämä ei ole yksi JSON-objekti: katso riviä {line}."
    status = 422


@dataclass(frozen=True)
class MaskUnknown(Refusal):
    number: int

    code = "mask-unknown"
    sentence_en = "The mask {number} stands for nothing. Leave masks as they were shown, or write a value instead."
    sentence_fi = "Peite {number} ei vastaa mitään. Jätä peitteet ennalleen tai kirjoita tilalle arvo."
    status = 422


@dataclass(frozen=True)
class Masked:
    """A record's content, fit to be shown: JSON `text`, or None where it is no JSON object; `size` in bytes."""

    text: str | None
    size: int
    event_id: str | None = None
    event_type: str | None = None


def masked(topic: str, value: bytes | None, headers: Headers = (), language: str = "en") -> Masked:
    """What may be shown of a record of the topic; masks are named in Finnish or English."""
    size = len(value or b"")
    content = _object(value)
    told = {n.removeprefix("ce_"): (v or b"").decode("utf-8", "replace") for n, v in headers if n.startswith("ce_")}
    if content is None:
        return Masked(None, size, _shown("id", told.get("id")), _shown("type", told.get("type")))
    event_id, event_type = (_shown(n, content.get(n, told.get(n))) for n in ("id", "type"))
    words = _WORDS["fi" if language == "fi" else "en"]
    shown = _Walk(topic, words).event(content, event_type, binary="specversion" in told)
    return Masked(json.dumps(shown, ensure_ascii=False, indent=2), size, event_id, event_type)


def corrected(text: str, value: bytes | None) -> bytes:
    """The corrected record: what was sent back, each mask replaced by what it stands for in `value`.

    Raises `Refused`: `NotJson`, `MaskUnknown`.
    """
    try:
        sent = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise Refused(NotJson(fault.lineno if isinstance(fault, json.JSONDecodeError) else 1)) from None
    if not isinstance(sent, dict):
        raise Refused(NotJson(1))
    under = list(_leaves(_object(value) or {}))
    return json.dumps(_refilled(sent, under), ensure_ascii=False, separators=(",", ":")).encode()


def same(one: bytes | None, other: bytes | None) -> bool:
    """Whether two records say the same JSON, however it is written."""
    return one == other or (_object(one) is not None and _object(one) == _object(other))


def shown_key(key: bytes | None) -> str:
    """A record's key where it is an id or a source that we know; else its length."""
    if key is None:
        return "–"
    text = key.decode("utf-8", "replace")
    return text if _ID.fullmatch(text) or text in _SOURCES else f"‹masked: {len(key)} bytes›"


def shown_headers(headers: Headers) -> list[tuple[str, str]]:
    """A record's headers: names that we know, values that are exactly what they must be; else their lengths."""
    return [_shown_header(name, value) for name, value in headers]


def _shown_header(name: str, value: bytes | None) -> tuple[str, str]:
    attribute = name.removeprefix("ce_")
    known = name in ("content-type", "traceparent", "tracestate") or (name != attribute and attribute in ATTRIBUTES)
    text = None
    if value is not None:
        if (name == "content-type" and value in _CONTENT_TYPES) or (name == "traceparent" and _TRACE.fullmatch(value)):
            text = value.decode()
        elif name != attribute:
            text = _shown(attribute, value.decode("utf-8", "replace"))
    label = name if known else f"‹masked: {len(name)} characters›"
    return label, text if text is not None else "–" if value is None else f"‹masked: {len(value)} bytes›"


def _object(value: bytes | None) -> dict[str, Any] | None:
    if not value or len(value) > MOST_BYTES:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_constant(_: str) -> None:
    raise ValueError


def _shown(name: str, value: Any) -> str | None:
    """An attribute of the envelope where it is as it must be."""
    if not isinstance(value, str):
        return None
    if name == "subject":
        return value if _ID.fullmatch(value) or value in _SOURCES else None
    if name not in _SHOWN_ATTRIBUTES:
        return None
    if name in _CLOSED:
        return value if value in _CLOSED[name] else None
    try:
        ATTRIBUTES[name][1].validate_python(value)
    except ValidationError:
        return None
    return value


def _leaves(value: Any) -> Iterator[Any]:
    """Every value of JSON in the order in which masks are numbered: names of objects are masked values too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


class _Walk:
    """Goes through a record once, and numbers all that it meets as `_leaves` does."""

    def __init__(self, topic: str, words: dict[str, str]) -> None:
        self.topic, self.words, self.number = TOPICS[topic], words, 0
        self.models = {type_of(model): model for model in self.topic.models}

    def event(self, content: dict[str, Any], event_type: str | None, *, binary: bool) -> dict[str, Any]:
        model = self.models.get(event_type or "")
        if binary:
            return self._of_model(content, model)
        shown: dict[str, Any] = {}
        for name, value in content.items():
            known = name in ATTRIBUTES or name == "data"
            label = self._name(name, known)
            if name == "data" and isinstance(value, dict):
                shown[label] = self._of_model(value, model)
            elif (text := _shown(name, value)) is not None:
                self._count(value)
                shown[label] = text
            else:
                shown[label] = self._hidden(value)
        return shown

    def _of_model(self, value: dict[str, Any], model: type[BaseModel] | None) -> dict[str, Any]:
        fields = fields_of(model) if model else {}
        shown = {}
        for name, inner in value.items():
            kind = fields.get(name)
            label = self._name(name, kind is not None)
            shown[label] = self._value(inner, kind) if kind else self._hidden(inner)
        return shown

    def _value(self, value: Any, kind: Kind) -> Any:
        if kind.model is not None and isinstance(value, dict):
            return self._of_model(value, kind.model)
        if kind.item is not None and isinstance(value, list):
            inner = kind_of(kind.item)
            return [self._value(each, inner) for each in value]
        if isinstance(value, dict | list) or not self._is_plain(value, kind):
            return self._hidden(value)
        self._count(value)
        return value

    def _is_plain(self, value: Any, kind: Kind) -> bool:
        """Whether a value is exactly what its field takes, and nobody's."""
        if value is None or isinstance(value, bool):
            return True
        if (kind.mark(DataClass) or DataClass.OPEN) not in _SAFE:
            return False
        if kind.closed:
            return value in kind.closed
        if kind.base is int:
            least, most = kind.limit("ge"), kind.limit("le")
            return isinstance(value, int) and least is not None and most is not None and least <= value <= most
        if kind.base in _TIMES:
            return isinstance(value, str) and _TIMES[kind.base].fullmatch(value) is not None
        if kind.base is not str or not isinstance(value, str) or not kind.limit("pattern"):
            return False
        if (listed := kind.mark(CodeList)) is not None:
            return plan.known(listed.name, value)
        pattern = kind.limit("pattern")
        return re.fullmatch(pattern.removeprefix("^").removesuffix("$"), value) is not None

    def _name(self, name: str, known: bool) -> str:
        number = self._count(name)
        return name if known else self._mask(number, "field")

    def _count(self, _: Any) -> int:
        self.number += 1
        return self.number - 1

    def _hidden(self, value: Any) -> Any:
        """The shape of a value, each part of it masked."""
        if isinstance(value, dict):
            return {self._name(name, False): self._hidden(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._hidden(each) for each in value]
        number = self._count(value)
        if isinstance(value, str):
            return self._mask(number, "text", len(value))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return self._mask(number, "number" if is_number else "value")

    def _mask(self, number: int, what: str, length: int = 0) -> str:
        return f"‹{self.words['masked']} {number}: {self.words[what].format(length=length)}›"


def _refilled(value: Any, under: list[Any]) -> Any:
    if isinstance(value, dict):
        return {str(_refilled(name, under)): _refilled(inner, under) for name, inner in value.items()}
    if isinstance(value, list):
        return [_refilled(each, under) for each in value]
    if isinstance(value, str) and (mask := _MASK.fullmatch(value)):
        if int(mask[1]) >= len(under):
            raise Refused(MaskUnknown(int(mask[1])))
        return under[int(mask[1])]
    return value



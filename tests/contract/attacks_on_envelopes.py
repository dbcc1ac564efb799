"""Records whose envelope must be refused: each with its true reason and field."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.registry import Topic
from contracts.topics import TOPICS
from tests.contract.examples import STRUCTURED, Record, binary, example, structured

CRM = TOPICS["shared.from-lempaalan-kehitys-crm.v1"]
PARTY = TOPICS["municipal.from-lempaala-party.v1"]
FEEDBACK = TOPICS["municipal.from-lempaala-feedback.v1"]
RESULTS = TOPICS["area.results.v1"]
COACHING = TOPICS["shared.coaching.v1"]
REFERRALS = TOPICS["area.referrals.v1"]
OUTCOMES = TOPICS["municipal.outcomes.v1"]
FIGURES = TOPICS["shared.figures.v1"]
DIRECTORY = TOPICS["shared.directory.v1"]
VISITS = TOPICS["shared.visits.v1"]

UPPER = "2F95F108-DECF-4B77-8411-388737B01E2C"


@dataclass(frozen=True)
class Wrong:
    """A record that is refused. `valid_by_schema`: a JSON Schema can't say what is wrong with it."""

    name: str
    topic: Topic
    record: Record
    reason: str
    field: str | None
    valid_by_schema: bool = False


def with_data(event: str, **data: Any) -> dict[str, Any]:
    made = example(event)
    return made | {"data": {name: value for name, value in (made["data"] | data).items() if value is not ...}}


def with_bytes(record: Record, value: bytes | None) -> Record:
    return record[0], value, record[2]


def _headers(record: Record, *headers: tuple[str, bytes | None]) -> Record:
    return record[0], record[1], list(headers)


def of_data(topic: Topic, event: str, reason: str, pointer: str, /, *, by_schema: bool = True, **data: Any) -> Wrong:
    name, value = next(iter(data.items()))
    shown = "left out" if value is ... else repr(value)[:40]
    return Wrong(f"{event}.{name} {shown}", topic, structured(with_data(event, **data)), reason, pointer, not by_schema)


def of_attribute(name: str, value: Any, reason: str, field: str | None, topic: Topic = CRM) -> Wrong:
    event = example("CompanyVisitPlanned" if topic is CRM else "CaseOpened")
    if value is ...:
        del event[name]
    else:
        event[name] = value
    shown = "left out" if value is ... else repr(value)[:40]
    key = b"1234567-1" if topic is CRM else event["subject"].encode()
    record = structured(event)
    return Wrong(f"{name} {shown}", topic, (key, record[1], record[2]), reason, field)


VISIT = example("CompanyVisitPlanned")
GOOD = structured(VISIT)
BINARY = binary(VISIT)
TEXT = orjson.dumps(VISIT)
DATA = orjson.dumps(VISIT["data"])

FULL = orjson.dumps(VISIT["data"] | {"organisations": ["lempaalan-kehitys"] * 3_264})
"""Data that are no larger than a value may be, but with their attributes are."""


def _nested(levels: int) -> bytes:
    return b'{"x":' * levels + b"1" + b"}" * levels


def _inside(name: bytes, value: bytes) -> bytes:
    """The good visit with one more field in its data."""
    return TEXT[:-2] + b',"' + name + b'":' + value + b"}}"


def _raw(name: str, value: bytes, reason: str, field: str | None = None, topic: Topic = CRM) -> Wrong:
    return Wrong(name, topic, with_bytes(GOOD, value), reason, field)


def _in_binary(
    name: str, change: Callable[[list[tuple[str, bytes | None]]], Any], reason: str, field: str | None
) -> Wrong:
    headers = list(BINARY[2])
    changed = change(headers)
    return Wrong(name, CRM, (BINARY[0], BINARY[1], changed if isinstance(changed, list) else headers), reason, field)


def _without(*names: str) -> Callable[[list[tuple[str, bytes | None]]], Any]:
    return lambda headers: [(name, value) for name, value in headers if name not in names]


def _instead(name: str, value: bytes | None) -> Callable[[list[tuple[str, bytes | None]]], Any]:
    return lambda headers: [*((n, v) for n, v in headers if n != name), (name, value)]


def _more(*headers: tuple[str, bytes | None]) -> Callable[[list[tuple[str, bytes | None]]], Any]:
    return lambda before: [*before, *headers]


SIZES = [
    _raw("a megabyte", TEXT[:-1] + b" " * 1_000_000 + b"}", "too-large"),
    _raw("one byte too many", TEXT[:-1] + b" " * (65_537 - len(TEXT)) + b"}", "too-large"),
    Wrong("headers of 9 kB", CRM, _headers(GOOD, *STRUCTURED, ("x", b"a" * 9_000)), "too-large", None),
    Wrong("a header name of 9 kB", CRM, _headers(GOOD, *STRUCTURED, ("x" * 9_000, None)), "too-large", None),
    Wrong("headers of many-byte names", CRM, _headers(GOOD, *STRUCTURED, ("ä" * 4_200, b"")), "too-large", None),
    Wrong("a million small headers", CRM, _headers(GOOD, *STRUCTURED, *[("a", b"b")] * 5_000), "too-large", None),
    Wrong("too large in structured mode", CRM, with_bytes(BINARY, FULL), "too-large", None),
    Wrong("null", CRM, with_bytes(GOOD, None), "empty", None),
    Wrong("null on the outcomes", OUTCOMES, with_bytes(GOOD, None), "empty", None),
    Wrong("no byte", CRM, with_bytes(GOOD, b""), "empty", None),
    Wrong("no byte where a null would be a tombstone", DIRECTORY, with_bytes(GOOD, b""), "empty", None),
]

NOT_JSON = [
    _raw("words", b"Hei maailma, tervetuloa", "not-json"),
    _raw("blanks", b"   \n ", "not-json"),
    _raw("an unfinished object", TEXT[:-1], "not-json"),
    _raw("something behind the object", TEXT + b"x", "not-json"),
    _raw("two objects", TEXT + TEXT, "not-json"),
    _raw("a comma too many", TEXT[:-1] + b",}", "not-json"),
    _raw("single quotes", TEXT.replace(b'"', b"'"), "not-json"),
    _raw("a comment", b"/* visit */" + TEXT, "not-json"),
    _raw("a batch", b"[" + TEXT + b"]", "not-json"),
    _raw("a text", b'"Esimerkki"', "not-json"),
    _raw("a number", b"12345", "not-json"),
    _raw("null in letters", b"null", "not-json"),
    _raw("true", b"true", "not-json"),
    _raw("a byte order mark", b"\xef\xbb\xbf" + TEXT, "not-json"),
    _raw("UTF-16", TEXT.decode().encode("utf-16"), "not-json"),
    _raw("Latin-1", _inside("lisätieto".encode("latin-1"), b"1"), "not-json"),
    _raw("Latin-1 in a value", _inside(b"extra", '"Lempäälä"'.encode("latin-1")), "not-json"),
    _raw("an encoded surrogate", _inside(b"extra", b'"\xed\xa0\x80"'), "not-json"),
    _raw("an overlong zero", _inside(b"extra", b'"\xc0\x80"'), "not-json"),
    _raw("a lone surrogate", _inside(b"extra", b'"\\ud83d"'), "not-json"),
    _raw("a lone second surrogate", _inside(b"extra", b'"\\udc00"'), "not-json"),
    _raw("NaN", _inside(b"extra", b"NaN"), "not-json"),
    _raw("Infinity", _inside(b"extra", b"Infinity"), "not-json"),
    _raw("-Infinity", _inside(b"extra", b"-Infinity"), "not-json"),
    _raw("NaN deep in an attribute", TEXT[:-1] + b',"extra":[{"a":NaN}]}', "not-json"),
    _raw("a raw control character", _inside(b"extra", b'"a\x01b"'), "not-json"),
    _raw("a raw line feed in a text", _inside(b"extra", b'"a\nb"'), "not-json"),
    _raw("a wrong escape", _inside(b"extra", b'"\\x41"'), "not-json"),
    _raw("a leading zero", _inside(b"extra", b"0123"), "not-json"),
    _raw("a plus sign", _inside(b"extra", b"+1"), "not-json"),
    _raw("a hexadecimal number", _inside(b"extra", b"0x1F"), "not-json"),
    _raw("a number of 50,000 digits", _inside(b"extra", b"1" * 50_000), "not-json"),
    _raw("33 levels", _inside(b"extra", _nested(31)), "not-json"),
    _raw("199 levels", _inside(b"extra", _nested(199)), "not-json"),
    _raw("30,000 open brackets", b"[" * 30_000, "not-json"),
    _raw("10,000 levels", _nested(10_000), "not-json"),
    _raw("10,000 levels in an attribute", TEXT[:-1] + b',"extra":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "not-json"),
    Wrong(
        "33 levels in binary mode", CRM, with_bytes(BINARY, DATA[:-1] + b',"x":' + _nested(32) + b"}"), "not-json", None
    ),
    Wrong("binary mode with a list", CRM, with_bytes(BINARY, b"[1]"), "not-json", None),
    Wrong(
        "binary mode that breaks out of data",
        CRM,
        with_bytes(BINARY, b'{},"time":"2000-01-01T00:00:00Z"'),
        "not-json",
        None,
    ),
]

MODE = [
    Wrong("no header", CRM, _headers(GOOD), "not-cloudevents", "/specversion"),
    Wrong("a null content-type", CRM, _headers(GOOD, ("content-type", None)), "not-cloudevents", "/specversion"),
    Wrong("only JSON", CRM, _headers(GOOD, ("content-type", b"application/json")), "not-cloudevents", "/specversion"),
    Wrong(
        "Content-Type in capitals",
        CRM,
        _headers(GOOD, ("Content-Type", STRUCTURED[0][1])),
        "not-cloudevents",
        "/specversion",
    ),
    Wrong("content-type twice", CRM, _headers(GOOD, *STRUCTURED, *STRUCTURED), "not-cloudevents", None),
    Wrong(
        "structured and JSON",
        CRM,
        _headers(GOOD, *STRUCTURED, ("content-type", b"application/json")),
        "not-cloudevents",
        None,
    ),
    Wrong(
        "a batch's type",
        CRM,
        _headers(GOOD, ("content-type", b"application/cloudevents-batch+json")),
        "not-cloudevents",
        None,
    ),
    Wrong(
        "a batch's type in capitals",
        CRM,
        _headers(GOOD, ("content-type", b"Application/CloudEvents-Batch+JSON")),
        "not-cloudevents",
        None,
    ),
    _in_binary("binary mode with XML", _instead("content-type", b"text/xml"), "not-cloudevents", None),
    _in_binary(
        "binary mode with a content-type not UTF-8", _instead("content-type", b"\xff\xfe"), "not-cloudevents", None
    ),
    _in_binary("binary mode with an empty content-type", _instead("content-type", b""), "not-cloudevents", None),
    _in_binary("ce_id twice", _more(("ce_id", b"x")), "not-cloudevents", "/id"),
    _in_binary("ce_id twice, once null", _more(("ce_id", None)), "not-cloudevents", "/id"),
    _in_binary("another attribute twice", _more(("ce_color", b"1"), ("ce_color", b"2")), "not-cloudevents", None),
    _in_binary("ce_subject not UTF-8", _instead("ce_subject", b"\xff\xfe1234567-1"), "not-cloudevents", "/subject"),
    _in_binary("another attribute not UTF-8", _more(("ce_color", b"\xff")), "not-cloudevents", None),
    _in_binary("an attribute called data", _more(("ce_data", b"{}")), "not-cloudevents", "/data"),
    _in_binary("data_base64 in a header", _more(("ce_data_base64", b"e30=")), "not-cloudevents", "/data_base64"),
    _in_binary(
        "CE_ID in capitals", lambda h: [("CE_ID" if n == "ce_id" else n, v) for n, v in h], "not-cloudevents", "/id"
    ),
    _in_binary("ce_time left out", _without("ce_time"), "not-cloudevents", "/time"),
    _in_binary("ce_specversion left out", _without("ce_specversion"), "not-cloudevents", "/specversion"),
    _in_binary("ce_source null", _instead("ce_source", None), "not-cloudevents", "/source"),
    _in_binary("ce_id in capitals", _instead("ce_id", UPPER.encode()), "not-cloudevents", "/id"),
    _in_binary("an empty ce_type", _instead("ce_type", b""), "not-cloudevents", "/type"),
]

ATTRIBUTES = [
    *(
        of_attribute(name, ..., "not-cloudevents", f"/{name}")
        for name in ("specversion", "id", "source", "type", "subject", "time", "data")
    ),
    *(
        of_attribute(name, None, "not-cloudevents", f"/{name}")
        for name in ("specversion", "id", "source", "type", "subject", "time", "data")
    ),
    *(
        of_attribute("specversion", value, "not-cloudevents", "/specversion")
        for value in ("0.3", "1.0.1", "1", 1.0, True, [])
    ),
    *(
        of_attribute("id", value, "not-cloudevents", "/id")
        for value in (
            UPPER,
            "",
            "17",
            17,
            "2f95f108decf4b778411388737b01e2c",
            "{2f95f108-decf-4b77-8411-388737b01e2c}",
            "urn:uuid:2f95f108-decf-4b77-8411-388737b01e2c",
            "2f95f108-decf-4b77-8411-388737b01e2c\n",
            {"a": 1},
        )
    ),
    *(
        of_attribute("source", value, "not-cloudevents", "/source")
        for value in ("", 5, ["/business-tampere/crm"], True)
    ),
    *(of_attribute("type", value, "not-cloudevents", "/type") for value in ("", 5, ["x"], {})),
    *(of_attribute("subject", value, "not-cloudevents", "/subject") for value in ("", 1234567, [])),
    *(
        of_attribute("time", value, "not-cloudevents", "/time")
        for value in (
            "",
            1772435700,
            "2026-03-02",
            "2026-03-02T09:15:00",
            "2026-03-02 09:15:00Z",
            "2026-03-02t09:15:00z",
            "2026-03-02T09:15Z",
            "2026-03-02T09:15:00+02",
            "2026-03-02T09:15:00+0200",
            "2026-03-02T09:15:00.Z",
            "2026-03-02T09:15:00.1234567890Z",
            "2026-03-02T09:15:00,5Z",
            "2026-02-30T09:15:00Z",
            "2026-13-01T09:15:00Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T09:60:00Z",
            "2026-03-02T23:59:60Z",
            "2026-03-02T09:15:00+24:00",
            "2026-03-02T09:15:00+05:60",
            "1999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+14:00",
            "+2026-03-02T09:15:00Z",
            "2026-W10-1T09:15:00Z",
            "20260302T091500Z",
            " 2026-03-02T09:15:00Z",
            "2026-03-02T09:15:00Z ",
            "2026-03-02T09:15:00Z\n",
            "٢٠٢٦-03-02T09:15:00Z",
            "2026-03-02T09:15:00−02:00",
        )
    ),
    *(
        of_attribute("datacontenttype", value, "not-cloudevents", "/datacontenttype")
        for value in ("text/plain", "application/xml", "application/json; a=b", "", 1)
    ),
    *(
        of_attribute("dataschema", value, "not-cloudevents", "/dataschema")
        for value in ("", "a b", "x" * 201, 7, "skeema ä")
    ),
    *(of_attribute("partitionkey", value, "not-cloudevents", "/partitionkey") for value in ("", 1, [])),
    *(
        of_attribute(name, value, "not-cloudevents", f"/{name}")
        for name in ("correlationid", "causationid")
        for value in (UPPER, "", 1, "abc")
    ),
    *(of_attribute("data", value, "not-cloudevents", "/data") for value in ("{}", [], 1, True, [VISIT["data"]])),
    of_attribute("data_base64", "e30=", "not-cloudevents", "/data_base64"),
    of_attribute("data_base64", "", "not-cloudevents", "/data_base64"),
]

ENVELOPE: list[Wrong] = [*SIZES, *NOT_JSON, *MODE, *ATTRIBUTES]

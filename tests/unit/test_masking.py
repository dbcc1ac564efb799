"""A dead letter is shown without anybody's data, and can be corrected all the same."""

import json
from pathlib import Path

import pytest

from chassis.decisions import Refused
from chassis.masking import corrected, masked, shown_headers, shown_key
from contracts.envelope import type_of
from contracts.topics import TOPICS

EXAMPLES = sorted(Path(__file__).parents[2].glob("contracts/examples/*.json"))
NAME, PHONE = "Aino Esimerkki", "+358415550123"
INTAKE = "shared.from-lempaalan-kehitys-crm.v1"


def places(kind):
    return [t.name for t in TOPICS.values() if kind in {type_of(m) for m in t.models}]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_event_is_shown_masked_and_comes_back_as_it_was(file):
    value = file.read_bytes()
    event = json.loads(value)
    for topic in places(event["type"]):
        shown = masked(topic, value)
        assert shown.event_type == event["type"]
        assert shown.event_id == event["id"]
        assert json.loads(corrected(shown.text, value)) == event


def hostile(place):
    """A visit with a person's name somewhere."""
    event = {
        "specversion": "1.0", "id": "0192f0c4-0000-7000-8000-000000000001", "source": "/lempaalan-kehitys/crm",
        "type": "fi.yhdyspinta.CompanyVisitPlanned.v1", "subject": "1234567-1", "time": "2026-03-02T09:15:00+02:00",
        "data": {"business_id": "1234567-1", "municipality": "lempaala", "on": "2026-03-12", "purpose": "recruiting",
                 "organisations": ["lempaalan-kehitys"], "company_name": "Esimerkki Oy"}}
    target = event
    *way, last = place
    for step in way:
        target = target.setdefault(step, {})
    target[last] = NAME
    return event


@pytest.mark.parametrize("place", [
    ("id",), ("source",), ("type",), ("subject",), ("time",), ("new",), ("data", "municipality"), ("data", "on"),
    ("data", "company_name"), ("data", "contact", "deep", "name"), ("data", "business_id"), ("data",),
    ("dataschema",), ("correlationid",), ("specversion",), ("data", "purpose"), ("data", "organisations"),
], ids="/".join)
def test_a_name_is_masked_wherever_a_sender_put_it(place):
    shown = masked(INTAKE, json.dumps(hostile(place)).encode())
    assert "Aino" not in f"{shown.text} {shown.event_id} {shown.event_type}"


@pytest.mark.parametrize("value", ["aino-esimerkki", PHONE, "Aino", 358415550123, ["Aino"], {"Aino Esimerkki": 1}])
def test_what_only_looks_like_a_code_is_masked(value):
    event = hostile(("new",))
    event["data"]["municipality"] = value
    text = masked(INTAKE, json.dumps(event).encode()).text
    assert "ino" not in text.replace("nothing", "")
    assert "41555" not in text


def test_names_of_fields_are_masked_too():
    text = masked(INTAKE, json.dumps({NAME: 1, "data": {PHONE: {"x": 2}}}).encode()).text
    assert "Aino" not in text
    assert "41555" not in text


def test_what_is_no_json_object_is_not_shown():
    for value in (b"no json Aino", b"[1]", b"\xff", b"", None, b'"Aino"', b"[" * 100_000):
        assert masked(INTAKE, value).text is None


def test_keys_and_headers_are_shown_where_they_are_ids():
    assert shown_key(b"1234567-1") == "1234567-1"
    assert shown_key(b"/lempaala/party") == "/lempaala/party"
    assert shown_key(None) == "–"
    assert "Aino" not in shown_key(NAME.encode()) + shown_key(b"/aino/esimerkki")
    headers = ((NAME, b"x"), ("ce_id", NAME.encode()), ("content-type", NAME.encode()), ("traceparent", b"Aino"),
               ("ce_source", b"/lempaala/party"), ("x", None))
    shown = shown_headers(headers)
    assert ("ce_source", "/lempaala/party") in shown
    assert "Aino" not in str(shown)


def test_one_value_is_corrected_and_the_masked_rest_stays():
    event = hostile(("new",))
    event["data"]["municipality"] = "lempälä"
    value = json.dumps(event).encode()
    text = masked(INTAKE, value).text
    shown = json.loads(text)
    shown["data"]["municipality"] = "lempaala"
    done = json.loads(corrected(json.dumps(shown), value))
    assert done == {**event, "data": {**event["data"], "municipality": "lempaala"}}


@pytest.mark.parametrize(("text", "code"), [
    ("{", "not-json"), ("[1]", "not-json"), ('{"a": NaN}', "not-json"), ("", "not-json"),
    ('{"a": "‹masked 999: text, 3 characters›"}', "mask-unknown"),
])
def test_what_can_not_be_a_correction_says_why(text, code):
    with pytest.raises(Refused) as no:
        corrected(text, b'{"a": 1}')
    assert no.value.refusal.code == code
    assert no.value.refusal.in_finnish()

"""What is taken, and how it is passed on and known again."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from contracts.envelope import Event, fingerprint, to_bytes
from contracts.topics import TOPICS
from tests.contract.attacks_on_envelopes import (
    CRM,
    DATA,
    FEEDBACK,
    OUTCOMES,
    PARTY,
    RESULTS,
    TEXT,
    VISIT,
)
from tests.contract.examples import (
    LATER,
    STRUCTURED,
    binary,
    example,
    just_after,
    refused,
    structured,
    taken,
)


@pytest.mark.parametrize("content_type", [
    b"application/cloudevents+json", b"application/cloudevents+json; charset=UTF-8", b"Application/CloudEvents+JSON",
    b"application/cloudevents", b"application/cloudevents+json;charset=utf-8;x=1",
])
def test_structured_mode_is_known_by_how_its_content_type_begins(content_type: bytes) -> None:
    assert taken(CRM, (b"1234567-1", TEXT, [("content-type", content_type)])).id == VISIT["id"]


@pytest.mark.parametrize("content_type", [
    [], [("content-type", None)], [("content-type", b"application/json")],
    [("content-type", b"application/json; charset=utf-8")], [("content-type", b"Application/JSON")],
])
def test_binary_mode_needs_no_content_type(content_type: list[tuple[str, bytes | None]]) -> None:
    key, value, headers = binary(VISIT)
    event = taken(CRM, (key, value, [*content_type, *headers[1:]]))
    assert orjson.loads(to_bytes(event)) == VISIT


def test_both_modes_give_the_same_event() -> None:
    one, other = taken(CRM, structured(VISIT)), taken(CRM, binary(VISIT))
    assert one._replace(received=None, structured=True) == other._replace(received=None, structured=True)
    assert to_bytes(one) == to_bytes(other)
    assert fingerprint(one) == fingerprint(other)


def test_other_headers_never_matter() -> None:
    odd: list[tuple[str, bytes | None]] = [
        ("traceparent", b"\xff\xfe"), ("x", None), ("x", b"1"), ("CE_ID", b"\xff"), ("ce_id", b"no uuid"),
        ("ce_data", b"{}"), ("Ünicode", b""),
    ]
    assert taken(CRM, (b"1234567-1", TEXT, [*STRUCTURED, *odd])).id == VISIT["id"]
    key, value, headers = binary(VISIT)
    extra = [header for header in odd if not header[0].startswith("ce_")]
    assert taken(CRM, (key, value, [*headers, *extra, ("ce_color", b"blue"), ("ce_data", None)])).id == VISIT["id"]


def test_a_record_as_large_as_allowed_is_taken() -> None:
    assert taken(CRM, (b"1234567-1", TEXT[:-1] + b" " * (65_536 - len(TEXT)) + b"}", STRUCTURED)).id == VISIT["id"]
    room = 8_192 - len("content-type") - len(b"application/cloudevents+json") - 1
    assert taken(CRM, (b"1234567-1", TEXT, [*STRUCTURED, ("x", b"y" * room)])).id == VISIT["id"]


def test_thirty_two_levels_are_taken() -> None:
    value = TEXT[:-2] + b',"extra":' + b"[" * 30 + b"]" * 30 + b"}}"
    assert taken(CRM, (b"1234567-1", value, STRUCTURED)).id == VISIT["id"]
    in_binary = DATA[:-1] + b',"extra":' + b"[" * 31 + b"]" * 31 + b"}"
    assert taken(CRM, (b"1234567-1", in_binary, binary(VISIT)[2])).id == VISIT["id"]


def test_many_flat_objects_are_not_deep() -> None:
    value = TEXT[:-2] + b',"extra":[' + b",".join([b"{}"] * 500) + b"]}}"
    assert taken(CRM, (b"1234567-1", value, STRUCTURED)).id == VISIT["id"]


def test_words_that_look_like_no_number_are_taken_within_texts() -> None:
    event = VISIT | {"data": VISIT["data"] | {"company_name": "NaN Infinity Oy"}}
    assert taken(CRM, structured(event)).data.company_name == "NaN Infinity Oy"


def test_of_a_name_twice_the_last_counts() -> None:
    for first, then in ((b'"id":"x",', TEXT), (b'"type":"y",', TEXT), (b'"data":{"business_id":1},', TEXT)):
        assert taken(CRM, (b"1234567-1", b"{" + first + then[1:], STRUCTURED)).id == VISIT["id"]
    refusal = refused(CRM, (b"1234567-1", TEXT[:-1] + b',"id":"x"}', STRUCTURED))
    assert (refusal.reason, refusal.field, refusal.event_id) == ("not-cloudevents", "/id", None)
    value = DATA[:-1] + b',"on":"2026-03-20"}'
    event = taken(CRM, (b"1234567-1", value, binary(VISIT)[2]))
    assert event.data.on.isoformat() == "2026-03-20"
    assert orjson.loads(to_bytes(event))["data"]["on"] == "2026-03-20"


@pytest.mark.parametrize("spelled", [
    "2026-03-02T09:15:00+02:00", "2026-03-02T07:15:00Z", "2026-03-02T07:15:00.5Z", "2026-03-02T07:15:00.123456789Z",
    "2026-03-02T07:15:00.000Z", "2026-03-02T07:15:00-00:00", "2026-03-02T07:25:00Z", "2000-01-01T00:00:00Z",
    "2026-03-02T12:45:00.1+05:30", "2026-03-02T09:15:00.100000000+02:00",
])
def test_a_time_is_published_as_it_was_received(spelled: str) -> None:
    event = taken(CRM, structured(VISIT | {"time": spelled}))
    assert event.spelled == spelled
    assert event.time == datetime.fromisoformat(spelled)
    assert event.time.tzinfo is UTC
    assert orjson.loads(to_bytes(event))["time"] == spelled


def test_five_minutes_ahead_is_the_limit() -> None:
    at = datetime(2026, 3, 2, 7, 15, tzinfo=UTC)
    assert taken(CRM, structured(VISIT), at - timedelta(minutes=5)).time == at
    assert refused(CRM, structured(VISIT), at - timedelta(minutes=5, microseconds=1)).reason == "time-ahead"
    there = (at - timedelta(minutes=5)).astimezone(timezone(timedelta(hours=9)))
    assert taken(CRM, structured(VISIT), there).time == at


def test_a_null_attribute_counts_as_absent() -> None:
    optional = ("partitionkey", "dataschema", "datacontenttype", "correlationid", "causationid", "data_base64")
    nothing = dict.fromkeys(optional)
    event = taken(CRM, structured(VISIT | nothing))
    assert (event.correlationid, event.causationid) == (None, None)
    case = example("CaseOpened")
    assert taken(PARTY, structured(case | nothing | {"color": None}), LATER).id == case["id"]
    feedback = example("FeedbackSubmitted")
    assert taken(FEEDBACK, structured(feedback | nothing | {"color": None}), LATER).id == feedback["id"]


def test_attributes_that_are_not_passed_on() -> None:
    more = {"partitionkey": "1234567-1", "datacontenttype": "application/json", "dataschema": "urn:x", "color": "blue"}
    event = taken(CRM, structured(VISIT | more))
    assert orjson.loads(to_bytes(event)) == VISIT
    assert taken(CRM, binary(VISIT | more)).id == VISIT["id"]


def test_the_flow_is_passed_on_where_it_may_be() -> None:
    flow = {"correlationid": VISIT["id"], "causationid": VISIT["data"]["visit_id"]}
    event = taken(CRM, structured(VISIT | flow))
    assert (event.correlationid, event.causationid) == (flow["correlationid"], flow["causationid"])
    assert orjson.loads(to_bytes(event)) == VISIT | flow


def test_unknown_fields_and_nulls_are_not_passed_on_where_they_are_ignored() -> None:
    made = example("CompanyVisitMade")
    event = taken(CRM, structured(made | {"data": made["data"] | {"note": "salainen", "company_name": None}}), LATER)
    expected = {name: value for name, value in made["data"].items() if name != "company_name"}
    assert orjson.loads(to_bytes(event))["data"] == expected
    assert b"salainen" not in to_bytes(event)


def test_numbers_and_moments_are_passed_on_equal_as_json() -> None:
    case = example("CaseOpened")
    case["data"]["opened_at"] = "2026-03-03T08:00:00.120000000+02:00"
    assert orjson.loads(to_bytes(taken(PARTY, structured(case), LATER))) == case
    figure = example("FigurePublished")
    figure |= {"subject": "services:2026-Q1:outcome-share:service=coaching"}
    figure["data"] |= {"value": None, "suppressed": True, "dimensions": {"service": "coaching"}}
    event = taken(TOPICS["shared.figures.v1"], structured(figure), LATER)
    assert orjson.loads(to_bytes(event)) == figure
    assert orjson.loads(to_bytes(event._replace(received=None)))["data"] == figure["data"]


def test_a_minus_zero_is_the_count_nought() -> None:
    value = orjson.dumps(example("TetAgreed")).replace(b'"days":3', b'"days":-0')
    event = taken(PARTY, (example("TetAgreed")["subject"].encode(), value, STRUCTURED), LATER)
    assert event.data.days == 0


def test_names_of_companies_with_numbers_that_are_no_ones_own() -> None:
    for name in ("Esimerkki 2000 Oy", "Asunto Oy Esimerkkikatu 12-14", "Yritys 1234567-1", "Kiinteistö 0116300-4 Oy",
                 "Rakennus 24/7", "Åke & Söner Ab", "Café 100 %", "R@nta Oy", "3 x 365 Oy", "Ravintola 33100 Tampere"):
        event = VISIT | {"data": VISIT["data"] | {"company_name": name}}
        assert taken(CRM, structured(event)).data.company_name == name


def test_a_text_as_long_as_allowed_counts_code_points() -> None:
    event = VISIT | {"data": VISIT["data"] | {"company_name": "ä" * 200}}
    assert taken(CRM, structured(event)).data.company_name == "ä" * 200
    feedback = example("FeedbackSubmitted")
    feedback["data"]["text"] = "😀" * 3_999 + "\n"
    assert len(taken(FEEDBACK, structured(feedback), LATER).data.text) == 4_000


# --- repeats


@pytest.mark.parametrize("change", [
    {"time": "2026-03-02T07:15:00Z"}, {"time": "2026-03-02T07:15:00.000000000+00:00"}, {"correlationid": VISIT["id"]},
    {"dataschema": "urn:x"}, {"partitionkey": "1234567-1"}, {"data": dict(reversed(VISIT["data"].items()))},
    {"data": VISIT["data"] | {"note": "not known"}},
])
def test_a_repeat_equals_whatever_else_differs(change: dict[str, Any]) -> None:
    assert fingerprint(taken(CRM, structured(VISIT | change))) == fingerprint(taken(CRM, structured(VISIT)))


@pytest.mark.parametrize("change", [
    {"time": "2026-03-02T07:15:00.000000001Z"}, {"data": VISIT["data"] | {"on": "2026-03-13"}},
    {"data": VISIT["data"] | {"organisations": ["business-tampere", "lempaalan-kehitys"]}},
])
def test_other_content_is_no_repeat(change: dict[str, Any]) -> None:
    assert fingerprint(taken(CRM, structured(VISIT | change))) != fingerprint(taken(CRM, structured(VISIT)))


def test_a_repeat_is_known_by_its_data_as_json() -> None:
    case = example("CaseOpened")
    other = case | {"data": case["data"] | {"opened_at": "2026-03-03T06:00:00Z"}}
    assert fingerprint(taken(PARTY, structured(case), LATER)) != fingerprint(taken(PARTY, structured(other), LATER))
    results = example("ResultsReported")
    one = orjson.dumps(results).replace(b":912,", b":912.0,")
    key = results["subject"].encode()
    assert fingerprint(taken(RESULTS, (key, one, STRUCTURED), LATER)) == (
        fingerprint(taken(RESULTS, structured(results), LATER))
    )


def test_an_event_shows_nothing_of_its_data() -> None:
    event = taken(CRM, structured(VISIT))
    assert "Esimerkki" not in f"{event!r} {event}"


def test_an_event_that_is_ours_is_read_as_it_was_written() -> None:
    began = example("ServiceBegan")
    event = taken(OUTCOMES, structured(began), just_after(began))
    written = to_bytes(Event(event.id, event.source, event.type, event.subject, event.time, event.data))
    assert orjson.loads(written) == began

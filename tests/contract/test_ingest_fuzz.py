"""Whatever comes, the intake check gives an event or a refusal, and the same by either of its ways."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from contracts import ingest
from contracts.envelope import Event, to_bytes
from contracts.refusals import REASONS, Refusal
from contracts.registry import Topic
from contracts.schema import models, schema_of
from contracts.topics import TOPICS, accepted_sources
from tests.contract.examples import STRUCTURED, Record, binary, example, structured, topics_for

NOW = datetime(2027, 1, 1, tzinfo=UTC)
MARK = "Zalainenx7"
"""What no refusal may repeat."""

WITH_EVENTS = [topic for topic in TOPICS.values() if topic.models]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just(MARK), st.just(2**70),
    st.sampled_from(["2026-03-02", "2026-03-02T09:15:00Z", "lempaala", "2f95f108-decf-4b77-8411-388737b01e2c", -0.0]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
HEADERS = st.lists(st.tuples(
    st.one_of(st.sampled_from(["content-type", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_data",
                               "ce_specversion", "CE_ID", "traceparent"]), st.text(max_size=10)),
    st.one_of(st.none(), st.binary(max_size=20), st.just(b"application/cloudevents+json"), st.just(b"1.0")),
), max_size=6)


def outcome(topic: Topic, record: Record) -> Event[Any] | Refusal | None:
    """What the check says of a record; any other fault fails the test."""
    found: Event[Any] | Refusal | None
    try:
        found = ingest.read(topic, *record, NOW)
    except Refusal as refusal:
        found = refusal
    assert not isinstance(found, Refusal) or found.reason in REASONS
    return found


@cache
def validator(name: str) -> Draft202012Validator:
    model = next(model for model in models().values() if model.__name__ == name)
    return Draft202012Validator(schema_of(model), format_checker=FormatChecker())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WITH_EVENTS), st.none() | st.binary(max_size=60), st.none() | st.binary(max_size=300), HEADERS)
def test_any_bytes_are_judged(topic: Topic, key: bytes | None, value: bytes | None, headers: list[Any]) -> None:
    outcome(topic, (key, value, headers))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WITH_EVENTS), JSON, st.sampled_from([structured, binary]))
def test_any_json_is_judged(topic: Topic, value: Any, mode: Any) -> None:
    headers = mode(example(topic.models[0].__name__))[2]
    outcome(topic, (b"x", dumped(value), headers))


def dumped(event: Any) -> bytes:
    """As JSON, integers of any size and lone surrogates too."""
    return json.dumps(event).encode()


@st.composite
def changed_examples(draw: st.DrawFn) -> tuple[Topic, dict[str, Any]]:
    """A golden example with one thing in it changed, left out or added, on a topic that has such events."""
    topic = draw(st.sampled_from(WITH_EVENTS))
    event = example(draw(st.sampled_from(topic.models)).__name__)
    if draw(st.booleans()):
        event["source"] = draw(st.sampled_from(sorted(accepted_sources(topic))))
    place: Any = event
    while True:
        name = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[name], dict | list) and place[name] and draw(st.integers(0, 3)):
            place = place[name]
            continue
        break
    act = draw(st.sampled_from(["change", "leave out", "add"]))
    if act == "leave out":
        del place[name]
    elif act == "change":
        place[name] = draw(JSON)
    elif isinstance(place, dict):
        place[draw(st.one_of(st.just(MARK), st.text(max_size=10)))] = draw(JSON)
    else:
        place.append(draw(JSON))
    return topic, event


@settings(max_examples=600, deadline=None)
@given(changed_examples())
def test_a_changed_example_is_taken_or_refused_without_a_word_of_it(changed: tuple[Topic, dict[str, Any]]) -> None:
    topic, event = changed
    value = dumped(event)
    subject = event.get("subject")
    key = subject.encode(errors="surrogatepass") if isinstance(subject, str) else b"x"
    found = outcome(topic, (key, value, STRUCTURED))
    if isinstance(found, Refusal):
        told = f"{found.sentence_en} {found.sentence_fi} {found.field} {found.event_id}"
        assert MARK not in told
        assert found.field is None or found.field.isascii()
    elif found is not None:
        name = found.type.split(".")[2]
        assert validator(name).is_valid(json.loads(value)), "the schema is stricter than the check"


@settings(max_examples=600, deadline=None)
@given(changed_examples())
def test_both_ways_of_the_check_agree(changed: tuple[Topic, dict[str, Any]]) -> None:
    topic, event = changed
    value, subject = dumped(event), event.get("subject")
    key = subject.encode(errors="surrogatepass") if isinstance(subject, str) else b"x"
    reader = ingest._reader(topic)
    at_once = ingest._at_once(reader, key, value, STRUCTURED, NOW)
    try:
        slowly: Event[Any] | None = ingest._piece_by_piece(reader, key, value, STRUCTURED, NOW)
    except Refusal:
        slowly = None
    if at_once is not None:
        assert at_once == slowly
        assert orjson.loads(to_bytes(at_once)) == orjson.loads(to_bytes(at_once._replace(structured=True)))
    elif slowly is not None:
        looks_odd = None in event.values() or b"NaN" in value or b"Infinity" in value
        assert looks_odd, "what is in order is taken at once"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(models())), st.data())
def test_a_cut_or_damaged_record_is_judged(name: str, data: st.DataObject) -> None:
    event = example(models()[name].__name__)
    topic = topics_for(models()[name], event["source"])[0]
    key, value, headers = data.draw(st.sampled_from([structured, binary]))(event)
    assert value is not None
    at = data.draw(st.integers(0, len(value) - 1))
    damaged = value[:at] + data.draw(st.binary(max_size=4)) + value[at + data.draw(st.integers(0, 3)):]
    outcome(topic, (key, damaged, headers))

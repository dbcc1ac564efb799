"""Every event has a golden example, and every reader takes it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from contracts import documents, ingest, plan
from contracts.envelope import Data, fingerprint, to_bytes, type_of
from contracts.schema import models, name_of, schema_of
from tests.contract.examples import Record, binary, example, just_after, structured, topics_for

MODELS = [pytest.param(model, id=name) for name, model in models().items()]


def test_there_is_an_example_of_every_event_and_of_nothing_else() -> None:
    found = {path.stem for path in (documents.FOLDER / "examples").iterdir()}
    assert found == set(models())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("mode", [structured, binary])
def test_an_example_is_taken_in_both_modes_on_each_of_its_topics(
    model: type[Data], mode: Callable[[dict[str, Any]], Record]
) -> None:
    event = example(model.__name__)
    topics = topics_for(model, event["source"])
    assert topics, "the example's source writes no topic that has the event"
    for topic in topics:
        read = ingest.read(topic, *mode(event), just_after(event))
        assert read is not None
        assert type(read.data) is model
        assert (read.id, read.source, read.subject, read.spelled) == (
            event["id"],
            event["source"],
            event["subject"],
            event["time"],
        )
        assert read.time == datetime.fromisoformat(event["time"])


@pytest.mark.parametrize("model", MODELS)
def test_what_was_read_is_published_again_unchanged(model: type[Data]) -> None:
    event = example(model.__name__)
    for topic in topics_for(model, event["source"]):
        for mode in (structured, binary):
            read = ingest.read(topic, *mode(event), just_after(event))
            assert read is not None
            assert orjson.loads(to_bytes(read)) == event


@pytest.mark.parametrize("model", MODELS)
def test_an_example_as_we_would_write_it_is_the_same_event(model: type[Data]) -> None:
    event = example(model.__name__)
    topic = topics_for(model, event["source"])[0]
    read = ingest.read(topic, *structured(event), just_after(event))
    assert read is not None
    written = to_bytes(read._replace(received=None, spelled=None))
    again = ingest.read(topic, read.subject.encode(), written, structured(event)[2], just_after(event))
    assert again is not None
    assert (again.data, again.time, again.type) == (read.data, read.time, type_of(model))


@pytest.mark.parametrize("model", MODELS)
def test_an_example_fits_its_schema(model: type[Data]) -> None:
    validator = Draft202012Validator(schema_of(model), format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(example(model.__name__))] == []


@pytest.mark.parametrize("model", MODELS)
def test_the_plan_knows_every_code_of_an_example(model: type[Data]) -> None:
    event = example(model.__name__)
    topic = topics_for(model, event["source"])[0]
    read = ingest.read(topic, *structured(event), just_after(event))
    assert read is not None
    ingest.check_codes(read, plan.on(read.time.date()))


def test_the_page_of_the_contract_shows_the_example_of_a_planned_visit() -> None:
    event = example("CompanyVisitPlanned")
    assert event["data"]["purpose"] == "recruiting"
    assert event["time"] == "2026-03-02T09:15:00+02:00"


def test_fingerprints_of_two_examples_differ() -> None:
    marks = set()
    for name, model in models().items():
        event = example(model.__name__)
        read = ingest.read(topics_for(model, event["source"])[0], *structured(event), just_after(event))
        assert read is not None, name
        marks.add(fingerprint(read))
    assert len(marks) == len(models())
    assert {name_of(model) for model in models().values()} == set(models())

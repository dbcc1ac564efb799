"""What other systems may send, and what they are told when it is not that."""

import json
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from contracts import documents, ingest, plan
from contracts.refusals import REASONS, Refusal
from contracts.registry import Topic
from contracts.schema import models, schema_of
from contracts.topics import TOPICS
from tests.contract.attacks import WRONG
from tests.contract.attacks_on_envelopes import (
    CRM,
    PARTY,
    RESULTS,
    UPPER,
    VISIT,
    VISITS,
    Wrong,
)
from tests.contract.examples import (
    LATER,
    NOW,
    STRUCTURED,
    Record,
    binary,
    example,
    refused,
    structured,
    taken,
)


def test_the_contracts_own_example_is_told_in_its_own_words() -> None:
    refusal = refused(CRM, structured(VISIT | {"data": VISIT["data"] | {"visit_id": UPPER}}))
    assert refusal.reason == "invalid"
    assert refusal.field == "/data/visit_id"
    assert refusal.sentence_en == "visit_id must be a UUID in lower case."
    assert refusal.sentence_fi == "Kentän visit_id on oltava UUID pienin kirjaimin."
    assert refusal.event_id == "019cad66-7df2-7131-9df2-6c3514000d8e"


@pytest.mark.parametrize("wrong", [pytest.param(wrong, id=f"{wrong.reason}: {wrong.name}") for wrong in WRONG])
def test_what_is_wrong_is_told_by_its_first_reason_and_field(wrong: Wrong) -> None:
    now = NOW if wrong.topic in (CRM, VISITS) else LATER
    refusal = refused(wrong.topic, wrong.record, now)
    assert (refusal.reason, refusal.field) == (wrong.reason, wrong.field)
    assert refusal.sentence_en.endswith(".")
    assert refusal.sentence_fi.endswith(".")
    assert len(refusal.sentence_en) <= 1000
    assert words_betrayed(wrong, refusal) == []


SAID = "".join(
    [json.dumps(schema_of(model)) for model in models().values()]
    + [(documents.FOLDER / f"{name}.py").read_text() for name in ("fields", "refusals", "attributes", "ingest")]
)
"""All that a refusal may say: names and lists of the schemas, and our own sentences."""


def words_betrayed(wrong: Wrong, refusal: Refusal) -> list[str]:
    """Words of the record that a refusal repeats."""
    key, value, headers = wrong.record
    parts = [key or b"", value or b"", *(content or b"" for _, content in headers)]
    text = b" ".join(part[:70_000] for part in parts).decode("utf-8", "replace")
    told = f"{refusal.sentence_en} {refusal.sentence_fi} {refusal.field}"
    words = set(re.findall(r"[^\s\"',:{}\[\]()<>]{4,}", text))
    return sorted(word for word in words if word in told and word not in SAID)


def test_every_reason_that_needs_no_database_is_among_the_attacks() -> None:
    without_database = REASONS[: REASONS.index("unknown-code")]
    assert {wrong.reason for wrong in WRONG} == set(without_database)
    assert len(WRONG) > 250


def test_a_schema_refuses_what_the_intake_check_refuses_as_invalid() -> None:
    by_type = {model.__name__: Draft202012Validator(schema_of(model), format_checker=FormatChecker())
               for model in models().values()}
    for wrong in WRONG:
        if wrong.reason not in ("invalid", "unknown-field", "personal-data") or wrong.record[2] != STRUCTURED:
            continue
        try:
            event = orjson.loads(wrong.record[1] or b"")
        except orjson.JSONDecodeError:
            event = json.loads(wrong.record[1] or b"")
        valid = by_type[event["type"].split(".")[2]].is_valid(event)
        assert valid == wrong.valid_by_schema or "fraction" in wrong.name, wrong.name


# --- whose events, which topics


def test_a_common_topic_takes_what_its_owner_publishes_again() -> None:
    assert taken(VISITS, structured(VISIT)).source == "/lempaalan-kehitys/crm"
    assert taken(VISITS, structured(VISIT | {"source": "/shared/leads"})).source == "/shared/leads"
    case = example("CaseOpened")
    assert taken(TOPICS["municipal.casework.v1"], structured(case), LATER).source == "/lempaala/party"


def test_a_topic_of_several_writers_takes_any_of_them() -> None:
    met, ledger = example("ObligationMet"), TOPICS["shared.obligations.v1"]
    for source in ("/shared/leads", "/municipal/feedback", "/shared/notify", "/shared/reporting"):
        assert taken(ledger, structured(met | {"source": source}), LATER).source == source
    refusal = refused(ledger, structured(met | {"source": "/municipal/coaching"}), LATER)
    assert refusal.reason == "not-the-writer"


@pytest.mark.parametrize("name", ["area.contact-details.v1", "shared.directory.v1"])
def test_a_null_value_is_a_tombstone_where_there_are_such(name: str) -> None:
    assert ingest.read(TOPICS[name], b"coach-02", None, [], NOW) is None


def test_no_other_topic_knows_tombstones() -> None:
    for topic in TOPICS.values():
        if not topic.tombstones:
            assert refused(topic, (b"coach-02", None, [])).reason == "empty"


def test_dead_letter_topics_take_no_events() -> None:
    letters = TOPICS["shared.leads-dead-letter.v1"]
    assert refused(letters, structured(VISIT | {"source": "/shared/leads"})).reason == "unknown-type"


# --- codes


def test_a_code_that_the_plan_lacks_is_told_by_its_field() -> None:
    event = taken(CRM, structured(VISIT | {"data": VISIT["data"] | {"purpose": "fishing"}}))
    with pytest.raises(Refusal) as found:
        ingest.check_codes(event, plan.on(event.time.date()))
    refusal = found.value
    assert (refusal.reason, refusal.field, refusal.event_id) == ("unknown-code", "/data/purpose", VISIT["id"])
    assert "fishing" not in f"{refusal} {refusal.sentence_fi}"
    assert refusal.sentence_en.startswith("purpose: ")


@pytest.mark.parametrize(("event", "topic", "data", "field"), [
    ("CompanyVisitPlanned", CRM, {"organisations": ["lempaala", "nokia"]}, "/data/organisations/1"),
    ("CompanyVisitPlanned", CRM, {"municipality": "nokia"}, "/data/municipality"),
    ("CompanyVisitMade", CRM, {"needs": ["labour", "luck"]}, "/data/needs/1"),
    ("CaseOpened", PARTY, {"service": "swimming"}, "/data/service"),
    ("ResultsReported", RESULTS, {"measures": {"happiness": 7}}, "/data/measures"),
])
def test_codes_in_lists_and_objects_are_looked_up_too(
    event: str, topic: Topic, data: dict[str, Any], field: str
) -> None:
    made = example(event)
    read = taken(topic, structured(made | {"data": made["data"] | data}), LATER)
    with pytest.raises(Refusal) as found:
        ingest.check_codes(read, plan.on(read.time.date()))
    assert (found.value.reason, found.value.field) == ("unknown-code", field)


@pytest.mark.parametrize("event", ["ObligationOpened", "NoticeSent"])
@pytest.mark.parametrize("mode", [structured, binary])
def test_a_case_is_told_of_on_the_municipal_side_alone(event: str, mode: Callable[[dict[str, Any]], Record]) -> None:
    made, case = example(event), example("CaseOpened")["subject"]
    of_case: dict[str, Any] = {"about_type": "case", "about_id": case}
    field = "/data/about_type"
    if event == "NoticeSent":
        of_case, field = {"about": [*made["data"]["about"], {"type": "case", "id": case}]}, "/data/about/1/type"
    made |= {"data": made["data"] | of_case, "source": "/shared/notify"}
    stream = "notices" if event == "NoticeSent" else "obligations"
    refusal = refused(TOPICS[f"shared.{stream}.v1"], mode(made), LATER)
    assert (refusal.reason, refusal.field) == ("invalid", field)
    writer = "/shared/notify" if event == "NoticeSent" else "/municipal/coaching"
    assert taken(TOPICS[f"municipal.{stream}.v1"], mode(made | {"source": writer}), LATER).subject == made["subject"]

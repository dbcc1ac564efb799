"""No free text where none may be, and a data class for every field."""

from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import Field

from contracts.envelope import Data
from contracts.fields import DataClass
from contracts.leaves import leaves
from contracts.schema import models, name_of, schema_of, topics_of

MAY_BE_FREE = {DataClass.COMPANY, DataClass.STAFF, DataClass.OPEN}
ALL_FREE_TEXT = {
    ("StaffListed.v1", "name"),
    ("FeedbackSubmitted.v1", "text"),
    ("CompanyVisitPlanned.v1", "company_name"),
    ("CompanyVisitMade.v1", "company_name"),
    ("EventRejected.v1", "sentence_en"),
    ("EventRejected.v1", "sentence_fi"),
}
"""All that anybody can write freely. A new one is a decision: first in the contract's page, then here."""


def free(schema: Any, path: str = "") -> Iterator[str]:
    """Where a schema admits a text that is neither patterned nor one of a list."""
    if isinstance(schema, list):
        for part in schema:
            yield from free(part, path)
    elif isinstance(schema, dict):
        kinds = schema.get("type", [])
        if "string" in ([kinds] if isinstance(kinds, str) else kinds) and not (
            schema.keys() & {"pattern", "enum", "const", "format"}
        ):
            yield path
        for name, part in schema.get("properties", {}).items():
            yield from free(part, f"{path}/{name}")
        for word in ("items", "propertyNames", "additionalProperties"):
            yield from free(schema.get(word), path)


@pytest.mark.parametrize("name", models())
def test_a_topic_with_personal_or_pseudonymous_data_has_no_free_text(name: str) -> None:
    model = models()[name]
    classes = {topic.data_class for topic in topics_of(model)}
    if classes <= MAY_BE_FREE or name == "FeedbackSubmitted.v1":
        return
    assert list(free(schema_of(model)["properties"]["data"])) == []
    assert [leaf.path for leaf in leaves(model) if leaf.free_text] == []


def test_all_free_text_is_known() -> None:
    found = {(name, leaf.path) for name, model in models().items() for leaf in leaves(model) if leaf.free_text}
    assert found == ALL_FREE_TEXT
    by_schema = {
        (name, path.removeprefix("/"))
        for name, model in models().items()
        for path in free(schema_of(model)["properties"]["data"])
    }
    assert by_schema == ALL_FREE_TEXT


def test_feedback_is_where_personal_data_may_be_and_its_topics_say_so() -> None:
    topics = topics_of(models()["FeedbackSubmitted.v1"])
    assert {topic.data_class for topic in topics} == {DataClass.PERSONAL}
    assert {topic.remark for topic in topics} == {"free text may hold personal data"}


def test_a_text_without_pattern_would_be_found() -> None:
    class Slipped(Data):
        KEY = "note"
        note: str
        listed: tuple[Annotated[str, Field(max_length=5)], ...]
        coded: Annotated[str, Field(pattern="^[a-z]$")]

    assert [leaf.path for leaf in leaves(Slipped) if leaf.free_text] == ["note", "listed/*"]


def test_envelopes_have_no_free_text() -> None:
    for name, model in models().items():
        envelope = {key: part for key, part in schema_of(model)["properties"].items() if key != "data"}
        assert list(free({"properties": envelope})) == [], name


def test_every_field_has_a_data_class_and_ids_of_persons_are_never_open() -> None:
    for name, model in models().items():
        for topic in topics_of(model):
            for leaf in leaves(model):
                data_class = leaf.data_class(topic.data_class)
                assert isinstance(data_class, DataClass)
                last = leaf.path.split("/")[-1]
                if last in ("client", "case_id", "spell_id", "referral_id", "consent_id"):
                    assert data_class is DataClass.PSEUDONYMOUS, (name, leaf.path)
                if last in ("coach", "case_manager", "owner", "holder", "staff_id", "convener", "recorded_by"):
                    assert data_class is DataClass.STAFF, (name, leaf.path)


def test_personal_data_are_sealed_details_and_feedback_alone() -> None:
    personal = {
        (name_of(model), leaf.path)
        for model in models().values()
        for leaf in leaves(model)
        if leaf.data_class(DataClass.OPEN) is DataClass.PERSONAL
    }
    assert personal == {("ContactDetailsSealed.v1", "jwe"), ("FeedbackSubmitted.v1", "text")}

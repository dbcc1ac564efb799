"""Schemas, list of codes and AsyncAPI document are what the code says, and other systems can use them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from contracts import asyncapi, documents, plan
from contracts.schema import models, schema_of
from contracts.topics import SERVICES, SYSTEMS, TOPICS


def test_the_files_are_what_the_code_says() -> None:
    assert documents.check() == []


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for the generated files."""
    made = tmp_path / "contracts"
    (made / "schemas").mkdir(parents=True)
    monkeypatch.setattr(documents, "FOLDER", made)
    return made


def test_what_differs_is_told_and_written_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert documents.main(["write"]) == 0
    assert documents.main(["check"]) == 0
    (folder / "schemas" / "CaseOpened.v1.json").write_text("{}")
    (folder / "schemas" / "CaseForgotten.v1.json").write_text("{}")
    (folder / "asyncapi.yaml").unlink()
    capsys.readouterr()
    assert documents.main(["check"]) == 1
    told = capsys.readouterr().out
    assert "contracts/schemas/CaseOpened.v1.json is not what the code says." in told
    assert "contracts/schemas/CaseForgotten.v1.json is of no event." in told
    assert "contracts/asyncapi.yaml is not what the code says." in told
    assert "Run `python -m contracts.documents write`" in told
    assert documents.main(["write"]) == 0
    assert documents.main(["check"]) == 0
    assert documents.main([]) == 2


@pytest.mark.parametrize("name", models())
def test_a_schema_is_sound(name: str) -> None:
    schema = schema_of(models()[name])
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == models()[name].__name__
    assert schema["description"]
    assert schema["x-topics"]
    for field in objects(schema["properties"]["data"]):
        assert set(field["required"]) <= set(field["properties"])


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An object's schema and those of all objects with fields in it."""
    if "properties" in schema:
        yield schema
        for part in schema["properties"].values():
            yield from objects(part)
    if "items" in schema:
        yield from objects(schema["items"])


def test_what_may_be_left_out_may_be_null_and_nothing_else_but_what_the_contract_says() -> None:
    nullable = {
        (name, field)
        for name, model in models().items()
        for part in objects(schema_of(model)["properties"]["data"])
        for field, kind in part["properties"].items()
        if field in part["required"] and ("null" in kind.get("type", []) or None in kind.get("enum", []))
    }
    assert nullable == {
        ("FigurePublished.v1", "value"),
        *(("ClientSituationReported.v1", count) for count in ("clients", "new_clients", "ended", "waiting")),
    }
    for name, model in models().items():
        for part in objects(schema_of(model)["properties"]["data"]):
            for field in part["properties"].keys() - set(part["required"]):
                kind = part["properties"][field]
                assert "null" in kind.get("type", []) or None in kind.get("enum", []), (name, field)


def test_schemas_are_closed_where_personal_or_pseudonymous_data_are() -> None:
    for model in models().values():
        schema = schema_of(model)
        closed = any(TOPICS[topic].refuses_unknown_fields for topic in schema["x-topics"])
        assert all(part["additionalProperties"] is not closed for part in objects(schema["properties"]["data"]))


# --- codes


def test_the_list_of_codes_is_complete() -> None:
    codes = documents.codes()
    assert codes["events"]["CompanyVisitPlanned.v1"] == {
        "/data/municipality": "municipality", "/data/organisation": "organisation",
        "/data/organisations/*": "organisation", "/data/purpose": "visit-purpose",
    }
    assert codes["events"]["ResultsReported.v1"]["/data/measures/{name}"] == "area-results"
    recruiting = codes["lists"]["visit-purpose"]["recruiting"]
    assert recruiting["plans"] == [one.year for one in plan.ALL if one.knows("visit-purpose", "recruiting")]
    assert recruiting["fi"]
    assert recruiting["en"]
    used = {name for fields in codes["events"].values() for name in fields.values()}
    assert used == set(codes["lists"])
    assert codes["years"]["2026"]["events_until"] == "2027-03-31"


def test_every_list_of_codes_is_one_of_every_plan() -> None:
    for name in documents.codes()["lists"]:
        for one in plan.ALL:
            assert one.codes[name], (name, one.year)


# --- AsyncAPI


DOCUMENT = asyncapi.document()


def test_every_topic_is_a_channel_with_its_events() -> None:
    assert set(DOCUMENT["channels"]) == set(TOPICS)
    for name, topic in TOPICS.items():
        channel = DOCUMENT["channels"][name]
        assert channel["address"] == name
        told = {message.split(".")[0] for message in channel["messages"]}
        assert {model.__name__ for model in topic.models} <= told
        assert ("Tombstone" in told) == topic.tombstones


def test_every_right_is_an_operation_and_nothing_else_is() -> None:
    told = {
        (operation["x-principal"], operation["action"], operation["channel"]["$ref"].removeprefix("#/channels/"))
        for operation in DOCUMENT["operations"].values()
    }
    rights = {(writer, "send", topic.name) for topic in TOPICS.values() for writer in topic.writers}
    rights |= {(reader, "receive", topic.name) for topic in TOPICS.values() for reader in topic.readers}
    assert told == {right for right in rights if right[0] in SERVICES or right[0] in SYSTEMS}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "$ref":
                yield part
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        if reference.startswith("#/"):
            place: Any = DOCUMENT
            for step in reference[2:].split("/"):
                place = place[step]
        else:
            assert (documents.FOLDER / reference).is_file()
    for message in DOCUMENT["components"]["messages"].values():
        if "x-example" in message:
            assert (documents.FOLDER / message["x-example"]).is_file()


def test_users_sign_in_by_scram_and_messages_have_keys() -> None:
    assert DOCUMENT["components"]["securitySchemes"]["scram"]["type"] == "scramSha512"
    assert DOCUMENT["servers"]["broker"]["security"] == [{"$ref": "#/components/securitySchemes/scram"}]
    messages = DOCUMENT["components"]["messages"]
    assert messages["CaseOpened.v1"]["bindings"]["kafka"]["key"]["description"] == "{case_id}"
    assert "traceparent" in messages["CaseOpened.v1"]["headers"]["properties"]
    assert "traceparent" not in messages["ServiceBegan.v1"]["headers"]["properties"]


def test_the_yaml_reads_as_it_was_meant() -> None:
    value = {"a": 1, "b-c": [], "d.e": {"f": [True, None, "yes"], "g": [{"h": "1.0", "i": [{"j": {}}]}]}, "": "x: #y\n"}
    assert asyncapi.yaml(value) == (
        'a: 1\nb-c: []\n"d.e":\n  f:\n    - true\n    - null\n    - "yes"\n  g:\n    - h: "1.0"\n      i:\n'
        '        - j: {}\n"": "x: #y\\n"\n'
    )


def test_schemas_are_json_for_everybody() -> None:
    for path in (documents.FOLDER / "schemas").glob("*.json"):
        assert orjson.loads(path.read_bytes())

"""The AsyncAPI document is one by AsyncAPI's own schema: `asyncapi-3.0.0.schema.json`, as the package `@asyncapi/specs`
6.11.1 has it (Apache-2.0), whose references are within it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator

from contracts import asyncapi

OFFICIAL = orjson.loads((Path(__file__).parent / "asyncapi-3.0.0.schema.json").read_bytes())


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    return Draft7Validator(OFFICIAL)


def test_the_document_is_valid(validator: Draft7Validator) -> None:
    assert [fault.message[:200] for fault in validator.iter_errors(asyncapi.document())] == []


@pytest.mark.parametrize(("place", "value"), [
    (("asyncapi",), "2.6.0"),
    (("info", "title"), None),
    (("channels", "shared.visits.v1", "address"), 5),
    (("channels", "shared.visits.v1", "bindings", "kafka", "partitions"), "three"),
    (("operations", "leads.send.shared.visits.v1", "action"), "shout"),
    (("servers", "broker", "host"), 9092),
])
def test_the_schema_finds_what_is_wrong(validator: Draft7Validator, place: tuple[str, ...], value: Any) -> None:
    document = deepcopy(asyncapi.document())
    part = document
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    assert not validator.is_valid(document)

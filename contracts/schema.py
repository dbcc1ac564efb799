"""JSON Schemas of the events (draft 2020-12), made from the models and the topic registry.

One schema an event, of its structured form, for systems that never saw this code. Annotations that start with
`x-` say what a schema can't: on which topics the event is, what its key is, whose data a field holds, of which list
of the plan its code is.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from contracts.attributes import ATTRIBUTES, HINTS
from contracts.envelope import Data, type_of
from contracts.fields import CodeList, DataClass, Meaning, Spelled
from contracts.leaves import Kind, fields_of, kind_of
from contracts.registry import Topic
from contracts.topics import TOPICS, accepted_sources

DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def name_of(model: type[Data]) -> str:
    """The name of an event's schema: `CompanyVisitPlanned.v1`."""
    return f"{model.__name__}.v{model.VERSION}"


def models() -> Mapping[str, type[Data]]:
    """Every event of every topic, by the name of its schema, in the order of the topics."""
    return {name_of(model): model for topic in TOPICS.values() for model in topic.models}


def topics_of(model: type[Data]) -> list[Topic]:
    """The topics on which an event may be."""
    return [topic for topic in TOPICS.values() if model in topic.models]


def schema_of(model: type[Data]) -> Schema:
    """The schema of an event with its envelope."""
    topics = topics_of(model)
    closed = any(topic.refuses_unknown_fields for topic in topics)
    properties = {name: _attribute(name, model, topics) for name in ATTRIBUTES}
    properties["data"] = _object(model, closed)
    return {
        "$schema": DRAFT,
        "$id": f"urn:yhdyspinta:{name_of(model)}",
        "title": model.__name__,
        "description": text_of(model),
        "x-topics": [topic.name for topic in topics],
        "x-key": key_of(model),
        "x-data-class": topics[0].data_class.value,
        "type": "object",
        "properties": properties,
        "required": [*(name for name, (required, _) in ATTRIBUTES.items() if required), "data"],
        "additionalProperties": {"type": "null"} if closed else True,
    }


def text_of(model: type[BaseModel]) -> str:
    """What a model's docstring says, in one line."""
    return " ".join((model.__doc__ or "").split())


def key_of(model: type[Data]) -> str:
    """How an event's key is made: `business_id`, or a pattern of fields of `data`."""
    return model.KEY if "{" in model.KEY else f"{{{model.KEY}}}"


def _attribute(name: str, model: type[Data], topics: Iterable[Topic]) -> Schema:
    if name == "type":
        return {"const": type_of(model)}
    if name == "source":
        return {"enum": sorted({source for topic in topics for source in accepted_sources(topic)})}
    if name in ("correlationid", "causationid") and any(topic.carries_no_trace for topic in topics):
        return {"type": "null", "description": "not on this topic: it could join an event to a person"}
    if name == "subject":
        return {
            "type": "string",
            "pattern": _key_pattern(model),
            "description": f"the record's key too: {key_of(model)}",
        }
    if name == "partitionkey":
        return {"type": ["string", "null"], "pattern": _key_pattern(model), "description": "equal to subject"}
    schema = _of(kind_of(HINTS[name]), True)
    return schema | ({"description": "not taken: data is a JSON object"} if name == "data_base64" else {})


def _key_pattern(model: type[Data]) -> str:
    """What an event's key looks like, from the patterns of the fields that it is made of."""
    fields = fields_of(model)

    def part(name: str) -> str:
        kind = fields.get(name)
        if kind is None or kind.names_and_values:
            return "[a-z0-9:=,-]*"
        if kind.closed:
            return "(" + "|".join(kind.closed) + ")"
        pattern: str = kind.limit("pattern") or "[0-9]{1,10}"
        return pattern.removeprefix("^").removesuffix("$")

    return f"^{re.sub('{([a-z_]+)}', lambda found: part(found[1]), key_of(model))}$"


def _object(model: type[BaseModel], closed: bool) -> Schema:
    extra = model.model_config.get("json_schema_extra")
    return {
        "type": "object",
        "properties": {name: _of(kind, closed) for name, kind in fields_of(model).items()},
        "required": [name for name, field in model.model_fields.items() if field.is_required()],
        "additionalProperties": not closed,
        **(extra if isinstance(extra, dict) else {}),
    }


def _of(kind: Kind, closed: bool) -> Schema:
    schema = _bare(kind, closed)
    if (meaning := kind.mark(Meaning)) is not None:
        schema["description"] = meaning.english.removeprefix("must be ")
    if (listed := kind.mark(CodeList)) is not None:
        schema["x-code-list"] = listed.name
    if (data_class := kind.mark(DataClass)) is not None:
        schema["x-data-class"] = data_class.value
    return _or_null(schema) if kind.nullable else schema


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        return schema | {"enum": [*schema["enum"], None]}
    if "const" in schema:
        return {"enum": [schema.pop("const"), None], **schema}
    if schema.get("type") == "null":
        return schema
    return schema | {"type": [schema["type"], "null"]}


def _bare(kind: Kind, closed: bool) -> Schema:
    if kind.model is not None:
        return _object(kind.model, closed)
    if kind.closed:
        return {"const": kind.closed[0]} if len(kind.closed) == 1 else {"enum": list(kind.closed)}
    if kind.item is not None:
        limits = {"minItems": kind.limit("min_length"), "maxItems": kind.limit("max_length")}
        return {"type": "array", "items": _of(kind_of(kind.item), closed), **_given(limits)}
    if kind.names_and_values:
        names, values = map(kind_of, kind.names_and_values)
        limits = {"minProperties": kind.limit("min_length")}
        return {
            "type": "object",
            "propertyNames": _of(names, closed),
            "additionalProperties": _of(values, closed),
            **_given(limits),
        }
    if kind.base is type(None):
        return {"type": "null"}
    if kind.base is bool:
        return {"type": "boolean"}
    if (spelled := kind.mark(Spelled)) is not None:
        return {"type": "string", "pattern": spelled.pattern, "format": spelled.format}
    if kind.base is str:
        limits = {"pattern": kind.limit("pattern")}
        lengths = {"minLength": kind.limit("min_length"), "maxLength": kind.limit("max_length")}
        return {"type": "string", **_given(limits), **_given(lengths)}
    number = kind if kind.base is int else kind_of(kind.base.__args__[0])
    limits = {"minimum": number.limit("ge"), "maximum": number.limit("le")}
    return {"type": "integer" if kind.base is int else "number", **_given(limits)}


def _given(limits: Mapping[str, Any]) -> Schema:
    return {name: limit for name, limit in limits.items() if limit is not None}

"""The AsyncAPI 3.0 document, made from the topic registry and the models.

Of each topic it says what lies on it, under which key, how long and whose data that is; of each of our services and
of each other system, what it sends and receives. The framework's own document would have neither keys nor headers,
and nothing of topics that no service of ours reads.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from contracts.envelope import CONTENT_TYPE, Data
from contracts.registry import Topic
from contracts.schema import key_of, models, name_of, text_of, topics_of
from contracts.topics import SERVICES, SYSTEMS, TOPICS, source_of

Document = dict[str, Any]

BINDING = "0.5.0"
"""Version of the Kafka bindings."""


def document() -> Document:
    """The whole document as plain data."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:yhdyspinta",
        "info": {
            "title": "Yhdyspinta",
            "version": "1.0.0",
            "description": (
                "Events between the employment area, the municipalities and their partners. CloudEvents 1.0, "
                "structured mode; on the topics that other systems write binary mode is taken too. The record's key "
                "is the event's subject. A value is at most 65,536 bytes, all headers 8,192."
            ),
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": {
                "host": "{bootstrap}",
                "protocol": "kafka-secure",
                "description": "SASL/SCRAM over TLS; the address is in the client file of each system.",
                "variables": {"bootstrap": {"default": "kafka.invalid:9093"}},
                "security": [{"$ref": "#/components/securitySchemes/scram"}],
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": dict(_operations()),
        "components": {"messages": _messages(), "securitySchemes": {"scram": _scram()}},
    }


def _scram() -> Document:
    return {"type": "scramSha512", "description": "User and password are in the client file of the system."}


def _channel(topic: Topic) -> Document:
    config = topic.config()
    settings: Document = {"cleanup.policy": config["cleanup.policy"].split(",")}
    settings |= {
        name: int(config[name])
        for name in ("retention.ms", "max.message.bytes", "delete.retention.ms")
        if name in config
    }
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Kept because: {topic.reason}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": settings,
                "bindingVersion": BINDING,
            }
        },
        "x-data-class": topic.data_class.value,
        **({"x-remark": topic.remark} if topic.remark else {}),
        "x-refuses-unknown-fields": topic.refuses_unknown_fields,
        "x-writers": list(topic.writers),
        "x-readers": list(topic.readers),
    }


def _message_names(topic: Topic) -> Iterator[str]:
    if topic.dead_letters:
        yield "DeadLetter"
    if topic.replays:
        yield "Replay"
    for model in topic.models:
        yield name_of(model)
    if topic.tombstones:
        yield "Tombstone"


def _operations() -> Iterator[tuple[str, Document]]:
    for principal in (*SERVICES, *SYSTEMS):
        for topic in TOPICS.values():
            for action, who in (("send", topic.writers), ("receive", topic.readers)):
                if principal in who:
                    yield f"{principal}.{action}.{topic.name}", _operation(principal, action, topic)


def _operation(principal: str, action: str, topic: Topic) -> Document:
    ours = principal in SERVICES
    binding: Document = {"clientId": {"type": "string", "const": principal}}
    if action == "receive":
        binding["groupId"] = {"type": "string", "pattern": f"^{principal}\\."}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"{principal if ours else source_of(principal)} {'writes' if action == 'send' else 'reads'} "
        f"{topic.name}",
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in _message_names(topic)],
        "bindings": {"kafka": {**binding, "bindingVersion": BINDING}},
        "x-principal": principal,
        "x-source": source_of(principal),
    }


def _messages() -> Document:
    events = {name: _message(name, model) for name, model in models().items()}
    return events | {"DeadLetter": _dead_letter(), "Replay": _replay(), "Tombstone": _tombstone()}


def _message(name: str, model: type[Data]) -> Document:
    traced = not any(topic.carries_no_trace for topic in topics_of(model))
    headers = ("traceparent", "tracestate") if traced else ()
    return {
        "name": model.__name__,
        "title": name,
        "summary": text_of(model),
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                "content-type": {"type": "string", "const": CONTENT_TYPE},
                **{header: {"type": "string"} for header in headers},
            },
            "required": ["content-type"],
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./schemas/{name}.json"},
        },
        "bindings": {"kafka": {"key": {"type": "string", "description": key_of(model)}, "bindingVersion": BINDING}},
        "x-example": f"./examples/{name}.json",
    }


def _dead_letter() -> Document:
    added = ("reason", "sentence", "field", "topic", "partition", "offset", "handler", "at", "trace", "replay-of",
             "replay")
    return {
        "name": "DeadLetter",
        "summary": "A refused record, its key, value and headers as they were, and why; read by its service alone.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": {f"dead-letter-{name}": {"type": "string"} for name in added}},
    }


def _replay() -> Document:
    added = ("letter", "topic", "partition", "offset", "corrected")
    return {
        "name": "Replay",
        "summary": "A dead letter that its service is to handle again, with its key; corrected by an operator or not.",
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": {f"replay-{name}": {"type": "string"} for name in added}},
    }


def _tombstone() -> Document:
    return {
        "name": "Tombstone",
        "summary": "Ends its key: the key and a null value, without CloudEvents attributes.",
        "payload": {"type": "null"},
    }


def yaml(value: Any, indent: int = 0) -> str:
    """Plain data as YAML in blocks; texts are in double quotes, as in JSON, so that none is taken for anything else."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{_name(name)}:{_after(part, indent)}" for name, part in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{pad}- {yaml(part, indent + 1).lstrip()}" for part in value)
    return f"{pad}{_scalar(value)}\n"


def _after(value: Any, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + yaml(value, indent + 1)
    return f" {_scalar(value)}\n"


def _name(name: str) -> str:
    plain = name.replace("-", "").replace("_", "").isalnum() and name[0].isalpha()
    return name if plain else _scalar(name)


def _scalar(value: Any) -> str:
    return orjson.dumps(value).decode()

"""`yhdyspinta tail`: what lies on a topic and what comes, as one of those who may read it."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from contracts.topics import SERVICES, SYSTEMS, readable_by
from yhdyspinta import provision
from yhdyspinta.commands import output
from yhdyspinta.commands.account import ADMIN, connection, everyone, topic_names, topic_of
from yhdyspinta.reach import NotReached, reach

DENIED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)


def tail(
    topic: Annotated[str, typer.Argument(help="A topic, such as shared.visits.v1.", autocompletion=topic_names)],
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with what lies there.")] = False,
    account: Annotated[str, typer.Option("--as", metavar="NAME", autocompletion=everyone,
                                         help="Whose account reads: a system, a service, reader-…")] = ADMIN,
    stop: Annotated[bool, typer.Option("--until-now", help="End at what lies there now, wait for no more.")] = False,
    json: Annotated[bool, typer.Option("--json", help="A record a line, as JSON.")] = False,
) -> None:
    """Prints the records of a topic as they come, until Ctrl-C. Moves nobody's offsets.

    With --json a line has topic, partition, offset, at, key, headers and value; `check` and `publish` take such lines.

    Exit code 0: ended by --until-now or Ctrl-C; 1: the account may not read it; 2: used wrongly, or broker not reached.
    """
    wanted = topic_of(topic)
    place = provision.from_environment()
    client = connection(place, account)
    name = place.prefix + wanted.name
    try:
        _, seen = reach(client)
    except NotReached as fault:
        output.give_up(str(fault), 2)
    if name not in seen.topics or seen.topics[name].error:
        output.give_up(_closed(account, wanted.name))
    try:
        for message in _messages(client, name, len(seen.topics[name].partitions), from_start=from_start, stop=stop):
            print(_as_json(message, wanted.name) if json else _as_text(message), flush=True)
    except KafkaException as fault:
        if fault.args[0].code() in DENIED:  # type: ignore[union-attr]
            output.give_up(_closed(account, wanted.name))
        raise
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # who read our output has gone: nothing is left to be flushed at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _closed(account: str, topic: str) -> str:
    may = [t.name for t in readable_by(account)] if account in {*SYSTEMS, *SERVICES} else []
    return f"{account} may not read {topic}. " + (
        f"It reads {', '.join(may)}." if may else "`yhdyspinta boundary` says who may read what.")


def _messages(client: dict[str, str], topic: str, partitions: int, *, from_start: bool,
              stop: bool) -> Iterator[Message]:
    consumer = Consumer({**client, "group.id": f"{client.get('sasl.username', ADMIN)}.tail", "log_level": 0,
                         "enable.auto.commit": False, "enable.partition.eof": True})
    try:
        begin = OFFSET_BEGINNING if from_start else OFFSET_END
        consumer.assign([TopicPartition(topic, number, begin) for number in range(partitions)])
        ended: set[int] = set()
        while not (stop and len(ended) == partitions):
            message = consumer.poll(0.5)
            if message is None:
                continue
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition() or 0)
            elif error.code() in DENIED or error.fatal():
                raise KafkaException(error)
    finally:
        consumer.close()


def _at(message: Message) -> str:
    _, milliseconds = message.timestamp()
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: Any) -> str | None:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _read(value: Any) -> Any:
    """JSON as it is, everything else as text."""
    try:
        return orjson.loads(value) if value is not None else None
    except ValueError:
        return _text(value)


def _as_json(message: Message, topic: str) -> str:
    return orjson.dumps({
        "topic": topic, "partition": message.partition(), "offset": message.offset(), "at": _at(message),
        "key": _text(message.key()), "headers": {name: _text(value) for name, value in message.headers() or ()},
        "value": _read(message.value()),
    }).decode()


def _as_text(message: Message) -> str:
    value = message.value()
    headers = {name: _text(found) for name, found in message.headers() or ()}
    event = _read(value)
    structured = isinstance(event, dict) and "specversion" in event
    kind = (event.get("type") if structured else headers.get("ce_type")) or ("tombstone" if value is None else "?")
    data = event.get("data") if structured else event
    shown = orjson.dumps(data).decode() if isinstance(data, dict | list) else str(data or "")
    why = f" {headers['dead-letter-reason']}" if "dead-letter-reason" in headers else ""
    return (f"{_at(message)} {message.partition()}@{message.offset()} {_text(message.key())}{why} "
            f"{str(kind).removeprefix('fi.yhdyspinta.')} {shown}")

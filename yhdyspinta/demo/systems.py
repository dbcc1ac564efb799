"""The other systems of the demo: both PARtys, three CRMs, both feedback systems, the area's BI.

Each publishes with its own account, as its client file says, and some in structured mode, some in binary: the
services can't tell these from real ones.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from confluent_kafka import KafkaError, Message, Producer

from chassis.calendar import HELSINKI
from contracts.envelope import CONTENT_TYPE, Data, Event, data_to_bytes, to_bytes, type_of
from contracts.topics import SYSTEMS
from yhdyspinta.provision import clients

BINARY = frozenset({"tampere-region-crm", "vesilahti-party", "lempaala-feedback"})
"""Systems that publish in binary mode."""
SECONDS = 30


class NotTakenError(Exception):
    """The broker did not take an event."""


def made_up(*parts: object) -> str:
    """An id that is always the same for the same thing of the script."""
    return str(uuid5(NAMESPACE_URL, "/".join(["demo.yhdyspinta.invalid", *map(str, parts)])))


def spelled(system: str, event_id: str, time: datetime, data: Data) -> tuple[bytes, Mapping[str, bytes], bytes]:
    """Value, headers and key of the record in which a system tells something."""
    event = Event(
        id=event_id, source=SYSTEMS[system].source, type=type_of(type(data)), subject=data.subject(), time=time,
        data=data, spelled=time.astimezone(HELSINKI).isoformat())
    value, headers = _binary(event) if system in BINARY else _structured(event)
    return value, headers, event.subject.encode()


class Systems:
    """Producers of all other systems, made when first needed. `kafka` says where the broker is, if that is not where
    the client files say, who tell it to systems outside."""

    def __init__(self, folder: Path, prefix: str = "", kafka: Mapping[str, str] | None = None) -> None:
        self.folder, self.prefix = folder, prefix
        self._there = {name: value for name, value in (kafka or {}).items()
                       if name in ("bootstrap.servers", "ssl.ca.location")}
        self._producers: dict[str, Producer] = {}
        self._refused: list[str] = []

    def publish(self, system: str, event_id: str, time: datetime, data: Data) -> None:
        """Sends one event, without waiting; `flush` waits."""
        value, headers, key = spelled(system, event_id, time, data)
        producer = self._producer(system)
        producer.produce(self.prefix + SYSTEMS[system].writes, value, key, headers=dict(headers),
                         on_delivery=self._delivered)
        producer.poll(0)

    async def flush(self) -> None:
        """Waits until the broker has taken all. Raises `NotTakenError`."""
        for system, producer in self._producers.items():
            if len(producer) and await asyncio.to_thread(producer.flush, SECONDS):
                raise NotTakenError(f"the broker took nothing of {system} for {SECONDS} s")
        if self._refused:
            raise NotTakenError(", ".join(sorted(set(self._refused))))

    def _producer(self, system: str) -> Producer:
        if system not in self._producers:
            settings = clients.read(self.folder, system) | self._there
            settings.pop("group.id", None)
            self._producers[system] = Producer({**settings, "enable.idempotence": True, "linger.ms": 2, "log_level": 2})
        return self._producers[system]

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._refused.append(f"{message.topic()}: {error.name()}")


def _structured(event: Event[Data]) -> tuple[bytes, Mapping[str, bytes]]:
    return to_bytes(event), {"content-type": CONTENT_TYPE.encode()}


def _binary(event: Event[Data]) -> tuple[bytes, Mapping[str, bytes]]:
    attributes = {
        "specversion": "1.0", "id": event.id, "source": event.source, "type": event.type, "subject": event.subject,
        "time": event.spelled or event.time.isoformat(),
    }
    return data_to_bytes(event), {
        "content-type": b"application/json", **{f"ce_{name}": value.encode() for name, value in attributes.items()}}

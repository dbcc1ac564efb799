"""Another system as it is: golden examples with changes, sent under its own account in either mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.fields import new_id
from contracts.topics import SYSTEMS, dead_letter_topic, rejections_topic
from tests.contract.examples import binary, example, structured
from tests.stack import World
from tests.waiting import until

AT = "2026-03-02T08:30:00.250+02:00"
"""Half an hour before a world's clock begins, spelled as others may spell it."""
MODES = {"structured": structured, "binary": binary}


@dataclass
class Outsider:
    """A system by its principal, and the service of ours that takes in what it sends."""

    world: World
    name: str
    service: str

    @property
    def source(self) -> str:
        return SYSTEMS[self.name].source

    @property
    def topic(self) -> str:
        return SYSTEMS[self.name].writes

    def event(self, name: str, key: str, data: Mapping[str, Any], *, at: str = AT, **attributes: Any) -> dict[str, Any]:
        """An event as this system would publish it; `key` names the field of `data` that is its subject. A field
        that is None is left out."""
        whole = example(name)
        whole["data"] = {n: v for n, v in {**whole["data"], **data}.items() if v is not None}
        return {**whole, "id": new_id(), "source": self.source, "subject": whole["data"][key], "time": at, **attributes}

    async def send(self, event: Mapping[str, Any], mode: str = "structured",
                   headers: tuple[tuple[str, bytes | None], ...] = ()) -> str:
        """Sends it; its id."""
        key, value, own = MODES[mode](event)
        await self.world.send(self.name, self.topic, key, value, [*own, *headers])
        return str(event["id"])

    async def published(self, topic: str, wanted: str, field: str = "id") -> list[dict[str, Any]]:
        """Events of a topic whose `id`, or subject, is this."""
        found = [orjson.loads(r.value) for r in await self.world.records(topic) if r.value]
        return [e for e in found if e[field] == wanted]

    async def taken(self, topic: str, event_id: str) -> dict[str, Any]:
        """The event on the common topic, once it is there."""
        return (await until(lambda: self.published(topic, event_id), 15, what=f"{event_id} on {topic}"))[0]

    async def rejections(self, event_id: str) -> list[dict[str, Any]]:
        topic = rejections_topic(self.topic)
        assert topic is not None
        records = [r for r in await self.world.records(topic) if r.key == self.source.encode() and r.value]
        return [d for r in records if (d := orjson.loads(r.value)["data"]).get("event_id") == event_id]

    async def rejected(self, event_id: str) -> dict[str, Any]:
        """What its sender is told, once it is; the record lies in the dead letters for the same reason."""
        (told,) = await until(lambda: self.rejections(event_id), 15, what=f"the rejection of {event_id}")
        letters = [dict(r.headers) for r in await self.world.records(dead_letter_topic(self.service))
                   if event_id.encode() in (r.value or b"") + b"".join(v or b"" for _, v in r.headers)]
        assert [h["dead-letter-reason"].decode() for h in letters] == [told["reason"]]
        return told

"""Builders for tests of reporting: events of other services on the real topics, and what it published."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson

from contracts.envelope import Data, Event, to_bytes, type_of
from contracts.events.outcomes import ServiceBegan, ServiceContinued, ServiceEnded
from contracts.fields import new_id
from contracts.topics import source_of
from tests.stack import World
from tests.waiting import until

OUTCOMES, FIGURES, RESULTS = "municipal.outcomes.v1", "shared.figures.v1", "area.results.v1"
HEADERS = [("content-type", b"application/cloudevents+json")]


def event(data: Data, at: datetime, service: str = "coaching", event_id: str | None = None) -> Event[Any]:
    return Event(id=event_id or new_id(), source=source_of(service), type=type_of(type(data)), subject=data.subject(),
                 time=at, data=data)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, tzinfo=UTC)


async def send(world: World, principal: str, topic: str, events: Iterable[Event[Any]]) -> None:
    """Sends events in order, and waits until the broker has all."""
    producer = await world.producer(principal)
    sent = [await producer.send(world.topic(topic), value=to_bytes(e), key=e.subject.encode(), headers=HEADERS)
            for e in events]
    await asyncio.wait_for(asyncio.gather(*sent), 30)


async def published(world: World) -> dict[str, dict[str, Any]]:
    """The latest figure of each key, as a reader of the topic has it."""
    found = {}
    for record in await world.records(FIGURES):
        found[record.key.decode()] = orjson.loads(record.value)["data"]
    return found


async def all_published(world: World) -> dict[str, dict[str, Any]]:
    """The same, once nothing waits for the relay."""
    connection = await world.connect("reporting")
    try:
        async def sent() -> bool:
            return not await connection.fetchval("select exists(select from outbox)")

        await until(sent, 30, what="the relay")
    finally:
        await connection.close()
    return await published(world)


async def figure(world: World, key: str, value: Any = ..., seconds: float = 30) -> dict[str, Any]:
    """The latest figure of a key, once it is there, and has the value."""

    async def there() -> dict[str, Any] | None:
        found = (await published(world)).get(key)
        return found if found and (value is ... or found["value"] == value) else None

    return await until(there, seconds, what=f"{key} = {value}")


class Outcomes:
    """Cases of one service as a year sees them, under pseudonyms."""

    def __init__(self, service: str = "coaching", provider: str = "lempaala") -> None:
        self.of = {"service": service, "provider": provider}

    def began(self, on: date, municipality: str = "lempaala", *, waited: int = 5, new: bool = True,
              client: str | None = None) -> Event[ServiceBegan]:
        return event(ServiceBegan(
            client=client or str(uuid4()), spell_id=str(uuid4()), **self.of, municipality=municipality, origin="self",
            asked_on=on - timedelta(days=waited), on=on, new_client=new), noon(on))

    def continued(self, year: int, municipality: str = "lempaala") -> Event[ServiceContinued]:
        new_year = date(year, 1, 1)
        return event(ServiceContinued(
            client=str(uuid4()), spell_id=str(uuid4()), **self.of, municipality=municipality, year=year,
            began_on=new_year - timedelta(days=90)), noon(new_year))

    def ended(self, case: Event[Any], on: date, outcome: str = "work") -> Event[ServiceEnded]:
        return event(ServiceEnded.model_validate({
            "client": case.data.client, "spell_id": case.data.spell_id, **self.of,
            "municipality": case.data.municipality, "on": on, "outcome": outcome}), noon(on))


def day(year: int, n: int, of: int) -> date:
    """The n-th of so many days spread over a year."""
    return date(year, 1, 2) + timedelta(days=363 * n // of)


def plan_year(year: int) -> list[Event[Any]]:
    """A year with the plan's figures [3.2]: 259 clients, 155 of them new, 72 of 121 ended with what was hoped for."""
    some = Outcomes()
    where = ["lempaala"] * 4 + ["vesilahti"]
    went_on = [some.continued(year, where[n % 5]) for n in range(104)]
    began = [some.began(day(year, n, 155), where[n % 5], waited=n % 21) for n in range(155)]
    hoped = ("work", "education", "got-needed-service")
    other = ("work-trial", "other-service", "moved", "interrupted")

    def outcome(n: int) -> str:
        return hoped[n % 3] if n * 72 // 121 != (n - 1) * 72 // 121 else other[n % 4]

    ended = [some.ended(case, max(case.time.date(), day(year, n, 121)), outcome(n))
             for n, case in enumerate((*went_on, *began[:17]))]
    return [*went_on, *began, *ended]

"""From the version before to this one: a service waits for its schema, then goes on; the old code runs on it too."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from chassis.database import migrate
from chassis.service import together
from tests.component.outsider import Outsider
from tests.stack import World
from tests.waiting import until
from yhdyspinta.provision import databases
from yhdyspinta.serve import build

OF_THE_VERSION_BEFORE = {
    "feedback": ["insert into rejected (topic, partition, \"offset\") values ('t', 0, 0)",
                 "insert into languages (person, language) values ('somebody', 'fi') on conflict (person) do update "
                 "set language = 'sv'"],
    "notify": ["insert into referral_numbers (referral_id, number) values ('r', '2026-0001') on conflict do nothing"],
    "referral": ["update staff set gone = true where id = 'somebody'"],
}
"""What the code of 0001 says to the tables that 0002 changed."""


async def test_a_service_waits_for_the_new_schema_and_takes_what_came_meanwhile(world: World) -> None:
    place = replace(world.place, suffix=f"{world.place.suffix}_old")
    settings = place.settings("feedback", demo=True)
    await databases.make_databases(place.postgres, ["feedback"], place.suffix)
    try:
        await migrate(settings, "0001")
        service = build(settings, world.clock)
        connection = await service.database.connect()
        await connection.execute("insert into languages (person, language) values ('somebody', 'fi')")
        stop = asyncio.Event()

        async def live() -> None:
            async with together([service]):
                await stop.wait()

        async def ready() -> bool:
            return not service.unready()

        running = asyncio.create_task(live())
        system = Outsider(world, "lempaala-feedback", "feedback")
        await system.send(system.event("FeedbackSubmitted", "feedback_id", {
            "feedback_id": str(uuid4()), "municipality": "lempaala", "about": "municipal-service",
            "service": "coaching", "rating": 4, "received_at": "2026-03-01T23:30:00Z"}, at="2026-03-02T08:30:00+02:00"))
        assert service.unready() == ["starting"]

        await migrate(settings)
        await until(lambda: connection.fetchval("select count(*) from inbox"), what="the event of before")
        assert await connection.fetchval("select chosen_at from languages") is not None
        await migrate(settings)  # while consumers run: nothing to do, and nothing is in its way
        await until(ready, what="the service")
        stop.set()
        await running
        await connection.close()
    finally:
        await databases.drop_databases(place.postgres, place.suffix, ["feedback"])


@pytest.mark.parametrize("service", OF_THE_VERSION_BEFORE)
async def test_code_of_the_version_before_runs_on_the_new_schema(world: World, service: str) -> None:
    connection = await world.connect(service)
    for statement in OF_THE_VERSION_BEFORE[service]:
        await connection.execute(statement)
    await connection.close()

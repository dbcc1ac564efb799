"""What an operator's own set-up and watch stand on: databases that others made, and what /metrics tells."""

import asyncpg
import pytest

from chassis.database import migrate
from tests.component import referral_side
from tests.stack import World
from tests.waiting import until
from yhdyspinta.provision import databases


async def test_a_database_that_somebody_else_made_is_closed_to_all_but_its_service(world: World) -> None:
    admin = await world.connect("leads", "postgres")
    name = f"leads{world.place.suffix}_elsewhere"
    await admin.execute(f'create database "{name}" owner leads_owner template template0')
    settings = world.settings("leads", database_url=f"postgresql://127.0.0.1:{world.place.postgres['port']}/{name}")
    try:
        await databases.close(settings.database(owner=True), "leads")
        await migrate(settings)
        service = await asyncpg.connect(**settings.database())
        assert await service.fetchval("select count(*) from subjects") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute("create table mine (id int)")
        await service.close()
        stranger = world.settings("notify").database() | {"database": name}
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(**stranger)
    finally:
        await admin.execute(f'drop database "{name}" with (force)')
        await admin.close()


async def test_metrics_tell_readiness_obligations_and_how_long_the_plan_holds(world: World) -> None:
    async with world.running("referral") as running:
        await (await referral_side.area(running)).refer()
        timer = next(each for each in running.services["referral"].timers if each.name == "gauges")

        async def told() -> set[str]:
            await timer.run()
            lines = (await running.http.get("/referral/metrics")).text.splitlines()
            return {line.rsplit(" ", 1)[0] for line in lines if not line.endswith(" 0.0")}

        wanted = {'yhdyspinta_ready{service="referral"}', 'yhdyspinta_plan_days_left{service="referral"}'}
        await until(lambda: _all_there(told, wanted), what="the gauges")
        assert any(line.startswith("yhdyspinta_obligations{") and 'state="open"' in line for line in await told())


async def _all_there(told, wanted: set[str]) -> bool:
    return wanted <= await told()

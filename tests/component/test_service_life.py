"""A service's start and end: it waits for what it stands on and says so, and ends in order."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from chassis.clock import system_clock
from chassis.database import Database
from chassis.service import Service, Timer, together
from contracts.fields import new_id
from tests.waiting import until


def service(world, **changed):
    settings = replace(world.settings("leads"), **changed)
    return Service("leads", settings, system_clock, Database(settings, system_clock), app=None)


async def test_it_waits_for_the_database_and_says_so(world, caplog):
    with caplog.at_level(logging.WARNING):
        waiting = service(world, database_url="postgresql://127.0.0.1:1/nothing")
        task = asyncio.create_task(waiting.__aenter__())
        await until(lambda: "does not answer" in caplog.text, 15, what="the sentence")
        assert waiting.unready() == ["starting"]
        waiting._task.cancel()
        with pytest.raises((asyncio.CancelledError, RuntimeError)):
            await task


async def test_it_waits_for_kafka_and_says_so(world, caplog):
    with caplog.at_level(logging.WARNING):
        waiting = service(world, kafka_bootstrap="127.0.0.1:1")
        task = asyncio.create_task(waiting.__aenter__())
        await until(lambda: "Kafka at 127.0.0.1:1 does not answer" in caplog.text, 30, what="the sentence")
        waiting._stop.set()
        with pytest.raises((asyncio.CancelledError, RuntimeError)):
            await task


async def test_a_database_that_goes_away_while_it_starts_is_waited_for(world):
    tried = []

    async def look_around():
        tried.append(1)
        if len(tried) < 3:
            raise ConnectionRefusedError

    starting = service(world)
    starting.started = [look_around]
    async with together([starting]):
        assert starting.unready() == []
    assert len(tried) == 3


async def test_a_database_that_lets_nobody_in_makes_readiness_red_until_it_does(world):
    name, one = f"leads{world.place.suffix}", service(world)
    administrator = await asyncpg.connect(**world.stack.postgres.admin())
    async with together([one]):
        await administrator.execute(f"alter database {name} allow_connections false")
        try:
            await administrator.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
            await until(lambda: "database" in one.unready(), 30, what="red readiness")
        finally:
            await administrator.execute(f"alter database {name} allow_connections true")
        await until(lambda: one.unready() == [], 30, what="green readiness")
    await administrator.close()


async def test_services_side_by_side_end_together_when_one_fails(world):
    async def fail():
        raise RuntimeError(f"broken {new_id()}")

    broken, well = service(world), service(world)
    broken.timers = [Timer("broken", timedelta(seconds=1), fail)]
    with pytest.raises(BaseExceptionGroup):
        async with together([well, broken]):
            await until(lambda: well._task.done(), 20, what="the end of all")
    assert well._task.done()


async def test_a_stop_leaves_nothing_behind(world):
    one = service(world)
    async with together([one]):
        assert one.unready() == []
    names = {t.get_name() for t in asyncio.all_tasks()}
    assert not {n for n in names if n.startswith("leads")}

"""The fold: its offsets move with its tables, so a crash at any instant counts nothing twice."""

import asyncio
from contextlib import asynccontextmanager

import orjson
import pytest

from chassis.clock import system_clock
from chassis.database import Database
from chassis.projection import Projection, Projector
from contracts.fields import new_id
from tests.waiting import until

RESULTS = "area.results.v1"


def results(month="2026-03", event_id=None):
    return {"specversion": "1.0", "id": event_id or new_id(), "source": "/tampere-region/bi",
            "type": "fi.yhdyspinta.ResultsReported.v1", "subject": f"lempaala:{month}:results",
            "time": "2026-04-02T09:15:00+03:00",
            "data": {"month": month, "municipality": "lempaala", "measures": {"job-seekers": 12}}}


class Count:
    """A fold that counts events by subject, in a table of the test's own."""

    def __init__(self, fail):
        self.fail, self.batch = fail, {}

    def add(self, event):
        self.batch[event.subject] = self.batch.get(event.subject, 0) + 1

    async def write(self, connection):
        if self.batch:
            await connection.execute(
                "insert into counted as c select * from unnest($1::text[], $2::bigint[]) "
                "on conflict (subject) do update set n = c.n + excluded.n",
                list(self.batch), list(self.batch.values()))
        self.fail()
        self.batch = {}

    def forget(self):
        self.batch = {}


@pytest.fixture
async def database(world):
    owner = await world.connect("reporting", role="reporting_owner")
    await owner.execute("create table if not exists counted (subject text primary key, n bigint not null)")
    await owner.close()
    database = Database(world.settings("reporting"), system_clock)
    yield database
    await database.close()


@asynccontextmanager
async def projecting(world, database, name, fail=lambda: None, replicas=1):
    made = [Projector(world.settings("reporting"), system_clock, database,
                      Projection(name, [RESULTS], lambda: Count(fail))) for _ in range(replicas)]
    tasks = [asyncio.create_task(p.run()) for p in made]
    try:
        yield made
    finally:
        for p in made:
            p.stop()
        await asyncio.gather(*tasks)


async def send(world, event, key=None):
    value = orjson.dumps(event) if isinstance(event, dict) else event
    await world.send("tampere-region-bi", RESULTS, key or event["subject"].encode(), value,
                     [("content-type", b"application/cloudevents+json")])


async def counted(world, subject):
    connection = await world.connect("reporting")
    try:
        return await connection.fetchval("select n from counted where subject = $1", subject) or 0
    finally:
        await connection.close()


async def test_events_are_counted_once_though_repeated_and_though_batches_fail(world, database):
    failures = []

    def fail():
        if len(failures) < 3:
            failures.append(1)
            raise ConnectionResetError("killed in mid-write")

    month = "2026-05"
    events = [results(month) for _ in range(30)]
    async with projecting(world, database, "first", fail):
        for event in events:
            await send(world, event)
        await send(world, events[0])
        last = results("2026-06")
        await send(world, last)
        await until(lambda: _is(world, last["subject"], 1), 30, what="the last event")
    assert await counted(world, f"lempaala:{month}:results") == 30
    assert len(failures) == 3


async def _is(world, subject, n):
    return await counted(world, subject) == n


async def test_one_replica_is_active_and_another_takes_over(world, database):
    async with projecting(world, database, "second", replicas=3) as made:
        async def one_active():
            return sum(p.active for p in made) == 1

        await until(one_active, 15, what="one active replica")
        active = next(p for p in made if p.active)
        active.stop()

        async def another_active():
            return any(p.active for p in made if p is not active)

        await until(another_active, 15, what="another replica")
        event = results("2026-07")
        await send(world, event)
        await until(lambda: _is(world, event["subject"], 1), 20, what="the event, counted once")


async def test_a_record_that_can_not_be_folded_is_a_dead_letter_and_its_sender_is_told(world, database):
    good, marker = results("2026-08"), new_id()
    async with projecting(world, database, "third"):
        await send(world, b'{"x": "' + marker.encode() + b'"}', key=b"k")
        await send(world, good)
        await until(lambda: _is(world, good["subject"], 1), 20, what="the good event")
    letters = [r for r in await world.records("shared.reporting-dead-letter.v1") if marker.encode() in (r.value or b"")]
    assert [dict(r.headers)["dead-letter-reason"] for r in letters] == [b"not-cloudevents"]
    database_now = await world.connect("reporting")
    waiting = await database_now.fetch("select topic, value from outbox where topic = 'area.rejections.v1'")
    await database_now.close()
    assert len(waiting) >= 1

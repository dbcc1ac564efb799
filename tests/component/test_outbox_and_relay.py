"""The outbox and its relay, on a real Postgres and a real Kafka with SASL and ACLs."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from chassis import outbox, relay
from chassis.clock import system_clock
from chassis.database import Database
from chassis.outbox import NotPublishable
from chassis.relay import Relay
from contracts.events.leads import EventPlanned, LeadOpened
from contracts.fields import new_id
from tests.waiting import until

LEADS = "shared.leads.v1"


def lead(lead_id=None):
    return LeadOpened(lead_id=lead_id or new_id(), business_id="1234567-1", municipality="lempaala", need="labour",
                      opened_by_organisation="lempaalan-kehitys")


@pytest.fixture
async def database(world):
    database = Database(world.settings("leads"), system_clock)
    yield database
    await database.close()


@asynccontextmanager
async def relaying(world, count=1):
    relays = [Relay(world.settings("leads"), system_clock) for _ in range(count)]
    tasks = [asyncio.create_task(r.run()) for r in relays]
    try:
        yield relays
    finally:
        for r in relays:
            r.stop()
        await asyncio.gather(*tasks)


async def keys_on(world, topic, wanted):
    """Keys of the records on a topic, once all of `wanted` are there."""
    async def there():
        found = [r.key.decode() for r in await world.records(topic) if r.key.decode() in wanted]
        return found if set(found) >= set(wanted) else None

    return await until(there, 20, what=f"{len(wanted)} keys on {topic}")


async def empty(database):
    async with database.begin() as db:
        return (await db.execute(outbox.table.select())).first() is None


async def test_an_event_is_on_its_topic_exactly_when_its_transaction_commits(world, database):
    kept, dropped = new_id(), new_id()
    async with database.begin() as db:
        await outbox.add(db, lead(kept))

    async def crash():
        async with database.begin() as db:
            await outbox.add(db, lead(dropped))
            raise RuntimeError("crash before the commit")

    with pytest.raises(RuntimeError, match="crash"):
        await crash()
    async with relaying(world):
        await keys_on(world, LEADS, {kept})
        await until(lambda: empty(database), 10, what="an empty outbox")
    assert dropped not in [r.key.decode() for r in await world.records(LEADS)]


async def test_what_a_broker_would_refuse_is_refused_before_the_commit(world, database):
    with pytest.raises(NotPublishable, match="no writer"):
        async with database.begin() as db:
            await outbox.add(db, lead(), topic="area.referrals.v1")
    long = EventPlanned(event_id=new_id(), kind="company", on=system_clock().date(), municipality="lempaala",
                        organisers=("lempaala",) * 8_000)
    with pytest.raises(NotPublishable, match="bytes"):
        async with database.begin() as db:
            await outbox.add(db, long)


async def test_a_commit_wakes_the_relay(world, database, monkeypatch):
    monkeypatch.setattr(relay, "IDLE", 600.0)
    async with relaying(world) as (one,):
        await until(lambda: one.active, 10, what="the relay's lock")
        waited_for = new_id()
        async with database.begin() as db:
            await outbox.add(db, lead(waited_for))
        await keys_on(world, LEADS, {waited_for})


async def test_a_row_that_commits_late_is_published_though_later_ids_went_before(world, database):
    early, late = new_id(), new_id()
    async with relaying(world):
        async with database.begin() as slow:
            await outbox.add(slow, lead(early))
            async with database.begin() as fast:
                await outbox.add(fast, lead(late))
            await keys_on(world, LEADS, {late})
        await keys_on(world, LEADS, {early})


async def test_several_replicas_keep_the_order_of_each_key_while_they_come_and_go(world, database):
    subjects = [new_id() for _ in range(12)]
    turns = 40

    async def write(subject):
        for turn in range(turns):
            async with database.begin() as db:
                await outbox.add(db, EventPlanned(event_id=subject, kind="company", on=system_clock().date(),
                                                  municipality="lempaala", organisers=("lempaala",),
                                                  attendance=turn))

    async def come_and_go(stop):
        while not stop.is_set():
            async with relaying(world, 2):
                await until(lambda: empty(database), 20, what="an empty outbox")

    stop = asyncio.Event()
    async with relaying(world, 2):
        others = asyncio.create_task(come_and_go(stop))
        await asyncio.gather(*map(write, subjects))
        stop.set()
        await others
        await until(lambda: empty(database), 20, what="an empty outbox")
    seen = {subject: [] for subject in subjects}
    for record in await world.records(LEADS):
        if (key := record.key.decode()) in seen:
            seen[key].append(int(record.value.split(b'"attendance":')[1].split(b"}")[0].split(b",")[0]))
    for subject, order in seen.items():
        first = list(dict.fromkeys(order))
        assert first == list(range(turns)), f"{subject}: {order}"


async def test_a_topic_that_refuses_rests_while_the_others_flow(world, database):
    refused = new_id()
    insert = outbox.table.insert()
    async with database.begin() as db:
        await db.execute(insert, [{"topic": "area.referrals.v1", "key": refused.encode(), "value": b"{}"}])
    async with relaying(world) as (one,):
        for _ in range(3):
            flows = new_id()
            async with database.begin() as db:
                await outbox.add(db, lead(flows))
            await keys_on(world, LEADS, {flows})
        assert one.healthy
    async with database.begin() as db:
        left = [bytes(r.key).decode() for r in await db.execute(outbox.table.select())]
        await db.execute(outbox.table.delete())
    assert left == [refused]
    assert refused not in [r.key.decode() for r in await world.records("area.referrals.v1")]

"""Readiness tells what the consuming library keeps to itself: rights that are gone, a broker that is gone."""

import asyncio
from dataclasses import replace

import pytest

from chassis import security
from chassis.clock import system_clock
from chassis.database import Database
from chassis.watch import Watch
from contracts.fields import new_id
from tests.component.outsider import Outsider
from tests.waiting import until
from yhdyspinta.provision import boundary
from yhdyspinta.provision.boundary import Grant

INTAKE = "shared.from-lempaalan-kehitys-crm.v1"


@pytest.fixture(scope="module")
async def leads(world):
    async with world.running("leads") as made:
        yield made.services["leads"]


async def a_visit_is_taken(world):
    crm = Outsider(world, "lempaalan-kehitys-crm", "leads")
    event = crm.event("CompanyVisitPlanned", "business_id", {"visit_id": new_id(), "organisation": "lempaalan-kehitys"})
    await crm.send(event)
    await crm.taken("shared.visits.v1", event["id"])


async def test_lag_and_outbox_are_seen(world, leads):
    await a_visit_is_taken(world)

    async def read():
        await leads.watch.look()
        return leads.watch.queues[INTAKE].lag == 0

    await until(read, 20, what="no lag")
    assert set(leads.watch.queues) == set(leads.consumers.topics)
    assert leads.unready() == []

    async def sent():
        return (await leads.watch.outbox()).rows == 0

    await until(sent, what="an empty outbox")
    assert (await leads.watch.parked()).rows == 0


@pytest.mark.parametrize(("kind", "prefixed"), [("TOPIC", False), ("GROUP", True)])
async def test_a_consumer_that_lost_its_rights_makes_readiness_red_until_it_has_them_again(
        world, leads, kind, prefixed):
    grant = Grant("leads", "READ", kind, world.topic(INTAKE) if kind == "TOPIC" else "leads.", prefixed)
    await asyncio.to_thread(boundary.change, world.admin, (), {grant}, world.place.prefix)
    try:
        await until(lambda: "consumers" in leads.unready(), 30, what="red readiness")
        assert leads.watch.queues[INTAKE].denied
        assert security.alarms("leads")[0].code == "broker-denies"
    finally:
        await asyncio.to_thread(boundary.change, world.admin, {grant}, (), world.place.prefix)
    await until(lambda: leads.unready() == [], 30, what="green readiness")
    await a_visit_is_taken(world)


async def test_records_that_wait_while_nothing_moves_are_told(world, leads, monkeypatch):
    """A group that nobody reads for any more: a consumer that hangs looks like it."""
    monkeypatch.setattr("chassis.watch.STILL_SECONDS", 0.0)
    crm = Outsider(world, "tampere-region-crm", "leads")
    database = Database(replace(world.settings("reporting"), service="reporting"), system_clock)
    watch = Watch(database, ["shared.visits.v1"])
    await crm.send(crm.event("CompanyVisitPlanned", "business_id", {"visit_id": new_id(),
                                                                   "organisation": "tampere-region"}))

    async def still():
        await watch.look()
        return not watch.healthy

    await until(still, 20, what="a consumer that stands still")
    assert watch.queues["shared.visits.v1"].still
    await watch.close()
    await database.close()


async def test_a_broker_that_does_not_answer_is_told_in_time(world, leads, monkeypatch):
    monkeypatch.setattr("chassis.watch.SILENT_SECONDS", 0.0)
    monkeypatch.setattr("chassis.watch.TIMEOUT", 1.0)
    database = Database(replace(world.settings("leads"), kafka_bootstrap="127.0.0.1:1"), system_clock)
    watch = Watch(database, [INTAKE])
    await watch.look()
    assert not watch.healthy
    await database.close()

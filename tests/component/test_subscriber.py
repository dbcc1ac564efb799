"""Subscribers on a real broker: once, in order, nothing skipped, dead letters whole."""

import asyncio
from contextlib import asynccontextmanager

import orjson
import pytest

from chassis import broker
from chassis.broker import Consumers, Subscription
from chassis.clock import system_clock
from chassis.database import Database
from chassis.dead_letter import NotKept, original
from chassis.relay import Relay
from contracts.events.directory import StaffListed
from contracts.events.visits import CompanyVisitPlanned
from contracts.fields import new_id
from tests import raw_producer
from tests.waiting import until

INTAKE = "shared.from-lempaalan-kehitys-crm.v1"
LETTERS = "shared.leads-dead-letter.v1"
REJECTIONS = "shared.rejections.v1"


def planned(event_id=None, visit_id=None, **changed):
    data = {"business_id": "1234567-1", "municipality": "lempaala", "visit_id": visit_id or new_id(),
            "company_name": "Esimerkki Oy", "on": "2026-03-12", "organisation": "lempaalan-kehitys",
            "organisations": ["lempaalan-kehitys"], "purpose": "recruiting"} | changed
    return {"specversion": "1.0", "id": event_id or new_id(), "source": "/lempaalan-kehitys/crm",
            "type": "fi.yhdyspinta.CompanyVisitPlanned.v1", "subject": "1234567-1",
            "time": "2026-03-02T09:15:00+02:00", "data": data}


STRUCTURED = [("content-type", b"application/cloudevents+json")]


@pytest.fixture
async def database(world):
    database = Database(world.settings("leads"), system_clock)
    yield database
    await database.close()


@asynccontextmanager
async def consuming(world, database, handler):
    """A consumer of one intake topic with a handler of the test's own, and the relay beside it."""
    settings = world.settings("leads")
    consumers = Consumers(settings, system_clock, database, [Subscription(INTAKE, {CompanyVisitPlanned: handler})])
    relay = Relay(settings, system_clock)
    await consumers.start()
    task = asyncio.create_task(relay.run())
    try:
        yield consumers
    finally:
        await consumers.stop()
        relay.stop()
        await task


def sent(world, event, key=b"1234567-1", headers=STRUCTURED):
    value = orjson.dumps(event) if isinstance(event, dict) else event
    return world.send("lempaalan-kehitys-crm", INTAKE, key, value, headers)


async def test_a_repeat_is_handled_once(world, database):
    handled = []

    async def handler(db, event):
        handled.append(event.id)

    async with consuming(world, database, handler):
        event, last = planned(), planned()
        for one in (event, event, event, last):
            await sent(world, one)
        await until(lambda: last["id"] in handled, what="the last event")
    assert handled.count(event["id"]) == 1


async def test_another_content_under_the_same_id_is_a_dead_letter_and_its_sender_is_told(world, database):
    handled = []

    async def handler(db, event):
        handled.append(event.id)

    async with consuming(world, database, handler):
        event = planned()
        await sent(world, event)
        await sent(world, planned(event_id=event["id"]))

        async def told():
            rows = [orjson.loads(r.value)["data"] for r in await world.records(REJECTIONS)]
            return [r for r in rows if r.get("event_id") == event["id"]]

        (rejection,) = await until(told, what="the rejection")
    assert rejection["reason"] == "id-reused"
    assert handled == [event["id"]]


async def test_a_dead_letter_keeps_key_bytes_and_headers_as_they_were(world, database):
    async def handler(db, event):
        raise AssertionError("nothing here can be handled")

    odd = [("content-type", b"application/json"), ("x", b"\xff\xfe"), ("x", b"again"), ("none", None)]
    marker = new_id().encode()
    async with consuming(world, database, handler):
        await sent(world, b"no json " + marker, key=b"k\xff", headers=odd)

        async def letter():
            return next((r for r in await world.records(LETTERS) if r.value and marker in r.value), None)

        found = await until(letter, what="the dead letter")
    assert (found.key, found.value) == (b"k\xff", b"no json " + marker)
    assert list(found.headers)[:4] == odd
    added = dict(list(found.headers)[4:])
    assert added["dead-letter-reason"] == b"not-json"
    assert added["dead-letter-topic"] == INTAKE.encode()
    assert added["dead-letter-sentence"]
    assert added["dead-letter-handler"]
    assert len(added["dead-letter-trace"]) == 32
    record = original(list(found.headers), found.key, found.value)
    assert (record.topic, record.value, list(record.headers)) == (INTAKE, found.value, odd)


async def test_a_fault_that_passes_is_tried_again_and_nothing_is_skipped(world, database):
    handled, faults = [], {}

    async def handler(db, event):
        faults[event.id] = faults.get(event.id, 0) + 1
        if faults[event.id] <= 3:
            raise ConnectionResetError("the database went away")
        handled.append(event.id)

    async with consuming(world, database, handler):
        events = [planned() for _ in range(3)]
        for event in events:
            await sent(world, event)
        await until(lambda: len(handled) == 3, 30, what="all three")
    assert handled == [e["id"] for e in events]


async def test_after_a_while_it_reads_again_from_the_record_and_is_not_ready_meanwhile(world, database, monkeypatch):
    monkeypatch.setattr(broker, "IN_PLACE", 0.1)
    monkeypatch.setattr(broker, "RED_AFTER", 0.0)
    handled, tries, ready = [], [], []

    async with consuming(world, database, lambda db, event: handler(db, event)) as consumers:
        async def handler(db, event):
            tries.append(event.id)
            ready.append(consumers.healthy)
            if len(tries) < 6:
                raise ConnectionResetError("the database went away")
            handled.append(event.id)

        events = [planned() for _ in range(2)]
        for event in events:
            await sent(world, event)
        await until(lambda: len(handled) == 2, 60, what="both")
        assert handled == [e["id"] for e in events]
        assert not any(ready[1:5])
        assert consumers.healthy


async def test_a_right_that_is_missing_is_waited_for_and_buries_nothing(world, database):
    handled = []

    async def handler(db, event):
        handled.append(event.id)

    owner = await world.connect("leads", "leads_owner")
    await owner.execute("revoke insert on inbox from leads")
    try:
        async with consuming(world, database, handler) as consumers:
            event = planned()
            await sent(world, event)
            await until(lambda: consumers.stuck, what="the first try")
            await owner.execute("grant insert on inbox to leads")
            await until(lambda: handled == [event["id"]], what="the event")
    finally:
        await owner.execute("grant insert on inbox to leads")
        await owner.close()
    assert not [r for r in await world.records(LETTERS) if event["id"].encode() in (r.value or b"")]


@pytest.mark.parametrize(("subscription", "sentence"), [
    (Subscription("area.contact-details.v1", {}), "leads may not read area.contact-details.v1"),
    (Subscription(INTAKE, {StaffListed: print}), f"{INTAKE} has no StaffListed"),
])
async def test_what_the_registry_does_not_name_is_not_subscribed_to(world, database, subscription, sentence):
    with pytest.raises(ValueError, match=sentence):
        Consumers(world.settings("leads"), system_clock, database, [subscription])


async def test_a_handler_that_fails_makes_a_dead_letter_of_which_no_sender_is_told(world, database):
    async def handler(db, event):
        raise KeyError("a bug")

    async with consuming(world, database, handler):
        event = planned()
        await sent(world, event)

        async def letter():
            return next((r for r in await world.records(LETTERS) if event["id"].encode() in (r.value or b"")), None)

        found = await until(letter, what="the dead letter")
    assert dict(found.headers)["dead-letter-reason"] == b"fault"
    assert b"a bug" not in b"".join(v or b"" for _, v in found.headers)
    told = [orjson.loads(r.value)["data"].get("event_id") for r in await world.records(REJECTIONS)]
    assert event["id"] not in told


async def test_a_record_waits_while_its_dead_letter_can_not_be_kept(world, database, monkeypatch):
    handled = []

    async def handler(db, event):
        handled.append(event.id)

    async with consuming(world, database, handler) as consumers:
        refusals = []
        bury = consumers.dead_letters.bury

        async def closed(letters):
            refusals.append(letters)
            if len(refusals) < 4:
                raise NotKept("the dead-letter topic is down")
            await bury(letters)

        monkeypatch.setattr(consumers.dead_letters, "bury", closed)
        marker, good = new_id(), planned()
        await sent(world, b"{" + marker.encode())
        await sent(world, good)
        await until(lambda: handled == [good["id"]], 30, what="the good event after the bad one")
    letters = [r for r in await world.records(LETTERS) if r.value and marker.encode() in r.value]
    assert len(letters) == 1
    assert len(refusals) == 4


async def test_events_in_hand_at_the_end_are_committed_and_handled_once(world, database):
    began, go, handled = asyncio.Event(), asyncio.Event(), []

    async def slow(db, event):
        began.set()
        await go.wait()
        handled.append(event.id)

    async with consuming(world, database, slow) as consumers:
        event = planned()
        await sent(world, event)
        await asyncio.wait_for(began.wait(), 20)
        stopping = asyncio.create_task(consumers.stop())
        go.set()
        await stopping

    async def handler(db, event):
        handled.append(event.id)

    async with consuming(world, database, handler):
        last = planned()
        await sent(world, last)
        await until(lambda: last["id"] in handled, what="the next event")
    assert handled == [event["id"], last["id"]]


async def test_header_names_that_are_not_utf8_hold_nothing_up(world, database):
    """Neither the record, where its mode is the structured one, nor those behind it in its batch; `ce_` names of the
    binary mode must be UTF-8."""
    handled = []

    async def handler(db, event):
        handled.append(event.id)

    def odd(event, name, headers):
        raw_producer.send(world.client("lempaalan-kehitys-crm"), world.topic(INTAKE), b"1234567-1",
                          orjson.dumps(event), [*headers, (name, b"\xff")])

    structured, refused, last = planned(), planned(), planned()
    binary = [(f"ce_{n}".encode(), v.encode()) for n, v in refused.items() if n != "data"]
    before = len(await world.records(LETTERS))
    odd(structured, b"\xfftrace", [(b"content-type", b"application/cloudevents+json")])
    odd(refused["data"], b"ce_\xff", binary)
    await sent(world, last)
    async with consuming(world, database, handler):
        await until(lambda: last["id"] in handled, what="the last event")
        letters = (await world.records(LETTERS))[before:]
    assert handled[-2:] == [structured["id"], last["id"]]
    assert [dict(r.headers)["dead-letter-reason"] for r in letters] == [b"not-cloudevents"]

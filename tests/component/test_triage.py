"""The service corridor's API: directed, counted once, told as nothing but channel, rule and address [3.7]."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from chassis.decisions import Refused
from chassis.policy import Principal
from contracts import plan
from contracts.fields import new_id
from services.referral.triage import handlers
from tests.component.referral_side import Area, area
from tests.waiting import until

CLERK = Principal("person", "anne-esimerkki", "Anne Esimerkki", "lempaala", frozenset({"service-corridor-clerk"}))
CALL = {"channel": "call", "rule": "labour-authority"}


@pytest.fixture(scope="module")
async def running(world):
    async with world.running("referral") as made:
        yield made


@pytest.fixture(scope="module")
async def counter(running) -> Area:
    return await area(running, "lempaala", ("triage",))


async def told(world, inquiry_id) -> list[dict]:
    events = [orjson.loads(record.value) for record in await world.records("area.triage.v1")]
    return [event["data"] for event in events if event["subject"] == inquiry_id]


async def test_an_inquiry_is_directed_counted_once_and_told_without_a_person(counter, world, running):
    made = await counter.post("/triage", CALL, key="corridor-0001")
    again = await counter.post("/triage", CALL, key="corridor-0001")
    assert (made.status_code, again.headers["location"]) == (201, made.headers["location"])
    inquiry = made.json()
    assert inquiry["directed_to"]["code"] == "area-service-point"
    (event,) = await until(lambda: told(world, inquiry["triage_id"]))
    assert event == {"triage_id": inquiry["triage_id"], **CALL, "directed_to": "area-service-point",
                     "at": event["at"]}
    assert (await counter.get(f"/triage/{inquiry['triage_id']}")).json() == inquiry
    elsewhere = await area(running, "tampere-region", ("triage",))
    assert (await elsewhere.get(f"/triage/{inquiry['triage_id']}")).status_code == 404
    counts = (await counter.get("/triage/counts")).json()["counts"]
    assert {"month": "2026-03", "channel": "call", "directed_to": "area-service-point", "inquiries": 1} in counts


async def test_a_question_that_the_channel_does_not_ask_is_refused(counter):
    answer = await counter.post("/triage", {"channel": "email", "rule": "named-person"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-code")
    assert "person-customer-email" in answer.json()["detail"]


async def test_the_form_is_the_plans_rules_and_changes_with_them_alone(counter, monkeypatch):
    questions = (await counter.get("/triage/form")).json()["channels"]["post"]
    assert [(each["rule"], each["asks"], each["section"]) for each in questions] == [
        ("report-or-hand-in", True, "3.7"), ("named-person", True, "3.7"), ("other-post", False, "3.7")]
    text = Path(plan.__file__).with_name("2026.toml").read_text()
    changed = plan.read("2026.toml", text.replace(
        'channels = ["post"]\nfi = "Onko kirjeessä', 'channels = ["post", "email"]\nfi = "Onko kirjeessä'))
    monkeypatch.setattr(plan, "on", lambda day: changed)
    questions = (await counter.get("/triage/form")).json()["channels"]["email"]
    assert [each["rule"] for each in questions] == ["report-or-hand-in", "named-person", "person-customer-email"]
    assert (await counter.post("/triage", {"channel": "email", "rule": "named-person"})).status_code == 201


async def test_a_wrong_key_is_taken_back_and_what_is_left_alone_is_told_by_itself(running, world):
    database = running.services["referral"].database
    wrong, left = new_id(), new_id()
    async with database.begin() as db:
        await handlers.direct(db, wrong, "visit", "named-person-asked", CLERK)
        await handlers.direct(db, left, "visit", "named-person-asked", CLERK)
    async with database.begin() as db:
        await handlers.undo(db, wrong, CLERK)
        await handlers.direct(db, left, "visit", "labour-authority", CLERK)
    assert await handlers.tell_those_left(database) == 0
    world.clock.move(timedelta(minutes=3))
    assert await handlers.tell_those_left(database) == 1
    (event,) = await until(lambda: told(world, left))
    assert (event["rule"], event["directed_to"]) == ("labour-authority", "area-service-point")
    async with database.begin() as db:
        await handlers.finish(db, left, CLERK)
        kept = await handlers.direct(db, left, "visit", "named-person-asked", CLERK)
        assert kept.rule == "labour-authority"
        with pytest.raises(Refused, match="inquiry-is-told"):
            await handlers.undo(db, left, CLERK)
        with pytest.raises(Refused, match="not-found"):
            await handlers.finish(db, str(uuid4()), CLERK)
    assert await handlers.tell_those_left(database) == 0
    assert len(await told(world, left)) == 1
    assert await told(world, wrong) == []

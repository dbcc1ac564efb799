"""What time does to referrals, and what events that nobody expected do not do."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from contracts import documents
from contracts.events.coaching import CoachingEnded, CoachingStarted, ContactDetailsReceived
from contracts.topics import TOPICS
from services.referral import own_copy, retention
from services.referral.subscribers import SUBSCRIPTIONS
from tests.component.referral_side import Area, Coaching, area
from tests.waiting import until

AFTER_THE_EXAMPLES = datetime(2026, 12, 15, 8, 0, tzinfo=UTC)
FACTS = {"service": "coaching", "municipality": "lempaala", "provider": "lempaala", "case_manager": "mikko-maki"}


@pytest.fixture(scope="module")
async def running(world):
    world.clock.set(AFTER_THE_EXAMPLES)
    async with world.running("referral") as made:
        yield made


@pytest.fixture(scope="module")
async def manager(running) -> Area:
    return await area(running)


@pytest.fixture(scope="module")
def coaching(world) -> Coaching:
    return Coaching(world)


async def test_every_golden_example_is_handled_or_refused_with_a_reason(manager, coaching, world):
    """A handler never fails (`fault`) on an event that is well formed, whatever it is about."""
    sent = {}
    for subscription in SUBSCRIPTIONS:
        for model in TOPICS[subscription.topic].models:
            example = (documents.FOLDER / "examples" / f"{model.__name__}.v{model.VERSION}.json").read_bytes()
            event = orjson.loads(example)
            writer = "notify" if subscription.topic == "shared.directory.v1" else "coaching"
            await world.send(writer, subscription.topic, event["subject"].encode(), example,
                             [("content-type", b"application/cloudevents+json")])
            sent[event["id"]] = model.__name__
    await world.send("notify", "shared.directory.v1", b"somebody-gone", None)
    last = (await manager.refer())["referral_id"]
    _, offer = coaching.offer(last)
    await coaching.say(offer)
    await until(lambda: coaching.told("area.contact-details.v1", last))

    reasons = {}
    for event_id, name in sent.items():
        for reason in await coaching.dead_letters(event_id):
            reasons[name] = reason
    assert "fault" not in reasons.values()
    assert reasons["ReceivingKeyOffered"] == "unproven-key"
    assert reasons["CoachingStarted"] == "unknown-subject"


async def test_events_that_come_twice_or_out_of_order_end_in_the_same_state(manager, coaching):
    made = await manager.refer()
    referral_id = made["referral_id"]
    key, offer = coaching.offer(referral_id)
    day = coaching.world.clock().date()
    told = {"referral_id": referral_id, **FACTS}
    await coaching.say(CoachingEnded(**told, started_on=day, ended_on=day))
    await coaching.say(CoachingStarted(**told, referred_on=day, started_on=day))
    received = ContactDetailsReceived(referral_id=referral_id, key_id=key.id)
    early = await coaching.say(received)

    shown = await manager.until(referral_id, status="ended")
    assert shown["started_on"] == shown["ended_on"] == day.isoformat()
    assert await until(lambda: coaching.dead_letters(early)) == ["unknown-subject"]
    await coaching.say(offer)
    again = await coaching.say(CoachingEnded(**told, started_on=day, ended_on=day))
    await until(lambda: _noted(manager, referral_id, "ended", 2))
    assert await coaching.dead_letters(again) == []
    assert await coaching.told("area.contact-details.v1", referral_id) == []


async def test_of_referrals_that_are_long_over_nothing_is_left(manager, coaching, running, world):
    ended, withdrawn, kept = [await manager.refer() for _ in range(3)]
    day = world.clock().date()
    told = {"referral_id": ended["referral_id"], **FACTS}
    await coaching.say(CoachingEnded(**told, started_on=day, ended_on=day))
    await manager.post(f"/referrals/{withdrawn['referral_id']}/withdrawal")
    shown = await manager.until(withdrawn["referral_id"], contact_details="erased")
    await coaching.say(coaching.erased(shown, None))
    await until(lambda: _noted(manager, withdrawn["referral_id"], "acknowledged"))
    await manager.until(ended["referral_id"], status="ended")
    database = running.services["referral"].database

    world.clock.move(timedelta(days=31))
    async with database.begin() as db:
        await own_copy.erase_unneeded(db)
    await manager.until(ended["referral_id"], contact_details="erased")
    world.clock.move(timedelta(days=730))
    async with database.begin() as db:
        while await retention.forget_closed(db):
            pass

    connection = await world.connect("referral", "postgres")
    gone = [ended["referral_id"], withdrawn["referral_id"]]
    for table, column in (("referrals", "id"), ("timeline", "referral_id"), ("keys", "referral_id"),
                          ("acknowledgements", "referral_id"), ("obligations", "about_id")):
        found = await connection.fetchval(f"select count(*) from {table} where {column}::text = any($1)", gone)
        assert found == 0, table
    assert await connection.fetchval("select count(*) from referrals where id = $1", kept["referral_id"]) == 1
    await connection.close()


async def _noted(manager: Area, referral_id: str, kind: str, times: int = 1) -> bool:
    found = await manager.shown(referral_id)
    return sum(entry["kind"] == kind for entry in found["timeline"]) >= times

"""Feedback of the municipalities' systems: told on the side that it concerns, its text and its traces kept in [5]."""

from uuid import uuid4

import pytest

from services.feedback import store
from tests.component.outsider import Outsider
from tests.stack import World
from tests.waiting import until

MUNICIPAL, SHARED = "municipal.feedback.v1", "shared.feedback.v1"
TEXT = "Kiitos, sain apua heti."
TRACE = (("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", b"agent=1"))


@pytest.fixture(scope="module")
async def running(world: World):
    async with world.running("feedback") as made:
        yield made


@pytest.fixture(scope="module")
def lempaala(world, running) -> Outsider:
    return Outsider(world, "lempaala-feedback", "feedback")


@pytest.fixture(scope="module")
def vesilahti(world, running) -> Outsider:
    return Outsider(world, "vesilahti-feedback", "feedback")


def given(system: Outsider, **changes):
    at = changes.pop("at", "2026-03-02T08:30:00+02:00")
    attributes = changes.pop("attributes", {})
    data = {"feedback_id": str(uuid4()), "municipality": "lempaala", "about": "municipal-service",
            "service": "coaching", "rating": 4, "text": TEXT, "received_at": "2026-03-01T23:30:00Z"}
    return system.event("FeedbackSubmitted", "feedback_id", data | changes, at=at, **attributes)


async def received(system: Outsider, topic: str, event: dict) -> dict:
    return (await until(lambda: system.published(topic, event["subject"], "subject"), 15, what="the receipt"))[0]


@pytest.mark.parametrize(("about", "topic", "elsewhere"), [
    ("municipal-service", MUNICIPAL, SHARED), ("employment-area", SHARED, MUNICIPAL),
])
async def test_what_it_is_about_decides_on_which_side_it_is_told(lempaala, about, topic, elsewhere):
    event = given(lempaala, about=about)
    await lempaala.send(event)

    told = await received(lempaala, topic, event)
    assert told["type"] == "fi.yhdyspinta.FeedbackReceived.v1"
    assert told["source"] == "/municipal/feedback"
    assert told["data"] == {"feedback_id": event["subject"], "received_on": "2026-03-02", "municipality": "lempaala",
                            "about": about, "service": "coaching", "rating": 4}
    assert await lempaala.published(elsewhere, event["subject"], "subject") == []


async def test_the_text_is_kept_and_never_published(lempaala, running, world):
    event = given(lempaala)
    await lempaala.send(event, "binary")
    await received(lempaala, MUNICIPAL, event)

    async with running.services["feedback"].database.begin() as db:
        assert (await store.feedback(db, event["subject"])).text == TEXT
    for topic in (MUNICIPAL, SHARED):
        assert all(TEXT.encode() not in (r.value or b"") for r in await world.records(topic))


async def test_no_trace_and_no_id_of_what_was_sent_goes_along(lempaala, world):
    event = given(lempaala)
    await lempaala.send(event, headers=TRACE)

    told = await received(lempaala, MUNICIPAL, event)
    assert "correlationid" not in told
    assert "causationid" not in told
    assert event["id"] not in str(told)
    record = next(r for r in await world.records(MUNICIPAL) if r.key == event["subject"].encode())
    assert [name for name, _ in record.headers] == ["content-type"]


async def test_an_id_of_a_flow_is_refused(lempaala):
    event = given(lempaala, attributes={"correlationid": str(uuid4())})

    rejection = await lempaala.rejected(await lempaala.send(event))
    assert (rejection["reason"], rejection["field"]) == ("unknown-field", "/correlationid")


@pytest.mark.parametrize(("changes", "reason", "field"), [
    ({"municipality": "vesilahti"}, "not-yours", "/data/municipality"),
    ({"service": "yoga"}, "unknown-code", "/data/service"),
    ({"rating": 6}, "invalid", "/data/rating"),
    ({"phone": "0415550123"}, "unknown-field", "/data"),
])
async def test_what_can_not_be_is_told_to_its_sender_without_a_value(lempaala, changes, reason, field):
    rejection = await lempaala.rejected(await lempaala.send(given(lempaala, **changes)))

    assert (rejection["reason"], rejection["field"]) == (reason, field)
    assert TEXT not in str(rejection)


async def test_a_feedback_that_another_system_opened_is_not_yours(lempaala, vesilahti):
    event = given(lempaala)
    await lempaala.send(event)
    await received(lempaala, MUNICIPAL, event)
    taken_over = given(vesilahti, municipality="vesilahti", feedback_id=event["subject"])

    rejection = await vesilahti.rejected(await vesilahti.send(taken_over))
    assert (rejection["reason"], rejection["field"]) == ("not-yours", "/source")


async def test_of_two_under_one_feedback_id_the_later_stays(lempaala, running):
    later = given(lempaala, rating=2, at="2026-03-02T08:40:00+02:00")
    earlier = given(lempaala, rating=5, feedback_id=later["subject"])
    marker = given(lempaala, feedback_id=later["subject"], rating=3, at="2026-03-02T08:50:00+02:00")
    for event in (later, earlier, marker):
        await lempaala.send(event)

    told = await until(lambda: _told(lempaala, later["subject"], 2), what="both receipts")
    assert [e["data"]["rating"] for e in told] == [2, 3]
    async with running.services["feedback"].database.begin() as db:
        assert (await store.feedback(db, later["subject"])).rating == 3


async def _told(system: Outsider, subject: str, number: int) -> list[dict] | None:
    found = await system.published(MUNICIPAL, subject, "subject")
    return found if len(found) >= number else None

"""What the parties' systems tell of visits, leads and events: by right, unchanged, in order of time [2.1, 2.2]."""

from datetime import timedelta
from uuid import uuid4

import pytest

from contracts import plan
from services.leads import store
from tests.component.outsider import Outsider
from tests.stack import World
from tests.waiting import until

VISITS, LEADS = "shared.visits.v1", "shared.leads.v1"


@pytest.fixture(scope="module")
async def running(world: World):
    async with world.running("leads") as made:
        yield made


@pytest.fixture(scope="module")
def crm(world, running) -> Outsider:
    return Outsider(world, "lempaalan-kehitys-crm", "leads")


@pytest.fixture(scope="module")
def other(world, running) -> Outsider:
    return Outsider(world, "business-tampere-crm", "leads")


def visit(crm: Outsider, name: str = "CompanyVisitPlanned", visit_id: str | None = None, **changes):
    data = {"visit_id": visit_id or str(uuid4()), "organisation": "lempaalan-kehitys", "business_id": "1234567-1"}
    at = changes.pop("at", "2026-03-02T08:30:00.250+02:00")
    return crm.event(name, "business_id", data | changes, at=at)


def lead(crm: Outsider, name: str = "LeadOpened", lead_id: str | None = None, **changes):
    data = {"lead_id": lead_id or str(uuid4()), "business_id": "1234567-1", "municipality": "lempaala",
            "need": "labour", "opened_by_organisation": "lempaalan-kehitys"}
    at = changes.pop("at", "2026-03-02T08:30:00.250+02:00")
    return crm.event(name, "lead_id", data | changes, at=at)


async def kept(running, kind: str, identity: str):
    async with running.services["leads"].database.begin() as db:
        return next((s for s in await store.newest(db, kind) if s.id == identity), None)


# --- taken


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_an_accepted_event_is_on_the_common_topic_unchanged(crm, mode):
    event = visit(crm)
    await crm.send(event, mode)

    told = await crm.taken(VISITS, event["id"])
    assert {n: told[n] for n in ("id", "source", "type", "subject", "time", "data")} == {
        n: event[n] for n in ("id", "source", "type", "subject", "time", "data")}


async def test_a_repeat_is_published_once(crm):
    event = visit(crm)
    await crm.send(event)
    await crm.send(event, "binary")
    last = visit(crm)
    await crm.send(last)

    await crm.taken(VISITS, last["id"])
    assert len(await crm.published(VISITS, event["id"])) == 1


async def test_unknown_fields_and_nulls_are_not_passed_on(crm):
    event = lead(crm)
    sent = {**event, "data": {**event["data"], "visit_id": None, "their_own": "x"}}
    await crm.send(sent)

    told = await crm.taken(LEADS, event["id"])
    assert told["data"] == {n: v for n, v in event["data"].items() if n != "visit_id"}


async def test_a_development_path_needs_no_opening(crm):
    event = crm.event("DevelopmentPathUpdated", "business_id", {"organisation": "lempaalan-kehitys"})
    await crm.send(event)

    assert (await crm.taken(VISITS, event["id"]))["data"] == event["data"]


async def test_anyone_joins_a_visit_and_the_list_shows_all_who_go(crm, other, running):
    opened = visit(crm, organisations=["lempaalan-kehitys"])
    identity = opened["data"]["visit_id"]
    await crm.send(opened)
    await crm.taken(VISITS, opened["id"])
    joined = other.event("CompanyVisitJoined", "business_id",
                         {"visit_id": identity, "organisation": "business-tampere", "business_id": "1234567-1"})
    await other.send(joined)

    await other.taken(VISITS, joined["id"])
    seen = await kept(running, "visit", identity)
    assert seen.latest["organisations"] == ["lempaalan-kehitys", "business-tampere"]
    assert seen.latest["organisation"] == "lempaalan-kehitys"


async def test_the_status_is_what_was_told_last_by_time(crm, running):
    made = visit(crm, "CompanyVisitMade", at="2026-03-02T06:40:00Z")
    identity = made["data"]["visit_id"]
    await crm.send(made)
    await crm.taken(VISITS, made["id"])
    moved = visit(crm, "CompanyVisitMoved", identity, municipality=made["data"]["municipality"],
                  at="2026-03-02T06:10:00Z")
    await crm.send(moved)

    await crm.taken(VISITS, moved["id"])
    assert (await kept(running, "visit", identity)).status == "CompanyVisitMade"


# --- refused


@pytest.mark.parametrize(("event", "field"), [
    (lambda c: visit(c, organisation="business-tampere", organisations=["business-tampere", "lempaalan-kehitys"]),
     "/data/organisation"),
    (lambda c: visit(c, organisations=["business-tampere"]), "/data/organisations"),
    (lambda c: lead(c, opened_by_organisation="business-tampere"), "/data/opened_by_organisation"),
    (lambda c: c.event("EventPlanned", "event_id", {"event_id": str(uuid4()), "organisers": ["business-tampere"]}),
     "/data/organisers"),
    (lambda c: c.event("DevelopmentPathUpdated", "business_id", {"organisation": "business-tampere"}),
     "/data/organisation"),
    (lambda c: visit(c, "CompanyVisitMoved", organisation="business-tampere"), "/data/organisation"),
])
async def test_what_is_told_in_anothers_name_is_not_yours(crm, event, field):
    rejection = await crm.rejected(await crm.send(event(crm)))

    assert (rejection["reason"], rejection["field"]) == ("not-yours", field)
    assert rejection["topic"] == crm.topic


async def test_only_who_opened_a_visit_moves_it(crm, other):
    opened = visit(crm)
    await crm.send(opened)
    await crm.taken(VISITS, opened["id"])
    moved = visit(other, "CompanyVisitMoved", opened["data"]["visit_id"], organisation="business-tampere",
                  municipality=opened["data"]["municipality"])

    rejection = await other.rejected(await other.send(moved))
    assert (rejection["reason"], rejection["field"]) == ("not-yours", "/source")


async def test_a_lead_is_accepted_by_nobody_before_it_is_routed(crm, other):
    opened = lead(crm)
    await crm.send(opened)
    await crm.taken(LEADS, opened["id"])
    accepted = lead(other, "LeadAccepted", opened["data"]["lead_id"], organisation="business-tampere")

    rejection = await other.rejected(await other.send(accepted))
    assert (rejection["reason"], rejection["field"]) == ("not-yours", "/data/organisation")


@pytest.mark.parametrize(("field", "value"), [
    ("business_id", "2345678-5"), ("municipality", "vesilahti"), ("need", "growth"),
])
async def test_a_later_event_that_differs_from_the_opening_is_invalid(crm, field, value):
    opened = lead(crm)
    await crm.send(opened)
    await crm.taken(LEADS, opened["id"])
    later = lead(crm, "LeadWithdrawn", opened["data"]["lead_id"], reason="duplicate", **{field: value})

    rejection = await crm.rejected(await crm.send(later))
    assert (rejection["reason"], rejection["field"]) == ("invalid", f"/data/{field}")


@pytest.mark.parametrize(("event", "reason", "field"), [
    (lambda c: visit(c, purpose="small-talk"), "unknown-code", "/data/purpose"),
    (lambda c: visit(c, company_name="Esimerkki Oy 041 5550 123"), "personal-data", "/data/company_name"),
    (lambda c: {**c.event("TargetSet", "municipality", {}), "subject": "2026:lempaala:visits"},
     "unknown-type", "/type"),
])
async def test_what_no_crm_may_tell_is_refused(crm, event, reason, field):
    rejection = await crm.rejected(await crm.send(event(crm)))

    assert (rejection["reason"], rejection["field"]) == (reason, field)
    assert "041" not in rejection["sentence_en"]


async def test_a_corrected_record_under_the_same_id_is_taken(crm):
    wrong = visit(crm, purpose="small-talk")
    await crm.rejected(await crm.send(wrong))
    right = {**wrong, "data": {**wrong["data"], "purpose": "recruiting"}}
    await crm.send(right)

    assert (await crm.taken(VISITS, wrong["id"]))["data"]["purpose"] == "recruiting"


async def test_another_content_under_an_accepted_id_is_refused(crm):
    event = visit(crm)
    await crm.send(event)
    await crm.taken(VISITS, event["id"])
    await crm.send({**event, "data": {**event["data"], "on": "2026-03-13"}})

    (told,) = await until(lambda: crm.rejections(event["id"]), what="the rejection")
    assert told["reason"] == "id-reused"


async def test_an_unknown_code_under_an_accepted_id_is_told_first(crm):
    event = visit(crm)
    await crm.send(event)
    await crm.taken(VISITS, event["id"])
    await crm.send({**event, "data": {**event["data"], "purpose": "small-talk"}})

    (told,) = await until(lambda: crm.rejections(event["id"]), what="the rejection")
    assert told["reason"] == "unknown-code"


# --- parked


async def test_what_comes_before_its_opening_is_taken_up_in_order_of_time(crm, running):
    opened = visit(crm, at="2026-03-02T06:00:00Z")
    identity, place = opened["data"]["visit_id"], {"municipality": opened["data"]["municipality"]}
    cancelled = visit(crm, "CompanyVisitCancelled", identity, at="2026-03-02T06:20:00Z", **place)
    moved = visit(crm, "CompanyVisitMoved", identity, at="2026-03-02T06:10:00Z", on="2026-03-13", **place)
    for early in (cancelled, moved):
        await crm.send(early)
    marker = visit(crm)
    await crm.send(marker)
    await crm.taken(VISITS, marker["id"])
    assert await crm.published(VISITS, moved["id"]) == []
    await crm.send(opened)

    await crm.taken(VISITS, cancelled["id"])
    ids = [e["id"] for e in await crm.published(VISITS, "1234567-1", "subject")]
    ours = [i for i in ids if i in (opened["id"], moved["id"], cancelled["id"])]
    assert ours == [opened["id"], moved["id"], cancelled["id"]]
    seen = await kept(running, "visit", identity)
    assert (seen.status, seen.latest["on"]) == ("CompanyVisitCancelled", "2026-03-13")


async def test_a_parked_event_that_contradicts_the_opening_is_refused_and_the_opening_stands(crm, world):
    opened = lead(crm)
    early = lead(crm, "LeadWithdrawn", opened["data"]["lead_id"], reason="mistake", need="growth")
    await crm.send(early)
    await crm.send(opened)
    await crm.taken(LEADS, opened["id"])

    rejection = await crm.rejected(early["id"])
    assert (rejection["reason"], rejection["field"]) == ("invalid", "/data/need")


async def test_what_nobody_opens_in_the_plans_time_is_told_to_its_sender_and_may_come_again(crm, running, world):
    opened = visit(crm)
    place = {"municipality": opened["data"]["municipality"]}
    early = visit(crm, "CompanyVisitMoved", opened["data"]["visit_id"], **place)
    await crm.send(early)
    marker = visit(crm)
    await crm.send(marker)
    await crm.taken(VISITS, marker["id"])
    before = world.clock()
    world.clock.move(plan.on(before.date()).intake.park_for.delta + timedelta(hours=1))

    rejection = await crm.rejected(early["id"])
    assert rejection["reason"] == "unknown-subject"
    await crm.send(opened)
    await crm.send(early)
    assert (await crm.taken(VISITS, early["id"]))["data"] == early["data"]
    world.clock.set(before)

"""What each service does in its own course, over HTTP, Kafka and Postgres: the workshop, outreach, Ohjaamo, immigrant
services [3.3, 3.4, 3.5, 3.6]."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest

from contracts.events.directory import StaffListed
from contracts.events.referrals import WorkTrialProposalAnswered
from contracts.topics import source_of
from tests.component.coaching_side import (
    CASEWORK,
    OUTCOMES,
    SHARED,
    Area,
    Provider,
    dead_letters,
    events,
    obligations,
    provider,
    publish,
)
from tests.waiting import until
from yhdyspinta.demo.people import BY_ID

TODAY = date(2026, 3, 2)
MANAGER = "leena-kokeilu"


@pytest.fixture(scope="module")
async def running(world):
    async with world.running("coaching") as made:
        yield made


@pytest.fixture(scope="module")
async def coach(running) -> Provider:
    return await provider(running)


@pytest.fixture(scope="module")
def area(world) -> Area:
    return Area(world)


@pytest.fixture(scope="module")
async def colleagues(world, running) -> None:
    for person in (BY_ID["juha-mallila"], BY_ID["elina-harjoitus"], BY_ID[MANAGER]):
        await publish(world, "notify", source_of("notify"), "shared.directory.v1", StaffListed.model_validate({
            "staff_id": person.id, "name": person.name, "organisation": person.organisation, "roles": person.roles,
            "language": person.language}))
    connection = await world.connect("coaching")
    try:
        await until(lambda: connection.fetchval("select count(*) = 3 from staff"))
    finally:
        await connection.close()


# --- the workshop [3.3]


async def group_of(coach: Provider, first_day: date, places: int = 8) -> dict:
    made = await coach.post("/periods", {"first_day": str(first_day), "places": places})
    assert made.status_code == 201, made.text
    found = await coach.get(made.headers["location"].removeprefix("/coaching/api"))
    assert (date.fromisoformat(found.json()["last_day"]) - first_day).days == 55
    return found.json()


async def interviewed(area: Area, coach: Provider) -> tuple:
    told, case = await area.refer(coach, service="pointti")
    return told, await coach.act(case, "meetings", on=str(told.referred_on), kind="interview")


async def in_period(area: Area, coach: Provider) -> tuple:
    told, case = await interviewed(area, coach)
    group = await group_of(coach, told.referred_on)
    await coach.act(case, "place", group_id=group["group_id"])
    begun = await coach.post(f"/periods/{group['group_id']}/beginning", {
        "on": str(told.referred_on), "came": [case["case_id"]]})
    assert begun.status_code == 200, begun.text
    return told, await coach.shown(case), group


async def test_an_interview_comes_first_then_a_place_in_a_group_and_the_period_begins_and_ends(area, coach, world):
    told, case = await area.refer(coach, service="pointti")
    today = told.referred_on
    group = await group_of(coach, today)
    place = {"group_id": group["group_id"]}
    assert await coach.refused(case, "place", **place) == (409, "interview-first")
    assert await coach.refused(case, "start", on=str(today)) == (409, "period-first")
    await coach.act(case, "meetings", on=str(today), kind="interview")
    kept = await coach.act(case, "place", **place)
    assert [(p["state"], p["starts_on"]) for p in kept["places"]] == [("kept", str(today))]
    assert {o["kind"] for o in kept["obligations"]} == {"start-period"}
    other = await group_of(coach, today + timedelta(days=60))
    moved = await coach.act(case, "place", group_id=other["group_id"])
    changed = await coach.post(f"/periods/{other['group_id']}/change", {
        "first_day": str(today + timedelta(days=67)), "places": 1})
    assert changed.json()["free"] == 0
    assert (await coach.shown(case))["places"][0]["starts_on"] == str(today + timedelta(days=67))
    assert moved["places"][0]["group_id"] == other["group_id"]
    await coach.act(case, "place/leaving")
    assert await coach.refused(case, "place/leaving") == (409, "no-place")
    await coach.act(case, "place", **place)
    begun = await coach.post(f"/periods/{group['group_id']}/beginning", {"on": str(today), "came": [case["case_id"]]})
    assert begun.status_code == 200, begun.text
    running = await coach.shown(case)
    assert (running["status"], running["start_told"]) == ("running", str(today))
    assert (await area.until_told(told.referral_id, "CoachingStarted"))["data"]["started_on"] == str(today)
    ended = await coach.act(case, "periods/end", ended_on=str(today), plan="job")
    assert "end-period" not in {o["kind"] for o in ended["obligations"]}
    assert [p["plan"] for p in ended["places"]] == [None, "job"]
    written = [r.value or b"" for topic in (SHARED, CASEWORK) for r in await world.records(topic)]
    assert not any(g["group_id"].encode() in value for g in (group, other) for value in written)


async def test_a_group_never_has_more_young_people_than_places_though_two_ask_at_one_instant(area, coach):
    today = area.world.clock().date()
    group = await group_of(coach, today + timedelta(days=7), places=1)
    cases = [(await interviewed(area, coach))[1] for _ in range(2)]
    answers = await asyncio.gather(*(
        coach.post(f"/cases/{case['case_id']}/place", {"group_id": group["group_id"]}) for case in cases))
    assert sorted(a.status_code for a in answers) == [200, 409]
    assert [a.json()["code"] for a in answers if a.status_code == 409] == ["no-free-place"]
    seen = (await coach.get(f"/periods/{group['group_id']}")).json()
    assert (len(seen["members"]), seen["free"]) == (1, 0)
    fewer = await coach.post(f"/periods/{group['group_id']}/removal")
    assert fewer.json()["code"] == "group-in-use"
    empty = await group_of(coach, today + timedelta(days=100))
    assert (await coach.post(f"/periods/{empty['group_id']}/removal")).status_code == 204


LIBRARY = {"workplace_kind": "municipal-unit", "unit": "library"}
TRIAL = {**LIBRARY, "starts_on": "2026-05-04", "ends_on": "2026-06-26", "young_person_agrees": True, "sent_by": MANAGER}


async def wishes(coach: Provider, case: dict, *, both: bool) -> dict:
    """A TET period that is over."""
    agreed = await coach.act(case, "tets", starts_on=case["began_on"], **LIBRARY)
    tet = agreed["tets"][-1]
    assert (tet["state"], tet["days"], tet["unit"]) == ("agreed", 3, "library")
    return await coach.act(case, f"tets/{tet['tet_id']}/end", young_person_continues=True, workplace_continues=both)


async def test_a_work_trial_is_proposed_through_the_manager_alone_and_answered(colleagues, area, coach, world):
    told, case, _ = await in_period(area, coach)
    assert (await wishes(coach, case, both=False))["tets"][0]["state"] == "over"
    both = await wishes(coach, case, both=True)
    assert [t["state"] for t in both["tets"]] == ["over", "proposal-to-send"]
    duty = next(o for o in both["obligations"] if o["kind"] == "send-work-trial-proposal")
    assert (duty["owner_role"], duty["owner"]) == ("employment-and-integration-manager", None)
    proposal = f"tets/{both['tets'][1]['tet_id']}/proposal"
    assert await coach.refused(case, proposal, **{**TRIAL, "sent_by": "juha-mallila"}) == (422, "not-through-manager")
    assert await coach.refused(case, proposal, **{**TRIAL, "young_person_agrees": False}) == (
        422, "young-person-disagrees")
    company = {"workplace_kind": "company", "unit": None, "business_id": "1234567-8"}
    assert await coach.refused(case, proposal, **{**TRIAL, **company}) == (422, "not-a-business-id")
    sent = await coach.act(case, proposal, **TRIAL)
    assert sent["tets"][1]["state"] == "proposal-sent"
    event = await area.until_told(told.referral_id, "WorkTrialProposed")
    assert "tet_id" not in event["data"]
    assert {name: event["data"][name] for name in ("unit", "sent_by", "young_person_agrees")} == {
        "unit": "library", "sent_by": MANAGER, "young_person_agrees": True}
    agreed = [e["data"] for e in await events(world, CASEWORK, "TetAgreed")]
    assert agreed
    assert not any("unit" in data for data in agreed)
    answer = WorkTrialProposalAnswered(
        referral_id=told.referral_id, proposal_id=event["data"]["proposal_id"], provider="lempaala", accepted=False,
        reason="timing")
    await area.say(answer)
    heard = await coach.case_of(told.number, status="running")
    await until(lambda: _tet_state(coach, case, "declined"))
    await area.say(answer.model_copy(update={"accepted": True, "reason": None}))
    again = await coach.act(case, proposal, **{**TRIAL, "starts_on": "2026-05-11"})
    assert again["tets"][1]["state"] == "proposal-sent"
    assert heard["number"] == told.number
    unknown = await area.say(answer.model_copy(update={"proposal_id": str(uuid4())}))
    await until(lambda: dead_letters(world, unknown))


async def _tet_state(coach: Provider, case: dict, state: str) -> bool:
    return (await coach.shown(case))["tets"][-1]["state"] == state


async def test_a_withdrawal_ends_a_proposal_wherever_it_is(colleagues, area, coach, world):
    told, case, _ = await in_period(area, coach)
    tet = (await wishes(coach, case, both=True))["tets"][-1]["tet_id"]
    await coach.act(case, f"tets/{tet}/proposal", **TRIAL)
    event = await area.until_told(told.referral_id, "WorkTrialProposed")
    await wishes(coach, case, both=True)
    await area.say(area.withdrawn(told))
    stopped = await coach.case_of(told.number, contact_details="closed")
    assert [t["state"] for t in stopped["tets"]] == ["stopped", "stopped"]
    assert await coach.refused(case, f"tets/{stopped['tets'][1]['tet_id']}/proposal", **TRIAL) == (
        409, "consent-not-in-force")
    late = await area.say(WorkTrialProposalAnswered(
        referral_id=told.referral_id, proposal_id=event["data"]["proposal_id"], provider="lempaala", accepted=True))
    after, _ = await area.refer(coach)
    assert (await coach.shown(case))["tets"][0]["state"] == "stopped", after.number
    assert not await dead_letters(world, late)
    assert ("ObligationCancelled", "send-work-trial-proposal") in await obligations(world, case["case_id"])


# --- each service's own course


async def test_outreach_goes_on_trying_for_months_and_vesilahti_sees_none_of_it(area, coach, running, world):
    told, case = await area.refer(coach, service="outreach")
    elsewhere = await provider(running, "vesilahti")
    assert (await elsewhere.get(f"/cases/{case['case_id']}")).status_code == 404
    tried = await coach.act(case, "attempts", channel="call", reached=False)
    assert [o["kind"] for o in tried["obligations"]] == ["try-again", "decide-on-unreached"]
    today = str(world.clock().date())
    assert await coach.refused(case, "not-begun", on=today, reason="not-reached") == (409, "try-longer")

    declined = await coach.act(case, "not-begun", on=today, reason="declined")

    assert declined["not_begun"] == "declined"
    assert await area.names(told.referral_id) == ["ReceivingKeyOffered", "ContactDetailsReceived"]


async def test_who_does_not_come_is_tried_again_once_the_time_has_passed(area, coach, world):
    _, case = await area.refer(coach)
    at = world.clock() + timedelta(minutes=5)
    await coach.act(case, "appointments", at=at.isoformat(), place="lempaala-talo", reached_by="call")
    assert await coach.refused(case, "appointments/missed") == (409, "not-yet-met")
    world.clock.move(timedelta(minutes=6))

    missed = await coach.act(case, "appointments/missed")

    assert (missed["status"], [o["kind"] for o in missed["obligations"]]) == ("contacting", ["try-again"])
    assert missed["timeline"][0]["fields"] | {"at": None} == {"at": None, "channel": "visit", "reached": False}
    begun = await coach.act(case, "start", on=str(world.clock().date()))
    assert begun["starter_meetings"] == 1
    for day in (1, 2):
        world.clock.move(timedelta(days=1))
        body = {"on": str(world.clock().date()), "kind": "starter-package"}
        answer = await coach.post(f"/cases/{case['case_id']}/meetings", body)
        assert answer.json().get("code") == (None, "starter-package-full")[day - 1]


async def test_immigrant_services_ask_of_working_age_and_keep_no_birth_date(coach):
    new = {"service": "immigrant-services", "municipality": "vesilahti", "origin": "self", "asked_on": "2026-03-02"}
    for basis, code in ((None, "basis-missing"), ("of-working-age", "of-working-age")):
        assert (await coach.post("/cases", {**new, "basis": basis})).json()["code"] == code
    made = await coach.post("/cases", {**new, "basis": "not-of-working-age"})
    case = await coach.act(made.json(), "meetings", on="2026-03-02", kind="my-team")
    assert (case["basis"], case["provider"], case["status"]) == ("not-of-working-age", "lempaala", "running")


async def test_a_visit_opens_a_case_or_goes_on_in_the_one_that_is_open(coach, world):
    visit = {"ohjaamo": "vesilahti", "municipality": "vesilahti", "topic": "benefit", "settled": False}
    first = await coach.post("/ohjaamo/visits", visit)
    assert first.status_code == 201
    case = await coach.shown(first.json())
    assert (case["status"], case["origin"], case["provider"]) == ("running", "self", "lempaala")
    assert [e["kind"] for e in case["timeline"]] == ["meeting-held", "visited", "opened"]
    again = await coach.post("/ohjaamo/visits", {**visit, "number": case["number"], "settled": True})
    assert again.json() == first.json()
    assert (await coach.shown(case))["outcome"] == "got-needed-service"

    third = (await coach.post("/ohjaamo/visits", {**visit, "number": case["number"]})).json()

    assert third["case_id"] != case["case_id"]
    shown = (await coach.get("/ohjaamo/visits")).json()["visits"]
    assert [v["number"] for v in shown[:3]] == [third["number"], case["number"], case["number"]]

    async def began() -> list[dict]:
        found = [e["data"] for e in await events(world, OUTCOMES, "ServiceBegan") if e["data"]["service"] == "ohjaamo"]
        return found if len(found) == 2 else []

    one, other = await until(began)
    assert one["client"] == other["client"]
    assert one["spell_id"] != other["spell_id"]
    assert (await coach.post("/ohjaamo/visits", {**visit, "number": "A-2026-9999"})).json()["code"] == (
        "earlier-case-unknown")

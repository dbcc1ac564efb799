"""Coaching as a provider and the employment area see it: API and events in, topics and API out [3.2, 3.3, 7]."""

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import pytest

from chassis import sealing
from chassis.contact import Contact, Secret
from contracts.events.coaching import ContactDetailsErased
from contracts.events.contact_details import ContactDetailsSealed
from contracts.events.directory import StaffListed
from contracts.topics import source_of
from tests.component.coaching_side import (
    CASEWORK,
    NAME,
    OUTCOMES,
    PHONE,
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


# --- a referral comes


async def test_a_referral_opens_one_case_and_the_area_is_offered_a_key_of_its_own(area, coach, world):
    told, case = await area.refer(coach)

    assert (case["status"], case["number"], case["origin"]) == ("arrived", told.number, "referral")
    assert case["obligations"][0]["kind"] == "contact-client"
    assert case["obligations"][0]["due_at"].startswith("2026-03-09T21:59:59")
    await area.until_told(told.referral_id, "ContactDetailsReceived")
    assert await area.names(told.referral_id) == ["ReceivingKeyOffered", "ContactDetailsReceived"]
    all_opened = await events(world, CASEWORK, "CaseOpened")
    (opened,) = [e for e in all_opened if e["data"].get("referral_number") == told.number]
    assert opened["subject"] == case["case_id"]
    assert opened["data"]["asked_on"] == "2026-03-02"
    assert told.referral_id not in str(opened["data"])


async def test_an_approach_is_told_to_reporting_under_ids_that_nothing_else_names(area, coach, world):
    told, case = await area.refer(coach, municipality="vesilahti")

    (opened,) = [e for e in await events(world, CASEWORK, "CaseOpened") if e["subject"] == case["case_id"]]
    approaches = await events(world, OUTCOMES, "ApproachReceived")
    approach = next(e for e in approaches if e["data"]["municipality"] == "vesilahti")
    assert approach["data"]["client"] != opened["data"]["client"]
    for known in (told.referral_id, case["case_id"], told.number, opened["data"]["client"]):
        assert known not in str(approach)
    assert "correlationid" not in approach
    assert "causationid" not in approach
    assert approach["time"] == "2026-03-01T22:00:00Z"


async def test_nothing_personal_lies_on_a_topic_or_in_a_table(area, coach, world):
    _, case = await area.refer(coach)
    await coach.act(case, "contact-details", reason="contact-attempt")

    for topic in (SHARED, CASEWORK, OUTCOMES, "municipal.obligations.v1"):
        for record in await world.records(topic):
            assert b"Aino" not in record.value
            assert PHONE.encode() not in record.value
    connection = await world.connect("coaching")
    try:
        tables = await connection.fetch(
            "select table_name from information_schema.tables where table_schema = 'public'")
        for row in tables:
            found = await connection.fetchval(
                f'select count(*) from "{row["table_name"]}" t where t::text like $1', "%Aino%")
            assert found == 0, row["table_name"]
    finally:
        await connection.close()


# --- the press that shows


async def test_the_contact_details_are_shown_for_a_reason_that_the_audit_log_keeps(area, coach, world):
    _, case = await area.refer(coach)

    answer = await coach.post(f"/cases/{case['case_id']}/contact-details", {"reason": "contact-attempt"})

    assert answer.json() == {"name": NAME, "phone": PHONE}
    assert answer.headers["cache-control"] == "no-store"
    after = await coach.shown(case)
    assert after["status"] == "contacting"
    assert after["timeline"][0]["kind"] == "details-shown"
    connection = await world.connect("coaching")
    try:
        rows = await connection.fetch("select act, reason from audit_log where act = 'read:contact-details'")
        assert ("read:contact-details", "contact-attempt") in [tuple(r) for r in rows]
    finally:
        await connection.close()


async def test_an_unknown_reason_shows_nothing(area, coach):
    _, case = await area.refer(coach)

    assert await coach.refused(case, "contact-details", reason="curiosity") == (422, "code-not-known")


async def test_above_the_plans_hourly_limit_nothing_more_is_shown(area, running):
    careless = await provider(running)
    cases = [(await area.refer(careless))[1] for _ in range(3)]
    answers = await asyncio.gather(*(
        careless.post(f"/cases/{each['case_id']}/contact-details", {"reason": "contact-attempt"})
        for each in cases for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [429] * 4

    case = cases[0]
    assert await careless.refused(case, "contact-details", reason="contact-attempt") == (429, "too-many-reveals")


async def test_another_organisations_token_finds_nothing(area, coach, running):
    _, case = await area.refer(coach)
    other = await provider(running, "vesilahti")

    assert (await other.get(f"/cases/{case['case_id']}")).status_code == 404
    assert (await other.post(f"/cases/{case['case_id']}/start", {"on": "2026-03-02"})).status_code == 404
    assert (await other.get("/cases", number=case["number"])).json()["cases"] == []


# --- the coach's acts


async def test_reaching_the_client_moves_the_obligation_on(area, coach, world):
    _, case = await area.refer(coach)

    after = await coach.act(case, "attempts", channel="call", reached=False)
    assert [o["kind"] for o in after["obligations"]] == ["try-again"]
    again = await coach.act(case, "attempts", channel="text-message", reached=True)
    assert [o["kind"] for o in again["obligations"]] == ["book-appointment"]
    booked = await coach.act(
        case, "appointments", at="2026-03-05T13:00:00+02:00", place="lempaala-talo", reached_by="call")
    assert (booked["status"], [o["kind"] for o in booked["obligations"]]) == ("booked", ["record-appointment"])

    async def told() -> bool:
        found = await obligations(world, case["case_id"])
        return found[:3] == [
            ("ObligationOpened", "contact-client"), ("ObligationMet", "contact-client"),
            ("ObligationOpened", "try-again"),
        ] and ("ObligationMet", "book-appointment") in found

    await until(told)


async def test_start_and_end_tell_the_area_two_days_and_reporting_the_outcome_and_nothing_joins_them(
    area, coach, world
):
    told, case = await area.refer(coach, municipality="vesilahti")
    started = await coach.act(case, "start", on="2026-03-02")
    assert (started["status"], started["began_on"], started["start_told"]) == ("running", "2026-03-02", "2026-03-02")
    ended = await coach.act(case, "end", on="2026-03-02", outcome="education")
    assert (ended["status"], ended["outcome"]) == ("ended", "education")

    start = await area.until_told(told.referral_id, "CoachingStarted")
    end = await area.until_told(told.referral_id, "CoachingEnded")
    assert start["data"]["started_on"] == end["data"]["ended_on"] == "2026-03-02"
    assert "education" not in str(end)

    async def counted() -> list[dict]:
        return [e for e in await events(world, OUTCOMES, "ServiceEnded") if e["data"]["municipality"] == "vesilahti"]

    (outcome,) = await until(counted)
    (began,) = [e for e in await events(world, OUTCOMES, "ServiceBegan")
                if e["data"]["spell_id"] == outcome["data"]["spell_id"]]
    assert outcome["data"]["outcome"] == "education"
    assert began["data"]["new_client"] is True
    assert began["time"] != start["time"]
    known = {v for e in (start, end) for v in (e["id"], *map(str, e["data"].values()))} - {
        "coaching", "vesilahti", "lempaala", "2026-03-02"}
    assert not [v for v in known if v in str(outcome) + str(began)]
    assert not any(h[0] == "traceparent" for r in await world.records(OUTCOMES) for h in r.headers)


async def test_the_same_act_sent_twice_happens_once(area, coach, world):
    told, case = await area.refer(coach)
    key = str(uuid4())
    for _ in range(2):
        assert (await coach.post(f"/cases/{case['case_id']}/start", {"on": "2026-03-02"}, key)).status_code == 200

    await area.until_told(told.referral_id, "CoachingStarted")
    assert (await area.names(told.referral_id)).count("CoachingStarted") == 1


@pytest.mark.parametrize(("one", "other"), [
    (("start", {"on": "2026-03-02"}), ("return", {"reason": "no-capacity"})),
    (("start", {"on": "2026-03-02"}), ("withdrawal", {})),
    (("attempts", {"channel": "call", "reached": False}), ("not-begun", {"on": "2026-03-02", "reason": "declined"})),
    (("appointments", {"at": "2026-05-05T13:00:00+02:00", "place": "remote"}),
     ("appointments", {"at": "2026-05-06T09:00:00+02:00", "place": "remote"})),
    (("coach", {"coach": "juha-mallila"}), ("coach", {"coach": "elina-harjoitus"})),
])
async def test_of_two_commands_at_one_instant_on_a_case_one_wins(area, coach, colleagues, one, other):
    _, case = await area.refer(coach)

    place = f"/cases/{case['case_id']}"
    answers = await asyncio.gather(*(coach.post(f"{place}/{name}", body) for name, body in (one, other)))

    assert sorted(a.status_code for a in answers) == [200, 409]
    assert "changed-meanwhile" in [a.json().get("code") for a in answers]


async def test_what_is_recorded_already_is_not_recorded_again(area, coach):
    _, case = await area.refer(coach)
    meeting = {"on": "2026-03-02", "kind": "starter-package"}
    await coach.act(case, "meetings", **meeting)
    assert await coach.refused(case, "meetings", **meeting) == (409, "already-recorded")


async def test_a_client_who_came_before_is_no_new_client(area, coach, world):
    _, first = await area.refer(coach)
    await coach.act(first, "start", on="2026-03-02")
    second_told, second = await area.refer(coach, municipality="vesilahti")
    after = await coach.act(second, "earlier-case", earlier_case_id=first["case_id"])
    assert after["case_id"] == second["case_id"]
    world.clock.move(timedelta(days=1))
    await coach.act(second, "start", on="2026-03-03")

    await area.until_told(second_told.referral_id, "CoachingStarted")

    async def began() -> list[dict]:
        return [e for e in await events(world, OUTCOMES, "ServiceBegan") if e["data"]["on"] == "2026-03-03"]

    (event,) = await until(began)
    assert event["data"]["new_client"] is False


async def test_a_case_without_a_referral_tells_the_area_nothing(coach, world):
    made = await coach.post("/cases", {
        "service": "coaching", "municipality": "lempaala", "origin": "self", "asked_on": "2026-03-02"})
    assert made.status_code == 201
    assert made.headers["location"] == f"/coaching/api/cases/{made.json()['case_id']}"
    shared = len(await world.records(SHARED))
    await coach.act(made.json(), "start", on="2026-03-02")

    async def known() -> bool:
        return any(e["subject"] == made.json()["case_id"] for e in await events(world, CASEWORK, "MeetingHeld"))

    await until(known)
    assert len(await world.records(SHARED)) == shared
    assert await coach.refused(made.json(), "withdrawal") == (409, "no-referral")


# --- giving back, withdrawing


async def erased(area: Area, referral_id: str, key_id: str | None, cause: str, count: int = 1) -> dict:
    """The proved acknowledgement of a key's erasure."""
    event = await area.until_told(referral_id, "ContactDetailsErased", count)
    area.prove(ContactDetailsErased, event)
    data = event["data"]
    assert (data.get("key_id"), data["cause"]) == (key_id, cause)
    return data


async def test_a_returned_referral_is_erased_and_acknowledged(area, coach):
    told = area.consented()
    await area.say(told)
    key_id = await area.seal(told)
    case = await coach.case_of(told.number, contact_details="here")

    after = await coach.act(case, "return", reason="wrong-address",
                            right_address={"organisation": "vesilahti", "service": "outreach"})

    assert (after["status"], after["contact_details"]) == ("not-begun", "closed")
    returned = await area.until_told(told.referral_id, "ReferralReturned")
    assert returned["data"]["right_address"] == {"organisation": "vesilahti", "service": "outreach"}
    await erased(area, told.referral_id, key_id, "return")
    assert await coach.refused(case, "contact-details", reason="client-asked") == (409, "consent-not-in-force")


async def test_a_withdrawal_of_the_area_ends_all_use_and_is_acknowledged_with_a_proof(area, coach, world):
    told, case = await area.refer(coach)
    key_id = (await area.offer(told.referral_id))["key_id"]

    await area.say(area.withdrawn(told))

    data = await erased(area, told.referral_id, key_id, "withdrawal")
    assert "copies_until" not in data
    after = await coach.case_of(told.number, contact_details="closed")
    assert (after["status"], after["not_begun"], after["obligations"]) == ("not-begun", "withdrawn", [])
    assert await coach.refused(case, "contact-details", reason="contact-attempt") == (409, "consent-not-in-force")
    assert await coach.refused(case, "start", on="2026-03-03") == (409, "consent-not-in-force")
    assert not (world.settings("coaching").keys / key_id).exists()
    connection = await world.connect("coaching")
    try:
        assert await connection.fetchval("select count(*) from sealed_details where key_id = $1", key_id) == 0
    finally:
        await connection.close()
    assert (await area.names(told.referral_id))[-1] == "ContactDetailsErased"


async def test_a_withdrawal_told_to_the_coach_is_reported_and_erased_at_once(area, coach):
    told, case = await area.refer(coach)
    after = await coach.act(case, "withdrawal")
    assert after["closing"] == "withdrawal"

    await area.until_told(told.referral_id, "ContactDetailsErased")
    await area.say(area.withdrawn(told))
    await area.say(area.other_manager(told, "liisa-lehto"))
    probe, _ = await area.refer(coach)

    names = await area.names(told.referral_id)
    assert names == ["ReceivingKeyOffered", "ContactDetailsReceived", "WithdrawalReported", "ContactDetailsErased"]
    assert probe.referral_id != told.referral_id


async def test_a_cancelled_referral_is_erased_like_a_withdrawn_one(area, coach):
    told, _ = await area.refer(coach)
    await area.say(area.cancelled(told))
    await erased(area, told.referral_id, (await area.offer(told.referral_id))["key_id"], "cancellation")


async def test_a_withdrawal_before_its_referral_opens_nothing_and_is_acknowledged_without_a_key(area, coach):
    told = area.consented()
    await area.say(area.withdrawn(told))
    await area.say(told)

    await erased(area, told.referral_id, None, "withdrawal")
    assert await area.names(told.referral_id) == ["ContactDetailsErased"]
    assert (await coach.get("/cases", number=told.number)).json()["cases"] == []


async def test_sealed_details_that_come_after_a_withdrawal_are_dropped_and_are_no_dead_letter(area, coach, world):
    told = area.consented()
    await area.say(told)
    await area.offer(told.referral_id)
    await area.say(area.withdrawn(told))
    await area.until_told(told.referral_id, "ContactDetailsErased")
    await area.seal(told)
    other, _ = await area.refer(coach)

    assert "ContactDetailsReceived" not in await area.names(told.referral_id)
    assert other.referral_id != told.referral_id
    letters = [r for r in await world.records("municipal.coaching-dead-letter.v1")
               if r.key == told.referral_id.encode()]
    assert letters == []


async def test_a_seal_that_does_not_open_is_a_dead_letter(area, coach, world):
    told, other = area.consented(), area.consented()
    await area.say(told)
    await area.say(other)
    offer = await area.offer(told.referral_id)
    foreign = area.consented(referral_id=told.referral_id, consent=other.consent)
    await area.offer(other.referral_id)
    jwe = sealing.seal(Contact(Secret(NAME), Secret(PHONE)), offer["public_key"], other.referral_id,
                       foreign.consent.consent_id, offer["key_id"])
    event_id = await area.say(ContactDetailsSealed.model_validate({
        "referral_id": told.referral_id, "consent_id": told.consent.consent_id, "key_id": offer["key_id"], "jwe": jwe,
    }), "area.contact-details.v1")

    assert await until(lambda: dead_letters(world, event_id)) == ["unreadable-seal"]


async def test_a_lost_key_is_followed_by_another_offer_and_the_details_come_again(area, coach, world, running):
    told, case = await area.refer(coach)
    key_id = (await area.offer(told.referral_id))["key_id"]
    (world.settings("coaching").keys / key_id).unlink()

    assert await coach.refused(case, "contact-details", reason="contact-attempt") == (
        409, "contact-details-not-here")
    second = await area.seal(told, after=1)
    assert second != key_id

    async def again() -> bool:
        answer = await coach.post(f"/cases/{case['case_id']}/contact-details", {"reason": "contact-attempt"})
        return answer.status_code == 200

    await until(again)


async def test_the_later_case_manager_is_named_in_what_the_area_is_told(area, coach):
    told, case = await area.refer(coach)
    await area.say(area.other_manager(told, "liisa-lehto"))
    probe, _ = await area.refer(coach)
    assert probe.referral_id != told.referral_id
    await coach.act(case, "start", on=str(told.referred_on))

    event = await area.until_told(told.referral_id, "CoachingStarted")
    assert event["data"]["case_manager"] == "liisa-lehto"


# --- the data subject's day


async def sealed_again(area: Area, told, key_id: str, phone: str, time=None) -> None:
    """What the area seals to the same key when the client has told another number."""
    offer = await area.offer(told.referral_id)
    jwe = sealing.seal(Contact(Secret(NAME), Secret(phone)), offer["public_key"], told.referral_id,
                       told.consent.consent_id, key_id)
    await area.say(ContactDetailsSealed.model_validate({
        "referral_id": told.referral_id, "consent_id": told.consent.consent_id, "key_id": key_id, "jwe": jwe,
    }), "area.contact-details.v1", time=time)


async def test_a_corrected_number_takes_the_place_of_the_one_before_whatever_comes_first(area, coach, world):
    told, case = await area.refer(coach)
    key_id = (await area.offer(told.referral_id))["key_id"]
    earlier = world.clock()
    await sealed_again(area, told, key_id, "+358415550177")

    async def corrected() -> dict | None:
        shown = await coach.shown(case)
        return shown if "details-corrected" in [entry["kind"] for entry in shown["timeline"]] else None

    await until(corrected, what="the correction")
    await sealed_again(area, told, key_id, "+358415550188", time=earlier)
    await world.read_to_the_end("coaching", "area.contact-details.v1")
    looked = await coach.post(f"/cases/{case['case_id']}/contact-details", {"reason": "contact-attempt"})
    assert looked.json()["phone"] == "+358415550177"
    assert (await area.names(told.referral_id)).count("ContactDetailsReceived") == 2


async def test_a_client_gets_what_is_held_and_while_restricted_nobody_opens_the_contact_details(area, coach, running):
    subjects = await provider(running, scopes=("data-subjects",))
    told, case = await area.refer(coach)
    _, earlier = await area.refer(coach)
    await coach.act(case, "earlier-case", earlier_case_id=earlier["case_id"])
    place, reason = f"/cases/{case['case_id']}", {"reason": "contact-attempt"}
    await coach.post(f"{place}/contact-details", reason)

    assert (await subjects.post(f"{place}/restriction")).status_code == 204
    for each in (case, earlier):
        assert await coach.refused(each, "contact-details", **reason) == (409, "processing-restricted")
    await coach.act(case, "attempts", channel="call", reached=False)
    held = (await subjects.get(f"{place}/data")).json()
    assert [r["lifted_at"] for r in held["restrictions"]] == [None, None]
    assert {part["title"] for part in held["parts"]} >= {f"Case {told.number}", f"Case {earlier['number']}"}
    assert {"looked at the contact details", "restricted processing", "recorded an attempt"} <= {
        look["act"] for look in held["looks"]}
    assert {each["what"]: each["until"] for each in held["held"]}[
        "Name and phone number, sealed to a key of their own"] == "30 days after the end"
    assert NAME not in str(held)
    assert PHONE not in str(held)
    assert (await subjects.post(f"{place}/restriction/lift")).status_code == 204
    assert (await subjects.post(f"{place}/restriction/lift")).status_code == 409
    assert (await coach.post(f"/cases/{earlier['case_id']}/contact-details", reason)).status_code == 200

"""Meetings between the sides on real topics: three-party meetings, invitations, a case manager as work pair [3.2, 3.4,
3.5, 3.6]. Both sides' APIs see the same of each, and nothing is told of a referral that is closed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.events.coaching import ThreePartyMeetingCalledOff
from contracts.events.referrals import ThreePartyMeetingAgreed
from contracts.topics import dead_letter_topic
from tests.component import coaching_side, referral_side
from tests.component.coaching_side import REFERRALS, SHARED, Provider, publish
from tests.component.referral_side import Area
from tests.contract.examples import example, structured
from tests.waiting import until

WORKER = "emma-mallila"


@pytest.fixture(scope="module")
async def running(world):
    async with world.running("referral", "coaching") as made:
        yield made


@pytest.fixture(scope="module")
async def area(running) -> Area:
    return await referral_side.area(running)


@pytest.fixture(scope="module")
async def coach(running) -> Provider:
    return await coaching_side.provider(running)


async def referred(area: Area, coach: Provider, **other: Any) -> tuple[str, dict[str, Any]]:
    made = await area.refer(**other)
    return made["referral_id"], await coach.case_of(made["number"], contact_details="here")


def at(world, **after: float) -> str:
    return (world.clock() + timedelta(**after)).isoformat()


def times(world, *hours: float) -> list[dict[str, str]]:
    return [{"starts_at": at(world, hours=h), "ends_at": at(world, hours=h + 1)} for h in hours]


async def stands(of: Area | Provider, path: str, stage: str) -> dict[str, Any]:
    """The newest three-party meeting on a side, once it stands so."""

    async def there() -> dict[str, Any] | None:
        found = (await of.get(f"{path}/three-party")).json()["meetings"]
        return found[-1] if found and found[-1]["stage"] == stage else None

    return await until(there, what=f"a meeting that is {stage}")


async def owed(of: Area | Provider, path: str, kind: str) -> bool:
    return kind in [each["kind"] for each in (await of.get(path)).json()["obligations"]]


async def ok(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


async def test_a_three_party_meeting_is_asked_agreed_moved_and_called_off_on_both_sides(area, coach, world):
    referral, case = await referred(area, coach)
    there, here = f"/referrals/{referral}", f"/cases/{case['case_id']}"
    await ok(await coach.post(f"{here}/three-party", {"proposed": times(world, 24, 48)}))
    asked = await stands(area, there, "asked")
    assert await owed(area, there, "answer-three-party-request")
    chosen = asked["proposed"][1] | {
        "meeting_id": asked["meeting_id"], "place": "lempaala-talo", "client_takes_part": True}
    alone = await area.post(f"{there}/three-party/agreement", chosen | {"client_takes_part": False})
    assert (alone.status_code, alone.json()["code"]) == (422, "client-must-take-part")
    both = await asyncio.gather(
        area.post(f"{there}/three-party/agreement", chosen),
        area.post(f"{there}/three-party/refusal", {"meeting_id": asked["meeting_id"], "reason": "not-now"}))
    assert sorted(each.status_code for each in both) in ([200, 409], [200, 200])  # declined after agreeing
    if both[1].status_code == 200:
        await stands(coach, here, "declined")
        await ok(await coach.post(f"{here}/three-party", {"proposed": times(world, 24, 48)}))
        asked = await stands(area, there, "asked")
        await ok(await area.post(f"{there}/three-party/agreement", chosen | {"meeting_id": asked["meeting_id"]}))
    agreed = await stands(coach, here, "agreed")
    assert (agreed["sequence"], agreed["place"]) == (0, "lempaala-talo")
    assert await owed(coach, here, "record-three-party-meeting")
    assert await owed(area, there, "attend-three-party-meeting")
    assert not await owed(area, there, "answer-three-party-request")
    moved = times(world, 72)[0] | {"meeting_id": asked["meeting_id"], "place": "remote", "client_takes_part": True}
    await ok(await area.post(f"{there}/three-party/agreement", moved))
    await until(lambda: _sequence(coach, here), what="the move")
    await ok(await coach.post(f"{here}/three-party/call-off"))
    await stands(area, there, "called-off")
    assert not await owed(area, there, "attend-three-party-meeting")
    assert not await owed(coach, here, "record-three-party-meeting")
    told = [e["kind"] for e in (await area.shown(referral))["timeline"]]
    assert told[:2] == ["three-party-called-off", "three-party-moved"]
    again = await area.post(f"{there}/three-party/agreement", moved)
    assert (again.status_code, again.json()["code"]) == (409, "meeting-is-over")
    gone = await coach.post(f"{here}/three-party/call-off")
    assert (gone.status_code, gone.json()["code"]) == (409, "nothing-to-call-off")


async def _sequence(coach: Provider, here: str) -> bool:
    found = (await coach.get(f"{here}/three-party")).json()["meetings"][-1]
    return bool(found["sequence"] == 1 and found["place"] == "remote")


async def test_a_time_that_does_not_suit_is_followed_by_others_and_the_end_of_the_case_calls_off(area, coach, world):
    referral, case = await referred(area, coach)
    there, here = f"/referrals/{referral}", f"/cases/{case['case_id']}"
    await coach.act(case, "start", on="2026-03-02")
    await ok(await coach.post(f"{here}/three-party", {"proposed": times(world, 24)}))
    asked = await stands(area, there, "asked")
    await ok(await area.post(
        f"{there}/three-party/refusal", {"meeting_id": asked["meeting_id"], "reason": "time"}))
    await stands(coach, here, "another-time-wanted")
    assert await owed(coach, here, "propose-three-party-time")
    await ok(await coach.post(f"{here}/three-party", {"proposed": times(world, 30)}))
    assert not await owed(coach, here, "propose-three-party-time")
    second = await stands(area, there, "asked")
    assert second["meeting_id"] != asked["meeting_id"]
    await coach.act(case, "end", on="2026-03-02", outcome="work")
    await area.until(referral, status="ended")
    assert (await stands(area, there, "called-off"))["meeting_id"] == second["meeting_id"]
    late = await area.post(f"{there}/three-party/agreement", times(world, 30)[0] | {
        "meeting_id": second["meeting_id"], "place": "remote", "client_takes_part": True})
    assert late.status_code == 409


async def test_a_withdrawal_meanwhile_ends_meetings_and_invitations_on_both_sides_and_nothing_more_is_told(
    area, coach, world
):
    referral, case = await referred(area, coach)
    there, here = f"/referrals/{referral}", f"/cases/{case['case_id']}"
    await ok(await coach.post(f"{here}/three-party", {"proposed": times(world, 24)}))
    asked = await stands(area, there, "asked")
    await ok(await area.post(f"{there}/three-party/agreement", asked["proposed"][0] | {
        "meeting_id": asked["meeting_id"], "place": "remote", "client_takes_part": True}))
    await stands(coach, here, "agreed")
    invited = await ok(await area.post("/invitations", invitation(world, referral_id=referral)), 201)
    await until(lambda: _knows(coach, invited["meeting_id"]), what="the invitation")
    await coach.act(case, "withdrawal")
    await area.until(referral, status="withdrawn")
    await stands(area, there, "fell-away")
    await stands(coach, here, "fell-away")
    assert (await ok(await area.get(f"/invitations/{invited['meeting_id']}")))["stage"] == "fell-away"
    answer = await coach.post(f"/invitations/{invited['meeting_id']}/answer", {"accepted": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "answered-already")
    told = referral_side.Coaching(world)
    late = ThreePartyMeetingAgreed.model_validate({
        "referral_id": referral, "meeting_id": asked["meeting_id"], "case_manager": "mikko-maki", "coach": "x",
        "starts_at": world.clock(), "ends_at": world.clock(), "place": "remote", "sequence": 7,
        "client_takes_part": True})
    await publish(world, "referral", "/tampere-region/referral", REFERRALS, late)
    await told.say(ThreePartyMeetingCalledOff.model_validate({
        "referral_id": referral, "meeting_id": asked["meeting_id"], "case_manager": "mikko-maki", "coach": "x"}))
    await world.read_to_the_end("coaching", REFERRALS)
    await world.read_to_the_end("referral", SHARED)
    await stands(coach, here, "fell-away")
    await stands(area, there, "fell-away")
    for topic in (SHARED, REFERRALS):
        names = [e["type"].split(".")[2] for e in await told.told(topic, referral)]
        after = names[names.index("WithdrawalReported" if topic == SHARED else "ConsentWithdrawn") + 1:]
        assert [n for n in after if n not in ("ContactDetailsErased", type(late).__name__,
                                              "ThreePartyMeetingCalledOff")] == []


def invitation(world, **other: Any) -> dict[str, Any]:
    return {"kind": "my-team", "municipality": "lempaala", **times(world, 24)[0], "place": "remote",
            "client_wishes": True, "case_manager": "mikko-maki", **other}


async def _knows(coach: Provider, meeting_id: str) -> bool:
    return (await coach.get(f"/invitations/{meeting_id}")).status_code == 200


async def test_an_invitation_is_answered_by_whom_it_names_and_by_nobody_else(area, coach, world, running):
    vesilahti = await coaching_side.provider(running, "vesilahti")
    wanted = invitation(world, kind="job-search-talk", municipality="vesilahti")
    unwished = await area.post("/invitations", wanted | {"client_wishes": False})
    assert (unwished.status_code, unwished.json()["code"]) == (422, "client-must-wish")
    made = await ok(await area.post("/invitations", wanted), 201)
    path = f"/invitations/{made['meeting_id']}"
    await until(lambda: _knows(vesilahti, made["meeting_id"]), what="the invitation")
    assert (await coach.get(path)).status_code == 404
    assert (await coach.post(f"{path}/answer", {"accepted": True})).status_code == 404
    answered = await ok(await vesilahti.post(f"{path}/answer", {"accepted": True}))
    assert answered["stage"] == "accepted"
    await until(lambda: _is(area, path, "accepted"), what="the answer")
    kinds = await obligations(world, made["meeting_id"])
    assert sorted(kinds) == [
        ("ObligationMet", "answer-invitation"), ("ObligationMet", "await-invitation-answer"),
        ("ObligationOpened", "answer-invitation"), ("ObligationOpened", "await-invitation-answer")]


async def _is(of: Area | Provider, path: str, stage: str) -> bool:
    return bool((await of.get(path)).json()["stage"] == stage)


async def obligations(world, about: str) -> list[tuple[str, str]]:
    found = [e for topic in ("area.obligations.v1", "municipal.obligations.v1")
             for e in await coaching_side.events(world, topic) if e["data"]["about_id"] == about]
    return [(e["type"].split(".")[2], e["data"]["kind"]) for e in found]


async def test_an_ohjaamo_worker_asks_for_a_case_manager_and_one_answers_once(area, coach, world):
    wanted = {"ohjaamo": "lempaala", "topic": "start-job-search", "requested_by": WORKER}
    kela = await coach.post("/case-manager-requests", wanted | {"topic": "kela-form"})
    assert (kela.status_code, kela.json()["code"]) == (422, "advised-by-another")
    assert "Ohjaamo worker" in kela.json()["detail"]
    made = await ok(await coach.post("/case-manager-requests", wanted), 201)

    async def waits() -> bool:
        listed = (await ok(await area.get("/case-manager-requests")))["requests"]
        return any(each["request_id"] == made["request_id"] for each in listed)

    await until(waits, what="the request")
    path = f"/case-manager-requests/{made['request_id']}"
    yes = {"accepted": True, "case_manager": "mikko-maki"}
    both = await asyncio.gather(area.post(f"{path}/answer", yes), area.post(f"{path}/answer", {"accepted": False}))
    assert sorted(each.status_code for each in both) == [200, 409]
    stage = "accepted" if both[0].status_code == 200 else "declined"
    await until(lambda: _is(coach, path, stage), what="the answer")
    kinds = await obligations(world, made["request_id"])
    assert {kind for name, kind in kinds if name == "ObligationMet"} == {
        "answer-case-manager-request", "await-case-manager"}
    settled = await coach.post(f"{path}/settlement")
    assert settled.status_code == 409


async def test_no_golden_example_of_a_meeting_is_a_fault_of_ours(world, running):
    """Those of a referral or a meeting that nobody here knows are refused as such."""
    world.clock.set(datetime(2026, 12, 1, tzinfo=UTC))
    for writer, topic, reader, names in (
        ("coaching", SHARED, "referral", ("ThreePartyMeetingRequested", "ThreePartyMeetingCalledOff",
                                          "MeetingInvitationAnswered", "CaseManagerRequested")),
        ("referral", REFERRALS, "coaching", ("ThreePartyMeetingAgreed", "ThreePartyMeetingDeclined", "MeetingInvited",
                                             "CaseManagerRequestAnswered")),
    ):
        for name in names:
            await world.send(writer, topic, *structured(example(name)))
        await world.read_to_the_end(reader, topic)
        examples = {example(name)["id"]: name for name in names}
        letters = {examples[i]: dict(r.headers)["dead-letter-reason"].decode()
                   for r in await world.records(dead_letter_topic(reader)) for i in examples if i in str(r.value)}
        assert {*letters.values()} <= {"unknown-subject"}
        assert {*names} - {*letters} == {"CaseManagerRequested" if writer == "coaching" else "MeetingInvited"}

"""What PARty tells: taken by right and rule, published unchanged, counted, and never passed on to the area [3.2]."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest

from contracts.events import casework
from contracts.topics import SYSTEMS, TOPICS
from tests import plans
from tests.component.coaching_side import (
    CASEWORK,
    OUTCOMES,
    SHARED,
    Area,
    Party,
    Provider,
    events,
    obligations,
    provider,
)
from tests.component.rights import all_that_it_reads
from tests.waiting import until

TODAY = date(2026, 3, 2)


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
def party(world) -> Party:
    return Party(world)


@pytest.fixture(scope="module")
def vesilahti(world) -> Party:
    return Party(world, "vesilahti")


async def outcome(world, name: str, **wanted) -> dict:
    """The data of an outcome with these fields, once it is there."""

    async def there() -> dict | None:
        return next((e["data"] for e in await events(world, OUTCOMES, name)
                     if all(e["data"].get(n) == v for n, v in wanted.items())), None)

    return await until(there, what=f"{name} {wanted}")


# --- right and rule


async def test_what_party_opens_is_on_the_common_topic_unchanged_and_waits_in_the_figures(party, coach, world):
    opened = party.opened(municipality="vesilahti", asked_on=date(2026, 2, 26))
    event_id = await party.say(opened)

    taken = await party.taken(event_id)
    assert (taken["source"], taken["subject"]) == ("/lempaala/party", opened.case_id)
    assert taken["data"]["client"] == opened.client
    approach = await outcome(world, "ApproachReceived", asked_on="2026-02-26")
    assert opened.client not in str(approach)
    assert opened.case_id not in str(approach)
    shown = (await coach.get(f"/cases/{opened.case_id}")).json()
    assert shown["number"].startswith("A-2026-")
    assert [o["kind"] for o in shown["obligations"]] == ["contact-client"]


@pytest.mark.parametrize(("changes", "reason"), [
    ({"provider": "vesilahti"}, "not-yours"),
    ({"service": "pointti"}, "not-possible"),  # by referral alone [3.3]
    ({"service": "wellbeing-planner"}, "not-possible"),  # the plan gives it to another provider [4.5]
    ({"service": "yoga"}, "unknown-code"),
    ({"municipality": "tampere"}, "unknown-code"),
    ({"opened_at": datetime(2024, 11, 3, 8, tzinfo=UTC)}, "year-closed"),
])
async def test_an_opening_that_can_not_be_is_told_to_its_sender(party, changes, reason):
    rejection = await party.rejected(await party.say(party.opened(**changes)))

    assert rejection["reason"] == reason
    assert rejection["source"] == "/lempaala/party"
    assert rejection["sentence_fi"]


async def test_a_case_is_judged_by_the_agreement_of_the_day_it_was_asked_for(party, coach, monkeypatch):
    """[4]: told late is no fault; asked for after the agreement ended is not possible, of whoever opens it."""
    plans.in_force(monkeypatch, plans.changed(plans.COACHING_ENDED))
    before = party.opened(municipality="vesilahti", asked_on=date(2026, 2, 28))
    await party.taken(await party.say(before))
    after = party.opened(municipality="vesilahti", asked_on=date(2026, 3, 1))
    assert (await party.rejected(await party.say(after)))["reason"] == "not-possible"
    own = {"service": "coaching", "municipality": "vesilahti", "origin": "self", "asked_on": "2026-03-01"}
    refused = await coach.post("/cases", own)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-provided")
    assert (await coach.post("/cases", own | {"municipality": "lempaala"})).status_code == 201


async def test_a_case_belongs_to_the_organisation_that_opened_it(party, vesilahti, area, coach):
    opened = party.opened()
    await party.taken(await party.say(opened))
    _, ours = await area.refer(coach)

    theirs = await vesilahti.say(vesilahti.held(opened.case_id, TODAY))
    assert (await vesilahti.rejected(theirs))["reason"] == "not-yours"
    assert (await party.rejected(await party.say(party.held(ours["case_id"], TODAY))))["reason"] == "not-yours"


async def test_an_opening_that_comes_again_must_say_the_same(party):
    opened = party.opened()
    await party.taken(await party.say(opened))

    await party.taken(await party.say(opened))
    moved = opened.model_copy(update={"municipality": "vesilahti"})
    assert (await party.rejected(await party.say(moved)))["reason"] == "invalid"
    other = opened.model_copy(update={"origin": "yhteisetsiva"})
    assert (await party.rejected(await party.say(other)))["reason"] == "not-possible"


async def test_before_and_after_are_judged_by_time_and_not_by_arrival(party, world):
    opened, now = party.opened(), world.clock()
    await party.taken(await party.say(opened, time=now - timedelta(minutes=30)))
    await party.taken(await party.say(party.held(opened.case_id, TODAY), time=now - timedelta(minutes=20)))
    closing = party.closed(opened.case_id, TODAY, outcome="work")
    await party.taken(await party.say(closing, time=now - timedelta(minutes=10)))

    late = casework.ContactAttempted.model_validate(
        {"case_id": opened.case_id, "at": now - timedelta(minutes=25), "channel": "call", "reached": True})
    await party.taken(await party.say(late, time=now - timedelta(minutes=25)))
    after = await party.say(party.held(opened.case_id, TODAY), time=now - timedelta(minutes=5))
    assert (await party.rejected(after))["reason"] == "not-possible"


async def test_only_what_began_ends_with_an_outcome(party):
    opened = party.opened()
    await party.taken(await party.say(opened))

    rejection = await party.rejected(await party.say(party.closed(opened.case_id, TODAY, outcome="work")))
    assert (rejection["reason"], rejection["field"]) == ("not-possible", "/data/outcome")
    early = await party.say(party.closed(opened.case_id, TODAY - timedelta(days=1), not_begun="declined"))
    assert (await party.rejected(early))["reason"] == "not-possible"
    await party.taken(await party.say(party.closed(opened.case_id, TODAY, not_begun="declined")))


async def test_a_corrected_event_is_taken_under_the_id_of_the_refused_one(party):
    opened = party.opened()
    await party.taken(await party.say(opened))
    refused = await party.say(party.closed(opened.case_id, TODAY, outcome="work"))
    await party.rejected(refused)

    corrected = party.closed(opened.case_id, TODAY, not_begun="not-reached")
    await party.taken(await party.say(corrected, event_id=refused))


async def test_a_repeat_is_taken_once_and_other_content_under_its_id_is_refused(party, world):
    opened = party.opened()
    event_id = await party.say(opened, time=world.clock())
    taken = await party.taken(event_id)
    again = await party.say(opened, time=datetime.fromisoformat(taken["time"]), event_id=event_id)
    other = await party.say(party.opened(), event_id=event_id)

    assert (await party.rejected(other))["reason"] == "id-reused"
    assert again == event_id
    assert len([e for e in await events(world, "municipal.casework.v1") if e["id"] == event_id]) == 1


# --- parked until opened


async def test_what_comes_before_its_opening_is_parked_and_taken_up_in_order_of_time(party, coach, world):
    opened, now = party.opened(), world.clock()
    closing = await party.say(party.closed(opened.case_id, TODAY, outcome="education"), time=now)
    held = await party.say(party.held(opened.case_id, TODAY), time=now - timedelta(minutes=5))
    await party.say(opened, time=now - timedelta(minutes=10))

    await party.taken(held)
    await party.taken(closing)
    shown = (await coach.get(f"/cases/{opened.case_id}")).json()
    assert (shown["status"], shown["outcome"]) == ("ended", "education")


# --- one case a referral


async def test_a_case_that_party_opens_for_a_referral_joins_the_first_and_either_id_names_it(
    party, area, coach, world
):
    told, case = await area.refer(coach)
    joining = party.opened(referral_number=told.number, origin="referral")
    await party.taken(await party.say(joining))
    await party.taken(await party.say(party.held(joining.case_id, TODAY)))

    by_theirs = (await coach.get(f"/cases/{joining.case_id}")).json()
    by_ours = await coach.shown(case)
    assert by_theirs == by_ours | {"timeline": by_theirs["timeline"]}
    assert (by_ours["status"], by_ours["start_told"]) == ("running", None)
    assert "tell-coaching-started" in {o["kind"] for o in by_ours["obligations"]}
    assert "CoachingStarted" not in await area.names(told.referral_id)
    started = await coach.act(case, "start", on=str(TODAY))
    assert started["start_told"] == str(TODAY)

    async def met() -> bool:
        return ("ObligationMet", "contact-client") in await obligations(world, case["case_id"])

    await until(met)


async def test_a_referral_joins_the_case_that_party_opened_for_its_number_before(party, area, coach, world):
    told = area.consented()
    opened = party.opened(referral_number=told.number, origin="referral")
    await party.taken(await party.say(opened))
    withdrawn = await party.say(party.told_withdrawal(opened.case_id))
    await area.say(told)

    await party.taken(withdrawn)
    assert [n for n in await area.names(told.referral_id) if n != "ReceivingKeyOffered"][:1] == ["WithdrawalReported"]
    await area.until_told(told.referral_id, "ContactDetailsErased")
    listed = (await coach.get("/cases", number=told.number)).json()["cases"]
    assert [c["case_id"] for c in listed] == [opened.case_id]


async def test_a_withdrawal_told_before_its_case_and_its_referral_waits_for_both(party, area):
    told = area.consented()
    opened = party.opened(referral_number=told.number, origin="referral")
    withdrawn = await party.say(party.told_withdrawal(opened.case_id))
    await party.taken(await party.say(opened))
    await area.say(told)

    await party.taken(withdrawn)
    passed_on = await area.until_told(told.referral_id, "WithdrawalReported")
    assert passed_on["data"]["consent_id"] == told.consent.consent_id
    assert not {"causationid", "correlationid"} & passed_on.keys()


async def test_another_providers_number_is_not_ones_own(vesilahti, area, coach):
    told, _ = await area.refer(coach)
    rejection = await vesilahti.rejected(await vesilahti.say(vesilahti.opened(
        referral_number=told.number, service="outreach")))
    assert rejection["reason"] == "not-yours"


async def test_a_withdrawal_told_to_party_is_passed_on_and_nothing_else_is(party, area, coach):
    told, case = await area.refer(coach)
    joining = party.opened(referral_number=told.number, origin="referral")
    await party.taken(await party.say(joining))
    await party.taken(await party.say(party.held(joining.case_id, TODAY)))

    await party.taken(await party.say(party.told_withdrawal(joining.case_id)))
    await area.until_told(told.referral_id, "ContactDetailsErased")
    await party.taken(await party.say(party.closed(joining.case_id, TODAY, outcome="interrupted")))

    assert await area.names(told.referral_id) == [
        "ReceivingKeyOffered", "ContactDetailsReceived", "WithdrawalReported", "ContactDetailsErased"]
    assert (await coach.shown(case))["status"] == "ended"


async def test_a_case_closed_for_a_withdrawn_consent_is_passed_on_as_withdrawal(party, area, coach):
    told, _ = await area.refer(coach)
    joining = party.opened(referral_number=told.number, origin="referral")
    await party.taken(await party.say(joining))

    await party.taken(await party.say(party.closed(joining.case_id, TODAY, not_begun="withdrawn")))

    await area.until_told(told.referral_id, "ContactDetailsErased")
    assert "WithdrawalReported" in await area.names(told.referral_id)


async def test_a_withdrawal_in_a_case_without_a_referral_is_not_possible(party):
    opened = party.opened()
    await party.taken(await party.say(opened))
    assert (await party.rejected(await party.say(party.told_withdrawal(opened.case_id))))["reason"] == "not-possible"


async def test_the_end_of_a_case_that_party_closed_is_told_by_the_coach_alone(party, area, coach):
    told, case = await area.refer(coach)
    joining = party.opened(referral_number=told.number, origin="referral")
    await party.taken(await party.say(joining))
    await party.taken(await party.say(party.held(joining.case_id, TODAY)))
    await party.taken(await party.say(party.closed(joining.case_id, TODAY, outcome="work")))
    assert [o["kind"] for o in (await coach.shown(case))["obligations"]] == ["tell-coaching-ended"]

    after = await coach.act(case, "end", on=str(TODAY))
    assert (after["end_told"], after["outcome"], after["obligations"]) == (str(TODAY), "work", [])
    await area.until_told(told.referral_id, "CoachingEnded")
    assert (await area.names(told.referral_id))[-2:] == ["CoachingStarted", "CoachingEnded"]


# --- figures


async def test_pointti_of_party_begins_with_its_period_and_ends_with_its_plan(party, area, coach, world):
    told, _ = await area.refer(coach, service="pointti", municipality="vesilahti")
    joining = party.opened(
        referral_number=told.number, origin="referral", service="pointti", municipality="vesilahti")
    await party.taken(await party.say(joining))
    await party.taken(await party.say(party.held(joining.case_id, TODAY, "interview")))
    period = str(uuid4())
    await party.taken(await party.say(casework.PeriodStarted.model_validate({
        "case_id": joining.case_id, "period_id": period, "starts_on": TODAY, "ends_on": TODAY + timedelta(days=55)})))
    tet = {"case_id": joining.case_id, "tet_id": str(uuid4())}
    await party.taken(await party.say(casework.TetAgreed.model_validate({
        **tet, "workplace_kind": "company", "starts_on": TODAY, "days": 3})))
    await party.taken(await party.say(casework.TetEnded.model_validate({
        **tet, "young_person_continues": True, "workplace_continues": True})))
    owed = {o["kind"]: o["owner_role"] for o in (await coach.case_of(told.number))["obligations"]}
    assert owed["send-work-trial-proposal"] == "employment-and-integration-manager"
    await party.taken(await party.say(casework.PeriodEnded.model_validate({
        "case_id": joining.case_id, "period_id": period, "ended_on": TODAY, "plan": "education"})))
    await party.taken(await party.say(party.closed(joining.case_id, TODAY, outcome="education")))

    began = await outcome(world, "ServiceBegan", service="pointti")
    ended = await outcome(world, "ServiceEnded", service="pointti")
    assert (began["on"], ended["plan"]) == (str(TODAY), "education")
    assert began["spell_id"] == ended["spell_id"]
    assert not [r for r in await world.records(SHARED) if b"education" in (r.value or b"")]


async def test_the_same_person_of_one_register_has_one_pseudonym_a_year(party, world):
    first = party.opened(asked_on=date(2026, 1, 12), service="outreach")
    second = party.opened(asked_on=date(2026, 1, 13), service="outreach", client=first.client)
    other = party.opened(asked_on=date(2026, 1, 14), service="outreach")
    for opened in (first, second, other):
        await party.say(opened)

    one, two, three = [
        await outcome(world, "ApproachReceived", asked_on=f"2026-01-{day}") for day in (12, 13, 14)]
    assert one["client"] == two["client"] != three["client"]
    assert len({one["spell_id"], two["spell_id"], three["spell_id"]}) == 3


async def test_an_event_of_a_year_that_is_not_final_is_counted_in_it(party, world):
    opened = party.opened(asked_on=date(2025, 12, 1), service="ohjaamo")
    await party.taken(await party.say(opened))
    await party.taken(await party.say(party.held(opened.case_id, date(2025, 12, 9))))

    began = await outcome(world, "ServiceBegan", on="2025-12-09")
    continued = await outcome(world, "ServiceContinued", began_on="2025-12-09")
    assert began["client"] != continued["client"]
    assert continued["year"] == 2026


# --- the area


async def test_nothing_of_party_is_in_anything_that_a_principal_of_the_area_may_read(
    running, world, party, vesilahti, area
):
    """Events of every kind open, follow and close cases, alone and joined to referrals; the area reads all it may."""
    days = [date(2026, 1, 13) + timedelta(days=n) for n in range(30)]
    marks: set[str] = {str(day) for day in days}
    day_of = iter(days)
    known = area.consented(service="pointti", municipality="vesilahti"), area.consented()
    for told in known:
        await area.say(told)

    async def say(data, of=party) -> None:
        event_id = await of.say(data)
        await of.taken(event_id)
        marks.add(event_id)

    def event(model: str, case_id: str, **fields):
        return getattr(casework, model).model_validate({"case_id": case_id, **fields})

    def moment():
        return datetime.combine(next(day_of), time(8, 41, 7), UTC)

    alone = party.opened(asked_on=next(day_of))
    pointti = party.opened(referral_number=known[0].number, origin="referral", service="pointti",
                           municipality="vesilahti", asked_on=next(day_of))
    joined = party.opened(referral_number=known[1].number, origin="referral", asked_on=next(day_of))
    unbegun = vesilahti.opened(service="outreach", municipality="vesilahti", asked_on=next(day_of))
    period, tet, workplace = str(uuid4()), str(uuid4()), "2345671-3"
    for opened in (alone, pointti, joined, unbegun):
        await say(opened, vesilahti if opened is unbegun else party)
    await say(event("ContactAttempted", alone.case_id, at=moment(), channel="letter", reached=True))
    await say(event("AppointmentBooked", alone.case_id, at=moment(), place="lempaala-talo"))
    await say(event("MeetingHeld", alone.case_id, on=next(day_of), kind="coaching"))
    await say(event("CaseClosed", alone.case_id, on=next(day_of), outcome="got-needed-service"))
    await say(event("MeetingHeld", pointti.case_id, on=next(day_of), kind="interview"))
    start = next(day_of)
    await say(event("PeriodStarted", pointti.case_id, period_id=period, starts_on=start, ends_on=date(2026, 4, 17)))
    await say(event("TetAgreed", pointti.case_id, tet_id=tet, workplace_kind="company", business_id=workplace,
                    starts_on=next(day_of), days=3))
    await say(event("TetEnded", pointti.case_id, tet_id=tet, young_person_continues=True, workplace_continues=True))
    await say(event("PeriodEnded", pointti.case_id, period_id=period, ended_on=next(day_of), plan="work-trial"))
    await say(event("CaseClosed", pointti.case_id, on=next(day_of), outcome="interrupted"))
    await say(event("MeetingHeld", joined.case_id, on=next(day_of), kind="starter-package"))
    await say(party.told_withdrawal(joined.case_id))
    await say(event("CaseClosed", unbegun.case_id, on=next(day_of), not_begun="not-reached"), vesilahti)
    await area.until_told(known[1].referral_id, "ContactDetailsErased")

    kinds = {e["type"].split(".")[2] for e in await events(world, CASEWORK)
             if e["source"] in ("/lempaala/party", "/vesilahti/party")}
    assert kinds == {model.__name__ for model in TOPICS["municipal.from-lempaala-party.v1"].models}
    marks |= {each for opened in (alone, pointti, joined, unbegun) for each in (opened.case_id, opened.client)}
    marks |= {period, tet, workplace, "T08:41:07"}
    marks |= {"got-needed-service", "interrupted", "not-reached", "starter-package"}
    marks |= {e["data"][name] for e in await events(world, OUTCOMES) for name in ("client", "spell_id")
              if name in e["data"]}
    principals = ["referral", *(name for name, system in SYSTEMS.items() if system.organisation == "tampere-region")]
    for principal in principals:
        records = await all_that_it_reads(world, principal)
        found = {mark for record in records for mark in marks if mark.encode() in b" ".join(
            part or b"" for part in (record.key, record.value, *(value for _, value in record.headers)))}
        assert (principal, found) == (principal, set())
    told = [e for e in await events(world, SHARED) if e["data"].get("referral_id") in {k.referral_id for k in known}]
    assert sorted(e["type"].split(".")[2] for e in told) == [
        "ContactDetailsErased", "ReceivingKeyOffered", "ReceivingKeyOffered", "WithdrawalReported"]
    (withdrawal,) = [e for e in told if "WithdrawalReported" in e["type"]]
    assert withdrawal["source"] == "/municipal/coaching"

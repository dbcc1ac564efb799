"""Referral as the employment area and the provider see it: API and events in, topics and API out [3.2, 4, 7]."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from chassis import obligations
from chassis.policy import Principal
from contracts.events.coaching import (
    ClientSituationReported,
    CoachingEnded,
    CoachingStarted,
    ContactDetailsReceived,
    ReferralReturned,
    Residents,
    WithdrawalReported,
    WorkTrialProposed,
)
from contracts.fields import new_id
from services.referral import handlers, receipt
from tests import plans
from tests.component.referral_side import NAME, PHONE, Area, Coaching, Key, area, wanted
from tests.waiting import until

PERSON = Principal("person", "mikko-mallila", "Mikko Mallila", "tampere-region", frozenset({"case-manager"}))
FACTS = {"service": "coaching", "municipality": "lempaala", "provider": "lempaala", "case_manager": "mikko-maki"}


@pytest.fixture(scope="module")
async def running(world):
    async with world.running("referral") as made:
        yield made


@pytest.fixture(scope="module")
async def manager(running) -> Area:
    return await area(running)


@pytest.fixture(scope="module")
def coaching(world) -> Coaching:
    return Coaching(world)


async def delivered(manager: Area, coaching: Coaching) -> tuple[dict, Key]:
    """A referral whose contact details the provider has."""
    made = await manager.refer()
    key, offer = coaching.offer(made["referral_id"])
    await coaching.say(offer)
    await coaching.sealed(made["referral_id"], key)
    await coaching.say(ContactDetailsReceived(referral_id=made["referral_id"], key_id=key.id))
    return await manager.until(made["referral_id"], status="delivered"), key


# --- referring


async def test_a_referral_is_told_by_number_and_deadline_and_never_by_name(manager, coaching, world):
    made = await manager.refer(municipality="vesilahti")

    (event,) = await until(lambda: coaching.told("area.referrals.v1", made["referral_id"]))
    told = event["data"]
    assert event["type"] == "fi.yhdyspinta.ReferralConsented.v1"
    assert told["number"] == made["number"]
    assert (told["municipality"], told["provider"]) == ("vesilahti", "lempaala")
    assert told["referred_on"] == "2026-03-02"
    assert told["respond_due_on"] == "2026-03-09"
    assert told["consent"]["purpose"] == "coaching"
    for topic in ("area.referrals.v1", "area.obligations.v1"):
        for record in await world.records(topic):
            assert b"Aino" not in record.value
            assert PHONE.removeprefix("+").encode() not in record.value


async def test_numbers_of_a_year_follow_each_other(manager):
    first, second = await manager.refer(), await manager.refer()

    assert first["number"].startswith("2026-")
    assert int(second["number"][5:]) == int(first["number"][5:]) + 1


async def test_the_same_command_sent_twice_makes_one_referral(manager):
    key, body = str(uuid4()), wanted(manager.now)

    first = await manager.post("/referrals", body, key)
    second = await manager.post("/referrals", body, key)

    assert second.status_code == 201
    assert second.headers["location"] == first.headers["location"]
    assert first.headers["location"] == f"/referral/api/referrals/{first.json()['referral_id']}"


@pytest.mark.parametrize(("other", "code", "right"), [
    ({"service": "pointti", "birth_year": 1990}, "age-outside", {"organisation": "lempaala", "service": "coaching"}),
    ({"service": "wellbeing-planner"}, "outside-agreements", {"organisation": "lempaala", "service": "coaching"}),
    ({"municipality": "vesilahti", "provider": "vesilahti"}, "wrong-provider",
     {"organisation": "lempaala", "service": "coaching"}),
    ({"municipality": "tampere"}, "residence-outside", None),
])
async def test_what_the_plan_does_not_allow_is_refused_with_the_right_address(manager, other, code, right):
    answer = await manager.post("/referrals", wanted(manager.now, **other))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert answer.json()["right_address"] == right


async def test_without_consent_no_referral_is_made(manager):
    body = wanted(manager.now)
    body["consent"]["name_and_phone"] = False

    answer = await manager.post("/referrals", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "consent-missing")


async def test_another_organisations_token_makes_and_finds_nothing(running, manager):
    other = await area(running, organisation="iht")
    made = await manager.refer()

    assert (await other.post("/referrals", wanted(manager.now))).status_code == 403
    assert (await other.get(f"/referrals/{made['referral_id']}")).status_code == 404
    assert (await other.post(f"/referrals/{made['referral_id']}/withdrawal")).status_code == 404
    assert made["number"] not in (await other.get("/referrals")).text


async def test_referrals_are_listed_newest_first_a_page_at_a_time(manager):
    made = [(await manager.refer())["number"] for _ in range(3)]

    first = (await manager.get("/referrals?limit=2")).json()
    second = (await manager.get(f"/referrals?limit=2&after={first['next']}")).json()

    seen = [r["number"] for r in first["referrals"] + second["referrals"]]
    assert seen[:3] == made[::-1]


# --- sealing


async def test_the_contact_details_open_with_the_providers_key_alone(manager, coaching):
    made = await manager.refer()
    key, offer = coaching.offer(made["referral_id"])
    await coaching.say(offer)

    contact = coaching.open(await coaching.sealed(made["referral_id"], key), key)

    assert (contact.name.reveal(), contact.phone.reveal()) == (NAME, PHONE)


async def test_once_received_the_sealed_details_are_tombstoned_and_the_obligation_is_met(manager, coaching):
    referral, _ = await delivered(manager, coaching)

    await until(lambda: coaching.tombstones(referral["referral_id"]))
    told = await coaching.obligations(referral["referral_id"])
    assert ("ObligationOpened", "take-contact-details") in told
    assert ("ObligationMet", "take-contact-details") in told
    assert [o["kind"] for o in referral["obligations"]] == ["tell-start"]
    assert referral["obligations"][0]["owner_role"] == "coach"


async def test_an_offer_without_a_trusted_proof_is_a_dead_letter(manager, coaching):
    made = await manager.refer()
    _, offer = coaching.offer(made["referral_id"])
    forged = offer.model_copy(update={"key_id": str(uuid4())})

    event_id = await coaching.say(forged)

    assert await until(lambda: coaching.dead_letters(event_id)) == ["unproven-key"]
    assert await coaching.told("area.contact-details.v1", made["referral_id"]) == []


async def test_a_newer_key_is_sealed_to_again_an_older_one_is_not_and_a_fourth_is_refused(manager, coaching):
    made = await manager.refer()
    referral_id = made["referral_id"]
    for after in (0, 10, 20):
        key, offer = coaching.offer(referral_id, after)
        await coaching.say(offer)
        await coaching.sealed(referral_id, key)
    _, replayed = coaching.offer(referral_id, 5)
    await coaching.say(replayed)
    _, fourth = coaching.offer(referral_id, 30)

    refused = await coaching.say(fourth)

    assert await until(lambda: coaching.dead_letters(refused)) == ["too-many-keys"]
    assert len(await coaching.told("area.contact-details.v1", referral_id)) == 3


async def test_an_offer_for_an_unknown_referral_is_a_dead_letter(coaching):
    _, offer = coaching.offer(new_id())

    event_id = await coaching.say(offer)

    assert await until(lambda: coaching.dead_letters(event_id)) == ["unknown-subject"]


# --- what the provider tells


async def test_the_area_learns_start_and_end_as_days(manager, coaching):
    referral, _ = await delivered(manager, coaching)
    told = {"referral_id": referral["referral_id"], **FACTS}
    day = coaching.world.clock().date()

    await coaching.say(CoachingStarted(**told, referred_on=day, started_on=day))
    started = await manager.until(referral["referral_id"], status="started")
    await coaching.say(CoachingEnded(**told, started_on=day, ended_on=day))
    ended = await manager.until(referral["referral_id"], status="ended")

    assert started["started_on"] == ended["ended_on"] == "2026-03-02"
    assert started["obligations"] == []
    assert (await manager.post(f"/referrals/{referral['referral_id']}/cancellation")).status_code == 409


async def test_a_returned_referral_is_erased_and_waits_for_the_case_manager(manager, coaching):
    referral, key = await delivered(manager, coaching)
    referral_id = referral["referral_id"]
    await coaching.say(ReferralReturned(referral_id=referral_id, reason="no-capacity", **FACTS))

    returned = await manager.until(referral_id, status="returned")
    assert returned["return_reason"] == "no-capacity"
    assert {o["kind"] for o in returned["obligations"]} == {"acknowledge-erasure", "act-on-return"}
    await manager.until(referral_id, contact_details="erased")
    await coaching.say(coaching.erased(returned, key.id, "return"))
    await until(lambda: _acknowledged(manager, referral_id))

    assert (await manager.post(f"/referrals/{referral_id}/return/settlement")).status_code == 204
    assert (await manager.shown(referral_id))["obligations"] == []
    assert (await manager.post(f"/referrals/{referral_id}/return/settlement")).status_code == 409


async def test_an_age_limit_and_an_agreement_of_the_plan_file_change_api_and_refusal(manager, monkeypatch):
    async def judged(birth_year: int) -> dict[str, dict]:
        answer = await manager.get(f"/services?municipality=vesilahti&birth_year={birth_year}")
        return {each["service"]: each for each in answer.json()["services"]}

    before = await judged(1995)
    assert (before["coaching"]["suits"], before["pointti"]["suits"]) == (True, False)
    assert before["coaching"]["agreement"]["valid_until"] == "2026-12-31"

    plans.in_force(monkeypatch, plans.changed(plans.OLDER_IN_POINTTI, plans.COACHING_ENDED))
    after = await judged(1995)
    assert (after["coaching"]["suits"], after["pointti"]["suits"]) == (False, True)
    assert after["coaching"]["reason"] == "agreement-ended"
    assert "service agreement on coaching, which ended on 28 February 2026." in after["coaching"]["detail"]
    refused = await manager.post("/referrals", wanted(manager.now, municipality="vesilahti", birth_year=1995))
    assert (refused.status_code, refused.json()["code"]) == (422, "agreement-ended")
    assert refused.json()["right_address"] == {"organisation": "lempaala", "service": "pointti"}


async def test_outreach_asks_the_clients_permission_for_the_contact_too(manager):
    consent = {"given_at": manager.now.isoformat(), "name_and_phone": True}
    refused = await manager.post("/referrals", wanted(manager.now, service="outreach", consent=consent))
    assert (refused.status_code, refused.json()["code"]) == (422, "consent-missing")
    assert "permission that the service makes contact" in refused.json()["detail"]
    made = await manager.refer(service="outreach")
    assert (await manager.shown(made["referral_id"]))["consent"]["contact_permitted"] is True
    coaching = await manager.refer()
    assert (await manager.shown(coaching["referral_id"]))["consent"]["contact_permitted"] is False


async def test_free_places_are_shown_to_whoever_refers_next(manager, coaching):
    def situation(places: int, month: str) -> ClientSituationReported:
        return ClientSituationReported(
            month=month, provider="lempaala", service="coaching", free_places=places,
            residents=(Residents(municipality="vesilahti", clients=9, new_clients=None, ended=0, waiting=places),),
            more_referrals_wanted=True, reported_by="leena-laine",
        )

    now = coaching.world.clock()
    await coaching.say(situation(3, "2026-02"), time=now)
    await coaching.say(situation(9, "2026-02"), time=now - timedelta(hours=1))
    await coaching.say(situation(7, "2026-01"), time=now + timedelta(seconds=1))

    async def coaching_service():
        answer = await manager.get("/services?municipality=vesilahti&birth_year=2001")
        found = {s["service"]: s for s in answer.json()["services"]}
        return found["coaching"] if found["coaching"]["free_places"] is not None else None

    shown = await until(coaching_service)
    assert (shown["free_places"], shown["more_referrals_wanted"], shown["by_agreement"]) == (3, True, True)
    assert (shown["reported_month"], shown["waiting"]) == ("2026-02", 3)

    async def both_months():
        found = (await manager.get("/client-situations")).json()["situations"]
        return found if len(found) == 2 else None

    told = await until(both_months)
    assert [(each["month"], each["free_places"]) for each in told] == [("2026-02", 3), ("2026-01", 7)]
    assert told[0]["residents"][0]["new_clients"] is None


# --- withdrawal


async def test_a_withdrawal_is_told_erased_and_acknowledged(manager, coaching):
    referral, key = await delivered(manager, coaching)
    referral_id = referral["referral_id"]

    withdrawn = (await manager.post(f"/referrals/{referral_id}/withdrawal")).json()

    assert withdrawn["status"] == "withdrawn"
    assert withdrawn["contact_details"] in ("erasing", "erased")
    (event,) = await until(lambda: coaching.told("area.referrals.v1", referral_id, "ConsentWithdrawn"))
    assert event["data"]["erase_due_at"] > event["data"]["withdrawn_at"]
    assert (await manager.post(f"/referrals/{referral_id}/contact-details", {"reason": "client-asked"})
            ).status_code == 410
    await manager.until(referral_id, contact_details="erased")
    await until(lambda: coaching.tombstones(referral_id))
    assert ("ObligationOpened", "acknowledge-erasure") in await coaching.obligations(referral_id)

    await coaching.say(coaching.erased(referral, key.id))
    done = await until(lambda: _acknowledged(manager, referral_id))

    assert done["erasure"]["late"] is False
    assert done["obligations"] == []
    await until(lambda: _met(coaching, referral_id, "acknowledge-erasure"))


async def test_a_withdrawal_told_to_both_sides_is_published_once(manager, coaching):
    referral, _ = await delivered(manager, coaching)
    referral_id = referral["referral_id"]
    await coaching.say(WithdrawalReported(
        referral_id=referral_id, consent_id=referral["consent"]["consent_id"], told_at=coaching.world.clock()))
    answer = await manager.post(f"/referrals/{referral_id}/withdrawal")
    await manager.until(referral_id, status="withdrawn")

    again = await manager.post(f"/referrals/{referral_id}/withdrawal")

    assert answer.status_code in (200, 409)
    assert (again.status_code, again.json()["code"]) == (409, "consent-already-withdrawn")
    await until(lambda: coaching.told("area.referrals.v1", referral_id, "ConsentWithdrawn"))
    marker = await manager.refer()
    await until(lambda: coaching.told("area.referrals.v1", marker["referral_id"]))
    assert len(await coaching.told("area.referrals.v1", referral_id, "ConsentWithdrawn")) == 1


async def test_an_offer_after_the_withdrawal_is_answered_with_the_withdrawal_under_its_old_id(manager, coaching):
    referral, _ = await delivered(manager, coaching)
    referral_id = referral["referral_id"]
    await manager.post(f"/referrals/{referral_id}/withdrawal")
    sealed_before = len(await coaching.told("area.contact-details.v1", referral_id))
    _, offer = coaching.offer(referral_id, 60)
    await coaching.say(offer)

    async def twice():
        found = await coaching.told("area.referrals.v1", referral_id, "ConsentWithdrawn")
        return found if len(found) == 2 else None

    first, second = await until(twice)
    assert (first["id"], first["time"], first["data"]) == (second["id"], second["time"], second["data"])
    assert len(await coaching.told("area.contact-details.v1", referral_id)) == sealed_before


async def test_nothing_is_sealed_once_a_withdrawal_is_stored_even_if_the_offer_came_meanwhile(
    manager, coaching, running, world
):
    made = await manager.refer()
    referral_id = made["referral_id"]
    database = running.services["referral"].database
    connection = await world.connect("referral", "postgres")

    async def offer_waits() -> bool:
        waiting = "select exists (select from pg_locks l join pg_stat_activity a using (pid) " \
                  "where not l.granted and a.datname = current_database() and a.query like '%referrals%')"
        return await connection.fetchval(waiting)

    async with database.begin() as db:
        await handlers.withdraw(db, referral_id, None, PERSON)
        _, offer = coaching.offer(referral_id)
        await coaching.say(offer)
        await until(offer_waits, what="the offer's handler at the referral's row")
    await connection.close()

    async def twice() -> bool:
        return len(await coaching.told("area.referrals.v1", referral_id, "ConsentWithdrawn")) == 2

    await until(twice, what="the withdrawal told again")
    assert await coaching.told("area.contact-details.v1", referral_id) == []


async def test_a_start_that_was_on_its_way_is_kept_in_the_timeline_and_opens_nothing(manager, coaching):
    referral, _ = await delivered(manager, coaching)
    referral_id = referral["referral_id"]
    await manager.post(f"/referrals/{referral_id}/withdrawal")
    day = coaching.world.clock().date()
    await coaching.say(CoachingStarted(referral_id=referral_id, referred_on=day, started_on=day, **FACTS))

    async def noted():
        found = await manager.shown(referral_id)
        return found if any(e["kind"] == "started" for e in found["timeline"]) else None

    shown = await until(noted)
    assert shown["status"] == "withdrawn"
    assert shown["started_on"] is None


async def test_a_provider_that_stays_silent_is_escalated_and_its_late_word_closes_the_matter_late(
    manager, coaching, running, world
):
    referral, key = await delivered(manager, coaching)
    referral_id = referral["referral_id"]
    await manager.post(f"/referrals/{referral_id}/withdrawal")
    world.clock.move(timedelta(hours=73))
    await obligations.sweep_all(running.services["referral"].database)

    await until(lambda: _told(coaching, referral_id, ("ObligationMissed", "acknowledge-erasure")))
    await coaching.say(coaching.erased(referral, key.id))
    done = await until(lambda: _acknowledged(manager, referral_id))
    assert done["erasure"]["late"] is True
    assert done["obligations"] == []


async def test_a_cancelled_referral_is_erased_like_a_withdrawn_one(manager, coaching):
    made = await manager.refer()
    cancelled = (await manager.post(f"/referrals/{made['referral_id']}/cancellation")).json()

    assert cancelled["status"] == "cancelled"
    (event,) = await until(lambda: coaching.told("area.referrals.v1", made["referral_id"], "ReferralCancelled"))
    assert "reason" not in event["data"]
    await coaching.say(coaching.erased(cancelled, None, "cancellation"))
    await until(lambda: _acknowledged(manager, made["referral_id"]))


# --- reveal


async def test_a_reveal_needs_a_reason_and_leaves_an_audit_row(manager, world):
    made = await manager.refer()
    path = f"/referrals/{made['referral_id']}/contact-details"

    assert (await manager.post(path, {"reason": "curiosity"})).status_code == 422
    shown = await manager.post(path, {"reason": "client-asked"})

    assert shown.json() == {"name": NAME, "phone": PHONE}
    assert shown.headers["cache-control"] == "no-store"
    connection = await world.connect("referral")
    rows = await connection.fetch(
        "select act, reason from audit_log where about_id = $1 order by seq", made["referral_id"])
    await connection.close()
    assert [tuple(row) for row in rows] == [("change:refer", None), ("read:reveal", "client-asked")]


async def test_the_name_and_phone_lie_in_no_table_in_the_clear(manager, world):
    await manager.refer()
    connection = await world.connect("referral", "postgres")
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    for (table,) in tables:
        rows = await connection.fetch(f"select t::text as row from {table} t")
        assert not [r for r in rows if "Aino" in r["row"] or "5550123" in r["row"]], table
    await connection.close()


async def test_more_reveals_within_an_hour_than_the_plan_lets_are_refused(running, world):
    curious = await area(running)
    made = await curious.refer()
    path = f"/referrals/{made['referral_id']}/contact-details"
    answers = [(await curious.post(path, {"reason": "client-asked"})).status_code for _ in range(21)]

    assert answers == [200] * 20 + [429]


# --- lost own copy


async def test_a_lost_own_copy_is_said_and_the_client_is_asked_again(manager, coaching, world, running):
    made = await manager.refer()
    referral_id = made["referral_id"]
    connection = await world.connect("referral")
    key_id = await connection.fetchval("select key_id from keys where referral_id = $1", referral_id)
    await connection.close()
    (running.services["referral"].settings.keys / key_id).unlink()
    key, offer = coaching.offer(referral_id)
    await coaching.say(offer)

    await until(lambda: _told(coaching, referral_id, ("ObligationOpened", "ask-contact-details-again")))
    lost = await manager.until(referral_id, contact_details="lost")
    assert "ask-contact-details-again" in {o["kind"] for o in lost["obligations"]}
    answer = await manager.post(f"/referrals/{referral_id}/contact-details", {"reason": "client-asked"})
    assert (answer.status_code, answer.json()["code"]) == (409, "details-lost")

    path = f"/referrals/{referral_id}/contact-details/renewal"
    assert (await manager.post(path, {"name": NAME, "phone": "041 5550 199"})).status_code == 204

    contact = coaching.open(await coaching.sealed(referral_id, key), key)
    assert contact.phone.reveal() == "+358415550199"


# --- the data subject's day


async def test_a_corrected_number_takes_the_place_of_the_one_before_and_goes_sealed_to_the_same_key(manager, coaching):
    referral, key = await delivered(manager, coaching)
    path = f"/referrals/{referral['referral_id']}/contact-details"

    assert (await manager.post(f"{path}/renewal", {"name": NAME, "phone": "041 5550 177"})).status_code == 204

    assert (await manager.post(path, {"reason": "correction"})).json()["phone"] == "+358415550177"

    async def sealed_twice() -> list[dict] | None:
        found = await coaching.told("area.contact-details.v1", referral["referral_id"])
        return found if len(found) == 2 else None

    both = await until(sealed_twice, what="the corrected details")
    assert [coaching.open(each, key).phone.reveal() for each in both] == [PHONE, "+358415550177"]
    shown = await manager.shown(referral["referral_id"])
    assert [entry["kind"] for entry in shown["timeline"][:3]] == ["revealed", "sealed", "details-corrected"]
    assert "take-contact-details" in {o["kind"] for o in shown["obligations"]}
    await coaching.say(ContactDetailsReceived(referral_id=referral["referral_id"], key_id=key.id))
    await until(lambda: _met(coaching, referral["referral_id"], "take-contact-details"))
    assert (await manager.post(f"/referrals/{referral['referral_id']}/withdrawal")).status_code == 200
    closed = await manager.post(f"{path}/renewal", {"name": NAME, "phone": PHONE})
    assert (closed.status_code, closed.json()["code"]) == (409, "referral-not-open")


async def test_while_processing_is_restricted_nobody_in_the_area_opens_the_contact_details(manager, coaching, running):
    subjects = await area(running, scopes=("data-subjects",))
    made = await manager.refer()
    place = f"/referrals/{made['referral_id']}"
    key, offer = coaching.offer(made["referral_id"])

    assert (await subjects.post(f"{place}/restriction")).status_code == 204
    assert (await subjects.post(f"{place}/restriction")).status_code == 409
    looked = await manager.post(f"{place}/contact-details", {"reason": "client-asked"})
    assert (looked.status_code, looked.json()["code"]) == (409, "processing-restricted")
    event = await coaching.say(offer)
    await coaching.world.read_to_the_end("referral", "shared.coaching.v1")
    assert await coaching.dead_letters(event) == []
    assert await coaching.told("area.contact-details.v1", made["referral_id"]) == []

    assert (await subjects.post(f"{place}/restriction/lift")).status_code == 204
    assert coaching.open(await coaching.sealed(made["referral_id"], key), key).name.reveal() == NAME
    assert (await manager.post(f"{place}/contact-details", {"reason": "client-asked"})).status_code == 200


async def test_a_client_gets_what_is_held_of_them_and_who_saw_it(manager, running):
    subjects = await area(running, scopes=("data-subjects",))
    made = await manager.refer()
    await manager.post(f"/referrals/{made['referral_id']}/contact-details", {"reason": "client-asked"})

    held = (await subjects.get(f"/referrals/{made['referral_id']}/data")).json()

    assert held["number"] == made["number"]
    assert held["controller"] == "Tampere region employment area"
    assert held["recipients"] == ["Municipality of Lempäälä"]
    kinds = {each["what"]: each for each in held["held"]}
    assert kinds["The referral: service, provider, days, status"]["until"] == "24 months after the end"
    assert kinds["Who saw or changed it"]["until"].endswith(".3.2031")
    assert all(each["why"] and each["basis"] and each["until"] and each["where"] for each in held["held"])
    assert ("looked at the contact details", "the client asked for their own data") in {
        (look["act"], look["why"]) for look in held["looks"]}
    assert NAME not in str(held)
    assert PHONE not in str(held)
    seen = (await subjects.get(f"/referrals/{made['referral_id']}/data")).json()["looks"]
    assert seen[0]["act"] == "looked at what is held of the client"


# --- receipt


async def test_the_receipt_proves_who_erased_what_and_when(manager, coaching, world):
    referral, key = await delivered(manager, coaching)
    referral_id = referral["referral_id"]
    await manager.post(f"/referrals/{referral_id}/withdrawal")
    await coaching.say(coaching.erased(referral, key.id))
    await until(lambda: _acknowledged(manager, referral_id))
    await manager.until(referral_id, contact_details="erased")

    document = (await manager.get(f"/referrals/{referral_id}/receipt")).content
    verdict = receipt.verify(document, world.place.trust)

    assert verdict.genuine
    assert verdict.complete
    assert verdict.number == referral["number"]
    said = " ".join(verdict.lines)
    assert f"lempaala erased receiving key {key.id}" in said
    assert "tampere-region erased its own copy" in said
    assert "PARty" in said
    assert b"Aino" not in document

    forged = document.replace(key.id.encode(), str(uuid4()).encode())
    assert not receipt.verify(forged, world.place.trust).genuine


async def _acknowledged(manager: Area, referral_id: str) -> dict | None:
    found = await manager.shown(referral_id)
    return found if found["erasure"] and found["erasure"]["acknowledged_at"] else None


async def _met(coaching: Coaching, referral_id: str, kind: str) -> bool:
    return ("ObligationMet", kind) in await coaching.obligations(referral_id)


async def _told(coaching: Coaching, referral_id: str, what: tuple[str, str]) -> bool:
    return what in await coaching.obligations(referral_id)


# --- work trials that the workshop proposes [3.3]


def proposed(referral_id: str, **other: str) -> WorkTrialProposed:
    return WorkTrialProposed.model_validate({
        "referral_id": referral_id, "proposal_id": new_id(), "case_manager": "mikko-maki", "provider": "lempaala",
        "workplace_kind": "municipal-unit", "unit": "library", "starts_on": date(2026, 5, 4),
        "ends_on": date(2026, 6, 26), "young_person_agrees": True, "sent_by": "leena-kokeilu", **other,
    })


async def trials(manager: Area, referral_id: str, *states: str) -> list[dict]:
    """The referral's work trials, once they are as said."""

    async def there() -> list[dict] | None:
        found = (await manager.shown(referral_id))["work_trials"]
        return found if [each["state"] for each in found] == list(states) else None

    return await until(there, what=f"work trials {states}")


async def test_a_proposed_work_trial_is_answered_once_after_the_end_too(manager, coaching):
    made, _ = await delivered(manager, coaching)
    one, other = proposed(made["referral_id"]), proposed(made["referral_id"], workplace_kind="company", unit=None,
                                                         business_id="1234567-1")
    await coaching.say(one)
    await coaching.say(other)
    await coaching.say(one)
    await trials(manager, made["referral_id"], "waiting", "waiting")
    told = {"referral_id": made["referral_id"], **FACTS, "started_on": date(2026, 3, 2)}
    await coaching.say(CoachingEnded(**told, ended_on=date(2026, 3, 2)))
    ended = await manager.until(made["referral_id"], status="ended")
    assert [o["kind"] for o in ended["obligations"]] == ["answer-work-trial-proposal"]
    path = f"/referrals/{made['referral_id']}/work-trials"
    missing = await manager.post(f"{path}/{one.proposal_id}/answer", {"accepted": False})
    assert (missing.status_code, missing.json()["code"]) == (422, "reason-missing")
    declined = await manager.post(f"{path}/{one.proposal_id}/answer", {"accepted": False, "reason": "timing"})
    assert declined.status_code == 200, declined.text
    assert [o["kind"] for o in declined.json()["obligations"]] == ["answer-work-trial-proposal"]
    again = await manager.post(f"{path}/{one.proposal_id}/answer", {"accepted": True})
    assert (again.status_code, again.json()["code"]) == (409, "already-answered")
    accepted = await manager.post(f"{path}/{other.proposal_id}/answer", {"accepted": True})
    assert accepted.json()["obligations"] == []
    assert [each["state"] for each in accepted.json()["work_trials"]] == ["declined", "accepted"]
    answers = await until(lambda: coaching.told("area.referrals.v1", made["referral_id"], "WorkTrialProposalAnswered"))
    assert [(a["data"]["accepted"], a["data"].get("reason")) for a in answers][:1] == [(False, "timing")]
    nobodys = await manager.post(f"{path}/{new_id()}/answer", {"accepted": True})
    assert nobodys.status_code == 404


async def test_a_withdrawal_ends_a_proposed_work_trial_and_a_later_one_is_ignored(manager, coaching):
    made, _ = await delivered(manager, coaching)
    one = proposed(made["referral_id"])
    await coaching.say(one)
    await trials(manager, made["referral_id"], "waiting")
    await manager.post(f"/referrals/{made['referral_id']}/withdrawal", {})
    late = await coaching.say(proposed(made["referral_id"]))
    after, _ = await delivered(manager, coaching)
    stopped = await trials(manager, made["referral_id"], "stopped")
    assert stopped[0]["proposal_id"] == one.proposal_id
    assert not await coaching.dead_letters(late)
    refused = await manager.post(
        f"/referrals/{made['referral_id']}/work-trials/{one.proposal_id}/answer", {"accepted": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "referral-closed")
    assert ("ObligationCancelled", "answer-work-trial-proposal") in await coaching.obligations(made["referral_id"])
    assert after["referral_id"] != made["referral_id"]

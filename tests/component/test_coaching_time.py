"""What time does by itself: deadlines, the turn of a year, final years, details that nobody needs any more."""

from datetime import UTC, date, datetime, timedelta

import pytest

from contracts.events.directory import StaffListed
from contracts.topics import source_of
from services.coaching import retention
from services.coaching.cases import handlers as cases
from services.coaching.outcomes import handlers as outcomes
from services.coaching.phenomena import handlers as phenomena
from services.coaching.referrals import handlers as referrals
from tests.component.coaching_side import OUTCOMES, Area, Party, Provider, events, obligations, provider, publish
from tests.waiting import until

WHAT_TIME_DOES = ("deadlines", "turn of the year", "final years", "referrals not opened",
                  "contact details not needed", "kept no longer", "reviews", "phenomena to be recorded")


@pytest.fixture
async def world(stack):
    """A world for each test: each moves its clock."""
    async with stack.world() as made:
        yield made


@pytest.fixture
async def running(world):
    async with world.running("coaching") as made:
        yield made


@pytest.fixture
async def coach(running) -> Provider:
    return await provider(running)


@pytest.fixture
def database(running):
    return running.services["coaching"].database


async def told(world, **wanted) -> list[tuple[str, dict]]:
    """Names and data of the outcomes with these fields, in order of year."""
    found = [(e["type"].split(".")[2], e["data"]) for e in await events(world, OUTCOMES)]
    return [(n, d) for n, d in found if all(d.get(k) == v for k, v in wanted.items())]


async def test_what_is_open_at_new_year_goes_on_under_new_ids_once(world, running, coach, database):
    party = Party(world)
    world.clock.set(datetime(2026, 12, 14, 8, tzinfo=UTC))
    waiting, begun = party.opened(asked_on=date(2026, 12, 10)), party.opened(asked_on=date(2026, 12, 11))
    await party.taken(await party.say(waiting))
    await party.taken(await party.say(begun))
    await party.taken(await party.say(party.held(begun.case_id, date(2026, 12, 14))))

    world.clock.set(datetime(2027, 1, 1, 8, tzinfo=UTC))
    assert await outcomes.turn_of_year(database) == 2
    assert await outcomes.turn_of_year(database) == 0

    async def again() -> bool:
        return len(await told(world, asked_on="2026-12-10")) == 2 and bool(await told(world, year=2027))

    await until(again)
    (_, old), (_, new) = await told(world, asked_on="2026-12-10")
    assert old["client"] != new["client"]
    assert old["spell_id"] != new["spell_id"]
    ((name, continued),) = await told(world, year=2027)
    assert (name, continued["began_on"]) == ("ServiceContinued", "2026-12-14")
    (began,) = [d for n, d in await told(world, asked_on="2026-12-11") if n == "ServiceBegan"]
    assert continued["client"] != began["client"]

    # it turns out to have ended before New Year: taken back, and ended under the old ids
    ending = party.closed(begun.case_id, date(2026, 12, 30), outcome="moved")
    await party.taken(await party.say(ending))

    async def ended() -> dict | None:
        return next((d for n, d in await told(world, on="2026-12-30") if n == "ServiceEnded"), None)

    end = await until(ended)
    assert (end["client"], end["spell_id"]) == (began["client"], began["spell_id"])
    assert "ServiceContinuedInError" in [n for n, _ in await told(world, spell_id=continued["spell_id"])]


async def test_when_a_year_is_final_its_links_are_gone_and_its_casework_is_closed(
    world, running, database
):
    party = Party(world)
    opened = party.opened()
    await party.taken(await party.say(opened))

    world.clock.set(datetime(2027, 3, 31, 20, tzinfo=UTC))
    await outcomes.forget_final_years(database)
    connection = await world.connect("coaching")
    try:
        count = "select count(*) from spells where year = 2026"
        assert await connection.fetchval(count) == 1  # until that day an event may still be of the year
        world.clock.set(datetime(2027, 4, 1, 6, tzinfo=UTC))
        await outcomes.forget_final_years(database)
        assert await connection.fetchval(count) == 0
        assert await connection.fetchval("select count(*) from year_clients where year = 2026") == 0
    finally:
        await connection.close()
    late = await party.say(party.held(opened.case_id, date(2026, 12, 20)))
    assert (await party.rejected(late))["reason"] == "year-closed"
    coach = await provider(running)
    assert await coach.refused({"case_id": opened.case_id}, "meetings", on="2026-12-20", kind="coaching") == (
        409, "year-closed")
    await party.taken(await party.say(party.held(opened.case_id, date(2027, 4, 1))))


async def test_a_referral_that_the_provider_never_opens_goes_back_for_want_of_capacity(
    world, coach, database, monkeypatch
):
    monkeypatch.setattr(referrals, "ROUND", 1)
    area = Area(world)
    _, worked_on = await area.refer(coach)
    await coach.act(worked_on, "start", on=str(world.clock().date()))
    forgotten, _ = await area.refer(coach)
    opened, case = await area.refer(coach)
    await coach.act(case, "contact-details", reason="contact-attempt")

    world.clock.move(timedelta(days=29))
    assert await referrals.return_unopened(database) == 0
    world.clock.move(timedelta(days=2))
    assert await referrals.return_unopened(database) == 1

    returned = await area.until_told(forgotten.referral_id, "ReferralReturned")
    assert returned["data"]["reason"] == "no-capacity"
    erased = await area.until_told(forgotten.referral_id, "ContactDetailsErased")
    assert erased["data"]["cause"] == "return"
    assert await area.told("shared.coaching.v1", opened.referral_id, "ReferralReturned") == []


async def test_contact_details_are_erased_quietly_some_time_after_the_end(world, coach, database):
    area = Area(world)
    told_, case = await area.refer(coach)
    await coach.act(case, "start", on="2026-03-02")
    await coach.act(case, "end", on="2026-03-02", outcome="work")

    world.clock.move(timedelta(days=30))
    assert await referrals.forget_ended(database) == 0
    await coach.act(case, "contact-details", reason="client-asked")
    world.clock.move(timedelta(days=1))
    assert await referrals.forget_ended(database) == 1

    assert await coach.refused(case, "contact-details", reason="client-asked") == (410, "contact-details-erased")
    key_id = (await area.offer(told_.referral_id))["key_id"]
    file = world.settings("coaching").keys / key_id
    await until(lambda: not file.exists())
    assert "ContactDetailsErased" not in await area.names(told_.referral_id)

    # a withdrawal after that is acknowledged at once, for the key that is gone already
    await area.say(area.withdrawn(told_))
    erased = await area.until_told(told_.referral_id, "ContactDetailsErased")
    assert (erased["data"]["key_id"], erased["data"]["cause"]) == (key_id, "withdrawal")


async def test_a_parked_event_that_nobody_opens_is_refused_in_the_end(world, running):
    party = Party(world)
    lonely = await party.say(party.held(party.opened().case_id, date(2026, 3, 2)))
    waiting = party.opened(referral_number="2026-9999", origin="referral")
    await party.taken(await party.say(waiting))
    withdrawn = await party.say(party.told_withdrawal(waiting.case_id))
    connection = await world.connect("coaching")
    try:
        await until(lambda: connection.fetchval("select count(*) = 2 from parked"))
    finally:
        await connection.close()
    world.clock.move(timedelta(days=31))
    service = running.services["coaching"]
    (sweep,) = [t for t in service.timers if t.name == "parked"]
    await sweep.run()

    assert (await party.rejected(lonely))["reason"] == "unknown-subject"
    assert (await party.rejected(withdrawn))["reason"] == "unknown-subject"


async def test_a_review_moves_on_when_the_client_was_met_meanwhile(world, coach, database):
    area = Area(world)
    _, case = await area.refer(coach)
    begun = await coach.act(case, "start", on="2026-03-02")
    due = {o["kind"]: o["due_at"] for o in begun["obligations"]}["review-case"]
    assert due.startswith("2026-06-02")
    world.clock.move(timedelta(days=60))
    met = await coach.act(case, "meetings", on=str(world.clock().date()), kind="coaching")
    assert {o["kind"]: o["due_at"] for o in met["obligations"]}["review-case"] == due

    world.clock.move(timedelta(days=25))
    assert await cases.look_at_reviews(database) == 1
    later = {o["kind"]: o["due_at"] for o in (await coach.shown(case))["obligations"]}["review-case"]
    assert later.startswith("2026-08-0")


async def test_a_meeting_told_right_after_the_beginning_moves_the_review_too(world, coach, database):
    _, case = await Area(world).refer(coach)
    world.clock.move(timedelta(days=49))
    await coach.act(case, "start", on="2026-03-02")
    met = await coach.act(case, "meetings", on="2026-04-20", kind="coaching")
    assert {o["kind"]: o["due_at"] for o in met["obligations"]}["review-case"].startswith("2026-06-02")

    world.clock.move(timedelta(days=35))
    await cases.look_at_reviews(database)
    assert {o["kind"]: o["due_at"] for o in (await coach.shown(case))["obligations"]}["review-case"].startswith(
        "2026-07-20")


async def test_an_erasure_request_ends_every_link_at_once_and_nothing_more_is_told(world, running, coach):
    party, officer = Party(world), await provider(running, scopes=("erasure",))
    opened = party.opened()
    await party.taken(await party.say(opened))
    assert (await officer.post(f"/cases/{opened.case_id}/erasure-of-links")).status_code == 204

    connection = await world.connect("coaching")
    try:
        for table in ("persons", "year_clients", "spells", "told_outcomes"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
    finally:
        await connection.close()
    before = len(await events(world, OUTCOMES))
    await party.taken(await party.say(party.held(opened.case_id, date(2026, 3, 2))))
    assert len(await events(world, OUTCOMES)) == before
    assert (await coach.post(f"/cases/{opened.case_id}/erasure-of-links")).status_code == 403


async def test_what_the_plan_keeps_no_longer_is_forgotten(world, coach, database):
    area, party = Area(world), Party(world)
    told_, case = await area.refer(coach)
    await coach.act(case, "contact-details", reason="contact-attempt")
    await coach.act(case, "return", reason="no-capacity")
    await area.until_told(told_.referral_id, "ContactDetailsErased")
    joining = party.opened(asked_on=date(2026, 2, 2))
    await party.taken(await party.say(joining))
    unknown = area.consented()
    await area.say(area.withdrawn(unknown))
    _, running_case = await area.refer(coach)

    world.clock.set(datetime(2028, 3, 2, 8, tzinfo=UTC))
    assert await retention.forget(database) == 0
    world.clock.set(datetime(2028, 3, 4, 8, tzinfo=UTC))
    assert await retention.forget(database) == 1

    connection = await world.connect("coaching")
    try:
        left = {str(r["case_id"]) for r in await connection.fetch("select case_id from cases")}
        assert left == {joining.case_id, running_case["case_id"]}
        for table in ("casework", "case_ids"):
            assert await connection.fetchval(f"select count(*) from {table} where case_id = $1", case["case_id"]) == 0
        for table in ("referrals", "reveals", "acknowledgements", "sealed_details"):
            for referral in (told_.referral_id, unknown.referral_id):
                found = await connection.fetchval(f"select count(*) from {table} where referral_id = $1", referral)
                assert found == 0, table
    finally:
        await connection.close()


async def test_a_case_is_handed_over_with_what_it_owes_to_a_colleague_alone(world, coach):
    area = Area(world)
    await publish(world, "notify", source_of("notify"), "shared.directory.v1", StaffListed.model_validate({
        "staff_id": "juha-mallila", "name": "Juha Mallila", "organisation": "lempaala", "roles": ("coach",),
        "language": "fi"}))
    _, case = await area.refer(coach)

    async def handed_over() -> dict | None:
        answer = await coach.post(f"/cases/{case['case_id']}/coach", {"coach": "juha-mallila"})
        return answer.json() if answer.status_code == 200 else None

    after = await until(handed_over)
    assert (after["coach"], after["obligations"][0]["owner"]) == ("juha-mallila", "juha-mallila")
    assert after["obligations"][0]["due_at"] == case["obligations"][0]["due_at"]
    assert await coach.refused(case, "coach", coach="mikko-mallila") == (422, "no-colleague")


async def test_coaching_goes_on_for_years_until_somebody_ends_it(world, running, coach, database):
    area = Area(world)
    told_, case = await area.refer(coach)
    await coach.act(case, "start", on="2026-03-02")
    on = await coach.act(case, "going-on", beside="education", since="2026-03-02")
    assert (on["status"], on["goes_on_beside"], on["outcome"]) == ("running", "education", None)
    for year in (2027, 2028, 2029):
        world.clock.set(datetime(year, 5, 2, 8, tzinfo=UTC))
        for timer in running.services["coaching"].timers:
            if timer.name in WHAT_TIME_DOES:
                await timer.run()

    coach = await provider(running)  # the token before has ended
    later = await coach.shown(case)

    assert (later["status"], later["closed_on"], later["outcome"]) == ("running", None, None)
    assert "review-case" in [o["kind"] for o in later["obligations"]]
    met = await coach.act(case, "meetings", on="2029-05-02", kind="coaching")
    assert met["status"] == "running"
    assert "CoachingEnded" not in await area.names(told_.referral_id)


async def test_a_months_phenomena_are_asked_for_once_and_told_as_numbers(world, coach, database):
    assert await phenomena.ask_for_months(database) == 0  # nobody has turned to outreach yet
    vesilahti = await coach.post("/cases", {
        "service": "outreach", "municipality": "lempaala", "origin": "self", "asked_on": "2026-03-02"})
    assert vesilahti.status_code == 201
    sheet = {"municipality": "lempaala", "month": "2026-03", "observations": {"money": 2}}
    assert not (await coach.post("/phenomena", sheet)).json()["recorded"]  # the month is not over
    world.clock.set(datetime(2026, 4, 1, 6, tzinfo=UTC))
    assert [await phenomena.ask_for_months(database) for _ in range(2)] == [1, 0]
    recorded = (await coach.post("/phenomena", {**sheet, "observations": {"money": 5, "loneliness": 1}})).json()
    assert recorded["recorded"]
    assert recorded["observations"]["money"] == 5
    assert await phenomena.ask_for_months(database) == 0
    for other in ({"municipality": "vesilahti"}, {"month": "2026-05"}, {"observations": {"gossip": 1}}):
        assert (await coach.post("/phenomena", sheet | other)).json()["code"] in (
            "not-found", "month-ahead", "phenomenon-unknown")

    async def all_told() -> bool:
        found = [d for _, d in await told(world, month="2026-03", phenomenon="money")]
        return [d["observations"] for d in found] == [2, 5]

    await until(all_told)
    assert await obligations(world, "lempaala:2026-03") == [
        ("ObligationOpened", "record-phenomena"), ("ObligationMet", "record-phenomena")]
    (opened,) = [e["data"] for e in await events(world, "municipal.obligations.v1", "Opened")
                 if e["data"]["kind"] == "record-phenomena"]
    assert (opened["owner_role"], opened["due_at"][:10]) == ("outreach-worker", "2026-04-17")

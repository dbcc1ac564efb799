"""Handing over on both sides: referrals to a colleague, cases of one who leaves, and whoever stands in for one away."""

import asyncio
from datetime import date, timedelta

import pytest

from chassis import obligations, seats
from chassis.policy import Principal
from contracts.events.directory import SeatFilled, StaffListed
from contracts.topics import source_of
from tests.component.coaching_side import Provider, events, provider, publish
from tests.component.referral_side import Area, area
from tests.waiting import until

DIRECTORY = "shared.directory.v1"
PEOPLE = {
    "mikko-maki": ("tampere-region", "case-manager"), "aino-aho": ("tampere-region", "case-manager"),
    "petra-peura": ("tampere-region", "case-manager"), "sanni-salo": ("lempaala", "coach"),
    "juha-joki": ("lempaala", "coach"), "tiina-tuuri": ("lempaala", "workshop-instructor"),
}


def seat(role: str = "case-manager", organisation: str = "tampere-region", **more) -> SeatFilled:
    return SeatFilled(**{"organisation": organisation, "role": role, "holder": "mikko-maki",
                         "substitutes": ("aino-aho",), **more})


def person(staff_id: str) -> Principal:
    organisation, role = PEOPLE[staff_id]
    return Principal("person", staff_id, staff_id, organisation, frozenset({role}))


@pytest.fixture(scope="module")
async def running(world):
    async with world.running("referral", "coaching") as made:
        for staff_id, (organisation, role) in PEOPLE.items():
            await say(world, StaffListed(
                staff_id=staff_id, name=staff_id, organisation=organisation, roles=(role,), language="fi"))
        await world.read_to_the_end("coaching", DIRECTORY)
        yield made


@pytest.fixture(scope="module")
async def manager(running) -> Area:
    return await area(running)


@pytest.fixture(scope="module")
async def coach(running) -> Provider:
    return await provider(running)


async def say(world, data, time=None) -> None:
    await publish(world, "notify", source_of("notify"), DIRECTORY, data, time=time)
    await world.read_to_the_end("referral", DIRECTORY)


async def end(world, key: str) -> None:
    await world.send("notify", DIRECTORY, key.encode(), None)
    await world.read_to_the_end("referral", DIRECTORY)


async def owned(running, staff_id: str, service: str = "referral") -> set[tuple[str, str | None]]:
    """What waits for a person: what it is about, and in whose place."""
    async with running.services[service].database.begin() as db:
        return {(each.obligation.about_id, each.instead_of) for each in await seats.owed(db, person(staff_id))}


async def owes(running, referral_id: str, owner: str) -> None:
    """The case manager owes something of a referral."""
    async with running.services["referral"].database.begin() as db:
        await obligations.open_(db, "answer-three-party-request", "referral", referral_id,
                                owner_organisation="tampere-region", owner=owner)


async def test_a_referral_is_a_colleagues_from_now_on_and_the_provider_hears_whose(running, manager, coach, world):
    made = await manager.refer()
    referral_id = made["referral_id"]
    await coach.case_of(made["number"])
    await owes(running, referral_id, "mikko-maki")

    async def to(case_manager: str, **more):
        return await manager.post(f"/referrals/{referral_id}/case-manager", {"case_manager": case_manager, **more})

    assert (await to("sanni-salo")).json()["code"] == "not-a-colleague"
    assert (await to("aino-aho", instead_of="petra-peura")).json()["code"] == "handed-over-meanwhile"
    shown = (await to("aino-aho", instead_of="mikko-maki")).json()
    assert shown["case_manager"] == "aino-aho"
    assert (shown["timeline"][0]["kind"], shown["timeline"][0]["detail"]) == ("handed-over", {"to": "aino-aho"})
    assert (await to("aino-aho")).status_code == 200
    assert (referral_id, None) in await owned(running, "aino-aho")
    assert not await owned(running, "mikko-maki")

    connection = await world.connect("coaching")
    asked = "select case_manager from referrals where referral_id = $1"
    await until(lambda: _is(connection.fetchval(asked, referral_id), "aino-aho"))
    await connection.close()
    changed = [e for e in await events(world, "area.referrals.v1", "CaseManagerChanged")
               if e["data"]["referral_id"] == referral_id]
    assert [e["data"] for e in changed] == [{"referral_id": referral_id, "case_manager": "aino-aho"}]


async def _is(asked, wanted) -> bool:
    return await asked == wanted


async def test_of_two_who_hand_over_at_the_same_instant_one_wins(running, manager, world):
    referral_id = (await manager.refer())["referral_id"]
    connection = await world.connect("referral")
    async with connection.transaction():
        await connection.execute("select from referrals where id = $1 for update", referral_id)
        both = [asyncio.create_task(manager.post(
            f"/referrals/{referral_id}/case-manager", {"case_manager": to})) for to in ("aino-aho", "petra-peura")]
        waiting = ("select count(*) >= 2 from pg_stat_activity where wait_event_type = 'Lock' "
                   "and datname = current_database()")
        await until(lambda: connection.fetchval(waiting), what="both to wait")
    answers = sorted([(answer.status_code, answer.json().get("code")) for answer in await asyncio.gather(*both)])
    await connection.close()
    assert answers == [(200, None), (409, "handed-over-meanwhile")]


async def test_what_is_over_is_handed_to_nobody(manager):
    made = await manager.refer()
    await manager.post(f"/referrals/{made['referral_id']}/withdrawal")
    answer = await manager.post(f"/referrals/{made['referral_id']}/case-manager", {"case_manager": "aino-aho"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-hand-over")


async def test_all_that_somebody_has_open_is_handed_over_at_once(running, manager):
    mine = [(await manager.refer())["referral_id"] for _ in range(3)]
    over = (await manager.refer())["referral_id"]
    await manager.post(f"/referrals/{over}/withdrawal")
    await owes(running, mine[0], "mikko-maki")
    done = await manager.post("/case-managers/mikko-maki/successor", {"case_manager": "aino-aho"})
    assert done.json() == {"referrals": 3}
    assert {(await manager.shown(each))["case_manager"] for each in mine} == {"aino-aho"}
    assert (await manager.shown(over))["case_manager"] == "mikko-maki"
    assert not await owned(running, "mikko-maki")
    again = await manager.post("/case-managers/mikko-maki/successor", {"case_manager": "aino-aho"})
    assert again.json() == {"referrals": 0}


async def test_cases_of_one_who_leaves_go_to_a_colleague_of_the_same_service(running, manager, coach):
    made = await manager.refer()
    case = await coach.case_of(made["number"])
    await coach.act(case, "coach", coach="sanni-salo")
    refused = await coach.post("/coaches/sanni-salo/successor", {"coach": "mikko-maki"})
    assert refused.json()["code"] == "no-colleague"
    other = await coach.post("/coaches/sanni-salo/successor", {"coach": "tiina-tuuri"})
    assert other.json() == {"cases": 0, "stayed": 1}
    done = await coach.post("/coaches/sanni-salo/successor", {"coach": "juha-joki"})
    assert done.json() == {"cases": 1, "stayed": 0}
    assert (await coach.shown(case))["coach"] == "juha-joki"
    assert (case["case_id"], None) in await owned(running, "juha-joki", "coaching")


async def test_a_substitute_sees_what_waits_for_the_holder_while_the_holder_is_away(running, manager, world):
    referral_id = (await manager.refer())["referral_id"]
    await owes(running, referral_id, "mikko-maki")
    instead, today = (referral_id, "mikko-maki"), date(2026, 3, 2)
    assert instead not in await owned(running, "aino-aho")
    await say(world, seat(away_until=today))
    assert instead in await owned(running, "aino-aho")
    assert (referral_id, None) in await owned(running, "mikko-maki")
    await say(world, seat(away_until=today - timedelta(days=1)))
    assert instead not in await owned(running, "aino-aho")
    await say(world, seat(away_until=today, service="pointti"))
    assert instead not in await owned(running, "aino-aho"), "another service's seat"
    await say(world, seat(away_until=today, service="coaching"))
    assert instead not in await owned(running, "aino-aho"), "what is owed names no service"
    await say(world, seat(away_until=today, group="coaches-working-party"))
    assert instead not in await owned(running, "aino-aho"), "a group's seat is of its meetings"


async def test_the_latest_word_of_a_seat_holds_until_a_tombstone(running, manager, world):
    referral_id = (await manager.refer())["referral_id"]
    await owes(running, referral_id, "mikko-maki")
    instead, now = (referral_id, "mikko-maki"), world.clock()
    away, there = seat(away_until=date(2026, 3, 9)), seat()
    await say(world, away, time=now)
    await say(world, there, time=now - timedelta(minutes=1))  # late: it was said before
    await say(world, away, time=now)
    assert instead in await owned(running, "aino-aho")
    await end(world, away.subject())
    assert instead not in await owned(running, "aino-aho")
    await end(world, away.subject())
    await say(world, away)
    assert instead in await owned(running, "aino-aho")
    await say(world, seat(holder="aino-aho", substitutes=()))
    assert instead not in await owned(running, "aino-aho")

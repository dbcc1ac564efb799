"""The demo's year, played into a real Kafka and Postgres: what it leaves behind, and that it can be broken off."""

import asyncio
from datetime import date, time, timedelta

import pytest

from chassis import calendar
from chassis.clock import system_clock
from chassis.contact import Contact, Secret
from services.referral import handlers as referrals
from services.referral.handlers import Wish
from tests.component.demo_side import FIRST_YEAR, demo, some_acts, told
from tests.waiting import until
from yhdyspinta.demo import acts
from yhdyspinta.demo.acts import Refer
from yhdyspinta.demo.people import BY_ID, PEOPLE

LAST = date(FIRST_YEAR, 1, 10)
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
async def played(world, tmp_path_factory):
    """The prelude and the first weeks of January, played in one go."""
    folder = tmp_path_factory.mktemp("played")
    async with demo(world, folder, LAST, some_acts(LAST)) as running:
        assert await running.year.play()
        yield running


async def _rows(world, service, query):
    connection = await world.connect(service, "postgres")
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def test_all_of_it_happened_and_nothing_was_refused(world, played):
    assert played.year.progress.done_until == LAST
    assert played.year.refused == []
    for name, records in (await told(world)).items():
        assert "dead-letter" not in name or not records, name
        assert "rejections" not in name or not records, name


async def test_nobody_is_mailed_of_the_year_s_days(world, played):
    statuses = await _rows(world, "notify", "select distinct status from notices")
    assert [row["status"] for row in statuses] == ["stale"]
    assert played.mails.taken == 0


async def test_what_happened_has_the_year_s_own_days(world, played):
    consented = await world.records("area.referrals.v1")
    days = sorted(r.value.decode().split('"time":"')[1][:10] for r in consented)
    assert days[0] >= f"{FIRST_YEAR - 1}-12-02"
    assert days[-1] <= LAST.isoformat()


async def test_every_referral_of_the_script_is_delivered_sealed(world, played):
    made = sum(isinstance(act, Refer) for act in some_acts(LAST))
    rows = await _rows(world, "referral", "select status from referrals")
    assert len(rows) == made > 3
    assert "sent" not in {row["status"] for row in rows}


async def test_cases_that_were_open_on_1_january_went_on_and_are_counted(world, played):
    continued = await _rows(world, "reporting", "select count(*) as n from facts_a.continued where standing")
    open_then = [act for act in some_acts(LAST) if isinstance(act, acts.Publish) and "-h" in act.key]
    assert 0 < continued[0]["n"] <= len({act.key.split("/")[0] for act in open_then})
    figures = await _rows(world, "reporting", "select distinct left(period, 4) as year from figures")
    assert [row["year"] for row in figures] == [str(FIRST_YEAR)]


async def test_everybody_is_listed_and_every_seat_filled_once(world, played):
    listed = [r.key.decode() for r in await world.records("shared.directory.v1")]
    assert {person.id for person in PEOPLE} <= set(listed)
    assert len(listed) == len(set(listed))
    assert "lempaala:workshop-instructor:pointti" in listed


async def test_a_year_that_was_broken_off_anywhere_comes_to_the_same(stack, world, played, tmp_path):
    """Broken off between two acts, and in the middle of one."""
    script = some_acts(LAST)
    async with stack.world() as other:
        async with demo(other, tmp_path, LAST, script) as running:
            playing = asyncio.create_task(running.year.play())
            await until(lambda: running.year.progress.done_until == date(FIRST_YEAR - 1, 12, 9), 60)
            running.year.stop()
            assert not await playing
        async with demo(other, tmp_path, LAST, script) as running:
            playing = asyncio.create_task(running.year.play())
            await until(lambda: running.year.progress.done_until == date(FIRST_YEAR - 1, 12, 11), 60)
            nine = calendar.at(date(FIRST_YEAR - 1, 12, 12), time(9))
            await until(lambda: running.year.clock() >= nine, 60)
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
        async with demo(other, tmp_path, LAST, script) as running:
            assert await running.year.play()
            assert running.year.refused == []
        again, once = await told(other), await told(world)
        for topic in once:
            assert again[topic] == once[topic], topic


async def test_who_acts_while_the_year_is_played_acts_today_and_is_mailed(stack, tmp_path):
    today = system_clock()
    async with stack.world() as other, demo(other, tmp_path, LAST, []) as running:
        manager = BY_ID["mikko-mallila"]
        who = acts.Refer(at=today, key="x", by=manager.id, referral="x", municipality="lempaala", birth_year=1990,
                         to="coaching", need="job-or-studies", name="", phone="").who
        async with running.parted["referral"].now.begin() as db:
            made = await referrals.refer(db, Wish(
                municipality="lempaala", birth_year=1990, service="coaching", consented=True, given_at=db.now,
                contact=Contact(Secret("Aino Esimerkki"), Secret("+358415550123"))), who)
        assert made.number.startswith(str(today.year))

        async def delivered():
            rows = await _rows(other, "referral", "select status, received_at from referrals")
            return rows[0] if rows[0]["status"] == "delivered" else None

        row = await until(delivered, 20)
        assert row["received_at"] >= today - timedelta(minutes=1)
        await until(lambda: running.mails.taken == 1, 20)
        assert made.number in running.mails.mails[0].text
        cases = await _rows(other, "coaching", "select opened_at from cases")
        assert cases[0]["opened_at"] >= today - timedelta(minutes=1)

"""A rebuild gives the same facts from the topics alone, while the service runs, and publishes nothing."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from contracts.events.results import ResultsReported
from services.reporting import facts, fold
from services.reporting.app import PSEUDONYM_SECRET
from services.reporting.rebuild import REBUILD, rebuild
from tests.component.reporting_side import (
    OUTCOMES,
    RESULTS,
    Outcomes,
    all_published,
    day,
    event,
    figure,
    noon,
    plan_year,
    send,
)

YEAR = 2026


@pytest.fixture(scope="module")
async def reporting(world):
    world.clock.set(datetime(2027, 1, 20, 9, 0, tzinfo=UTC))
    async with world.running("reporting") as running:
        await send(world, "coaching", OUTCOMES, plan_year(YEAR))
        reports = [event(ResultsReported(month="2026-03", municipality="lempaala", measures={code: 700}),
                         noon(date(2026, 4, n)), "tampere-region-bi") for n, code in
                   ((5, "unemployed-jobseekers"), (6, "happiness"))]
        await send(world, "tampere-region-bi", RESULTS, reports)
        await figure(world, f"services:{YEAR}:clients:service=coaching", 259)
        await figure(world, "area-results:2026-03:unemployed-jobseekers:municipality=lempaala", 700)
        yield running


def build(world, **more):
    settings = world.settings("reporting")
    return rebuild(settings, world.clock, fold.pseudonym(settings.secret(PSEUDONYM_SECRET)), **more)


async def fetch(world, query, *given):
    connection = await world.connect("reporting")
    try:
        return await connection.fetch(query, *given)
    finally:
        await connection.close()


async def live(world):
    return (await fetch(world, "select live from generation"))[0]["live"]


async def test_the_facts_equal_those_rebuilt_from_the_beginning(world, reporting):
    done = await build(world, swap=False)
    assert (done.differences, done.live) == ({}, False)
    assert done.rows >= 104 + 155 + 121 + 1


async def test_the_rebuilt_facts_are_read_and_nothing_is_published_anew(world, reporting):
    before, generation = await all_published(world), await live(world)
    left = []
    done = await build(world, progress=left.append)
    assert (done.differences, done.live) == ({}, True)
    assert await live(world) != generation
    assert left[-1] == 0
    some = Outcomes("pointti")
    await send(world, "coaching", OUTCOMES, [some.began(day(YEAR, n, 40)) for n in range(40)])
    await figure(world, f"services:{YEAR}:began:service=pointti", 40)
    after = await all_published(world)
    assert {k: v for k, v in after.items() if "pointti" not in k} == \
        {k: v for k, v in before.items() if "pointti" not in k}
    assert (await build(world, swap=False)).differences == {}


async def test_damage_is_found_and_mended(world, reporting):
    table = f"{await live(world)}.{facts.STARTS.name}"
    await fetch(world, f"delete from {table} where spell_id in (select spell_id from {table} limit 3)")
    assert (await build(world, swap=False)).differences == {"starts": 3}
    assert (await build(world)).differences == {"starts": 3}
    assert (await build(world, swap=False)).differences == {}


async def test_events_that_come_meanwhile_are_in_it_once(world, reporting):
    some = Outcomes("outreach")

    async def goes_on():
        for month in range(1, 13):
            await send(world, "coaching", OUTCOMES, [some.began(date(YEAR, month, 1 + n)) for n in range(20)])

    sending = asyncio.create_task(goes_on())
    while not sending.done():
        await build(world, again=True)
    await sending
    await figure(world, f"services:{YEAR}:began:service=outreach", 240)
    assert (await build(world, swap=False)).differences == {}


async def test_an_interrupted_rebuild_goes_on_where_it_stopped(world, reporting):
    running, generation = None, await live(world)

    def stop(_):
        running.cancel()

    running = asyncio.create_task(build(world, progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await fetch(world, "select from projection_offsets where projection = $1", REBUILD)
    assert await live(world) == generation
    done = await build(world)
    assert (done.differences, done.live) == ({}, True)


async def test_two_rebuilds_do_not_run_at_once(world, reporting):
    ended = await asyncio.gather(*(build(world, swap=False) for _ in range(2)), return_exceptions=True)
    assert sorted(type(e).__name__ for e in ended) == ["RebuildRuns", "Rebuilt"]


async def test_a_refused_report_is_no_dead_letter_again(world, reporting):
    def reasons(letters):
        return [(dict(r.headers)["dead-letter-topic"], dict(r.headers)["dead-letter-reason"]) for r in letters]

    await build(world, swap=False)
    letters = await world.records("shared.reporting-dead-letter.v1")
    assert reasons(letters) == [(RESULTS.encode(), b"unknown-code")]


async def test_facts_of_years_whose_topics_hold_them_no_more_are_taken_along(world, reporting):
    table = f"{await live(world)}.{facts.REFERRALS.name}"
    await fetch(world, f"insert into {table} values ('\\x01', 'coaching', 'lempaala', 'lempaala', '2024-05-05', "
                       "'2024-05-05T10:00Z', gen_random_uuid())")
    done = await build(world)
    assert done.differences == {}
    assert len(await fetch(world, f"select from {await live(world)}.{facts.REFERRALS.name}")) == 1

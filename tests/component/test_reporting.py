"""Reporting with its real database and broker: events in, figures out [3.2, 6]."""

import random
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from contracts.events.leads import TargetSet
from contracts.events.results import CostsReported, ResultsReported
from contracts.fields import new_id
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
    published,
    send,
)
from tests.waiting import until

LAST_YEAR = 2025


@pytest.fixture(scope="module")
async def reporting(world):
    world.clock.set(datetime(2026, 4, 20, 9, 0, tzinfo=UTC))
    async with world.running("reporting") as running:
        yield running


@pytest.fixture(scope="module")
def year_events():
    events = plan_year(LAST_YEAR)
    random.Random(1).shuffle(events)
    return events


async def test_the_plans_figures_come_out_of_the_years_events(world, reporting, year_events):
    await send(world, "coaching", OUTCOMES, [*year_events, *year_events[:50]])
    key = f"services:{LAST_YEAR}:{{}}:service=coaching"
    assert (await figure(world, key.format("clients"), 259))["unit"] == "count"
    await figure(world, key.format("new-clients"), 155)
    await figure(world, key.format("ended"), 121)
    share = await figure(world, key.format("outcome-share"), 59.5)
    assert (share["unit"], share["suppressed"], share["plan_year"]) == ("percent", False, LAST_YEAR)


async def test_the_parts_make_the_total(world, reporting):
    parts = [(await figure(world, f"services:{LAST_YEAR}:began:municipality={m},service=coaching"))["value"]
             for m in ("lempaala", "vesilahti")]
    assert parts == [124, 31]


async def test_waiting_is_the_median_of_the_days_from_approach_to_begin(world, reporting):
    found = await figure(world, f"waiting:{LAST_YEAR}:waiting-median:service=coaching")
    assert (found["value"], found["unit"]) == (9, "days")


async def test_what_comes_again_changes_nothing(world, reporting, year_events):
    before = await all_published(world)
    await send(world, "coaching", OUTCOMES, reversed(year_events))
    some = Outcomes("ohjaamo")
    await send(world, "coaching", OUTCOMES, [some.began(day(LAST_YEAR, n, 12)) for n in range(12)])
    await figure(world, f"services:{LAST_YEAR}:began:service=ohjaamo", 12)
    after = await all_published(world)
    assert {k: v for k, v in after.items() if "service=coaching" in k} == \
        {k: v for k, v in before.items() if "service=coaching" in k}


async def test_a_small_count_is_hidden_with_all_its_parts(world, reporting):
    some = Outcomes("wellbeing-planner", "vesilahti")
    await send(world, "coaching", OUTCOMES, [some.began(date(LAST_YEAR, 5, n), "vesilahti") for n in (5, 6, 7)])
    await send(world, "coaching", OUTCOMES, [some.began(day(LAST_YEAR - 1, n, 3), "vesilahti") for n in range(3)])
    hidden = await figure(world, f"services:{LAST_YEAR}:began:service=wellbeing-planner")
    assert (hidden["value"], hidden["suppressed"]) == (None, True)
    parts = {k: v for k, v in (await published(world)).items()
             if k.startswith(f"services:{LAST_YEAR}:began:") and "wellbeing-planner" in k}
    assert len(parts) == 3
    assert all(v["suppressed"] for v in parts.values())


async def test_a_large_correction_is_a_new_revision_of_the_cells_that_change(world, reporting):
    some = Outcomes("immigrant-services")
    key = f"services:{LAST_YEAR}:began:service=immigrant-services"
    cases = [some.began(date(LAST_YEAR, 3, 1 + n)) for n in range(20)]
    await send(world, "coaching", OUTCOMES, cases)
    first = await figure(world, key, 20)
    more = [some.began(date(LAST_YEAR, 3, 1 + n)) for n in range(8)]
    await send(world, "coaching", OUTCOMES, more)
    second = await figure(world, key, 28)
    assert second["revision"] == first["revision"] + 1
    assert second["batch"] != first["batch"]
    month = await figure(world, f"services:{LAST_YEAR}-03:began:service=immigrant-services")
    assert month["value"] is None  # after March nothing came: the year's end would tell the same


async def test_the_areas_results_and_costs_become_figures(world, reporting):
    reports = [event(ResultsReported(month=f"2026-0{m}", municipality="lempaala", measures={
        "unemployed-jobseekers": 900 + m, "unemployment-rate": 7.25, "new-vacancies": 10 * m}),
        noon(date(2026, m + 1, 5)), "tampere-region-bi") for m in (1, 2, 3)]
    costs = event(CostsReported(month="2026-01", municipality="lempaala", items={"staff": 1_234_567}),
                  noon(date(2026, 2, 5)), "tampere-region-bi")
    await send(world, "tampere-region-bi", RESULTS, [*reports, costs])
    await figure(world, "area-results:2026-02:unemployed-jobseekers:municipality=lempaala", 902)
    await figure(world, "area-results:2026-Q1:unemployed-jobseekers:municipality=lempaala", 903)
    await figure(world, "area-results:2026-Q1:new-vacancies:municipality=lempaala", 60)
    rate = await figure(world, "area-results:2026-Q1:unemployment-rate:municipality=lempaala", 7.3)
    assert rate["unit"] == "percent"
    cents = await figure(world, "area-costs:2026-01:staff:municipality=lempaala", 1_234_567)
    assert cents["unit"] == "cents"


async def test_a_later_report_of_the_month_replaces_the_earlier_as_a_whole(world, reporting):
    again = event(ResultsReported(month="2026-01", municipality="lempaala", measures={"unemployed-jobseekers": 950}),
                  noon(date(2026, 2, 6)), "tampere-region-bi")
    await send(world, "tampere-region-bi", RESULTS, [again])
    await figure(world, "area-results:2026-01:unemployed-jobseekers:municipality=lempaala", 950)


async def test_the_area_reads_why_a_report_is_refused(world, reporting):
    unknown, reused = new_id(), new_id()

    def report(code, value, event_id):
        return event(ResultsReported(month="2026-03", municipality="vesilahti", measures={code: value}),
                     noon(date(2026, 4, 5)), "tampere-region-bi", event_id)

    await send(world, "tampere-region-bi", RESULTS, [
        report("happiness", 7, unknown), report("new-vacancies", 7, reused), report("new-vacancies", 9, reused)])

    async def told():
        found = [orjson.loads(r.value)["data"] for r in await world.records("area.rejections.v1")]
        return {(r["event_id"], r["reason"]): r for r in found if r["event_id"] in (unknown, reused)} or None

    async def both():
        return found if len(found := await told() or {}) == 2 else None

    found = await until(both, 20, what="both rejections")
    assert set(found) == {(unknown, "unknown-code"), (reused, "id-reused")}
    assert found[unknown, "unknown-code"]["field"] == "/data/measures"
    await figure(world, "area-results:2026-03:new-vacancies:municipality=vesilahti", 7)


async def test_targets_are_figures_too(world, reporting):
    target = event(TargetSet(year=2026, municipality="vesilahti", measure="visits", target=40),
                   noon(date(2026, 1, 15)), "leads")
    await send(world, "leads", "shared.leads.v1", [target])
    await figure(world, "targets:2026:visits:municipality=vesilahti", 40)


async def test_a_batch_has_one_time_and_revisions_rise(world, reporting):
    times, revisions = {}, {}
    for record in await world.records("shared.figures.v1"):
        figure = orjson.loads(record.value)
        times.setdefault(figure["data"]["batch"], set()).add(figure["time"])
        revisions.setdefault(record.key, []).append(figure["data"]["revision"])
    assert all(len(moments) == 1 for moments in times.values())
    assert all(rising == list(range(1, len(rising) + 1)) for rising in revisions.values())


async def test_figures_bear_nothing_that_leads_to_an_event(world, reporting):
    some = (await world.records("shared.figures.v1"))[:20]
    assert all("correlationid" not in orjson.loads(r.value) for r in some)
    assert all(not dict(r.headers).keys() & {"traceparent", "tracestate"} for r in some)


async def test_a_running_year_is_told_and_goes_on(world, reporting):
    some = Outcomes("pointti")
    await send(world, "coaching", OUTCOMES, [some.began(date(2026, 4, 1 + n)) for n in range(12)])
    await figure(world, "services:2026:began:service=pointti", 12)
    await send(world, "coaching", OUTCOMES, [some.began(date(2026, 4, 1 + n)) for n in range(9)])
    await figure(world, "services:2026:began:service=pointti", 21)
    assert (await published(world))["services:2026-04:began:service=pointti"]["suppressed"]


async def test_the_passing_of_a_year_is_told_without_any_event(world, reporting):
    world.clock.move(timedelta(days=300))
    await figure(world, "services:2026:began:service=pointti", 21)
    hidden = await figure(world, "services:2026-12:began:service=pointti")
    assert hidden["suppressed"]

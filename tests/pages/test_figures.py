"""Tilastot in a real browser: empty and filled, on a phone and a desk, read by axe, used by keyboard [pages.md]."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.events.leads import LeadFulfilled, LeadRouted
from contracts.events.obligations import ObligationMet, ObligationOpened
from contracts.events.results import CostsReported, ResultsReported
from tests.component.reporting_side import OUTCOMES, RESULTS, Outcomes, event, figure, noon, plan_year, send
from tests.pages.harness import DESK, PHONE, no_findings, over_http, press_through

PERSON = "leena-kokeilu"
SHOTS = os.environ.get("SCREENSHOTS")


@pytest.fixture(scope="module")
async def site(world):
    world.clock.set(datetime(2026, 11, 24, 7, 14, tzinfo=UTC))
    async with over_http(world, "reporting") as (address, _):
        yield f"{address}/reporting"


async def shot(page, name):
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def contacted(n):
    due = datetime(2026, 1 + n % 10, 20, 12, tzinfo=UTC)
    common = {"obligation_id": str(uuid4()), "kind": "contact-client", "about_type": "case", "about_id": str(uuid4()),
              "owner_organisation": "lempaala", "owner_role": "coach", "opened_at": due - timedelta(days=5),
              "due_at": due}
    late = timedelta(days=1 if n % 10 == 9 else -1)
    return (event(ObligationOpened(**common), due - timedelta(days=5)),
            event(ObligationMet(**common, met_at=due + late), due + late))


def lead(n):
    common = {"lead_id": str(uuid4()), "business_id": "1234567-1", "municipality": ("lempaala", "vesilahti")[n % 2],
              "need": "labour", "opened_by_organisation": "lempaala"}
    day = date(2026, 1 + n % 10, 3)
    routed = event(LeadRouted(**common, from_organisation="lempaala", to_organisation="tampere-region",
                              routed_by_organisation="lempaala", respond_due_on=day), noon(day), "leads")
    done = event(LeadFulfilled(**common, organisation="tampere-region", on=day + timedelta(days=20), result="hired",
                               hired=1), noon(day + timedelta(days=20)), "leads")
    return (routed, done) if n % 2 else (routed,)


@pytest.fixture(scope="module")
async def filled(site, world):
    """Two years of coaching, and a little of everything else."""
    coaching, outreach, pointti = Outcomes(), Outcomes("outreach"), Outcomes("pointti")
    where = ["lempaala"] * 4 + ["vesilahti"]
    months = [14, 11, 15, 12, 13, 9, 6, 16, 17, 14, 12]
    began = [coaching.began(date(2026, m + 1, 1 + n), where[n % 5], waited=n)
             for m, of in enumerate(months) for n in range(of)]
    ended = [coaching.ended(case, date(2026, 11, 3), "work" if n % 5 < 3 else "moved")
             for n, case in enumerate(began[:60])]
    others = [outreach.began(date(2026, 1 + n % 10, 5), where[n % 5]) for n in range(59)]
    others += [pointti.began(date(2026, 1 + n % 10, 5), where[n % 5 if n < 10 else 0]) for n in range(34)]
    await send(world, "coaching", OUTCOMES, [*plan_year(2025), *began, *ended, *others])
    await send(world, "coaching", "municipal.obligations.v1", [e for n in range(110) for e in contacted(n)])
    await send(world, "leads", "shared.leads.v1", [e for n in range(43) for e in lead(n)])
    await send(world, "tampere-region-bi", RESULTS, [
        event(ResultsReported(month=f"2026-{m:02}", municipality=where_, measures={
            "unemployed-jobseekers": size - 5 * m, "unemployment-rate": 7.4, "new-vacancies": size // 10}),
            noon(date(2026, m + 1, 9)), "tampere-region-bi")
        for m in range(1, 11) for where_, size in (("lempaala", 980), ("vesilahti", 140))])
    await send(world, "tampere-region-bi", RESULTS, [
        event(CostsReported(month="2026-01", municipality="lempaala", items={"staff": 1_234_550}),
              noon(date(2026, 2, 9)), "tampere-region-bi")])
    await figure(world, "services:2025:clients:service=coaching", 259)
    await figure(world, "services:2026:began:service=coaching")
    await figure(world, "leads:2026:leads-routed")
    await figure(world, "area-costs:2026:staff:municipality=lempaala", 1_234_550)
    return site


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_before_the_first_figures_the_page_says_what_will_be_here(site, person_opens, width):
    page = await person_opens(PERSON, f"{site}/", width=width)
    shown = await page.locator("main").inner_text()
    assert "Tähän tulevat yhteistyön luvut" in shown
    assert "259 asiakasta, joista 155 uusia" in shown
    assert "59,5" in shown
    await shot(page, f"figures-empty-{width}")
    await no_findings(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_a_running_year_is_a_sentence_four_tiles_a_trend_and_a_table(filled, person_opens, width):
    page = await person_opens(PERSON, f"{filled}/", width=width)
    shown = await page.locator("main").inner_text()
    assert "Tilastot: vuosi 2026" in shown
    assert "Vuonna 2026 on alkanut" in shown
    assert "vuotta aiemmin" in shown
    assert await page.locator(".tiles .big").count() == 4
    assert await page.locator("figure svg[role=img]").get_attribute("aria-label")
    assert "Maahan muuttaneiden palvelut" in shown
    assert "··" in shown
    await shot(page, f"figures-2026-{width}")
    await no_findings(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_last_year_has_the_plans_figures(filled, person_opens, width):
    page = await person_opens(PERSON, f"{filled}/?period=2025", width=width)
    tiles = await page.locator(".tiles").inner_text()
    assert "259" in tiles
    assert "155" in tiles
    assert "59,5" in tiles
    assert "Mitä toimintasuunnitelma kertoo vuodesta 2024" in await page.locator("main").inner_text()
    await shot(page, f"figures-2025-{width}")
    await no_findings(page)


async def test_without_scripts_another_month_and_measure_can_be_chosen(filled, person_opens):
    page = await person_opens(PERSON, f"{filled}/", javascript=False)
    await page.get_by_label("Ajanjakso").select_option("2026-08")
    await page.get_by_label("Palveluittain näytetään").select_option("waiting-median")
    await page.get_by_role("button", name="Näytä luvut").click()
    assert "Tilastot: elokuu 2026" in await page.locator("h1").inner_text()
    assert "odotusajan mediaani" in await page.locator("main").inner_text()


async def test_by_keyboard_alone_a_figure_opens_its_definition(filled, person_opens):
    page = await person_opens(PERSON, f"{filled}/?period=2025")
    await press_through(page, "Mitä luku kertoo")
    opened = page.locator("details[open]").first
    assert "Toimintasuunnitelman luku" in await opened.inner_text()
    assert "palvelu alkoi" in await opened.inner_text()


async def test_the_months_of_the_trend_are_there_as_a_table(filled, person_opens):
    page = await person_opens(PERSON, f"{filled}/?period=2026")
    await press_through(page, "Samat luvut taulukkona")
    table = page.get_by_role("table", name="Alkaneet yksilövalmennukset kuukausittain")
    assert "Tammikuu" in await table.inner_text()


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_a_table_shows_every_measure_with_its_definition(filled, person_opens, width):
    page = await person_opens(PERSON, f"{filled}/table?table=services&period=2025", width=width)
    shown = await page.locator("main").inner_text()
    assert "Uudet asiakkaat" in shown
    assert "Mitä luku kertoo: Asiakkaat" in shown
    await shot(page, f"figures-table-{width}")
    await no_findings(page)


async def test_figures_download_as_a_finnish_spreadsheet_opens_them(filled, person_opens):
    page = await person_opens(PERSON, f"{filled}/?period=2025")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Lataa CSV: Palvelut asuinkunnan mukaan").click()
    file = await (await download.value).path()
    lines = Path(file).read_text(encoding="utf-8-sig").splitlines()  # noqa: ASYNC240 - a small file
    assert lines[0] == "table;period;measure;municipality;service;value;unit;suppressed;revision;published_at"
    assert any(line.startswith("services;2025;outcome-share;;coaching;59,5;percent;false;") for line in lines)


async def test_in_english_too(filled, person_opens):
    page = await person_opens(PERSON, f"{filled}/?period=2025")
    await page.get_by_role("button", name="English").click()
    shown = await page.locator("main").inner_text()
    assert "Figures: year 2025" in shown
    assert "155 coaching cases began in 2025" in shown
    assert "Of whom" in shown or "of whom 155 new" in shown
    await no_findings(page)
    await page.get_by_role("button", name="Suomeksi").click()


async def test_printed_the_picture_is_there_and_the_form_is_gone(filled, person_opens):
    page = await person_opens(PERSON, f"{filled}/?period=2025")
    await page.emulate_media(media="print")
    assert not await page.get_by_role("button", name="Näytä luvut").is_visible()
    assert await page.locator("figure svg").is_visible()
    await shot(page, "figures-print")

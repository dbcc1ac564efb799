"""In a real browser: the service corridor's form by keys alone [3.7], and what supervisors see and hand over."""

from datetime import date, datetime

import orjson
import pytest
from playwright.async_api import Page, expect

from chassis import obligations
from chassis.calendar import HELSINKI
from contracts.events.directory import SeatFilled, StaffListed
from contracts.topics import source_of
from tests.component.coaching_side import publish
from tests.pages.harness import DESK, PHONE, no_findings
from tests.pages.referral_site import MANAGER, Site, site_of
from tests.waiting import until
from yhdyspinta.demo.people import PEOPLE

CLERK, SUPERVISOR, COLLEAGUE = "anne-esimerkki", "kari-mallila", "aino-esimerkki"
DUE = datetime(2026, 2, 25, 23, 59, tzinfo=HELSINKI)
"""A Wednesday, three business days before the world's Monday."""


@pytest.fixture(scope="module")
async def site(world):
    async with site_of(world) as made:
        for person in PEOPLE:
            if "case-manager" in person.roles:
                await publish(world, "notify", source_of("notify"), "shared.directory.v1", StaffListed(
                    staff_id=person.id, name=person.name, organisation=person.organisation, roles=person.roles,
                    language="fi"))
        await publish(world, "notify", source_of("notify"), "shared.directory.v1", SeatFilled(
            organisation="tampere-region", role="case-manager", holder=MANAGER, substitutes=(COLLEAGUE,),
            away_until=date(2026, 3, 5)))
        await world.read_to_the_end("referral", "shared.directory.v1")
        yield made


async def told(site: Site) -> list[dict]:
    """What was published of inquiries so far, in order."""
    found = [orjson.loads(r.value)["data"] for r in await site.coaching.world.records("area.triage.v1")]
    return sorted(found, key=lambda data: data["at"])


async def asked(page: Page, words: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_contain_text(words)


async def pressed(page: Page, keys: str) -> None:
    """Presses one key a page, each when its page is there."""
    for key in keys:
        before = page.url
        await page.keyboard.press(key)
        await page.wait_for_url(lambda url, before=before: url != before)
        await expect(page.locator(".keys")).to_be_focused()


async def owes(site: Site, referral_id: str, owner: str = MANAGER) -> None:
    """The case manager has not answered in time, and that was told."""
    database = site.running.services["referral"].database
    async with database.begin() as db:
        await obligations.open_(
            db, "answer-three-party-request", "referral", referral_id, owner_organisation="tampere-region",
            owner=owner, service="coaching", municipality="lempaala", due_at=DUE)
    await obligations.sweep_all(database)


# --- the service corridor


async def test_a_clerk_needs_a_key_for_the_channel_one_for_each_question_and_enter(site, person_opens):
    page = await person_opens(CLERK, site.at("/"))
    await asked(page, "Miten asia tuli?")
    before = len(await told(site))
    for keys, address in (  # the longest way of each channel, and Enter
        ("122", "asiointipiste"), ("22222", "asiointipiste"), ("32", "organisaatioposti"),
        ("42221", "kotoutumisen tuen palvelut"), ("221", "International House"),
    ):
        await pressed(page, keys)
        await asked(page, address)
        await page.keyboard.press("Enter")
        await asked(page, "Miten asia tuli?")
    await expect(page.locator("main")).to_contain_text("Tässä kuussa on ohjattu")
    await until(lambda: _as_many(site, before + 5))
    assert [(each["channel"], each["rule"]) for each in (await told(site))[before:][1:3]] == [
        ("call", "other-call"), ("email", "person-customer-email")]


async def _as_many(site: Site, count: int) -> bool:
    return len(await told(site)) == count


async def test_a_wrong_key_is_taken_back_and_what_is_counted_is_counted_once(site, person_opens):
    page = await person_opens(CLERK, site.at("/triage"))
    before = len(await told(site))
    await pressed(page, "1")
    await page.keyboard.press("Escape")
    await asked(page, "Miten asia tuli?")
    await pressed(page, "11")
    await asked(page, "asiointipiste")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("status").first).to_contain_text("Mitään ei tilastoitu.")
    await pressed(page, "21")
    await asked(page, "kotoutumisen tuen palvelut")
    await page.reload()
    await page.go_back()
    await page.keyboard.press("1")
    await asked(page, "kotoutumisen tuen palvelut")
    answer = page.url
    await page.keyboard.press("Enter")
    await asked(page, "Miten asia tuli?")
    await page.goto(answer)
    await expect(page.locator("main")).to_contain_text("Tämä asia on tilastoitu.")
    await page.keyboard.press("Enter")
    await asked(page, "Miten asia tuli?")
    await until(lambda: _as_many(site, before + 1))


async def test_the_form_works_without_javascript_and_only_for_those_at_the_counter(site, person_opens):
    page = await person_opens(CLERK, site.at("/triage"), javascript=False)
    await page.get_by_role("link", name="1 Posti").click()
    await page.get_by_role("link", name="Ei").click()
    await page.get_by_role("button", name="Kyllä").click()
    await asked(page, "kotoutumisen tuen palvelut")
    await page.get_by_role("button", name="Väärä näppäin, peru").click()
    await page.get_by_role("button", name="Ei").click()
    await asked(page, "asiointipiste")
    await page.get_by_role("button", name="Seuraava asia").click()
    await asked(page, "Miten asia tuli?")
    other = await person_opens(MANAGER, site.at("/"))
    assert (await other.goto(site.at("/triage"))).status == 403


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_axe_finds_nothing_at_the_counter_or_among_late_things(site, person_opens, width):
    page = await person_opens(CLERK, site.at("/triage/counts?month=2025-09"), width=width)
    await expect(page.locator("main")).to_contain_text("Tässä kuussa ei ohjattu yhtään asiaa.")
    await no_findings(page)
    await page.goto(site.at("/triage"))
    await no_findings(page)
    await pressed(page, "2")
    await no_findings(page)
    await pressed(page, "21")
    await no_findings(page)
    await page.goto(site.at("/triage/counts"))
    await no_findings(page)
    referral_id = (await site.referred())["referral_id"]
    page = await person_opens(SUPERVISOR, site.at("/late?service=wellbeing-planner"), width=width)
    await expect(page.locator("main")).to_contain_text("Tällä rajauksella mikään ei ole myöhässä.")
    await owes(site, referral_id)
    for path in ("/late", f"/referrals/{referral_id}/case-manager", "/hand-over"):
        await page.goto(site.at(path))
        await no_findings(page)


# --- supervisors and substitutes


async def test_a_supervisor_sees_what_is_late_and_hands_it_to_the_substitute(site, person_opens):
    referral = await site.referred()
    await owes(site, referral["referral_id"])
    substitute = await person_opens(COLLEAGUE, site.at("/"))
    waiting = substitute.locator("ol.tasks li", has_text=referral["number"])
    await expect(waiting).to_contain_text("Sijaisena: Mikko Mallila.")

    page = await person_opens(SUPERVISOR, site.at("/late?service=coaching&municipality=lempaala"))
    row = page.locator("ol.tasks li", has_text=referral["number"])
    await expect(row).to_contain_text("3 arkipäivää myöhässä")
    await expect(row).to_contain_text("Vuorossa: Mikko Mallila, asiakasvastaava.")
    await expect(row).to_contain_text("Kerrottu ma 2.3.: palveluesihenkilö.")
    await row.get_by_role("link", name="Siirrä").click()
    await no_findings(page)
    await page.get_by_role("button", name="Siirrä").click()
    await expect(page.locator(".ds-error-summary")).to_contain_text("Kenelle?")
    await page.get_by_label("Kenelle?").select_option(label="Aino Esimerkki")
    await page.get_by_role("button", name="Siirrä").click()
    await expect(page.get_by_role("status").first).to_contain_text("Asia odottaa nyt työtoveria.")
    await expect(page.locator("ol.tasks li", has_text=referral["number"])).to_contain_text("Vuorossa: Aino Esimerkki")
    await substitute.reload()
    await expect(waiting).not_to_contain_text("Sijaisena")
    assert (await substitute.goto(site.at("/late"))).status == 403


async def test_a_referral_is_handed_to_a_colleague_and_somebody_elses_change_is_told(site, person_opens):
    referral = await site.referred()
    place = f"/referrals/{referral['referral_id']}"
    page, other = await person_opens(MANAGER, site.at(place)), await person_opens(SUPERVISOR, site.at(place))
    for each in (page, other):
        await each.get_by_text("Muut toimet").click()
        await each.get_by_role("link", name="Siirrä työtoverille…").click()
    await expect(page.locator("main")).to_contain_text("Mikko Mallila (poissa 5.3.2026 asti)")
    await page.get_by_label("Kenelle?").select_option(label="Petra Kuvitelma")
    await page.get_by_role("button", name="Siirrä").dblclick()
    await expect(page.get_by_role("status").first).to_contain_text("Ohjaus on siirretty.")
    await expect(page.locator("ol.timeline")).to_contain_text("uusi asiakasvastaava on Petra Kuvitelma")
    await other.get_by_label("Kenelle?").select_option(label="Aino Esimerkki")
    await other.get_by_role("button", name="Siirrä").click()
    await expect(other.locator(".ds-error-summary")).to_contain_text("on sillä välin siirretty toiselle")
    await other.goto(site.at("/hand-over"))
    await other.get_by_label("Kenen?").select_option(label="Petra Kuvitelma, 1 avoin")
    await other.get_by_label("Kenelle?").select_option(label="Jonas Harjoitus")
    await other.get_by_role("button", name="Siirrä kaikki").click()
    await expect(other.get_by_role("status").first).to_contain_text("1 ohjaus on siirretty.")
    assert (await site.manager.shown(referral["referral_id"]))["case_manager"] == "jonas-harjoitus"

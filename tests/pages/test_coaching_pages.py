"""The coach's acts in a real browser: look, call, record, book, begin, end, give back, withdraw."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from tests.pages.coaching_site import COACH, MANAGER, Site, site_of
from tests.pages.harness import DESK, PHONE, no_findings, press_through, tab_to
from tests.waiting import until

NAME, PHONE_NUMBER = "Aino Esimerkki", "041 5550 123"


@pytest.fixture(scope="module")
async def site(world):
    async with site_of(world) as made:
        yield made


async def opened(page: Page, site: Site, case: dict, path: str = "") -> None:
    await page.goto(site.at(f"/cases/{case['case_id']}{path}"))


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_axe_finds_nothing_and_nothing_is_cut_off(site, person_opens, world, width):
    _, arrived = await site.referred()
    _, booked = await site.referred()
    at = (world.clock() + timedelta(hours=3)).isoformat()
    await site.coach.act(booked, "appointments", at=at, place="lempaala-talo", reached_by="call")
    _, running = await site.referred(municipality="vesilahti")
    await site.coach.act(running, "start", on="2026-03-02")
    withdrawn, gone = await site.referred()
    await site.area.say(site.area.withdrawn(withdrawn))
    await site.coach.case_of(withdrawn.number, contact_details="closed")
    page = await person_opens(COACH, site.at("/"), width=width)
    one = f"/cases/{arrived['case_id']}"
    for path in (
        "/", "/arrived", "/cases", "/cases?show=closed&whose=all", "/cases?number=2026-9999", "/new-case", one,
        *(f"{one}/{act}" for act in (
            "attempt", "appointment", "meeting", "start", "return", "not-begun", "withdrawal", "coach",
            "earlier-case", "data")),
        f"/cases/{booked['case_id']}", f"/cases/{running['case_id']}", f"/cases/{running['case_id']}/end",
        f"/cases/{gone['case_id']}",
    ):
        await page.goto(site.at(path))
        await no_findings(page)


async def test_the_link_in_a_mail_leads_to_the_case_and_nobody_elses(site, person_opens):
    told, case = await site.referred()
    theirs, _ = await site.referred(service="outreach")
    page = await person_opens(COACH, site.at(f"/referrals/{told.referral_id}"))
    await expect(page).to_have_url(site.at(f"/cases/{case['case_id']}"))
    answer = await page.goto(site.at(f"/referrals/{theirs.referral_id}"))
    assert answer is not None
    assert answer.status == 404


async def test_a_coach_looks_calls_and_records_the_attempt_by_keyboard_alone(site, person_opens):
    _, case = await site.referred()
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}"))
    assert NAME not in await page.content()
    await press_through(page, "Näytä yhteystiedot")
    await page.wait_for_selector(f"text={NAME}")
    assert await page.get_by_role("link", name=PHONE_NUMBER).get_attribute("href") == "tel:+358415550123"
    await no_findings(page)
    await press_through(page, "En tavoittanut, kirjaa yritys")
    await page.wait_for_url("**/attempt")
    assert NAME not in await page.content()
    await press_through(page, "Kirjaa yritys")
    await page.wait_for_selector("text=Soitto: asiakasta ei tavoitettu.")
    await expect(page.get_by_role("status")).to_have_text("Yritys on kirjattu.")
    await expect(page.get_by_role("heading", name="Seuraavaksi: 2. yhteydenotto")).to_be_visible()
    assert (await site.coach.shown(case))["coach"] == COACH


async def test_a_name_that_was_shown_is_not_there_when_one_comes_back(site, person_opens):
    _, case = await site.referred()
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}"))
    await page.get_by_role("button", name="Näytä yhteystiedot").click()
    await page.wait_for_selector(f"text={NAME}")
    await page.get_by_role("link", name="Piilota").click()
    await page.wait_for_selector("text=Näytä yhteystiedot")
    assert NAME not in await page.content()
    await page.goto(site.at(f"/cases/{case['case_id']}/contact-details"))
    assert page.url.endswith(case["case_id"])
    assert NAME not in await page.content()


async def test_what_was_typed_stays_when_something_is_wrong(site, person_opens):
    _, case = await site.referred()
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}/appointment"))
    await tab_to(page, "Päivä")
    await page.keyboard.type("1.3.2026")
    await tab_to(page, "Kellonaika")
    await page.keyboard.type("13.00")
    await press_through(page, "Varaa aika")
    await page.wait_for_selector("#error-summary")
    await no_findings(page)
    assert await page.evaluate("document.activeElement.className") == "ds-error-summary"
    assert "Anna tuleva aika" in await page.locator(".ds-error-summary").inner_text()
    assert await page.get_by_label("Päivä").input_value() == "1.3.2026"
    assert await page.get_by_label("Kellonaika").input_value() == "13.00"
    await page.get_by_label("Päivä").fill("5.3.2026")
    await page.get_by_role("button", name="Varaa aika").click()
    await page.wait_for_selector("text=Varattu: to 5.3. klo 13.00, Lempäälä-talo.")


async def test_who_writes_while_the_case_changes_is_told_and_decides(site, person_opens):
    _, case = await site.referred()
    page = await person_opens(COACH, site.at("/"))
    await opened(page, site, case, "/appointment")
    await site.coach.act(case, "attempts", channel="text-message", reached=True)
    await page.get_by_label("Päivä").fill("5.3.2026")
    await page.get_by_label("Kello").fill("13.00")
    await page.get_by_role("button", name="Varaa aika").click()
    summary = page.get_by_role("alert").or_(page.locator(".ds-error-summary")).first
    await expect(summary).to_contain_text("Asiakkuus muuttui, kun kirjoitit.")
    await expect(summary).to_contain_text("Tekstiviesti: asiakas tavoitettiin.")
    await no_findings(page)
    await page.get_by_role("button", name="Varaa aika").click()
    await expect(page.get_by_text("Aika on varattu.")).to_be_visible()


async def test_the_first_meeting_begins_coaching_and_the_area_is_told_once(site, person_opens, world):
    told, case = await site.referred()
    at = (world.clock() + timedelta(minutes=5)).isoformat()
    await site.coach.act(case, "appointments", at=at, place="remote", reached_by="call")
    page = await person_opens(COACH, site.at("/"))
    await page.get_by_role("link", name=f"Merkitse pidetyksi: Tapaaminen: asiakkuus {told.number}").click()
    assert "Työllisyysalue saa tiedon, että palvelu alkoi" in await page.content()
    await page.get_by_role("button", name="Kirjaa alkaneeksi").dblclick()
    await page.wait_for_selector("text=Työllisyysalueelle ilmoitettiin, että palvelu alkoi 2.3.2026.")
    await until(lambda: site.told(told.referral_id, "CoachingStarted"))
    assert await site.told(told.referral_id, "CoachingStarted") == 1


async def test_everything_works_without_javascript(site, person_opens):
    told, _ = await site.referred()
    page = await person_opens(COACH, site.at("/arrived"), javascript=False)
    await page.get_by_role("link", name=f"Avaa: Ohjaus {told.number}").click()
    await page.get_by_role("button", name="Näytä yhteystiedot").click()
    assert NAME in await page.content()
    await page.get_by_role("link", name="Palauta ohjaus…").click()
    await page.get_by_role("button", name="Palauta ohjaus").click()
    assert await page.locator(".ds-error-summary").is_visible()
    await page.get_by_label("Toinen palvelu on oikea").check()
    await page.get_by_role("button", name="Palauta ohjaus").click()
    assert "mikä palveluntuottaja ja palvelu olisi oikea osoite" in await page.content()
    assert await page.get_by_label("Toinen palvelu on oikea").is_checked()
    await page.get_by_label("Palveluntuottaja").select_option("vesilahti")
    await page.get_by_label("Palvelu (vapaaehtoinen)").select_option("outreach")
    await page.get_by_role("button", name="Palauta ohjaus").click()
    assert "Ohjaus palautettiin työllisyysalueelle: toinen palvelu on oikea." in await page.content()
    assert (await site.area.until_told(told.referral_id, "ReferralReturned"))["data"]["right_address"] == {
        "organisation": "vesilahti", "service": "outreach"}


async def test_a_withdrawal_is_recorded_and_nothing_can_be_shown_any_more(site, person_opens):
    told, case = await site.referred()
    stale = await person_opens(COACH, site.at(f"/cases/{case['case_id']}"))
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}/withdrawal"))
    await press_through(page, "Kirjaa peruminen")
    await page.wait_for_selector("text=Peruminen on kirjattu.")
    await no_findings(page)
    assert await page.get_by_role("button", name="Näytä yhteystiedot").count() == 0
    await stale.get_by_role("button", name="Näytä yhteystiedot").click()
    await stale.wait_for_selector("text=asiakas on perunut suostumuksensa")
    assert NAME not in await stale.content()
    await site.area.until_told(told.referral_id, "ContactDetailsErased")
    await page.reload()
    await page.wait_for_selector("text=Yhteystiedot on poistettu.")


async def test_a_session_that_ran_out_loses_nothing_that_was_typed(site, person_opens):
    _, case = await site.referred()
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}/appointment"))
    await page.get_by_label("Päivä").fill("6.3.2026")
    await page.get_by_label("Kellonaika").fill("9.30")
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Varaa aika").click()
    await page.wait_for_selector("form")
    assert await page.locator('input[name="on"]').input_value() == "6.3.2026"
    assert await page.locator('input[name="at"]').input_value() == "9.30"


async def test_a_coach_sees_no_outreach_case_and_the_manager_no_contact_details(site, person_opens):
    _, outreach = await site.referred(service="outreach")
    _, case = await site.referred()
    page = await person_opens(COACH, site.at(f"/cases/{outreach['case_id']}"))
    assert outreach["number"] not in await page.locator("main").inner_text()
    manager = await person_opens(MANAGER, site.at(f"/cases/{case['case_id']}"))
    await no_findings(manager)
    assert await manager.get_by_role("button", name="Näytä yhteystiedot").count() == 0
    await manager.goto(site.at(f"/cases/{outreach['case_id']}"))
    assert outreach["number"] not in await manager.locator("main").inner_text()


async def test_the_pages_are_in_english_too(site, person_opens):
    _, case = await site.referred()
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}"))
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("link", name="Reached, book a time")).to_be_visible()
    await page.goto(site.at("/"))
    await expect(page.get_by_role("heading", name="Waiting for me")).to_be_visible()
    await page.get_by_role("button", name="Suomeksi").click()

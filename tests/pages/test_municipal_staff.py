"""What others do in a municipality, in a real browser: late matters, handing over, meetings, the officer's day."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from contracts.events.referrals import CaseManagerRequestAnswered, MeetingInvited, ThreePartyMeetingAgreed
from contracts.fields import new_id
from tests.component.coaching_side import SHARED, events
from tests.pages.coaching_site import COACH, MANAGER, Site, site_of
from tests.pages.harness import DESK, PHONE, no_findings, press_through, tab_to
from tests.waiting import until


@pytest.fixture(scope="module")
async def site(world):
    async with site_of(world) as made:
        yield made


async def opened(page: Page, site: Site, case: dict, path: str = "") -> None:
    await page.goto(site.at(f"/cases/{case['case_id']}{path}"))


async def test_supervisors_see_what_is_late_and_the_matter_where_it_is_theirs(site, person_opens, world):
    _, coaching = await site.referred()
    _, outreach = await site.referred(service="outreach")
    theirs = site.area.consented(service="outreach", municipality="vesilahti", provider="vesilahti")
    await site.area.say(theirs)
    await world.read_to_the_end("coaching", "area.referrals.v1")
    world.clock.move(timedelta(days=21))
    manager = await person_opens(MANAGER, site.at("/late?municipality=lempaala"), width=PHONE)
    row = manager.locator("ol.tasks li", has_text=coaching["number"])
    await expect(row).to_contain_text("arkipäivää myöhässä")
    await expect(row.get_by_role("link", name=coaching["number"])).to_have_count(2)
    await no_findings(manager)
    await manager.goto(site.at("/late?service=outreach"))
    await expect(manager.locator("ol.tasks li").first).to_contain_text("ei vielä kukaan (etsivä nuorisotyöntekijä)")
    assert outreach["number"] not in await manager.locator("main").inner_text()
    await manager.get_by_role("link", name="Siirrä").first.click()
    await manager.get_by_label("Kenelle?").select_option(label="Laura Kokeilu")
    await manager.get_by_role("button", name="Siirrä").click()
    await expect(manager.locator("ol.tasks li", has_text="Vuorossa: Laura Kokeilu").first).to_be_visible()

    director = await person_opens("satu-harjoitus", site.at("/late"))
    rows = director.locator("ol.tasks li")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Vesilahti")
    await no_findings(director)
    assert theirs.number not in await director.locator("main").inner_text()
    coach = await person_opens(COACH, site.at("/"))
    assert (await coach.goto(site.at("/late"))).status == 403


async def test_the_cases_of_one_who_leaves_go_to_a_colleague(site, person_opens):
    _, case = await site.referred()
    await site.coach.act(case, "coach", coach="elina-harjoitus")
    page = await person_opens("elina-harjoitus", site.at("/hand-over"))
    await no_findings(page)
    await page.get_by_label("Kenelle?").select_option(label="Juha Mallila")
    await page.get_by_role("button", name="Siirrä kaikki").click()
    await expect(page.get_by_role("status").first).to_contain_text("1 asiakkuus on siirretty.")
    assert (await site.coach.shown(case))["coach"] == "juha-mallila"


async def test_a_coach_asks_for_a_three_party_meeting_by_keyboard_alone_and_calls_it_off(site, person_opens, world):
    told, case = await site.referred()
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}/three-party"))
    await no_findings(page)
    await tab_to(page, "Päivä")
    day = (world.clock() + timedelta(days=3)).date()
    await page.keyboard.type(f"{day.day}.{day.month}.{day.year}")
    await tab_to(page, "Alkaa")
    await page.keyboard.type("9.00")
    await press_through(page, "Lähetä asiakasvastaavalle")
    said = f"{['ma', 'ti', 'ke', 'to', 'pe', 'la', 'su'][day.weekday()]} {day.day}.{day.month}. klo 9.00."
    await page.wait_for_selector(f"text=Asiakasvastaavalta pyydettiin kolmikantaa: {said}")
    await no_findings(page)
    asked = (await site.area.until_told(told.referral_id, "ThreePartyMeetingRequested"))["data"]
    assert (asked["case_manager"], asked["coach"], len(asked["proposed"])) == ("mikko-mallila", COACH, 1)
    await site.area.say(ThreePartyMeetingAgreed.model_validate({
        "referral_id": told.referral_id, "meeting_id": asked["meeting_id"], "case_manager": "mikko-mallila",
        "coach": COACH, "starts_at": world.clock() + timedelta(days=3),
        "ends_at": world.clock() + timedelta(days=3, hours=1), "place": "lempaala-talo", "sequence": 0,
        "client_takes_part": True}))
    await until(lambda: _there(page, "Asiakasvastaava sopi kolmikannan"), what="the agreement")
    await no_findings(page)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Vie kalenteriisi").click()
    content = (await (await download.value).path()).read_text()
    assert f"SUMMARY:Kolmikanta\\, ohjaus {told.number}" in content
    await page.get_by_text("Peru kolmikanta…").click()
    await page.get_by_role("button", name="Peru kolmikanta").dblclick()
    await page.wait_for_selector("text=Kolmikanta on peruttu.")
    await page.get_by_role("link", name="Poista kalenteristasi").wait_for()
    await until(lambda: site.told(told.referral_id, "ThreePartyMeetingCalledOff"))
    assert await site.told(told.referral_id, "ThreePartyMeetingCalledOff") == 1


async def _there(page: Page, text: str) -> bool:
    await page.reload()
    return text in await page.locator("main").inner_text()


async def test_an_ohjaamo_worker_answers_an_invitation_and_asks_for_a_case_manager(site, person_opens, world):
    meeting = new_id()
    await site.area.say(MeetingInvited.model_validate({
        "meeting_id": meeting, "kind": "ohjaamo", "organisation": "lempaala", "role": "ohjaamo-worker",
        "case_manager": "mikko-mallila", "starts_at": world.clock() + timedelta(days=3),
        "ends_at": world.clock() + timedelta(days=3, hours=1), "place": "ohjaamo-lempaala", "client_wishes": True}))
    page = await person_opens("emma-mallila", site.at("/"), width=PHONE)
    await until(lambda: _there(page, "Vastaa kutsuun: tapaaminen Ohjaamossa"), what="the invitation")
    await no_findings(page)
    await page.get_by_role("link", name="Vastaa: Vastaa kutsuun").first.click()
    await no_findings(page)
    await page.get_by_role("button", name="Osallistumme").click()
    await page.wait_for_selector("text=Asiakasvastaava saa tiedon.")
    await page.goto(site.at("/invitations"))
    await no_findings(page)
    await page.goto(site.at("/case-manager-requests/new"))
    assert "Kelan hakemuksen täyttäminen: ohjaamotyöntekijä" in await page.locator("main").inner_text()
    await no_findings(page)
    await page.get_by_label("Työttömyysetuus").check()
    await page.get_by_role("button", name="Lähetä asiakasvastaaville").click()
    await page.wait_for_selector("text=Pyyntö on lähetetty asiakasvastaaville.")
    await no_findings(page)
    (asked,) = await events(world, SHARED, "CaseManagerRequested")
    await site.area.say(CaseManagerRequestAnswered.model_validate({
        "request_id": asked["data"]["request_id"], "ohjaamo": "lempaala", "requested_by": "emma-mallila",
        "accepted": True, "case_manager": "mikko-mallila", "at": world.clock()}))
    await until(lambda: _there(page, "Mikko Mallila tulee."), what="the answer")
    outreach = await person_opens("laura-kokeilu", site.at("/invitations"))
    await expect(outreach.get_by_text("Sinua ei ole kutsuttu.")).to_be_visible()
    answer = await outreach.goto(site.at(f"/invitations/{meeting}"))
    assert answer is not None
    assert answer.status == 404


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_an_officer_answers_a_client_restricts_and_erases_the_links_to_figures(site, person_opens, width):
    told, case = await site.referred()
    page = await person_opens("ulla-mallila", site.at("/data"), width=width)
    await no_findings(page)
    await page.get_by_label("Numero").fill(told.number)
    await page.get_by_role("button", name="Hae").click()
    await expect(page.get_by_role("heading", name=f"Mitä asiakkaasta on tallessa, {told.number}")).to_be_visible()
    await page.get_by_text("Rajoita, korjaa, poista").click()
    await page.get_by_role("button", name="Rajoita käsittelyä").click()
    await expect(page.get_by_text("Voimassa: yhteystietoja ei avaa kukaan.")).to_be_visible()
    await no_findings(page)

    coach = await person_opens(COACH, site.at(f"/cases/{case['case_id']}"), width=width)
    await expect(coach.get_by_text("Käsittelyä rajoitettiin asiakkaan pyynnöstä")).to_be_visible()
    assert await coach.get_by_role("button", name="Näytä yhteystiedot").count() == 0
    await no_findings(coach)
    await page.get_by_role("button", name="Poista rajoitus").click()
    await page.get_by_text("Rajoita, korjaa, poista").click()
    await page.get_by_role("button", name="Poista yhteys tilastoihin").click()
    await expect(page.get_by_role("cell", name="poistettu asiakkaan pyynnöstä")).to_be_visible()
    await page.goto(site.at(f"/audit?about={told.number}"))
    await expect(page.get_by_role("cell", name="poisti yhteyden tilastoihin")).to_be_visible()
    await no_findings(page)

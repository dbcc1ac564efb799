"""What comes after a referral, in a real browser: meetings, work trials, and the officer's day."""

from datetime import timedelta

import pytest
from playwright.async_api import Locator, Page

from contracts.events.coaching import (
    CaseManagerRequested,
    MeetingInvitationAnswered,
    ProposedTime,
    ThreePartyMeetingCalledOff,
    ThreePartyMeetingRequested,
    WorkTrialProposed,
)
from contracts.fields import new_id
from tests.pages.harness import DESK, PHONE, no_findings, press_through, tab_to
from tests.pages.referral_site import MANAGER, site_of
from tests.waiting import until

NAME = "Aino Esimerkki"


@pytest.fixture(scope="module")
async def site(world):
    async with site_of(world) as made:
        yield made


async def tab_to_tick(page: Page, name: str) -> None:
    """By Tab alone to a box to tick; its field shows the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.id") == f"field-{name}":
            shown = "getComputedStyle(document.activeElement.closest('.ds-field')).outlineStyle"
            assert await page.evaluate(shown) != "none"
            return
    raise AssertionError(f"Tab does not reach {name}")


async def test_a_case_manager_agrees_to_a_three_party_meeting_by_keyboard_alone(site, person_opens):
    referral, _ = await site.delivered()
    id_, now = referral["referral_id"], site.coaching.world.clock()
    times = tuple(
        ProposedTime(starts_at=now + timedelta(days=n), ends_at=now + timedelta(days=n, hours=1)) for n in (2, 3))
    told = {"referral_id": id_, "meeting_id": new_id(), "case_manager": MANAGER, "coach": "sanni-esimerkki"}
    await site.coaching.say(ThreePartyMeetingRequested.model_validate(told | {"proposed": times}))
    page = await person_opens(MANAGER, site.at("/"))
    waits = page.get_by_role("link", name=f"Vastaa: Ohjaus {referral['number']}: valmentaja pyytää kolmikantaa")
    await until(lambda: _there(page, waits), what="the request")
    await no_findings(page)
    await press_through(page, f"Vastaa: Ohjaus {referral['number']}: valmentaja pyytää kolmikantaa")
    await page.wait_for_url("**/three-party")
    await no_findings(page)
    await tab_to(page, "Paikka")
    await page.keyboard.type("Lemp")
    await press_through(page, "Sovi aika")
    await page.wait_for_selector("#error-summary")
    assert "Ilman asiakasta kolmikantaa ei pidetä" in await page.locator(".ds-error-summary").inner_text()
    await no_findings(page)
    await tab_to_tick(page, "client_takes_part")
    await page.keyboard.press("Space")
    await press_through(page, "Sovi aika")
    await page.wait_for_selector("text=Kolmikanta sovittiin: ke 4.3. klo")
    await no_findings(page)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Vie kalenteriisi").click()
    file = await download.value
    assert file.suggested_filename == f"kolmikanta-{referral['number']}.ics"
    content = (await file.path()).read_text()
    assert f"SUMMARY:Kolmikanta\\, ohjaus {referral['number']}" in content
    assert "METHOD:REQUEST" in content
    assert NAME not in content
    await site.coaching.say(ThreePartyMeetingCalledOff.model_validate(told))
    off = page.get_by_role("link", name="Poista kalenteristasi")
    await until(lambda: _there(page, off), what="the call-off")
    await no_findings(page)


async def _there(page: Page, wanted: Locator) -> bool:
    await page.reload()
    return await wanted.count() > 0


async def test_others_are_invited_at_the_clients_wish_and_an_ohjaamo_gets_its_answer(site, person_opens):
    referral, _ = await site.delivered()
    page = await person_opens(MANAGER, site.at(f"/invitations/new?referral={referral['referral_id']}"), width=PHONE)
    await no_findings(page)
    await page.get_by_label("Minun tiimini").check()
    for name, value in (("Päivä", "5.3.2026"), ("Alkaa", "9.00"), ("Päättyy", "10.00")):
        await page.get_by_label(name).fill(value)
    await page.get_by_label("Paikka").select_option("remote")
    await page.get_by_role("button", name="Lähetä kutsu").click()
    await page.wait_for_selector("#error-summary")
    assert "vain asiakkaan toiveesta" in await page.locator(".ds-error-summary").inner_text()
    await page.get_by_label("Asiakas toivoo").check()
    await page.get_by_role("button", name="Lähetä kutsu").click()
    await page.wait_for_selector("text=Kutsu on lähetetty.")
    await no_findings(page)
    meeting = page.url.rsplit("/", 1)[-1]
    await site.coaching.say(MeetingInvitationAnswered.model_validate(
        {"meeting_id": meeting, "case_manager": MANAGER, "accepted": True}))
    await until(lambda: _there(page, page.locator("h1 + .ds-tag", has_text="Osallistuu")), what="the answer")
    await page.goto(site.at("/invitations"))
    await no_findings(page)
    await site.coaching.say(CaseManagerRequested.model_validate({
        "request_id": new_id(), "ohjaamo": "lempaala", "requested_by": "emma-mallila",
        "at": site.coaching.world.clock(), "topic": "benefit"}))
    await page.goto(site.at("/ohjaamo-days"))
    asked = page.get_by_role("link", name="Ohjaamo Lempäälä: työttömyysetuus")
    await until(lambda: _there(page, asked), what="the request")
    await no_findings(page)
    await asked.click()
    await no_findings(page)
    await page.get_by_role("button", name="Tulen", exact=True).dblclick()
    await page.wait_for_selector("text=Ohjaamo saa tiedon, että tulet.")
    assert "Asiakasvastaava tulee" in await page.locator("main").inner_text()

OFFICER = "esko-keksitty"


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_an_officer_answers_a_client_restricts_and_checks_the_log(site, person_opens, width):
    made, _ = await site.delivered()
    number, here = made["number"], f"/referrals/{made['referral_id']}"
    page = await person_opens(OFFICER, site.at("/consents"), width=width)
    await no_findings(page)
    await page.get_by_role("link", name=number, exact=True).click()
    await no_findings(page)
    await page.get_by_text("Rajoita, korjaa, poista").click()
    await page.get_by_role("button", name="Rajoita käsittelyä").click()
    await page.get_by_text("Voimassa: yhteystietoja ei avaa kukaan.").wait_for()
    await no_findings(page)

    manager = await person_opens(MANAGER, site.at(here), width=width)
    assert await manager.get_by_role("button", name="Näytä yhteystiedot").count() == 0
    await page.get_by_role("button", name="Poista rajoitus").click()
    await manager.reload()
    await manager.get_by_role("button", name="Näytä yhteystiedot").wait_for()

    await page.goto(site.at(f"/audit?about={number}"))
    await no_findings(page)
    await page.get_by_role("cell", name="rajoitti käsittelyä").first.wait_for()
    await page.get_by_role("button", name="Tarkista eheys").click()
    await page.get_by_text("Loki on eheä:").wait_for()
    await no_findings(page)


async def test_a_wrong_number_is_corrected_by_keyboard_alone(site, person_opens):
    made, key = await site.delivered()
    page = await person_opens(MANAGER, site.at(f"/referrals/{made['referral_id']}/details"))
    await tab_to(page, "Asiakkaan nimi")
    await page.keyboard.type(NAME)
    await tab_to(page, "Puhelinnumero")
    await page.keyboard.type("puhelin")
    await press_through(page, "Tallenna ja lähetä sinetöitynä")
    assert await page.locator("#field-name").input_value() == NAME
    await page.locator("#field-phone").fill("041 5550 166")
    await press_through(page, "Tallenna ja lähetä sinetöitynä")
    await page.get_by_text("Asiakkaan nimi tai puhelinnumero korjattiin.").wait_for()

    async def again() -> dict | None:
        told = await site.coaching.told("area.contact-details.v1", made["referral_id"])
        return told[1] if len(told) == 2 else None

    assert site.coaching.open(await until(again), key).phone.reveal() == "+358415550166"


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_a_proposed_work_trial_is_declined_with_a_reason(site, person_opens, width):
    made, _ = await site.delivered(service="pointti", birth_year=2005)
    starts = site.coaching.world.clock().date() + timedelta(days=14)
    await site.coaching.say(WorkTrialProposed.model_validate({
        "referral_id": made["referral_id"], "proposal_id": new_id(), "case_manager": MANAGER, "provider": "lempaala",
        "workplace_kind": "municipal-unit", "unit": "library", "starts_on": starts,
        "ends_on": starts + timedelta(days=60), "young_person_agrees": True, "sent_by": "leena-kokeilu"}))
    page = await person_opens(MANAGER, site.at("/"), width=width)
    waits = page.get_by_role("link", name=f"Vastaa: Ohjaus {made['number']}: vastaa työkokeiluehdotukseen")
    await until(lambda: _there(page, waits), what="the proposal")
    await no_findings(page)
    await page.goto(site.at(f"/referrals/{made['referral_id']}"))
    await no_findings(page)
    await page.get_by_role("link", name="Vastaa").first.click()
    await no_findings(page)
    await page.get_by_label("En hyväksy").check()
    await page.get_by_role("button", name="Lähetä vastaus").click()
    await page.wait_for_selector("#error-summary")
    await no_findings(page)
    await page.get_by_label("Aika ei sovi").or_(page.get_by_role("radio", name="ei ole mahdollinen")).last.check()
    await page.get_by_role("button", name="Lähetä vastaus").click()
    await page.get_by_text("Et hyväksynyt työkokeilua.").first.wait_for()
    await no_findings(page)

"""The coach's acts in a real browser: look, call, record, book, begin, end, give back, withdraw."""

from datetime import date, timedelta

import pytest
from playwright.async_api import Page, expect

from contracts.events.referrals import CaseManagerRequestAnswered, MeetingInvited, ThreePartyMeetingAgreed
from contracts.fields import new_id
from services.coaching.client_situation import handlers as situations
from tests.component.coaching_side import SHARED, Party, events
from tests.pages.coaching_site import COACH, INSTRUCTOR, MANAGER, Site, site_of
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


async def test_the_manager_checks_what_was_counted_corrects_it_and_sends_it_once(site, person_opens, world):
    party = Party(world)
    case = party.opened(asked_on=date(2026, 2, 3), opened_at=world.clock() - timedelta(days=27))
    await party.taken(await party.say(case))
    await party.taken(await party.say(party.held(case.case_id, date(2026, 2, 10))))
    await situations.open_months(site.running.services["coaching"].database)
    page = await person_opens(MANAGER, site.at("/"), width=PHONE)
    await page.get_by_role("link", name="Tarkista ja lähetä: Asiakastilanne, helmikuu 2026: yksilövalmennus").click()
    await no_findings(page)
    await press_through(page, "Tarkista ja lähetä")
    await page.wait_for_selector("#error-summary")
    await page.get_by_label("Kyllä, ohjauksia toivotaan lisää").check()
    await page.get_by_label("Vapaita paikkoja").fill("3")
    clients = page.get_by_role("group", name="Asuinkunta Lempäälä").get_by_label("Asiakkaita", exact=True)
    await clients.fill("kaksi")
    await page.get_by_role("button", name="Tarkista ja lähetä").click()
    await expect(page.locator(".ds-error-summary")).to_contain_text(
        "Lempäälä, asiakkaita: Kirjoita kokonaisluku, nolla tai enemmän.")
    await no_findings(page)
    await clients.fill("6")
    await press_through(page, "Tarkista ja lähetä")
    await expect(page.get_by_role("heading", name="Tarkista ja lähetä: helmikuu 2026")).to_be_visible()
    await expect(page.get_by_text("Lempäälä, asiakkaita: järjestelmä laski 1, ilmoitat 6.")).to_be_visible()
    await expect(page.get_by_role("cell", name="alle 5")).to_have_count(1)
    await no_findings(page)
    await page.get_by_role("button", name="Korjaa lukuja").click()
    assert await clients.input_value() == "6"
    await page.get_by_role("button", name="Tarkista ja lähetä").click()
    await page.get_by_role("button", name="Lähetä työllisyysalueelle").dblclick()
    await page.wait_for_selector("text=Kuukauden asiakastilanne on lähetetty työllisyysalueelle.")
    await no_findings(page)

    async def told() -> list[dict]:
        return await site.area.told(SHARED, "lempaala:coaching")

    assert len(await until(told)) == 1
    await page.set_viewport_size({"width": DESK, "height": 900})
    await page.get_by_role("link", name="helmikuu 2026").click()
    await expect(page.get_by_text("Lähetetty ma 2.3.2026")).to_be_visible()
    await no_findings(page)
    await page.goto(site.at("/"))
    assert await page.get_by_text("Asiakastilanne, helmikuu 2026").count() == 0
    coach = await person_opens(COACH, site.at("/"))
    assert (await coach.goto(site.at("/client-situation"))).status == 403


async def test_the_link_in_a_mail_leads_to_the_case_and_nobody_elses(site, person_opens):
    told, case = await site.referred()
    theirs, _ = await site.referred(service="outreach")
    page = await person_opens(COACH, site.at(f"/referrals/{told.referral_id}"))
    await expect(page).to_have_url(site.at(f"/cases/{case['case_id']}"))
    answer = await page.goto(site.at(f"/referrals/{theirs.referral_id}"))
    assert answer is not None
    assert answer.status == 404


async def test_the_workshop_takes_in_begins_makes_plans_and_proposes_a_work_trial(site, person_opens):
    _, case = await site.referred(service="pointti", municipality="vesilahti")
    page = await person_opens(INSTRUCTOR, site.at(f"/cases/{case['case_id']}/meeting"))
    await page.get_by_role("button", name="Merkitse pidetyksi").click()
    await page.goto(site.at("/periods"))
    await no_findings(page)
    await press_through(page, "Tee jakso")
    await page.wait_for_url("**/periods/new")
    await no_findings(page)
    await page.get_by_label("Ensimmäinen päivä").fill("2.3.2026")
    await page.get_by_label("Montako paikkaa?").fill("6")
    await page.get_by_role("button", name="Tee jakso").click()
    await expect(page.get_by_role("heading", name="Jakso 2.3.2026–26.4.2026")).to_be_visible()
    await no_findings(page)
    await page.get_by_role("button", name="Ota jaksolle").click()
    await expect(page.get_by_role("link", name=case["number"], exact=True)).to_be_visible()
    await no_findings(page)
    await page.get_by_role("link", name="Siirrä tai peru").click()
    await no_findings(page)
    await page.go_back()
    await press_through(page, "Aloita jakso")
    await page.wait_for_url("**/begin")
    await no_findings(page)
    await page.get_by_role("button", name="Aloita jakso").click()
    await expect(page.get_by_role("status")).to_contain_text("Jakso alkoi")
    assert (await site.coach.shown(case))["start_told"] == "2026-03-02"

    await opened(page, site, case, "/tet")
    await no_findings(page)
    await page.get_by_label("Ensimmäinen päivä").fill("2.3.2026")
    await page.get_by_label("Yritys").check()
    await page.get_by_label("Y-tunnus").fill("1234567-8")
    await page.get_by_role("button", name="Kirjaa TET-jakso").click()
    await expect(page.get_by_text("Tämä ei ole Y-tunnus").first).to_be_visible()
    await no_findings(page)
    await page.get_by_label("Y-tunnus").fill("1234567-1")
    await page.get_by_role("button", name="Kirjaa TET-jakso").click()
    await page.wait_for_selector("text=TET-jakso sovittiin, alkaa 2.3.2026: yritys 1234567-1.")
    await no_findings(page)
    await opened(page, site, case, "/tet-end")
    await no_findings(page)
    for group in ("young_person", "workplace"):
        await page.locator(f"input[name={group}][value=yes]").check()
    await page.get_by_role("button", name="Kirjaa molempien toive").click()
    await page.wait_for_selector("text=TET-jakso päättyi. Molemmat haluavat jatkaa.")

    manager = await person_opens(MANAGER, site.at("/work-trials"))
    await no_findings(manager)
    await manager.get_by_role("link", name="Tarkista ja lähetä").first.click()
    await no_findings(manager)
    await manager.get_by_label("Työkokeilun ensimmäinen päivä").fill("27.4.2026")
    await manager.get_by_label("Työkokeilun viimeinen päivä").fill("26.6.2026")
    await manager.get_by_role("button", name="Lähetä työllisyysalueelle").click()
    await expect(manager.get_by_text("Kysy ensin nuorelta.").first).to_be_visible()
    await manager.get_by_label("Nuori suostuu").check()
    await manager.get_by_role("button", name="Lähetä työllisyysalueelle").click()
    await manager.wait_for_url("**/work-trials")
    await expect(manager.get_by_role("status")).to_contain_text("Ehdotus on lähetetty")
    await no_findings(manager)

    await page.goto(site.at("/periods"))
    await no_findings(page)
    await page.get_by_role("link", name="2.3.2026–26.4.2026").click()
    await page.get_by_role("link", name="Kirjaa suunnitelmat").click()
    await no_findings(page)
    await page.get_by_label("Koulutus").check()
    await page.get_by_role("button", name="Kirjaa suunnitelma").click()
    await page.wait_for_selector("text=Kaikilla jakson nuorilla on suunnitelma.")
    await no_findings(page)
    await opened(page, site, case)
    await page.wait_for_selector("text=Suunnitelma: koulutus.")


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


# --- each service in its own words

ROOMS = {
    "laura-kokeilu": ["Odottaa minua", "Nuoret", "Ilmiöt", "Kutsut", "Tilastot"],
    "tiina-keksitty": ["Odottaa minua", "Saapuneet", "Asiakkuudet", "Jaksot", "Tilastot"],
    "kaisa-harjoitus": ["Odottaa minua", "Saapuneet", "Asiakkuudet", "Ohjaamo", "Kutsut", "Ohjaamo-päivät", "Tilastot"],
    "samira-kuvitelma": ["Odottaa minua", "Saapuneet", "Asiakkuudet", "Kutsut", "Tilastot"],
    "heli-esimerkki": ["Odottaa minua", "Saapuneet", "Asiakkuudet", "Tilastot"],
}


async def test_each_sees_the_rooms_of_their_own_service(site, person_opens):
    for person, rooms in ROOMS.items():
        page = await person_opens(person, site.at("/"), width=PHONE)
        assert await page.get_by_role("navigation", name="Päävalikko").get_by_role("link").all_inner_texts() == rooms
        for path in ("/young", "/phenomena") if "Nuoret" in rooms else ("/cases", "/new-case"):
            await page.goto(site.at(path))
            await no_findings(page)


async def test_an_outreach_worker_records_attempts_by_one_channel_after_the_other(site, person_opens):
    _, case = await site.referred(service="outreach")
    page = await person_opens("laura-kokeilu", site.at("/young"))
    row = page.get_by_role("listitem").filter(has_text=case["number"])
    await expect(row).to_contain_text("Yhteyden ottamiseen on 14 päivää aikaa")
    await row.get_by_role("link", name="Ota yhteyttä").click()
    await no_findings(page)
    await press_through(page, "Kirjaa yritys")
    await page.wait_for_selector("text=Soitto: asiakasta ei tavoitettu.")
    await expect(page.get_by_label("Miten yritit juuri äsken?")).to_have_value("text-message")
    await page.get_by_role("button", name="Kirjaa yritys").click()
    await page.wait_for_selector("text=Yritetty: soitto, tekstiviesti.")
    await opened(page, site, case, "/not-begun")
    await page.get_by_label("Asiakasta ei tavoitettu").check()
    await page.get_by_role("button", name="Päätä asiakkuus").click()
    await page.wait_for_selector("text=jatka tavoittelua ainakin 2.6.2026 asti")
    await no_findings(page)
    veera = await person_opens("veera-keksitty", site.at("/young"))
    assert case["number"] not in await veera.content()
    answer = await veera.goto(site.at(f"/cases/{case['case_id']}"))
    assert answer is not None
    assert answer.status == 404


async def test_an_ohjaamo_worker_receives_a_visitor_by_some_keys(site, person_opens):
    page = await person_opens("minna-kokeilu", site.at("/ohjaamo"), width=PHONE)
    await no_findings(page)
    await page.get_by_label("Työnhaun aloittaminen").focus()
    for key in ("ArrowDown", "ArrowDown", "Tab", "Space"):  # an unemployment benefit; settled in this visit
        await page.keyboard.press(key)
    await press_through(page, "Kirjaa käynti")
    await expect(page.get_by_role("status")).to_contain_text("Pyydä tarvittaessa työpariksi asiakasvastaava.")
    await expect(page.get_by_role("table", name="Tämän päivän käynnit")).to_contain_text("Työttömyysetuus")
    await no_findings(page)
    await page.get_by_role("button", name="Kirjaa käynti").click()
    await expect(page.locator(".ds-error-summary")).to_be_visible()
    await no_findings(page)
    there = await person_opens("emma-mallila", site.at("/ohjaamo"))
    await expect(there.get_by_role("table", name="Tämän päivän käynnit")).to_contain_text("Minna Kokeilu")


async def test_the_months_phenomena_are_recorded_and_corrected(site, person_opens):
    page = await person_opens("laura-kokeilu", site.at("/phenomena"))
    await page.get_by_role("link", name="Kirjaa maaliskuu 2026 tähän mennessä").click()
    await no_findings(page)
    await page.get_by_label("Yksinäisyys").fill("seitsemän")
    await page.get_by_role("button", name="Kirjaa havainnot").click()
    assert "Kirjoita kokonaisluku" in await page.locator(".ds-error-summary").inner_text()
    assert await page.get_by_label("Yksinäisyys").input_value() == "seitsemän"
    await page.get_by_label("Yksinäisyys").fill("7")
    await page.get_by_role("button", name="Kirjaa havainnot").dblclick()
    await expect(page.get_by_role("row", name="Yksinäisyys")).to_contain_text("7")
    await no_findings(page)
    await page.get_by_role("link", name="Korjaa maaliskuu 2026").click()
    assert await page.get_by_label("Yksinäisyys").input_value() == "7"


async def test_a_client_who_did_not_come_is_one_press(site, person_opens, world):
    _, case = await site.referred()
    at = world.clock() + timedelta(minutes=5)
    await site.coach.act(case, "appointments", at=at.isoformat(), place="lempaala-talo", reached_by="call")
    page = await person_opens(COACH, site.at(f"/cases/{case['case_id']}"))
    assert await page.get_by_role("button", name="Asiakas ei tullut").count() == 0
    world.clock.move(timedelta(minutes=10))
    await page.reload()
    await no_findings(page)
    await page.get_by_role("button", name="Asiakas ei tullut").dblclick()
    await expect(page.get_by_role("heading", name="Seuraavaksi: 3. yhteydenotto")).to_be_visible()


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

"""Pages of each service's own course in a real browser: the workshop, outreach, the Ohjaamo, the client situation."""

from datetime import date, timedelta

import pytest
from playwright.async_api import Page, expect

from services.coaching.client_situation import handlers as situations
from tests.component.coaching_side import SHARED, Party
from tests.pages.coaching_site import COACH, INSTRUCTOR, MANAGER, Site, site_of
from tests.pages.harness import DESK, PHONE, no_findings, press_through
from tests.waiting import until


@pytest.fixture(scope="module")
async def site(world):
    async with site_of(world) as made:
        yield made


async def opened(page: Page, site: Site, case: dict, path: str = "") -> None:
    await page.goto(site.at(f"/cases/{case['case_id']}{path}"))


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

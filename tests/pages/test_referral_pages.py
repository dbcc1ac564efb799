"""The case manager's acts in a real browser: three steps to refer, reveal, withdrawal that becomes the receipt."""

import pytest
from playwright.async_api import Page, expect

from contracts.events.coaching import (
    ClientSituationReported,
    ReferralReturned,
    Residents,
    RightAddress,
)
from services.referral import receipt
from tests import plans
from tests.pages.harness import DESK, PHONE, no_findings, press_through, tab_to
from tests.pages.referral_site import MANAGER, Site, site_of
from tests.waiting import until

NAME, PHONE_NUMBER = "Aino Esimerkki", "041 5550 123"
CONSENTED = "Asiakas suostuu siihen, että nimi ja puhelinnumero annetaan"
ASKED = "municipality=vesilahti&birth_year=2005&need=job-or-studies"
FACTS = {"service": "coaching", "municipality": "lempaala", "provider": "lempaala", "case_manager": MANAGER}


@pytest.fixture(scope="module")
async def site(world):
    async with site_of(world) as made:
        yield made


def situation(month: str, *, wanted: bool) -> ClientSituationReported:
    return ClientSituationReported(
        month=month, provider="lempaala", service="coaching", free_places=3, more_referrals_wanted=wanted,
        reported_by="leena-kokeilu", residents=(
            Residents(municipality="lempaala", clients=61, new_clients=12, ended=9, waiting=7),
            Residents(municipality="vesilahti", clients=14, new_clients=None, ended=0, waiting=None)))


async def count(site: Site, table: str = "referrals") -> int:
    connection = await site.coaching.world.connect("referral")
    found = await connection.fetchval(f"select count(*) from {table}")
    await connection.close()
    return found


async def tab_to_tick(page: Page, name: str) -> None:
    """By Tab alone to a box to tick; its field shows the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.id") == f"field-{name}":
            shown = "getComputedStyle(document.activeElement.closest('.ds-field')).outlineStyle"
            assert await page.evaluate(shown) != "none"
            return
    raise AssertionError(f"Tab does not reach {name}")


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_axe_finds_nothing_and_nothing_is_cut_off(site, person_opens, width):
    made, _ = await site.delivered()
    withdrawn, _ = await site.delivered()
    await site.manager.post(f"/referrals/{withdrawn['referral_id']}/withdrawal")
    here, gone = f"/referrals/{made['referral_id']}", f"/referrals/{withdrawn['referral_id']}"
    await site.coaching.say(situation("2026-01", wanted=False))
    await site.coaching.say(situation("2026-02", wanted=True))
    page = await person_opens(MANAGER, site.at("/refer"), width=width)
    for path in (
        "/refer", "/services", "/refer/consent?municipality=vesilahti&birth_year=2005&service=outreach",
        f"/refer?{ASKED}", f"/refer/consent?{ASKED}&service=coaching&client_language=sv", "/referrals",
        "/referrals?show=all&whose=all", here, f"{here}/sent", f"{here}/withdrawal", f"{here}/receipt", gone,
        f"{gone}/receipt", f"{here}/data", f"{here}/details",
    ):
        await page.goto(site.at(path))
        await no_findings(page)


async def test_places_agreements_and_months_stand_beside_the_services(site, person_opens):
    await site.coaching.say(situation("2026-01", wanted=False))
    await site.coaching.say(situation("2026-02", wanted=True))
    page = await person_opens("kari-mallila", site.at("/services"))

    async def there() -> bool:
        await page.reload()
        return await page.get_by_text("Helmikuu 2026.").count() == 1

    await until(there)
    shown = await page.locator("main").inner_text()
    assert "palvelusopimus yksilövalmennuksesta, voimassa 1.1.2025–31.12.2026" in shown
    assert "Vapaana 3 paikkaa." in shown
    assert "Tästä palvelusta ei ilmoiteta kuukausitietoja." in shown
    await page.get_by_text("Aiemmat kuukaudet").click()
    await page.get_by_role("heading", name="Tammikuu 2026").wait_for()
    await no_findings(page)
    page = await person_opens(MANAGER, site.at(f"/refer?{ASKED}"))
    card = page.locator("article", has=page.get_by_role("heading", name="Yksilövalmennus"))
    assert "Lempäälän kunta (palvelusopimus yksilövalmennuksesta)." in await card.inner_text()
    assert "Vapaana 3 paikkaa. Ohjauksia toivotaan lisää. Odottaa palvelua (Vesilahti): alle 5." in " ".join(
        (await card.inner_text()).split())
    assert "Tilanne: helmikuu 2026." in await card.inner_text()


async def test_an_age_limit_and_an_agreement_of_the_plan_file_change_the_page(site, person_opens, monkeypatch):
    asked = site.at("/refer?municipality=vesilahti&birth_year=1995")
    page = await person_opens(MANAGER, asked)
    suits = page.locator("article", has=page.get_by_role("link", name="Ohjaa tähän")).locator("h3")
    assert await suits.all_inner_texts() == ["Yksilövalmennus", "Hyvinvointisuunnittelija"]
    plans.in_force(monkeypatch, plans.changed(plans.OLDER_IN_POINTTI, plans.COACHING_ENDED))
    await page.goto(asked)
    assert await suits.all_inner_texts() == ["Nuorten työpaja Pointti", "Hyvinvointisuunnittelija"]
    coaching = page.locator("article", has=page.get_by_role("heading", name="Yksilövalmennus"))
    assert "Sopimus päättyi 28.2.2026." in await coaching.inner_text()
    assert "Oikea osoite: Lempäälän kunta, nuorten työpaja Pointti." in await coaching.inner_text()
    await no_findings(page)


async def test_outreach_is_asked_for_with_a_permission_of_its_own(site, person_opens):
    page = await person_opens(MANAGER, site.at(
        "/refer/consent?municipality=vesilahti&birth_year=2005&need=own-path&service=outreach"), javascript=False)
    assert "Annatko luvan myös siihen, että palvelu ottaa sinuun yhteyttä?" in await page.locator("main").inner_text()
    await page.get_by_label(CONSENTED).check()
    await page.locator("#field-name").fill(NAME)
    await page.locator("#field-phone").fill(PHONE_NUMBER)
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    assert "lupa siihen, että palvelu ottaa yhteyttä, puuttuu" in await page.locator(".ds-error-summary").inner_text()
    await page.get_by_label("Asiakas antaa luvan siihen, että palvelu ottaa häneen yhteyttä").check()
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    assert "Sinulle ei kerrota, milloin palvelu alkaa tai päättyy." in await page.locator("main").inner_text()
    await page.get_by_role("link", name="Avaa ohjaus").click()
    assert "Asiakas antoi luvan siihen, että palvelu ottaa yhteyttä." in await page.locator("main").inner_text()


async def test_a_client_is_referred_by_keyboard_alone(site, person_opens):
    page = await person_opens(MANAGER, site.at("/refer"))
    await tab_to(page, "Missä asiakas asuu?")
    await page.keyboard.type("Vesilahti")
    await tab_to(page, "Syntymävuosi")
    await page.keyboard.type("2005")
    await press_through(page, "Näytä palvelut")
    await page.wait_for_url("**/refer?**")
    assert await page.locator("article").count() == 6
    await press_through(page, "Ohjaa tähän: Yksilövalmennus")
    await page.wait_for_url("**/refer/consent**")
    await tab_to_tick(page, "consented")
    await page.keyboard.press("Space")
    await tab_to(page, "Asiakkaan nimi")
    await page.keyboard.type(NAME)
    await tab_to(page, "Puhelinnumero")
    await page.keyboard.type(PHONE_NUMBER)
    await press_through(page, "Ohjaa asiakas")
    await page.wait_for_url("**/sent")
    assert "Asiakas on ohjattu: 2026-" in await page.locator("h1").inner_text()
    assert "ma 9.3." in await page.locator("main").inner_text()
    await no_findings(page)


async def test_all_of_it_works_without_javascript(site, person_opens):
    page = await person_opens(MANAGER, site.at("/refer"), javascript=False)
    await page.get_by_label("Missä asiakas asuu?").select_option("vesilahti")
    await page.get_by_label("Syntymävuosi").fill("1980")
    await page.get_by_role("button", name="Näytä palvelut").click()
    assert "Palvelu on tämän ikäisille: 17–28." in await page.locator("main").inner_text()
    await page.get_by_role("link", name="Ohjaa tähän: Yksilövalmennus").click()
    await page.get_by_label(CONSENTED).check()
    await page.locator("#field-name").fill(NAME)
    await page.locator("#field-phone").fill(PHONE_NUMBER)
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    await page.get_by_role("link", name="Avaa ohjaus").click()
    await page.get_by_label("Miksi katsot?").select_option("client-asked")
    await page.get_by_role("button", name="Näytä yhteystiedot").click()
    assert NAME in await page.locator("aside").inner_text()
    assert PHONE_NUMBER in await page.locator("aside").inner_text()
    await page.get_by_role("link", name="Piilota").click()
    assert NAME not in await page.content()
    await page.get_by_role("link", name="Asiakas peruu suostumuksensa…").click()
    await page.get_by_role("button", name="Kirjaa peruminen").click()
    assert page.url.endswith("/receipt")
    assert "ei ole vielä kuitannut" in await page.locator("main").inner_text()


async def test_a_double_press_makes_one_referral(site, person_opens):
    page = await person_opens(MANAGER, site.at(f"/refer/consent?{ASKED}&service=coaching"), javascript=False)
    before = await count(site)
    await page.get_by_label(CONSENTED).check()
    await page.locator("#field-name").fill(NAME)
    await page.locator("#field-phone").fill(PHONE_NUMBER)
    await page.get_by_role("button", name="Ohjaa asiakas").dblclick()
    await page.wait_for_url("**/sent")
    assert await count(site) == before + 1
    await page.go_back()
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    assert await count(site) == before + 1


async def test_a_draft_holds_no_name_and_what_was_typed_is_not_lost_by_a_mistake(site, person_opens):
    page = await person_opens(MANAGER, site.at(f"/refer/consent?{ASKED}&service=coaching"))
    before = await count(site)
    await page.locator("#field-name").fill(NAME)
    await page.locator("#field-phone").fill("041")
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    await page.wait_for_selector("#error-summary")
    await no_findings(page)
    assert await page.locator(".ds-error-summary li").count() == 2
    assert await page.locator("#field-name").input_value() == NAME
    assert "Aino" not in page.url
    assert await count(site) == before
    await page.locator("#field-phone").fill(PHONE_NUMBER)
    await page.get_by_label(CONSENTED).check()
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    await page.wait_for_url("**/sent")
    assert await count(site) == before + 1


async def test_what_was_typed_is_not_lost_when_the_session_has_ended(site, person_opens):
    page = await person_opens(MANAGER, site.at(f"/refer/consent?{ASKED}&service=coaching"))
    await page.get_by_label(CONSENTED).check()
    await page.locator("#field-name").fill(NAME)
    await page.locator("#field-phone").fill(PHONE_NUMBER)
    connection = await site.coaching.world.connect("referral")
    await connection.execute("delete from sessions where person = $1", MANAGER)
    await connection.close()
    before = await count(site)
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    assert await count(site) == before
    async with page.context.expect_page() as opened:
        await page.locator("main ol a[target=_blank]").click()
    other = await opened.value
    await other.locator(f'section button[name=person][value="{MANAGER}"]').click()
    await other.wait_for_url("**/signed-in-again")
    await page.locator("main ol form button").click()
    await page.wait_for_url("**/sent")
    assert await count(site) == before + 1


async def test_the_list_of_acknowledged_erasures_becomes_the_receipt(site, person_opens):
    referral, key = await site.delivered()
    page = await person_opens(MANAGER, site.at(f"/referrals/{referral['referral_id']}/withdrawal"))
    await press_through(page, "Kirjaa peruminen")
    await page.wait_for_url("**/receipt")
    assert "Peruminen on kirjattu" in await page.locator("[role=status]").first.inner_text()
    assert "ei ole vielä kuitannut" in await page.locator("main").inner_text()
    await site.coaching.say(site.coaching.erased(referral, key.id))
    await page.get_by_role("button", name="Tulosta").wait_for(timeout=15_000)
    assert "Kaikki kappaleet on poistettu" in await page.locator("h1").locator("..").inner_text()
    await no_findings(page)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Lataa allekirjoitettuna tiedostona (JSON)").click()
    file = await (await download.value).path()
    verdict = receipt.verify(file.read_bytes(), site.coaching.world.place.trust)
    assert verdict.genuine
    assert verdict.complete
    await page.get_by_role("link", name="På svenska").click()
    assert "Alla exemplar är raderade" in await page.locator("main").inner_text()


async def test_a_returned_referral_waits_and_is_settled_by_referring_again(site, person_opens):
    referral, _ = await site.delivered()
    await site.coaching.say(ReferralReturned(
        referral_id=referral["referral_id"], reason="wrong-address",
        right_address=RightAddress(organisation="lempaala", service="ohjaamo"), **FACTS))
    await site.manager.until(referral["referral_id"], status="returned")
    page = await person_opens(MANAGER, site.at("/"))
    task = page.locator("ol.tasks li", has_text=referral["number"])
    await task.get_by_role("link").last.click()
    assert "toinen palvelu on oikea" in await page.locator("aside").inner_text()
    await page.get_by_role("link", name="Ohjaa asiakas uudelleen").click()
    await page.get_by_label("Syntymävuosi").fill("2005")
    await page.get_by_role("button", name="Näytä palvelut").click()
    await page.get_by_role("link", name="Ohjaa tähän: Ohjaamo").click()
    await page.get_by_label(CONSENTED).check()
    await page.locator("#field-name").fill(NAME)
    await page.locator("#field-phone").fill(PHONE_NUMBER)
    await page.get_by_role("button", name="Ohjaa asiakas").click()
    await page.wait_for_url("**/sent")

    settled = await site.manager.shown(referral["referral_id"])
    assert "act-on-return" not in {each["kind"] for each in settled["obligations"]}
    await page.goto(site.at("/"))
    assert await page.locator("ol.tasks li", has_text=referral["number"]).count() == 0


async def test_more_reveals_within_an_hour_than_the_plan_lets_ask_for_a_fresh_sign_in(site, person_opens):
    referral = await site.referred()
    page = await person_opens("petra-kuvitelma", site.at(f"/referrals/{referral['referral_id']}"), javascript=False)
    for _ in range(20):
        await page.get_by_label("Miksi katsot?").select_option("client-asked")
        await page.get_by_role("button", name="Näytä yhteystiedot").click()
        await expect(page.get_by_text(NAME)).to_be_visible()
        await page.get_by_role("link", name="Piilota").click()
    await page.get_by_label("Miksi katsot?").select_option("client-asked")
    await page.get_by_role("button", name="Näytä yhteystiedot").click()
    await expect(page.locator("main ol a[target=_blank]")).to_have_count(1)
    assert NAME not in await page.content()


async def test_who_may_not_act_sees_no_acts_and_the_coach_sees_nothing(site, person_opens):
    referral, _ = await site.delivered()
    page = await person_opens("esko-keksitty", site.at(f"/referrals/{referral['referral_id']}"))
    assert referral["number"] in await page.locator("h1").inner_text()
    assert await page.get_by_role("button", name="Näytä yhteystiedot").count() == 0
    assert (await page.goto(site.at("/refer"))).status == 403
    assert (await page.goto(site.at(f"/referrals/{referral['referral_id']}/withdrawal"))).status == 403


async def test_the_pages_speak_english_to_whoever_chose_it(site, person_opens):
    page = await person_opens("aino-esimerkki", site.at(f"/refer?{ASKED}"))
    await page.get_by_role("button", name="English").click()
    assert await page.locator("h1").inner_text() == "Refer a client"
    assert "Three services suit" in await page.locator("main").inner_text()
    await no_findings(page)
    await page.get_by_role("button", name="Suomeksi").click()
    assert await page.locator("h1").inner_text() == "Ohjaa asiakas"


async def test_a_refused_address_is_said_in_words(site, person_opens):
    page = await person_opens(MANAGER, site.at("/referrals?number=2026-9999"))
    assert "Tällä numerolla ei ole ohjausta" in await page.locator("main").inner_text()
    found = await site.referred()
    await page.get_by_label("Numero").fill(found["number"])
    await page.get_by_role("button", name="Näytä ohjaukset").click()
    await until(lambda: page.url.endswith(found["referral_id"]))

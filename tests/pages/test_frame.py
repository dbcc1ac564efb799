"""The frame that every page stands in: read by axe, walked by keyboard, on a phone, without JavaScript."""

import pytest

from tests.pages.harness import DESK, PHONE, fresh_page, no_findings, press_through, tab_to
from tests.web_site import running

COACH = "sanni-esimerkki"
PATHS = ("/", "/calm", "/cases", "/attempts", "/none", "/managers", "/accessibility", "/privacy")


@pytest.fixture(scope="module")
async def site(world):
    async with running(world) as site:
        yield site


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_axe_finds_nothing_and_nothing_is_cut_off(site, person_opens, width):
    page = await person_opens(COACH, f"{site.address}/coaching/", width=width)
    for path in PATHS:
        await page.goto(f"{site.address}/coaching{path}")
        await no_findings(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_the_list_of_people_can_be_read_by_all(site, browser, width):
    page = await fresh_page(browser, width=width)
    await page.goto(f"{site.address}/coaching/")
    assert await page.title() == "Kuka olet? – Yhdyspinta"
    await no_findings(page)
    await page.context.close()


async def test_a_form_is_filled_by_keyboard_alone_and_its_mistakes_are_read_first(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/attempts")
    await tab_to(page, "Kuinka monta kertaa?")
    await page.keyboard.type("monta")
    await press_through(page, "Kirjaa yritys")
    await page.wait_for_selector("#error-summary")
    await no_findings(page)
    assert await page.evaluate("document.activeElement.className") == "ds-error-summary"
    await press_through(page, "Kuinka monta kertaa?")
    assert await page.evaluate("document.activeElement.id") == "field-times"
    assert await page.evaluate("document.activeElement.value") == "monta"
    await page.keyboard.press("Control+A")
    await page.keyboard.type("2")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Space")
    await press_through(page, "Kirjaa yritys")
    await page.wait_for_url("**/coaching/cases")
    assert await page.locator("[role=status]").first.inner_text() == "Yritys on kirjattu."
    assert site.happened.attempts[-1] == COACH


async def test_everything_works_without_javascript(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/attempts", javascript=False)
    count = len(site.happened.attempts)
    await page.get_by_label("Soitin").check()
    await page.get_by_role("button", name="Kirjaa yritys").click()
    assert page.url.endswith("/coaching/cases")
    assert len(site.happened.attempts) == count + 1
    await page.get_by_role("button", name="English").click()
    assert await page.get_by_role("button", name="Sign out").is_visible()
    await page.get_by_role("button", name="Suomeksi").click()
    await page.get_by_role("button", name="Kirjaudu ulos").click()
    assert "Olet kirjautunut ulos" in await page.content()


async def test_a_double_click_sends_once(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/attempts")
    count = len(site.happened.attempts)
    await page.get_by_label("Soitin").check()
    await page.get_by_role("button", name="Kirjaa yritys").dblclick()
    await page.wait_for_url("**/coaching/cases")
    assert len(site.happened.attempts) == count + 1


async def test_what_was_typed_is_sent_after_a_new_sign_in(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/attempts")
    count = len(site.happened.attempts)
    await page.get_by_label("Soitin").check()
    await page.get_by_label("Muistiinpano").fill("Soitin, vastaaja.")
    await page.context.clear_cookies(name="yp_coaching")
    await page.get_by_role("button", name="Kirjaa yritys").click()
    await no_findings(page)
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Kirjaudu sisään uudessa välilehdessä").click()
    other = await opened.value
    await other.locator(f'section button[value="{COACH}"]').click()
    await other.wait_for_url("**/signed-in-again")
    await page.get_by_role("button", name="Palaa tähän ja lähetä uudelleen").click()
    await page.wait_for_url("**/coaching/cases")
    assert len(site.happened.attempts) == count + 1


async def test_a_part_that_refreshes_itself_leaves_the_focus_where_it_is(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/")
    link = page.get_by_role("link", name="Valitse aika")
    await link.focus()
    async with page.expect_event("console", lambda said: said.text == "asked") as asked:
        await page.evaluate("""() => {
            document.addEventListener("htmx:before:request", (e) => console.log(e.defaultPrevented ? "asked" : "sent"));
            htmx.trigger(document.getElementById("waiting"), "refresh-now"); }""")
    assert (await asked.value).text == "asked"
    assert await link.evaluate("e => e === document.activeElement")


async def test_a_part_that_nobody_is_in_refreshes_itself_and_says_when_the_session_is_over(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/")
    refresh = 'htmx.trigger(document.getElementById("waiting"), "refresh-now")'
    await page.evaluate("document.querySelector('#waiting h2').textContent = 'Vanhaa'")
    await page.evaluate(refresh)
    await page.locator("#waiting h2", has_text="Tänään ja myöhässä").wait_for()
    assert not await page.locator("#session-over").is_visible()
    await page.context.clear_cookies(name="yp_coaching")
    await page.evaluate(refresh)
    await page.locator("#session-over").wait_for(state="visible")
    assert await page.locator("#waiting li").count() == 4
    await no_findings(page)


async def test_a_part_of_a_page_is_sent_and_answered_in_its_place(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/cases")
    await press_through(page, "Näytä yhteystiedot")
    await page.locator("#contact .ds-error-summary").wait_for()
    assert await page.evaluate("document.activeElement.className") == "ds-error-summary"
    await no_findings(page)
    await page.get_by_label("Miksi katsot?").select_option("call")
    await page.get_by_role("button", name="Näytä yhteystiedot").click()
    await page.get_by_text("041 5550 123").wait_for()
    assert "Katsominen on kirjattu" in await page.evaluate("document.activeElement.innerText")
    await no_findings(page)
    await page.reload()
    await page.get_by_label("Miksi katsot?").select_option("other")
    await page.get_by_role("button", name="Näytä yhteystiedot").click()
    await page.get_by_role("heading", name="Ei löytynyt").wait_for()
    assert await page.locator("header.frame").count() == 1
    await no_findings(page)


async def test_at_400_percent_nothing_needs_scrolling_sideways(site, person_opens):
    page = await person_opens(COACH, f"{site.address}/coaching/cases", width=320)
    await no_findings(page)

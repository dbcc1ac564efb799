"""Pages of operators and data protection officers: read by axe on a phone and a desk, pressed by keyboard."""

import pytest

from chassis import security
from chassis.letters import Letters
from contracts.fields import new_id
from contracts.topics import TOPICS
from tests.component.outsider import Outsider
from tests.pages.harness import DESK, PHONE, no_findings, over_http, press_through, sign_in, tab_to
from tests.waiting import until

OPERATOR, OFFICER, COACH = "niko-esimerkki", "esko-keksitty", "johanna-harjoitus"


@pytest.fixture(scope="module")
async def site(world):
    async with over_http(world, "leads", "notify", "reporting") as (address, running):
        yield address, running


@pytest.fixture(scope="module")
async def letters(world, site):
    """The letters of leads: one with an unknown code, one that is no JSON."""
    _, running = site
    crm = Outsider(world, "lempaalan-kehitys-crm", "leads")
    event = crm.event("CompanyVisitPlanned", "business_id", {
        "visit_id": new_id(), "organisation": "lempaalan-kehitys", "municipality": "lempala",
        "company_name": "Aino Esimerkki Oy"})
    await crm.send(event)
    await crm.rejected(event["id"])
    await world.send(crm.name, crm.topic, b"k\xff", b"Aino Esimerkki", [("x", b"Aino")])
    store = Letters(running.services["leads"].database)

    async def both():
        found = (await store.page()).letters
        return found if len(found) == 2 else None

    broken, unknown = await until(both, what="two letters")
    return crm, event, unknown.number, broken.number


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_each_page_is_read_by_everybody(site, letters, person_opens, width):
    address, running = site
    *_, unknown, broken = letters
    await running.services["leads"].watch.look()
    security.alarm("letters-burst", "leads")
    for path, said in (
        ("/operate", "Valmis"), ("/operate/queues", "shared.from-lempaalan-kehitys-crm.v1"),
        ("/operate/letters", "Käsittelemättömät"), (f"/operate/letters/{unknown}", "Käsittele uudelleen"),
        (f"/operate/letters/{broken}", "ei ole JSON-objekti"), ("/operate/plan", "Luvuittain"),
        ("/operate/boundary", "Mitä kulkee puolelta toiselle"),
    ):
        page = await person_opens(OPERATOR, f"{address}/leads{path}", width=width)
        shown = await page.locator("main").inner_text()
        assert said in shown, path
        assert "Aino" not in await page.content()
        await no_findings(page)


async def test_state_shows_the_other_services_once_signed_in_there(site, person_opens):
    address, _ = site
    page = await person_opens(OPERATOR, f"{address}/leads/operate")
    card = page.locator("[hx-get$='/notify/operate/state']")
    assert "kirjautunut" in await card.inner_text()
    await sign_in(page, OPERATOR, f"{address}/notify/operate")
    await page.goto(f"{address}/leads/operate")
    await card.get_by_text("Valmis").wait_for()
    await no_findings(page)


async def test_a_letter_is_corrected_and_handled_again_by_keyboard(site, letters, person_opens):
    address, _ = site
    crm, event, number, _ = letters
    page = await person_opens(OPERATOR, f"{address}/leads/operate/letters/{number}")
    await press_through(page, "Käsittele uudelleen")
    await page.get_by_text("Sanoma käsitellään uudelleen.").wait_for()
    await page.get_by_text("Hylätty uudelleen").first.wait_for()

    await press_through(page, "Korjaa ja käsittele uudelleen")
    await tab_to(page, "Sanoma JSON-muodossa")
    text = await page.locator("textarea").input_value()
    await page.locator("textarea").fill("{")
    await press_through(page, "Käsittele korjattuna")
    await page.get_by_text("Tämä ei ole yksi JSON-objekti").first.wait_for()
    await no_findings(page)
    lines = ['"municipality": "lempaala",' if '"municipality"' in line else line for line in text.splitlines()]
    await page.locator("textarea").fill("\n".join(lines))
    await press_through(page, "Käsittele korjattuna")
    await page.get_by_text("Korjattu sanoma käsitellään uudelleen.").wait_for()
    await page.get_by_text("Käsitelty uudelleen", exact=True).first.wait_for()
    assert (await crm.taken("shared.visits.v1", event["id"]))["data"] == {**event["data"], "municipality": "lempaala"}


async def test_an_officer_sees_the_boundary_and_no_letters(site, person_opens):
    address, _ = site
    page = await person_opens(OFFICER, f"{address}/leads/operate/boundary")
    assert await page.locator("figure svg").get_attribute("role") == "img"
    assert await page.locator("tbody tr").count() == len(TOPICS)
    assert "Käsittelemättömät" not in await page.locator("nav.rooms").inner_text()
    answer = await page.goto(f"{address}/leads/operate/letters")
    assert answer.status == 403


async def test_nobody_else_sees_any_of_it(site, person_opens):
    address, _ = site
    page = await person_opens(COACH, f"{address}/leads/")
    for path in ("", "/state", "/queues", "/letters", "/letters/0", "/plan", "/boundary"):
        assert (await page.goto(f"{address}/leads/operate{path}")).status == 403, path

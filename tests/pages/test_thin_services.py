"""Pages of leads, feedback and notify: empty and filled, on a phone and a desk, read by axe, pressed by keyboard."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.fields import new_id
from services.notify import domain, store
from services.notify.domain import Status
from tests.component.outsider import Outsider
from tests.pages.harness import DESK, PHONE, no_findings, over_http, press_through
from tests.waiting import until

DEVELOPER, MANAGER, AREA, OPERATOR = "johanna-harjoitus", "risto-mallila", "tuula-esimerkki", "sami-kokeilu"
TEXT = "Kiitos avusta, sain ajan heti."


@pytest.fixture(scope="module")
async def site(world):
    async with over_http(world, "leads", "feedback", "notify") as (address, running):
        yield address, running


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_an_empty_page_says_what_will_be_here(site, person_opens, width):
    address, _ = site
    for person, service, said in (
        (DEVELOPER, "leads", "Ei vielä käyntejä."), (MANAGER, "feedback", "Ei vielä palautetta."),
        (OPERATOR, "notify", "Ei vielä ilmoituksia."), (DEVELOPER, "notify", "Ei vielä ilmoituksia."),
    ):
        page = await person_opens(person, f"{address}/{service}/", width=width)
        assert said in await page.locator("main").inner_text()
        await no_findings(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_visits_leads_and_events_stand_with_what_was_told_last(site, world, person_opens, width):
    address, _ = site
    crm = Outsider(world, "lempaalan-kehitys-crm", "leads")
    own = {"organisation": "lempaalan-kehitys", "business_id": "1234567-1"}
    visit = crm.event("CompanyVisitPlanned", "business_id", {"visit_id": str(uuid4()), **own})
    lead = crm.event("LeadOpened", "lead_id", {
        "lead_id": str(uuid4()), "business_id": "1234567-1", "need": "labour",
        "opened_by_organisation": "lempaalan-kehitys", "visit_id": None})
    event = crm.event("EventPlanned", "event_id", {"event_id": str(uuid4()), "organisers": ["lempaalan-kehitys"]})
    for each, topic in ((visit, "shared.visits.v1"), (lead, "shared.leads.v1"), (event, "shared.leads.v1")):
        await crm.send(each)
        await crm.taken(topic, each["id"])

    page = await person_opens(DEVELOPER, f"{address}/leads/", width=width)
    shown = await page.locator("main").inner_text()
    assert "Esimerkki Oy" in shown
    assert "Suunniteltu" in shown
    assert "Työvoima" in shown
    assert "Lempäälän Kehitys" in shown
    await no_findings(page)


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_a_feedbacks_text_is_shown_behind_its_row_and_the_look_is_kept(site, world, person_opens, width):
    address, running = site
    system = Outsider(world, "vesilahti-feedback", "feedback")
    given = [
        system.event("FeedbackSubmitted", "feedback_id", {
            "feedback_id": str(uuid4()), "municipality": "vesilahti", "about": about, "service": None, "text": TEXT})
        for about in ("municipal-service", "employment-area")
    ]
    for each in given:
        await system.send(each)
        topic = "municipal.feedback.v1" if each["data"]["about"] == "municipal-service" else "shared.feedback.v1"
        await until(lambda e=each, t=topic: system.published(t, e["subject"], "subject"), what="the receipt")

    page = await person_opens(MANAGER, f"{address}/feedback/", width=width)
    assert TEXT not in await page.content()
    await no_findings(page)
    await press_through(page, "Näytä teksti")
    await page.get_by_role("heading", name="Palautteen teksti").wait_for()
    assert TEXT in await page.locator("main").inner_text()
    await no_findings(page)
    async with running.services["feedback"].database.begin() as db:
        looks = (await db.execute(text("select person, act, about_id from audit_log where act like 'read:%'"))).all()
    assert {(look.person, look.act) for look in looks} == {(MANAGER, "read:text")}
    area = await person_opens(AREA, f"{address}/feedback/", width=width)
    assert await area.get_by_role("button", name="Näytä teksti").count() >= 1
    assert "Kunnan palvelu" not in await area.locator("main").inner_text()
    answer = await area.request.get(f"{address}/feedback/{given[0]['subject']}/text", max_redirects=0)
    assert answer.status == 303


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_an_operator_sends_again_what_did_not_leave(site, world, person_opens, width):
    address, running = site
    database = running.services["notify"].database
    ids = {status: new_id() for status in (Status.UNDELIVERABLE, Status.UNKNOWN, Status.STALE)}
    async with database.begin() as db:
        for status, identity in ids.items():
            wanted = domain.Wanted("ReferralConsented", domain.Seat("lempaala", "coach", "coaching"), "referral",
                                   new_id(), "area", db.now, {"number": "2026-0412", "service": "coaching"})
            made = domain.make(wanted, identity, "sanni-esimerkki", db.now, timedelta(days=3), "email")
            reason = None if status is Status.STALE else "refused"
            await store.add(db, domain.replace(made, status=status, reason=reason))

    page = await person_opens(OPERATOR, f"{address}/notify/", width=width)
    first = page.locator("ol.tasks li").first
    assert await first.get_by_text("Uusi ohjaus odottaa").is_visible()
    await no_findings(page)
    await page.locator(f'form[action$="/{ids[Status.UNDELIVERABLE]}/again"] button').focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("Ilmoitus odottaa uutta lähetystä.").wait_for()
    await no_findings(page)
    async with database.begin() as db:
        again = await store.notice(db, ids[Status.UNDELIVERABLE])
    assert again is not None
    assert again.status is not Status.UNKNOWN
    own = await person_opens("sanni-esimerkki", f"{address}/notify/", width=width)
    assert await own.get_by_role("button", name="Lähetä uudelleen").count() == 0
    assert await own.get_by_role("link", name="Uusi ohjaus odottaa: 2026-0412").count() >= 3
    await no_findings(own)
    answer = await own.request.post(f"{address}/notify/{ids[Status.UNKNOWN]}/again")
    assert answer.status in (400, 403)

"""Nuoret: the young people of a municipality's outreach, by how far it has come with each [3.4, 4.1]."""

from fastapi import Response

from chassis import obligations
from chassis.web import Db, Page, Routes
from services.coaching import access, directory
from services.coaching.access import OUTREACH
from services.coaching.cases import duties, store
from services.coaching.cases.courses import OPEN, Status
from services.coaching.cases.wording import Words
from services.coaching.outreach.store import attempts_of
from services.coaching.outreach.trying import how_it_stands

routes = Routes()
SERVICE = "outreach"
_CONTACT = (duties.CONTACT, duties.TRY_AGAIN, duties.DECIDE)


@routes.page("GET", "/young", policy=OUTREACH)
async def young(page: Page, db: Db) -> Response:
    """Who waits for the first contact, whom the team still tries to reach, and whom it has met."""
    whose, words = access.by(page.who, page.now).whose, Words(page)
    found = await store.listed(db, whose, statuses=OPEN, service=SERVICE, limit=200)
    sought = [each for each in found if each.status in (Status.ARRIVED, Status.CONTACTING)]
    first_within = words.rules.respond_within(SERVICE)
    trying = {
        case_id: how_it_stands(course, page.today, words.rules.outreach, first_within)
        for case_id, course in (await attempts_of(db, sought)).items()}
    due = {
        each.about_id: each.due_at for each in reversed(await obligations.waiting(
            db, organisation=whose.provider, roles=page.who.roles, service=SERVICE)) if each.kind in _CONTACT}
    ordered = sorted(sought, key=lambda each: (due.get(each.case_id, each.opened_at), each.number))
    return page.render(
        "young.html", words=words, trying=trying, due=due, met=[each for each in found if each not in sought],
        new=[each for each in ordered if not each.attempts], sought=[each for each in ordered if each.attempts],
        names=await directory.names(db, [each.coach for each in found if each.coach]))

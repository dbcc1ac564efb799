"""The data subject's day at a provider: what is held, restriction, erasure of the links to figures [SEC-10]."""

from typing import Annotated, Any

from fastapi import Query, Response

from chassis.officer.pages import OFFICERS
from chassis.officer.subject import DataHeld
from chassis.web import Db, Page, Routes, Who, allow
from services.coaching import access, subject
from services.coaching.cases import store
from services.coaching.cases.api import Id
from services.coaching.cases.wording import Words

routes = Routes("Data subjects")
ON_REQUEST = allow(*access.ROLES, "data-protection-officer", own="organisation")
"""Who acts for a client who asks about their own data."""
SCOPE = "data-subjects"


@routes.page("GET", "/data", policy=OFFICERS)
async def find(page: Page, db: Db, number: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Tietopyynnöt: by number to what is held."""
    number = number.strip()
    by = access.by(page.who, page.now)
    found = await store.listed(db, by.whose, number=number, limit=20) if number else ()
    if len(found) == 1:
        return page.redirect(f"/cases/{found[0].case_id}/data")
    return page.render("data-find.html", words=Words(page), number=number, found=found)


@routes.page("GET", "/cases/{case_id}/data", policy=ON_REQUEST)
async def show(case_id: Id, page: Page, db: Db) -> Response:
    """What is held of the client, to be printed."""
    held = await subject.data_held(db, case_id, page, access.by(page.who, page.now))
    back = (page.path("/data"), page.gettext("Data requests"))
    if page.who.has(*access.ROLES):
        back = (page.path(f"/cases/{case_id}"), page.gettext("Case %(number)s", number=held.number))
    return page.render("data-held.html", held=held, place=page.path(f"/cases/{case_id}"), case_id=case_id, back=back,
                       may_act=True)


@routes.page("GET", "/cases/{case_id}/data.json", policy=ON_REQUEST)
async def download(case_id: Id, page: Page, db: Db) -> Response:
    """The same as a file for the client."""
    held = await subject.data_held(db, case_id, page, access.by(page.who, page.now))
    name = page.gettext("data-held-%(number)s.json", number=held.number)
    return Response(held.model_dump_json(indent=2), media_type="application/json",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


@routes.page("POST", "/cases/{case_id}/restriction", policy=ON_REQUEST)
async def restrict(case_id: Id, page: Page, db: Db) -> Response:
    """Rajoita käsittelyä."""
    await subject.restrict(db, case_id, access.by(page.who, page.now))
    return page.redirect(f"/cases/{case_id}/data", said=page.gettext("Processing is restricted."))


@routes.page("POST", "/cases/{case_id}/restriction/lift", policy=ON_REQUEST)
async def lift(case_id: Id, page: Page, db: Db) -> Response:
    """Poista rajoitus."""
    await subject.lift_restriction(db, case_id, access.by(page.who, page.now))
    return page.redirect(f"/cases/{case_id}/data", said=page.gettext("The restriction is lifted."))


@routes.page("POST", "/cases/{case_id}/erasure-of-links", policy=OFFICERS)
async def erase_links(case_id: Id, page: Page, db: Db) -> Response:
    """Poista yhteys tilastoihin."""
    await subject.erase_links(db, case_id, access.by(page.who, page.now))
    said = page.gettext("The links are erased. Nobody can find the client among the figures any more.")
    return page.redirect(f"/cases/{case_id}/data", said=said)


@routes.api("GET", "/api/cases/{case_id}/data", policy=ON_REQUEST, scope=SCOPE, response_model=DataHeld,
            summary="What is held of the client, and who saw it")
async def data(case_id: Id, page: Page, db: Db, who: Who) -> Any:
    """For the client who asks (GDPR 15): all the client's cases of your organisation, every kind of data with reason,
    basis and period, and every look from the audit log. Name and phone are behind `contact-details`."""
    return await subject.data_held(db, case_id, page, access.by(who, db.now))


@routes.api("POST", "/api/cases/{case_id}/restriction", policy=ON_REQUEST, scope=SCOPE, status=204,
            summary="Restrict processing at the client's request")
async def restrict_by_program(case_id: Id, db: Db, who: Who) -> None:
    """From here on nobody of the provider opens name and phone; 409 where it is restricted already."""
    await subject.restrict(db, case_id, access.by(who, db.now))


@routes.api("POST", "/api/cases/{case_id}/restriction/lift", policy=ON_REQUEST, scope=SCOPE, status=204,
            summary="Lift the restriction")
async def lift_by_program(case_id: Id, db: Db, who: Who) -> None:
    """The contact details may be opened again; 409 where nothing is restricted."""
    await subject.lift_restriction(db, case_id, access.by(who, db.now))

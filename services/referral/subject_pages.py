"""The data subject's day in the employment area: what is held, a corrected number, restriction; and all consents with
their receipts [SEC-10, REF-14]."""

from typing import Annotated, Any

from fastapi import Query, Response

from chassis.officer.pages import OFFICERS
from chassis.officer.subject import DataHeld
from chassis.web import Db, Page, Routes, Who, allow
from services.referral import handlers, lists, shown, subject
from services.referral.api import Id
from services.referral.courses import CLOSED_HERE, Status
from services.referral.pages import place_of
from services.referral.wording import Words

routes = Routes("Data subjects")
ON_REQUEST = allow("case-manager", "data-protection-officer", own="organisation")
"""Who acts for a client who asks about their own data."""
SCOPE = "data-subjects"
PAGE_ROWS = 50


@routes.page("GET", "/referrals/{referral_id}/data", policy=ON_REQUEST)
async def show(referral_id: Id, page: Page, db: Db) -> Response:
    """What is held of the client, to be printed."""
    held = await subject.data_held(db, referral_id, page, page.who)
    place = page.path(f"/referrals/{referral_id}")
    seen = await shown.whole(db, referral_id, page.who)
    return page.render(
        "data-held.html", held=held, place=place, referral=seen.referral, may_act=True,
        back=(place, page.gettext("Referral %(number)s", number=held.number)))


@routes.page("GET", "/referrals/{referral_id}/data.json", policy=ON_REQUEST)
async def download(referral_id: Id, page: Page, db: Db) -> Response:
    """The same as a file for the client."""
    held = await subject.data_held(db, referral_id, page, page.who)
    name = page.gettext("data-held-%(number)s.json", number=held.number)
    return Response(held.model_dump_json(indent=2), media_type="application/json",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'})


@routes.page("POST", "/referrals/{referral_id}/restriction", policy=ON_REQUEST)
async def restrict(referral_id: Id, page: Page, db: Db) -> Response:
    """Rajoita käsittelyä."""
    await handlers.restrict(db, referral_id, page.who)
    return page.redirect(f"/referrals/{referral_id}/data", said=page.gettext("Processing is restricted."))


@routes.page("POST", "/referrals/{referral_id}/restriction/lift", policy=ON_REQUEST)
async def lift(referral_id: Id, page: Page, db: Db) -> Response:
    """Poista rajoitus."""
    await handlers.lift_restriction(db, referral_id, page.who)
    return page.redirect(f"/referrals/{referral_id}/data", said=page.gettext("The restriction is lifted."))


@routes.page("GET", "/consents", policy=OFFICERS)
async def consents(page: Page, db: Db, number: Annotated[str, Query(max_length=20)] = "",
                   show: Annotated[str, Query(pattern="^(erasing|all)?$")] = "",
                   after: Annotated[str, Query(max_length=50)] = "") -> Response:
    """Suostumukset ja todisteet: each consent, whether it holds, and its receipt."""
    statuses = (*CLOSED_HERE, Status.RETURNED) if show == "erasing" and not number else ()
    found = await lists.page(db, page.who.organisation or "", statuses=statuses, number=number.strip() or None,
                             before=place_of(after), limit=PAGE_ROWS + 1)
    here = found[:PAGE_ROWS]
    more = f"{here[-1].referred_on.isoformat()}_{here[-1].id}" if len(found) > PAGE_ROWS else None
    return page.render("consents.html", words=Words(page), consents=here, number=number, show=show, more=more,
                       first=not after)


@routes.api("GET", "/api/referrals/{referral_id}/data", policy=ON_REQUEST, scope=SCOPE, response_model=DataHeld,
            summary="What is held of the client, and who saw it")
async def data(referral_id: Id, page: Page, db: Db, who: Who) -> Any:
    """For the client who asks (GDPR 15): every kind of data with reason, basis and period, and every look from the
    audit log. Name and phone are behind `contact-details`."""
    return await subject.data_held(db, referral_id, page, who)


@routes.api("POST", "/api/referrals/{referral_id}/restriction", policy=ON_REQUEST, scope=SCOPE, status=204,
            summary="Restrict processing at the client's request")
async def restrict_by_program(referral_id: Id, db: Db, who: Who) -> None:
    """From here on nobody in the area opens name and phone, and nothing is sealed; 409 where it is so already."""
    await handlers.restrict(db, referral_id, who)


@routes.api("POST", "/api/referrals/{referral_id}/restriction/lift", policy=ON_REQUEST, scope=SCOPE, status=204,
            summary="Lift the restriction")
async def lift_by_program(referral_id: Id, db: Db, who: Who) -> None:
    """What waited to be sealed is sealed now; 409 where nothing is restricted."""
    await handlers.lift_restriction(db, referral_id, who)

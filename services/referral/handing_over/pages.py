"""Pages of handing over: one referral to a colleague, or all that somebody has open."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

from chassis import seats
from chassis.decisions import Refused
from chassis.web import Db, Form, Page, Routes, blank
from chassis.web.late import with_absence
from services.referral import lists, shown
from services.referral.api import Id
from services.referral.handing_over import handlers
from services.referral.handing_over.api import HANDERS
from services.referral.handing_over.domain import CASE_MANAGER
from services.referral.wording import Words

routes = Routes()


class To(BaseModel):
    to: str = Field(max_length=64)
    seen: str = Field(max_length=64)


class All(BaseModel):
    of: str = Field(max_length=64)
    to: str = Field(max_length=64)


@routes.page("GET", "/referrals/{referral_id}/case-manager", policy=HANDERS)
async def ask(referral_id: Id, page: Page, db: Db) -> Response:
    """To whom? Those who are away say so."""
    return await _one(page, db, referral_id, blank())


@routes.page("POST", "/referrals/{referral_id}/case-manager", policy=HANDERS)
async def hand_over(referral_id: Id, page: Page, db: Db) -> Response:
    form = await page.form(To)
    if form.ok:
        try:
            await handlers.hand_over(db, referral_id, form.read.to, page.who, form.read.seen)
            return page.redirect(f"/referrals/{referral_id}", said=page.gettext("The referral is handed over."))
        except Refused as fault:
            page.refuse(form, fault, {fault.refusal.field.removeprefix("/"): "to"} if fault.refusal.field else None)
    return await _one(page, db, referral_id, form, 422)


async def _one(page: Page, db: Db, referral_id: str, form: Form[Any], status: int = 200) -> Response:
    seen = await shown.whole(db, referral_id, page.who)
    colleagues = await _colleagues(page, db)
    has = seen.referral.case_manager
    return page.render(
        "case-manager.html", status, form=form, referral=seen.referral, words=Words(page),
        has=colleagues.get(has, has), colleagues=[(code, name) for code, name in colleagues.items() if code != has],
    )


@routes.page("GET", "/hand-over", policy=HANDERS)
async def ask_all(page: Page, db: Db) -> Response:
    """All that is open of one to another: for an absence that lasts, or for good."""
    return await _all(page, db, blank(of=page.who.id))


@routes.page("POST", "/hand-over", policy=HANDERS)
async def hand_over_all(page: Page, db: Db) -> Response:
    form = await page.form(All)
    if form.ok:
        try:
            many = await handlers.hand_over_all(db, form.read.of, form.read.to, page.who)
            said = page.ngettext("%(num)s referral is handed over.", "%(num)s referrals are handed over.", many)
            return page.redirect("/referrals", said=said)
        except Refused as fault:
            form.refuse("to", page.sentence(fault.refusal))
    return await _all(page, db, form, 422)


async def _all(page: Page, db: Db, form: Form[Any], status: int = 200) -> Response:
    colleagues = await _colleagues(page, db)
    held = await lists.open_by_case_manager(db, page.who.organisation or "")
    people = {**{code: code for code in held if code not in colleagues}, **colleagues}
    return page.render("hand-over.html", status, form=form, colleagues=list(colleagues.items()), holders=[
        (code, page.ngettext("%(name)s, %(num)s open", "%(name)s, %(num)s open", held.get(code, 0), name=name))
        for code, name in people.items()
    ])


async def _colleagues(page: Page, db: Db) -> Mapping[str, str]:
    """The organisation's case managers by name, with who is away until when."""
    organisation = page.who.organisation or ""
    people = await lists.colleagues(db, organisation, CASE_MANAGER)
    return dict(with_absence(page, people, await seats.away(db, organisation)))

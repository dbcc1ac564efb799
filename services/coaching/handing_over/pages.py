"""The page that hands over all open cases of one."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

from chassis import seats
from chassis.decisions import Refused
from chassis.web import Db, Form, Page, Routes, blank
from chassis.web.late import with_absence
from services.coaching import access, directory
from services.coaching.handing_over import handlers, store
from services.coaching.handing_over.api import HANDERS

routes = Routes()


class All(BaseModel):
    of: str = Field(max_length=64)
    to: str = Field(max_length=64)


@routes.page("GET", "/hand-over", policy=HANDERS)
async def ask(page: Page, db: Db) -> Response:
    """Whose, and to whom?"""
    return await _asked(page, db, blank(of=page.who.id))


@routes.page("POST", "/hand-over", policy=HANDERS)
async def hand_over(page: Page, db: Db) -> Response:
    form = await page.form(All)
    if form.ok:
        try:
            done = await handlers.hand_over_all(db, form.read.of, form.read.to, access.by(page.who, page.now))
            return page.redirect("/cases", said=_said(page, done))
        except Refused as fault:
            form.refuse("to", page.sentence(fault.refusal))
    return await _asked(page, db, form, 422)


def _said(page: Page, done: handlers.HandedOver) -> str:
    said = page.ngettext("%(num)s case is handed over.", "%(num)s cases are handed over.", done.cases)
    if done.stayed:
        said += " " + page.ngettext(
            "%(num)s case stayed: the colleague does not work in its service.",
            "%(num)s cases stayed: the colleague does not work in their service.", done.stayed)
    return said


async def _asked(page: Page, db: Db, form: Form[Any], status: int = 200) -> Response:
    by = access.by(page.who, page.now)
    whose, people = by.whose, await handlers.workers(db, by)
    held = await store.open_by_coach(db, whose)
    named = {**await directory.names(db, held), **people}
    return page.render(
        "hand-over.html", status, form=form, holders=[
            (code, page.ngettext("%(name)s, %(num)s open", "%(name)s, %(num)s open", held.get(code, 0),
                                 name=named.get(code, code)))
            for code in sorted({*held, *people}, key=lambda code: named.get(code, code))
        ],
        colleagues=with_absence(page, people.items(), await seats.away(db, whose.provider)))

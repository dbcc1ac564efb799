"""Ilmiöt: what outreach met in a month, as numbers; recorded by a form with one field for each phenomenon."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field, create_model

from chassis import obligations
from chassis.calendar import first_day_of, helsinki_day, month_start
from chassis.database import Session
from chassis.decisions import Refused
from chassis.web import Db, Form, Page, Routes, blank
from chassis.web.waiting import Task
from contracts import plan
from services.coaching.access import OUTREACH
from services.coaching.cases.wording import Words
from services.coaching.phenomena import domain, handlers, store
from services.coaching.phenomena.api import OneMonth
from services.coaching.phenomena.domain import Sheet

routes = Routes()
SHOWN = 6
"""Months in the table."""
MOST = 9999
"""Observations of a phenomenon in a month; more is a slip of the keyboard."""
OfMunicipality = Annotated[str, Query(max_length=40)]


def _model(phenomena: Sequence[str]) -> type[BaseModel]:
    """A form with a field for each phenomenon; what is left empty was not met."""
    fields: dict[str, Any] = {code: (int, Field(0, ge=0, le=MOST)) for code in phenomena}
    return create_model("Observations", **fields)


@routes.page("GET", "/phenomena", policy=OUTREACH)
async def overview(page: Page, db: Db) -> Response:
    """The last months side by side, and the one to be recorded next."""
    words, this = Words(page), month_start(page.today)
    months = [this]
    while len(months) < SHOWN:
        months.append(month_start(months[-1], -1))
    found = [
        (code, await store.counts(db, code, months[-1], months[0]))
        for code in handlers.municipalities(page.who.organisation or "", words.rules)
    ]
    return page.render(
        "phenomena.html", words=words, months=months[::-1], this=this, before=month_start(this, -1), found=found,
        owed={each.about_id: each for each in await _owed(page, db)})


@routes.page("GET", "/phenomena/record", policy=OUTREACH)
async def ask(page: Page, db: Db, municipality: OfMunicipality, month: Annotated[OneMonth, Query()]) -> Response:
    sheet = await handlers.read(db, page.who, municipality, first_day_of(month))
    return _form(page, sheet, blank(**sheet.observations))


@routes.page("POST", "/phenomena/record", policy=OUTREACH)
async def press(page: Page, db: Db, municipality: OfMunicipality, month: Annotated[OneMonth, Query()]) -> Response:
    sheet = await handlers.read(db, page.who, municipality, first_day_of(month))
    codes = list(plan.on(page.today).codes["phenomenon"])
    wrong = page.gettext("Write a whole number, from 0 to %(most)s.", most=MOST)
    form = await page.form(_model(codes), dict.fromkeys(codes, wrong))
    if form.ok:
        try:
            await handlers.observe(db, page.who, municipality, first_day_of(month), form.read.model_dump())
            return page.redirect("/phenomena", said=page.gettext(
                "The observations of %(month)s are recorded.", month=Words(page).formats.month(month)))
        except Refused as fault:
            page.refuse(form, fault)
    return _form(page, sheet, form, 422)


def _form(page: Page, sheet: Sheet, form: Form[Any], status: int = 200) -> Response:
    return page.render("record-phenomena.html", status, words=Words(page), sheet=sheet, form=form,
                       is_over=month_start(sheet.month, 1) <= page.today)


async def tasks(page: Page, db: Session) -> list[Task]:
    """Months whose observations are owed, among what waits for an outreach worker."""
    words = Words(page)
    return [
        Task(
            due=helsinki_day(each.due_at), why=page.gettext("How often you met each phenomenon: numbers alone."),
            title=page.gettext("Phenomena of %(month)s", month=words.formats.month(month)),
            address=(where := f"/phenomena/record?municipality={municipality}&month={month}"),
            act=page.gettext("Record the observations"), act_address=where)
        for each in await _owed(page, db) for municipality, _, month in [each.about_id.partition(":")]
    ]


async def _owed(page: Page, db: Session) -> list[obligations.Obligation]:
    return [each for each in await obligations.waiting(
        db, organisation=page.who.organisation or "", roles=page.who.roles, person=page.who.id)
        if each.kind == domain.KIND]

"""Ohjaamo: receive a visitor in half a minute, and see who came today and which cases are open [3.5, 4.2]."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

from chassis.decisions import Refused
from chassis.web import Db, Form, Page, Routes, blank
from services.coaching import access, directory
from services.coaching.access import OHJAAMO
from services.coaching.cases import store as case_store
from services.coaching.cases.courses import OPEN
from services.coaching.cases.wording import Words
from services.coaching.ohjaamo import domain, handlers, store
from services.coaching.ohjaamo.handlers import Visitor

routes = Routes()


class VisitForm(BaseModel):
    ohjaamo: str = Field(max_length=40)
    municipality: str = Field(max_length=40)
    topic: str = Field(max_length=40)
    settled: bool
    number: str | None = Field(None, max_length=20)


@routes.page("GET", "/ohjaamo", policy=OHJAAMO)
async def overview(page: Page, db: Db) -> Response:
    """The form first, today's visits and the open cases below it."""
    visits = await store.of_day(db, access.by(page.who, page.now).whose, page.today)
    here = next((visit.ohjaamo for visit in visits if visit.received_by == page.who.id), page.who.organisation)
    return await _shown(page, db, blank(ohjaamo=here))


@routes.page("POST", "/ohjaamo", policy=OHJAAMO)
async def receive(page: Page, db: Db) -> Response:
    form = await page.form(VisitForm)
    if form.ok:
        try:
            case = await handlers.receive(db, access.by(page.who, page.now), Visitor(**form.read.model_dump()))
            words = Words(page)
            said = page.gettext("The visit is recorded, number %(number)s.", number=case.number)
            adviser = domain.adviser(form.read.topic, words.rules)
            if adviser not in (words.rules.services[domain.SERVICE].mailbox_role, *page.who.roles):
                said += " " + page.gettext(
                    "If need be, ask the %(role)s to work with you on this.", role=words.role(adviser))
            return page.redirect("/ohjaamo", said=said)
        except Refused as fault:
            page.refuse(form, fault)
    return await _shown(page, db, form, 422)


async def _shown(page: Page, db: Db, form: Form[Any], status: int = 200) -> Response:
    whose, words = access.by(page.who, page.now).whose, Words(page)
    visits = await store.of_day(db, whose, page.today)
    open_cases = await case_store.listed(db, whose, statuses=OPEN, service=domain.SERVICE)
    people = {visit.received_by for visit in visits} | {each.coach for each in open_cases if each.coach}
    return page.render(
        "ohjaamo.html", status, words=words, form=form, visits=visits, cases=open_cases,
        names=await directory.names(db, people), municipalities=words.municipalities_of(domain.SERVICE, whose),
        ohjaamos=[(code, f"Ohjaamo {words.municipality(code)}") for code in words.rules.ohjaamo.ohjaamos])

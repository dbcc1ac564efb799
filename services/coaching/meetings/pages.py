"""Pages of those who are invited, and of the Ohjaamo days with requests for a case manager."""

from datetime import date, time
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import BaseModel, Field

from chassis import calendar, calendar_file, ohjaamo_days
from chassis.calendar_file import Meeting, Participant
from chassis.decisions import Refused
from chassis.web import Db, Form, Page, Routes, blank
from contracts.fields import UUID
from services.coaching import access as who_works
from services.coaching import directory
from services.coaching.cases import store as case_store
from services.coaching.cases.wording import Words
from services.coaching.meetings import handlers, requests, store
from services.coaching.meetings.access import INVITED, OHJAAMO
from services.coaching.meetings.invitations import Stage

routes = Routes()
MeetingPath = Annotated[str, Path(pattern=UUID)]
RequestPath = Annotated[str, Path(pattern=UUID)]


class AnswerForm(BaseModel):
    accepted: bool


class RequestForm(BaseModel):
    """Without day and time somebody is wanted now."""

    ohjaamo: str = Field(max_length=40)
    topic: str = Field(max_length=40)
    on: date | None = None
    at: time | None = None


# --- invitations


@routes.page("GET", "/invitations", policy=INVITED)
async def every(page: Page, db: Db) -> Response:
    """Invitations to one's role, those that wait first."""
    found = await handlers.list_invitations(db, page.who)
    names = await directory.names(db, [each.case_manager for each in found])
    return page.render("invitations.html", words=Words(page), invitations=found, names=names)


@routes.page("GET", "/invitations/{meeting_id}", policy=INVITED)
async def one(meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    """To what, when, where, by whom; and the two answers."""
    return await _invitation(page, db, meeting_id, blank())


@routes.page("POST", "/invitations/{meeting_id}/answer", policy=INVITED)
async def answer(meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    form = await page.form(AnswerForm)
    if form.ok:
        try:
            await handlers.answer_invitation(db, meeting_id, page.who, form.read.accepted)
            return page.redirect(f"/invitations/{meeting_id}", said=page.gettext("The case manager is told."))
        except Refused as fault:
            page.refuse(form, fault)
    return await _invitation(page, db, meeting_id, form, 422)


@routes.page("GET", "/invitations/{meeting_id}/calendar.ics", policy=INVITED)
async def calendar_of(meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    """The meeting for the calendar; nothing of the client is in it."""
    found, words = await handlers.read_invitation(db, meeting_id, page.who), Words(page)
    names = await directory.names(db, [found.case_manager])
    area = words.rules.roles["case-manager"].organisations[0]
    file = Meeting(
        id=found.id, sequence=0, starts_at=found.starts_at, ends_at=found.ends_at, stamp=found.invited_at,
        summary=words.kind(found.kind), place=words.code("place", found.place),
        organiser=Participant(words.organisation(area), db.settings.mail_from),
        attendees=[Participant(names.get(found.case_manager, found.case_manager)),
                   Participant(words.organisation(found.organisation))],
    )
    is_off = found.stage is Stage.FELL_AWAY
    content = calendar_file.cancellation(file, page.now) if is_off else calendar_file.invitation(file)
    return calendar_file.answer(content, f"{found.kind}.ics")


async def _invitation(page: Page, db: Db, meeting_id: str, form: Form[Any], status: int = 200) -> Response:
    found = await handlers.read_invitation(db, meeting_id, page.who)
    case = None
    if found.referral_id:
        case = await case_store.of_referral(db, found.referral_id, who_works.by(page.who, page.now).whose)
    names = await directory.names(db, [found.case_manager, found.answered_by or ""])
    return page.render(
        "invitation.html", status, words=Words(page), invitation=found, case=case, names=names, form=form)


# --- Ohjaamo days, and a case manager as work pair


@routes.page("GET", "/ohjaamo-days", policy=OHJAAMO)
async def days(page: Page, db: Db) -> Response:
    """The coming days, who advises on what, and what was asked of case managers."""
    found = await store.list_requests(db, page.who.organisation or "")
    names = await directory.names(db, [each.case_manager for each in found if each.case_manager])
    return page.render(
        "case-manager-requests.html", words=Words(page), requests=found, names=names,
        shown=ohjaamo_days.shown(page.today, page.language),
    )


@routes.page("GET", "/ohjaamo-days/days.ics", policy=OHJAAMO)
async def days_calendar(page: Page) -> Response:
    """The coming days for the calendar."""
    shown = ohjaamo_days.shown(page.today, page.language)
    content = ohjaamo_days.calendar_of(
        shown.days, page.now, page.gettext("Ohjaamo day"), ", ".join(f"Ohjaamo {where}" for where in shown.ohjaamos))
    return calendar_file.answer(content, "ohjaamo.ics")


@routes.page("GET", "/case-manager-requests/new", policy=OHJAAMO)
async def ask_request(page: Page) -> Response:
    """For what a case manager is wanted, where and when."""
    return _request_form(page, blank(ohjaamo=page.who.organisation))


@routes.page("POST", "/case-manager-requests/new", policy=OHJAAMO)
async def send_request(page: Page, db: Db) -> Response:
    form = await page.form(RequestForm)
    if form.ok:
        f = form.read
        at = calendar.at(f.on or page.today, f.at) if f.at else None
        if f.on and f.at is None:
            form.refuse("at", page.gettext("Write the time, such as 13.00."))
        else:
            try:
                await handlers.ask_case_manager(db, page.who, f.ohjaamo, f.topic, at)
                said = page.gettext("The case managers are asked. The answer comes here.")
                return page.redirect("/ohjaamo-days", said=said)
            except Refused as fault:
                page.refuse(form, fault)
    return _request_form(page, form, 422)


@routes.page("POST", "/case-manager-requests/{request_id}/settlement", policy=OHJAAMO)
async def settle_request(request_id: RequestPath, page: Page, db: Db) -> Response:
    await handlers.settle_request(db, request_id, page.who)
    return page.redirect("/ohjaamo-days", said=page.gettext("The request waits no more."))


def _request_form(page: Page, form: Form[Any], status: int = 200) -> Response:
    words = Words(page)
    advice = words.rules.ohjaamo.advice
    others = [(topic, words.role(role)) for topic, role in advice.items() if role != requests.ASKED_ROLE]
    return page.render(
        "ask-case-manager.html", status, words=words, form=form,
        ohjaamos=[(code, words.municipality(code)) for code in words.rules.ohjaamo.ohjaamos],
        topics=[(code, label) for code, label in words.codes("ohjaamo-topic") if code in requests.TOPICS
                and advice.get(code, requests.ASKED_ROLE) == requests.ASKED_ROLE],
        others=[(words.code("ohjaamo-topic", topic), role) for topic, role in others],
    )

"""Pages of invitations, of the Ohjaamo days, and of the Ohjaamos' requests for a case manager."""

from datetime import date, time
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from chassis import calendar, calendar_file, ohjaamo_days
from chassis.calendar_file import Meeting, Participant
from chassis.decisions import Refused
from chassis.web import Db, Form, Page, Routes, blank
from contracts.fields import UUID
from services.referral import lists
from services.referral import store as referrals
from services.referral.api import CASE_MANAGERS, READERS
from services.referral.domain import Referral
from services.referral.meetings import handlers, invitations, requests, store
from services.referral.meetings.invitations import Stage, Wish
from services.referral.wording import Words

routes = Routes()
MeetingPath = Annotated[str, Path(pattern=UUID)]
RequestPath = Annotated[str, Path(pattern=UUID)]


class InvitationForm(BaseModel):
    kind: str = Field(max_length=40)
    municipality: str = Field(max_length=40)
    on: date
    at: time
    until: time
    place: str = Field(max_length=40)
    client_wishes: bool = False
    referral_id: str | None = Field(None, pattern=UUID)


class ComesForm(BaseModel):
    """Another day and time than the one asked for, if either is given."""

    on: date | None = None
    at: time | None = None


# --- invitations


@routes.page("GET", "/invitations", policy=CASE_MANAGERS)
async def every(page: Page, db: Db) -> Response:
    """A case manager's invitations, those that wait first."""
    found = await store.list_invitations(db, page.who.organisation or "", page.who.id)
    return page.render("invitations.html", words=Words(page), invitations=found)


@routes.page("GET", "/invitations/new", policy=CASE_MANAGERS)
async def ask_invitation(
    page: Page, db: Db, referral: Annotated[str, Query(pattern=f"{UUID}|^$")] = ""
) -> Response:
    """Who is invited to what, when and where."""
    about = await _about(page, db, referral or None)
    first = blank(municipality=about.municipality if about else None, referral_id=referral)
    return _invitation_form(page, about, first)


@routes.page("POST", "/invitations/new", policy=CASE_MANAGERS)
async def invite(page: Page, db: Db) -> Response:
    form = await page.form(InvitationForm)
    if form.ok:
        f = form.read
        wish = Wish(f.kind, f.municipality, calendar.at(f.on, f.at), calendar.at(f.on, f.until), f.place,
                    f.client_wishes)
        try:
            made = await handlers.invite(db, wish, f.referral_id, page.who)
            said = page.gettext("The invitation is sent.")
            return page.redirect(f"/invitations/{made.id}", said=said)
        except Refused as fault:
            page.refuse(form, fault, {"starts_at": "at", "ends_at": "until"})
    return _invitation_form(page, await _about(page, db, form.value("referral_id") or None), form, 422)


@routes.page("GET", "/invitations/{meeting_id}", policy=READERS)
async def one_invitation(meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    """Where an invitation stands."""
    found = await handlers.read_invitation(db, meeting_id, page.who)
    about = await _about(page, db, found.referral_id)
    return page.render(
        "invitation.html", words=Words(page), invitation=found, referral=about,
        names=await lists.names(db, [found.case_manager]), may_act=page.who.has("case-manager"),
    )


@routes.page("POST", "/invitations/{meeting_id}/settlement", policy=CASE_MANAGERS)
async def settle_invitation(meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    await handlers.settle_invitation(db, meeting_id, page.who)
    return page.redirect(f"/invitations/{meeting_id}", said=page.gettext("The invitation waits no more."))


@routes.page("GET", "/invitations/{meeting_id}/calendar.ics", policy=CASE_MANAGERS)
async def calendar_of(meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    """The meeting for the calendar; nothing of the client is in it."""
    found = await store.invitation(db, meeting_id, page.who.organisation or "")
    words, names = Words(page), await lists.names(db, [found.case_manager])
    file = Meeting(
        id=found.id, sequence=0, starts_at=found.starts_at, ends_at=found.ends_at, stamp=found.invited_at,
        summary=words.kind(found.kind), place=words.code("place", found.place),
        organiser=Participant(words.organisation(found.inviting), db.settings.mail_from),
        attendees=[Participant(names.get(found.case_manager, found.case_manager)),
                   Participant(words.organisation(found.organisation))],
    )
    is_off = found.stage is Stage.FELL_AWAY
    content = calendar_file.cancellation(file, page.now) if is_off else calendar_file.invitation(file)
    return calendar_file.answer(content, f"{found.kind}.ics")


def _invitation_form(page: Page, about: Referral | None, form: Form[Any], status: int = 200) -> Response:
    words = Words(page)
    kinds = [
        (kind, f"{words.kind(kind)}: {words.rules.roles[words.rules.invitations[kind][0]].text(page.language)}")
        for kind in invitations.kinds(words.rules)
    ]
    return page.render("invite.html", status, words=words, referral=about, form=form, kinds=kinds)


async def _about(page: Page, db: Db, referral_id: str | None) -> Referral | None:
    return await referrals.referral(db, referral_id, organisation=page.who.organisation) if referral_id else None


# --- Ohjaamo days, and who is asked to come there


@routes.page("GET", "/ohjaamo-days", policy=CASE_MANAGERS)
async def days(page: Page, db: Db) -> Response:
    """The coming days, who advises on what, and what the Ohjaamo workers ask."""
    found = await handlers.list_requests(db, page.who)
    names = await lists.names(db, [each.requested_by for each in found])
    return page.render(
        "case-manager-requests.html", words=Words(page), requests=found, names=names,
        shown=ohjaamo_days.shown(page.today, page.language),
    )


@routes.page("GET", "/ohjaamo-days/days.ics", policy=CASE_MANAGERS)
async def days_calendar(page: Page) -> Response:
    """The coming days for the calendar."""
    shown = ohjaamo_days.shown(page.today, page.language)
    content = ohjaamo_days.calendar_of(
        shown.days, page.now, page.gettext("Ohjaamo day"), ", ".join(f"Ohjaamo {where}" for where in shown.ohjaamos))
    return calendar_file.answer(content, "ohjaamo.ics")


@routes.page("GET", "/case-manager-requests/{request_id}", policy=READERS)
async def one_request(request_id: RequestPath, page: Page, db: Db) -> Response:
    """What an Ohjaamo worker asks, and the two answers."""
    return await _request(page, db, request_id, blank())


@routes.page("POST", "/case-manager-requests/{request_id}/acceptance", policy=CASE_MANAGERS)
async def accept_request(request_id: RequestPath, page: Page, db: Db) -> Response:
    form = await page.form(ComesForm)
    if form.ok:
        request = await handlers.read_request(db, request_id, page.who)
        at = None
        if form.read.on or form.read.at:
            wanted = request.at.astimezone(calendar.HELSINKI)
            at = calendar.at(form.read.on or wanted.date(), form.read.at or wanted.time())
        try:
            await handlers.accept_request(db, request_id, page.who, at)
            return page.redirect("/ohjaamo-days", said=page.gettext("The Ohjaamo is told that you come."))
        except Refused as fault:
            page.refuse(form, fault, {"starts_at": "at"})
    return await _request(page, db, request_id, form, 422)


@routes.page("POST", "/case-manager-requests/{request_id}/refusal", policy=CASE_MANAGERS)
async def decline_request(request_id: RequestPath, page: Page, db: Db) -> Response:
    await handlers.decline_request(db, request_id, page.who)
    return page.redirect("/ohjaamo-days", said=page.gettext("The Ohjaamo is told that nobody can come."))


async def _request(page: Page, db: Db, request_id: str, form: Form[Any], status: int = 200) -> Response:
    found = await handlers.read_request(db, request_id, page.who)
    names = await lists.names(db, [found.requested_by, found.case_manager or ""])
    return page.render(
        "case-manager-request.html", status, words=Words(page), request=found, names=names, form=form,
        answer=blank(),
        waits=found.stage is requests.Stage.ASKED, may_act=page.who.has("case-manager"),
    )

"""Pages of a three-party meeting: the case manager's answer, and the file for the calendar."""

from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import BaseModel, Field

from chassis import calendar, calendar_file
from chassis.calendar_file import Meeting, Participant
from chassis.decisions import NotFound, Refused
from chassis.web import Db, Form, Page, Routes, blank
from contracts.fields import UUID
from services.referral import lists
from services.referral import store as referrals
from services.referral.api import CASE_MANAGERS, READERS, Id
from services.referral.domain import Referral
from services.referral.meetings import handlers, store, wording
from services.referral.meetings.three_party import Agreement, Reason, Stage, ThreeParty
from services.referral.wording import Words

routes = Routes()
MeetingPath = Annotated[str, Path(pattern=UUID)]
OTHER = "other"


class AgreeForm(BaseModel):
    """`chosen` is the number of a proposed time, or `other`, which has day and hours of its own."""

    meeting_id: str = Field(pattern=UUID)
    chosen: str = Field(OTHER, max_length=5)
    on: date | None = None
    at: time | None = None
    until: time | None = None
    place: str = Field(max_length=40)
    client_takes_part: bool = False


class DeclineForm(BaseModel):
    meeting_id: str = Field(pattern=UUID)
    reason: Reason


class HeldForm(BaseModel):
    meeting_id: str = Field(pattern=UUID)


@routes.page("GET", "/referrals/{referral_id}/three-party", policy=CASE_MANAGERS)
async def ask(referral_id: Id, page: Page, db: Db) -> Response:
    """The coach's times, and what the case manager answers."""
    return await _shown(page, db, referral_id)


@routes.page("POST", "/referrals/{referral_id}/three-party", policy=CASE_MANAGERS)
async def agree(referral_id: Id, page: Page, db: Db) -> Response:
    form = await page.form(AgreeForm)
    if form.ok:
        referral, meeting = await _latest(page, db, referral_id)
        try:
            to = _agreement(page, meeting, form)
            if to is not None:
                await handlers.agree(db, referral_id, form.read.meeting_id, to, page.who)
                said = page.gettext("The meeting is agreed. The coach is told time and place.")
                return page.redirect(f"/referrals/{referral.id}", said=said)
        except Refused as fault:
            page.refuse(form, fault, {"starts_at": "at", "ends_at": "until"})
    return await _shown(page, db, referral_id, 422, agree_form=form)


@routes.page("POST", "/referrals/{referral_id}/three-party/refusal", policy=CASE_MANAGERS)
async def decline(referral_id: Id, page: Page, db: Db) -> Response:
    form = await page.form(DeclineForm, {"reason": page.gettext("Choose why.")})
    if form.ok:
        try:
            await handlers.decline(db, referral_id, form.read.meeting_id, form.read.reason, page.who)
            return page.redirect(f"/referrals/{referral_id}", said=page.gettext("The coach is told."))
        except Refused as fault:
            page.refuse(form, fault)
    return await _shown(page, db, referral_id, 422, decline_form=form)


@routes.page("POST", "/referrals/{referral_id}/three-party/held", policy=CASE_MANAGERS)
async def hold(referral_id: Id, page: Page, db: Db) -> Response:
    form = await page.form(HeldForm)
    if form.ok:
        await handlers.hold(db, referral_id, form.read.meeting_id, page.who)
    return page.redirect(f"/referrals/{referral_id}", said=page.gettext("The meeting is recorded."))


@routes.page("GET", "/referrals/{referral_id}/three-party/{meeting_id}/calendar.ics", policy=READERS)
async def calendar_of(referral_id: Id, meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    """The meeting for the calendar, or its cancellation: number, time and place, nothing of the client."""
    referral = await referrals.referral(db, referral_id, organisation=page.who.organisation)
    found = [each for each in await store.three_parties_of(db, referral.id) if each.id == meeting_id]
    if not found or found[0].starts_at is None or found[0].ends_at is None:
        raise Refused(NotFound())
    meeting, words = found[0], Words(page)
    names = await lists.names(db, [referral.case_manager, meeting.coach])
    file = Meeting(
        id=meeting.id, sequence=meeting.sequence or 0, starts_at=found[0].starts_at, ends_at=found[0].ends_at,
        stamp=meeting.changed_at, place=words.code("place", meeting.place),
        summary=page.gettext("Three-party meeting, referral %(number)s", number=referral.number),
        organiser=Participant(words.organisation(referral.organisation), db.settings.mail_from),
        attendees=[Participant(names.get(each, each)) for each in (referral.case_manager, meeting.coach)],
    )
    stands = meeting.stage in (Stage.AGREED, Stage.HELD)
    content = calendar_file.invitation(file) if stands else calendar_file.cancellation(file, meeting.changed_at)
    return calendar_file.answer(content, page.gettext("three-party-%(number)s.ics", number=referral.number))


async def _shown(
    page: Page, db: Db, referral_id: str, status: int = 200, *, agree_form: Form[Any] | None = None,
    decline_form: Form[Any] | None = None,
) -> Response:
    referral, meeting = await _latest(page, db, referral_id)
    if not meeting.is_under_way and status == 200:
        return page.redirect(f"/referrals/{referral_id}", said=page.gettext("The meeting is not under way any more."))
    words = Words(page)
    names = await lists.names(db, [meeting.coach])
    first = blank(chosen="0" if meeting.stage is Stage.ASKED else OTHER, place=meeting.place or "")
    times = [
        (str(n), wording.hours(words, each.starts_at, each.ends_at))
        for n, each in enumerate(meeting.proposed) if each.starts_at > page.now
    ] if meeting.stage is Stage.ASKED else []
    return page.render(
        "three-party.html", status, words=words, referral=referral, meeting=meeting,
        coach=names.get(meeting.coach, meeting.coach), agree_form=agree_form or first,
        decline_form=decline_form or blank(), reasons=[(code, page.gettext(text)) for code, text in
                                                       wording.REASONS.items()],
        times=[*times, (OTHER, page.gettext("Another time"))], is_move=meeting.stage is Stage.AGREED,
    )


async def _latest(page: Page, db: Db, referral_id: str) -> tuple[Referral, ThreeParty]:
    referral = await referrals.referral(db, referral_id, organisation=page.who.organisation)
    found = await store.three_parties_of(db, referral.id)
    if not found:
        raise Refused(NotFound())
    return referral, found[-1]


def _agreement(page: Page, meeting: ThreeParty, form: Form[AgreeForm]) -> Agreement | None:
    """What was chosen; None where another time lacks its day or hour, which is said at the field."""
    f = form.read
    if f.chosen.isdigit() and int(f.chosen) < len(meeting.proposed):
        time_ = meeting.proposed[int(f.chosen)]
        return Agreement(time_.starts_at, time_.ends_at, f.place, f.client_takes_part)
    if f.on is None:
        form.refuse("on", page.gettext("Write the day, such as 24.11.2026."))
    if f.at is None:
        form.refuse("at", page.gettext("Write the time, such as 13.00."))
    if f.on is None or f.at is None:
        return None
    starts_at: datetime = calendar.at(f.on, f.at)
    ends_at = calendar.at(f.on, f.until) if f.until else starts_at + Words(page).rules.three_party.length.delta
    return Agreement(starts_at, ends_at, f.place, f.client_takes_part)

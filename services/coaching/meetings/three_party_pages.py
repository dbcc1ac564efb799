"""Pages of a three-party meeting: the coach asks, calls off, and takes the meeting into the calendar."""

from datetime import date, time
from typing import Annotated

from fastapi import Path, Response
from pydantic import BaseModel

from chassis import calendar, calendar_file
from chassis.calendar_file import Meeting, Participant
from chassis.decisions import NotFound, Refused
from chassis.web import N_, Db, Page, Routes
from contracts.events.coaching import ProposedTime
from contracts.fields import UUID
from services.coaching import access, directory
from services.coaching.access import READERS, WORKERS
from services.coaching.cases import store
from services.coaching.cases.act_pages import ActPage, add
from services.coaching.cases.api import Id
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.cases.wording import Words
from services.coaching.meetings import handlers, three_party
from services.coaching.meetings.refusals import TimeIncomplete
from services.coaching.meetings.three_party import Stage

routes = Routes()
MeetingPath = Annotated[str, Path(pattern=UUID)]
ASK = "three-party"


class Ask(BaseModel):
    """Up to three times; one without an end is as long as the plan says."""

    on_1: date
    at_1: time
    until_1: time | None = None
    on_2: date | None = None
    at_2: time | None = None
    until_2: time | None = None
    on_3: date | None = None
    at_3: time | None = None
    until_3: time | None = None


async def _ask(db: Db, case_id: str, by: By, f: Ask) -> Case:
    length = db.plan.three_party.length.delta
    proposed = []
    for on, at, until in (
        (f.on_1, f.at_1, f.until_1), (f.on_2, f.at_2, f.until_2), (f.on_3, f.at_3, f.until_3),
    ):
        if on is None and at is None and until is None:
            continue
        if on is None or at is None:
            raise Refused(TimeIncomplete())
        starts_at = calendar.at(on, at)
        ends_at = calendar.at(on, until) if until else starts_at + length
        proposed.append(ProposedTime(starts_at=starts_at, ends_at=ends_at))
    return await handlers.ask_three_party(db, case_id, by, proposed)


add(routes, ActPage(
    ASK, Ask, lambda page, _: {}, _ask, N_("The case manager is asked. You are told the answer here."),
    {"proposed": "on_1"}))


@routes.page("POST", "/cases/{case_id}/three-party/call-off", policy=WORKERS)
async def call_off(case_id: Id, page: Page, db: Db) -> Response:
    await handlers.call_off_three_party(db, case_id, access.by(page.who, page.now))
    said = page.gettext("The three-party meeting is called off. The case manager is told.")
    return page.redirect(f"/cases/{case_id}", said=said)


@routes.page("GET", "/cases/{case_id}/three-party/{meeting_id}/calendar.ics", policy=READERS)
async def calendar_of(case_id: Id, meeting_id: MeetingPath, page: Page, db: Db) -> Response:
    """The meeting for the calendar, or its cancellation: number, time and place, nothing of the client."""
    case = await store.case(db, case_id, access.by(page.who, page.now).whose)
    meeting = next((each for each in three_party.meetings(case) if each.id == meeting_id), None)
    if meeting is None or meeting.agreed is None or meeting.agreed_at is None:
        raise Refused(NotFound())
    words, agreed = Words(page), meeting.agreed
    names = await directory.names(db, [agreed.case_manager, meeting.coach])
    area = words.rules.roles["case-manager"].organisations[0]
    file = Meeting(
        id=meeting.id, sequence=agreed.sequence, starts_at=agreed.starts_at, ends_at=agreed.ends_at,
        stamp=meeting.agreed_at, place=words.code("place", agreed.place),
        summary=page.gettext("Three-party meeting, referral %(number)s", number=case.number),
        organiser=Participant(words.organisation(area), db.settings.mail_from),
        attendees=[Participant(names.get(each, each)) for each in (agreed.case_manager, meeting.coach)],
    )
    stands = meeting.stage in (Stage.AGREED, Stage.HELD)
    content = calendar_file.invitation(file) if stands else calendar_file.cancellation(file, meeting.since)
    return calendar_file.answer(content, page.gettext("three-party-%(number)s.ics", number=case.number))

"""The API of cases: the same acts as the pages, for a provider's own programs."""

from typing import Annotated, Any

from fastapi import Path, Query, Response

from chassis import obligations
from chassis.database import Session
from chassis.web import Db, Routes, Who
from contracts.fields import UUID
from services.coaching import access
from services.coaching.access import WORKERS
from services.coaching.cases import handlers, schemas, store
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import Case
from services.coaching.cases.schemas import CasePage, CaseShown, ContactShown, Made
from services.coaching.cases.timeline import timeline
from services.coaching.referrals import handlers as referrals

routes = Routes("Cases")
Id = Annotated[
    str, Path(pattern=UUID, description="`case_id`, or PARty's own id of the case.", examples=[schemas.EXAMPLE_ID])
]


async def whole(db: Session, case: Case) -> CaseShown:
    """A case as it now is, with what it owes and what happened."""
    return schemas.whole(case, await timeline(db, case), await obligations.about(db, "case", case.id))


@routes.api(
    "GET", "/api/cases", policy=WORKERS, scope="cases:read", response_model=CasePage,
    summary="List cases, newest first",
)
async def list_cases(
    db: Db, who: Who,
    status: Annotated[list[Status] | None, Query(description="One or several.")] = None,
    service: Annotated[str | None, Query(max_length=40)] = None,
    coach: Annotated[str | None, Query(max_length=64)] = None,
    number: Annotated[str | None, Query(max_length=13, description="`2026-0412`, the same on both sides.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(pattern=UUID, description="`next` of the page before.")] = None,
) -> Any:
    """Cases of your own organisation."""
    found = await store.listed(
        db, access.by(who, db.now).whose, statuses=status or (), service=service, coach=coach, number=number,
        before=after, limit=limit + 1,
    )
    here, more = found[:limit], len(found) > limit
    return CasePage(cases=[schemas.listed(c) for c in here], next=here[-1].case_id if more else None)


@routes.api(
    "POST", "/api/cases", policy=WORKERS, scope="cases", status=201, response_model=Made,
    summary="Open a case for a client who came without a referral",
)
async def open_case(new: schemas.NewCase, response: Response, db: Db, who: Who) -> Any:
    """A referral opens its case by itself; Pointti takes clients by referral alone."""
    case = await handlers.open_case(
        db, access.by(who, db.now), new.service, new.municipality, new.origin, new.asked_on, new.basis)
    response.headers["Location"] = f"{db.settings.prefix_path}/api/cases/{case.id}"
    return Made(case_id=case.id, number=case.number)


@routes.api(
    "GET", "/api/cases/{case_id}", policy=WORKERS, scope="cases:read", response_model=CaseShown,
    summary="One case: status, obligations, timeline",
)
async def show(case_id: Id, db: Db, who: Who) -> Any:
    """All that is known of it but name and phone: see `contact-details`."""
    return await whole(db, await handlers.read(db, case_id, access.by(who, db.now)))


@routes.api(
    "POST", "/api/cases/{case_id}/contact-details", policy=WORKERS, scope="contact-details",
    response_model=ContactShown, summary="Show name and phone, for a reason",
)
async def reveal(case_id: Id, why: schemas.Reveal, db: Db, who: Who, response: Response) -> Any:
    """Opened in memory for this answer alone; each look is in the audit log with its reason. 409 once the consent is
    not in force, 410 once they are erased, 429 above the plan's hourly limit."""
    contact = await referrals.reveal(db, case_id, access.by(who, db.now), why.reason)
    response.headers["Cache-Control"] = "no-store"
    return ContactShown(name=contact.name.reveal(), phone=contact.phone.reveal())


@routes.api(
    "POST", "/api/cases/{case_id}/attempts", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="Record an attempt to reach the client",
)
async def record_attempt(case_id: Id, attempt: schemas.Attempt, db: Db, who: Who) -> Any:
    """The employment area learns nothing of it."""
    return await whole(db, await handlers.record_attempt(
        db, case_id, access.by(who, db.now), attempt.at or db.now, attempt.channel, attempt.reached))


@routes.api(
    "POST", "/api/cases/{case_id}/appointments", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="Book a time with the client",
)
async def book_appointment(case_id: Id, booked: schemas.Appointment, db: Db, who: Who) -> Any:
    """A later one replaces it. The employment area learns nothing of it."""
    return await whole(db, await handlers.book_appointment(
        db, case_id, access.by(who, db.now), booked.at, booked.place, booked.reached_by))


@routes.api(
    "POST", "/api/cases/{case_id}/appointments/missed", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="The client did not come at the booked time",
)
async def miss_appointment(case_id: Id, db: Db, who: Who) -> Any:
    """Once the time has passed: an attempt then that reached nobody. The client is tried again."""
    return await whole(db, await handlers.miss_appointment(db, case_id, access.by(who, db.now)))


@routes.api(
    "POST", "/api/cases/{case_id}/meetings", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="Record a meeting as held",
)
async def hold_meeting(case_id: Id, meeting: schemas.Meeting, db: Db, who: Who) -> Any:
    """The first that is no interview begins the service; telling the area so is an act of its own: `start`."""
    return await whole(db, await handlers.hold_meeting(
        db, case_id, access.by(who, db.now), meeting.on, meeting.kind))


@routes.api(
    "POST", "/api/cases/{case_id}/start", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="The service started; tell the employment area",
)
async def start(case_id: Id, start: schemas.Start, db: Db, who: Who) -> Any:
    """Where no meeting (Pointti: period) is recorded yet, the first was held, or began, that day."""
    return await whole(db, await handlers.start(db, case_id, access.by(who, db.now), start.on))


@routes.api(
    "POST", "/api/cases/{case_id}/end", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="The service ended; tell the employment area",
)
async def end(case_id: Id, end: schemas.End, db: Db, who: Who) -> Any:
    """The outcome becomes a figure under a pseudonym. The contact details are erased when the plan's time is over."""
    return await whole(db, await handlers.end(db, case_id, access.by(who, db.now), end.on, end.outcome))


@routes.api(
    "POST", "/api/cases/{case_id}/return", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="Give the referral back",
)
async def give_back(case_id: Id, returned: schemas.Return, db: Db, who: Who) -> Any:
    """From here on nobody can read the contact details."""
    return await whole(db, await handlers.give_back(
        db, case_id, access.by(who, db.now), returned.reason, returned.right_address))


@routes.api(
    "POST", "/api/cases/{case_id}/not-begun", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="Close a case whose service never began",
)
async def close_unbegun(case_id: Id, closed: schemas.NotBegunBody, db: Db, who: Who) -> Any:
    """Why stays on the municipal side. Of coaching and Pointti the referral is returned as `not-started`. In outreach
    `not-reached` is refused until attempts were made as long and by as many channels as the plan says."""
    return await whole(db, await handlers.close_unbegun(
        db, case_id, access.by(who, db.now), closed.on, closed.reason))


@routes.api(
    "POST", "/api/cases/{case_id}/withdrawal", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="The client withdraws the consent",
)
async def withdraw(case_id: Id, told: schemas.WithdrawalBody, db: Db, who: Who) -> Any:
    """The employment area hears it at once. From here on nobody can read the contact details; both sides erase them."""
    return await whole(db, await handlers.withdraw(db, case_id, access.by(who, db.now), told.told_at))


@routes.api(
    "POST", "/api/cases/{case_id}/review", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="The case was looked at and goes on",
)
async def review(case_id: Id, db: Db, who: Who) -> Any:
    """The next review is due after the plan's time."""
    return await whole(db, await handlers.review(db, case_id, access.by(who, db.now)))


@routes.api(
    "POST", "/api/cases/{case_id}/going-on", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="The client began work or studies, and the service goes on",
)
async def go_on(case_id: Id, going: schemas.GoOn, db: Db, who: Who) -> Any:
    """Nothing ends by it, and the outcome is recorded at the end alone. The employment area learns nothing of it."""
    return await whole(db, await handlers.go_on(db, case_id, access.by(who, db.now), going.beside, going.since))


@routes.api(
    "POST", "/api/cases/{case_id}/coach", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="Hand the case over to a colleague",
)
async def hand_over(case_id: Id, to: schemas.HandOver, db: Db, who: Who) -> Any:
    """Whatever the case owes is the colleague's from now on; deadlines stay."""
    return await whole(db, await handlers.hand_over(db, case_id, access.by(who, db.now), to.coach))


@routes.api(
    "POST", "/api/cases/{case_id}/earlier-case", policy=WORKERS, scope="cases", response_model=CaseShown,
    summary="The client is the one of an earlier case",
)
async def came_before(case_id: Id, earlier: schemas.CameBefore, db: Db, who: Who) -> Any:
    """Figures count the two cases as one person's from now on."""
    return await whole(db, await handlers.came_before(
        db, case_id, access.by(who, db.now), earlier.earlier_case_id))

"""Forms of the acts in a case: each a page of its own, so that what was typed survives whatever happens."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any, Generic, Literal, TypeVar

from fastapi import Response
from pydantic import BaseModel, Field

from chassis import calendar, seats
from chassis.decisions import Refused
from chassis.policy import Policy
from chassis.web import N_, Db, Form, Page, Routes, blank
from chassis.web.formats import Formats
from chassis.web.late import with_absence
from contracts import plan
from contracts.events.casework import NotBegun, Origin, Outcome
from contracts.events.coaching import RightAddress
from services.coaching import access, directory
from services.coaching.access import WORKERS
from services.coaching.cases import handlers, opening, store
from services.coaching.cases.api import Id
from services.coaching.cases.domain import Case, Channel, MeetingKind, ReturnReason
from services.coaching.cases.handlers import By
from services.coaching.cases.opening import AskedBasis
from services.coaching.cases.refusals import ChangedMeanwhile, EarlierCaseUnknown
from services.coaching.cases.timeline import timeline
from services.coaching.cases.wording import LISTS, ORIGINS, Words
from services.coaching.outreach.trying import next_channel

M = TypeVar("M", bound=BaseModel)
routes = Routes()


@dataclass(frozen=True)
class ActPage(Generic[M]):
    """One act: its form, what stands in it first, what it does, and the sentence after it.

    `at` maps the field that a refusal points to onto the form's; `more` is what else the page shows; `then` is where
    it leads, the case's page unless said.
    """

    name: str
    model: type[M]
    first: Callable[[Page, Case], Mapping[str, Any]]
    do: Callable[[Db, str, By, M], Awaitable[Case]]
    said: str
    at: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = WORKERS
    more: Callable[[Page, Db, Case], Awaitable[Mapping[str, Any]]] | None = None
    then: str = ""


def add(to: Routes, act: ActPage[Any]) -> None:
    """Adds the page that asks and the press that does."""

    @to.page("GET", f"/cases/{{case_id}}/{act.name}", policy=act.policy)
    async def ask(case_id: Id, page: Page, db: Db) -> Response:
        case = await handlers.read(db, case_id, access.by(page.who, page.now))
        return await _shown(page, db, case, act, blank(**act.first(page, case)))

    @to.page("POST", f"/cases/{{case_id}}/{act.name}", policy=act.policy)
    async def press(case_id: Id, page: Page, db: Db) -> Response:
        by = access.by(page.who, page.now)
        form = await page.form(act.model)
        if form.ok:
            try:
                await act.do(db, case_id, replace(by, seen=form.value("seen")), form.read)
                return page.redirect(act.then or f"/cases/{case_id}", said=page.gettext(act.said))
            except Refused as fault:
                if fault.refusal.code == ChangedMeanwhile.code:
                    return await _changed(page, db, await store.case(db, case_id, by.whose), act, form)
                page.refuse(form, fault, act.at)
        return await _shown(page, db, await store.case(db, case_id, by.whose), act, form, 422)


async def _changed(page: Page, db: Db, case: Case, act: ActPage[Any], form: Form[Any]) -> Response:
    """Somebody was faster: what was typed stays, what happened last is said, and sending again records it."""
    last = (await timeline(db, case))[0]
    by = Words(page).by(last.by, await directory.names(db, [last.by] if last.by else []))
    form.refuse("", page.gettext(
        "The case changed while you wrote. Last of all, %(when)s, %(by)s: %(what)s Send again if yours still holds.",
        when=Formats(page.language, page.texts).moment(last.at), by=by or page.gettext("by itself"),
        what=Words(page).happened(last, case.service)))
    return await _shown(page, db, case, act, form, 409)


async def _shown(
    page: Page, db: Db, case: Case, act: ActPage[Any], form: Form[Any], status: int = 200
) -> Response:
    words = Words(page)
    service = words.rules.services.get(case.service)
    return page.render(
        f"act-{act.name}.html", status, words=words, case=case, form=form,
        told=bool(service and service.start_and_end_told), listed=LISTS,
        goes_on=service.goes_on_after if service else (),
        colleagues=with_absence(page, await handlers.colleagues(db, case), await seats.away(db, case.provider)),
        **(await act.more(page, db, case) if act.more else {}),
    )


def _now(page: Page) -> dict[str, Any]:
    now = page.now.astimezone(calendar.HELSINKI)
    return {"on": page.today, "at": now.time()}


def _today(page: Page, case: Case) -> Mapping[str, Any]:
    return {"on": page.today}


def _next_meeting(page: Page, case: Case) -> MeetingKind:
    """The kind of the next meeting: the service's first kind, until enough of them were held."""
    rules = plan.on(page.today)
    first = rules.services[case.service].meetings[0]
    most = rules.coaching.starter_package_maximum if first == "starter-package" else 1
    held = [meeting.kind for meeting in case.course.meetings]
    return first if len(held) < most and set(held) <= {first} else "coaching"


def _next_channel(page: Page, case: Case) -> Channel:
    """The way to be tried next."""
    trying = plan.on(page.today).trying(case.service)
    return next_channel(case.course, trying.channels) if trying else "call"


class Attempt(BaseModel):
    """Without a day and a time: just now."""

    on: date | None = None
    at: time | None = None
    channel: Channel
    reached: bool = False


class Appointment(BaseModel):
    on: date
    at: time
    place: str = Field(max_length=40)
    reached_by: Channel | None = None


class Meeting(BaseModel):
    on: date
    kind: MeetingKind


class GoOn(BaseModel):
    beside: Literal["work", "education"]
    since: date


class OnDay(BaseModel):
    on: date


class End(BaseModel):
    on: date
    outcome: Outcome | None = None


class Return(BaseModel):
    reason: ReturnReason
    right_organisation: str | None = Field(None, max_length=40)
    right_service: str | None = Field(None, max_length=40)


class Unbegun(BaseModel):
    on: date
    reason: NotBegun


class Withdrawal(BaseModel):
    on: date
    at: time


class HandOver(BaseModel):
    coach: str = Field(pattern=r"^[a-z0-9-]{1,64}$")


class CameBefore(BaseModel):
    number: str = Field(max_length=20)


class NewCase(BaseModel):
    service: str = Field(max_length=40)
    municipality: str = Field(max_length=40)
    origin: Origin
    basis: AskedBasis | None = None
    asked_on: date


async def _attempt(db: Db, case_id: str, by: By, f: Attempt) -> Case:
    at = calendar.at(f.on, f.at) if f.on and f.at else db.now
    return await handlers.record_attempt(db, case_id, by, at, f.channel, f.reached)


async def _appointment(db: Db, case_id: str, by: By, f: Appointment) -> Case:
    return await handlers.book_appointment(db, case_id, by, calendar.at(f.on, f.at), f.place, f.reached_by)


async def _meeting(db: Db, case_id: str, by: By, f: Meeting) -> Case:
    return await handlers.hold_meeting(db, case_id, by, f.on, f.kind)


async def _go_on(db: Db, case_id: str, by: By, f: GoOn) -> Case:
    return await handlers.go_on(db, case_id, by, f.beside, f.since)


async def _start(db: Db, case_id: str, by: By, f: OnDay) -> Case:
    return await handlers.start(db, case_id, by, f.on)


async def _end(db: Db, case_id: str, by: By, f: End) -> Case:
    return await handlers.end(db, case_id, by, f.on, f.outcome)


async def _return(db: Db, case_id: str, by: By, f: Return) -> Case:
    right = None
    if f.reason == "wrong-address" and f.right_organisation and f.right_service:
        right = RightAddress(organisation=f.right_organisation, service=f.right_service)
    return await handlers.give_back(db, case_id, by, f.reason, right)


async def _unbegun(db: Db, case_id: str, by: By, f: Unbegun) -> Case:
    return await handlers.close_unbegun(db, case_id, by, f.on, f.reason)


async def _withdraw(db: Db, case_id: str, by: By, f: Withdrawal) -> Case:
    return await handlers.withdraw(db, case_id, by, calendar.at(f.on, f.at))


async def _hand_over(db: Db, case_id: str, by: By, f: HandOver) -> Case:
    return await handlers.hand_over(db, case_id, by, f.coach)


async def _came_before(db: Db, case_id: str, by: By, f: CameBefore) -> Case:
    found = await store.listed(db, by.whose, number=f.number.strip())
    if not found or found[0].case_id == case_id:
        raise Refused(EarlierCaseUnknown())
    return await handlers.came_before(db, case_id, by, found[0].case_id)


ACTS: tuple[ActPage[Any], ...] = (
    ActPage("attempt", Attempt, lambda page, case: {
        **_now(page), "channel": _next_channel(page, case), "reached": "no",
    }, _attempt, N_("The attempt is recorded."), {"on": "on", "at": "at"}),
    ActPage("appointment", Appointment, lambda page, case: {
        "place": next((code for code in plan.on(page.today).codes["place"] if code.startswith(case.provider)), None),
        "reached_by": None if case.course.reached else "call",
    }, _appointment, N_("The time is booked.")),
    ActPage("meeting", Meeting, lambda page, case: {
        "on": page.today, "kind": page.request.query_params.get("kind") or _next_meeting(page, case),
    }, _meeting, N_("The meeting is recorded.")),
    ActPage("going-on", GoOn, lambda page, _: {"since": page.today}, _go_on,
            N_("It is recorded that the case goes on.")),
    ActPage("start", OnDay, lambda page, case: {"on": case.course.began_on() or page.today}, _start,
            N_("The start is recorded.")),
    ActPage("end", End, _today, _end, N_("The end is recorded.")),
    ActPage("return", Return, lambda page, _: {}, _return,
            N_("The referral is given back. From now on nobody can read the contact details."),
            {"right_address": "right_organisation", "right_address/organisation": "right_organisation",
             "right_address/service": "right_service"}),
    ActPage("not-begun", Unbegun, _today, _unbegun, N_("The case is closed."), {"not_begun": "reason"}),
    ActPage("withdrawal", Withdrawal, lambda page, _: _now(page), _withdraw,
            N_("The withdrawal is recorded. From now on nobody can read the contact details."), {"told_at": "at"}),
    ActPage("coach", HandOver, lambda page, _: {}, _hand_over, N_("The case is handed over.")),
    ActPage("earlier-case", CameBefore, lambda page, _: {}, _came_before,
            N_("Figures count the two cases as one client's.")),
)
for each in ACTS:
    add(routes, each)


@routes.page("POST", "/cases/{case_id}/review", policy=WORKERS)
async def review(case_id: Id, page: Page, db: Db) -> Response:
    await handlers.review(db, case_id, access.by(page.who, page.now))
    return page.redirect(f"/cases/{case_id}", said=page.gettext("The case goes on."))


@routes.page("POST", "/cases/{case_id}/missed", policy=WORKERS)
async def miss_appointment(case_id: Id, page: Page, db: Db) -> Response:
    """The client did not come: one press, once the time has passed."""
    await handlers.miss_appointment(db, case_id, access.by(page.who, page.now))
    return page.redirect(f"/cases/{case_id}", said=page.gettext("It is recorded that the client did not come."))


@routes.page("GET", "/new-case", policy=WORKERS)
async def ask_new_case(page: Page, db: Db) -> Response:
    """A client who came without a referral."""
    return _new_case(page, blank(asked_on=page.today))


@routes.page("POST", "/new-case", policy=WORKERS)
async def open_case(page: Page, db: Db) -> Response:
    form = await page.form(NewCase)
    if form.ok:
        f = form.read
        try:
            case = await handlers.open_case(
                db, access.by(page.who, page.now), f.service, f.municipality, f.origin, f.asked_on, f.basis)
            return page.redirect(f"/cases/{case.id}", said=page.gettext("The case is open."))
        except Refused as fault:
            page.refuse(form, fault, {"on": "asked_on"})
    return _new_case(page, form, 422)


def _new_case(page: Page, form: Form[Any], status: int = 200) -> Response:
    words = Words(page)
    whose = access.by(page.who, page.now).whose
    rules = words.rules
    residents = {
        code: words.municipalities_of(code, whose) for code, service in rules.services.items()
        if code in whose.services and not service.referral_only}
    served = {code for choices in residents.values() for code, _ in choices}
    return page.render(
        "new-case.html", status, words=words, form=form,
        services=[(code, words.service(code)) for code, choices in residents.items() if choices],
        municipalities=[(code, name) for code, name in words.codes("municipality") if code in served],
        asks_basis=any(choices and opening.asks_basis(code, rules) for code, choices in residents.items()),
        origins=words.choices(ORIGINS, ("self", "other-service", "yhteisetsiva")),
    )

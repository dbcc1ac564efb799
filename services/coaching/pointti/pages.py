"""Pages of the workshop's periods: groups with their places, who waits, how a period begins and ends."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from chassis import calendar
from chassis.decisions import Refused
from chassis.web import N_, Db, Form, Page, Routes, blank
from contracts.events.casework import PlanAfter
from contracts.fields import UUID
from services.coaching import access
from services.coaching.access import INSTRUCTORS
from services.coaching.cases import handlers as cases
from services.coaching.cases.act_pages import ActPage, add
from services.coaching.cases.api import Id
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.cases.wording import PLANS, Words
from services.coaching.pointti import handlers, members, store
from services.coaching.pointti.courses import PlaceState, place
from services.coaching.pointti.members import Whole
from services.coaching.pointti.wording import PLACE_WORDS, joining

routes = Routes()
GroupId = Annotated[str, Path(pattern=UUID)]
PAST_SHOWN = 6
"""How many groups that have ended the page of all shows."""


class GroupWanted(BaseModel):
    first_day: date
    places: int = Field(ge=1, le=200)


class Began(BaseModel):
    on: date
    came: list[str] = Field(default_factory=list, max_length=200)
    tell: bool = False


class PlaceWanted(BaseModel):
    group_id: str = Field(pattern=UUID)


class Nothing(BaseModel):
    """An act that asks for nothing but the press."""


class CaseWanted(BaseModel):
    case_id: str = Field(pattern=UUID)


class PeriodEnd(BaseModel):
    on: date
    plan: PlanAfter


class PlanMade(PeriodEnd, CaseWanted):
    """The plan of one young person of a group."""


# --- all groups


@routes.page("GET", "/periods", policy=INSTRUCTORS)
async def every(page: Page, db: Db) -> Response:
    """Groups that run, come and have been; who waits, in order of interview."""
    by, today = access.by(page.who, page.now), page.today
    found = await store.groups_of(db, by.whose.provider)
    past = [g for g in found if g.last_day < today]
    return page.render(
        "periods.html", words=Words(page), running=[g for g in found if g.first_day <= today <= g.last_day],
        coming=[g for g in found if g.first_day > today], past=past[-PAST_SHOWN:][::-1],
        unfinished=[g for g in past[:-PAST_SHOWN] if g.taken], waiting=await members.waiting(db, by),
        outside=await members.outside_groups(db, by), free=await store.free_places(db, by.whose.provider, today),
    )


@routes.page("GET", "/periods/new", policy=INSTRUCTORS)
async def ask_group(page: Page, db: Db) -> Response:
    """A new group: it begins when the one before it has ended, and has as many places, until something else is
    written."""
    found = await store.groups_of(db, access.by(page.who, page.now).whose.provider)
    first_day = max([page.today, *(g.last_day for g in found)]) + calendar.ONE_DAY
    while not calendar.is_business_day(first_day):
        first_day += calendar.ONE_DAY
    return _group_form(page, blank(first_day=first_day, places=found[-1].places if found else None))


@routes.page("POST", "/periods/new", policy=INSTRUCTORS)
async def make_group(page: Page, db: Db) -> Response:
    form = await page.form(GroupWanted, _sentences(page))
    if not form.ok:
        return _group_form(page, form, 422)
    made = await handlers.make_group(db, access.by(page.who, page.now), form.read.first_day, form.read.places)
    return page.redirect(f"/periods/{made.group_id}", said=page.gettext("The period is made."))


def _group_form(page: Page, form: Form[Any], status: int = 200, group: Any = None) -> Response:
    return page.render("period-form.html", status, words=Words(page), form=form, group=group)


def _sentences(page: Page) -> dict[str, str]:
    return {"places": page.gettext("Write a whole number, 1 or more.")}


# --- one group


@routes.page("GET", "/periods/{group_id}", policy=INSTRUCTORS)
async def one(group_id: GroupId, page: Page, db: Db) -> Response:
    """Who is in the group, and its free places; those who wait can be taken in."""
    return await _group(page, db, group_id)


async def _group(page: Page, db: Db, group_id: str, status: int = 200, form: Form[Any] | None = None) -> Response:
    by = access.by(page.who, page.now)
    seen = await members.of_group(db, group_id, by)
    is_over, words = seen.group.last_day < page.today, Words(page)
    waiting = [] if is_over else await members.waiting(db, by)
    return page.render(
        "period-group.html", status, words=words, group=seen.group, members=seen.members,
        kept=seen.having(PlaceState.KEPT), running=seen.having(PlaceState.IN_PERIOD), is_over=is_over,
        states=PLACE_WORDS, plans=PLANS, form=form or blank(), has_begun=seen.group.first_day <= page.today,
        untouched=blank(), waiting=waiting, waiting_options=[
            (w.case.id, page.gettext(
                "%(number)s, %(residence)s, interviewed %(day)s", number=w.case.number,
                residence=words.municipality(w.case.municipality), day=words.formats.date_(w.since))) for w in waiting],
    )


@routes.page("GET", "/periods/{group_id}/change", policy=INSTRUCTORS)
async def ask_change(group_id: GroupId, page: Page, db: Db) -> Response:
    group = (await members.of_group(db, group_id, access.by(page.who, page.now))).group
    return _group_form(page, blank(first_day=group.first_day, places=group.places), group=group)


@routes.page("POST", "/periods/{group_id}/change", policy=INSTRUCTORS)
async def change_group(group_id: GroupId, page: Page, db: Db) -> Response:
    by = access.by(page.who, page.now)
    form = await page.form(GroupWanted, _sentences(page))
    if form.ok:
        try:
            await handlers.change_group(db, group_id, by, form.read.first_day, form.read.places)
            return page.redirect(f"/periods/{group_id}", said=page.gettext("The period is changed."))
        except Refused as fault:
            page.refuse(form, fault)
    return _group_form(page, form, 422, (await members.of_group(db, group_id, by)).group)


@routes.page("POST", "/periods/{group_id}/removal", policy=INSTRUCTORS)
async def remove_group(group_id: GroupId, page: Page, db: Db) -> Response:
    await handlers.remove_group(db, group_id, access.by(page.who, page.now))
    return page.redirect("/periods", said=page.gettext("The period is removed."))


@routes.page("POST", "/periods/{group_id}/members", policy=INSTRUCTORS)
async def take_in(group_id: GroupId, page: Page, db: Db) -> Response:
    """Somebody who waits gets a place in this group."""
    form = await page.form(CaseWanted)
    if form.ok:
        try:
            case = await handlers.keep_place(db, form.read.case_id, access.by(page.who, page.now), group_id)
            said = page.gettext("%(number)s has a place in the period.", number=case.number)
            return page.redirect(f"/periods/{group_id}", said=said)
        except Refused as fault:
            page.refuse(form, fault)
    return await _group(page, db, group_id, 422, form)


# --- how a period begins, and ends


@routes.page("GET", "/periods/{group_id}/begin", policy=INSTRUCTORS)
async def ask_begin(group_id: GroupId, page: Page, db: Db) -> Response:
    """Who came on the first day: everybody, until somebody is left out."""
    seen = await members.of_group(db, group_id, access.by(page.who, page.now))
    came = [m.case.id for m in seen.having(PlaceState.KEPT)]
    return _begin(page, seen, blank(on=seen.group.first_day, came=came, tell=True))


@routes.page("POST", "/periods/{group_id}/begin", policy=INSTRUCTORS)
async def begin(group_id: GroupId, page: Page, db: Db) -> Response:
    by = access.by(page.who, page.now)
    form = await page.form(Began)
    if form.ok and not form.read.came:
        form.refuse("came", page.gettext("Choose those who came."))
    if form.ok:
        try:
            began = await handlers.begin_group(db, group_id, by, form.read.on, form.read.came, form.read.tell)
            said = page.ngettext("The period began for one.", "The period began for %(num)s.", len(began))
            return page.redirect(f"/periods/{group_id}", said=said)
        except Refused as fault:
            page.refuse(form, fault)
    return _begin(page, await members.of_group(db, group_id, by), form, 422)


def _begin(page: Page, seen: Whole, form: Form[Any], status: int = 200) -> Response:
    words, kept = Words(page), seen.having(PlaceState.KEPT)
    return page.render("period-begin.html", status, words=words, group=seen.group, form=form, kept=kept, members=[
        (m.case.id, f"{m.case.number}, {words.municipality(m.case.municipality)}") for m in kept])


@routes.page("GET", "/periods/{group_id}/end", policy=INSTRUCTORS)
async def ask_plans(
    group_id: GroupId, page: Page, db: Db, of: Annotated[str, Query(pattern=f"{UUID}|^$")] = ""
) -> Response:
    """The plans of all in the group, in turn; `of` is whose turn is taken first."""
    seen = await members.of_group(db, group_id, access.by(page.who, page.now))
    return _plans(page, seen, blank(on=min(page.today, seen.group.last_day)), of)


@routes.page("POST", "/periods/{group_id}/end", policy=INSTRUCTORS)
async def make_plan(group_id: GroupId, page: Page, db: Db) -> Response:
    by = access.by(page.who, page.now)
    form = await page.form(PlanMade)
    if form.ok:
        try:
            case = await handlers.end_period(db, form.read.case_id, by, form.read.on, form.read.plan)
            return page.redirect(f"/periods/{group_id}/end", said=page.gettext(
                "The plan of %(number)s is recorded.", number=case.number))
        except Refused as fault:
            page.refuse(form, fault)
    return _plans(page, await members.of_group(db, group_id, by), form, form.value("case_id"), 422)


def _plans(page: Page, seen: Whole, form: Form[Any], of: str, status: int = 200) -> Response:
    left = seen.having(PlaceState.IN_PERIOD)
    words = Words(page)
    return page.render(
        "period-plans.html", status, words=words, group=seen.group, form=form, left=left,
        turn=next((m for m in left if m.case.id == of), next(iter(left), None)),
        done=seen.having(PlaceState.OVER), plan_names=PLANS,
        plans=words.choices(PLANS, words.rules.pointti.period_plans),
    )


# --- in a case


@routes.page("GET", "/cases/{case_id}/period", policy=INSTRUCTORS)
async def next_step(case_id: Id, page: Page, db: Db) -> Response:
    """To a place in a group, or to the group's beginning where a place is kept."""
    case = await cases.read(db, case_id, access.by(page.who, page.now))
    had = place(case.course)
    if had and had.state is PlaceState.KEPT and had.starts_on <= page.today:
        return page.redirect(f"/periods/{had.group_id}/begin")
    return page.redirect(f"/cases/{case_id}/place")


async def _choice(page: Page, db: Db, case: Case) -> dict[str, Any]:
    """The groups that somebody can join, and the place that is kept."""
    found = await store.groups_of(db, case.provider, since=page.today)
    had, words = place(case.course), Words(page)
    return {
        "had": had, "any_group": bool(found),
        "groups": [(g.group_id, joining(words, g, page.today)) for g in found
                   if g.free and (had is None or g.group_id != had.group_id)],
    }


async def _keep(db: Db, case_id: str, by: By, f: PlaceWanted) -> Case:
    return await handlers.keep_place(db, case_id, by, f.group_id)


async def _leave(db: Db, case_id: str, by: By, _: Nothing) -> Case:
    return await handlers.leave_place(db, case_id, by)


async def _end_period(db: Db, case_id: str, by: By, f: PeriodEnd) -> Case:
    return await handlers.end_period(db, case_id, by, f.on, f.plan)


def _last_day(page: Page, case: Case) -> dict[str, Any]:
    return {"on": min(page.today, case.course.period.ends_on) if case.course.period else page.today}


add(routes, ActPage(
    "place", PlaceWanted, lambda page, _: {}, _keep, N_("The place is recorded."), policy=INSTRUCTORS, more=_choice))
add(routes, ActPage(
    "place-leaving", Nothing, lambda page, _: {}, _leave, N_("The place is given up, and free for somebody else."),
    policy=INSTRUCTORS))
add(routes, ActPage(
    "period-end", PeriodEnd, _last_day, _end_period, N_("The period has ended with its plan."), policy=INSTRUCTORS))

"""Pages of a provider: what waits, what arrived, the cases, and one case with its next act."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field

from chassis import obligations, restriction, web
from chassis.contact import Contact
from chassis.decisions import NotFound, Refused
from chassis.web import N_, Db, Form, Page, Routes, blank
from chassis.web import waiting as waiting_page
from chassis.web.waiting import Task
from contracts.fields import UUID
from services.coaching import access, directory
from services.coaching.access import READERS, WORKERS
from services.coaching.cases import duties, handlers, store, waiting
from services.coaching.cases.api import Id
from services.coaching.cases.courses import CLOSED, OPEN, Status
from services.coaching.cases.domain import Case
from services.coaching.cases.schemas import details_of
from services.coaching.cases.timeline import timeline
from services.coaching.cases.wording import LISTS, Words
from services.coaching.client_situation import waiting as situation_waiting
from services.coaching.meetings import three_party
from services.coaching.outreach.trying import Trying, how_it_stands
from services.coaching.phenomena import pages as phenomena
from services.coaching.pointti.courses import place, tets
from services.coaching.pointti.wording import TET_WORDS
from services.coaching.referrals import handlers as referrals
from services.coaching.referrals import store as referrals_store

routes = Routes()
PAGE_ROWS = 50
FILTERS: Mapping[str, tuple[str, tuple[Status, ...]]] = {
    "open": (N_("Open cases"), OPEN),
    "running": (N_("Service under way"), (Status.RUNNING, Status.BETWEEN)),
    "closed": (N_("Ended cases"), tuple(CLOSED)),
    "all": (N_("All cases"), ()),
}


class Reason(BaseModel):
    reason: str = Field(max_length=40)


# --- what waits


@routes.page("GET", "/", policy=web.signed_in)
async def home(page: Page, db: Db) -> Response:
    """Obligations in order of deadline, and what happened last."""
    return waiting_page.render(page, await _tasks(page, db), happened=await waiting.happened(page, db))


@routes.page("GET", "/waiting/count", policy=web.signed_in)
async def count(page: Page, db: Db) -> Response:
    return waiting_page.count(page, await _tasks(page, db))


async def _tasks(page: Page, db: Db) -> list[Task]:
    """What the person owes in cases, of phenomena and of the client situation."""
    return [*await waiting.tasks(page, db), *await phenomena.tasks(page, db), *await situation_waiting.tasks(page, db)]


# --- lists


@routes.page("GET", "/arrived", policy=WORKERS)
async def arrived(page: Page, db: Db) -> Response:
    """Referrals that nobody has opened yet, the first to be answered first."""
    whose = access.by(page.who, page.now).whose
    found = await store.arrived(db, whose)
    roles = access.owed_roles(page.who, page.now)
    due = {o.about_id: o for provider in whose.providers for o in await obligations.waiting(
        db, organisation=provider, roles=roles) if o.kind == duties.CONTACT}
    ordered = sorted(found, key=lambda c: due[c.case_id].due_at if c.case_id in due else c.opened_at)
    return page.render("arrived.html", words=Words(page), cases=ordered, due=due)


@routes.page("GET", "/cases", policy=READERS)
async def every(
    page: Page, db: Db, show: Annotated[str, Query(max_length=10)] = "open",
    whose: Annotated[str, Query(max_length=10)] = "", number: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(pattern=f"{UUID}|^$")] = "",
) -> Response:
    """Cases by number; one's own first."""
    number = number.strip()
    mine, words = page.who.has(*access.ROLES) and whose == "mine" and not number, Words(page)
    theirs = access.by(page.who, page.now).whose
    own = theirs.services | {each.service for each in theirs.shared}
    found = await store.listed(
        db, theirs, statuses=() if number else FILTERS.get(show, FILTERS["open"])[1],
        coach=page.who.id if mine else None, number=number or None, before=after or None, limit=PAGE_ROWS + 1,
    )
    if number and len(found) == 1:
        return page.redirect(f"/cases/{found[0].case_id}")
    here = found[:PAGE_ROWS]
    names = await directory.names(db, [c.coach for c in here if c.coach])
    return page.render(
        "cases.html", words=words, services=own, is_outreach=bool(own) and all(map(words.rules.trying, own)),
        cases=here, names=names, show=show, whose="mine" if mine else "all",
        number=number, more=here[-1].case_id if len(found) > PAGE_ROWS else None, first=not after,
        may_hand_over=page.who.has(*access.ROLES, access.MANAGER),
        filters=[(code, page.gettext(label)) for code, (label, _) in FILTERS.items()],
    )


# --- one case


@routes.page("GET", "/referrals/{referral_id}", policy=READERS)
async def by_referral(referral_id: Id, page: Page, db: Db) -> Response:
    """Where a mail about a referral leads: to its case."""
    found = await store.of_referral(db, referral_id, access.by(page.who, page.now).whose)
    if found is None:
        raise Refused(NotFound())
    return page.redirect(f"/cases/{found.id}")


@routes.page("GET", "/cases/{case_id}", policy=READERS)
async def one(case_id: Id, page: Page, db: Db) -> Response:
    """What happened on the left, what is next on the right."""
    return await show(page, db, await handlers.read(db, case_id, access.by(page.who, page.now)))


@routes.page("GET", "/cases/{case_id}/contact-details", policy=READERS)
async def back_to_one(case_id: Id, page: Page) -> Response:
    """Where a reader lands who comes back to what was shown: not shown again."""
    return page.redirect(f"/cases/{case_id}")


@routes.page("POST", "/cases/{case_id}/contact-details", policy=WORKERS, repeatable=True)
async def reveal(case_id: Id, page: Page, db: Db) -> Response:
    """The case's page with name and phone in it, once."""
    by = access.by(page.who, page.now)
    form = await page.form(Reason, {"reason": page.gettext("Choose why you look.")})
    if not form.ok:
        return await show(page, db, await handlers.read(db, case_id, by), 422, form=form)
    since = page.session.started_at if page.session else None
    try:
        contact = await referrals.reveal(db, case_id, by, form.read.reason, since)
    except Refused as fault:
        if fault.refusal.status not in (409, 410):
            raise
        return page.redirect(f"/cases/{case_id}", said=page.sentence(fault.refusal))
    return await show(page, db, await store.case(db, case_id, by.whose), contact=contact)


async def show(
    page: Page, db: Db, case: Case, status: int = 200, *, contact: Contact | None = None,
    form: Form[Any] | None = None,
) -> Response:
    """The page of a case."""
    entries, words = await timeline(db, case), Words(page)
    owed = await obligations.about(db, "case", case.id)
    mine = [each for each in owed if each.owner_role in page.who.roles]
    three = three_party.latest(case)
    people = {e.by for e in entries if e.by} | {case.coach or ""}
    if three and three.agreed:
        people.add(three.agreed.case_manager)
    service = words.rules.services.get(case.service)
    return page.render(
        "case.html", status, words=words, case=case, entries=entries, names=await directory.names(db, people),
        owed=owed, next=next(iter(mine or owed), None), contact=contact, form=form or blank(reason="contact-attempt"),
        details=details_of(case), restricted=await restriction.in_force(db, "case", case.id),
        corrected_at=case.referral and await referrals_store.corrected_at(db, case.referral.id),
        may_act=page.who.has(*access.ROLES),
        told=bool(service and service.start_and_end_told), is_first=case.course.began_on() is None,
        attempts=len(case.course.attempts), listed=LISTS, trying=_trying(words, case),
        starter=Starter.of_case(words, case), goes_on=service.goes_on_after if service else (),
        three_party=three, may_ask=three_party.may_ask(case, words.rules),
        kept=place(case.course), tets=tets(case.course, case.area_may_hear), tet_words=TET_WORDS,
        sends=page.who.has(access.MANAGER),
    )


@dataclass(frozen=True)
class Starter:
    """A starter package: whether the case's service has one (`of`), its most meetings, and whether they are held."""

    of: bool
    most: int
    is_held: bool

    @classmethod
    def of_case(cls, words: Words, case: Case) -> "Starter":
        service, most = words.rules.services.get(case.service), words.rules.coaching.starter_package_maximum
        has_one = service is not None and "starter-package" in service.meetings
        return cls(has_one, most, has_one and case.course.starter_meetings >= most)


def _trying(words: Words, case: Case) -> Trying | None:
    """How trying to reach a young person stands; None in other services."""
    rules = words.rules.trying(case.service)
    within = words.rules.respond_within(case.service) if rules else None
    return how_it_stands(case.course, words.page.today, rules, within) if rules and within else None

"""Pages of TET periods, and the manager's of work trials: what waits to be sent, what was sent, what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel, Field

from chassis import obligations
from chassis.obligations import Obligation
from chassis.web import N_, Db, Page, Routes
from contracts.events.coaching import WorkplaceKind
from contracts.fields import UUID
from services.coaching import access
from services.coaching.access import INSTRUCTORS, SENDERS
from services.coaching.cases import duties
from services.coaching.cases import store as cases
from services.coaching.cases.act_pages import ActPage, add
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.cases.wording import DECLINED, Words
from services.coaching.pointti import store, tet_handlers, tets
from services.coaching.pointti.courses import Tet, TetState, open_tet
from services.coaching.pointti.tets import Workplace
from services.coaching.pointti.wording import TET_WORDS

routes = Routes()
KINDS = {"municipal-unit": N_("Municipal unit"), "company": N_("Company")}
WISHES = {"yes": N_("Yes"), "no": N_("No")}
ANSWERED = (TetState.ACCEPTED, TetState.DECLINED, TetState.UNSENT)
"""What has been answered or left: to be seen for a while, and sent anew where it was not accepted."""
SHOWN_FOR = timedelta(days=60)
SEND = (TetState.TO_SEND, TetState.DECLINED, TetState.UNSENT)


class At(BaseModel):
    workplace_kind: WorkplaceKind
    unit: str | None = Field(None, max_length=40)
    business_id: str | None = Field(None, max_length=20)

    @property
    def workplace(self) -> Workplace:
        return Workplace(self.workplace_kind, self.unit, self.business_id)


class TetWanted(At):
    starts_on: date


class TetOver(BaseModel):
    tet_id: str = Field(pattern=UUID)
    young_person: Literal["yes", "no"]
    workplace: Literal["yes", "no"]


class Proposal(At):
    tet_id: str = Field(pattern=UUID)
    starts_on: date
    ends_on: date
    young_person_agrees: bool = False


class Unsent(BaseModel):
    tet_id: str = Field(pattern=UUID)
    reason: str = Field(max_length=40)


# --- the instructor's acts


def _at(tet: Tet | None) -> dict[str, Any]:
    if tet is None:
        return {"workplace_kind": "municipal-unit"}
    return {"workplace_kind": tet.agreed.workplace_kind, "unit": tet.unit, "business_id": tet.agreed.business_id}


def _agreed(page: Page, case: Case) -> dict[str, Any]:
    waiting = open_tet(case.course)
    return {**_at(waiting), "starts_on": waiting.agreed.starts_on if waiting else None}


async def _agree(db: Db, case_id: str, by: By, f: TetWanted) -> Case:
    return await tet_handlers.agree_tet(db, case_id, by, f.starts_on, f.workplace)


async def _end(db: Db, case_id: str, by: By, f: TetOver) -> Case:
    return await tet_handlers.end_tet(db, case_id, by, f.tet_id, f.young_person == "yes", f.workplace == "yes")


async def _lists(page: Page, db: Db, case: Case) -> dict[str, Any]:
    """The lists of the forms, and the TET period that waits to be recorded."""
    words = Words(page)
    return {"kinds": words.choices(KINDS), "units": words.codes("unit"), "waiting": open_tet(case.course),
            "wishes": words.choices(WISHES)}


def _over(page: Page, case: Case) -> dict[str, Any]:
    waiting = open_tet(case.course)
    return {"tet_id": waiting.id if waiting else None}


add(routes, ActPage(
    "tet", TetWanted, _agreed, _agree, N_("The TET period is recorded."), policy=INSTRUCTORS, more=_lists))
add(routes, ActPage(
    "tet-end", TetOver, _over, _end, N_("What both wish is recorded."), policy=INSTRUCTORS, more=_lists))


# --- the manager's


def _of_page(page: Page, case: Case) -> Tet | None:
    """The TET period whose work trial the page is about: the one that the address names, or the first that waits."""
    named = page.request.query_params.get("tet", "")
    known = tets.waiting(case, SEND)
    first = next((t for t in known if t.state is TetState.TO_SEND), None)
    return next((t for t in known if t.id == named), first)


def _proposal(page: Page, case: Case) -> dict[str, Any]:
    tet = _of_page(page, case)
    if tet is None:
        return {}
    before = tet.proposed
    return {
        **_at(tet), **({"starts_on": before.starts_on, "ends_on": before.ends_on} if before else {}), "tet_id": tet.id,
    }


async def _propose(db: Db, case_id: str, by: By, f: Proposal) -> Case:
    return await tet_handlers.propose(
        db, case_id, by, f.tet_id, f.starts_on, f.ends_on, f.workplace, f.young_person_agrees)


async def _leave(db: Db, case_id: str, by: By, f: Unsent) -> Case:
    return await tet_handlers.leave_unsent(db, case_id, by, f.tet_id, f.reason)


async def _sending(page: Page, db: Db, case: Case) -> dict[str, Any]:
    return {**await _lists(page, db, case), "tet": _of_page(page, case), "reasons": Words(page).codes("unsent-reason"),
            "declined": DECLINED}


add(routes, ActPage(
    "work-trial", Proposal, _proposal, _propose,
    N_("The proposal is sent to the employment area. The case manager answers."), policy=SENDERS, more=_sending,
    then="/work-trials"))
add(routes, ActPage(
    "work-trial-unsent", Unsent, lambda page, case: {"tet_id": tet.id if (tet := _of_page(page, case)) else None},
    _leave, N_("The proposal is left unsent."), policy=SENDERS, more=_sending, then="/work-trials"))


@dataclass(frozen=True)
class Trial:
    """A work trial as the manager's page shows it, with what is owed of it."""

    case: Case
    tet: Tet
    due: Obligation | None


@routes.page("GET", "/work-trials", policy=SENDERS)
async def every(page: Page, db: Db) -> Response:
    """What waits to be checked and sent, what waits for the area's answer, and what came of the others lately."""
    whose = access.by(page.who, page.now).whose
    shown = page.now - SHOWN_FOR
    ids = {*await store.cases_with_tets(db, (TetState.TO_SEND, TetState.SENT)),
           *await store.cases_with_tets(db, ANSWERED, shown)}
    found = await cases.every(db, ids, whose)
    owed = {o.about_id: o for o in await obligations.waiting(
        db, organisation=page.who.organisation or "", roles=page.who.roles) if o.kind == duties.SEND_PROPOSAL}

    def having(*states: TetState) -> Sequence[Trial]:
        return [Trial(case, tet, owed.get(case.id)) for case in found for tet in tets.waiting(case, states)]

    return page.render(
        "work-trials.html", words=Words(page), to_send=having(TetState.TO_SEND), sent=having(TetState.SENT),
        answered=having(*ANSWERED), states=TET_WORDS, declined=DECLINED,
    )

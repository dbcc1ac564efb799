"""Pages of the workshop: who is in a period, and the acts that begin and end one."""

from datetime import date

from fastapi import Response
from pydantic import BaseModel

from chassis.web import N_, Db, Page, Routes
from contracts.events.casework import PlanAfter
from services.coaching import access
from services.coaching.access import INSTRUCTORS
from services.coaching.cases import store
from services.coaching.cases.act_pages import ActPage, OnDay, add
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.cases.wording import Words
from services.coaching.pointti import handlers

routes = Routes()


class PeriodEnd(BaseModel):
    on: date
    plan: PlanAfter


@routes.page("GET", "/periods", policy=INSTRUCTORS)
async def periods(page: Page, db: Db) -> Response:
    """Young people in a period, and those who wait for one."""
    found = await store.in_workshop(db, access.by(page.who, page.now).whose)
    return page.render(
        "periods.html", words=Words(page), running=[c for c in found if c.course.period],
        waiting=[c for c in found if not c.course.period],
    )


async def _start_period(db: Db, case_id: str, by: By, f: OnDay) -> Case:
    return await handlers.start_period(db, case_id, by, f.on)


async def _end_period(db: Db, case_id: str, by: By, f: PeriodEnd) -> Case:
    return await handlers.end_period(db, case_id, by, f.on, f.plan)


add(routes, ActPage(
    "period", OnDay, lambda page, _: {"on": page.today}, _start_period, N_("The period is recorded."),
    policy=INSTRUCTORS))
add(routes, ActPage(
    "period-end", PeriodEnd, lambda page, _: {"on": page.today}, _end_period,
    N_("The period has ended with its plan."), policy=INSTRUCTORS))

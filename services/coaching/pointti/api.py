"""The API of the workshop's periods."""

from typing import Any

from chassis.web import Db, Routes, Who
from services.coaching import access
from services.coaching.access import INSTRUCTORS
from services.coaching.cases.api import Id, whole
from services.coaching.cases.schemas import CaseShown, Period, PeriodEnd
from services.coaching.pointti import handlers

routes = Routes("Pointti")


@routes.api(
    "POST", "/api/cases/{case_id}/periods", policy=INSTRUCTORS, scope="cases", response_model=CaseShown,
    summary="A period of the workshop begins",
)
async def start_period(case_id: Id, period: Period, db: Db, who: Who) -> Any:
    """An interview comes first; the period is as long as the plan says. The first one begins the service."""
    return await whole(db, await handlers.start_period(db, case_id, access.by(who, db.now), period.starts_on))


@routes.api(
    "POST", "/api/cases/{case_id}/periods/end", policy=INSTRUCTORS, scope="cases", response_model=CaseShown,
    summary="The period that runs ends with a plan",
)
async def end_period(case_id: Id, ended: PeriodEnd, db: Db, who: Who) -> Any:
    """The plan becomes a figure when the case ends; the employment area learns nothing of it."""
    return await whole(db, await handlers.end_period(
        db, case_id, access.by(who, db.now), ended.ended_on, ended.plan))

"""The API of the Ohjaamos: visits without an appointment."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.web import Db, Routes, Who
from contracts.fields import Code, MunicipalityCode
from services.coaching import access
from services.coaching.access import OHJAAMO
from services.coaching.cases.schemas import EXAMPLE_ID, Made
from services.coaching.ohjaamo import handlers, store
from services.coaching.ohjaamo.handlers import Visitor

routes = Routes("Ohjaamo")


class VisitBody(BaseModel):
    """Somebody came by. Name and phone are not kept here."""

    ohjaamo: MunicipalityCode = Field(description="Which Ohjaamo, by its municipality.")
    municipality: MunicipalityCode = Field(description="Where the client lives.")
    topic: Code = Field(description="A code of the plan (`ohjaamo-topic`).")
    settled: bool = Field(description="Whether the matter was settled in this visit: the case ends with it.")
    number: str | None = Field(None, max_length=20, description="Of the client's earlier case, if there is one.")

    model_config = ConfigDict(extra="forbid", json_schema_extra={
        "examples": [{"ohjaamo": "lempaala", "municipality": "vesilahti", "topic": "kela-form", "settled": True}]})


class VisitShown(BaseModel):
    case_id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["A-2026-0012"])
    municipality: str
    status: str
    at: datetime
    ohjaamo: str
    topic: str
    received_by: str


class Visits(BaseModel):
    visits: list[VisitShown]


@routes.api(
    "POST", "/api/ohjaamo/visits", policy=OHJAAMO, scope="cases", status=201, response_model=Made,
    summary="Somebody came to the Ohjaamo without an appointment",
)
async def receive(visit: VisitBody, response: Response, db: Db, who: Who) -> Any:
    """Opens a case with today's meeting in it, or adds the meeting to the open case of that number."""
    case = await handlers.receive(db, access.by(who, db.now), Visitor(**visit.model_dump()))
    response.headers["Location"] = f"{db.settings.prefix_path}/api/cases/{case.id}"
    return Made(case_id=case.id, number=case.number)


@routes.api(
    "GET", "/api/ohjaamo/visits", policy=OHJAAMO, scope="cases:read", response_model=Visits,
    summary="A day's visits, newest first",
)
async def visits(db: Db, who: Who, on: Annotated[date | None, Query(description="Today, unless given.")] = None) -> Any:
    """Of your own organisation's Ohjaamo."""
    found = await store.of_day(db, access.by(who, db.now).whose, on or db.today)
    return Visits(visits=[VisitShown(**vars(each)) for each in found])

"""The API of phenomenon observations: counts of a month, by phenomenon of the plan."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.web import Db, Routes, Who
from contracts.fields import Code, Count, Month, MunicipalityCode
from services.coaching.access import OUTREACH
from services.coaching.phenomena import handlers
from services.coaching.phenomena.domain import Sheet

routes = Routes("Phenomena")
OneMonth = Annotated[Month, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-11"])]


class Observations(BaseModel):
    """The month's observations, whole: what is left out was not met. A later one replaces it."""

    municipality: MunicipalityCode
    month: OneMonth
    observations: dict[Code, Count] = Field(description="By phenomenon, a code of the plan (`phenomenon`).")

    model_config = ConfigDict(extra="forbid", json_schema_extra={
        "examples": [{"municipality": "lempaala", "month": "2026-11", "observations": {"loneliness": 7, "money": 4}}]})


class SheetShown(BaseModel):
    municipality: str
    month: str = Field(examples=["2026-11"])
    observations: dict[str, int]
    recorded: bool = Field(description="Whether it was recorded after the month's end.")


def _shown(sheet: Sheet) -> SheetShown:
    return SheetShown(municipality=sheet.municipality, month=sheet.code, observations=dict(sheet.observations),
                      recorded=sheet.over_recorded)


@routes.api(
    "GET", "/api/phenomena", policy=OUTREACH, scope="phenomena:read", response_model=SheetShown,
    summary="A month's phenomenon observations",
)
async def show(
    db: Db, who: Who, municipality: Annotated[str, Query(max_length=40)],
    month: Annotated[OneMonth, Query()],
) -> Any:
    """Of your own municipality. No person is in it."""
    return _shown(await handlers.read(db, who, municipality, date.fromisoformat(f"{month}-01")))


@routes.api(
    "POST", "/api/phenomena", policy=OUTREACH, scope="phenomena", response_model=SheetShown,
    summary="Record a month's phenomenon observations",
)
async def observe(told: Observations, db: Db, who: Who) -> Any:
    """Becomes a figure of the municipality. Meets the month's obligation once the month is over."""
    return _shown(await handlers.observe(
        db, who, told.municipality, date.fromisoformat(f"{told.month}-01"), told.observations))

"""The API: tables, figures with their definitions, and the same as CSV."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from chassis.database import Session, driver
from chassis.decisions import NotFound, Refused
from chassis.web import Db, Routes, allow
from services.reporting import spreadsheet, store, wording
from services.reporting.measures import ALL, AREA_DEFINITION, AREA_TABLES, OVER_TIME, TARGETS
from services.reporting.store import Key, Published

routes = Routes("Figures")
SYSTEMS = allow()
SCOPE = "figures:read"
Table = Annotated[str, Query(
    pattern=r"^[a-z0-9-]{1,40}$", description="A table of `/api/tables`.", examples=["services"])]
Period = Annotated[str, Query(
    pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?$", description="A year, quarter or month.",
    examples=["2026", "2026-Q1", "2026-03"])]


class Named(BaseModel):
    """A text in Finnish and English."""

    fi: str
    en: str


class MeasureShown(BaseModel):
    """What a measure counts, as the figures' pages say it."""

    measure: str = Field(examples=["outcome-share"])
    name: Named
    definition: Named
    formula: Named
    unit: Literal["count", "percent", "days", "cents", "rating"]
    section: str = Field(description="Section of the action plan.", examples=["3.2"])
    sources: list[str] = Field(description="Events that it is counted from.", examples=[["ServiceEnded"]])
    dimensions: list[str] = Field(examples=[["service", "municipality"]])
    adds_up_over: list[Literal["time", "parts"]] = Field(
        description="`time`: months make the quarter and the year. `parts`: the parts make the total.")


class TableShown(BaseModel):
    """A table, its measures and the periods for which it has been published."""

    table: str = Field(examples=["services"])
    name: Named
    measures: list[MeasureShown]
    periods: list[str] = Field(examples=[["2025", "2026", "2026-01"]])


class FigureShown(BaseModel):
    """A cell; `value` is null where it is hidden, which never means that it is not zero."""

    measure: str
    dimensions: dict[str, str] = Field(examples=[{"service": "coaching", "municipality": "vesilahti"}])
    value: float | int | None
    unit: str
    suppressed: bool
    revision: int
    published_at: str = Field(examples=["2026-11-24T07:14:02.500Z"])
    plan_year: int


class FiguresShown(BaseModel):
    table: str
    period: str
    figures: list[FigureShown]


@routes.api("GET", "/api/tables", policy=SYSTEMS, scope=SCOPE, response_model=list[TableShown],
            summary="Which tables there are, and what their measures count")
async def tables(db: Db) -> Any:
    """Every table of published figures, with the definition, formula, unit and source of each measure."""
    found: dict[str, list[str]] = {}
    for table, period, _ in await store.periods(await driver(db.connection)):
        found.setdefault(table, []).append(period)
    plan = wording.plan_of(f"{db.now.year}")
    measures: dict[str, list[MeasureShown]] = {table: [] for table in plan.codes["table"]}
    for m in ALL:
        name = plan.codes["measure"][m.code]
        measures[m.table].append(MeasureShown(
            measure=m.code, name=Named(fi=name.fi, en=name.en), unit=m.unit, section=m.section,
            definition=Named(fi=m.definition.fi, en=m.definition.en),
            formula=Named(fi=m.formula.fi, en=m.formula.en), sources=sorted(s.__name__ for s in m.series.sources),
            dimensions=list(m.dimensions),
            adds_up_over=["time", "parts"] if m.adds_up else []))
    for table, kind in AREA_TABLES.items():
        source = "ResultsReported" if kind == "results" else "CostsReported"
        for code, listed in (plan.results.measures if kind == "results" else plan.results.items).items():
            rule = OVER_TIME[listed.over_time]
            measures[table].append(MeasureShown(
                measure=code, name=Named(fi=listed.fi, en=listed.en), unit=listed.unit, section="6",
                definition=Named(fi=AREA_DEFINITION.fi, en=AREA_DEFINITION.en),
                formula=Named(fi=rule.fi, en=rule.en), sources=[source],
                dimensions=["municipality"], adds_up_over=["time"] if listed.over_time == "sum" else []))
    return [TableShown(table=table, name=Named(fi=label.fi, en=label.en), measures=measures.get(table, []),
                       periods=found.get(table, []))
            for table, label in plan.codes["table"].items() if measures.get(table) or table == TARGETS]


@routes.api("GET", "/api/figures", policy=SYSTEMS, scope=SCOPE, response_model=FiguresShown,
            summary="The figures of a table and period")
async def figures(db: Db, table: Table, period: Period) -> Any:
    """The latest revision of each cell that has been published. 404 where nothing has been."""
    found = await _published(db, table, period)
    return FiguresShown(table=table, period=period, figures=[
        FigureShown(
            measure=key.measure, dimensions=dict(key.dimensions), value=spreadsheet.number(figure), unit=figure.unit,
            suppressed=figure.value is None, revision=figure.revision,
            published_at=figure.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            plan_year=figure.plan_year)
        for key, figure in found.items()])


@routes.api("GET", "/api/figures.csv", policy=SYSTEMS, scope=SCOPE, response_class=Response,
            summary="The figures of a table and period, as CSV",
            responses={200: {"content": {"text/csv": {}}}})
async def figures_csv(db: Db, table: Table, period: Period) -> Response:
    """Comma-separated, a header line first; hidden cells are empty and `suppressed` says so."""
    return spreadsheet.response(table, period, await _published(db, table, period))


async def _published(db: Session, table: str, period: str) -> dict[Key, Published]:
    found = await store.latest(await driver(db.connection), table, period)
    if not found:
        raise Refused(NotFound())
    return found

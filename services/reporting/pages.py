"""Pages: Tilastot (figures), a table with its definitions, and downloads."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from chassis.database import Session, driver
from chassis.decisions import NotFound, Refused
from chassis.web import Db, Page, Routes, signed_in, waiting
from contracts import plan as plans
from services.reporting import overview, spreadsheet, store
from services.reporting.chart import chart
from services.reporting.measures import AREA_TABLES, BY_CODE, Measure
from services.reporting.overview import IN_TABLE, Choice, Figures
from services.reporting.store import Key, Published
from services.reporting.wording import Words, definition, plan_of

routes = Routes("figures")
Code = Annotated[str, Query(pattern=r"^[a-z0-9-]{1,40}$")]
Period = Annotated[str, Query(pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?$")]
IN_FIRST = "began"
"""The measure that the table by service shows first."""


@routes.page("GET", "/", policy=signed_in)
async def show(page: Page, db: Db, period: Period | None = None, measure: Code = IN_FIRST) -> Response:
    """Tilastot: what changed, four tiles, a trend, the services by municipality, the area's own figures."""
    connection = await driver(db.connection)
    choice = overview.choice(p for _, p, _ in await store.periods(connection))
    if not choice.years:
        return page.render("nothing-yet.html", known=_known_figures(), words=Words(page, f"{page.today.year}"))
    chosen = period if period and period in choice else _latest(choice, page.today)
    figures = Figures(await _two_years(db, int(chosen[:4])))
    shown = next((m for m in IN_TABLE if m.code == measure), BY_CODE["services", IN_FIRST])
    words, plan = Words(page, chosen), plan_of(chosen)
    order = (*plan.services, *plan.municipalities)
    area = [(table, [overview.grid(figures.cells, table, chosen, code, None, "municipality", order, total=False)
                     for code in (plan.results.measures if kind == "results" else plan.results.items)])
            for table, kind in AREA_TABLES.items()]
    return page.render(
        "figures.html", period=chosen, choice=choice, words=words, definition=definition, measures=IN_TABLE,
        measure=shown, at=max(f.at for k, f in figures.cells.items() if k.period == chosen),
        began=figures.get("services", chosen, IN_FIRST, service=overview.SERVICE),
        comparison=overview.comparison(figures, chosen, page.today), tiles=overview.tiles(figures, chosen),
        chart=_chart(figures, int(chosen[:4]), page.today), trend=BY_CODE["services", IN_FIRST],
        by_month=_by_month(figures, int(chosen[:4])), plan=plan, known=_known_of_year_before(figures, chosen),
        grid=overview.grid(figures.cells, shown.table, chosen, shown.code, "service", "municipality", order),
        area=[(table, [g for g in grids if g.rows]) for table, grids in area],
        tables=[t for t in plan.codes["table"] if any((k.table, k.period) == (t, chosen) for k in figures.cells)])


@routes.page("GET", "/waiting/count", policy=signed_in)
async def count(page: Page) -> Response:
    """Figures wait for nobody."""
    return waiting.count(page, [])


@routes.page("GET", "/table", policy=signed_in)
async def table(page: Page, db: Db, table: Code, period: Period) -> Response:
    """One table of a period, every measure with its definition."""
    cells = await _published(db, table, period)
    plan = plan_of(period)
    order = (*plan.services, *plan.municipalities, *plan.obligations)
    listed = [code for t, code in BY_CODE if t == table]
    codes = [*listed, *sorted({k.measure for k in cells} - set(listed))]
    grids = [_grid(cells, table, period, code, order) for code in codes]
    return page.render(
        "table.html", table=table, period=period, words=Words(page, period), definition=definition, plan=plan,
        grids=[g for g in grids if g.rows], at=max(f.at for f in cells.values()))


@routes.page("GET", "/figures.csv", policy=signed_in)
async def download(page: Page, db: Db, table: Code, period: Period) -> Response:
    """The same as a spreadsheet opens it: in Finnish with semicolons and decimal commas."""
    return spreadsheet.response(table, period, await _published(db, table, period), finnish=page.language == "fi")


def _grid(cells: Mapping[Key, Published], table: str, period: str, code: str, order: tuple[str, ...]) -> overview.Grid:
    of: Measure | None = BY_CODE.get((table, code))
    slice_, split = (of.series.slice, of.series.split) if of else (None, "municipality")
    return overview.grid(cells, table, period, code, slice_, split, order, total=of is not None)


def _latest(choice: Choice, today: date) -> str:
    """The running year, or the last one with figures."""
    return next((y for y in choice.years if int(y) <= today.year), choice.years[-1])


async def _two_years(db: Session, year: int) -> dict[Key, Published]:
    connection = await driver(db.connection)
    return {**await store.latest_of_year(connection, year - 1), **await store.latest_of_year(connection, year)}


async def _published(db: Session, table: str, period: str) -> dict[Key, Published]:
    found = await store.latest(await driver(db.connection), table, period)
    if not found:
        raise Refused(NotFound())
    return found


def _chart(figures: Figures, year: int, today: date) -> object:
    now, before = ([figures.began(f"{y}-{m:02}") for m in range(1, 13)] for y in (year, year - 1))
    return chart(now, before, today.month if year == today.year else 12)


def _by_month(figures: Figures, year: int) -> list[tuple[int, Published | None, Published | None]]:
    def cell(of: int, month: int) -> Published | None:
        return figures.get("services", f"{of}-{month:02}", IN_FIRST, service=overview.SERVICE)

    return [(m, cell(year, m), cell(year - 1, m)) for m in range(1, 13)]


def _known_figures() -> list[tuple[str, object]]:
    """What the plan itself tells of earlier years, newest first."""
    return sorted(plans.ALL[-1].known_figures.items(), reverse=True)


def _known_of_year_before(figures: Figures, period: str) -> list[tuple[str, object]]:
    """The plan's own figures of the year before, where ours do not reach."""
    year = f"{int(period[:4]) - 1}"
    ours = any(k.period == year for k in figures.cells)
    return [] if ours or len(period) > 4 else [known for known in _known_figures() if known[0] == year]

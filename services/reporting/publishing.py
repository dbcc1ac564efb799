"""Publishing: what the facts say, as far as it may be told, becomes figures on `shared.figures.v1`.

Promise: a figure is on the topic exactly when it is in the table `figures`; revisions rise by one; a run publishes
only cells that changed, and of their tables the hidden ones with them, as one batch with one time. To run it again
changes nothing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from time import monotonic

import asyncpg

from chassis import outbox
from chassis.calendar import helsinki_day
from chassis.database import Database, Session, driver
from chassis.projection import Projection
from contracts import plan as plans
from contracts.events.figures import FigurePublished
from contracts.fields import new_id
from services.reporting import facts, figures, series, store
from services.reporting.disclosure import Told, known
from services.reporting.figures import Cell
from services.reporting.measures import ALL, BY_CODE, Measure, rounded
from services.reporting.series import Counts, Series
from services.reporting.store import Figure, Key, Published

PATIENCE = 8
"""Turns for which changes may go on before they are published all the same."""
EVERY = 60.0
"""Seconds after which is counted anew though nothing was heard of."""
_MEASURES: Mapping[str, tuple[Measure, ...]] = {
    code: tuple(m for m in ALL if m.series is counted) for code, counted in series.ALL.items()
}


async def publish(db: Session) -> int:
    """Publishes what has changed since the last run, of the years whose facts are kept; returns how many cells.

    A year before `figures_from` of the set-up has none: the system saw only its end.
    """
    await db.lock("figures")  # through SQLAlchemy: with its first statement the transaction begins
    connection = await driver(db.connection)
    today = db.today
    first_year = max(facts.kept_from(today).year, int(db.settings.extra.get("figures_from", 0)))
    changed: dict[Key, tuple[Figure, int]] = {}
    for year in range(first_year, today.year + 1):
        before = await store.latest_of_year(connection, year)
        counting = Counting(connection, year, db.now, await store.told(connection, year), before)
        async with series.facts_of(connection):
            cells = [cell async for cell in counting.cells()]
        changed |= _changes(cells, before)
        await store.keep_told(connection, year, db.now, counting.newly_told)
    if changed:
        await _publish(db, connection, changed)
    return len(changed)


@dataclass
class Counting:
    """All cells of a year, as they may be told now. `newly_told` is what is told of the counts by them and was not
    before."""

    connection: asyncpg.Connection
    year: int
    now: datetime
    told: Mapping[tuple[str, str], Told]
    before: Mapping[Key, Published]
    newly_told: dict[tuple[str, str], Told] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.today = helsinki_day(self.now)
        self.plan = plans.on(date(self.year, 12, 31))

    async def cells(self) -> AsyncIterator[Cell]:
        """Cells of every table; inside `series.facts_of`. A table is there, hidden, though nothing was counted in it,
        once anything was counted in the year."""
        counts = {s: await series.monthly(self.connection, s, self.year) for s in series.ALL.values()}
        for counted, found in counts.items() if any(counts.values()) else ():
            for cell in await self._with_statistics(counted, self._of(counted, found)):
                yield cell
        for cell in figures.area_cells(await store.reports(self.connection, self.year), self.year, self.today):
            yield cell
        for cell in figures.target_cells(await store.targets(self.connection, self.year), self.year, self.today):
            yield cell

    def _of(self, counted: Series, found: series.Monthly) -> list[Cell]:
        cells: list[Cell] = []
        for slice_ in {**dict.fromkeys(counted.slices(self.plan)), **found}:
            months = figures.with_all_parts(counted, found.get(slice_, {}), self.plan)
            told = Told() if counted.about == "nothing" else self._tell(counted, slice_, months)
            for period in figures.periods_of(self.year, self.today):
                what = figures.open_to_all(months, period, self.now) if counted.about == "nothing" \
                    else known(told, period.low, period.high, self.now)
                for measure in _MEASURES[counted.code]:
                    cells += figures.cells_of(measure, slice_, period, what, months, told, self.today)
        return cells

    def _tell(self, counted: Series, slice_: str, months: Mapping[str, Sequence[Counts]]) -> Told:
        before = self.told.get((counted.code, slice_), Told())
        told = figures.tell(counted, self.year, months, before, self.now, self.plan)
        if told != before:
            self.newly_told[counted.code, slice_] = told
        return told

    async def _with_statistics(self, counted: Series, cells: list[Cell]) -> list[Cell]:
        """Statistics of what is told: counted where it is told now, else as published before."""
        counts: dict[tuple[str, date, date], figures.Statistics] = {}
        done = []
        for cell in cells:
            value = cell.figure.value
            if cell.statistic_over is not None:
                measure = BY_CODE[cell.key.table, cell.key.measure]
                published = self.before.get(cell.key)
                value = published.value if published and cell.at != self.now else None
                if value is None:
                    what = (measure.statistic, *cell.statistic_over)
                    if what not in counts:
                        counts[what] = await series.statistic(self.connection, counted, *what)
                    found = counts[what].get((cell.slice, cell.part))
                    value = None if found is None else rounded(Decimal(str(found)), measure.unit)
            done.append(replace(cell, figure=replace(cell.figure, value=value)))
        return done


def _changes(cells: list[Cell], before: Mapping[Key, Published]) -> dict[Key, tuple[Figure, int]]:
    """New revisions: cells that differ, and the hidden cells of a table in which one does."""
    def differs(cell: Cell) -> bool:
        published = before.get(cell.key)
        return published is None or (published.value, published.unit) != (cell.figure.value, cell.figure.unit)

    changed = {cell.key for cell in cells if differs(cell)}
    groups = {cell.group for cell in cells if cell.key in changed}
    return {
        cell.key: (cell.figure, before[cell.key].revision + 1 if cell.key in before else 1)
        for cell in cells
        if cell.key in changed or (cell.group in groups and cell.figure.value is None)
    }


async def _publish(db: Session, connection: asyncpg.Connection, changed: Mapping[Key, tuple[Figure, int]]) -> None:
    batch = new_id(db.now)
    await store.add_figures(connection, batch, db.now, [(k, f, revision) for k, (f, revision) in changed.items()])
    await outbox.add(db, *(_event(k, f, revision, batch) for k, (f, revision) in changed.items()))


def _event(key: Key, figure: Figure, revision: int, batch: str) -> FigurePublished:
    whole = figure.unit in ("count", "cents")
    value = None if figure.value is None else int(figure.value) if whole else float(figure.value)
    return FigurePublished.model_validate({
        "table": key.table, "measure": key.measure, "period": key.period, "dimensions": dict(key.dimensions),
        "value": value, "unit": figure.unit, "suppressed": value is None, "revision": revision, "batch": batch,
        "plan_year": figure.plan_year,
    })


@dataclass
class Publisher:
    """Publishes when facts have changed, a day has begun or a minute has passed; not before the projection has read
    all there is, and not in the middle of a burst."""

    database: Database
    projection: Projection
    _changes: int = 1
    _seen: int = 0
    _waited: int = 0
    _day: date | None = None
    _ended: float = 0.0
    _took: float = 0.0

    async def changed(self) -> None:
        """Facts have changed."""
        self._changes += 1

    async def turn(self) -> None:
        """Run every half second."""
        day = helsinki_day(self.database.clock())
        if not self.projection.caught_up.is_set() or not self._is_due(day):
            return
        began, changes = monotonic(), self._changes
        async with self.database.begin() as db:
            await publish(db)
        self._changes -= changes
        self._seen, self._waited, self._day = self._changes, 0, day
        self._ended, self._took = monotonic(), monotonic() - began

    async def forget(self) -> None:
        """Deletes facts that are kept no longer; run once a day."""
        connection = await self.database.connect()
        try:
            await facts.forget(connection, helsinki_day(self.database.clock()))
        finally:
            await connection.close()

    def _is_due(self, day: date) -> bool:
        rested = monotonic() - self._ended
        if day != self._day or rested > EVERY:
            return True
        if not self._changes or rested < 4 * self._took:
            return False
        settled, self._seen, self._waited = self._changes == self._seen, self._changes, self._waited + 1
        return settled or self._waited > PATIENCE

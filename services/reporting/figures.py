"""From counts to cells: what a table's cells are, given what may be told. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from chassis.calendar import helsinki_day
from contracts import plan as plans
from contracts.plan import Plan
from contracts.plan.tables import AreaMeasure
from services.reporting.disclosure import TOTAL, YEAR, Known, Rules, Table, Told
from services.reporting.measures import AREA_TABLES, TARGETS, Measure, rounded
from services.reporting.series import Counts, Series
from services.reporting.store import Figure, Key, Report

QUARTERS = tuple((f"Q{n + 1}", 3 * n, 3 * n + 3) for n in range(4))
Statistics = Mapping[tuple[str, str], object]
"""Values by slice and part."""


@dataclass(frozen=True)
class Period:
    """A month, quarter or year: its name and the months after `low` up to and with `high`."""

    name: str
    year: int
    low: int
    high: int

    @property
    def first(self) -> date:
        return date(self.year, self.low + 1, 1)

    @property
    def end(self) -> date:
        """The day after the last."""
        return date(self.year + self.high // 12, self.high % 12 + 1, 1)


def periods_of(year: int, today: date) -> list[Period]:
    """The year and what has begun of it: months, quarters."""
    months = [Period(f"{year:04}-{m:02}", year, m - 1, m) for m in range(1, 13)]
    quarters = [Period(f"{year:04}-{name}", year, low, high) for name, low, high in QUARTERS]
    whole = Period(f"{year:04}", year, 0, YEAR)
    return [p for p in (*months, *quarters, whole) if p.first <= today]


def closed_months(year: int, today: date) -> int:
    """How many months of the year are over."""
    return 12 if today.year > year else today.month - 1 if today.year == year else 0


def plan_of(period: Period, today: date) -> Plan:
    return plans.on(min(today, period.end - timedelta(days=1)))


@dataclass(frozen=True)
class Cell:
    """A cell that is told or not. Of a statistic the value is still to be counted, over the days from `first` up to
    and without `end`, unless it was told before `at`."""

    key: Key
    group: tuple[str, ...]
    figure: Figure
    slice: str
    part: str
    statistic_over: tuple[date, date] | None = None
    at: datetime | None = None


def tell(series: Series, year: int, months: Mapping[str, Sequence[Counts]], told: Told, now: datetime,
         plan: Plan) -> Told:
    """What may be told of a slice now."""
    rules = Rules(plan.figures.threshold, series.both)
    return Table(rules, year, months, closed_months(year, helsinki_day(now)), now, told).next()


def with_all_parts(series: Series, parts: Mapping[str, Sequence[Counts]], plan: Plan) -> dict[str, Sequence[Counts]]:
    """A slice's counts with a row for every part there is, and the total."""
    nothing: Sequence[Counts] = [(0, 0)] * 12
    names = (TOTAL, *(series.parts(plan) if series.split else ()), *parts)
    return {name: parts.get(name, nothing) for name in names}


def open_to_all(months: Mapping[str, Sequence[Counts]], period: Period, now: datetime) -> Known:
    """What is told of a series about neither persons nor companies: everything."""
    sums = {part: (sum(a for a, _ in counts[period.low:period.high]), sum(b for _, b in counts[period.low:period.high]))
            for part, counts in months.items()}
    return Known(sums[TOTAL], now, sums, now)


def cells_of(measure: Measure, slice_: str, period: Period, what: Known, parts: Iterable[str], told: Told,
             today: date) -> Iterator[Cell]:
    """A measure's cells of one slice and period: the total and each part. Persons are counted by the year."""
    series = measure.series
    if series.persons_once and period.high - period.low < YEAR:
        return
    sliced = ((series.slice, slice_),) if series.slice else ()
    group = (measure.table, period.name, measure.code, slice_)
    year = plan_of(period, today).year
    over = (period.first, _told_until(told, period, today))
    for part in parts:
        counts = what.total if part == TOTAL else what.parts.get(part, (0, 0)) if what.parts else None
        at = what.total_at if part == TOTAL else what.parts_at
        named = ((series.split, part),) if series.split and part != TOTAL else ()
        key = Key(measure.table, period.name, measure.code, tuple(sorted((*sliced, *named))))
        counted = measure.of(counts) if counts and measure.sort != "statistic" else None
        value = None if counted is None else rounded(counted, measure.unit)
        yield Cell(key, group, Figure(value, measure.unit, year), slice_, part,
                   over if counts and measure.sort == "statistic" else None, at)


def _told_until(told: Told, period: Period, today: date) -> date:
    """The day after the last that a running year's figure is about."""
    if period.high - period.low < YEAR or YEAR in told.marks or not told.wholes:
        return period.end
    until = told.wholes[-1].until
    return today + timedelta(days=1) if until % 2 else Period("", period.year, 0, until // 2).end


# --- the area's reports, and targets


def area_cells(reports: Iterable[Report], year: int, today: date) -> Iterator[Cell]:
    """Figures of the area's results and costs: months as reported, quarters and years by the plan's rule for the code.

    A sum or a mean needs every month up to the last one reported. Where one municipality's count is small, the
    code's cells of that period are hidden, and of what it is part of.
    """
    by_code: dict[tuple[str, str], dict[str, dict[int, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for report in reports:
        for code, value in report.figures.items():
            by_code[report.kind, code][report.municipality][report.month.month] = value
    for table, kind in AREA_TABLES.items():
        for period in periods_of(year, today):
            plan = plan_of(period, today)
            listed = plan.results.measures if kind == "results" else plan.results.items
            for code in listed:
                yield from _area_code(table, code, listed[code], period, by_code[kind, code], plan)


def _area_code(table: str, code: str, of: AreaMeasure, period: Period,
               by_municipality: Mapping[str, Mapping[int, Decimal]], plan: Plan) -> Iterator[Cell]:
    inside = {m: {n: v for n, v in months.items() if period.low < n <= period.high}
              for m, months in by_municipality.items()}
    small = of.unit == "count" and any(0 < abs(v) < plan.figures.threshold
                                       for months in inside.values() for v in months.values())
    for municipality, months in inside.items():
        value = _over_time(of.over_time, months, period.low)
        if value is not None:
            key = Key(table, period.name, code, (("municipality", municipality),))
            figure = Figure(None if small else rounded(value, of.unit), of.unit, plan.year)
            yield Cell(key, (table, period.name, code), figure, "", municipality)


def _over_time(rule: str, months: Mapping[int, Decimal], low: int) -> Decimal | None:
    if not months:
        return None
    last = max(months)
    if rule == "last":
        return months[last]
    if len(months) < last - low:
        return None
    return sum(months.values(), Decimal(0)) / (len(months) if rule == "mean" else 1)


def target_cells(targets: Mapping[tuple[str, str], int], year: int, today: date) -> Iterator[Cell]:
    """The working group's targets of a year, by measure and municipality."""
    period = Period(f"{year:04}", year, 0, YEAR)
    for (measure, municipality), target in targets.items():
        key = Key(TARGETS, period.name, measure, (("municipality", municipality),))
        yield Cell(key, (TARGETS, period.name, measure), Figure(Decimal(target), "count", plan_of(period, today).year),
                   "", municipality)

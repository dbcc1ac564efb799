"""What the page Tilastot shows, made of published figures alone: a sentence, tiles, a trend, a table. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from services.reporting.figures import QUARTERS
from services.reporting.measures import ALL, BY_CODE, Measure
from services.reporting.store import Key, Published

SERVICE, CONTACT = "coaching", "contact-client"
"""The service that the sentence and the trend are about, and the obligation that the third tile is of."""
IN_TABLE = tuple(m for m in ALL if m.dimensions == ("service", "municipality"))
"""Measures that the table by service and municipality can show."""


@dataclass(frozen=True)
class Figures:
    """The latest revision of every cell of two years."""

    cells: Mapping[Key, Published]

    def get(self, table: str, period: str, measure: str, **dimensions: str) -> Published | None:
        return self.cells.get(Key(table, period, measure, tuple(sorted(dimensions.items()))))

    def value(self, table: str, period: str, measure: str, **dimensions: str) -> Decimal | None:
        found = self.get(table, period, measure, **dimensions)
        return found.value if found else None

    def began(self, period: str) -> Decimal | None:
        """How often coaching began; None where it is hidden or not published."""
        return self.value("services", period, "began", service=SERVICE)

    def up_to(self, year: int, month: int) -> Decimal | None:
        """How often coaching began from January up to and with a month; None where that can't be added up."""
        total = Decimal(0)
        for name, low, high in QUARTERS:
            whole = self.began(f"{year}-{name}") if high <= month else None
            months = [self.began(f"{year}-{m + 1:02}") for m in range(low, min(high, month))]
            known = [n for n in months if n is not None]
            if whole is None and len(known) < len(months):
                return None
            total += whole if whole is not None else sum(known, Decimal(0))
        return total

    def at(self, table: str, period: str) -> datetime | None:
        """When a table of a period was published last."""
        return max((f.at for k, f in self.cells.items() if (k.table, k.period) == (table, period)), default=None)


@dataclass(frozen=True)
class Comparison:
    """What a figure is beside that of the year before: up to and with a month, or of a whole period (None)."""

    now: Decimal
    before: Decimal
    month: int | None = None


def comparison(figures: Figures, period: str, today: date) -> Comparison | None:
    """How often coaching began beside the year before; of a running year up to the last month that both tell."""
    year = int(period[:4])
    if len(period) == 4 and year == today.year:
        for month in range(12, 0, -1):
            now, then = figures.up_to(year, month), figures.up_to(year - 1, month)
            if now is not None and then is not None:
                return Comparison(now, then, month)
        return None
    now, before = figures.began(period), figures.began(f"{year - 1}{period[4:]}")
    return Comparison(now, before) if now is not None and before is not None else None


@dataclass(frozen=True)
class Tile:
    """A large figure with its measure, `of` a service or kind; `beside` is a second one, and `before` that of the
    period before."""

    measure: Measure
    of: str | None
    figure: Published | None
    beside: Published | None = None
    before: Published | None = None


def tiles(figures: Figures, period: str) -> list[Tile]:
    """Four: clients (of a month or quarter: cases that began), outcome, contact in time, leads.

    How many clients are new stands beside them only where it was not told before them.
    """
    def cell(table: str, code: str, of: str = period, **dimensions: str) -> Published | None:
        return figures.get(table, of, code, **dimensions)

    service = {"service": SERVICE}
    if len(period) == 4:
        clients, new = cell("services", "clients", **service), cell("services", "new-clients", **service)
        as_new = new if clients and new and new.at >= clients.at else None
        first = Tile(BY_CODE["services", "clients"], SERVICE, clients, as_new)
    else:
        first = Tile(BY_CODE["services", "began"], SERVICE, cell("services", "began", **service),
                     before=cell("services", "began", f"{int(period[:4]) - 1}{period[4:]}", **service))
    in_time = {"kind": CONTACT}
    return [
        first,
        Tile(BY_CODE["services", "outcome-share"], SERVICE, cell("services", "outcome-share", **service)),
        Tile(BY_CODE["timeliness", "in-time-share"], CONTACT, cell("timeliness", "in-time-share", **in_time),
             before=cell("timeliness", "in-time-share", period_before(period), **in_time)),
        Tile(BY_CODE["leads", "leads-routed"], None, cell("leads", "leads-routed"), cell("leads", "leads-fulfilled")),
    ]


def period_before(period: str) -> str:
    """The year, quarter or month before."""
    year = int(period[:4])
    if len(period) == 4:
        return f"{year - 1}"
    letter, number = ("Q", int(period[6:])) if "Q" in period else ("", int(period[5:]))
    if number == 1:
        return f"{year - 1}-Q4" if letter else f"{year - 1}-12"
    return f"{year}-Q{number - 1}" if letter else f"{year}-{number - 1:02}"


@dataclass(frozen=True)
class Row:
    """A row of a table: its code, and a cell for each column."""

    code: str
    cells: Sequence[Published | None]


@dataclass(frozen=True)
class Grid:
    """Figures of one measure and period: rows by its slice, columns by its split, the total last."""

    measure: str
    columns: Sequence[str]
    rows: Sequence[Row]
    split: str | None
    slice: str | None

    @property
    def is_hidden(self) -> bool:
        return any(cell and cell.value is None for row in self.rows for cell in row.cells)


def grid(cells: Mapping[Key, Published], table: str, period: str, code: str, slice_: str | None, split: str | None,
         order: Sequence[str] = (), total: bool = True) -> Grid:
    """`order` are the codes that come first, in that order; rows of which nothing was ever told come too."""
    own = {k: f for k, f in cells.items() if (k.table, k.period, k.measure) == (table, period, code)}
    rows = _ordered({k.get(slice_) or "" for k in own} if slice_ else {""}, order)
    columns = _ordered({v for k in own if split and (v := k.get(split))}, order)
    made = [Row(row, [_cell(own, slice_, row, split, column) for column in (*columns, *([""] if total else []))])
            for row in rows]
    return Grid(code, columns, [r for r in made if any(r.cells)], split, slice_)


def _cell(own: Mapping[Key, Published], slice_: str | None, row: str, split: str | None,
          column: str) -> Published | None:
    wanted = {name: value for name, value in ((slice_, row), (split, column)) if name and value}
    return next((f for k, f in own.items() if dict(k.dimensions) == wanted), None)


def _ordered(codes: Iterable[str], order: Sequence[str]) -> list[str]:
    places = {code: n for n, code in enumerate(order)}
    return sorted(codes, key=lambda code: (places.get(code, len(places)), code))


@dataclass(frozen=True)
class Choice:
    """Periods to choose from, newest first."""

    years: Sequence[str]
    quarters: Sequence[str]
    months: Sequence[str]

    def __contains__(self, period: object) -> bool:
        return period in (*self.years, *self.quarters, *self.months)


def choice(periods: Iterable[str]) -> Choice:
    newest = sorted(set(periods), reverse=True)
    return Choice([p for p in newest if len(p) == 4], [p for p in newest if "Q" in p],
                  [p for p in newest if len(p) == 7 and "Q" not in p])


def first_day(period: str) -> date:
    """The first day of a year, quarter or month."""
    year = int(period[:4])
    if len(period) == 4:
        return date(year, 1, 1)
    return date(year, 3 * int(period[6:]) - 2 if "Q" in period else int(period[5:]), 1)

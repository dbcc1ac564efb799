"""What was told and published: tables `disclosed` and `figures`, and the area's reports among the facts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
from pydantic import TypeAdapter

from services.reporting.disclosure import Told

_TOLD = TypeAdapter(Told)
Dimensions = tuple[tuple[str, str], ...]
"""Sorted pairs of a dimension and its value; one left out is the total over it."""


@dataclass(frozen=True)
class Key:
    """Which cell: the key of `shared.figures.v1`."""

    table: str
    period: str
    measure: str
    dimensions: Dimensions

    @property
    def spelled(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.dimensions)

    def get(self, dimension: str) -> str | None:
        return dict(self.dimensions).get(dimension)


@dataclass(frozen=True)
class Figure:
    """A cell as it is published; `value` is None where it is hidden."""

    value: Decimal | None
    unit: str
    plan_year: int


@dataclass(frozen=True)
class Published(Figure):
    """A cell's latest revision."""

    revision: int
    at: datetime


def dimensions_of(spelled: str) -> Dimensions:
    pairs = (part.split("=", 1) for part in spelled.split(",") if part)
    return tuple((name, value) for name, value in pairs)


# --- what was told


async def told(connection: asyncpg.Connection, year: int) -> dict[tuple[str, str], Told]:
    """What was told of each series and slice of a year."""
    rows = await connection.fetch("select series, slice, told::text as told from disclosed where year = $1", year)
    return {(r["series"], r["slice"]): _TOLD.validate_json(r["told"]) for r in rows}


async def keep_told(connection: asyncpg.Connection, year: int, now: datetime,
                    changed: Mapping[tuple[str, str], Told]) -> None:
    await connection.executemany(
        "insert into disclosed (series, slice, year, told, at) values ($1, $2, $3, $4::text::jsonb, $5) "
        "on conflict (series, slice, year) do update set told = excluded.told, at = excluded.at",
        [(series, slice_, year, _TOLD.dump_json(value).decode(), now) for (series, slice_), value in changed.items()])


# --- figures


_LATEST = """
select distinct on ("table", period, measure, dimensions)
    "table", period, measure, dimensions, value, unit, plan_year, revision, at
from figures where {condition}
order by "table", period, measure, dimensions, revision desc"""


async def latest_of_year(connection: asyncpg.Connection, year: int) -> dict[Key, Published]:
    """The latest revision of every cell of a year, its months and quarters."""
    return _cells(await connection.fetch(_LATEST.format(condition="left(period, 4) = $1"), f"{year:04}"))


async def latest(connection: asyncpg.Connection, table: str, period: str | None = None) -> dict[Key, Published]:
    """The latest revision of every cell of a table."""
    condition = '"table" = $1 and ($2::text is null or period = $2)'
    return _cells(await connection.fetch(_LATEST.format(condition=condition), table, period))


async def periods(connection: asyncpg.Connection) -> list[tuple[str, str, datetime]]:
    """Each table and period with figures, and when one was published last."""
    rows = await connection.fetch('select "table", period, max(at) as at from figures group by 1, 2 order by 1, 2')
    return [(r["table"], r["period"], r["at"]) for r in rows]


async def add_figures(connection: asyncpg.Connection, batch: str, at: datetime,
                      figures: Iterable[tuple[Key, Figure, int]]) -> None:
    """Keeps new revisions: cell, figure, revision."""
    rows = [(k.table, k.period, k.measure, k.spelled, revision, f.value, f.unit, f.value is None, f.plan_year)
            for k, f, revision in figures]
    await connection.execute(
        'insert into figures ("table", period, measure, dimensions, revision, value, unit, suppressed, plan_year, '
        "batch, at) select *, $10::uuid, $11::timestamptz from unnest($1::text[], $2::text[], $3::text[], $4::text[], "
        "$5::int[], $6::numeric[], $7::text[], $8::boolean[], $9::int[])",
        *zip(*rows, strict=True), batch, at)


def _cells(rows: Sequence[Any]) -> dict[Key, Published]:
    return {Key(r["table"], r["period"], r["measure"], dimensions_of(r["dimensions"])):
            Published(r["value"], r["unit"], r["plan_year"], r["revision"], r["at"]) for r in rows}


# --- facts that are figures already; inside `series.facts_of`


@dataclass(frozen=True)
class Report:
    """What the area's BI reported of a month; `kind` is `results` or `costs`."""

    municipality: str
    month: date
    kind: str
    figures: Mapping[str, Decimal]


async def reports(connection: asyncpg.Connection, year: int) -> list[Report]:
    rows = await connection.fetch(
        "select municipality, month, kind, figures::text as figures from area_reports "
        "where month >= make_date($1, 1, 1) and month < make_date($1 + 1, 1, 1)", year)
    return [Report(r["municipality"], r["month"], r["kind"], json.loads(r["figures"], parse_float=Decimal,
                                                                     parse_int=Decimal)) for r in rows]


async def targets(connection: asyncpg.Connection, year: int) -> dict[tuple[str, str], int]:
    """Targets of the working group by measure and municipality."""
    rows = await connection.fetch("select measure, municipality, target from targets where year = $1", year)
    return {(r["measure"], r["municipality"]): r["target"] for r in rows}

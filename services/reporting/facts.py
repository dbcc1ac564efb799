"""The fact tables: what reporting keeps of the events, as data.

A fact is a row under a natural key with its day, its values and its version (`at`, `event_id`: time and id of
the event that said it). The later version replaces the earlier as a whole, or the first stays (`keep`), so the
tables are the same whatever the order of arrival and however often an event comes [events.md, Order and
withdrawal]. No row has a `referral_id`, a `consent_id` or a staff id.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

import asyncpg

from chassis.calendar import after
from contracts import plan as plans

GENERATIONS = ("facts_a", "facts_b")
"""Two sets of the same tables: one is read, the other is what a rebuild fills."""


class Column(NamedTuple):
    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, eq=False)
class FactTable:
    """One kind of fact. `key` and `values` are columns, `name type` or `name type?` where null is allowed; each
    table has `day`, `at` and `event_id` besides. `taken_in` marks what we take in from another system ourselves:
    no rebuild forgets what a replay brought."""

    name: str
    key: str
    values: str = ""
    keep: Literal["last", "first"] = "last"
    taken_in: bool = False

    @cached_property
    def key_columns(self) -> tuple[Column, ...]:
        return tuple(_columns(self.key))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of a row."""
        return (*self.key_columns, *_columns(self.values), *_columns("day date, at timestamptz, event_id uuid"))

    def ddl(self, schema: str) -> str:
        lines = [f"{c.name} {c.type}{'' if c.nullable else ' not null'}" for c in self.columns]
        key = ", ".join(c.name for c in self.key_columns)
        return f"create table {schema}.{self.name} ({', '.join(lines)}, primary key ({key}))"

    def upsert(self, schema: str) -> str:
        """A statement that takes one array for each column and leaves of two versions the one to keep."""
        arrays = ", ".join(f"${n}::{_carried(c.type)}[]" for n, c in enumerate(self.columns, 1))
        read = ", ".join(f"{c.name}::jsonb" if c.type == "jsonb" else c.name for c in self.columns)
        names = ", ".join(c.name for c in self.columns)
        return f"insert into {schema}.{self.name} as f ({names}) select {read} " \
               f"from unnest({arrays}) as b ({names}) {self._on_conflict()}"  # noqa: S608 - our own names

    def copy(self, source: str, target: str, condition: str) -> str:
        """A statement that brings the rows of another generation that fulfil the condition, the version to keep
        of two."""
        names = ", ".join(c.name for c in self.columns)
        return f"insert into {target}.{self.name} as f ({names}) select {names} from {source}.{self.name} " \
               f"where {condition} {self._on_conflict()}"  # noqa: S608 - our own names

    def _on_conflict(self) -> str:
        keys = {c.name for c in self.key_columns}
        sets = ", ".join(f"{c.name} = excluded.{c.name}" for c in self.columns if c.name not in keys)
        later = ">" if self.keep == "last" else "<"
        return f"on conflict ({', '.join(c.name for c in self.key_columns)}) do update set {sets} " \
               f"where (excluded.at, excluded.event_id) {later} (f.at, f.event_id)"


def _columns(text: str) -> Iterator[Column]:
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, kind = part.split()
        yield Column(name, kind.rstrip("?"), kind.endswith("?"))


def _carried(kind: str) -> str:
    return "text" if kind == "jsonb" else kind


_PROVIDED = "service text, municipality text, provider text"

REFERRALS = FactTable("referrals", "referral bytea", _PROVIDED)
RETURNS = FactTable("returns", "referral bytea", f"{_PROVIDED}, reason text")

APPROACHES = FactTable("approaches", "spell_id uuid", f"{_PROVIDED}, origin text, asked_on date")
STARTS = FactTable(
    "starts", "spell_id uuid",
    f"began boolean, client uuid?, {_PROVIDED}, origin text, asked_on date, first_attempt_on date?, reached_on date?, "
    "new_client boolean?, reason text?",
)
"""A ServiceBegan or ServiceNotBegun: the later of a spell holds, whichever it is."""
CONTINUED = FactTable(
    "continued", "spell_id uuid, year integer",
    "standing boolean, client uuid, service text?, municipality text?, provider text?, began_on date?",
)
"""Not standing where it was taken back (ServiceContinuedInError)."""
ENDS = FactTable("ends", "spell_id uuid", f"client uuid, {_PROVIDED}, outcome text, plan text?")
PHENOMENA = FactTable("phenomena", "municipality text, month date, phenomenon text", "observations integer")
CLIENT_SITUATIONS = FactTable(
    "client_situations", "provider text, service text, month date",
    "residents jsonb, free_places integer?, more_referrals_wanted boolean",
)

VISIT_PLANS = FactTable("visit_plans", "visit_id uuid", "standing boolean, municipality text")
VISIT_DAYS = FactTable("visit_days", "visit_id uuid", "municipality text")
"""The day for which a visit was planned or to which it was moved last."""
VISITS_MADE = FactTable("visits_made", "visit_id uuid", "municipality text, organisations text")
"""`organisations`: all that went, sorted, with commas."""
LEAD_ROUTINGS = FactTable("lead_routings", "lead_id uuid, year integer", "municipality text, need text", keep="first")
LEAD_FULFILMENTS = FactTable("lead_fulfilments", "lead_id uuid", "municipality text, need text, hired integer?")
LEAD_WITHDRAWALS = FactTable("lead_withdrawals", "lead_id uuid", "reason text")
EVENTS_HELD = FactTable("events_held", "event uuid", "kind text, municipality text, attendance integer?")
TARGETS = FactTable("targets", "year integer, municipality text, measure text", "target integer")

FEEDBACK = FactTable("feedback", "feedback_id uuid", "about text, municipality text, service text?, rating integer?")
FEEDBACK_ANSWERS = FactTable("feedback_answers", "feedback_id uuid", "answered_on date, answer_due_on date")
INQUIRIES = FactTable("inquiries", "triage_id uuid", "channel text, directed_to text")
CHANGE_SITUATIONS = FactTable("change_situations", "situation_id uuid", "kind text, municipality text")
OBLIGATIONS = FactTable(
    "obligations", "obligation_id uuid", "kind text, service text?, municipality text?, due_at timestamptz")
OBLIGATION_MARKS = FactTable("obligation_marks", "obligation_id uuid, mark text", "met_at timestamptz?")
"""`mark`: `missed`, `met` or `cancelled`."""
AREA_REPORTS = FactTable("area_reports", "municipality text, month date, kind text", "figures jsonb", taken_in=True)
"""`kind`: `results` or `costs`."""

TABLES: tuple[FactTable, ...] = (
    REFERRALS, RETURNS, APPROACHES, STARTS, CONTINUED, ENDS, PHENOMENA, CLIENT_SITUATIONS, VISIT_PLANS, VISIT_DAYS,
    VISITS_MADE, LEAD_ROUTINGS, LEAD_FULFILMENTS, LEAD_WITHDRAWALS, EVENTS_HELD, TARGETS, FEEDBACK, FEEDBACK_ANSWERS,
    INQUIRIES, CHANGE_SITUATIONS, OBLIGATIONS, OBLIGATION_MARKS, AREA_REPORTS,
)


class Fact(NamedTuple):
    """One row to be: `key` and `values` in the order of the table's columns."""

    table: FactTable
    key: tuple[Any, ...]
    values: tuple[Any, ...]
    day: date


class Batch:
    """Facts in memory, the version to keep of each key."""

    def __init__(self) -> None:
        self.rows: dict[FactTable, dict[tuple[Any, ...], tuple[Any, ...]]] = {t: {} for t in TABLES}

    def add(self, fact: Fact, at: datetime, event_id: str) -> None:
        known = self.rows[fact.table].get(fact.key)
        if known is not None and not _replaces((at, event_id), known[-2:], fact.table):
            return
        self.rows[fact.table][fact.key] = (*fact.key, *fact.values, fact.day, at, event_id)

    def clear(self) -> None:
        for rows in self.rows.values():
            rows.clear()

    async def write(self, connection: asyncpg.Connection, schema: str) -> None:
        """Merges the batch into the tables of a generation, inside the caller's transaction."""
        for table, rows in self.rows.items():
            if rows:
                await connection.execute(_UPSERTS[schema, table.name], *zip(*rows.values(), strict=True))


def _replaces(version: Sequence[Any], known: Sequence[Any], table: FactTable) -> bool:
    return tuple(version) > tuple(known) if table.keep == "last" else tuple(version) < tuple(known)


_UPSERTS: Mapping[tuple[str, str], str] = {(s, t.name): t.upsert(s) for s in GENERATIONS for t in TABLES}


def kept_from(today: date) -> date:
    """The first day whose facts are kept: whole years, for as long as the plan keeps what is pseudonymous [7]."""
    keep = plans.on(today).retention.pseudonymous.keep
    years = (date(today.year - n, 1, 1) for n in range(9, -1, -1))
    return next(first for first in years if after(first, keep) >= today)


async def forget(connection: asyncpg.Connection, today: date) -> None:
    """Deletes facts that are kept no longer, of both generations; what was published of them stays."""
    for table in TABLES:
        if not table.taken_in:
            for schema in GENERATIONS:
                await connection.execute(f"delete from {schema}.{table.name} where day < $1",  # noqa: S608
                                         kept_from(today))


async def live(connection: asyncpg.Connection) -> str:
    """The generation that is read and written, held until the end of the caller's transaction."""
    name: str = await connection.fetchval("select live from generation for share")
    return name


def ddl() -> list[str]:
    """Statements that make both generations, and the row that says which is live."""
    made = [f"create schema {schema}" for schema in GENERATIONS]
    made += [table.ddl(schema) for schema in GENERATIONS for table in TABLES]
    return [*made, "create table generation (live text not null)",
            f"insert into generation values ('{GENERATIONS[0]}')"]  # noqa: S608 - our own names

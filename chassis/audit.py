"""The audit log: who read or changed which personal record, and why; an append-only chain of hashes.

Promise: the rows gathered in a session commit with what they tell of, as its last writing, or not at all.
Each row's hash covers the row before it, so a row changed, removed, moved or put in between is found by
`verify` from there on; what is cut off at the end is found with the heads that the other side keeps
(`audit_heads`). The application role may insert and select, no more. Ids and codes only: nothing in it is
personal beyond the ids, and nothing is erased before its retention.

Partitions are months. Each begins with a row `head` that repeats the hash of the row before it, so it can be
verified when the months before it have been forgotten.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import telemetry

if TYPE_CHECKING:
    from chassis.database import Session

DDL = """
do $audit$
declare
    app text := regexp_replace(current_user, '_owner$', '');
begin
    create table audit_log (
        month date not null,
        seq bigint not null,
        at timestamptz not null,
        person text not null,
        organisation text not null,
        act text not null,
        about_type text not null,
        about_id text not null,
        reason text,
        trace_id text,
        hash bytea not null,
        primary key (month, seq)
    ) partition by list (month);
    execute format('revoke all on audit_log from public, %I', app);
    execute format('grant insert, select on audit_log to %I', app);

    create function audit_open_month(first_day date) returns void
        language plpgsql security definer set search_path = public, pg_temp as $open$
    declare
        part text := 'audit_log_' || to_char(first_day, 'YYYY_MM');
    begin
        if extract(day from first_day) <> 1 then
            raise exception 'not the first day of a month';
        end if;
        if to_regclass(part) is not null then
            return;
        end if;
        execute format('create table %I (like audit_log including all)', part);
        execute format('revoke all on %I from public, %I', part, regexp_replace(current_user, '_owner$', ''));
        execute format('alter table audit_log attach partition %I for values in (%L)', part, first_day);
    end $open$;
    execute format('revoke all on function audit_open_month from public');
    execute format('grant execute on function audit_open_month to %I', app);
end $audit$
"""

SEARCHED = "create index audit_log_about on audit_log (about_id)"
"""A later step of services with many records: who saw one of them is found without going through the log."""
GENESIS = bytes(32)
"""What the first row of a log stands on."""
HEAD = "head"
PAGE = 5_000

_LOCK = text("select pg_advisory_xact_lock(hashtext('yhdyspinta audit'))")
_COLUMNS = "month, seq, at, person, organisation, act, about_type, about_id, reason, trace_id, hash"
_LAST = "select month, seq, hash from audit_log order by month desc, seq desc limit 1"
_LAST_SINCE = "select month, seq, hash from audit_log where month >= $1 order by month desc, seq desc limit 1"
"""As `_LAST`, without a look at older partitions."""
_INSERT = f"insert into audit_log ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"  # noqa: S608
_READ = text(
    f"select {_COLUMNS} from audit_log where (month, seq) > (:month, :seq) "  # noqa: S608
    f"order by month, seq limit {PAGE}"
)
_MONTHS = (
    "select to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') as month from pg_inherits "
    "where inhparent = 'audit_log'::regclass order by 1"
)
_CODE = re.compile(r"[a-z0-9-]{1,40}")
_ID = re.compile(r"[A-Za-z0-9._:/=,-]{1,200}")


class Actor(Protocol):
    """Who acts: a person or a system, of an organisation (`chassis.policy.Principal`)."""

    @property
    def id(self) -> str: ...
    @property
    def organisation(self) -> str | None: ...


@dataclass(frozen=True)
class Row:
    """What one row tells; `act` begins with `read:` or `change:`."""

    at: datetime
    person: str
    organisation: str
    act: str
    about_type: str
    about_id: str
    reason: str | None
    trace_id: str | None


@dataclass(frozen=True)
class Verified:
    """The chain holds from `first` to `last` (0 and 0: nothing was ever written)."""

    rows: int
    first: int
    last: int
    head: str


@dataclass(frozen=True)
class Broken:
    """The chain does not hold at `seq`; `why` is a sentence."""

    seq: int
    why: str


async def read(
    db: "Session", about_type: str, about_id: str, by: Actor, act: str, reason: str | None = None
) -> None:
    """Gathers "this record was read"; `act`, `about_type` and `reason` are codes. Raises ValueError else."""
    db.audit_rows.append(_row(db, f"read:{_code(act)}", about_type, about_id, by, reason))


async def changed(
    db: "Session", about_type: str, about_id: str, by: Actor, act: str, reason: str | None = None
) -> None:
    """Gathers "this record was changed", as `read`."""
    db.audit_rows.append(_row(db, f"change:{_code(act)}", about_type, about_id, by, reason))


async def write(db: "Session") -> None:
    """Writes the gathered rows; called once, last before the commit: it holds the log's lock until then."""
    if not db.audit_rows:
        return
    await db.execute(_LOCK)  # by way of SQLAlchemy, for this begins the transaction where nothing else has
    bare = (await db.connection.get_raw_connection()).driver_connection
    assert bare is not None  # noqa: S101 - it has just spoken
    month = db.now.astimezone(UTC).date().replace(day=1)
    last = await bare.fetchrow(_LAST_SINCE, month) or await bare.fetchrow(_LAST)
    month, seq, head = last or (date.min, 0, GENESIS)
    linked: list[tuple[Any, ...]] = []
    for row in db.audit_rows:
        rows = [row]
        if (first_day := row.at.astimezone(UTC).date().replace(day=1)) > month:
            await bare.execute("select audit_open_month($1)", first_day)
            month = first_day
            rows = [Row(row.at, "", "", HEAD, "audit", head.hex(), None, None), row]
        for each in rows:
            seq += 1
            head = link(head, seq, each)
            linked.append((month, seq, *vars(each).values(), head))
    await bare.executemany(_INSERT, linked)
    db.audit_rows.clear()


def link(head: bytes, seq: int, row: Row) -> bytes:
    """The next hash: SHA-256 over the one before it and the row as a JSON array."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    told = orjson.dumps([
        seq, at, row.person, row.organisation, row.act, row.about_type, row.about_id, row.reason,
        row.trace_id,
    ])
    return hashlib.sha256(head + told).digest()


async def last(connection: AsyncConnection) -> tuple[int, str] | None:
    """Number and hash (hex) of the log's last row; None of an empty log."""
    found = (await connection.exec_driver_sql(_LAST)).first()
    return (found.seq, found.hash.hex()) if found else None


async def verify(
    connection: AsyncConnection, kept: Sequence[tuple[int, str]] = (), seen: Callable[[int], None] = lambda _: None
) -> Verified | Broken:
    """Goes through the whole log, a page at a time; `kept` are heads (seq, hex) that the other side holds. `seen` is
    told after each page how many rows were gone through.

    Kept heads older than the log's first month can't be compared and are passed over.
    """
    theirs: dict[int, set[str]] = {}
    for at, told in kept:
        theirs.setdefault(at, set()).add(told)
    month, seq, head, first, rows = date.min, 0, GENESIS, 0, 0
    while page := (await connection.execute(_READ, {"month": month, "seq": seq if rows else -1})).all():
        for found in page:
            row = Row(*found[2:10])
            if rows == 0 and found.seq != 1:
                seq, head = found.seq - 1, _repeated(row)
                first = found.seq
            if wrong := _wrong(found, row, month, seq, head):
                return Broken(found.seq, wrong)
            month, seq, head, rows = found.month, found.seq, found.hash, rows + 1
            if theirs.get(seq, set()) - {head.hex()}:
                return Broken(seq, "The other side keeps another hash of this row: the log was written anew.")
        seen(rows)
    if beyond := [each for each in theirs if each > seq]:
        return Broken(seq, f"The other side keeps the hash of row {max(beyond)}: the log's end is cut off.")
    return Verified(rows, first or min(rows, 1), seq, head.hex())


async def forget(owner: asyncpg.Connection, before: date) -> list[date]:
    """Drops the months that ended before a day: their retention is over. As the owner; gives the months.

    What stays begins with a repeat of the last forgotten head. The latest month always stays.
    """
    async with owner.transaction():
        months = [found["month"] for found in await owner.fetch(_MONTHS)]
        gone = [month for month in months[:-1] if (month + timedelta(days=31)).replace(day=1) <= before]
        for month in gone:
            await owner.execute(f"drop table audit_log_{month:%Y_%m}")
    return gone


def _wrong(found: Any, row: Row, month: date, seq: int, head: bytes) -> str | None:
    """What is wrong with a row as the follower of row `seq`; None when nothing is."""
    if found.seq != seq + 1:
        return f"Row {seq + 1} is missing: row {found.seq} follows row {seq}."
    if found.month != month and (row.act != HEAD or _repeated(row) != head):
        return "A month must begin with a repeat of the last head."
    if link(head, found.seq, row) != found.hash:
        return "The hash does not fit: this row was changed, or the row before it."
    return None


def _repeated(row: Row) -> bytes:
    try:
        return bytes.fromhex(row.about_id) if row.act == HEAD else GENESIS
    except ValueError:
        return GENESIS


def _row(db: "Session", act: str, about_type: str, about_id: str, by: Actor, reason: str | None) -> Row:
    if not is_id(about_id) or not is_id(by.id):
        raise ValueError("an audit row takes ids alone")
    return Row(
        db.now, by.id, by.organisation or "", act, _code(about_type), about_id,
        None if reason is None else _code(reason), telemetry.trace_id(),
    )


def is_id(value: str) -> bool:
    """Whether a text can be what a row is about."""
    return _ID.fullmatch(value) is not None


def _code(value: str) -> str:
    if not _CODE.fullmatch(value):
        raise ValueError("an audit row takes codes alone")
    return value

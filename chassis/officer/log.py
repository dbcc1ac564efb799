"""The audit log as its readers search it: rows of one organisation, newest first.

A row is the organisation's whose record it is about; of a record that nobody owns, or that is forgotten, the
organisation's of whoever acted, and of the service's own acts every organisation's of the side.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from chassis import calendar, tokens
from contracts.topics import source_of

if TYPE_CHECKING:
    from chassis.database import Session

NOBODYS = "select '' as id, '' as organisation, '' as number where false"
Names = Callable[["Session", Collection[str]], Awaitable[Mapping[str, str]]]


async def _no_names(_: "Session", __: Collection[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Records:
    """What a service says of its records: a query of `id` (text), `organisation` and `number` of each, the names of
    staff by id, and words for its acts by code."""

    query: str = NOBODYS
    names: Names = _no_names
    acts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Looked:
    """A row of the log, as it is shown; `number` is the record's, where it is known."""

    month: date
    seq: int
    at: datetime
    person: str
    organisation: str
    act: str
    about_type: str
    about_id: str
    reason: str | None
    number: str | None

    @property
    def place(self) -> str:
        """Where a page that begins after this row goes on."""
        return f"{self.month:%Y-%m}_{self.seq}"


@dataclass(frozen=True)
class Search:
    """What is looked for; what is None does not matter. `about` is a record's number or id, days are inclusive."""

    about: str | None = None
    person: str | None = None
    act: str | None = None
    since: date | None = None
    until: date | None = None


_SEARCH = """
with records as ({records})
select a.month, a.seq, a.at, a.person, a.organisation, a.act, a.about_type, a.about_id, a.reason, r.number
from audit_log a left join records r on r.id = a.about_id
where a.act <> 'head'
  and (coalesce(r.organisation, a.organisation) = :organisation
       or (r.organisation is null and a.organisation = :own))
{of_record}
  and (cast(:person as text) is null or a.person = :person)
  and (cast(:act as text) is null or a.act = :act or a.act = 'read:' || :act or a.act = 'change:' || :act)
  and (cast(:since as timestamptz) is null or (a.at >= :since and a.month >= :first))
  and (cast(:until as timestamptz) is null or a.at <= :until)
  and (cast(:month as date) is null or (a.month, a.seq) < (:month, :seq))
order by a.month desc, a.seq desc limit :limit
"""
_OF_RECORD = "  and a.about_id in (select id from records where number = :about union all select :about)"
_ABOUT = text("""
select month, seq, at, person, organisation, act, about_type, about_id, reason, null as number
from audit_log where about_id = any(cast(:ids as text[])) order by month desc, seq desc limit :limit
""")
_CHECKED = text("""
select at, person, reason from audit_log where act = 'read:verify' and about_id = 'log'
order by month desc, seq desc limit 1
""")


async def search(
    db: "Session", records: Records, organisation: str, wanted: Search, *, after: str = "", limit: int = 50
) -> list[Looked]:
    """Rows that an organisation may read, newest first; `after` is the place of the last row seen. Raises ValueError
    for a place that is none."""
    month, seq = _place(after)
    since = calendar.at(wanted.since, time.min).astimezone(UTC) if wanted.since else None
    values = {
        "organisation": organisation, "own": source_of(db.service).split("/")[1], "person": wanted.person,
        "act": wanted.act, "month": month, "seq": seq, "limit": limit, "since": since,
        "first": since.date().replace(day=1) if since else None,
        "until": wanted.until and calendar.end_of_day(wanted.until),
    }
    query = _SEARCH.format(records=records.query, of_record=_OF_RECORD if wanted.about else "")
    found = await db.execute(text(query), {**values, "about": wanted.about} if wanted.about else values)
    return [Looked(**row._mapping) for row in found]


async def about(db: "Session", ids: Sequence[str], limit: int = 500) -> list[Looked]:
    """Who saw or changed these records, newest first."""
    return [Looked(**row._mapping) for row in await db.execute(_ABOUT, {"ids": list(ids), "limit": limit})]


async def last_check(db: "Session") -> Any:
    """When, by whom and with what result (`reason`) the log was verified last; None: never."""
    return (await db.execute(_CHECKED)).one_or_none()


async def names(db: "Session", records: Records, ids: Collection[str]) -> Mapping[str, str]:
    """Names of those who acted: of staff, and of programs by their tokens."""
    return {**await tokens.names(db, ids), **await records.names(db, ids)}


def _place(after: str) -> tuple[date | None, int | None]:
    if not after:
        return None, None
    month, _, seq = after.partition("_")
    return date.fromisoformat(f"{month}-01"), int(seq)

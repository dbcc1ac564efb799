"""The months of which the area is told, what was told, and the counting of what is to be told [measures.md]."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Row, Table, Text, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from chassis import calendar
from chassis.database import Session
from services.coaching.cases.store import cases
from services.coaching.client_situation import domain
from services.coaching.client_situation.domain import Counts, Report

situations = Table(
    "client_situations", MetaData(),
    Column("provider", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("residents", JSONB),
    Column("free_places", Integer),
    Column("more_referrals_wanted", Boolean),
    Column("reported_by", Text),
    Column("reported_at", DateTime(timezone=True)),
    Column("revision", Integer, nullable=False),
)

_COUNTED = text("""
    with known as (
        select c.municipality, coalesce(p.person, c.client) as person, c.status, c.began_on, c.closed_on, c.asked_on
        from cases c left join persons p on p.client = c.client
        where c.provider = :provider and c.service = :service and c.asked_on <= :last
    ),
    begun as (select * from known where began_on <= :last and status <> 'not-begun'),
    new as (
        select person, municipality from begun b where b.began_on >= :new_year
            and not exists (select from known e where e.person = b.person and e.began_on < b.began_on)
    )
    select municipality,
        count(distinct person) filter (where is_client) as clients,
        count(distinct person) filter (where is_client and is_new) as new_clients,
        count(*) filter (where status = 'ended' and closed_on between :first and :last) as ended,
        count(*) filter (where coalesce(began_on, closed_on, 'infinity') > :last) as waiting
    from (
        select known.*,
            status <> 'not-begun' and began_on <= :last and (closed_on is null or closed_on >= :first) as is_client,
            (person, municipality) in (select person, municipality from new) as is_new
        from known
    ) as judged
    group by municipality
""")
"""By residence: clients are persons with a begun case open on a day of the month, new ones those with a service of the
year and none at this provider before it; ended are cases; waiting are approaches not begun nor closed at its end."""


async def counted(db: Session, provider: str, service: str, month: str, served: Sequence[str]) -> dict[str, Counts]:
    """What the system counts of a month, by municipality: those served, and others that have a case."""
    first = calendar.first_day_of(month)
    rows = await db.execute(_COUNTED, {
        "provider": provider, "service": service, "first": first, "last": calendar.last_day_of(month),
        "new_year": date(first.year, 1, 1),
    })
    found = {row["municipality"]: domain.as_counts(dict(row)) for row in rows.mappings()}
    others = sorted(code for code, counts in found.items() if code not in served and counts != Counts())
    return {code: found.get(code, Counts()) for code in (*served, *others)}


async def known_since(db: Session, provider: str, service: str) -> datetime | None:
    """When the service had its first case; None while it had none."""
    found = await db.execute(
        select(func.min(cases.c.opened_at)).where(cases.c.provider == provider, cases.c.service == service))
    first: datetime | None = found.scalar_one()
    return first


async def open_month(db: Session, provider: str, service: str, month: str) -> bool:
    """The month is to be told of from now on; False where it was before: of several that ask at once one is told so."""
    statement = insert(situations).values(
        provider=provider, service=service, month=month, opened_at=db.now, revision=0).on_conflict_do_nothing()
    return bool((await db.execute(statement)).rowcount)


async def opened(db: Session, provider: str, service: str) -> Mapping[str, Report | None]:
    """The months that are or were to be told of, newest first, and what was told last."""
    rows = await db.execute(
        select(situations).where(situations.c.provider == provider, situations.c.service == service)
        .order_by(situations.c.month.desc()))
    return {row.month: _report_of(row) for row in rows}


async def report(db: Session, provider: str, service: str, month: str, *, for_update: bool = False) -> Report | None:
    """What was told last of a month."""
    query = select(situations).where(
        situations.c.provider == provider, situations.c.service == service, situations.c.month == month)
    row = (await db.execute(query.with_for_update() if for_update else query)).first()
    return _report_of(row) if row else None


async def save(db: Session, provider: str, service: str, month: str, told: Report) -> None:
    """Keeps what was told of a month that is open."""
    await db.execute(
        update(situations)
        .where(situations.c.provider == provider, situations.c.service == service, situations.c.month == month)
        .values({**vars(told), "residents": {code: vars(counts) for code, counts in told.residents.items()}}))


def _report_of(row: Row[Any]) -> Report | None:
    if row.reported_at is None:
        return None
    return Report(
        residents={code: domain.as_counts(counts) for code, counts in row.residents.items()},
        free_places=row.free_places, more_referrals_wanted=row.more_referrals_wanted, reported_by=row.reported_by,
        reported_at=row.reported_at, revision=row.revision,
    )

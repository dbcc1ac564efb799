"""Months of phenomenon observations and their counts."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Column, Date, DateTime, Integer, MetaData, Table, Text, func, select
from sqlalchemy.dialects.postgresql import insert

from chassis.calendar import helsinki_day, month_start
from chassis.database import Session
from services.coaching.cases.store import cases
from services.coaching.phenomena.domain import Sheet

metadata = MetaData()
months = Table(
    "phenomenon_months", metadata,
    Column("municipality", Text, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("asked_at", DateTime(timezone=True)),
    Column("recorded_at", DateTime(timezone=True)),
    Column("recorded_by", Text),
)
phenomena = Table(
    "phenomena", metadata,
    Column("municipality", Text, primary_key=True),
    Column("month", Date, primary_key=True),
    Column("phenomenon", Text, primary_key=True),
    Column("observations", Integer, nullable=False),
)


async def sheet(db: Session, municipality: str, month: date, *, for_update: bool = False) -> Sheet:
    """A month as it was told last, locked `for_update`; an empty one where nothing was."""
    found = select(months).where(months.c.municipality == municipality, months.c.month == month)
    if for_update:
        await db.execute(insert(months).values(municipality=municipality, month=month).on_conflict_do_nothing())
        found = found.with_for_update()
    row = (await db.execute(found)).first()
    recorded_on = helsinki_day(row.recorded_at) if row and row.recorded_at else None
    return Sheet(
        municipality, month, (await counts(db, municipality, month, month)).get(month, {}),
        over_recorded=recorded_on is not None and recorded_on >= month_start(month, 1))


async def counts(db: Session, municipality: str, first: date, last: date) -> Mapping[date, Mapping[str, int]]:
    """Observations by month and phenomenon, of months that were recorded."""
    rows = await db.execute(select(phenomena).where(
        phenomena.c.municipality == municipality, phenomena.c.month.between(first, last)))
    found: dict[date, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.month, {})[row.phenomenon] = row.observations
    return found


async def save(db: Session, sheet: Sheet, by: str) -> None:
    """Keeps a month as it now is, that was loaded for update."""
    await db.execute(months.update().where(
        months.c.municipality == sheet.municipality, months.c.month == sheet.month
    ).values(recorded_at=db.now, recorded_by=by))
    for code, count in sheet.observations.items():
        values = {"municipality": sheet.municipality, "month": sheet.month, "phenomenon": code}
        await db.execute(insert(phenomena).values(**values, observations=count).on_conflict_do_update(
            index_elements=list(values), set_={"observations": count}))


async def last_asked(db: Session, municipality: str) -> date | None:
    """The latest month that was asked for."""
    found: date | None = (await db.execute(select(func.max(months.c.month)).where(
        months.c.municipality == municipality, months.c.asked_at.is_not(None)))).scalar_one()
    return found


async def note_asked(db: Session, sheet: Sheet) -> bool:
    """Notes that a month is asked for; False where it was before, by whichever replica."""
    asked = await db.execute(months.update().where(
        months.c.municipality == sheet.municipality, months.c.month == sheet.month, months.c.asked_at.is_(None)
    ).values(asked_at=db.now).returning(months.c.month))
    return asked.first() is not None


async def has_worked(db: Session, provider: str, service: str, until: date) -> bool:
    """Whether anybody had turned to a service of a provider before a day."""
    found = select(cases.c.case_id).where(
        cases.c.provider == provider, cases.c.service == service, cases.c.asked_on < until)
    return bool((await db.execute(select(found.exists()))).scalar_one())

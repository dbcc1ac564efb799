"""Tables of notify: the directory with addresses, the referrals' numbers, and the notices."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Column, Date, DateTime, Integer, MetaData, Table, Text, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from chassis import telemetry
from chassis.database import Session
from services.notify.domain import Notice, Status

metadata = MetaData()
people = Table(
    "people",
    metadata,
    Column("staff_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("address", Text, nullable=False),
)
seats = Table(
    "seats",
    metadata,
    Column("seat", Text, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("service", Text),
    Column("group", Text),
    Column("holder", Text),
    Column("substitutes", ARRAY(Text), nullable=False),
    Column("away_until", Date),
    Column("mailbox", Text),
)
numbers = Table(
    "referral_numbers",
    metadata,
    Column("referral_id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("heard_at", DateTime(timezone=True), nullable=False),
)
notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("about_type", Text, nullable=False),
    Column("about_id", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("values", JSONB, nullable=False),
    Column("caused_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("status_at", DateTime(timezone=True), nullable=False),
    Column("not_before", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("staff_id", Text),
    Column("reason", Text),
    Column("traceparent", Text),
)
PAGE = 200
CHANGES = ("caused_at", "status", "status_at", "not_before", "tries", "reason")


def _notice(row: Mapping[str, Any]) -> Notice:
    values = {name: value for name, value in row.items() if name != "traceparent"}
    return Notice(**{**values, "status": Status(row["status"])})


async def remember_number(db: Session, referral_id: str, number: str) -> None:
    await db.execute(insert(numbers).values(
        referral_id=referral_id, number=number, heard_at=db.now).on_conflict_do_nothing())


async def number(db: Session, referral_id: str) -> str | None:
    found = await db.execute(select(numbers.c.number).where(numbers.c.referral_id == referral_id))
    return found.scalar_one_or_none()


async def save_person(db: Session, values: Mapping[str, Any]) -> None:
    await db.execute(insert(people).values(**values).on_conflict_do_update(index_elements=["staff_id"], set_=values))


async def save_seat(db: Session, values: Mapping[str, Any]) -> None:
    await db.execute(insert(seats).values(**values).on_conflict_do_update(index_elements=["seat"], set_=values))


async def seat(db: Session, organisation: str, role: str, service: str | None) -> Mapping[str, Any] | None:
    """The seat for the service, or the role's own."""
    keys = [f"{organisation}:{role}:{service}"] if service else []
    keys.append(f"{organisation}:{role}:-")
    rows = {r["seat"]: r for r in (await db.execute(select(seats).where(seats.c.seat.in_(keys)))).mappings()}
    return next((dict(rows[k]) for k in keys if k in rows), None)


async def seat_named(db: Session, key: str) -> Mapping[str, Any] | None:
    """The seat of exactly this key, a group's too."""
    row = (await db.execute(select(seats).where(seats.c.seat == key))).mappings().first()
    return dict(row) if row else None


async def person(db: Session, staff_id: str) -> Mapping[str, Any] | None:
    row = (await db.execute(select(people).where(people.c.staff_id == staff_id))).mappings().first()
    return dict(row) if row else None


async def add(db: Session, notice: Notice) -> None:
    """Queues it, with the trace in which it was wanted: the mail is the trace's end."""
    await db.execute(insert(notices).values({**asdict(notice), "traceparent": telemetry.headers()[0]}))


async def traceparent(db: Session, identity: str) -> str | None:
    """The trace in which a notice was wanted."""
    found = await db.execute(select(notices.c.traceparent).where(notices.c.id == identity))
    return found.scalar_one_or_none()


async def save(db: Session, notice: Notice) -> None:
    await db.execute(update(notices).where(notices.c.id == notice.id).values(
        {n: v for n, v in asdict(notice).items() if n in CHANGES}))


async def notice(db: Session, identity: str) -> Notice | None:
    row = (await db.execute(select(notices).where(notices.c.id == identity).with_for_update())).mappings().first()
    return _notice(dict(row)) if row else None


async def next_queued(db: Session) -> Notice | None:
    """The oldest that is due, locked."""
    row = (await db.execute(
        select(notices).where(notices.c.status == Status.QUEUED, notices.c.not_before <= db.now)
        .order_by(notices.c.not_before, notices.c.id).limit(1).with_for_update(skip_locked=True)
    )).mappings().first()
    return _notice(dict(row)) if row else None


async def being_sent(db: Session) -> list[Notice]:
    rows = await db.execute(select(notices).where(notices.c.status == Status.SENDING).with_for_update())
    return [_notice(dict(r)) for r in rows.mappings()]


async def newest(db: Session, staff_id: str | None = None, limit: int = PAGE) -> list[Notice]:
    """Notices (of one member of staff, if named), those that need a person first, then by time."""
    query = select(notices)
    if staff_id:
        query = query.where(notices.c.staff_id == staff_id)
    needs = or_(notices.c.status == Status.UNDELIVERABLE, notices.c.status == Status.UNKNOWN)
    rows = await db.execute(query.order_by(needs.desc(), notices.c.status_at.desc()).limit(limit))
    return [_notice(dict(r)) for r in rows.mappings()]


async def counts(db: Session) -> dict[str, int]:
    rows = await db.execute(select(notices.c.status, func.count().label("n")).group_by(notices.c.status))
    return {row.status: row.n for row in rows}

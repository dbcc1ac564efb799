"""Names of staff, for timelines and for handing a case over; from the shared directory."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, Column, DateTime, MetaData, Table, Text, any_, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import directory, seats
from chassis.database import Session
from contracts.envelope import Event
from contracts.events.directory import StaffListed

staff = Table(
    "staff", MetaData(),
    Column("staff_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("gone_at", DateTime(timezone=True)),
    Column("listed_at", DateTime(timezone=True), nullable=False),
)


async def list_person(db: Session, event: Event[StaffListed]) -> None:
    """Keeps a person's name and roles; an older listing changes nothing. Sessions that go beyond them end."""
    told = event.data
    await directory.listed(db, event)
    values: dict[str, Any] = {
        "name": told.name, "organisation": told.organisation, "roles": list(told.roles), "gone": False,
        "gone_at": None,
        "listed_at": event.time,
    }
    await db.execute(insert(staff).values(staff_id=told.staff_id, **values).on_conflict_do_update(
        index_elements=[staff.c.staff_id], set_=values, where=staff.c.listed_at <= event.time))


async def drop(db: Session, key: str) -> None:
    """The directory drops a person: the name stays on what they did, their sessions end; or a seat ends."""
    if ":" in key:
        await seats.drop(db, key)
    else:
        await db.execute(update(staff).where(staff.c.staff_id == key).values(gone=True, gone_at=db.now))
        await directory.dropped(db, key)


async def names(db: Session, staff_ids: Collection[str]) -> Mapping[str, str]:
    """Names by staff id; of those whom the directory never listed there is none."""
    found = await db.execute(select(staff.c.staff_id, staff.c.name).where(staff.c.staff_id.in_(set(staff_ids))))
    return {row.staff_id: row.name for row in found}


async def in_role(db: Session, organisation: str, role: str) -> Sequence[tuple[str, str]]:
    """Id and name of those who have a role in an organisation, by name."""
    found = await db.execute(
        select(staff.c.staff_id, staff.c.name)
        .where(staff.c.organisation == organisation, any_(staff.c.roles) == role, staff.c.gone.is_(False))
        .order_by(staff.c.name))
    return [(row.staff_id, row.name) for row in found]

"""Who holds which seat, who substitutes, and for whom somebody stands in today; from the shared directory [1, 2.1].

Promise: the latest word of a seat holds, by its time, whatever the order in which words come; a tombstone ends the
seat. A substitute stands in while the holder is away (the last day included) or while nobody holds the seat: what
the holder owes then waits for the substitute too. Standing in gives no right: who may open what is the sign-in's.
Seats of groups are kept out: they are of meetings.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, Date, DateTime, MetaData, Table, Text, Uuid, any_, delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert

from chassis import obligations
from chassis.database import Session
from chassis.obligations import Obligation
from chassis.policy import Principal
from contracts.envelope import Event
from contracts.events.directory import SeatFilled

DDL = """
create table seats (
    seat text primary key,
    organisation text not null,
    role text not null,
    service text,
    holder text,
    substitutes text[] not null,
    away_until date,
    filled_at timestamptz not null,
    event_id uuid not null
);
create index seats_of_substitutes on seats using gin (substitutes);
"""

table = Table(
    "seats", MetaData(),
    Column("seat", Text, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("service", Text),
    Column("holder", Text),
    Column("substitutes", ARRAY(Text), nullable=False),
    Column("away_until", Date),
    Column("filled_at", DateTime(timezone=True), nullable=False),
    Column("event_id", Uuid(as_uuid=False), nullable=False),
)
c = table.c


@dataclass(frozen=True)
class Owed:
    """What waits for a person; `instead_of` is the holder for whom they stand in, if they do."""

    obligation: Obligation
    instead_of: str | None = None


async def fill(db: Session, event: Event[SeatFilled]) -> None:
    """Keeps who holds the seat and who substitutes; an older word changes nothing."""
    told = event.data
    if told.group is not None:
        return
    row: dict[str, Any] = {
        "seat": told.subject(), "organisation": told.organisation, "role": told.role, "service": told.service,
        "holder": told.holder, "substitutes": list(told.substitutes), "away_until": told.away_until,
        "filled_at": event.time, "event_id": event.id,
    }
    statement = insert(table).values(row)
    newest = tuple_(statement.excluded.filled_at, statement.excluded.event_id)
    await db.execute(statement.on_conflict_do_update(
        index_elements=[c.seat], set_=row, where=tuple_(c.filled_at, c.event_id) < newest))


async def drop(db: Session, key: str) -> None:
    """The directory ends a seat."""
    await db.execute(delete(table).where(c.seat == key))


async def owed(
    db: Session, who: Principal, *, organisations: Collection[str] = (), roles: Collection[str] = ()
) -> Sequence[Owed]:
    """What waits for a person, in order of deadline: what they owe, what nobody named owes in their roles, and both of
    those for whom they stand in. `organisations` and `roles`: instead of the person's own."""
    own = [one for organisation in organisations or [who.organisation or ""] for one in await obligations.waiting(
        db, organisation=organisation, roles=roles or who.roles, person=who.id)]
    found = {one.obligation_id: Owed(one) for one in own}
    for seat in await db.execute(_vacant(db.today).where(any_(c.substitutes) == who.id)):
        for one in await obligations.waiting(
            db, organisation=seat.organisation, roles=[seat.role], person=seat.holder or "", service=seat.service
        ):
            found.setdefault(one.obligation_id, Owed(one, one.owner or seat.holder))
    return sorted(found.values(), key=lambda each: (each.obligation.due_at, each.obligation.obligation_id))


async def away(db: Session, organisation: str) -> Mapping[str, date]:
    """Who of an organisation's holders is away, and until which day (included)."""
    found = await db.execute(_vacant(db.today).where(c.organisation == organisation, c.holder.is_not(None)))
    return {row.holder: row.away_until for row in found}


def _vacant(today: date) -> Any:
    """Seats whose holder is away on the day, or that nobody holds."""
    return select(table).where(or_(c.holder.is_(None), c.away_until >= today))

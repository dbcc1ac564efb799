"""The obligation ledger: every open status has an owner, a next act and a deadline.

Promise: an obligation is opened, met or cancelled in the transaction of what causes it, and each of these, a
near deadline and a missed one are published exactly once. Of a kind and what it is about, one is open at a time:
opening it again changes nothing. A deadline never changes: a new one is a new obligation. An owner may change: it
stays the same obligation, so whatever was told of it is not told again. Kinds, deadlines, reminders and who is told
of a late one are the plan's [`contracts.plan`, obligations].
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from chassis import calendar, outbox
from contracts import plan as plans
from contracts.events import obligations as events
from contracts.fields import ObligationId, new_id
from contracts.plan import Plan
from contracts.plan.values import Side

if TYPE_CHECKING:
    from chassis.database import Database, Session

DDL = """
do $obligations$
begin
    create table obligations (
        obligation_id uuid primary key,
        side text not null check (side in ('area', 'municipal', 'shared')),
        kind text not null,
        about_type text not null,
        about_id text not null,
        service text,
        municipality text,
        owner_organisation text not null,
        owner_role text not null,
        owner text,
        escalate_organisation text,
        escalate_role text,
        opened_at timestamptz not null,
        due_at timestamptz not null,
        due_soon_at timestamptz,
        due_soon_told_at timestamptz,
        missed_told_at timestamptz,
        met_at timestamptz,
        cancelled_at timestamptz,
        check (met_at is null or cancelled_at is null),
        check (about_type <> 'case' or side = 'municipal')
    );
    create unique index obligations_open on obligations (about_type, about_id, kind)
        where met_at is null and cancelled_at is null;
    create index obligations_of_owner on obligations (owner_organisation, owner_role, due_at)
        where met_at is null and cancelled_at is null;
    create index obligations_due_soon on obligations (due_soon_at)
        where met_at is null and cancelled_at is null and due_soon_told_at is null and missed_told_at is null;
    create index obligations_missed on obligations (due_at)
        where met_at is null and cancelled_at is null and missed_told_at is null;
    create index obligations_closed on obligations (coalesce(met_at, cancelled_at))
        where met_at is not null or cancelled_at is not null;
end $obligations$
"""

table = Table(
    "obligations",
    MetaData(),
    Column("obligation_id", Uuid, primary_key=True),
    Column("side", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("about_type", Text, nullable=False),
    Column("about_id", Text, nullable=False),
    Column("service", Text),
    Column("municipality", Text),
    Column("owner_organisation", Text, nullable=False),
    Column("owner_role", Text, nullable=False),
    Column("owner", Text),
    Column("escalate_organisation", Text),
    Column("escalate_role", Text),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("due_soon_at", DateTime(timezone=True)),
    Column("due_soon_told_at", DateTime(timezone=True)),
    Column("missed_told_at", DateTime(timezone=True)),
    Column("met_at", DateTime(timezone=True)),
    Column("cancelled_at", DateTime(timezone=True)),
)
c = table.c
IS_OPEN = and_(c.met_at.is_(None), c.cancelled_at.is_(None))
ROUND = 200
"""How many obligations one transaction of the sweeper tells of."""


class NotInPlan(ValueError):
    """An obligation that the plan's kind does not allow: a fault of ours, found before the commit."""


@dataclass(frozen=True)
class Obligation:
    """Who must do what by when. `due_at` is inclusive; `about_id` the subject of what it is about."""

    obligation_id: ObligationId
    side: Side
    kind: str
    about_type: str
    about_id: str
    service: str | None
    municipality: str | None
    owner_organisation: str
    owner_role: str
    owner: str | None
    escalate_organisation: str | None
    escalate_role: str | None
    opened_at: datetime
    due_at: datetime
    due_soon_at: datetime | None
    due_soon_told_at: datetime | None = None
    missed_told_at: datetime | None = None
    met_at: datetime | None = None
    cancelled_at: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether its deadline has passed while it is open."""
        return self.met_at is None and self.cancelled_at is None and now > self.due_at

    def days_left(self, now: datetime) -> int:
        """Business days to the deadline's day: 0 on the day, negative after it."""
        return calendar.business_days_left(self.due_at, now)

    @property
    def topic(self) -> str:
        return f"{self.side}.obligations.v1"

    def data(self) -> dict[str, Any]:
        """What every event tells of it."""
        escalate_to = None
        if self.escalate_organisation and self.escalate_role:
            escalate_to = events.Seat(organisation=self.escalate_organisation, role=self.escalate_role)
        return {
            "obligation_id": self.obligation_id, "kind": self.kind, "about_type": self.about_type,
            "about_id": self.about_id, "service": self.service, "municipality": self.municipality,
            "owner_organisation": self.owner_organisation, "owner_role": self.owner_role, "owner": self.owner,
            "opened_at": self.opened_at, "due_at": self.due_at, "met_at": self.met_at,
            "escalate_to": escalate_to,
        }


def due_at(plan: Plan, kind: str, begins: date | datetime) -> datetime:
    """The deadline of a kind whose time the plan gives. `NotInPlan` where the act must bring it."""
    due = plan.obligations[kind].due
    if due == "given":
        raise NotInPlan(f"{kind} has no deadline of its own: give due_at")
    return calendar.deadline(begins, due)


def reminder_at(plan: Plan, kind: str, opened_at: datetime, due: datetime) -> datetime | None:
    """When its owner is reminded: in the morning of the plan's day, or of the last one; None: no time is left."""
    span = plan.obligations[kind].due_soon or plan.reminders.due_soon
    last_day = calendar.helsinki_day(due)
    mornings = (calendar.at(day, plan.reminders.at) for day in (calendar.before(last_day, span), last_day))
    return next((morning.astimezone(UTC) for morning in mornings if opened_at < morning <= due), None)


def opened(
    plan: Plan, now: datetime, kind: str, about_type: str, about_id: str, *, owner_organisation: str,
    owner_role: str | None = None, owner: str | None = None, service: str | None = None,
    municipality: str | None = None, side: Side | None = None, begins: date | datetime | None = None,
    due: datetime | None = None,
) -> Obligation:
    """An obligation as the plan has it. `NotInPlan` for a kind, side or subject that the plan has not."""
    if kind not in plan.obligations:
        raise NotInPlan(f"the plan has no obligation {kind}")
    rule = plan.obligations[kind]
    if side is None and len(rule.sides) > 1:
        raise NotInPlan(f"{kind} may be on several sides ({', '.join(rule.sides)}): name one")
    if side is not None and side not in rule.sides:
        raise NotInPlan(f"{kind} is not on the side {side}")
    if about_type != rule.about:
        raise NotInPlan(f"{kind} is about a {rule.about}, not a {about_type}")
    role = owner_role or rule.role
    told = plan.escalate_to(kind, owner_organisation, role)
    ends = due or due_at(plan, kind, begins or now)
    return Obligation(
        obligation_id=ObligationId(new_id(now)), side=side or rule.sides[0], kind=kind, about_type=about_type,
        about_id=about_id, service=service, municipality=municipality, owner_organisation=owner_organisation,
        owner_role=role, owner=owner, escalate_organisation=told.organisation if told else None,
        escalate_role=told.role if told else None, opened_at=now, due_at=ends.astimezone(UTC),
        due_soon_at=reminder_at(plan, kind, now, ends),
    )


async def open_(
    db: "Session", kind: str, about_type: str, about_id: str, *, owner_organisation: str,
    owner_role: str | None = None, owner: str | None = None, service: str | None = None,
    municipality: str | None = None, side: Side | None = None, begins: date | datetime | None = None,
    due_at: datetime | None = None,
) -> Obligation:
    """Opens an obligation and publishes it; one of the kind that is open already is returned as it is.

    The deadline is the plan's, counted from `begins` (default: now), or `due_at`, which kinds that are "given"
    need. The role is the plan's where none is named; `side` is needed where a kind may be on several. The plan is
    the one in force on the day of the event being handled, else of now. `NotInPlan` for what it has not.
    """
    happened = db.cause.time if db.cause else db.now
    plan = plans.on(calendar.helsinki_day(happened))
    new = opened(
        plan, db.now, kind, about_type, about_id, owner_organisation=owner_organisation, owner_role=owner_role,
        owner=owner, service=service, municipality=municipality, side=side, begins=begins or happened, due=due_at,
    )
    while True:
        if await _store(db, new):
            return new
        there = _all(await db.execute(_about(kind, about_type, about_id)))
        if there:
            return there[0]


async def meet(
    db: "Session", kind: str, about_type: str, about_id: str, *, at: datetime | None = None
) -> Obligation | None:
    """It was done (`at`, default: now), in time or late; published. None where none was open."""
    done = await _close(db, {"met_at": at or db.now}, c.kind == kind, about_type, about_id)
    return done[0] if done else None


async def cancel(db: "Session", kind: str, about_type: str, about_id: str) -> Obligation | None:
    """It need not be done any more; published. None where none was open."""
    done = await _close(db, {"cancelled_at": db.now}, c.kind == kind, about_type, about_id)
    return done[0] if done else None


async def cancel_all(
    db: "Session", about_type: str, about_id: str, *, but: Collection[str] = ()
) -> Sequence[Obligation]:
    """Whatever is open about it, `but` these kinds, need not be done any more (a withdrawal, an end); published."""
    return await _close(db, {"cancelled_at": db.now}, c.kind.not_in(list(but)), about_type, about_id)


async def hand_over(db: "Session", about_type: str, about_id: str, *, owner: str | None, role: str) -> int:
    """What the role owes about it has another owner from now on. Returns how many were handed over."""
    return await _give(db, owner, c.about_type == about_type, c.about_id == about_id, c.owner_role == role)


async def hand_over_all(db: "Session", *, organisation: str, role: str, owner: str, to: str) -> int:
    """Whatever a person owes in a role of an organisation is another's from now on. Returns how many."""
    return await _give(db, to, c.owner_organisation == organisation, c.owner_role == role, c.owner == owner)


async def hand_over_one(db: "Session", obligation_id: str, owner: str) -> None:
    """One obligation has another owner from now on."""
    await _give(db, owner, c.obligation_id == UUID(obligation_id))


async def sweep(db: "Session", limit: int = ROUND) -> int:
    """Publishes what was missed and what is due soon, each once, the earliest first; at most `limit` of each.

    Sweepers side by side share the work (`skip locked`). Of what was missed before it could be due soon only the
    miss is told. Returns how many were told.
    """
    missed = await _tell(db, "missed_told_at", limit, c.due_at < db.now)
    for one in missed:
        await outbox.add(db, events.ObligationMissed(**one.data()), topic=one.topic)
    soon = await _tell(
        db, "due_soon_told_at", limit, c.missed_told_at.is_(None), c.due_soon_at <= db.now, c.due_at >= db.now
    )
    for one in soon:
        await outbox.add(db, events.ObligationDueSoon(**one.data()), topic=one.topic)
    return len(missed) + len(soon)


async def sweep_all(database: "Database") -> int:
    """Sweeps, a transaction a round, until nothing is left to tell; returns how many were told. For a timer."""
    total = 0
    while True:
        async with database.begin() as db:
            told = await sweep(db)
        total += told
        if not told:
            return total


async def forget(db: "Session", before: datetime) -> int:
    """Deletes what was closed before the moment (the plan's retention); returns how many."""
    closed = or_(c.met_at < before, c.cancelled_at < before)
    return (await db.execute(delete(table).where(closed))).rowcount


async def waiting(
    db: "Session", *, organisation: str, roles: Collection[str], person: str | None = None,
    service: str | None = None, municipality: str | None = None, limit: int = ROUND,
) -> Sequence[Obligation]:
    """What is open for roles of an organisation, in order of deadline.

    With `person` what that person owes and what no named person owes; without it everybody's in the roles.
    """
    found = select(table).where(IS_OPEN, c.owner_organisation == organisation, c.owner_role.in_(roles))
    if person is not None:
        found = found.where(or_(c.owner.is_(None), c.owner == person))
    if service is not None:
        found = found.where(c.service == service)
    if municipality is not None:
        found = found.where(c.municipality == municipality)
    return _all(await db.execute(_by_deadline(found).limit(limit)))


async def late(
    db: "Session", *, organisation: str, roles: Collection[str], of: Collection[str] = (),
    service: str | None = None, municipality: str | None = None, limit: int = ROUND,
) -> Sequence[Obligation]:
    """What others are late with and these roles of an organisation are told of, the oldest first; with `of` also
    what the people of those organisations are late with."""
    told = and_(c.escalate_organisation == organisation, c.escalate_role.in_(roles))
    found = select(table).where(IS_OPEN, c.due_at < db.now, or_(told, c.owner_organisation.in_(of)))
    if service is not None:
        found = found.where(c.service == service)
    if municipality is not None:
        found = found.where(c.municipality == municipality)
    return _all(await db.execute(_by_deadline(found).limit(limit)))


async def find_open(db: "Session", obligation_id: str) -> Obligation | None:
    """One that is open, its row held until the transaction ends; None where it is closed or never was."""
    row = (await db.execute(
        select(table).where(IS_OPEN, c.obligation_id == UUID(obligation_id)).with_for_update()
    )).one_or_none()
    return _all([row])[0] if row else None


async def about(db: "Session", about_type: str, about_id: str) -> Sequence[Obligation]:
    """What is open about one thing, in order of deadline: the first is its next act."""
    return _all(await db.execute(_by_deadline(_about(None, about_type, about_id))))


async def _store(db: "Session", new: Obligation) -> bool:
    """Stores and publishes it; false where one of the kind is open already."""
    row = {**vars(new), "obligation_id": UUID(new.obligation_id)}
    stored = await db.execute(
        insert(table).values(row)
        .on_conflict_do_nothing(index_elements=[c.about_type, c.about_id, c.kind], index_where=IS_OPEN)
    )
    if stored.rowcount:
        await outbox.add(db, events.ObligationOpened(**new.data()), topic=new.topic)
    return bool(stored.rowcount)


async def _give(db: "Session", owner: str | None, *which: ColumnElement[bool]) -> int:
    """Another owner for what is open, told as opened under the same id: deadline and what was told of it stay."""
    given = _all(await db.execute(
        update(table).where(IS_OPEN, c.owner.is_distinct_from(owner), *which).values(owner=owner).returning(table)
    ))
    for one in given:
        await outbox.add(db, events.ObligationOpened(**one.data()), topic=one.topic)
    return len(given)


async def _close(
    db: "Session", how: dict[str, datetime], which: ColumnElement[bool], about_type: str, about_id: str
) -> Sequence[Obligation]:
    closed = _all(await db.execute(
        update(table).where(IS_OPEN, which, c.about_type == about_type, c.about_id == about_id)
        .values(how).returning(table)
    ))
    model = events.ObligationMet if "met_at" in how else events.ObligationCancelled
    for one in closed:
        await outbox.add(db, model(**one.data()), topic=one.topic)
    return closed


async def _tell(
    db: "Session", column: str, limit: int, *conditions: ColumnElement[bool]
) -> Sequence[Obligation]:
    due = (
        select(c.obligation_id).where(IS_OPEN, c[column].is_(None), *conditions)
        .order_by(c.due_at, c.obligation_id).limit(limit).with_for_update(skip_locked=True)
    )
    told = await db.execute(
        update(table).where(c.obligation_id.in_(due)).values({column: db.now}).returning(table)
    )
    return sorted(_all(told), key=lambda one: (one.due_at, one.obligation_id))


def _about(kind: str | None, about_type: str, about_id: str) -> Select[Any]:
    found = select(table).where(IS_OPEN, c.about_type == about_type, c.about_id == about_id)
    return found if kind is None else found.where(c.kind == kind)


def _by_deadline(found: Select[Any]) -> Select[Any]:
    return found.order_by(c.due_at, c.obligation_id)


def _all(rows: Iterable[Row[Any]]) -> list[Obligation]:
    return [Obligation(**{**row._mapping, "obligation_id": str(row.obligation_id)}) for row in rows]

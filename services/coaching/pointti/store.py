"""Tables of the workshop: groups with places, and beside them what lists look for, written whenever a case is."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Session
from chassis.decisions import NotFound, Refused
from services.coaching.cases.course import Course
from services.coaching.pointti.courses import TAKEN, TetState, places, tets
from services.coaching.pointti.domain import Group

metadata = MetaData()
Id = Uuid(as_uuid=False)

groups = Table(
    "period_groups", metadata,
    Column("group_id", Id, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("places", Integer, nullable=False),
)
period_places = Table(
    "period_places", metadata,
    Column("period_id", Id, primary_key=True),
    Column("group_id", Id, nullable=False),
    Column("case_id", Id, nullable=False),
    Column("state", Text, nullable=False),
)
tet_states = Table(
    "tets", metadata,
    Column("case_id", Id, primary_key=True),
    Column("tet_id", Id, primary_key=True),
    Column("state", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)


_TAKEN = (
    select(func.count()).select_from(period_places)
    .where(period_places.c.group_id == groups.c.group_id, period_places.c.state.in_(TAKEN))
    .correlate(groups).scalar_subquery()
)


async def group(db: Session, group_id: str, provider: str) -> Group:
    """A provider's group, its row held, with the places that are taken then. Raises `Refused` (`NotFound`).

    Who takes a place holds the group first and the case after it, so that the last place is given once.
    """
    held = await db.execute(
        select(groups.c.group_id).where(groups.c.group_id == group_id, groups.c.provider == provider).with_for_update())
    if held.first() is None:
        raise Refused(NotFound())
    return (await _groups(db, _select().where(groups.c.group_id == group_id)))[0]


async def find_group(db: Session, group_id: str) -> Group | None:
    """A group as it stands, not held."""
    found = await _groups(db, _select().where(groups.c.group_id == group_id))
    return found[0] if found else None


async def groups_of(
    db: Session, provider: str, *, since: date | None = None, until: date | None = None
) -> Sequence[Group]:
    """A provider's groups in order of their first day: those that end on `since` or later, and begin by `until`."""
    found = _select().where(groups.c.provider == provider)
    if since:
        found = found.where(groups.c.last_day >= since)
    if until:
        found = found.where(groups.c.first_day <= until)
    return await _groups(db, found.order_by(groups.c.first_day, groups.c.group_id))


async def free_places(db: Session, provider: str, on: date) -> int | None:
    """How many more the provider's coming groups can take: those that begin on a day or later. None: none is set."""
    coming = [g for g in await groups_of(db, provider, since=on) if g.first_day >= on]
    return sum(g.free for g in coming) if coming else None


async def add_group(db: Session, new: Group) -> None:
    await db.execute(groups.insert().values(
        group_id=new.group_id, provider=new.provider, first_day=new.first_day, last_day=new.last_day,
        places=new.places))


async def save_group(db: Session, changed: Group) -> None:
    await db.execute(update(groups).where(groups.c.group_id == changed.group_id).values(
        first_day=changed.first_day, last_day=changed.last_day, places=changed.places))


async def remove_group(db: Session, group_id: str) -> None:
    await db.execute(delete(groups).where(groups.c.group_id == group_id))


async def cases_in(db: Session, group_id: str, states: Collection[str]) -> Sequence[str]:
    """The cases that have a place of these states in a group, in the order in which they are held."""
    found = await db.execute(
        select(period_places.c.case_id).distinct()
        .where(period_places.c.group_id == group_id, period_places.c.state.in_(states))
        .order_by(period_places.c.case_id))
    return found.scalars().all()


async def cases_with_tets(
    db: Session, states: Collection[TetState], since: datetime | None = None
) -> Sequence[str]:
    """The cases with a TET period in one of these states, changed at a moment or later."""
    found = select(tet_states.c.case_id).distinct().where(tet_states.c.state.in_(list(states)))
    if since:
        found = found.where(tet_states.c.changed_at >= since)
    return (await db.execute(found)).scalars().all()


async def follow(db: Session, case_id: str, course: Course, referral_open: bool) -> None:
    """Brings the lists to what a case's course says."""
    if had := places(course):
        insert = upsert(period_places)
        await db.execute(insert.on_conflict_do_update(
            index_elements=["period_id"], set_={name: insert.excluded[name] for name in ("group_id", "state")},
        ), [{"period_id": p.period_id, "group_id": p.group_id, "case_id": case_id, "state": p.state.value}
            for p in had])
    if known := tets(course, referral_open):
        insert = upsert(tet_states)
        await db.execute(insert.on_conflict_do_update(
            index_elements=["case_id", "tet_id"],
            set_={name: insert.excluded[name] for name in ("state", "changed_at")},
            where=tet_states.c.state != insert.excluded.state,
        ), [{"case_id": case_id, "tet_id": t.id, "state": t.state.value, "changed_at": db.now} for t in known])


def _select() -> Select[tuple[str, str, date, date, int, int]]:
    return select(
        groups.c.group_id, groups.c.provider, groups.c.first_day, groups.c.last_day, groups.c.places,
        _TAKEN.label("taken"))


async def _groups(db: Session, query: Select[tuple[str, str, date, date, int, int]]) -> Sequence[Group]:
    return [Group(**row) for row in (await db.execute(query)).mappings()]

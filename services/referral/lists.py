"""Lists that people look at: referrals by number, what others did last, free places, names of staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, Tuple, and_, cast, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import directory, obligations, seats
from chassis.database import Session
from contracts.envelope import Event
from contracts.events.coaching import ClientSituationReported
from contracts.events.directory import StaffListed
from services.referral import duties
from services.referral.courses import OPEN, Status
from services.referral.store import Entry, referrals, situations, staff, timeline


@dataclass(frozen=True)
class Listed:
    """A referral as a list shows it: a number, never a name."""

    id: str
    number: str
    service: str
    municipality: str
    provider: str
    case_manager: str
    referred_on: date
    respond_due_on: date
    status: Status
    closed_at: datetime | None
    erase_due_at: datetime | None
    acknowledged_at: datetime | None


_LISTED = [referrals.c[name] for name in Listed.__dataclass_fields__]


async def page(
    db: Session, organisation: str, *, statuses: Sequence[str] = (), case_manager: str | None = None,
    service: str | None = None, number: str | None = None, before: tuple[date, str] | None = None, limit: int = 50,
) -> list[Listed]:
    """An organisation's referrals, newest first; `before` is day and id of the last one seen."""
    query = select(*_LISTED).where(referrals.c.organisation == organisation)
    if statuses:
        query = query.where(referrals.c.status.in_(statuses))
    if case_manager:
        query = query.where(referrals.c.case_manager == case_manager)
    if service:
        query = query.where(referrals.c.service == service)
    if number:
        query = query.where(referrals.c.number == number)
    if before:
        query = query.where(tuple_(referrals.c.referred_on, referrals.c.id) < _place(*before))
    query = query.order_by(referrals.c.referred_on.desc(), referrals.c.id.desc()).limit(limit)
    return [_listed_of(row) for row in await db.execute(query)]


def _place(day: date, referral_id: str) -> Tuple:
    return tuple_(literal(day, referrals.c.referred_on.type), literal(referral_id, referrals.c.id.type))


async def numbered(db: Session, ids: Sequence[str], organisation: str | None = None) -> dict[str, Listed]:
    """Referrals by id, as lists show them; with `organisation` only that one's."""
    if not ids:
        return {}
    query = select(*_LISTED).where(referrals.c.id.in_(ids))
    found = await db.execute(query if organisation is None else query.where(referrals.c.organisation == organisation))
    return {row.id: _listed_of(row) for row in found}


async def held_by(db: Session, organisation: str, case_manager: str) -> list[str]:
    """Ids of the referrals of a case manager in which something is still to come: open ones, and those that were given
    back and still wait for the case manager; in order, so that two who hold them wait for each other."""
    return list((await db.execute(
        select(referrals.c.id).where(_held(organisation), referrals.c.case_manager == case_manager)
        .order_by(referrals.c.id)
    )).scalars())


async def open_by_case_manager(db: Session, organisation: str) -> dict[str, int]:
    """How many such referrals each case manager of an organisation has."""
    found = await db.execute(
        select(referrals.c.case_manager, func.count().label("number")).where(_held(organisation))
        .group_by(referrals.c.case_manager))
    return {row.case_manager: row.number for row in found}


def _held(organisation: str) -> ColumnElement[bool]:
    owed = obligations.table.c
    waits = select(owed.obligation_id).where(
        obligations.IS_OPEN, owed.about_type == duties.ABOUT, owed.about_id == cast(referrals.c.id, Text),
        owed.owner_organisation == organisation)
    return and_(referrals.c.organisation == organisation,
                or_(referrals.c.status.in_([status.value for status in OPEN]), waits.exists()))


async def latest(db: Session, organisation: str, case_manager: str, limit: int) -> list[tuple[Listed, Entry]]:
    """The last that a provider did with each of a case manager's referrals, newest first."""
    newest = (
        select(timeline.c.referral_id, timeline.c.id, timeline.c.at, timeline.c.kind, timeline.c.by, timeline.c.detail)
        .join(referrals, timeline.c.referral_id == referrals.c.id)
        .where(referrals.c.organisation == organisation, referrals.c.case_manager == case_manager,
               timeline.c.by == referrals.c.provider)
        .ext(distinct_on(timeline.c.referral_id))
        .order_by(timeline.c.referral_id, timeline.c.at.desc(), timeline.c.id.desc()).subquery()
    )
    found = await db.execute(
        select(*_LISTED, newest.c.at, newest.c.kind, newest.c.by, newest.c.detail)
        .join(newest, newest.c.referral_id == referrals.c.id)
        .order_by(newest.c.at.desc(), newest.c.id.desc()).limit(limit)
    )
    return [(_listed_of(row), Entry(row.at, row.kind, row.by, row.detail)) for row in found]


def _listed_of(row: Row[Any]) -> Listed:
    told = {name: getattr(row, name) for name in Listed.__dataclass_fields__}
    return Listed(**told | {"status": Status(row.status)})


# --- client situations


@dataclass(frozen=True)
class Situation:
    """What a provider told last of a service's places."""

    month: str
    free_places: int | None
    more_referrals_wanted: bool


async def keep_situation(db: Session, event: Event[ClientSituationReported]) -> None:
    """What the provider reported of a month; a later report of the month replaces it whatever comes first."""
    told = event.data
    row = {"provider": told.provider, "service": told.service, "month": told.month, "event_id": event.id,
           "reported_at": event.time, "free_places": told.free_places,
           "more_referrals_wanted": told.more_referrals_wanted}
    statement = upsert(situations).values(row)
    known = tuple_(situations.c.reported_at, situations.c.event_id)
    await db.execute(statement.on_conflict_do_update(
        index_elements=["provider", "service", "month"], set_=row,
        where=known < tuple_(statement.excluded.reported_at, statement.excluded.event_id),
    ))


async def newest_situations(db: Session) -> dict[tuple[str, str], Situation]:
    """By provider and service, what was reported of the newest month."""
    found = await db.execute(
        select(situations).ext(distinct_on(situations.c.provider, situations.c.service))
        .order_by(situations.c.provider, situations.c.service, situations.c.month.desc())
    )
    return {
        (row.provider, row.service): Situation(row.month, row.free_places, row.more_referrals_wanted)
        for row in found
    }


# --- staff


async def list_staff(db: Session, event: Event[StaffListed]) -> None:
    """Keeps a person's name and roles as the directory says; an older word changes nothing. Sessions that go beyond
    them end."""
    told = event.data
    await directory.listed(db, event)
    row = {"id": told.staff_id, "name": told.name, "organisation": told.organisation, "roles": list(told.roles),
           "listed_at": event.time, "event_id": event.id, "gone": False, "gone_at": None}
    statement = upsert(staff).values(row)
    await db.execute(statement.on_conflict_do_update(
        index_elements=["id"], set_=row,
        where=tuple_(staff.c.listed_at, staff.c.event_id)
        < tuple_(statement.excluded.listed_at, statement.excluded.event_id),
    ))


async def drop_staff(db: Session, key: str) -> None:
    """The directory drops a person: the name stays on what they did, their sessions end; or a seat ends."""
    if ":" in key:
        await seats.drop(db, key)
    else:
        await db.execute(update(staff).where(staff.c.id == key).values(gone=True, gone_at=db.now))
        await directory.dropped(db, key)


async def names(db: Session, ids: Sequence[str]) -> Mapping[str, str]:
    """Names of staff by id; those that the directory never told are left out."""
    found = await db.execute(select(staff.c.id, staff.c.name).where(staff.c.id.in_(set(ids))))
    return {row.id: row.name for row in found}


async def colleagues(db: Session, organisation: str, role: str) -> list[tuple[str, str]]:
    """Id and name of an organisation's people in a role, by name."""
    found = await db.execute(
        select(staff.c.id, staff.c.name)
        .where(staff.c.organisation == organisation, staff.c.roles.contains([role]), staff.c.gone.is_(False))
        .order_by(staff.c.name, staff.c.id)
    )
    return [(row.id, row.name) for row in found]


async def organisation_of(db: Session, person: str) -> str | None:
    """The organisation of a person, as the directory says; None where it never told of them."""
    return (await db.execute(select(staff.c.organisation).where(staff.c.id == person))).scalar_one_or_none()

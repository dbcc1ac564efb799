"""Tables of the cases, and the queries that say whose a case is.

A case is stored as its own row, the ids that it is known under, and the events of its course; what lists sort by
(status, days) is written beside it whenever it is saved.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Session
from chassis.decisions import NotFound, Refused
from contracts.envelope import Data
from contracts.events.referrals import WorkTrialProposalAnswered
from contracts.fields import CaseId, ClientId, ReferralId
from contracts.topics import TOPICS
from services.coaching.cases.course import Course, Happened
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import HEARD, TOLD, Case, GoesOn
from services.coaching.cases.refusals import ChangedMeanwhile
from services.coaching.pointti.records import RECORDS
from services.coaching.referrals import store as referrals_store
from services.coaching.referrals.store import referrals

metadata = MetaData()
Moment = DateTime(timezone=True)
Id = Uuid(as_uuid=False)
CASEWORK = "municipal.casework.v1"
_MODELS: tuple[type[Data], ...] = (
    *TOPICS[CASEWORK].models, *TOLD, *HEARD, *RECORDS, WorkTrialProposalAnswered)
EVENTS = {model.__name__: model for model in _MODELS}

cases = Table(
    "cases", metadata,
    Column("case_id", Id, primary_key=True),
    Column("number", Text, nullable=False),
    Column("client", Id, nullable=False),
    Column("service", Text, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("asked_on", Date, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("coach", Text),
    Column("referral_id", Id),
    Column("awaited_number", Text),
    Column("start_told", Date),
    Column("end_told", Date),
    Column("reviewed_on", Date),
    Column("basis", Text),
    Column("goes_on_beside", Text),
    Column("goes_on_since", Date),
    Column("untold", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("began_on", Date),
    Column("closed_on", Date),
    Column("attempts", Integer, nullable=False),
    Column("booked_at", Moment),
    Column("changed_at", Moment, nullable=False),
)
case_ids = Table(
    "case_ids", metadata,
    Column("known_as", Id, primary_key=True),
    Column("case_id", Id, nullable=False),
    Column("source", Text, nullable=False),
)
casework = Table(
    "casework", metadata,
    Column("case_id", Id, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("time", Moment, nullable=False),
    Column("told_by", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("data", Text, nullable=False),
)
_REVIEWS = text(
    "select o.about_id from obligations o "
    "where o.kind = 'review-case' and o.met_at is null and o.cancelled_at is null "
    "and o.due_at between :now and :moment and o.about_id > :after order by o.about_id limit :limit"
)
_NEXT_NUMBER = text(
    "insert into own_numbers (year, last) values (:year, 1) "
    "on conflict (year) do update set last = own_numbers.last + 1 returning last"
)


class Shared(NamedTuple):
    """A service of another provider in which somebody works for their own municipality's residents."""

    provider: str
    service: str
    municipality: str


@dataclass(frozen=True)
class Whose:
    """Whose cases somebody may see: of one provider, of some of its services; and what they share with another's."""

    provider: str
    services: frozenset[str]
    shared: frozenset[Shared] = frozenset()

    def condition(self) -> ColumnElement[bool]:
        own = (cases.c.provider == self.provider) & cases.c.service.in_(sorted(self.services))
        return or_(own, *(
            (cases.c.provider == each.provider) & (cases.c.service == each.service)
            & (cases.c.municipality == each.municipality) for each in sorted(self.shared)))

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.provider, *(each.provider for each in sorted(self.shared)))))

    def provider_of(self, service: str, municipality: str) -> str | None:
        """As whose they open a case of a service for a resident; None where the service is not theirs."""
        shared = (s.provider for s in self.shared if (s.service, s.municipality) == (service, municipality))
        return next(shared, self.provider if service in self.services else None)


@dataclass(frozen=True)
class Listed:
    """A case as lists show it: no name, no pseudonym."""

    case_id: CaseId
    number: str
    service: str
    municipality: str
    status: Status
    origin: str
    asked_on: date
    opened_at: datetime
    coach: str | None
    began_on: date | None
    closed_on: date | None
    attempts: int
    booked_at: datetime | None


# --- one case


async def case(db: Session, known_as: str, whose: Whose | None = None) -> Case:
    """The case, locked, under any id that it is known by; somebody else's is not found. Raises `Refused`."""
    found = await find(db, known_as, whose)
    if found is None:
        raise Refused(NotFound())
    return found


async def case_to_change(db: Session, known_as: str, whose: Whose, seen: str | None = None) -> Case:
    """As `case`, for a command. Refused with `ChangedMeanwhile` where the case is another than the one that was `seen`,
    or than it was when the command came: of two at the same instant one wins."""
    came = await find(db, known_as, whose, held=False)
    found = await case(db, known_as, whose)
    if came is None or {came.version, seen or came.version} != {found.version}:
        raise Refused(ChangedMeanwhile())
    return found


async def find(db: Session, known_as: str, whose: Whose | None = None, *, held: bool = True) -> Case | None:
    """As `case`; None where nobody opened it, and not locked unless `held`."""
    its = cases.c.case_id.in_(select(case_ids.c.case_id).where(case_ids.c.known_as == known_as))
    return await _one(db, its if whose is None else its & whose.condition(), held=held)


async def of_referral(db: Session, referral_id: str, whose: Whose | None = None) -> Case | None:
    """The one case of a referral, locked; None where there is none, or it is somebody else's."""
    its = cases.c.referral_id == referral_id
    return await _one(db, its if whose is None else its & whose.condition())


async def awaiting(db: Session, number: str) -> Sequence[Case]:
    """Cases that another system opened for a referral's number before the referral came, oldest first."""
    ids = (await db.execute(
        select(cases.c.case_id).where(cases.c.awaited_number == number).order_by(cases.c.opened_at, cases.c.case_id)
    )).scalars().all()
    found = [await _one(db, cases.c.case_id == each) for each in ids]
    return [each for each in found if each is not None]


async def every(db: Session, ids: Collection[str], whose: Whose) -> Sequence[Case]:
    """Of these cases those that somebody may see, to be looked at: in order of number, not locked."""
    query = select(cases.c.case_id).where(cases.c.case_id.in_(list(ids)), whose.condition()).order_by(cases.c.number)
    found = [await _one(db, cases.c.case_id == each, held=False)
             for each in (await db.execute(query)).scalars().all()]
    return [each for each in found if each is not None]


async def _one(db: Session, which: ColumnElement[bool], *, held: bool = True) -> Case | None:
    """Locks the referral before its case, as every handler does, and loads both with what happened."""
    seen = (await db.execute(select(cases.c.case_id, cases.c.referral_id).where(which))).first()
    if seen is None:
        return None
    referral = await referrals_store.referral(db, seen.referral_id, held=held) if seen.referral_id else None
    its = select(cases).where(cases.c.case_id == seen.case_id)
    row = (await db.execute(its.with_for_update() if held else its)).mappings().one()
    if referral is None and row["referral_id"]:
        referral = await referrals_store.referral(db, row["referral_id"], held=held)
    happened = (await db.execute(select(casework).where(casework.c.case_id == seen.case_id))).all()
    sources = (await db.execute(select(case_ids.c.source).where(case_ids.c.case_id == seen.case_id))).scalars()
    course = Course(row["service"], row["asked_on"]).then(*(
        Happened(h.id, h.time, h.told_by, EVENTS[h.event].model_validate_json(h.data)) for h in happened
    ))
    return Case(
        id=CaseId(row["case_id"]), client=ClientId(row["client"]), service=row["service"],
        municipality=row["municipality"], provider=row["provider"], origin=row["origin"],
        opened_at=row["opened_at"], course=course, number=row["number"], sources=frozenset(sources),
        coach=row["coach"], referral=referral, awaited_number=row["awaited_number"], start_told=row["start_told"],
        end_told=row["end_told"], reviewed_on=row["reviewed_on"], untold=row["untold"], basis=row["basis"],
        goes_on=GoesOn(row["goes_on_beside"], row["goes_on_since"]) if row["goes_on_beside"] else None,
    )


async def save(db: Session, case: Case) -> None:
    """Stores a case as it now is, its referral too, and what newly happened in it."""
    if case.referral:
        await referrals_store.save(db, case.referral)
    appointment, closed = case.appointment, case.course.closed
    values = {
        "number": case.number, "client": case.client, "service": case.service, "municipality": case.municipality,
        "provider": case.provider, "origin": case.origin, "asked_on": case.course.asked_on,
        "opened_at": case.opened_at, "coach": case.coach, "referral_id": case.referral and case.referral.id,
        "awaited_number": case.awaited_number, "start_told": case.start_told, "end_told": case.end_told,
        "reviewed_on": case.reviewed_on, "untold": case.untold, "status": case.status, "basis": case.basis,
        "goes_on_beside": case.goes_on and case.goes_on.beside, "goes_on_since": case.goes_on and case.goes_on.since,
        "began_on": case.course.began_on(), "closed_on": closed and closed.on, "attempts": len(case.course.attempts),
        "booked_at": appointment and appointment.at, "changed_at": db.now,
    }
    await db.execute(upsert(cases).values(case_id=case.id, **values).on_conflict_do_update(
        index_elements=[cases.c.case_id], set_=values))
    if case.course.happened:
        await db.execute(upsert(casework).on_conflict_do_nothing(), [
            {"case_id": case.id, "id": h.id, "time": h.time, "told_by": h.by, "event": type(h.data).__name__,
             "data": orjson.dumps(h.data.model_dump(mode="json", exclude_none=True)).decode()}
            for h in case.course.happened
        ])


async def know_as(db: Session, case: Case, known_as: str, source: str) -> None:
    """From now on the case is known under this id too, which this source gave it."""
    await db.execute(upsert(case_ids).values(known_as=known_as, case_id=case.id, source=source)
                     .on_conflict_do_nothing())


async def next_own_number(db: Session) -> str:
    """A number for a case that came without a referral: `A-2026-0001`."""
    year = db.today.year
    last = (await db.execute(_NEXT_NUMBER, {"year": year})).scalar_one()
    return f"A-{year}-{last:04}"


# --- lists


async def listed(
    db: Session, whose: Whose, *, statuses: Collection[Status] = (), coach: str | None = None,
    service: str | None = None, number: str | None = None, before: str | None = None, limit: int = 50,
) -> Sequence[Listed]:
    """Cases that somebody may see, the newest first; `before` is the case after which the last page ended."""
    found = select(*[cases.c[f] for f in Listed.__dataclass_fields__]).where(whose.condition())
    if statuses:
        found = found.where(cases.c.status.in_([s.value for s in statuses]))
    if coach:
        found = found.where(cases.c.coach == coach)
    if service:
        found = found.where(cases.c.service == service)
    if number:
        found = found.where(cases.c.number == number)
    if before:
        last = select(cases.c.opened_at, cases.c.case_id).where(cases.c.case_id == before).scalar_subquery()
        found = found.where(tuple_(cases.c.opened_at, cases.c.case_id) < last)
    rows = await db.execute(found.order_by(cases.c.opened_at.desc(), cases.c.case_id.desc()).limit(limit))
    return [Listed(**{**row, "status": Status(row["status"])}) for row in rows.mappings()]


async def listed_by_id(db: Session, whose: Whose, ids: Collection[str]) -> dict[str, Listed]:
    """Of these cases those that somebody may see, by their id."""
    rows = await db.execute(
        select(*[cases.c[f] for f in Listed.__dataclass_fields__])
        .where(cases.c.case_id.in_(list(ids)), whose.condition()))
    return {row["case_id"]: Listed(**{**row, "status": Status(row["status"])}) for row in rows.mappings()}


async def began_before(db: Session, case: Case, clients: Collection[str], on: date) -> bool:
    """Whether one of these clients had an earlier service of this kind at this provider."""
    earlier = select(cases.c.case_id).where(
        cases.c.client.in_(list(clients)), cases.c.service == case.service, cases.c.provider == case.provider,
        cases.c.case_id != case.id, cases.c.began_on < on)
    return bool((await db.execute(select(earlier.exists()))).scalar_one())


async def closed_before(db: Session, day: date, limit: int) -> Sequence[ReferralId]:
    """Referrals in force whose case closed before a day and whose keys are not all erased."""
    return (await db.execute(
        select(cases.c.referral_id).join(referrals, referrals.c.referral_id == cases.c.referral_id).where(
            cases.c.closed_on < day, referrals.c.closing.is_(None),
            text("exists (select from keys where keys.referral_id = cases.referral_id::text "
                 "and keys.state in ('live', 'lost'))"))
        .order_by(cases.c.closed_on).limit(limit)
    )).scalars().all()


async def reviews_before(db: Session, moment: datetime, after: str, limit: int) -> Sequence[str]:
    """Cases, by id and those `after` one, whose open review is due before a moment and not late yet."""
    found = await db.execute(_REVIEWS, {"moment": moment, "now": db.now, "after": after, "limit": limit})
    return found.scalars().all()


@dataclass(frozen=True)
class Stopped:
    """A referral that the client withdrew or the case manager took back, and its case."""

    case_id: CaseId
    number: str
    closing: str
    closed_at: datetime


async def stopped_since(db: Session, whose: Whose, since: datetime, limit: int = 3) -> Sequence[Stopped]:
    """What the area closed lately among the cases that somebody may see, the newest first."""
    rows = await db.execute(
        select(cases.c.case_id, cases.c.number, referrals.c.closing, referrals.c.closed_at)
        .join(referrals, referrals.c.referral_id == cases.c.referral_id)
        .where(whose.condition(), referrals.c.closing.in_(["withdrawal", "cancellation"]),
               referrals.c.closed_at >= since)
        .order_by(referrals.c.closed_at.desc()).limit(limit))
    return [Stopped(CaseId(r.case_id), r.number, r.closing, r.closed_at) for r in rows]


async def arrived(db: Session, whose: Whose, limit: int = 200) -> Sequence[Listed]:
    """Cases that nobody has opened yet, the oldest first."""
    rows = await db.execute(
        select(*[cases.c[f] for f in Listed.__dataclass_fields__])
        .where(whose.condition(), cases.c.status == Status.ARRIVED.value)
        .order_by(cases.c.asked_on, cases.c.opened_at).limit(limit))
    return [Listed(**{**row, "status": Status(row["status"])}) for row in rows.mappings()]


async def in_workshop(db: Session, whose: Whose, status: Status) -> Sequence[Case]:
    """Cases of the workshop with a status, in order of number, not locked."""
    query = (select(cases.c.case_id).where(whose.condition(), cases.c.service == "pointti", cases.c.status == status)
             .order_by(cases.c.number).limit(200))
    return await every(db, (await db.execute(query)).scalars().all(), whose)

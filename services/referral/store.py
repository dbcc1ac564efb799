"""Tables of the referral service, and the queries that its handlers need.

Name and phone are in one column alone, `referrals.own_copy`, encrypted under a key that is a file (privacy.md,
Key store). What says *whose* a referral is stands in the query that loads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Session
from chassis.decisions import NotFound, Refused
from chassis.policy import Principal
from contracts.envelope import Event, data_to_bytes
from contracts.events.coaching import ContactDetailsErased, RightAddress
from contracts.events.referrals import Consent
from contracts.fields import KeyId, ReferralNumber
from services.referral.courses import Status
from services.referral.domain import ReceivingKey, Referral, ToldTo
from services.referral.refusals import ReferralUnknown

metadata = MetaData()
Moment = DateTime(timezone=True)
Id = Uuid(as_uuid=False)

referrals = Table(
    "referrals", metadata,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("municipality", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("case_manager", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("consent_id", Id, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("contact_permitted", Boolean, nullable=False),
    Column("referred_on", Date, nullable=False),
    Column("respond_due_on", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("received_at", Moment),
    Column("started_on", Date),
    Column("ended_on", Date),
    Column("return_reason", Text),
    Column("right_organisation", Text),
    Column("right_service", Text),
    Column("told_to", Text),
    Column("withdrawn_at", Moment),
    Column("closed_at", Moment),
    Column("closing_event_id", Id),
    Column("erase_due_at", Moment),
    Column("acknowledged_at", Moment),
    Column("acknowledged_late", Boolean, nullable=False),
    Column("own_copy", LargeBinary),
    Column("own_copy_key", Text),
)

receiving_keys = Table(
    "receiving_keys", metadata,
    Column("key_id", Id, primary_key=True),
    Column("referral_id", Id, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("offered_at", Moment, nullable=False),
    Column("sealed_at", Moment),
    Column("received_at", Moment),
    Column("erased_at", Moment),
)

acknowledgements = Table(
    "acknowledgements", metadata,
    Column("event_id", Id, primary_key=True),
    Column("referral_id", Id, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("data", Text, nullable=False),
)

timeline = Table(
    "timeline", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("referral_id", Id, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
)

situations = Table(
    "client_situations", metadata,
    Column("provider", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("event_id", Id, nullable=False),
    Column("reported_at", Moment, nullable=False),
    Column("free_places", Integer),
    Column("more_referrals_wanted", Boolean, nullable=False),
    Column("residents", JSONB, nullable=False),
)

staff = Table(
    "staff", metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("listed_at", Moment, nullable=False),
    Column("event_id", Id, nullable=False),
    Column("gone", Boolean, nullable=False),
    Column("gone_at", Moment),
)

reveals = Table(
    "reveals", metadata,
    Column("person", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

numbers = Table(
    "numbers", metadata,
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)


@dataclass(frozen=True)
class Entry:
    """One thing that happened: a code, who (staff id or organisation), when, and codes or days about it."""

    at: datetime
    kind: str
    by: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class OwnCopy:
    """The encrypted name and phone, and the key they are under."""

    key_id: KeyId
    encrypted: bytes


@dataclass(frozen=True)
class Acknowledgement:
    """The provider's proved word, as it was published."""

    event_id: str
    source: str
    at: datetime
    told: ContactDetailsErased
    published: str
    """The event's data as it lay on the topic: its proof holds for exactly this."""


def as_id(text: str) -> str:
    """The text, where it can be an id; raises ValueError else."""
    return str(UUID(text))


# --- one referral


async def next_number(db: Session, year: int) -> ReferralNumber:
    """The next number of the year, `2026-0412`; given back when the transaction fails."""
    given = await db.execute(
        upsert(numbers).values(year=year, last=1)
        .on_conflict_do_update(index_elements=["year"], set_={"last": numbers.c.last + 1})
        .returning(numbers.c.last)
    )
    return ReferralNumber(f"{year}-{given.scalar_one():04d}")


async def add(db: Session, referral: Referral, own_copy: OwnCopy) -> None:
    row = _row_of(referral) | {"own_copy": own_copy.encrypted, "own_copy_key": own_copy.key_id}
    await db.execute(insert(referrals), row)


async def referral(db: Session, referral_id: str, *, organisation: str | None = None, for_update: bool = False
                   ) -> Referral:
    """One referral; with `organisation`, only if it is that organisation's. Raises `Refused` with `NotFound`.

    `for_update` holds its row until the transaction ends: what is sealed and what closes a referral wait for each
    other here.
    """
    found = await find(db, referral_id, organisation=organisation, for_update=for_update)
    if found is None:
        raise Refused(NotFound())
    return found


async def find(db: Session, referral_id: str, *, organisation: str | None = None, for_update: bool = False
               ) -> Referral | None:
    """As `referral`; None where there is none."""
    query = select(referrals).where(referrals.c.id == referral_id)
    if organisation is not None:
        query = query.where(referrals.c.organisation == organisation)
    row = (await db.execute(query.with_for_update(key_share=True) if for_update else query)).one_or_none()
    if row is None:
        return None
    keys = await db.execute(
        select(receiving_keys).where(receiving_keys.c.referral_id == referral_id)
        .order_by(receiving_keys.c.offered_at, receiving_keys.c.key_id)
    )
    heard = await db.execute(
        select(func.count()).select_from(acknowledgements).where(acknowledgements.c.referral_id == referral_id)
    )
    return _referral_of(row, tuple(_key_of(key) for key in keys), heard.scalar_one())


async def save(db: Session, changed: Referral) -> None:
    """Stores a referral and its keys; its own copy stays as it is."""
    await db.execute(update(referrals).where(referrals.c.id == changed.id).values(**_row_of(changed)))
    if changed.keys:
        rows = [{**vars(key), "referral_id": changed.id} for key in changed.keys]
        statement = upsert(receiving_keys)
        moved = {name: statement.excluded[name] for name in ("sealed_at", "received_at", "erased_at")}
        await db.execute(statement.on_conflict_do_update(index_elements=["key_id"], set_=moved), rows)


async def own_copy(db: Session, referral_id: str) -> OwnCopy | None:
    """The own copy; None once it is erased."""
    row = (await db.execute(
        select(referrals.c.own_copy_key, referrals.c.own_copy).where(referrals.c.id == referral_id)
    )).one_or_none()
    if row is None or row.own_copy is None:
        return None
    return OwnCopy(row.own_copy_key, row.own_copy)


async def replace_own_copy(db: Session, referral_id: str, kept: OwnCopy) -> None:
    """Another own copy in place of one that is lost or wrong."""
    await db.execute(
        update(referrals).where(referrals.c.id == referral_id)
        .values(own_copy=kept.encrypted, own_copy_key=kept.key_id)
    )


async def forget_own_copy(db: Session, key_id: str) -> str | None:
    """Takes the encrypted name and phone away after their key is gone; the referral's id."""
    done = await db.execute(
        update(referrals).where(referrals.c.own_copy_key == key_id).values(own_copy=None).returning(referrals.c.id)
    )
    row = done.one_or_none()
    return row.id if row else None


_UNNEEDED = text("""
    select r.id from referrals r join keys k on k.key_id = r.own_copy_key
    where k.state in ('live', 'lost') and (
        (r.status = 'ended' and r.ended_on <= :until)
        or (r.status = 'delivered' and r.service = any(cast(:untold as text[]))
            and (r.received_at at time zone 'Europe/Helsinki')::date <= :until))
    order by r.id limit :limit
""")


async def copies_unneeded(db: Session, until: date, untold: Sequence[str], limit: int) -> list[str]:
    """Referrals that ended by the day, or were delivered by it to one of the services that tell no end, and still
    have an own copy."""
    found = await db.execute(_UNNEEDED, {"until": until, "untold": list(untold), "limit": limit})
    return [str(row.id) for row in found]


async def of_event(db: Session, referral_id: str) -> Referral:
    """The referral that an event of another service is about, its row held. Raises `Refused` with `ReferralUnknown`."""
    known = await find(db, referral_id, for_update=True)
    if known is None:
        raise Refused(ReferralUnknown())
    return known


def named(by: Principal) -> str:
    """Who did it, in a timeline: a person by staff id, a system by its organisation."""
    return by.id if by.kind == "person" else by.organisation or by.id


async def note_reveal(db: Session, person: str) -> None:
    """A person looked at contact details; older notes of theirs than an hour are of no use and leave."""
    await db.execute(delete(reveals).where(reveals.c.person == person, reveals.c.at <= db.now - timedelta(hours=1)))
    await db.execute(insert(reveals).values(person=person, at=db.now))


async def revealed_since(db: Session, person: str, since: datetime) -> int:
    """How often a person looked at contact details after the moment; nobody looks twice at the same instant, so that
    the count is true when one more is added."""
    await db.lock(f"reveals {person}")
    found = await db.execute(
        select(func.count()).select_from(reveals).where(reveals.c.person == person, reveals.c.at > since)
    )
    return int(found.scalar_one())


# --- what happened


async def note(db: Session, referral_id: str, kind: str, by: str, at: datetime | None = None, **detail: Any) -> None:
    """An entry of the referral's timeline; `detail` holds codes, days and moments as text."""
    await db.execute(insert(timeline), {
        "referral_id": referral_id, "at": at or db.now, "kind": kind, "by": by,
        "detail": {name: value for name, value in detail.items() if value is not None},
    })


async def entries(db: Session, referral_id: str) -> list[Entry]:
    """What happened, newest first."""
    found = await db.execute(
        select(timeline).where(timeline.c.referral_id == referral_id)
        .order_by(timeline.c.at.desc(), timeline.c.id.desc())
    )
    return [Entry(row.at, row.kind, row.by, row.detail) for row in found]


async def add_acknowledgement(db: Session, event: Event[ContactDetailsErased]) -> None:
    await db.execute(insert(acknowledgements), {
        "event_id": event.id, "referral_id": event.data.referral_id, "source": event.source, "at": event.time,
        "data": data_to_bytes(event).decode(),
    })


async def acknowledged(db: Session, referral_id: str) -> list[Acknowledgement]:
    """The provider's acknowledgements, in order of time."""
    found = await db.execute(
        select(acknowledgements).where(acknowledgements.c.referral_id == referral_id)
        .order_by(acknowledgements.c.at, acknowledgements.c.event_id)
    )
    return [
        Acknowledgement(
            row.event_id, row.source, row.at, ContactDetailsErased.model_validate_json(row.data), row.data
        )
        for row in found
    ]


# --- rows


def _row_of(r: Referral) -> dict[str, Any]:
    return {
        "id": r.id, "number": r.number, "service": r.service, "municipality": r.municipality,
        "provider": r.provider, "case_manager": r.case_manager, "organisation": r.organisation,
        "consent_id": r.consent.consent_id, "purpose": r.consent.purpose, "given_at": r.consent.given_at,
        "recorded_by": r.consent.recorded_by, "contact_permitted": r.contact_permitted,
        "referred_on": r.referred_on, "respond_due_on": r.respond_due_on,
        "status": r.status.value, "received_at": r.received_at, "started_on": r.started_on, "ended_on": r.ended_on,
        "return_reason": r.return_reason, "told_to": r.told_to.value if r.told_to else None,
        "right_organisation": r.right_address.organisation if r.right_address else None,
        "right_service": r.right_address.service if r.right_address else None,
        "withdrawn_at": r.withdrawn_at, "closed_at": r.closed_at, "closing_event_id": r.closing_event_id,
        "erase_due_at": r.erase_due_at, "acknowledged_at": r.acknowledged_at,
        "acknowledged_late": r.acknowledged_late,
    }


def _referral_of(row: Row[Any], keys: tuple[ReceivingKey, ...], heard: int) -> Referral:
    consent = Consent(
        consent_id=row.consent_id, fields=("name", "phone"), purpose=row.purpose, given_at=row.given_at,
        recorded_by=row.recorded_by,
    )
    right = (
        RightAddress(organisation=row.right_organisation, service=row.right_service)
        if row.right_organisation and row.right_service else None
    )
    return Referral(
        id=row.id, number=row.number, service=row.service, municipality=row.municipality, provider=row.provider,
        case_manager=row.case_manager, organisation=row.organisation, consent=consent,
        contact_permitted=row.contact_permitted, referred_on=row.referred_on,
        respond_due_on=row.respond_due_on, status=Status(row.status),
        received_at=row.received_at, started_on=row.started_on, ended_on=row.ended_on,
        return_reason=row.return_reason, right_address=right,
        told_to=ToldTo(row.told_to) if row.told_to else None, withdrawn_at=row.withdrawn_at,
        closed_at=row.closed_at, closing_event_id=row.closing_event_id, erase_due_at=row.erase_due_at,
        acknowledged_at=row.acknowledged_at, acknowledged_late=row.acknowledged_late, acknowledgements=heard,
        keys=keys,
    )


def _key_of(row: Row[Any]) -> ReceivingKey:
    return ReceivingKey(
        key_id=row.key_id, public_key=row.public_key, offered_at=row.offered_at, sealed_at=row.sealed_at,
        received_at=row.received_at, erased_at=row.erased_at,
    )

"""Tables of the referrals that providers got, of the sealed contact details, and of who looked at them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Session
from contracts.fields import KeyId, ReferralId
from services.coaching.referrals.domain import Closing, Referral, Remembered

metadata = MetaData()
Moment = DateTime(timezone=True)
Id = Uuid(as_uuid=False)

referrals = Table(
    "referrals", metadata,
    Column("referral_id", Id, primary_key=True),
    Column("consent_id", Id),
    Column("number", Text),
    Column("service", Text),
    Column("municipality", Text),
    Column("provider", Text),
    Column("case_manager", Text),
    Column("case_manager_since", Moment),
    Column("referred_on", Date),
    Column("respond_due_on", Date),
    Column("purpose", Text),
    Column("consented_at", Moment),
    Column("received_at", Moment),
    Column("opened_at", Moment),
    Column("closing", Text),
    Column("closed_at", Moment),
)
sealed_details = Table(
    "sealed_details", metadata,
    Column("key_id", Id, primary_key=True),
    Column("referral_id", Id, nullable=False),
    Column("jwe", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("told_id", Text, nullable=False),
    Column("corrected_at", Moment),
)
acknowledgements = Table(
    "acknowledgements", metadata,
    Column("referral_id", Id, primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("acknowledged_at", Moment, nullable=False),
)
reveals = Table(
    "reveals", metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("referral_id", Id, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

_ERASED_AT = text(
    "select max(erased_at) as last, count(*) filter (where state <> 'erased') as left "
    "from keys where referral_id = :referral_id"
)


@dataclass(frozen=True)
class Reveal:
    """Somebody looked at the contact details, and why."""

    person: str
    reason: str
    at: datetime


async def lock_number(db: Session, number: str) -> None:
    """Until the commit nobody else decides which case a referral's number belongs to."""
    await db.lock(f"referral number {number}")


async def referral(db: Session, referral_id: str, *, held: bool = True) -> Referral | None:
    """The referral, locked unless only looked at; None where it is unknown, or only its closing was heard
    (`remembered`)."""
    row = await _row(db, referral_id, held=held)
    return None if row is None or row["number"] is None else of_row(row)


async def remembered(db: Session, referral_id: str) -> Remembered:
    """What was heard of a referral whose ReferralConsented has not come."""
    row = await _row(db, referral_id)
    if row is None:
        return Remembered()
    closing = Closing(row["closing"]) if row["closing"] else None
    return Remembered(closing, row["closed_at"], row["case_manager"], row["case_manager_since"])


async def by_number(db: Session, number: str) -> Referral | None:
    """The referral of a number, locked."""
    found = await db.execute(select(referrals).where(referrals.c.number == number).with_for_update())
    row = found.mappings().first()
    return None if row is None else of_row(row)


async def save(db: Session, referral: Referral) -> None:
    """Stores a referral as it now is."""
    values = {**vars(referral), "referral_id": referral.id}
    del values["id"]
    await db.execute(upsert(referrals).values(values).on_conflict_do_update(
        index_elements=[referrals.c.referral_id], set_=values))


async def remember_closing(db: Session, referral_id: str, consent_id: str, closing: Closing, at: datetime) -> None:
    """Notes that an unknown referral was withdrawn or cancelled; the first such word stays."""
    noted = upsert(referrals).values(referral_id=referral_id, consent_id=consent_id, closing=closing, closed_at=at)
    await db.execute(noted.on_conflict_do_update(
        index_elements=[referrals.c.referral_id],
        set_={"consent_id": consent_id, "closing": closing, "closed_at": at},
        where=referrals.c.closing.is_(None),
    ))


async def remember_case_manager(db: Session, referral_id: str, case_manager: str, at: datetime) -> None:
    """Notes the case manager of an unknown referral; the latest holds."""
    values = {"case_manager": case_manager, "case_manager_since": at}
    await db.execute(upsert(referrals).values(referral_id=referral_id, **values).on_conflict_do_update(
        index_elements=[referrals.c.referral_id], set_=values,
        where=func.coalesce(referrals.c.case_manager_since, datetime.min.replace(tzinfo=at.tzinfo)) < at,
    ))


async def not_opened(db: Session, since: timedelta, after: str, limit: int) -> Sequence[str]:
    """Referrals, by id and those `after` one, that came longer ago than `since` and whose contact details nobody ever
    looked at."""
    return (await db.execute(
        select(referrals.c.referral_id).where(
            referrals.c.opened_at.is_(None), referrals.c.closing.is_(None), referrals.c.consented_at < db.now - since,
            referrals.c.referral_id > after)
        .order_by(referrals.c.referral_id).limit(limit)
    )).scalars().all()


async def keep_sealed(db: Session, referral_id: ReferralId, key_id: KeyId, jwe: str, told_at: datetime, told_id: str
                      ) -> bool:
    """Stores what only the key in the key store opens. What the area sealed to the same key later takes the place of
    what it sealed before, whatever comes first; False where something later is here already."""
    statement = upsert(sealed_details).values(
        key_id=key_id, referral_id=referral_id, jwe=jwe, received_at=db.now, told_at=told_at, told_id=told_id)
    kept = await db.execute(statement.on_conflict_do_update(
        index_elements=["key_id"], set_={"jwe": jwe, "told_at": told_at, "told_id": told_id, "corrected_at": db.now},
        where=tuple_(sealed_details.c.told_at, sealed_details.c.told_id)
        < tuple_(statement.excluded.told_at, statement.excluded.told_id)))
    return bool(kept.rowcount)


async def corrected_at(db: Session, referral_id: ReferralId) -> datetime | None:
    """When corrected contact details came; None where they are as they first were."""
    found = await db.execute(
        select(func.max(sealed_details.c.corrected_at)).where(sealed_details.c.referral_id == referral_id))
    moment: datetime | None = found.scalar_one()
    return moment


async def sealed(db: Session, referral_id: ReferralId) -> tuple[KeyId, str] | None:
    """The sealed contact details that came last, with the id of their key."""
    row = (await db.execute(
        select(sealed_details).where(sealed_details.c.referral_id == referral_id)
        .order_by(sealed_details.c.received_at.desc()).limit(1)
    )).first()
    return None if row is None else (KeyId(row.key_id), row.jwe)


async def drop_sealed(db: Session, key_id: KeyId) -> None:
    await db.execute(delete(sealed_details).where(sealed_details.c.key_id == key_id))


async def acknowledge_once(db: Session, referral_id: str, key_id: str | None) -> bool:
    """True the first time that the erasure of this key is acknowledged; None: there never was a key."""
    noted = await db.execute(upsert(acknowledgements).values(
        referral_id=referral_id, key_id=key_id or "", acknowledged_at=db.now).on_conflict_do_nothing())
    return bool(noted.rowcount)


async def erased_at(db: Session, referral_id: ReferralId) -> datetime | None:
    """When the last key of a referral was gone; None while one is there, or where none ever was."""
    found = (await db.execute(_ERASED_AT, {"referral_id": referral_id})).one()
    moment: datetime | None = found.last if found.left == 0 else None
    return moment


async def note_reveal(db: Session, referral_id: ReferralId, person: str, reason: str) -> None:
    await db.execute(insert(reveals).values(referral_id=referral_id, person=person, reason=reason, at=db.now))
    await db.execute(update(referrals).where(
        referrals.c.referral_id == referral_id, referrals.c.opened_at.is_(None)).values(opened_at=db.now))


async def reveals_by(db: Session, person: str, since: datetime) -> int:
    """How often somebody looked at contact details since a moment; nobody looks twice at the same instant, so that
    the count is true when one more is added."""
    await db.lock(f"reveals {person}")
    counted = select(func.count()).select_from(reveals).where(reveals.c.person == person, reveals.c.at >= since)
    return int((await db.execute(counted)).scalar_one())


async def reveals_of(db: Session, referral_id: ReferralId) -> Sequence[Reveal]:
    """Who looked at the contact details, in order."""
    rows = await db.execute(
        select(reveals.c.person, reveals.c.reason, reveals.c.at).where(reveals.c.referral_id == referral_id)
        .order_by(reveals.c.at, reveals.c.id))
    return [Reveal(row.person, row.reason, row.at) for row in rows]


def of_row(row: Any) -> Referral:
    """A referral of a row of `referrals`."""
    closing = Closing(row["closing"]) if row["closing"] else None
    own = {f.name: row[f.name] for f in fields(Referral) if f.name not in ("id", "closing")}
    return Referral(id=row["referral_id"], closing=closing, **own)


async def _row(db: Session, referral_id: str, *, held: bool = True) -> Any:
    query = select(referrals).where(referrals.c.referral_id == referral_id)
    found = await db.execute(query.with_for_update() if held else query)
    return found.mappings().first()

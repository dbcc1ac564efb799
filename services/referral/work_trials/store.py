"""The table of work trials that were proposed."""

from collections.abc import Sequence

from sqlalchemy import Boolean, Column, Date, DateTime, MetaData, Table, Text, Uuid, select
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Session
from services.referral.work_trials.domain import Proposal

metadata = MetaData()
Id = Uuid(as_uuid=False)

proposals = Table(
    "work_trial_proposals", metadata,
    Column("id", Id, primary_key=True),
    Column("referral_id", Id, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("workplace_kind", Text, nullable=False),
    Column("unit", Text),
    Column("business_id", Text),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("accepted", Boolean),
    Column("reason", Text),
)


async def of_referral(db: Session, referral_id: str) -> Sequence[Proposal]:
    """What was proposed for a referral, in order; the referral's row says who may change it."""
    found = await db.execute(
        select(proposals).where(proposals.c.referral_id == referral_id)
        .order_by(proposals.c.proposed_at, proposals.c.id))
    return [Proposal(**row) for row in found.mappings()]


async def add(db: Session, new: Proposal) -> bool:
    """False where it is known already."""
    done = await db.execute(upsert(proposals).values(vars(new)).on_conflict_do_nothing().returning(proposals.c.id))
    return done.first() is not None


async def save(db: Session, changed: Proposal) -> None:
    await db.execute(proposals.update().where(proposals.c.id == changed.id).values(
        answered_at=changed.answered_at, accepted=changed.accepted, reason=changed.reason))

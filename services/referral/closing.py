"""What a referral's end does, whoever brought it about: keys, tombstone, obligations, timeline, in one transaction."""

from collections.abc import Sequence

from chassis import outbox
from chassis.database import Session
from chassis.keys import Cause
from contracts.envelope import Data, Event, type_of
from contracts.events.contact_details import ContactDetailsSealed
from contracts.events.referrals import ConsentWithdrawn, ReferralCancelled
from contracts.topics import source_of, topic_for
from services.referral import duties, store
from services.referral.courses import Status
from services.referral.domain import Referral
from services.referral.meetings import ledger

CONTACT_DETAILS = topic_for(ContactDetailsSealed, "referral")
CAUSES = {Status.WITHDRAWN: Cause.WITHDRAWAL, Status.CANCELLED: Cause.CANCELLATION, Status.RETURNED: Cause.RETURN}


async def close(db: Session, closed: Referral, events: Sequence[Data], by: str) -> None:
    """Stores a referral that was just withdrawn, cancelled or returned.

    From the commit on nobody can read the own copy and nothing is sealed; the key's file goes a moment later
    (`chassis.key_sweeper`). What was sealed is tombstoned, and the provider owes the acknowledgement.
    """
    await store.save(db, closed)
    await publish(db, closed, events)
    await db.keys.erase(db, closed.id, CAUSES[closed.status])
    await outbox.add_tombstone(db, CONTACT_DETAILS, closed.id)
    await ledger.referral_closed(db, closed, with_invitations=True)
    await duties.drop_all(db, closed)
    await duties.await_acknowledgement(db, closed)
    await store.note(
        db, closed.id, closed.status.value, by, closed.withdrawn_at if closed.withdrawn_at else None,
        told_to=closed.told_to.value if closed.told_to else None, reason=closed.return_reason,
        right_organisation=closed.right_address.organisation if closed.right_address else None,
        right_service=closed.right_address.service if closed.right_address else None,
    )


async def publish(db: Session, referral: Referral, events: Sequence[Data]) -> None:
    """Publishes a referral's events; the one that closed it always under the same id and time."""
    for data in events:
        if isinstance(data, ConsentWithdrawn | ReferralCancelled) and referral.closing_event_id:
            again = Event(
                id=referral.closing_event_id, source=source_of(db.service), type=type_of(type(data)),
                subject=data.subject(), time=referral.closed_at or db.now, data=data,
            )
            await outbox.republish(db, again, topic=topic_for(type(data), db.service))
        else:
            await outbox.add(db, data)

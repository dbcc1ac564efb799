"""What a provider tells of a referral: one function an event. Each is right when events are repeated, late or out
of order: it judges by state and holds the referral's row [events.md, Order and withdrawal].
"""

from typing import Any, TypeVar

from chassis import audit, outbox, proofs
from chassis.calendar import deadline, helsinki_day
from chassis.database import Session
from chassis.decisions import Decision, Ignored, decided_or_raise
from chassis.policy import system_of
from contracts import plan
from contracts.envelope import Data, Event
from contracts.events.coaching import (
    CoachingEnded,
    CoachingStarted,
    ContactDetailsErased,
    ContactDetailsReceived,
    ReceivingKeyOffered,
    ReferralReturned,
    WithdrawalReported,
)
from contracts.events.directory import StaffListed
from contracts.fields import new_id
from contracts.plan import Plan
from services.referral import domain, duties, lists, own_copy, store
from services.referral.closing import CONTACT_DETAILS, close, publish
from services.referral.domain import Referral
from services.referral.meetings import ledger

D = TypeVar("D", bound=Data)


async def take_offer(db: Session, event: Event[ReceivingKeyOffered]) -> None:
    """A proved key is sealed to; a referral that is closed is answered with the event that closed it."""
    proofs.verify(event.data.proof, event.data, event.type, event.source, db.settings.trust, db.service)
    referral = await store.of_event(db, event.data.referral_id)
    decision = domain.take_offer(referral, event.data, _rules(event).sealing.max_keys)
    referral, events = decided_or_raise(decision, referral)
    if isinstance(decision, Ignored):
        return
    await store.save(db, referral)
    await publish(db, referral, events)
    await own_copy.seal(db, referral)


async def receive(db: Session, event: Event[ContactDetailsReceived]) -> None:
    """The provider has the contact details: what was sealed is tombstoned, unless a newer key is sealed to."""
    referral = await store.of_event(db, event.data.referral_id)
    decision = domain.receive(referral, event.data.key_id, event.time)
    referral, _ = decided_or_raise(decision, referral)
    if isinstance(decision, Ignored):
        return
    await store.save(db, referral)
    newest = referral.key_in_use
    if newest and newest.key_id == event.data.key_id:
        await outbox.add_tombstone(db, CONTACT_DETAILS, referral.id)
    await duties.details_taken(db, referral)
    await store.note(db, referral.id, "received", referral.provider, event.time)


async def start(db: Session, event: Event[CoachingStarted]) -> None:
    """Coaching began [3.2]; one that comes late is kept in the timeline and opens nothing."""
    referral = await store.of_event(db, event.data.referral_id)
    await _told(db, event, referral, domain.start(referral, event.data), "started", on=event.data.started_on)
    await duties.start_told(db, referral)


async def end(db: Session, event: Event[CoachingEnded]) -> None:
    """Coaching ended [3.2]; one that comes late is kept in the timeline and changes nothing."""
    referral = await store.of_event(db, event.data.referral_id)
    decision = domain.end(referral, event.data)
    await _told(db, event, referral, decision, "ended", on=event.data.ended_on)
    if not isinstance(decision, Ignored):
        await duties.start_told(db, referral)
        await ledger.referral_closed(db, referral, with_invitations=False)
        await duties.service_ended(db, referral)


async def take_return(db: Session, event: Event[ReferralReturned]) -> None:
    """The provider gives the referral back: erased as at a withdrawal, and the case manager has an act."""
    referral = await store.of_event(db, event.data.referral_id)
    decision = domain.take_return(referral, event.data, _erase_due(db, event), db.now)
    if isinstance(decision, Ignored):
        await _told(db, event, referral, decision, "returned", reason=event.data.reason)
        return
    returned, events = decided_or_raise(decision)
    await close(db, returned, events, returned.provider)
    await audit.changed(db, "referral", returned.id, system_of(event.source), "return-referral")


async def report_withdrawal(db: Session, event: Event[WithdrawalReported]) -> None:
    """The client told the provider: withdrawn here, once, whoever was told first."""
    referral = await store.of_event(db, event.data.referral_id)
    decision = domain.report_withdrawal(referral, event.data, _erase_due(db, event), new_id(db.now), db.now)
    closed, events = decided_or_raise(decision, referral)
    if isinstance(decision, Ignored):
        return
    await close(db, closed, events, closed.provider)
    await audit.changed(db, "referral", closed.id, system_of(event.source), "withdraw-consent")


async def acknowledge(db: Session, event: Event[ContactDetailsErased]) -> None:
    """The provider's proved word that it erased: kept with its proof for the receipt, whenever it comes."""
    proofs.verify(event.data.proof, event.data, event.type, event.source, db.settings.trust, db.service)
    referral = await store.of_event(db, event.data.referral_id)
    was_closed = referral.acknowledged_at is not None
    referral, _ = decided_or_raise(domain.acknowledge(referral, event.data, event.time))
    await store.add_acknowledgement(db, event)
    await store.save(db, referral)
    await store.note(
        db, referral.id, "acknowledged", referral.provider, event.time, key_id=event.data.key_id,
        erased_at=event.data.erased_at.isoformat(), late=referral.acknowledged_late or None,
    )
    if referral.acknowledged_at and not was_closed:
        await duties.acknowledged(db, referral)
    await audit.changed(db, "referral", referral.id, system_of(event.source), "acknowledge-erasure")


async def list_staff(db: Session, event: Event[StaffListed]) -> None:
    await lists.list_staff(db, event)


async def _told(db: Session, event: Event[Any], was: Referral, decision: Decision[Referral], kind: str, **detail: Any
                ) -> None:
    """What the provider told, in the timeline whether or not it still changes anything."""
    now, events = decided_or_raise(decision, was)
    if now != was:
        await store.save(db, now)
        await publish(db, now, events)
    late = True if isinstance(decision, Ignored) else None
    texts = {name: str(value) for name, value in detail.items()}
    await store.note(db, was.id, kind, was.provider, event.time, late=late, **texts)


def _rules(event: Event[Any]) -> Plan:
    return plan.on(helsinki_day(event.time))


def _erase_due(db: Session, event: Event[Any]) -> Any:
    return deadline(db.now, _rules(event).consent.erase_within)

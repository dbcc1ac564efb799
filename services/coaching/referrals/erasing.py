"""Receiving keys from offer to erasure, and the proved word to the area for each [privacy.md, Sealing, Key store]."""

import logging
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from chassis import outbox, proofs
from chassis.calendar import helsinki_day
from chassis.database import Session
from chassis.keys import TOLD, Cause, KeyRow, State
from contracts.events.coaching import ContactDetailsErased, ReceivingKeyOffered
from contracts.fields import ConsentId
from contracts.topics import source_of
from services.coaching.referrals import store
from services.coaching.referrals.domain import Closing, Referral

log = logging.getLogger(__name__)

CAUSES = {
    Closing.WITHDRAWAL: Cause.WITHDRAWAL, Closing.CANCELLATION: Cause.CANCELLATION, Closing.RETURN: Cause.RETURN,
}


@lru_cache(maxsize=32)
def signing_key(secrets: Path) -> proofs.SigningKey:
    """Coaching's own key for proofs; read once."""
    return proofs.load_signing_key(secrets)


async def offer_key(db: Session, referral: Referral) -> None:
    """A one-time key for one referral: its file first, then its row and the signed offer in one transaction."""
    key_id, public = await db.keys.make_receiving_key(db, referral.id)
    await outbox.add(db, proofs.proved(
        ReceivingKeyOffered, source_of(db.service), signing_key(db.settings.secrets),
        referral_id=referral.id, key_id=key_id, public_key=public, offered_at=db.now,
    ))


async def erase(db: Session, referral: Referral, closing: Closing) -> None:
    """From the commit on nobody reads the contact details. Each key is acknowledged when its file is gone; of a
    referral that never had one, or whose keys were erased before, at once."""
    keys = await db.keys.erase(db, referral.id, CAUSES[closing])
    if not keys:
        await acknowledge(db, referral.id, referral.consent_id, closing, None, db.now)
    for key in keys:
        if key.state is State.ERASED:
            erased_at = key.erased_at or db.now
            await acknowledge(db, referral.id, referral.consent_id, closing, key, erased_at)


async def acknowledge(
    db: Session, referral_id: str, consent_id: ConsentId, closing: Closing, key: KeyRow | None, erased_at: datetime
) -> None:
    """Tells the area, with a proof and once a key, that nobody can read the contact details any more."""
    if not await store.acknowledge_once(db, referral_id, key.key_id if key else None):
        return
    days = db.settings.keys_backup_days
    await outbox.add(db, proofs.proved(
        ContactDetailsErased, source_of(db.service), signing_key(db.settings.secrets),
        referral_id=referral_id, consent_id=consent_id, key_id=key and key.key_id, cause=closing.value,
        erased_at=erased_at, copies_until=helsinki_day(erased_at) + timedelta(days=days) if days else None,
    ))


async def erased(db: Session, key: KeyRow) -> None:
    """The key's file is gone: what it was sealed to goes too. Runs in the transaction that says so."""
    await store.drop_sealed(db, key.key_id)
    if key.cause not in TOLD:
        return
    referral = await store.referral(db, key.referral_id)
    if referral and referral.closing:
        await acknowledge(db, referral.id, referral.consent_id, referral.closing, key, key.erased_at or db.now)


async def lost(db: Session, key: KeyRow) -> None:
    """A key's file is gone unasked: another is offered while the consent holds, as often as the plan allows."""
    await store.drop_sealed(db, key.key_id)
    referral = await store.referral(db, key.referral_id)
    if referral is None or not referral.is_open:
        return
    made = await db.keys.of_referral(db, referral.id)
    if len(made) >= db.plan.sealing.max_keys:
        log.error("referral %s has lost its last key: its contact details must be asked for again", referral.id)
        return
    await offer_key(db, referral)

"""The own copy (*oma kappale*): name and phone under a key of their own, kept to be sealed and to be shown.

Promise: name and phone are in clear in memory alone. Once a referral closes nothing opens them again, and when
the sweeper has erased their key, no log, table or backup does either (privacy.md, Key store).
"""

from chassis import restriction, sealing
from chassis.calendar import before
from chassis.contact import Contact
from chassis.database import Session
from chassis.decisions import Refused, decided_or_raise
from chassis.key_files import Purpose
from chassis.keys import Cause, DetailsErased, DetailsLost, KeyRow, State
from chassis.policy import Principal, system_of
from contracts import plan
from contracts.fields import ReferralId
from contracts.topics import source_of
from services.referral import domain, duties, store
from services.referral.closing import publish
from services.referral.domain import Referral


async def encrypt(db: Session, referral_id: ReferralId, contact: Contact) -> store.OwnCopy:
    """Name and phone under a new key, whose file is on the disk before this transaction commits."""
    key_id, key = await db.keys.make_own_copy_key(db, referral_id)
    return store.OwnCopy(key_id, sealing.encrypt_own_copy(contact, key, referral_id))


async def read(db: Session, referral_id: str, by: Principal, act: str, reason: str | None = None) -> Contact:
    """Name and phone, with an audit row. Raises `Refused`: `ProcessingRestricted`, `DetailsErased`, `DetailsLost`."""
    await restriction.check(db, duties.ABOUT, referral_id)
    kept = await store.own_copy(db, referral_id)
    if kept is None:
        raise Refused(DetailsErased())
    key = await db.keys.use(db, kept.key_id, by, act, reason)
    try:
        return sealing.decrypt_own_copy(kept.encrypted, key, referral_id)
    except Refused:
        raise Refused(DetailsLost()) from None


async def seal(db: Session, referral: Referral) -> Referral:
    """Seals the contact details to the key that waits for it, if one does; the caller holds the referral's row.

    Where the own copy can't be read any more, the case manager is asked to ask the client again. While processing is
    restricted nothing is sealed: it is when the restriction is lifted.
    """
    key = domain.awaits_seal(referral)
    if key is None or await restriction.in_force(db, duties.ABOUT, referral.id):
        return referral
    try:
        contact = await read(db, referral.id, system_of(source_of(db.service)), "seal")
    except Refused as refused:
        if not isinstance(refused.refusal, DetailsErased | DetailsLost):
            raise
        await duties.ask_again(db, referral)
        return referral
    public = {"kty": "OKP", "crv": "X25519", "x": key.public_key}
    jwe = sealing.seal(contact, public, referral.id, referral.consent.consent_id, key.key_id)
    referral, events = decided_or_raise(domain.sealed(referral, key.key_id, jwe, db.now), referral)
    await store.save(db, referral)
    await publish(db, referral, events)
    await store.note(db, referral.id, "sealed", referral.organisation)
    return referral


async def replace(db: Session, referral: Referral, contact: Contact) -> None:
    """Another own copy under a new key; the key of the one before is erased, quietly."""
    await db.keys.erase(db, referral.id, Cause.CORRECTED)
    await store.replace_own_copy(db, referral.id, await encrypt(db, referral.id, contact))


async def keys(db: Session, referral_id: str) -> list[KeyRow]:
    """The keys that the own copy ever had, as the database knows them; the last is the one in use."""
    rows = await db.keys.of_referral(db, ReferralId(referral_id))
    return [row for row in rows if row.purpose is Purpose.OWN_COPY]


async def is_lost(db: Session, referral_id: str) -> bool:
    """Whether name and phone can't be read though nobody erased them with the referral."""
    *_, newest = await keys(db, referral_id)
    return newest.state is State.LOST or newest.cause is Cause.ENDED


async def erased(db: Session, row: KeyRow) -> None:
    """The key is off the disk (sweeper): the encrypted bytes leave too."""
    referral_id = await store.forget_own_copy(db, row.key_id)
    if referral_id is not None:
        await store.note(db, referral_id, "own-copy-erased", domain.ORGANISATION, cause=row.cause)


async def lost(db: Session, row: KeyRow) -> None:
    """The key's file is gone though nobody erased it (sweeper): the case manager asks the client again."""
    referral = await store.find(db, row.referral_id, for_update=True)
    if referral is None or not referral.is_open:
        return
    await store.note(db, referral.id, "own-copy-lost", domain.ORGANISATION)
    await duties.ask_again(db, referral)


async def erase_unneeded(db: Session, limit: int = 200) -> int:
    """Erases own copies that serve nothing any more: the plan's time after the end, or after the delivery to a
    service that tells no end. How many referrals; to be called until none is left."""
    today = db.today
    rules = plan.on(today)
    untold = [code for code, service in rules.services.items() if not service.start_and_end_told]
    ids = await store.copies_unneeded(db, before(today, rules.sealing.keep_after_end), untold, limit)
    for referral_id in ids:
        await db.keys.erase(db, ReferralId(referral_id), Cause.ENDED)
    return len(ids)

"""What the area tells of a referral, and the press that shows its contact details."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import audit, outbox, parking, restriction, sealing, security, telemetry
from chassis.calendar import before
from chassis.contact import Contact
from chassis.database import Database, Session
from chassis.decisions import NotFound, Refused, decided_or_raise
from chassis.keys import Cause, DetailsErased
from chassis.policy import Principal, SignInAgain, system_of
from chassis.sealing import UnreadableSeal
from contracts import plan
from contracts.envelope import Event
from contracts.events.coaching import ContactDetailsReceived
from contracts.events.contact_details import ContactDetailsSealed
from contracts.events.referrals import CaseManagerChanged, ConsentWithdrawn, ReferralCancelled, ReferralConsented
from contracts.fields import CaseId, ClientId, new_id, new_pseudonym
from contracts.topics import source_of
from services.coaching.cases import domain as case_domain
from services.coaching.cases import handlers as cases
from services.coaching.cases import opening
from services.coaching.cases import store as case_store
from services.coaching.cases.domain import Act
from services.coaching.cases.handlers import By
from services.coaching.cases.refusals import CodeNotKnown, NoReferral
from services.coaching.intake import handlers as intake
from services.coaching.meetings import ending
from services.coaching.referrals import domain, erasing, store
from services.coaching.referrals.domain import (
    Closing,
    ConsentNotInForce,
    ContactDetailsGone,
    NothingReceived,
    Referral,
    TooManyReveals,
)

HOUR = timedelta(hours=1)
ROUND = 100


# --- what the area tells


async def open_case(db: Session, event: Event[Any]) -> None:
    """A client was referred with consent: a case is opened and a one-time key offered [3.2].

    A case that another system opened for the number before is joined. A referral that was withdrawn before it came
    opens nothing, and is acknowledged without a key.
    """
    told: ReferralConsented = event.data
    await store.lock_number(db, told.number)
    if await store.referral(db, told.referral_id) is not None:
        telemetry.IGNORED.labels("consented-again").inc()
        return
    heard = await store.remembered(db, told.referral_id)
    referral, _ = decided_or_raise(domain.consented(told, event.time, heard))
    await store.save(db, referral)
    joined = await _join_waiting_case(db, referral)
    if referral.closing:
        await erasing.acknowledge(db, referral.id, referral.consent_id, referral.closing, None, db.now)
    else:
        if not joined:
            ids = CaseId(new_id(db.now)), ClientId(new_pseudonym())
            case, events = decided_or_raise(opening.open_for(referral, *ids, db.now))
            await cases.keep(db, case, *events, opened_by=case_domain.OURS)
        await erasing.offer_key(db, referral)
    await audit.changed(db, "referral", referral.id, system_of(event.source), "open")
    await parking.take_up(db, intake.of_number(referral.number), intake.take)


async def _join_waiting_case(db: Session, referral: Referral) -> bool:
    """Whether a case that another system opened for the number before is now the referral's one case. Another that
    named the number wrongly waits no more."""
    joined = False
    for waiting in await case_store.awaiting(db, referral.number):
        if not joined and opening.is_for(waiting, referral):
            await cases.keep(db, opening.join_referral(waiting, referral))
            joined = True
        else:
            await cases.keep(db, opening.stop_awaiting(waiting))
    return joined


async def close(db: Session, event: Event[Any]) -> None:
    """The client withdrew, or the case manager took the referral back: from the commit on nobody reads the contact
    details, and the area hears of nothing but their erasure."""
    told: ConsentWithdrawn | ReferralCancelled = event.data
    closing = Closing.WITHDRAWAL if isinstance(told, ConsentWithdrawn) else Closing.CANCELLATION
    known = await store.referral(db, told.referral_id)
    if known is None:
        await store.remember_closing(db, told.referral_id, told.consent_id, closing, event.time)
        await ending.referral_closed(db, told.referral_id)
        telemetry.IGNORED.labels("closed-before-it-came").inc()
        return
    referral, _ = decided_or_raise(domain.close(known, closing, db.now), known)
    if referral is known:
        return
    await store.save(db, referral)
    case = await case_store.of_referral(db, referral.id)
    if case is not None:
        stopped = case_domain.stop(case, Act(event.id, event.source, db.now))
        await cases.keep(db, stopped.state, *stopped.events)
    await erasing.erase(db, referral, closing)
    await audit.changed(db, "referral", referral.id, system_of(event.source), closing.value)


async def change_case_manager(db: Session, event: Event[Any]) -> None:
    """Another case manager of the area answers for the client."""
    told: CaseManagerChanged = event.data
    known = await store.referral(db, told.referral_id)
    if known is None:
        await store.remember_case_manager(db, told.referral_id, told.case_manager, event.time)
        return
    referral, _ = decided_or_raise(domain.change_case_manager(known, told.case_manager, event.time), known)
    await store.save(db, referral)


async def take_sealed(db: Session, event: Event[Any]) -> None:
    """The sealed contact details came: they are tried with their key, in memory, stored as they are, and their
    arrival is told at once. Corrected ones, sealed to the same key later, take the place of those before. One whose
    key is gone is dropped; one that does not open is refused."""
    told: ContactDetailsSealed = event.data
    referral = await store.referral(db, told.referral_id)
    if referral is None:
        if (await store.remembered(db, told.referral_id)).closing:
            telemetry.IGNORED.labels("sealed-after-closing").inc()
            return
        raise Refused(NotFound())
    if referral.closing:
        telemetry.IGNORED.labels("sealed-after-closing").inc()
        return
    if told.consent_id != referral.consent_id:
        raise Refused(UnreadableSeal())
    try:
        key = await db.keys.use(db, told.key_id, system_of(source_of(db.service)), "try-seal")
    except Refused as fault:
        if isinstance(fault.refusal, NotFound):
            raise Refused(UnreadableSeal()) from None
        telemetry.IGNORED.labels("sealed-to-a-key-that-is-gone").inc()
        return
    sealing.open_sealed(told.jwe, key, referral.id, referral.consent_id, told.key_id)
    if not await store.keep_sealed(db, referral.id, told.key_id, told.jwe, event.time, event.id):
        telemetry.IGNORED.labels("sealed-before-a-correction").inc()
        return
    await store.save(db, domain.received(referral, db.now))
    await outbox.add(db, ContactDetailsReceived(referral_id=referral.id, key_id=told.key_id))


# --- the press that shows


async def reveal(db: Session, case_id: str, by: By, reason: str, signed_in_at: datetime | None = None) -> Contact:
    """Name and phone of a case's client, in memory alone, for a reason that the audit log keeps [privacy.md].

    `signed_in_at`: when the person signed in; above the plan's hourly limit it must have been anew. Raises `Refused`:
    `NoReferral`, `ConsentNotInForce`, `ProcessingRestricted`, `NothingReceived`, `ContactDetailsGone`, `SignInAgain`,
    `TooManyReveals`.
    """
    case = await case_store.case(db, case_id, by.whose)
    today = db.plan
    if not today.knows("reveal-reason", reason):
        raise Refused(CodeNotKnown("/reason"))
    referral = case.referral
    if referral is None:
        raise Refused(NoReferral())
    if referral.closing:
        raise Refused(ConsentNotInForce(referral.closing))
    await restriction.check(db, "case", case.id)
    await _within_limit(db, by.who, today.reveal.hourly_limit, signed_in_at)
    contact = await _opened(db, referral, by.who, reason)
    await store.note_reveal(db, referral.id, by.who.id, reason)
    if by.who.kind == "person" and case.coach is None:
        case = case_domain.take_over(case, by.who.id)
    await cases.keep(db, case_domain.looked_at(case, db.now))
    return contact


async def _opened(db: Session, referral: Referral, who: Principal, reason: str) -> Contact:
    stored = await store.sealed(db, referral.id)
    if stored is None:
        keys = await db.keys.of_referral(db, referral.id)
        raise Refused(ContactDetailsGone() if keys and all(k.erasing_at for k in keys) else NothingReceived())
    key_id, jwe = stored
    try:
        key = await db.keys.use(db, key_id, who, "contact-details", reason)
    except Refused as fault:
        gone = isinstance(fault.refusal, DetailsErased)
        raise Refused(ContactDetailsGone() if gone else NothingReceived()) from None
    return sealing.open_sealed(jwe, key, referral.id, referral.consent_id, key_id)


async def _within_limit(db: Session, who: Principal, limit: int, signed_in_at: datetime | None) -> None:
    since = max(db.now - HOUR, signed_in_at or db.now - HOUR)
    if await store.reveals_by(db, who.id, since) < limit:
        return
    security.alarm("reveals-above-limit", db.service, who=who.id)
    raise Refused(SignInAgain() if who.kind == "person" else TooManyReveals())


# --- timers


async def return_unopened(database: Database) -> int:
    """Referrals that the provider has not opened within the plan's time go back for want of capacity; how many."""
    returned, last = 0, str(UUID(int=0))
    while True:
        async with database.begin() as db:
            since = db.plan.sealing.unopened.delta
            waiting = await store.not_opened(db, since, last, ROUND)
        for referral_id in waiting:
            async with database.begin() as db:
                returned += await _return_unopened(db, referral_id)
        if len(waiting) < ROUND:
            return returned
        last = waiting[-1]


async def _return_unopened(db: Session, referral_id: str) -> bool:
    case = await case_store.of_referral(db, referral_id)
    if case is None or case.referral is None or case.referral.opened_at or not case_domain.is_untouched(case):
        return False
    own = source_of(db.service)
    told = cases.is_told(case, db.plan)
    act = Act(new_id(db.now), own, db.now)
    after, events = decided_or_raise(case_domain.give_back(case, act, "no-capacity", None, told))
    await cases.keep(db, case_domain.remember_told(after, act, events), *events)
    await erasing.erase(db, case.referral, Closing.RETURN)
    await audit.changed(db, "case", case.id, system_of(own), "return-unopened")
    return True


async def forget_ended(database: Database) -> int:
    """Contact details of cases that ended longer ago than the plan keeps them are erased, quietly; how many."""
    async with database.begin() as db:
        today = db.today
        ended = await case_store.closed_before(db, before(today, plan.on(today).sealing.keep_after_end), ROUND)
        for referral_id in ended:
            await db.keys.erase(db, referral_id, Cause.ENDED)
    return len(ended)

"""What people of the employment area do with a referral: one function a command, the same for pages and API."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis import audit, restriction, security
from chassis.calendar import after, deadline
from chassis.contact import Contact
from chassis.database import Session
from chassis.decisions import Refused, decided_or_raise
from chassis.policy import NotAllowed, Principal, SignInAgain
from contracts.fields import ConsentId, ReferralId, StaffId, new_id, new_pseudonym
from services.referral import domain, duties, lists, own_copy, store
from services.referral.closing import close, publish
from services.referral.domain import NewReferral, Referral, ToldTo
from services.referral.refusals import (
    AnotherPurpose,
    NotAColleague,
    NothingToSettle,
    ReasonUnknown,
    RevealLimit,
)
from services.referral.suitability import Client, SuitsNot, suit


@dataclass(frozen=True)
class Wish:
    """What a case manager fills in to refer a client."""

    municipality: str
    birth_year: int
    service: str
    consented: bool
    given_at: datetime
    contact: Contact
    need: str | None = None
    provider: str | None = None
    purpose: str | None = None
    case_manager: str | None = None
    contact_permitted: bool = False



async def refer(db: Session, wish: Wish, by: Principal, instead_of: str | None = None) -> Referral:
    """A client is referred with consent [3.2]: plan check, own copy under a key of its own, ReferralConsented.

    With `instead_of`, a returned referral of the same client, its return is dealt with thereby. Raises `Refused`:
    `NotAllowed` to another organisation, the plan's reasons (`suitability`), `AnotherPurpose`, `NotAColleague`,
    `ConsentMissing`, `ContactPermissionMissing`, `ConsentTimeNotPossible`.
    """
    if by.organisation != domain.ORGANISATION:
        raise Refused(NotAllowed(domain.ORGANISATION))
    today, rules = db.today, db.plan
    found = suit(Client(wish.municipality, wish.birth_year, wish.need), wish.service, rules, today, wish.provider)
    if isinstance(found, SuitsNot):
        raise Refused(found.why)
    if wish.purpose not in (None, wish.service):
        raise Refused(AnotherPurpose(wish.service))
    case_manager = await case_manager_of(db, wish.case_manager, by)
    new = NewReferral(
        id=ReferralId(new_id(db.now)), consent_id=ConsentId(new_pseudonym()),
        number=await store.next_number(db, today.year), municipality=wish.municipality, service=wish.service,
        provider=found.provider, case_manager=case_manager, organisation=domain.ORGANISATION, consented=wish.consented,
        purpose=wish.service, given_at=wish.given_at,
        recorded_by=StaffId(by.id) if by.kind == "person" else case_manager, contact_permitted=wish.contact_permitted,
    )
    respond_due_on = after(today, rules.respond_within(wish.service))
    referral, events = decided_or_raise(domain.refer(
        new, today, respond_due_on, db.now, asks_permission=rules.services[wish.service].contact_permission))
    await store.add(db, referral, await own_copy.encrypt(db, referral.id, wish.contact))
    await publish(db, referral, events)
    await duties.await_provider(db, referral, rules)
    await store.note(
        db, referral.id, "referred", new.recorded_by, contact_permitted=referral.contact_permitted or None)
    await audit.changed(db, "referral", referral.id, by, "refer")
    if instead_of is not None:
        returned = await store.find(db, instead_of, organisation=by.organisation, for_update=True)
        if returned and await duties.return_settled(db, returned):
            await store.note(db, returned.id, "referred-again", new.recorded_by, number=referral.number)
    return referral


async def withdraw(db: Session, referral_id: str, told_at: datetime | None, by: Principal) -> Referral:
    """The client told the area that the consent is withdrawn [3.2, 7]; `told_at` is now unless said.

    Raises `Refused`: `NotFound`, `ConsentAlreadyWithdrawn`, `ReferralClosed`, `WithdrawalTimeNotPossible`.
    """
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    due = deadline(db.now, db.plan.consent.erase_within)
    closed, events = decided_or_raise(
        domain.withdraw(referral, told_at or db.now, ToldTo.AREA, due, new_id(db.now), db.now)
    )
    await close(db, closed, events, store.named(by))
    await audit.changed(db, "referral", referral_id, by, "withdraw-consent")
    return closed


async def cancel(db: Session, referral_id: str, by: Principal) -> Referral:
    """The referral is taken back before coaching starts.

    Raises `Refused`: `NotFound`, `CoachingHasStarted`, `ConsentAlreadyWithdrawn`, `ReferralClosed`.
    """
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    due = deadline(db.now, db.plan.consent.erase_within)
    closed, events = decided_or_raise(domain.cancel(referral, due, new_id(db.now), db.now))
    await close(db, closed, events, store.named(by))
    await audit.changed(db, "referral", referral_id, by, "cancel-referral")
    return closed


async def reveal(db: Session, referral_id: str, reason: str, by: Principal, since: datetime | None = None) -> Contact:
    """The own copy of name and phone, for a reason that the audit log keeps. Answer after the commit only.

    `since` is when the person last signed in: reveals before do not count towards the plan's hourly limit. Above it
    the security log tells the data protection officer. Raises `Refused`: `NotFound`, `ReasonUnknown`, `SignInAgain`
    (of a system `RevealLimit`), `DetailsErased`, `DetailsLost`.
    """
    rules = db.plan
    await store.referral(db, referral_id, organisation=by.organisation)
    if not rules.knows("reveal-reason", reason):
        raise Refused(ReasonUnknown(", ".join(rules.codes["reveal-reason"])))
    hour_ago = db.now - timedelta(hours=1)
    if await store.revealed_since(db, by.id, max(hour_ago, since or hour_ago)) >= rules.reveal.hourly_limit:
        security.alarm("reveals-above-limit", db.service, who=by.id)
        raise Refused(SignInAgain() if by.kind == "person" else RevealLimit(rules.reveal.hourly_limit))
    contact = await own_copy.read(db, referral_id, by, "reveal", reason)
    await store.note_reveal(db, by.id)
    await store.note(db, referral_id, "revealed", store.named(by), reason=reason)
    return contact


async def renew_details(db: Session, referral_id: str, contact: Contact, by: Principal) -> Referral:
    """The client told name and phone anew, for the own copy was lost or wrong [GDPR 16]: kept under a new key, and
    sealed again to the provider's key in use (docs/adr/corrected-details.md).

    Raises `Refused`: `NotFound`, `ReferralNotOpen`.
    """
    before = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    referral, _ = decided_or_raise(domain.renew_details(before))
    what = "details-given-again" if await own_copy.is_lost(db, referral_id) else "details-corrected"
    await own_copy.replace(db, referral, contact)
    await store.save(db, referral)
    await duties.details_asked(db, referral)
    if referral.key_in_use:
        await duties.await_taking(db, referral)
    await store.note(db, referral_id, what, store.named(by))
    await audit.changed(db, "referral", referral_id, by, what)
    return await own_copy.seal(db, referral)


async def restrict(db: Session, referral_id: str, by: Principal) -> None:
    """At the client's request nobody in the area opens the contact details [GDPR 18]. Raises `Refused`: `NotFound`,
    `RestrictedAlready`."""
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    await restriction.restrict(db, duties.ABOUT, referral.id, by)
    await store.note(db, referral_id, "restricted", store.named(by))


async def lift_restriction(db: Session, referral_id: str, by: Principal) -> None:
    """The contact details may be opened again; what waited to be sealed is. Raises `Refused`: `NotFound`,
    `NotRestricted`."""
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    await restriction.lift(db, duties.ABOUT, referral.id, by)
    await store.note(db, referral_id, "restriction-lifted", store.named(by))
    await own_copy.seal(db, referral)


async def settle_return(db: Session, referral_id: str, by: Principal) -> Referral:
    """The client knows of the return, or is referred again. Raises `Refused`: `NotFound`, `NothingToSettle`."""
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    if not await duties.return_settled(db, referral):
        raise Refused(NothingToSettle(referral.number))
    await store.note(db, referral_id, "return-settled", store.named(by))
    await audit.changed(db, "referral", referral_id, by, "settle-return")
    return referral


async def case_manager_of(db: Session, named: str | None, by: Principal) -> StaffId:
    """Whose matter it is: the person who acts, or a colleague by staff id (a system must name one). Raises `Refused`:
    `NotAColleague`."""
    if named is None or named == by.id:
        if by.kind != "person":
            raise Refused(NotAColleague())
        return StaffId(by.id)
    if await lists.organisation_of(db, named) not in (None, by.organisation):
        raise Refused(NotAColleague())
    return StaffId(named)

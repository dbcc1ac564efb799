"""What people of the employment area do with a referral: one function a command, the same for pages and API."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis import audit, security
from chassis.calendar import after, deadline, helsinki_day
from chassis.contact import Contact
from chassis.database import Session
from chassis.decisions import Refused, decided_or_raise
from chassis.policy import NotAllowed, Principal, SignInAgain
from contracts import plan
from contracts.fields import ConsentId, ReferralId, StaffId, new_id, new_pseudonym
from contracts.plan import Plan
from services.referral import domain, duties, lists, own_copy, store
from services.referral.closing import close, publish
from services.referral.domain import NewReferral, Referral, ToldTo
from services.referral.refusals import (
    AnotherPurpose,
    NotAColleague,
    NothingToAskAgain,
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


def in_force(db: Session) -> Plan:
    return plan.on(helsinki_day(db.now))


async def refer(db: Session, wish: Wish, by: Principal, instead_of: str | None = None) -> Referral:
    """A client is referred with consent [3.2]: plan check, own copy under a key of its own, ReferralConsented.

    With `instead_of`, a returned referral of the same client, its return is dealt with thereby. Raises `Refused`:
    `NotAllowed` to another organisation, the plan's reasons (`suitability`), `AnotherPurpose`, `NotAColleague`,
    `ConsentMissing`, `ContactPermissionMissing`, `ConsentTimeNotPossible`.
    """
    if by.organisation != domain.ORGANISATION:
        raise Refused(NotAllowed(domain.ORGANISATION))
    today, rules = helsinki_day(db.now), in_force(db)
    found = suit(Client(wish.municipality, wish.birth_year, wish.need), wish.service, rules, today, wish.provider)
    if isinstance(found, SuitsNot):
        raise Refused(found.why)
    if wish.purpose not in (None, wish.service):
        raise Refused(AnotherPurpose(wish.service))
    case_manager = await _case_manager(db, wish.case_manager, by)
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
    due = deadline(db.now, in_force(db).consent.erase_within)
    closed, events = decided_or_raise(
        domain.withdraw(referral, told_at or db.now, ToldTo.AREA, due, new_id(db.now), db.now)
    )
    await close(db, closed, events, _named(by))
    await audit.changed(db, "referral", referral_id, by, "withdraw-consent")
    return closed


async def cancel(db: Session, referral_id: str, by: Principal) -> Referral:
    """The referral is taken back before coaching starts.

    Raises `Refused`: `NotFound`, `CoachingHasStarted`, `ConsentAlreadyWithdrawn`, `ReferralClosed`.
    """
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    due = deadline(db.now, in_force(db).consent.erase_within)
    closed, events = decided_or_raise(domain.cancel(referral, due, new_id(db.now), db.now))
    await close(db, closed, events, _named(by))
    await audit.changed(db, "referral", referral_id, by, "cancel-referral")
    return closed


async def reveal(db: Session, referral_id: str, reason: str, by: Principal, since: datetime | None = None) -> Contact:
    """The own copy of name and phone, for a reason that the audit log keeps. Answer after the commit only.

    `since` is when the person last signed in: reveals before do not count towards the plan's hourly limit. Above it
    the security log tells the data protection officer. Raises `Refused`: `NotFound`, `ReasonUnknown`, `SignInAgain`
    (of a system `RevealLimit`), `DetailsErased`, `DetailsLost`.
    """
    rules = in_force(db)
    await store.referral(db, referral_id, organisation=by.organisation)
    if not rules.knows("reveal-reason", reason):
        raise Refused(ReasonUnknown(", ".join(rules.codes["reveal-reason"])))
    hour_ago = db.now - timedelta(hours=1)
    if await store.revealed_since(db, by.id, max(hour_ago, since or hour_ago)) >= rules.reveal.hourly_limit:
        security.alarm("reveals-above-limit", db.service, who=by.id)
        raise Refused(SignInAgain() if by.kind == "person" else RevealLimit(rules.reveal.hourly_limit))
    contact = await own_copy.read(db, referral_id, by, "reveal", reason)
    await store.note_reveal(db, by.id)
    await store.note(db, referral_id, "revealed", _named(by), reason=reason)
    return contact


async def give_details_again(db: Session, referral_id: str, contact: Contact, by: Principal) -> Referral:
    """The client told name and phone again after the own copy was lost: sealed to the key that waits for it.

    Raises `Refused`: `NotFound`, `NothingToAskAgain` where the own copy is not lost or the referral not open.
    """
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    if not referral.is_open or not await own_copy.is_lost(db, referral_id):
        raise Refused(NothingToAskAgain(referral.number))
    await store.replace_own_copy(db, referral_id, await own_copy.encrypt(db, referral.id, contact))
    await duties.details_asked(db, referral)
    await store.note(db, referral_id, "details-given-again", _named(by))
    await audit.changed(db, "referral", referral_id, by, "give-details-again")
    return await own_copy.seal(db, referral)


async def settle_return(db: Session, referral_id: str, by: Principal) -> Referral:
    """The client knows of the return, or is referred again. Raises `Refused`: `NotFound`, `NothingToSettle`."""
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    if not await duties.return_settled(db, referral):
        raise Refused(NothingToSettle(referral.number))
    await store.note(db, referral_id, "return-settled", _named(by))
    await audit.changed(db, "referral", referral_id, by, "settle-return")
    return referral


def _named(by: Principal) -> str:
    """Who did it, in a timeline: a person by staff id, a system by its organisation."""
    return by.id if by.kind == "person" else by.organisation or by.id


async def _case_manager(db: Session, named: str | None, by: Principal) -> StaffId:
    """Whose client it is: the person who refers, or a colleague by staff id (a system must name one)."""
    if named is None or named == by.id:
        if by.kind != "person":
            raise Refused(NotAColleague())
        return StaffId(by.id)
    if await lists.organisation_of(db, named) not in (None, by.organisation):
        raise Refused(NotAColleague())
    return StaffId(named)

"""A referral (*asiakasohjaus*) from consent to receipt: what may happen, and what others are told of it.

Pure: state, command or event, plan and time go in; the new state and events come out, or a refusal. A referral
is *open* while the provider may act on it, and *erasing or erased* once it was withdrawn, cancelled or returned:
from then on nothing is sealed, and the matter is closed when every receiving key is acknowledged as erased
[events.md, Order and withdrawal].
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from chassis.decisions import Decision, decided, ignored, refuse
from contracts.envelope import Data
from contracts.events.coaching import (
    CoachingEnded,
    CoachingStarted,
    ContactDetailsErased,
    ReceivingKeyOffered,
    ReferralReturned,
    RightAddress,
    WithdrawalReported,
)
from contracts.events.contact_details import ContactDetailsSealed
from contracts.events.referrals import Consent, ConsentWithdrawn, ReferralCancelled, ReferralConsented
from contracts.fields import ConsentId, KeyId, ReferralId, ReferralNumber, StaffId
from services.referral.courses import CLOSED_HERE, COURSE, ERASING, OPEN, Sign, Status
from services.referral.refusals import (
    AnotherConsent,
    CoachingHasStarted,
    ConsentAlreadyWithdrawn,
    ConsentMissing,
    ConsentTimeNotPossible,
    ContactPermissionMissing,
    KeyUnknown,
    ReferralClosed,
    TooManyKeys,
    WithdrawalTimeNotPossible,
)

ORGANISATION = "tampere-region"
"""The employment area: the organisation whose service this is."""


class ToldTo(StrEnum):
    """Whom the client told of the withdrawal."""

    AREA = "area"
    PROVIDER = "provider"


@dataclass(frozen=True)
class ReceivingKey:
    """A one-time key that the provider offered, and what became of it."""

    key_id: KeyId
    public_key: str
    offered_at: datetime
    sealed_at: datetime | None = None
    received_at: datetime | None = None
    erased_at: datetime | None = None
    """When the provider erased it, by its own proved word."""


@dataclass(frozen=True)
class Referral:
    """One referral. Name and phone are no part of it: they are behind a key of their own (`store.own_copy`)."""

    id: ReferralId
    number: ReferralNumber
    service: str
    municipality: str
    provider: str
    case_manager: StaffId
    organisation: str
    consent: Consent
    referred_on: date
    respond_due_on: date
    contact_permitted: bool = False
    """Whether the client permitted the contact itself, where the plan asks for that [3.4]."""
    status: Status = Status.SENT
    received_at: datetime | None = None
    started_on: date | None = None
    ended_on: date | None = None
    return_reason: str | None = None
    right_address: RightAddress | None = None
    told_to: ToldTo | None = None
    withdrawn_at: datetime | None = None
    closed_at: datetime | None = None
    closing_event_id: str | None = None
    erase_due_at: datetime | None = None
    acknowledged_at: datetime | None = None
    """When the matter was closed: each receiving key acknowledged as erased."""
    acknowledged_late: bool = False
    acknowledgements: int = 0
    keys: tuple[ReceivingKey, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def key_in_use(self) -> ReceivingKey | None:
        """The newest key that was offered and taken."""
        return max(self.keys, key=lambda key: (key.offered_at, key.key_id), default=None)

    @property
    def unacknowledged(self) -> tuple[ReceivingKey, ...]:
        """Keys that something was sealed to and whose erasure the provider has not acknowledged."""
        return tuple(key for key in self.keys if key.sealed_at and not key.erased_at)

    def key(self, key_id: str) -> ReceivingKey | None:
        return next((key for key in self.keys if key.key_id == key_id), None)


# --- the area's own acts


@dataclass(frozen=True)
class NewReferral:
    """A case manager's command. Birth year and need serve the plan check alone and are not kept."""

    id: ReferralId
    consent_id: ConsentId
    number: ReferralNumber
    municipality: str
    service: str
    provider: str
    case_manager: StaffId
    organisation: str
    consented: bool
    purpose: str
    given_at: datetime
    recorded_by: StaffId
    contact_permitted: bool = False


def refer(new: NewReferral, referred_on: date, respond_due_on: date, now: datetime, *, asks_permission: bool = False
          ) -> Decision[Referral]:
    """The client consents and is referred [3.2]; that the service suits was checked before (`suitability`).

    `asks_permission`: the plan asks the client's permission for the contact too [3.4]; where it does not, none is kept.
    Refused with `ConsentMissing`, of the permission `ContactPermissionMissing`, and `ConsentTimeNotPossible`.
    """
    if not new.consented:
        return refuse(ConsentMissing())
    if asks_permission and not new.contact_permitted:
        return refuse(ContactPermissionMissing())
    if new.given_at > now:
        return refuse(ConsentTimeNotPossible())
    consent = Consent(
        consent_id=new.consent_id, fields=("name", "phone"), purpose=new.purpose, given_at=new.given_at,
        recorded_by=new.recorded_by,
    )
    referral = Referral(
        id=new.id, number=new.number, service=new.service, municipality=new.municipality, provider=new.provider,
        case_manager=new.case_manager, organisation=new.organisation, consent=consent, referred_on=referred_on,
        respond_due_on=respond_due_on, contact_permitted=asks_permission,
    )
    return decided(referral, ReferralConsented(
        referral_id=new.id, number=new.number, service=new.service, municipality=new.municipality,
        provider=new.provider, consent=consent, case_manager=new.case_manager, referred_on=referred_on,
        respond_due_on=respond_due_on,
    ))


def withdraw(referral: Referral, told_at: datetime, told_to: ToldTo, erase_due_at: datetime, event_id: str,
             now: datetime) -> Decision[Referral]:
    """The client withdraws the consent, at any time and to either side [3.2, 7].

    Also after coaching has ended, for the provider may still hold the key. Refused with `ConsentAlreadyWithdrawn`
    and, where the details are being erased anyway, `ReferralClosed`; `WithdrawalTimeNotPossible`.
    """
    if referral.status is Status.WITHDRAWN:
        return refuse(ConsentAlreadyWithdrawn(referral.number))
    if not COURSE.can(referral.status, Sign.WITHDRAWN):
        return refuse(ReferralClosed(referral.number, referral.status))
    if told_at > now or told_at < referral.consent.given_at:
        return refuse(WithdrawalTimeNotPossible())
    closed = replace(
        _closed(referral, Status.WITHDRAWN, erase_due_at, event_id, now), told_to=told_to, withdrawn_at=told_at
    )
    return decided(closed, *closing_event(closed))


def cancel(referral: Referral, erase_due_at: datetime, event_id: str, now: datetime) -> Decision[Referral]:
    """The case manager takes the referral back before coaching starts; the provider needs no reason.

    Refused with `CoachingHasStarted`, `ConsentAlreadyWithdrawn` and `ReferralClosed`.
    """
    if referral.status is Status.WITHDRAWN:
        return refuse(ConsentAlreadyWithdrawn(referral.number))
    if referral.status in ERASING:
        return refuse(ReferralClosed(referral.number, referral.status))
    if not COURSE.can(referral.status, Sign.CANCELLED):
        return refuse(CoachingHasStarted(referral.number))
    closed = _closed(referral, Status.CANCELLED, erase_due_at, event_id, now)
    return decided(closed, *closing_event(closed))


def report_withdrawal(referral: Referral, told: WithdrawalReported, erase_due_at: datetime, event_id: str,
                      now: datetime) -> Decision[Referral]:
    """The client told the provider; ignored where the details are being erased already, whoever was first.

    A time that can't be right does not keep a withdrawal from counting: it is moved to the nearest that can.
    Refused with `AnotherConsent`.
    """
    if told.consent_id != referral.consent.consent_id:
        return refuse(AnotherConsent())
    if referral.status in ERASING:
        return ignored(f"withdrawal-when-{referral.status}")
    told_at = min(max(told.told_at, referral.consent.given_at), now)
    return withdraw(referral, told_at, ToldTo.PROVIDER, erase_due_at, event_id, now)


def _closed(referral: Referral, status: Status, erase_due_at: datetime, event_id: str, now: datetime) -> Referral:
    return replace(referral, status=status, closed_at=now, closing_event_id=event_id, erase_due_at=erase_due_at)


def closing_event(referral: Referral) -> tuple[Data, ...]:
    """The event of ours that closed the referral, of the same content each time; none where the provider did."""
    if referral.status not in CLOSED_HERE or referral.erase_due_at is None:
        return ()
    cancelled = ReferralCancelled(
        referral_id=referral.id, consent_id=referral.consent.consent_id, provider=referral.provider,
        service=referral.service, municipality=referral.municipality, erase_due_at=referral.erase_due_at,
    )
    if referral.withdrawn_at is None:
        return (cancelled,)
    return (ConsentWithdrawn(**dict(cancelled), withdrawn_at=referral.withdrawn_at),)


# --- what the provider tells


def take_offer(referral: Referral, offer: ReceivingKeyOffered, max_keys: int) -> Decision[Referral]:
    """The provider offers a proved key: it is to be sealed to, if the referral is open.

    Known keys and replayed older offers change nothing. A referral that we closed is answered with the event that
    closed it. Refused with `TooManyKeys` [events.md, Proof].
    """
    if referral.key(offer.key_id):
        return ignored("known-key")
    newest = referral.key_in_use
    if newest and offer.offered_at < newest.offered_at:
        return ignored("older-offer")
    if referral.status in CLOSED_HERE:
        return decided(referral, *closing_event(referral))
    if not referral.is_open:
        return ignored(f"offer-when-{referral.status}")
    if len(referral.keys) >= max_keys:
        return refuse(TooManyKeys(max_keys))
    taken = ReceivingKey(offer.key_id, offer.public_key.x, offer.offered_at)
    return decided(replace(referral, keys=(*referral.keys, taken)))


def awaits_seal(referral: Referral) -> ReceivingKey | None:
    """The key that the contact details are still to be sealed to; never one of a referral that is not open."""
    newest = referral.key_in_use
    return newest if referral.is_open and newest and not newest.sealed_at else None


def sealed(referral: Referral, key_id: KeyId, jwe: str, now: datetime) -> Decision[Referral]:
    """The contact details are sealed to a key that waited for it; ignored for any other."""
    key = awaits_seal(referral)
    if key is None or key.key_id != key_id:
        return ignored("nothing-to-seal")
    return decided(
        _with_key(referral, replace(key, sealed_at=now)),
        ContactDetailsSealed(
            referral_id=referral.id, consent_id=referral.consent.consent_id, key_id=key_id, jwe=jwe
        ),
    )


def receive(referral: Referral, key_id: str, at: datetime) -> Decision[Referral]:
    """The provider has stored what was sealed to a key. Refused with `KeyUnknown`."""
    key = referral.key(key_id)
    if key is None:
        return refuse(KeyUnknown())
    if key.received_at:
        return ignored("received-again")
    status = COURSE.after(referral.status, Sign.RECEIVED) or referral.status
    received = _with_key(referral, replace(key, received_at=at))
    return decided(replace(received, status=status, received_at=referral.received_at or at))


def start(referral: Referral, told: CoachingStarted) -> Decision[Referral]:
    """Coaching began: the day, and nothing more [3.2]. One that comes after the referral closed opens nothing."""
    if referral.status is Status.ENDED:
        return decided(replace(referral, started_on=told.started_on))
    status = COURSE.after(referral.status, Sign.STARTED)
    if status is None:
        return ignored(f"started-when-{referral.status}")
    return decided(replace(referral, status=status, started_on=told.started_on))


def end(referral: Referral, told: CoachingEnded) -> Decision[Referral]:
    """Coaching ended: the day, and nothing more [3.2]. One that comes after the referral closed changes nothing."""
    status = COURSE.after(referral.status, Sign.ENDED)
    if status is None:
        return ignored(f"ended-when-{referral.status}")
    return decided(replace(referral, status=status, started_on=told.started_on, ended_on=told.ended_on))


def take_return(referral: Referral, told: ReferralReturned, erase_due_at: datetime, now: datetime
                ) -> Decision[Referral]:
    """The provider gives the referral back and erases the contact details as at a withdrawal [3.2].

    One that crossed our own withdrawal or cancellation, or came after the end, changes nothing.
    """
    status = COURSE.after(referral.status, Sign.RETURNED)
    if status is None:
        return ignored(f"returned-when-{referral.status}")
    returned = replace(
        referral, status=status, return_reason=told.reason, right_address=told.right_address,
        closed_at=now, erase_due_at=erase_due_at,
    )
    return decided(_settled(returned, now))


def acknowledge(referral: Referral, told: ContactDetailsErased, at: datetime) -> Decision[Referral]:
    """The provider's proved word that it erased a key, or that it never had one (no `key_id`).

    The matter is closed when each key that something was sealed to is acknowledged, late where that is after
    `erase_due_at` (inclusive). It counts whatever the order in which the events came. Refused with
    `AnotherConsent`.
    """
    if told.consent_id != referral.consent.consent_id:
        return refuse(AnotherConsent())
    heard = replace(referral, acknowledgements=referral.acknowledgements + 1)
    key = referral.key(told.key_id) if told.key_id else None
    if key:
        heard = _with_key(heard, replace(key, erased_at=key.erased_at or told.erased_at))
    return decided(_settled(heard, at))


def _settled(referral: Referral, at: datetime) -> Referral:
    """The referral, its matter closed where the provider has spoken and nothing more is to be acknowledged."""
    if referral.status not in ERASING or referral.acknowledged_at:
        return referral
    if referral.unacknowledged or not referral.acknowledgements:
        return referral
    late = referral.erase_due_at is not None and at > referral.erase_due_at
    return replace(referral, acknowledged_at=at, acknowledged_late=late)


def _with_key(referral: Referral, changed: ReceivingKey) -> Referral:
    keys = tuple(changed if key.key_id == changed.key_id else key for key in referral.keys)
    return replace(referral, keys=keys)

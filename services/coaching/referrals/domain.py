"""A referral (*asiakasohjaus*) as its provider knows it: open, or closed with everything to be erased.

Pure. No name and no phone number is part of it; they lie sealed beside it (`store`).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from chassis.decisions import Decision, Refusal, decided, ignored, refuse
from contracts.events.coaching import WithdrawalReported
from contracts.events.referrals import ReferralConsented
from contracts.fields import ConsentId, ReferralId, ReferralNumber


class Closing(StrEnum):
    """Why the contact details had to be erased: the causes of ContactDetailsErased."""

    WITHDRAWAL = "withdrawal"
    CANCELLATION = "cancellation"
    RETURN = "return"


@dataclass(frozen=True)
class Referral:
    """One referral to a provider. `opened_at` is when the provider first looked at the contact details."""

    id: ReferralId
    consent_id: ConsentId
    number: ReferralNumber
    service: str
    municipality: str
    provider: str
    case_manager: str
    case_manager_since: datetime
    referred_on: date
    respond_due_on: date
    purpose: str
    consented_at: datetime
    received_at: datetime | None = None
    opened_at: datetime | None = None
    closing: Closing | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the consent is in force and the provider has not given the referral back."""
        return self.closing is None


@dataclass(frozen=True)
class Remembered:
    """What was heard of a referral before its ReferralConsented: it may be replayed later than what followed."""

    closing: Closing | None = None
    closed_at: datetime | None = None
    case_manager: str | None = None
    case_manager_since: datetime | None = None


# --- why not


@dataclass(frozen=True)
class ConsentNotInForce(Refusal):
    """The client has withdrawn, or the referral was taken or given back: nobody reads the contact details."""

    code = "consent-not-in-force"
    sentence_en = (
        "The contact details can't be used any more ({closing}). They are being erased. If the client comes without "
        "a referral, open a case without one."
    )
    sentence_fi = (
        "Yhteystietoja ei voi enää käyttää ({in_finnish_why}). Ne poistetaan. Jos asiakas tulee ilman ohjausta, avaa "
        "asiakkuus ilman ohjausta."
    )
    closing: Closing

    @property
    def in_finnish_why(self) -> str:
        return _WHY_FI[self.closing]

    def in_finnish(self) -> str:
        return self.sentence_fi.format(in_finnish_why=self.in_finnish_why)


_WHY_FI = {
    Closing.WITHDRAWAL: "asiakas on perunut suostumuksensa",
    Closing.CANCELLATION: "asiakasvastaava on perunut ohjauksen",
    Closing.RETURN: "ohjaus on palautettu",
}


@dataclass(frozen=True)
class NothingReceived(Refusal):
    """The sealed contact details have not come yet, or their key is lost and another was offered."""

    code = "contact-details-not-here"
    sentence_en = "The contact details are not here yet. They come by themselves; try again in a minute."
    sentence_fi = "Yhteystiedot eivät ole vielä saapuneet. Ne tulevat itsestään, yritä hetken päästä uudelleen."


@dataclass(frozen=True)
class ContactDetailsGone(Refusal):
    """The key was erased after the end of the case."""

    code = "contact-details-erased"
    sentence_en = "The contact details were erased after the end of the case, as the plan says. Nothing can be read."
    sentence_fi = "Yhteystiedot on poistettu asiakkuuden päätyttyä suunnitelman mukaisesti. Niitä ei voi enää lukea."
    status: ClassVar[int] = 410


@dataclass(frozen=True)
class TooManyReveals(Refusal):
    """A system looked at more contact details within an hour than the plan allows."""

    code = "too-many-reveals"
    sentence_en = "More contact details were shown within an hour than the plan allows. Go on in an hour."
    sentence_fi = "Yhteystietoja on näytetty tunnin aikana enemmän kuin suunnitelma sallii. Jatka tunnin kuluttua."
    status: ClassVar[int] = 429


@dataclass(frozen=True)
class WithdrawalTimeNotPossible(Refusal):
    """A withdrawal is told after the consent and not later than now."""

    code = "withdrawal-time-not-possible"
    sentence_en = "The withdrawal's time must not lie ahead. Check day and time."
    sentence_fi = "Perumisen aika ei voi olla tulevaisuudessa. Tarkista päivä ja aika."
    status = 422
    field = "/told_at"


# --- what the area tells


def consented(told: ReferralConsented, at: datetime, before: Remembered) -> Decision[Referral]:
    """A client was referred to the provider with consent [3.2].

    What was heard before counts: a referral that is withdrawn or cancelled already comes closed and opens nothing.
    """
    newer = before.case_manager and before.case_manager_since and before.case_manager_since > at
    return decided(Referral(
        id=told.referral_id, consent_id=told.consent.consent_id, number=told.number, service=told.service,
        municipality=told.municipality, provider=told.provider,
        case_manager=before.case_manager if newer and before.case_manager else told.case_manager,
        case_manager_since=before.case_manager_since if newer and before.case_manager_since else at,
        referred_on=told.referred_on, respond_due_on=told.respond_due_on, purpose=told.consent.purpose,
        consented_at=at, closing=before.closing, closed_at=before.closed_at,
    ))


def change_case_manager(referral: Referral, case_manager: str, at: datetime) -> Decision[Referral]:
    """Another case manager answers for the client. An older change than the one known changes nothing."""
    if at <= referral.case_manager_since:
        return ignored("older-case-manager")
    return decided(replace(referral, case_manager=case_manager, case_manager_since=at))


def received(referral: Referral, now: datetime) -> Referral:
    """The sealed contact details are here; the first time counts."""
    return referral if referral.received_at else replace(referral, received_at=now)


def close(referral: Referral, closing: Closing, at: datetime) -> Decision[Referral]:
    """The contact details must be erased. What closed the referral first stays its closing: the erasure is one."""
    if referral.closing:
        return ignored("closed-again")
    return decided(replace(referral, closing=closing, closed_at=at))


def report_withdrawal(referral: Referral, told_at: datetime, now: datetime) -> Decision[Referral]:
    """The client told the provider: the area hears it at once, and from this moment nobody reads the contact
    details [3.2, 7]. Refused with `ConsentNotInForce` and `WithdrawalTimeNotPossible`."""
    if referral.closing:
        return refuse(ConsentNotInForce(referral.closing))
    if told_at > now:
        return refuse(WithdrawalTimeNotPossible())
    return decided(
        replace(referral, closing=Closing.WITHDRAWAL, closed_at=now),
        WithdrawalReported(referral_id=referral.id, consent_id=referral.consent_id, told_at=told_at),
    )

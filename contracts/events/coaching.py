"""`shared.coaching.v1`: all that the employment area learns from a provider. There is no field for more."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from contracts.envelope import Data, Part
from contracts.fields import (
    BusinessId,
    ConsentId,
    Count,
    Day,
    Jws,
    KeyId,
    MeetingId,
    Moment,
    Month,
    MunicipalityCode,
    OrganisationCode,
    ProposalId,
    ReferralId,
    RequestId,
    ServiceCode,
    StaffId,
    UnitCode,
    X25519Key,
)

ToldService: TypeAlias = Literal["coaching", "pointti"]
"""The services of which the area is told start, end and situation; of the others it is told nothing [3.4]."""
WorkplaceKind: TypeAlias = Literal["municipal-unit", "company"]


class PublicKey(Part):
    """A public key as JWK, with nothing in it but the key."""

    kty: Literal["OKP"]
    crv: Literal["X25519"]
    x: X25519Key


class ReceivingKeyOffered(Data):
    """The provider made a one-time key for this referral, and signs that it is its own [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    key_id: KeyId
    public_key: PublicKey
    offered_at: Moment
    proof: Jws


class ContactDetailsReceived(Data):
    """The sealed contact details are stored; published at once, by no person."""

    KEY = "referral_id"

    referral_id: ReferralId
    key_id: KeyId


class ContactDetailsErased(Data):
    """The provider erased the key, so that nobody can read the contact details; never at an ordinary end."""

    KEY = "referral_id"

    referral_id: ReferralId
    consent_id: ConsentId
    key_id: KeyId | None = None
    cause: Literal["withdrawal", "cancellation", "return"]
    erased_at: Moment
    copies_until: Day | None = None
    proof: Jws


class WithdrawalReported(Data):
    """The client told the provider that the consent is withdrawn; referral answers with ConsentWithdrawn [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    consent_id: ConsentId
    told_at: Moment


class RightAddress(Part):
    """Which provider and service instead."""

    organisation: OrganisationCode
    service: ServiceCode


class ReferralReturned(Data):
    """The provider gives the referral back. `not-started` never says why: taking part is voluntary [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    case_manager: StaffId
    reason: Literal["not-eligible", "no-capacity", "wrong-address", "not-started"]
    right_address: RightAddress | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"reason": {"const": "not-started"}}},
            "then": {"properties": {"service": {"enum": ["coaching", "pointti"]}}},
        }
    )

    @model_validator(mode="after")
    def _not_started_is_told_of_two_services(self) -> Self:
        if self.reason == "not-started" and self.service not in ("coaching", "pointti"):
            raise PydanticCustomError(
                "rule",
                "must not be not-started: that is told of coaching and pointti alone",
                {
                    "field": "reason",
                    "finnish": "ei saa olla not-started: se kerrotaan vain palveluista coaching ja pointti",
                },
            )
        return self


class CoachingStarted(Data):
    """Coaching began: a coach's own act, and all that the area learns of it [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    service: ToldService
    municipality: MunicipalityCode
    provider: OrganisationCode
    case_manager: StaffId
    referred_on: Day
    started_on: Day


class CoachingEnded(Data):
    """Coaching ended; why and how is not told [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    service: ToldService
    municipality: MunicipalityCode
    provider: OrganisationCode
    case_manager: StaffId
    started_on: Day
    ended_on: Day


class ProposedTime(Part):
    """A time that suits the coach and the client."""

    starts_at: Moment
    ends_at: Moment


class ThreePartyMeetingRequested(Data):
    """The coach asks the case manager to a three-party meeting [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    meeting_id: MeetingId
    case_manager: StaffId
    coach: StaffId
    proposed: Annotated[tuple[ProposedTime, ...], Field(min_length=1)]


class ThreePartyMeetingCalledOff(Data):
    """The coach calls the three-party meeting off [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    meeting_id: MeetingId
    case_manager: StaffId
    coach: StaffId


class WorkTrialProposed(Data):
    """Young person and workplace wish to go on: the manager proposes a work trial to the area [3.3]."""

    KEY = "referral_id"

    referral_id: ReferralId
    proposal_id: ProposalId
    case_manager: StaffId
    provider: OrganisationCode
    workplace_kind: WorkplaceKind
    business_id: BusinessId | None = None
    unit: UnitCode | None = None
    starts_on: Day
    ends_on: Day
    young_person_agrees: Literal[True]
    sent_by: StaffId


class CaseManagerRequested(Data):
    """An Ohjaamo worker asks for a case manager as a work pair [3.5]."""

    KEY = "request_id"

    request_id: RequestId
    ohjaamo: MunicipalityCode
    requested_by: StaffId
    at: Moment
    topic: Literal["start-job-search", "job-search", "benefit", "other"]


class MeetingInvitationAnswered(Data):
    """The answer to MeetingInvited."""

    KEY = "meeting_id"

    meeting_id: MeetingId
    case_manager: StaffId
    accepted: bool


class Residents(Part):
    """How many clients of one municipality; null below the plan's threshold."""

    municipality: MunicipalityCode
    clients: Count | None
    new_clients: Count | None
    ended: Count | None
    waiting: Count | None


class ClientSituationReported(Data):
    """The manager's monthly report of the client situation; a later one for the month replaces it [3.2]."""

    KEY = "{provider}:{service}"

    month: Month
    provider: OrganisationCode
    service: ToldService
    residents: tuple[Residents, ...]
    free_places: Count | None = None
    more_referrals_wanted: bool
    reported_by: StaffId

"""`area.referrals.v1`: what the employment area tells of a referral."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from contracts.envelope import Data, Part
from contracts.fields import (
    Code,
    CodeList,
    ConsentId,
    Count,
    Day,
    MeetingId,
    Moment,
    MunicipalityCode,
    OrganisationCode,
    PlaceCode,
    ProposalId,
    ReferralId,
    ReferralNumber,
    RequestId,
    ServiceCode,
    StaffId,
)

ConsentField: TypeAlias = Literal["name", "phone"]


class Consent(Part):
    """What the client agreed to, when, and who recorded it [3.2]."""

    consent_id: ConsentId
    fields: Annotated[tuple[ConsentField, ...], Field(min_length=2, max_length=2)]
    purpose: Annotated[Code, CodeList("consent-purpose")]
    given_at: Moment
    recorded_by: StaffId


class ReferralConsented(Data):
    """A client is referred to a municipal service and agreed that name and phone are passed on [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    number: ReferralNumber
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    consent: Consent
    case_manager: StaffId
    referred_on: Day
    respond_due_on: Day


class CaseManagerChanged(Data):
    """Another case manager has the client now."""

    KEY = "referral_id"

    referral_id: ReferralId
    case_manager: StaffId


class ConsentWithdrawn(Data):
    """The client withdrew the consent: the provider erases the contact details by `erase_due_at` [3.2, 7]."""

    KEY = "referral_id"

    referral_id: ReferralId
    consent_id: ConsentId
    provider: OrganisationCode
    service: ServiceCode
    municipality: MunicipalityCode
    withdrawn_at: Moment
    erase_due_at: Moment


class ReferralCancelled(Data):
    """The case manager took the referral back; the provider needs no reason, and erases as at a withdrawal."""

    KEY = "referral_id"

    referral_id: ReferralId
    consent_id: ConsentId
    provider: OrganisationCode
    service: ServiceCode
    municipality: MunicipalityCode
    erase_due_at: Moment


class ThreePartyMeetingAgreed(Data):
    """Client, case manager and coach meet; a higher `sequence` moves it [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    meeting_id: MeetingId
    case_manager: StaffId
    coach: StaffId
    starts_at: Moment
    ends_at: Moment
    place: PlaceCode
    sequence: Count
    client_takes_part: Literal[True]


class ThreePartyMeetingDeclined(Data):
    """The case manager can't come to the three-party meeting; also after agreeing [3.2]."""

    KEY = "referral_id"

    referral_id: ReferralId
    meeting_id: MeetingId
    case_manager: StaffId
    coach: StaffId
    reason: Literal["time", "not-now"]


class WorkTrialProposalAnswered(Data):
    """The area's answer to a work trial that the workshop proposed [3.3]."""

    KEY = "referral_id"

    referral_id: ReferralId
    proposal_id: ProposalId
    provider: OrganisationCode
    accepted: bool
    reason: Literal["timing", "workplace", "not-possible"] | None = None


class CaseManagerRequestAnswered(Data):
    """The answer to an Ohjaamo worker who asked for a case manager as a work pair [3.5]."""

    KEY = "request_id"

    request_id: RequestId
    ohjaamo: MunicipalityCode
    requested_by: StaffId
    accepted: bool
    case_manager: StaffId | None = None
    at: Moment | None = None


class MeetingInvited(Data):
    """At the client's wish a case manager invites a municipal worker to a meeting [3.4, 3.5, 3.6]."""

    KEY = "meeting_id"

    meeting_id: MeetingId
    kind: Literal["my-team", "job-search-talk", "ohjaamo"]
    referral_id: ReferralId | None = None
    organisation: OrganisationCode
    role: Literal["immigrant-services-coordinator", "outreach-worker", "ohjaamo-worker"]
    case_manager: StaffId
    starts_at: Moment
    ends_at: Moment
    place: PlaceCode
    client_wishes: Literal[True]

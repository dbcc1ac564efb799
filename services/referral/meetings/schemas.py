"""What the API of meetings takes and gives; nothing in it says what a client's matter is."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.events.coaching import ProposedTime
from contracts.fields import Code, MeetingId, MunicipalityCode, ReferralId, StaffId
from services.referral.meetings import invitations, requests, three_party
from services.referral.meetings.invitations import Invitation
from services.referral.meetings.requests import Request
from services.referral.meetings.three_party import Reason, ThreeParty

EXAMPLE_ID = "019cad66-7df2-7458-81b6-41bc3d37d34b"


def _example(**body: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [body]})


class AgreementBody(BaseModel):
    """A time of the three-party meeting: one that the coach proposed, or another."""

    meeting_id: MeetingId
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: Code = Field(description="A code of the plan (`place`), or `remote`.")
    client_takes_part: bool = Field(description="Must be true: matters are discussed with the client present.")

    model_config = _example(
        meeting_id=EXAMPLE_ID, starts_at="2026-12-01T09:00:00+02:00", ends_at="2026-12-01T10:00:00+02:00",
        place="lempaala-talo", client_takes_part=True)


class RefusalBody(BaseModel):
    """Why the case manager can't come; also after agreeing."""

    meeting_id: MeetingId
    reason: Reason = Field(description="`time`: another time would do; `not-now`.")

    model_config = _example(meeting_id=EXAMPLE_ID, reason="time")


class MeetingNamed(BaseModel):
    meeting_id: MeetingId

    model_config = _example(meeting_id=EXAMPLE_ID)


class ThreePartyShown(BaseModel):
    """A three-party meeting, as it stands."""

    meeting_id: str = Field(examples=[EXAMPLE_ID])
    coach: str
    stage: three_party.Stage
    asked_at: datetime
    proposed: list[ProposedTime]
    starts_at: datetime | None
    ends_at: datetime | None
    place: str | None
    sequence: int | None
    reason: str | None


class ThreePartiesShown(BaseModel):
    meetings: list[ThreePartyShown] = Field(description="The one asked for last is the last.")


class InvitationWanted(BaseModel):
    """A municipal worker to be invited to a meeting of a client, at the client's wish."""

    kind: Code = Field(description="A code of the plan (`invitation-kind`): it says which role is invited.")
    municipality: MunicipalityCode = Field(description="Where the client lives: it says whose worker is invited.")
    referral_id: ReferralId | None = Field(None, description="The client's open referral, if there is one.")
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: Code = Field(description="A code of the plan (`place`), or `remote`.")
    client_wishes: bool = Field(description="Must be true.")
    case_manager: StaffId | None = Field(None, description="Who invites: a token must name one.")

    model_config = _example(kind="my-team", municipality="vesilahti", starts_at="2026-12-03T09:00:00+02:00",
                            ends_at="2026-12-03T10:00:00+02:00", place="remote", client_wishes=True,
                            case_manager="mikko-maki")


class InvitationShown(BaseModel):
    meeting_id: str = Field(examples=[EXAMPLE_ID])
    kind: str
    referral_id: str | None
    case_manager: str
    organisation: str
    role: str
    starts_at: datetime
    ends_at: datetime
    place: str
    stage: invitations.Stage
    answered_at: datetime | None


class InvitationsShown(BaseModel):
    invitations: list[InvitationShown] = Field(description="Those that wait for an answer first.")


class RequestAnswer(BaseModel):
    """Whether a case manager comes to the Ohjaamo."""

    accepted: bool
    at: AwareDatetime | None = Field(None, description="When, if not at the time that was asked for.")
    case_manager: StaffId | None = Field(None, description="Who comes: a token must name one.")

    model_config = _example(accepted=True, at="2026-11-26T13:30:00+02:00", case_manager="mikko-maki")


class RequestShown(BaseModel):
    request_id: str = Field(examples=[EXAMPLE_ID])
    ohjaamo: str
    requested_by: str
    topic: str
    at: datetime
    asked_at: datetime
    stage: requests.Stage
    case_manager: str | None
    comes_at: datetime | None


class RequestsShown(BaseModel):
    requests: list[RequestShown] = Field(description="Those that wait for an answer first.")


def three_party_shown(meeting: ThreeParty) -> ThreePartyShown:
    return ThreePartyShown(
        meeting_id=meeting.id, coach=meeting.coach, stage=meeting.stage, asked_at=meeting.asked_at,
        proposed=list(meeting.proposed), starts_at=meeting.starts_at, ends_at=meeting.ends_at, place=meeting.place,
        sequence=meeting.sequence, reason=meeting.reason,
    )


def invitation_shown(invitation: Invitation) -> InvitationShown:
    return InvitationShown(
        meeting_id=invitation.id, kind=invitation.kind, referral_id=invitation.referral_id,
        case_manager=invitation.case_manager, organisation=invitation.organisation, role=invitation.role,
        starts_at=invitation.starts_at, ends_at=invitation.ends_at, place=invitation.place, stage=invitation.stage,
        answered_at=invitation.answered_at,
    )


def request_shown(request: Request) -> RequestShown:
    return RequestShown(
        request_id=request.id, ohjaamo=request.ohjaamo, requested_by=request.requested_by, topic=request.topic,
        at=request.at, asked_at=request.asked_at, stage=request.stage, case_manager=request.case_manager,
        comes_at=request.comes_at,
    )

"""What the API of meetings takes and gives; nothing in it says what a client's matter is."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.events.coaching import ProposedTime
from contracts.fields import Code, MunicipalityCode, StaffId
from services.coaching.meetings import invitations, requests, three_party
from services.coaching.meetings.invitations import Invitation
from services.coaching.meetings.requests import Request
from services.coaching.meetings.three_party import ThreeParty

EXAMPLE_ID = "019cad66-7df2-7458-81b6-41bc3d37d34b"


def _example(**body: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [body]})


class TimeWanted(BaseModel):
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    model_config = _example(starts_at="2026-12-01T09:00:00+02:00", ends_at="2026-12-01T10:00:00+02:00")


class ThreePartyWanted(BaseModel):
    """Times that suit the coach and the client."""

    proposed: list[TimeWanted] = Field(description="One to three (the plan's `three_party.times_at_most`).")

    model_config = _example(proposed=[
        {"starts_at": "2026-12-01T09:00:00+02:00", "ends_at": "2026-12-01T10:00:00+02:00"}])


class ThreePartyShown(BaseModel):
    """A three-party meeting, as it stands."""

    meeting_id: str = Field(examples=[EXAMPLE_ID])
    coach: str
    stage: three_party.Stage
    proposed: list[ProposedTime]
    starts_at: datetime | None
    ends_at: datetime | None
    place: str | None
    sequence: int | None


class ThreePartiesShown(BaseModel):
    meetings: list[ThreePartyShown] = Field(description="The one asked for last is the last.")


class InvitationAnswer(BaseModel):
    accepted: bool

    model_config = _example(accepted=True)


class InvitationShown(BaseModel):
    """A meeting of a client to which a case manager invites, at the client's wish."""

    meeting_id: str = Field(examples=[EXAMPLE_ID])
    kind: str
    referral_id: str | None
    organisation: str
    role: str
    case_manager: str
    starts_at: datetime
    ends_at: datetime
    place: str
    stage: invitations.Stage
    answered_by: str | None


class InvitationsShown(BaseModel):
    invitations: list[InvitationShown] = Field(description="Those that wait for an answer first.")


class RequestWanted(BaseModel):
    """A case manager is wanted at an Ohjaamo as work pair; nothing of the young person is told."""

    ohjaamo: MunicipalityCode
    topic: Code = Field(description="A code of the plan (`ohjaamo-topic`) that case managers advise on, or `other`.")
    at: AwareDatetime | None = Field(None, description="When; now, unless given.")
    requested_by: StaffId | None = Field(None, description="Which Ohjaamo worker asks: a token must name one.")

    model_config = _example(ohjaamo="lempaala", topic="start-job-search", at="2026-11-26T13:30:00+02:00",
                            requested_by="emma-mallila")


class RequestShown(BaseModel):
    request_id: str = Field(examples=[EXAMPLE_ID])
    ohjaamo: str
    requested_by: str
    topic: str
    at: datetime
    stage: requests.Stage
    case_manager: str | None
    comes_at: datetime | None


class RequestsShown(BaseModel):
    requests: list[RequestShown] = Field(description="Those that wait for an answer first.")


def three_party_shown(meeting: ThreeParty) -> ThreePartyShown:
    agreed = meeting.agreed
    return ThreePartyShown(
        meeting_id=meeting.id, coach=meeting.coach, stage=meeting.stage, proposed=list(meeting.proposed),
        starts_at=agreed.starts_at if agreed else None, ends_at=agreed.ends_at if agreed else None,
        place=agreed.place if agreed else None, sequence=agreed.sequence if agreed else None,
    )


def invitation_shown(invitation: Invitation) -> InvitationShown:
    return InvitationShown(
        meeting_id=invitation.id, kind=invitation.kind, referral_id=invitation.referral_id,
        organisation=invitation.organisation, role=invitation.role, case_manager=invitation.case_manager,
        starts_at=invitation.starts_at, ends_at=invitation.ends_at, place=invitation.place, stage=invitation.stage,
        answered_by=invitation.answered_by,
    )


def request_shown(request: Request) -> RequestShown:
    return RequestShown(
        request_id=request.id, ohjaamo=request.ohjaamo, requested_by=request.requested_by, topic=request.topic,
        at=request.at, stage=request.stage, case_manager=request.case_manager, comes_at=request.comes_at,
    )

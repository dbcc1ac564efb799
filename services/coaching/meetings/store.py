"""Tables of invitations and of requests for a case manager, and whose they are. Three-party meetings need none: they
are folded from their case's course."""

from collections.abc import Collection, Sequence

from sqlalchemy import Column, ColumnElement, DateTime, MetaData, RowMapping, Table, Text, Uuid, select, true

from chassis import rows
from chassis.database import Session
from services.coaching.meetings import invitations as inviting
from services.coaching.meetings import requests as requesting
from services.coaching.meetings.invitations import Invitation
from services.coaching.meetings.requests import Request

metadata = MetaData()
Moment = DateTime(timezone=True)
Id = Uuid(as_uuid=False)

invitations = Table(
    "invitations", metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("referral_id", Id),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("case_manager", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("place", Text, nullable=False),
    Column("invited_at", Moment, nullable=False),
    Column("stage", Text, nullable=False),
    Column("answered_by", Text),
    Column("answered_at", Moment),
)
requests = Table(
    "case_manager_requests", metadata,
    Column("id", Id, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("ohjaamo", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("stage", Text, nullable=False),
    Column("case_manager", Text),
    Column("comes_at", Moment),
)


def invited(organisation: str, roles: Collection[str] | None) -> ColumnElement[bool]:
    """Invitations to those who have one of the roles in the organisation; without roles all of the organisation's."""
    own = invitations.c.organisation == organisation
    return own if roles is None else own & invitations.c.role.in_(sorted(roles))


async def invitation(db: Session, meeting_id: str, whose: ColumnElement[bool]) -> Invitation:
    """One invitation, locked; somebody else's is not found. Raises `Refused`."""
    return _invitation_of(await rows.held(db, invitations, meeting_id, whose))


async def list_invitations(db: Session, whose: ColumnElement[bool], limit: int = 200) -> Sequence[Invitation]:
    """Invitations, those that wait for an answer first, then the newest meeting first."""
    waits = invitations.c.stage == inviting.Stage.INVITED.value
    found = await db.execute(
        select(invitations).where(whose).order_by(waits.desc(), invitations.c.starts_at.desc()).limit(limit))
    return [_invitation_of(row) for row in found.mappings()]


async def invitations_of(db: Session, referral_id: str) -> Sequence[Invitation]:
    """Invitations that name a referral, locked."""
    found = await db.execute(
        select(invitations).where(invitations.c.referral_id == referral_id).order_by(invitations.c.id)
        .with_for_update())
    return [_invitation_of(row) for row in found.mappings()]


async def find_invitation(db: Session, meeting_id: str) -> Invitation | None:
    row = (await db.execute(select(invitations).where(invitations.c.id == meeting_id))).mappings().one_or_none()
    return _invitation_of(row) if row else None


async def save_invitation(db: Session, invitation: Invitation) -> None:
    await rows.keep(db, invitations, vars(invitation) | {"stage": invitation.stage.value})


async def request(db: Session, request_id: str, organisation: str | None = None) -> Request:
    """One request, locked; another organisation's is not found. Raises `Refused`."""
    whose = true() if organisation is None else requests.c.organisation == organisation
    return _request_of(await rows.held(db, requests, request_id, whose))


async def list_requests(db: Session, organisation: str, limit: int = 100) -> Sequence[Request]:
    """An organisation's requests, those that wait for an answer first, then the newest."""
    waits = requests.c.stage == requesting.Stage.ASKED.value
    found = await db.execute(
        select(requests).where(requests.c.organisation == organisation)
        .order_by(waits.desc(), requests.c.asked_at.desc()).limit(limit))
    return [_request_of(row) for row in found.mappings()]


async def save_request(db: Session, request: Request) -> None:
    await rows.keep(db, requests, vars(request) | {"stage": request.stage.value})


def _invitation_of(row: RowMapping) -> Invitation:
    return Invitation(**{**row, "stage": inviting.Stage(row["stage"])})


def _request_of(row: RowMapping) -> Request:
    return Request(**{**row, "stage": requesting.Stage(row["stage"])})

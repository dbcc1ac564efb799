"""Tables of meetings: three-party meetings of referrals, invitations, and requests of the Ohjaamos.

What says whose something is stands in the query: a referral's meetings are found through the referral.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
    RowMapping,
    Table,
    Text,
    Uuid,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from chassis import rows
from chassis.database import Session
from contracts.events.coaching import ProposedTime
from services.referral.meetings import invitations as inviting
from services.referral.meetings import requests as requesting
from services.referral.meetings import three_party
from services.referral.meetings.invitations import Invitation
from services.referral.meetings.requests import Request
from services.referral.meetings.three_party import ThreeParty

metadata = MetaData()
Moment = DateTime(timezone=True)
Id = Uuid(as_uuid=False)

three_parties = Table(
    "three_party_meetings", metadata,
    Column("id", Id, primary_key=True),
    Column("referral_id", Id, nullable=False),
    Column("coach", Text, nullable=False),
    Column("proposed", JSONB, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("stage", Text, nullable=False),
    Column("starts_at", Moment),
    Column("ends_at", Moment),
    Column("place", Text),
    Column("sequence", Integer),
    Column("reason", Text),
)
invitations = Table(
    "invitations", metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("referral_id", Id),
    Column("inviting", Text, nullable=False),
    Column("case_manager", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("place", Text, nullable=False),
    Column("invited_at", Moment, nullable=False),
    Column("stage", Text, nullable=False),
    Column("answered_at", Moment),
)
requests = Table(
    "case_manager_requests", metadata,
    Column("id", Id, primary_key=True),
    Column("ohjaamo", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("stage", Text, nullable=False),
    Column("case_manager", Text),
    Column("comes_at", Moment),
    Column("answered_at", Moment),
)


# --- three-party meetings; whoever changes one holds its referral


async def three_parties_of(db: Session, referral_id: str) -> Sequence[ThreeParty]:
    """The meetings of a referral, the one asked for last at the end."""
    found = await db.execute(
        select(three_parties).where(three_parties.c.referral_id == referral_id)
        .order_by(three_parties.c.asked_at, three_parties.c.id))
    return [
        ThreeParty(**{
            **row, "stage": three_party.Stage(row["stage"]),
            "proposed": tuple(ProposedTime.model_validate_json(each) for each in row["proposed"]),
        })
        for row in found.mappings()
    ]


async def save_three_party(db: Session, meeting: ThreeParty) -> None:
    await rows.keep(db, three_parties, vars(meeting) | {
        "stage": meeting.stage.value, "proposed": [each.model_dump_json() for each in meeting.proposed]})


# --- invitations


async def invitation(db: Session, meeting_id: str, organisation: str | None = None) -> Invitation:
    """One invitation, locked; with `organisation` only if it invited. Raises `Refused`."""
    whose = true() if organisation is None else invitations.c.inviting == organisation
    return _invitation_of(await rows.held(db, invitations, meeting_id, whose))


async def list_invitations(
    db: Session, organisation: str, case_manager: str | None = None, limit: int = 200
) -> Sequence[Invitation]:
    """An organisation's invitations, those that wait for an answer first, then the newest meeting first."""
    waits = invitations.c.stage == inviting.Stage.INVITED.value
    found = select(invitations).where(invitations.c.inviting == organisation)
    if case_manager:
        found = found.where(invitations.c.case_manager == case_manager)
    listed = await db.execute(found.order_by(waits.desc(), invitations.c.starts_at.desc()).limit(limit))
    return [_invitation_of(row) for row in listed.mappings()]


async def invitations_by_id(db: Session, ids: Collection[str], organisation: str) -> dict[str, Invitation]:
    found = await db.execute(
        select(invitations).where(invitations.c.id.in_(list(ids)), invitations.c.inviting == organisation))
    return {row["id"]: _invitation_of(row) for row in found.mappings()}


async def invitations_of(db: Session, referral_id: str) -> Sequence[Invitation]:
    """Invitations that name a referral, the newest first, locked."""
    found = await db.execute(
        select(invitations).where(invitations.c.referral_id == referral_id)
        .order_by(invitations.c.invited_at.desc(), invitations.c.id).with_for_update())
    return [_invitation_of(row) for row in found.mappings()]


async def save_invitation(db: Session, invitation: Invitation) -> None:
    await rows.keep(db, invitations, vars(invitation) | {"stage": invitation.stage.value})


# --- requests of the Ohjaamos: any case manager's


async def find_request(db: Session, request_id: str) -> Request | None:
    row = (await db.execute(select(requests).where(requests.c.id == request_id))).mappings().one_or_none()
    return _request_of(row) if row else None


async def request(db: Session, request_id: str) -> Request:
    """One request, locked. Raises `Refused`."""
    return _request_of(await rows.held(db, requests, request_id, true()))


async def list_requests(db: Session, case_manager: str | None = None, limit: int = 100) -> Sequence[Request]:
    """Requests that wait, and those answered, of a case manager those that they answered; the next first."""
    waits = requests.c.stage == requesting.Stage.ASKED.value
    found = select(requests)
    if case_manager:
        found = found.where(or_(waits, requests.c.case_manager == case_manager))
    listed = await db.execute(found.order_by(waits.desc(), requests.c.at.desc()).limit(limit))
    return [_request_of(row) for row in listed.mappings()]


async def requests_by_id(db: Session, ids: Collection[str]) -> dict[str, Request]:
    found = await db.execute(select(requests).where(requests.c.id.in_(list(ids))))
    return {row["id"]: _request_of(row) for row in found.mappings()}


async def save_request(db: Session, request: Request) -> None:
    await rows.keep(db, requests, vars(request) | {"stage": request.stage.value})


def _invitation_of(row: RowMapping) -> Invitation:
    return Invitation(**{**row, "stage": inviting.Stage(row["stage"])})


def _request_of(row: RowMapping) -> Request:
    return Request(**{**row, "stage": requesting.Stage(row["stage"])})

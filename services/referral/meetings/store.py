"""Tables of meetings: three-party meetings of referrals, invitations, and requests of the Ohjaamos.

What says whose something is stands in the query: a referral's meetings are found through the referral.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
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
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Session
from chassis.decisions import NotFound, Refused
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
    await _save(db, three_parties, meeting, proposed=[each.model_dump_json() for each in meeting.proposed])


# --- invitations


async def invitation(db: Session, meeting_id: str, organisation: str | None = None) -> Invitation:
    """One invitation, locked; with `organisation` only if it invited. Raises `Refused`."""
    whose = true() if organisation is None else invitations.c.inviting == organisation
    return _invitation_of(await _held(db, invitations, meeting_id, whose))


async def list_invitations(
    db: Session, organisation: str, case_manager: str | None = None, limit: int = 200
) -> Sequence[Invitation]:
    """An organisation's invitations, those that wait for an answer first, then the newest meeting first."""
    waits = invitations.c.stage == inviting.Stage.INVITED.value
    found = select(invitations).where(invitations.c.inviting == organisation)
    if case_manager:
        found = found.where(invitations.c.case_manager == case_manager)
    rows = await db.execute(found.order_by(waits.desc(), invitations.c.starts_at.desc()).limit(limit))
    return [_invitation_of(row) for row in rows.mappings()]


async def invitations_by_id(db: Session, ids: Collection[str], organisation: str) -> dict[str, Invitation]:
    rows = await db.execute(
        select(invitations).where(invitations.c.id.in_(list(ids)), invitations.c.inviting == organisation))
    return {row["id"]: _invitation_of(row) for row in rows.mappings()}


async def invitations_of(db: Session, referral_id: str) -> Sequence[Invitation]:
    """Invitations that name a referral, the newest first, locked."""
    found = await db.execute(
        select(invitations).where(invitations.c.referral_id == referral_id)
        .order_by(invitations.c.invited_at.desc(), invitations.c.id).with_for_update())
    return [_invitation_of(row) for row in found.mappings()]


async def save_invitation(db: Session, invitation: Invitation) -> None:
    await _save(db, invitations, invitation)


# --- requests of the Ohjaamos: any case manager's


async def find_request(db: Session, request_id: str) -> Request | None:
    row = (await db.execute(select(requests).where(requests.c.id == request_id))).mappings().one_or_none()
    return _request_of(row) if row else None


async def request(db: Session, request_id: str) -> Request:
    """One request, locked. Raises `Refused`."""
    return _request_of(await _held(db, requests, request_id, true()))


async def list_requests(db: Session, case_manager: str | None = None, limit: int = 100) -> Sequence[Request]:
    """Requests that wait, and those answered, of a case manager those that they answered; the next first."""
    waits = requests.c.stage == requesting.Stage.ASKED.value
    found = select(requests)
    if case_manager:
        found = found.where(or_(waits, requests.c.case_manager == case_manager))
    rows = await db.execute(found.order_by(waits.desc(), requests.c.at.desc()).limit(limit))
    return [_request_of(row) for row in rows.mappings()]


async def requests_by_id(db: Session, ids: Collection[str]) -> dict[str, Request]:
    rows = await db.execute(select(requests).where(requests.c.id.in_(list(ids))))
    return {row["id"]: _request_of(row) for row in rows.mappings()}


async def save_request(db: Session, request: Request) -> None:
    await _save(db, requests, request)


# --- rows


async def _held(db: Session, table: Table, id_: str, whose: ColumnElement[bool]) -> RowMapping:
    row = (await db.execute(
        select(table).where(table.c.id == id_, whose).with_for_update())).mappings().one_or_none()
    if row is None:
        raise Refused(NotFound())
    return row


async def _save(db: Session, table: Table, one: ThreeParty | Invitation | Request, **other: Any) -> None:
    values = {each.name: getattr(one, each.name) for each in fields(one)} | {"stage": one.stage.value, **other}
    await db.execute(upsert(table).values(values).on_conflict_do_update(index_elements=["id"], set_=values))


def _invitation_of(row: RowMapping) -> Invitation:
    return Invitation(**{**row, "stage": inviting.Stage(row["stage"])})


def _request_of(row: RowMapping) -> Request:
    return Request(**{**row, "stage": requesting.Stage(row["stage"])})

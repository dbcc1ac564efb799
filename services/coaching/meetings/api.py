"""The API of meetings: the same acts as the pages, for a provider's own programs."""

from typing import Annotated, Any

from fastapi import Path, Response

from chassis.web import Db, Routes, Who
from contracts.events.coaching import ProposedTime
from contracts.fields import UUID
from services.coaching import access
from services.coaching.access import WORKERS
from services.coaching.cases import handlers as cases
from services.coaching.cases.api import Id
from services.coaching.cases.domain import Case
from services.coaching.meetings import handlers, schemas, store, three_party
from services.coaching.meetings.access import INVITED, OHJAAMO
from services.coaching.meetings.schemas import (
    InvitationShown,
    InvitationsShown,
    RequestShown,
    RequestsShown,
    ThreePartiesShown,
)

routes = Routes("Meetings")
MeetingPath = Annotated[str, Path(pattern=UUID, description="`meeting_id`", examples=[schemas.EXAMPLE_ID])]
RequestPath = Annotated[str, Path(pattern=UUID, description="`request_id`", examples=[schemas.EXAMPLE_ID])]


def _meetings(case: Case) -> ThreePartiesShown:
    return ThreePartiesShown(meetings=[schemas.three_party_shown(each) for each in three_party.meetings(case)])


@routes.api(
    "GET", "/api/cases/{case_id}/three-party", policy=WORKERS, scope="cases:read", response_model=ThreePartiesShown,
    summary="Three-party meetings of a case",
)
async def three_parties(case_id: Id, db: Db, who: Who) -> Any:
    """What was asked for, and what the case manager answered."""
    return _meetings(await cases.read(db, case_id, access.by(who, db.now)))


@routes.api(
    "POST", "/api/cases/{case_id}/three-party", policy=WORKERS, scope="cases", response_model=ThreePartiesShown,
    summary="Ask the case manager to a three-party meeting",
)
async def ask_three_party(case_id: Id, wanted: schemas.ThreePartyWanted, db: Db, who: Who) -> Any:
    """Nothing of the client's matter is told: it is discussed with the client present. After "the time does not suit"
    this proposes other times, as a meeting of their own."""
    proposed = [ProposedTime(starts_at=each.starts_at, ends_at=each.ends_at) for each in wanted.proposed]
    return _meetings(await handlers.ask_three_party(db, case_id, access.by(who, db.now), proposed))


@routes.api(
    "POST", "/api/cases/{case_id}/three-party/call-off", policy=WORKERS, scope="cases",
    response_model=ThreePartiesShown, summary="Call the three-party meeting off",
)
async def call_off_three_party(case_id: Id, db: Db, who: Who) -> Any:
    """The case manager is told so, without a reason."""
    return _meetings(await handlers.call_off_three_party(db, case_id, access.by(who, db.now)))


@routes.api(
    "GET", "/api/invitations", policy=INVITED, scope="cases:read", response_model=InvitationsShown,
    summary="Invitations of case managers to meetings of clients",
)
async def list_invitations(db: Db, who: Who) -> Any:
    """Invitations to your own organisation."""
    found = await handlers.list_invitations(db, who)
    return InvitationsShown(invitations=[schemas.invitation_shown(each) for each in found])


@routes.api(
    "GET", "/api/invitations/{meeting_id}", policy=INVITED, scope="cases:read", response_model=InvitationShown,
    summary="One invitation",
)
async def show_invitation(meeting_id: MeetingPath, db: Db, who: Who) -> Any:
    """When, where, and who invites."""
    return schemas.invitation_shown(await handlers.read_invitation(db, meeting_id, who))


@routes.api(
    "POST", "/api/invitations/{meeting_id}/answer", policy=INVITED, scope="cases", response_model=InvitationShown,
    summary="Answer an invitation",
)
async def answer_invitation(meeting_id: MeetingPath, answer: schemas.InvitationAnswer, db: Db, who: Who) -> Any:
    """Once; what changes after that is told by phone."""
    return schemas.invitation_shown(await handlers.answer_invitation(db, meeting_id, who, answer.accepted))


@routes.api(
    "GET", "/api/case-manager-requests", policy=OHJAAMO, scope="cases:read", response_model=RequestsShown,
    summary="Requests for a case manager as work pair",
)
async def list_requests(db: Db, who: Who) -> Any:
    """Requests of your own organisation's Ohjaamo workers."""
    found = await store.list_requests(db, who.organisation or "")
    return RequestsShown(requests=[schemas.request_shown(each) for each in found])


@routes.api(
    "POST", "/api/case-manager-requests", policy=OHJAAMO, scope="cases", status=201, response_model=RequestShown,
    summary="Ask for a case manager as work pair",
)
async def ask_case_manager(wanted: schemas.RequestWanted, response: Response, db: Db, who: Who) -> Any:
    """What case managers do not advise on (forms of Kela, requests for clarification) is refused with who does.
    `Location` is the request's address."""
    made = await handlers.ask_case_manager(db, who, wanted.ohjaamo, wanted.topic, wanted.at, wanted.requested_by)
    response.headers["Location"] = f"{db.settings.prefix_path}/api/case-manager-requests/{made.id}"
    return schemas.request_shown(made)


@routes.api(
    "GET", "/api/case-manager-requests/{request_id}", policy=OHJAAMO, scope="cases:read", response_model=RequestShown,
    summary="One request for a case manager",
)
async def show_request(request_id: RequestPath, db: Db, who: Who) -> Any:
    """Whether somebody comes, and when."""
    return schemas.request_shown(await store.request(db, request_id, who.organisation or ""))


@routes.api(
    "POST", "/api/case-manager-requests/{request_id}/settlement", policy=OHJAAMO, scope="cases", status=204,
    summary="No answer to the request is needed any more",
)
async def settle_request(request_id: RequestPath, db: Db, who: Who) -> None:
    """Agreed by phone, or the young person has left. An answer that comes all the same is shown."""
    await handlers.settle_request(db, request_id, who)

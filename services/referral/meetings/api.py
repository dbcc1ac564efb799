"""The API of meetings: the same acts as the pages, for programs of the employment area."""

from typing import Annotated, Any

from fastapi import Path, Response

from chassis.web import Db, Routes, Who
from contracts.fields import UUID
from services.referral import store as referrals
from services.referral.api import CASE_MANAGERS, READERS, Id
from services.referral.meetings import handlers, schemas, store
from services.referral.meetings.invitations import Wish
from services.referral.meetings.schemas import (
    InvitationShown,
    InvitationsShown,
    RequestShown,
    RequestsShown,
    ThreePartiesShown,
    ThreePartyShown,
)
from services.referral.meetings.three_party import Agreement

routes = Routes("Meetings")
MeetingPath = Annotated[str, Path(pattern=UUID, description="`meeting_id`", examples=[schemas.EXAMPLE_ID])]
RequestPath = Annotated[str, Path(pattern=UUID, description="`request_id`", examples=[schemas.EXAMPLE_ID])]


# --- three-party meetings


@routes.api(
    "GET", "/api/referrals/{referral_id}/three-party", policy=READERS, scope="referrals:read",
    response_model=ThreePartiesShown, summary="Three-party meetings of a referral",
)
async def three_parties(referral_id: Id, db: Db, who: Who) -> Any:
    """What the coach asked for, and what became of it."""
    referral = await referrals.referral(db, referral_id, organisation=who.organisation)
    found = await store.three_parties_of(db, referral.id)
    return ThreePartiesShown(meetings=[schemas.three_party_shown(each) for each in found])


@routes.api(
    "POST", "/api/referrals/{referral_id}/three-party/agreement", policy=CASE_MANAGERS, scope="referrals",
    response_model=ThreePartyShown, summary="Agree to a three-party meeting, or move it",
)
async def agree(referral_id: Id, to: schemas.AgreementBody, db: Db, who: Who) -> Any:
    """The coach is told time and place. Without the client taking part there is no meeting."""
    agreement = Agreement(to.starts_at, to.ends_at, to.place, to.client_takes_part)
    return schemas.three_party_shown(await handlers.agree(db, referral_id, to.meeting_id, agreement, who))


@routes.api(
    "POST", "/api/referrals/{referral_id}/three-party/refusal", policy=CASE_MANAGERS, scope="referrals",
    response_model=ThreePartyShown, summary="Decline a three-party meeting, also after agreeing",
)
async def decline(referral_id: Id, refusal: schemas.RefusalBody, db: Db, who: Who) -> Any:
    """With `time` the coach proposes other times."""
    return schemas.three_party_shown(
        await handlers.decline(db, referral_id, refusal.meeting_id, refusal.reason, who))


@routes.api(
    "POST", "/api/referrals/{referral_id}/three-party/held", policy=CASE_MANAGERS, scope="referrals",
    response_model=ThreePartyShown, summary="The three-party meeting was held",
)
async def hold(referral_id: Id, named: schemas.MeetingNamed, db: Db, who: Who) -> Any:
    """Nobody is told: the coach records it too."""
    return schemas.three_party_shown(await handlers.hold(db, referral_id, named.meeting_id, who))


# --- invitations


@routes.api(
    "POST", "/api/invitations", policy=CASE_MANAGERS, scope="referrals", status=201, response_model=InvitationShown,
    summary="Invite a municipal worker to a meeting of a client",
)
async def invite(wanted: schemas.InvitationWanted, response: Response, db: Db, who: Who) -> Any:
    """At the client's wish alone, and without a word of the client's matter. Another time is another invitation; what
    was accepted is taken back by phone. `Location` is the invitation's address."""
    wish = Wish(
        wanted.kind, wanted.municipality, wanted.starts_at, wanted.ends_at, wanted.place, wanted.client_wishes)
    made = await handlers.invite(db, wish, wanted.referral_id, who, wanted.case_manager)
    response.headers["Location"] = f"{db.settings.prefix_path}/api/invitations/{made.id}"
    return schemas.invitation_shown(made)


@routes.api(
    "GET", "/api/invitations", policy=CASE_MANAGERS, scope="referrals:read", response_model=InvitationsShown,
    summary="List invitations",
)
async def list_invitations(db: Db, who: Who) -> Any:
    """Invitations of your own organisation."""
    found = await store.list_invitations(db, who.organisation or "")
    return InvitationsShown(invitations=[schemas.invitation_shown(each) for each in found])


@routes.api(
    "GET", "/api/invitations/{meeting_id}", policy=CASE_MANAGERS, scope="referrals:read",
    response_model=InvitationShown, summary="One invitation",
)
async def show_invitation(meeting_id: MeetingPath, db: Db, who: Who) -> Any:
    """Whether it is answered."""
    return schemas.invitation_shown(await handlers.read_invitation(db, meeting_id, who))


@routes.api(
    "POST", "/api/invitations/{meeting_id}/settlement", policy=CASE_MANAGERS, scope="referrals", status=204,
    summary="No answer to the invitation is needed any more",
)
async def settle_invitation(meeting_id: MeetingPath, db: Db, who: Who) -> None:
    """Agreed by phone, or the meeting is not held. The worker is told by you."""
    await handlers.settle_invitation(db, meeting_id, who)


# --- requests of the Ohjaamos


@routes.api(
    "GET", "/api/case-manager-requests", policy=CASE_MANAGERS, scope="referrals:read", response_model=RequestsShown,
    summary="Requests of Ohjaamo workers for a case manager",
)
async def list_requests(db: Db, who: Who) -> Any:
    """Nothing of the young person is in one."""
    return RequestsShown(requests=[schemas.request_shown(each) for each in await handlers.list_requests(db, who)])


@routes.api(
    "POST", "/api/case-manager-requests/{request_id}/answer", policy=CASE_MANAGERS, scope="referrals",
    response_model=RequestShown, summary="Answer a request of an Ohjaamo worker",
)
async def answer_request(request_id: RequestPath, answer: schemas.RequestAnswer, db: Db, who: Who) -> Any:
    """The Ohjaamo is told who comes and when, or that nobody can."""
    if not answer.accepted:
        return schemas.request_shown(await handlers.decline_request(db, request_id, who))
    return schemas.request_shown(
        await handlers.accept_request(db, request_id, who, answer.at, answer.case_manager))

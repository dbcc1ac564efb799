"""What case managers do with meetings: one function a command, the same for pages and API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis import audit, obligations, outbox
from chassis.database import Session
from chassis.decisions import Decision, NotFound, Refused, decided_or_raise
from chassis.policy import NotAllowed, Principal
from contracts.fields import MeetingId, ReferralId, new_id, spell
from services.referral import handlers, store
from services.referral.domain import ORGANISATION, Referral
from services.referral.meetings import invitations, ledger, requests, three_party
from services.referral.meetings import store as meetings
from services.referral.meetings.invitations import Invitation, Wish
from services.referral.meetings.refusals import ChangedMeanwhile, ReferralNotOpen
from services.referral.meetings.requests import Request
from services.referral.meetings.three_party import Agreement, Reason, Stage, ThreeParty

# --- three-party meetings


async def agree(db: Session, referral_id: str, meeting_id: str, to: Agreement, by: Principal) -> ThreeParty:
    """The case manager agrees to a time with the client taking part, or moves the agreed one [3.2]."""
    referral, meeting = await _meeting(db, referral_id, meeting_id, by)
    agreed = await _decided(db, referral, three_party.agree(meeting, referral, to, db.now, db.plan))
    kind = "three-party-agreed" if meeting.stage is Stage.ASKED else "three-party-moved"
    await _noted(db, referral, kind, by, starts_at=spell(to.starts_at), place=to.place)
    return agreed


async def decline(db: Session, referral_id: str, meeting_id: str, reason: Reason, by: Principal) -> ThreeParty:
    """The case manager can't come at these times, or not now; also after agreeing [3.2]."""
    referral, meeting = await _meeting(db, referral_id, meeting_id, by)
    declined = await _decided(db, referral, three_party.decline(meeting, referral, reason, db.now))
    await _noted(db, referral, "three-party-declined", by, reason=reason)
    return declined


async def hold(db: Session, referral_id: str, meeting_id: str, by: Principal) -> ThreeParty:
    """The meeting was held; nobody is told [3.2]."""
    referral, meeting = await _meeting(db, referral_id, meeting_id, by)
    held = await _decided(db, referral, three_party.hold(meeting, db.now))
    await _noted(db, referral, "three-party-held", by)
    return held


async def _meeting(db: Session, referral_id: str, meeting_id: str, by: Principal) -> tuple[Referral, ThreeParty]:
    """A meeting of a referral of one's own organisation, both held. Raises `Refused`: `NotFound`, `ChangedMeanwhile`
    where it is another than when the command came: of two at the same instant one wins."""
    came: dict[str, ThreeParty] = {each.id: each for each in await meetings.three_parties_of(db, referral_id)}
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    found: dict[str, ThreeParty] = {each.id: each for each in await meetings.three_parties_of(db, referral.id)}
    if meeting_id not in found:
        raise Refused(NotFound())
    if found[meeting_id] != came.get(meeting_id):
        raise Refused(ChangedMeanwhile())
    return referral, found[meeting_id]


async def _decided(db: Session, referral: Referral, decision: Decision[ThreeParty]) -> ThreeParty:
    changed, events = decided_or_raise(decision)
    await meetings.save_three_party(db, changed)
    await outbox.add(db, *events)
    await ledger.settle(db, referral, changed)
    return changed


async def _noted(db: Session, referral: Referral, kind: str, by: Principal, **detail: Any) -> None:
    await store.note(db, referral.id, kind, store.named(by), **detail)
    await audit.changed(db, "referral", referral.id, by, kind)


# --- invitations


async def invite(
    db: Session, wish: Wish, referral_id: str | None, by: Principal, case_manager: str | None = None
) -> Invitation:
    """A case manager invites a municipal worker at the client's wish, with or without a referral [3.4, 3.5, 3.6].

    Raises `Refused`: `NotAllowed` to another organisation, `NotFound`, `ReferralNotOpen`, `NotAColleague` and what
    `invitations.invite` refuses.
    """
    if by.organisation != ORGANISATION:
        raise Refused(NotAllowed(ORGANISATION))
    inviting = await handlers.case_manager_of(db, case_manager, by)
    if referral_id is not None:
        referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
        if not referral.is_open:
            raise Refused(ReferralNotOpen(referral.number))
    rules, about = db.plan, ReferralId(referral_id) if referral_id else None
    invitation, events = decided_or_raise(invitations.invite(
        MeetingId(new_id(db.now)), wish, about, ORGANISATION, inviting, db.now, rules))
    await meetings.save_invitation(db, invitation)
    await outbox.add(db, *events)
    await obligations.open_(
        db, invitations.AWAIT, invitations.ABOUT, invitation.id, owner_organisation=ORGANISATION, owner=inviting,
        due_at=min(obligations.due_at(rules, invitations.AWAIT, db.now), invitation.starts_at))
    if about:
        await store.note(db, about, "invited", store.named(by), what=wish.kind, starts_at=spell(wish.starts_at))
    await audit.changed(db, "meeting", invitation.id, by, "invite")
    return invitation


async def settle_invitation(db: Session, meeting_id: str, by: Principal) -> Invitation:
    """The case manager waits for no answer any more. The worker is told nothing by the system: it is said by phone."""
    found = await meetings.invitation(db, meeting_id, by.organisation or "")
    settled, _ = decided_or_raise(invitations.settle(found))
    await meetings.save_invitation(db, settled)
    await obligations.cancel(db, invitations.AWAIT, invitations.ABOUT, settled.id)
    await audit.changed(db, "meeting", settled.id, by, "settle-invitation")
    return settled


async def read_invitation(db: Session, meeting_id: str, by: Principal) -> Invitation:
    """One invitation, to be shown; the audit log says who read it."""
    found = await meetings.invitation(db, meeting_id, by.organisation or "")
    await audit.read(db, "meeting", found.id, by, "invitation")
    return found


# --- requests of the Ohjaamos


async def accept_request(
    db: Session, request_id: str, by: Principal, comes_at: datetime | None, case_manager: str | None = None
) -> Request:
    """A case manager comes to the Ohjaamo, when wanted unless another time is given [3.5]."""
    who = await handlers.case_manager_of(db, case_manager, by)
    request = await meetings.request(db, request_id)
    return await _answered(db, requests.accept(request, who, comes_at, db.now), by)


async def decline_request(db: Session, request_id: str, by: Principal) -> Request:
    """No case manager can come [3.5]."""
    return await _answered(db, requests.decline(await meetings.request(db, request_id), db.now), by)


async def read_request(db: Session, request_id: str, by: Principal) -> Request:
    """One request, to be shown; the audit log says who read it. Raises `Refused` with `NotFound`."""
    if by.organisation != ORGANISATION:
        raise Refused(NotFound())
    found = await meetings.request(db, request_id)
    await audit.read(db, "request", found.id, by, "request")
    return found


async def list_requests(db: Session, by: Principal) -> Sequence[Request]:
    """Requests that wait, and those that the case manager has answered; they are the area's alone."""
    if by.organisation != ORGANISATION:
        raise Refused(NotFound())
    return await meetings.list_requests(db, by.id if by.kind == "person" else None)


async def _answered(db: Session, decision: Decision[Request], by: Principal) -> Request:
    if by.organisation != ORGANISATION:
        raise Refused(NotFound())
    request, events = decided_or_raise(decision)
    await meetings.save_request(db, request)
    await outbox.add(db, *events)
    await obligations.meet(db, requests.ANSWER, requests.ABOUT, request.id)
    await audit.changed(db, "request", request.id, by, "answer-request")
    return request

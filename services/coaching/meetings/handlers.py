"""What coaches and those who are invited do, and what the area tells of meetings: one function an act or event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis import audit, obligations, outbox, telemetry
from chassis.calendar import end_of_day, helsinki_day
from chassis.database import Session
from chassis.decisions import Ignored, NotFound, Refused, decided_or_raise
from chassis.policy import Principal, system_of
from contracts import plan
from contracts.envelope import Event
from contracts.events.coaching import ProposedTime
from contracts.events.referrals import CaseManagerRequestAnswered, MeetingInvited
from contracts.fields import RequestId, StaffId, new_id
from services.coaching.cases import handlers as cases
from services.coaching.cases import store as case_store
from services.coaching.cases.domain import Case
from services.coaching.cases.handlers import By
from services.coaching.meetings import access, invitations, requests, store, three_party
from services.coaching.meetings.invitations import Invitation
from services.coaching.meetings.refusals import PersonNeeded
from services.coaching.meetings.requests import Request
from services.coaching.referrals import store as referrals

# --- three-party meetings


async def ask_three_party(db: Session, case_id: str, by: By, proposed: Sequence[ProposedTime]) -> Case:
    """The coach asks the case manager to a meeting with the client, or proposes other times [3.2]."""
    return await cases.act(db, case_id, by, "ask-three-party",
                           lambda case, act, now: three_party.ask(case, act, proposed, now))


async def call_off_three_party(db: Session, case_id: str, by: By) -> Case:
    """The coach calls the meeting off [3.2]."""
    return await cases.act(db, case_id, by, "call-off-three-party",
                           lambda case, act, _: three_party.call_off(case, act))


async def take_three_party_answer(db: Session, event: Event[Any]) -> None:
    """The case manager agreed, moved or declined; after the referral was closed it changes nothing."""
    case = await case_store.of_referral(db, event.data.referral_id)
    if case is None:
        await _expect_closed(db, event.data.referral_id)
        return
    decision = three_party.take_answer(case, event)
    after, _ = decided_or_raise(decision, case)
    if isinstance(decision, Ignored):
        return
    await cases.keep(db, after)
    await audit.changed(db, "case", case.id, system_of(event.source), "answer-three-party")


async def _expect_closed(db: Session, referral_id: str) -> None:
    """Nobody opened a case: so it is of a referral that was closed before it came. Raises `Refused` otherwise."""
    if not await _is_closed(db, referral_id):
        raise Refused(NotFound())
    telemetry.IGNORED.labels("three-party-answer-after-closing").inc()


async def _is_closed(db: Session, referral_id: str) -> bool:
    known = await referrals.referral(db, referral_id)
    return bool(known.closing if known else (await referrals.remembered(db, referral_id)).closing)


# --- invitations


async def take_invitation(db: Session, event: Event[Any]) -> None:
    """A case manager invites somebody of a role; they owe an answer [3.4, 3.5, 3.6]."""
    told: MeetingInvited = event.data
    if await store.find_invitation(db, told.meeting_id):
        telemetry.IGNORED.labels("invited-again").inc()
        return
    is_closed = told.referral_id is not None and await _is_closed(db, told.referral_id)
    invitation = invitations.invited(told, event.time, is_closed)
    await store.save_invitation(db, invitation)
    if invitation.stage is invitations.Stage.INVITED:
        due_at = obligations.due_at(plan.on(helsinki_day(event.time)), invitations.ANSWER, event.time)
        await obligations.open_(
            db, invitations.ANSWER, invitations.ABOUT, invitation.id, owner_organisation=invitation.organisation,
            owner_role=invitation.role, due_at=min(due_at, invitation.starts_at))
    await audit.changed(db, "meeting", invitation.id, system_of(event.source), "invite")


async def answer_invitation(db: Session, meeting_id: str, who: Principal, accepted: bool) -> Invitation:
    """Whether one of those who are invited comes; told to the case manager."""
    found = await _invitation(db, meeting_id, who)
    answered, events = decided_or_raise(invitations.answer(found, accepted, who.id, db.now))
    await store.save_invitation(db, answered)
    await outbox.add(db, *events)
    await obligations.meet(db, invitations.ANSWER, invitations.ABOUT, found.id)
    await audit.changed(db, "meeting", found.id, who, "answer-invitation")
    return answered


async def read_invitation(db: Session, meeting_id: str, who: Principal) -> Invitation:
    """One invitation, to be shown; the audit log says who read it."""
    found = await _invitation(db, meeting_id, who)
    await audit.read(db, "meeting", found.id, who, "invitation")
    return found


async def list_invitations(db: Session, who: Principal) -> Sequence[Invitation]:
    """Invitations to those whom somebody answers for."""
    return await store.list_invitations(db, store.invited(who.organisation or "", access.invited_as(who)))


async def _invitation(db: Session, meeting_id: str, who: Principal) -> Invitation:
    return await store.invitation(db, meeting_id, store.invited(who.organisation or "", access.invited_as(who)))


# --- a case manager as work pair


async def ask_case_manager(
    db: Session, who: Principal, ohjaamo: str, topic: str, at: datetime | None, requested_by: str | None = None
) -> Request:
    """An Ohjaamo worker asks for a case manager, now unless a time is given [3.5]. A program names the worker."""
    asked_by = who.id if who.kind == "person" else requested_by
    if asked_by is None:
        raise Refused(PersonNeeded())
    rules = db.plan
    request, events = decided_or_raise(requests.ask(Request(
        id=RequestId(new_id(db.now)), organisation=who.organisation or "", ohjaamo=ohjaamo,
        requested_by=StaffId(asked_by), topic=topic, at=at or db.now, asked_at=db.now), rules))
    await store.save_request(db, request)
    await outbox.add(db, *events)
    due_at = min(obligations.due_at(rules, requests.AWAIT, db.now), end_of_day(helsinki_day(request.at)))
    await obligations.open_(
        db, requests.AWAIT, requests.ABOUT, request.id, owner_organisation=request.organisation,
        owner=request.requested_by, due_at=due_at)
    await audit.changed(db, "request", request.id, who, "ask-case-manager")
    return request


async def take_request_answer(db: Session, event: Event[Any]) -> None:
    """A case manager comes, or none can [3.5]."""
    told: CaseManagerRequestAnswered = event.data
    found = await store.request(db, told.request_id)
    decision = requests.take_answer(found, told)
    answered, _ = decided_or_raise(decision, found)
    if isinstance(decision, Ignored):
        return
    await store.save_request(db, answered)
    await obligations.meet(db, requests.AWAIT, requests.ABOUT, found.id, at=min(event.time, db.now))
    await audit.changed(db, "request", found.id, system_of(event.source), "answer-request")


async def settle_request(db: Session, request_id: str, who: Principal) -> Request:
    """The worker waits for no answer any more. The area is told nothing: an answer may still come, and is shown."""
    settled, _ = decided_or_raise(requests.settle(await store.request(db, request_id, who.organisation or "")))
    await store.save_request(db, settled)
    await obligations.cancel(db, requests.AWAIT, requests.ABOUT, settled.id)
    await audit.changed(db, "request", settled.id, who, "settle-request")
    return settled

"""What coaches and Ohjaamo workers tell of meetings: one function an event, right when repeated, late or crossed."""

from typing import Any

from chassis import audit, obligations, telemetry
from chassis.calendar import end_of_day, helsinki_day
from chassis.database import Session
from chassis.decisions import Ignored, decided_or_raise
from chassis.policy import system_of
from contracts import plan
from contracts.envelope import Event
from contracts.events.coaching import (
    CaseManagerRequested,
    MeetingInvitationAnswered,
    ThreePartyMeetingCalledOff,
    ThreePartyMeetingRequested,
)
from contracts.fields import spell
from services.referral import store
from services.referral.domain import ORGANISATION
from services.referral.meetings import invitations, ledger, requests, three_party
from services.referral.meetings import store as meetings


async def ask_three_party(db: Session, event: Event[Any]) -> None:
    """The coach asks for a three-party meeting: the case manager owes an answer [3.2]."""
    told: ThreePartyMeetingRequested = event.data
    referral = await store.of_event(db, told.referral_id)
    known = await meetings.three_parties_of(db, referral.id)
    decision = three_party.take_request(told, event.time, referral, known)
    changed, _ = decided_or_raise(decision, ())
    if isinstance(decision, Ignored):
        return
    for each in changed:
        await meetings.save_three_party(db, each)
        await ledger.settle(db, referral, each)
    await store.note(db, referral.id, "three-party-asked", referral.provider, event.time,
                     late=None if referral.is_open else True,
                     times=[spell(time.starts_at) for time in told.proposed])
    await audit.changed(db, "referral", referral.id, system_of(event.source), "ask-three-party")


async def call_off_three_party(db: Session, event: Event[Any]) -> None:
    """The coach calls the meeting off, agreed or not [3.2]."""
    told: ThreePartyMeetingCalledOff = event.data
    referral = await store.of_event(db, told.referral_id)
    decision = three_party.take_call_off(told, event.time, await meetings.three_parties_of(db, referral.id))
    if isinstance(decision, Ignored):
        decided_or_raise(decision)
        return
    meeting, _ = decided_or_raise(decision)
    await meetings.save_three_party(db, meeting)
    if not any(each.is_under_way for each in await meetings.three_parties_of(db, referral.id)):
        await ledger.settle(db, referral, meeting)
    await store.note(db, referral.id, "three-party-called-off", referral.provider, event.time)
    await audit.changed(db, "referral", referral.id, system_of(event.source), "call-off-three-party")


async def answer_invitation(db: Session, event: Event[Any]) -> None:
    """Whoever was invited comes or not [3.4, 3.5, 3.6]."""
    told: MeetingInvitationAnswered = event.data
    found = await meetings.invitation(db, told.meeting_id)
    decision = invitations.take_answer(found, told, event.time)
    answered, _ = decided_or_raise(decision, found)
    if isinstance(decision, Ignored):
        return
    await meetings.save_invitation(db, answered)
    await obligations.meet(db, invitations.AWAIT, invitations.ABOUT, found.id, at=min(event.time, db.now))
    if found.referral_id:
        kind = "invitation-accepted" if told.accepted else "invitation-declined"
        await store.note(db, found.referral_id, kind, found.organisation, event.time, what=found.kind)
    await audit.changed(db, "meeting", found.id, system_of(event.source), "answer-invitation")


async def ask_case_manager(db: Session, event: Event[Any]) -> None:
    """An Ohjaamo worker asks for a case manager as work pair: one of them owes an answer [3.5]."""
    told: CaseManagerRequested = event.data
    if await meetings.find_request(db, told.request_id):
        telemetry.IGNORED.labels("case-manager-requested-again").inc()
        return
    request = requests.asked(told, event.time)
    await meetings.save_request(db, request)
    due_at = obligations.due_at(plan.on(helsinki_day(event.time)), requests.ANSWER, event.time)
    await obligations.open_(
        db, requests.ANSWER, requests.ABOUT, request.id, owner_organisation=ORGANISATION, municipality=told.ohjaamo,
        due_at=min(due_at, end_of_day(helsinki_day(told.at))))
    await audit.changed(db, "request", request.id, system_of(event.source), "ask-case-manager")

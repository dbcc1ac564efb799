"""Which event is handled by which function, a table a topic."""

from chassis import audit_heads, seats
from chassis.broker import Handlers, Subscription
from chassis.database import Session
from contracts.envelope import Event
from contracts.events.audit_heads import AuditHeadPublished
from contracts.events.coaching import (
    CaseManagerRequested,
    ClientSituationReported,
    CoachingEnded,
    CoachingStarted,
    ContactDetailsErased,
    ContactDetailsReceived,
    MeetingInvitationAnswered,
    ReceivingKeyOffered,
    ReferralReturned,
    ThreePartyMeetingCalledOff,
    ThreePartyMeetingRequested,
    WithdrawalReported,
    WorkTrialProposed,
)
from contracts.events.directory import SeatFilled, StaffListed
from services.referral import lists, places, provider
from services.referral.meetings import told as meetings
from services.referral.work_trials import handlers as work_trials

COACHING: Handlers = {
    ReceivingKeyOffered: provider.take_offer,
    ContactDetailsReceived: provider.receive,
    CoachingStarted: provider.start,
    CoachingEnded: provider.end,
    ReferralReturned: provider.take_return,
    WithdrawalReported: provider.report_withdrawal,
    ContactDetailsErased: provider.acknowledge,
    ClientSituationReported: places.keep,
    WorkTrialProposed: work_trials.take,
    ThreePartyMeetingRequested: meetings.ask_three_party,
    ThreePartyMeetingCalledOff: meetings.call_off_three_party,
    MeetingInvitationAnswered: meetings.answer_invitation,
    CaseManagerRequested: meetings.ask_case_manager,
}

DIRECTORY: Handlers = {StaffListed: provider.list_staff, SeatFilled: seats.fill}


async def keep_head(db: Session, event: Event[AuditHeadPublished]) -> None:
    """The municipal audit heads, and the shared ones, are kept here [privacy.md, Audit log]."""
    await audit_heads.keep_head(db, event)


SUBSCRIPTIONS = (
    Subscription("shared.coaching.v1", COACHING),
    Subscription("shared.directory.v1", DIRECTORY, tombstone=lists.drop_staff),
    Subscription("shared.audit-heads.v1", {AuditHeadPublished: keep_head}),
)

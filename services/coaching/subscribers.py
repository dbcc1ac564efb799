"""Which topics coaching reads, and what it does with each event."""

from collections.abc import Sequence

from chassis import audit_heads, seats
from chassis.broker import Handlers, Subscription
from chassis.database import Session
from contracts import topics
from contracts.envelope import Event
from contracts.events.audit_heads import AuditHeadPublished
from contracts.events.contact_details import ContactDetailsSealed
from contracts.events.directory import SeatFilled, StaffListed
from contracts.events.referrals import (
    CaseManagerChanged,
    CaseManagerRequestAnswered,
    ConsentWithdrawn,
    MeetingInvited,
    ReferralCancelled,
    ReferralConsented,
    ThreePartyMeetingAgreed,
    ThreePartyMeetingDeclined,
    WorkTrialProposalAnswered,
)
from services.coaching import directory
from services.coaching.intake import handlers as intake
from services.coaching.meetings import handlers as meetings
from services.coaching.pointti import tet_handlers
from services.coaching.referrals import handlers as referrals

REFERRALS: Handlers = {
    ReferralConsented: referrals.open_case,
    CaseManagerChanged: referrals.change_case_manager,
    ConsentWithdrawn: referrals.close,
    ReferralCancelled: referrals.close,
    WorkTrialProposalAnswered: tet_handlers.take_answer,
    ThreePartyMeetingAgreed: meetings.take_three_party_answer,
    ThreePartyMeetingDeclined: meetings.take_three_party_answer,
    MeetingInvited: meetings.take_invitation,
    CaseManagerRequestAnswered: meetings.take_request_answer,
}
CONTACT_DETAILS: Handlers = {
    ContactDetailsSealed: referrals.take_sealed,
}
DIRECTORY: Handlers = {
    StaffListed: directory.list_person,
    SeatFilled: seats.fill,
}


async def keep_head(db: Session, event: Event[AuditHeadPublished]) -> None:
    """The area's audit heads, and the shared ones, are kept here [privacy.md, Audit log]."""
    await audit_heads.keep_head(db, event)


def subscriptions() -> Sequence[Subscription]:
    """One for each topic; both PARtys' tell the same."""
    return [
        Subscription("area.referrals.v1", REFERRALS),
        Subscription("area.contact-details.v1", CONTACT_DETAILS),
        *(Subscription(topic, dict.fromkeys(topics.TOPICS[topic].models, intake.take))
          for topic in (topics.SYSTEMS[party].writes for party in topics.PARTIES)),
        Subscription("shared.directory.v1", DIRECTORY, tombstone=directory.drop),
        Subscription("shared.audit-heads.v1", {AuditHeadPublished: keep_head}),
    ]

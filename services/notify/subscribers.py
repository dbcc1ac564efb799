"""Which topics notify reads, and of which events it tells people."""

from chassis.broker import Handlers, Subscription
from contracts.events.coaching import (
    CaseManagerRequested,
    CoachingEnded,
    CoachingStarted,
    MeetingInvitationAnswered,
    ReferralReturned,
    ThreePartyMeetingCalledOff,
    ThreePartyMeetingRequested,
)
from contracts.events.obligations import ObligationDueSoon, ObligationMissed
from contracts.events.referrals import (
    CaseManagerRequestAnswered,
    ConsentWithdrawn,
    MeetingInvited,
    ReferralCancelled,
    ReferralConsented,
    ThreePartyMeetingAgreed,
    ThreePartyMeetingDeclined,
)
from services.notify import handlers

REFERRALS: Handlers = {
    ReferralConsented: handlers.tell,
    ConsentWithdrawn: handlers.tell,
    ReferralCancelled: handlers.tell,
    ThreePartyMeetingAgreed: handlers.tell,
    ThreePartyMeetingDeclined: handlers.tell,
    MeetingInvited: handlers.tell,
    CaseManagerRequestAnswered: handlers.tell,
}
COACHING: Handlers = {
    CoachingStarted: handlers.tell,
    CoachingEnded: handlers.tell,
    ReferralReturned: handlers.tell,
    ThreePartyMeetingRequested: handlers.tell,
    ThreePartyMeetingCalledOff: handlers.tell,
    MeetingInvitationAnswered: handlers.tell,
    CaseManagerRequested: handlers.tell,
}
OBLIGATIONS: Handlers = {
    ObligationDueSoon: handlers.tell,
    ObligationMissed: handlers.tell,
}


def subscriptions() -> list[Subscription]:
    return [
        Subscription("area.referrals.v1", REFERRALS),
        Subscription("shared.coaching.v1", COACHING),
        *(Subscription(f"{side}.obligations.v1", OBLIGATIONS) for side in ("area", "municipal", "shared")),
    ]

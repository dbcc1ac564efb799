"""Which topics notify reads, and of which events it tells people."""

from chassis.broker import Handlers, Subscription
from contracts.events.coaching import CoachingEnded, CoachingStarted, ReferralReturned
from contracts.events.obligations import ObligationDueSoon, ObligationMissed
from contracts.events.referrals import ConsentWithdrawn, ReferralCancelled, ReferralConsented
from services.notify import handlers

REFERRALS: Handlers = {
    ReferralConsented: handlers.tell,
    ConsentWithdrawn: handlers.tell,
    ReferralCancelled: handlers.tell,
}
COACHING: Handlers = {
    CoachingStarted: handlers.tell,
    CoachingEnded: handlers.tell,
    ReferralReturned: handlers.tell,
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

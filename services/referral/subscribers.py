"""Which event is handled by which function, a table a topic."""

from chassis.broker import Handlers, Subscription
from contracts.events.coaching import (
    ClientSituationReported,
    CoachingEnded,
    CoachingStarted,
    ContactDetailsErased,
    ContactDetailsReceived,
    ReceivingKeyOffered,
    ReferralReturned,
    WithdrawalReported,
)
from contracts.events.directory import StaffListed
from services.referral import lists, provider

COACHING: Handlers = {
    ReceivingKeyOffered: provider.take_offer,
    ContactDetailsReceived: provider.receive,
    CoachingStarted: provider.start,
    CoachingEnded: provider.end,
    ReferralReturned: provider.take_return,
    WithdrawalReported: provider.report_withdrawal,
    ContactDetailsErased: provider.acknowledge,
    ClientSituationReported: provider.keep_situation,
}

DIRECTORY: Handlers = {StaffListed: provider.list_staff}

SUBSCRIPTIONS = (
    Subscription("shared.coaching.v1", COACHING),
    Subscription("shared.directory.v1", DIRECTORY, tombstone=lists.drop_staff),
)

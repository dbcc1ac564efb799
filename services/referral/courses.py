"""The course of a referral as the employment area knows it, a state machine [3.2; events.md, Order and withdrawal]."""

from enum import StrEnum

from chassis.machine import Machine, move


class Status(StrEnum):
    """Where a referral is, as far as the employment area may know [3.2]."""

    SENT = "sent"
    """Consented; the contact details are not yet at the provider. Lasts milliseconds unless something is wrong."""
    DELIVERED = "delivered"
    STARTED = "started"
    ENDED = "ended"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


class Sign(StrEnum):
    """What moves a referral on."""

    RECEIVED = "contact-details-received"
    STARTED = "start-told"
    ENDED = "end-told"
    RETURNED = "returned"
    WITHDRAWN = "consent-withdrawn"
    CANCELLED = "cancelled"


OPEN = frozenset({Status.SENT, Status.DELIVERED, Status.STARTED})
CLOSED_HERE = frozenset({Status.WITHDRAWN, Status.CANCELLED})
"""Closed by an event of ours, which is published again for a provider that offers a key afterwards."""
ERASING = CLOSED_HERE | {Status.RETURNED}
"""The contact details are being erased, or are erased, on both sides."""

COURSE = Machine(
    "referral", Status.SENT,
    (
        move(Sign.RECEIVED, Status.SENT, to=Status.DELIVERED),
        move(Sign.STARTED, *sorted(OPEN), to=Status.STARTED),
        move(Sign.ENDED, *sorted(OPEN), Status.ENDED, to=Status.ENDED),
        move(Sign.RETURNED, *sorted(OPEN), to=Status.RETURNED),
        move(Sign.WITHDRAWN, *sorted(OPEN), Status.ENDED, to=Status.WITHDRAWN),
        move(Sign.CANCELLED, Status.SENT, Status.DELIVERED, to=Status.CANCELLED),
    ),
    closed=ERASING | {Status.STARTED, Status.ENDED},
    owes={
        Status.SENT: ("take-contact-details", "ask-contact-details-again", "tell-start"),
        Status.DELIVERED: ("tell-start",),
        Status.RETURNED: ("act-on-return", "acknowledge-erasure"), Status.WITHDRAWN: ("acknowledge-erasure",),
        Status.CANCELLED: ("acknowledge-erasure",),
    },
)
"""From the start on the area waits for nothing: what is owed then is the provider's, in its case. Of services whose
start is not told the wait ends with the delivery."""

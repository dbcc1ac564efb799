"""How long feedback is kept: what a person wrote for the shortest time, the rest for the figures [7]."""

from chassis import retention
from chassis.retention import Kept, older
from contracts.fields import DataClass

KEPT = (
    *retention.CHASSIS, retention.AUDIT_HEADS, retention.OBLIGATIONS,
    Kept("feedback", DataClass.PERSONAL, retention.reason_of("feedback_text"), "feedback_text",
         delete="update feedback set text = null where received_at < :moment and text is not null"),
    older("feedback", DataClass.PSEUDONYMOUS, "pseudonymous", "received_at"),
)

"""How long notices and the directory are kept [7]."""

from chassis import retention
from chassis.retention import Kept, older
from contracts.fields import DataClass

KEPT = (
    *retention.CHASSIS, retention.AUDIT_HEADS, retention.OBLIGATIONS,
    older("notices", DataClass.STAFF, "notice", "status_at"),
    older("referral_numbers", DataClass.PSEUDONYMOUS, "pseudonymous", "heard_at", "the number that a notice names"),
    Kept("people", DataClass.STAFF, "whom to tell, and where", lasts=retention.SEATS.lasts), retention.SEATS,
)

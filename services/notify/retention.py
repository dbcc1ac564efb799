"""How long notices and the directory are kept [7]."""

from chassis import retention
from chassis.retention import Kept, older
from contracts.fields import DataClass

_LISTED = "as long as the directory lists them"
KEPT = (
    *retention.CHASSIS, retention.AUDIT_HEADS, retention.OBLIGATIONS,
    older("notices", DataClass.STAFF, "notice", "status_at"),
    older("referral_numbers", DataClass.PSEUDONYMOUS, "pseudonymous", "heard_at", "the number that a notice names"),
    Kept("people", DataClass.STAFF, "whom to tell, and where", lasts=_LISTED),
    Kept("seats", DataClass.STAFF, "who holds which seat, and who substitutes", lasts=_LISTED),
)

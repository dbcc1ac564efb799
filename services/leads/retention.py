"""How long visits and leads are kept [7]."""

from chassis import retention
from chassis.retention import older
from contracts.fields import DataClass

KEPT = (
    *retention.CHASSIS, retention.AUDIT_HEADS, retention.PARKED, retention.OBLIGATIONS,
    older("subjects", DataClass.COMPANY, "company", "status_at"),
)

"""What a service measures of itself each ten seconds: readiness, open obligations, how long the plan still holds.

Numbers and codes alone.
"""

from typing import TYPE_CHECKING

from sqlalchemy import text

from chassis import telemetry
from chassis.calendar import helsinki_day
from contracts import plan

if TYPE_CHECKING:
    from chassis.service import Service

_OBLIGATIONS = text("""
    select kind, count(*) filter (where due_at >= :now) as open, count(*) filter (where due_at < :now) as late
    from obligations where met_at is null and cancelled_at is null group by kind
""")


async def measure(service: "Service") -> None:
    """Sets the gauges of a service; raises what its database says."""
    name = service.name
    telemetry.READY.labels(name).set(not service.unready())
    today = helsinki_day(service.clock())
    telemetry.PLAN_ENDS.labels(name).set((plan.ALL[-1].valid_until - today).days)
    if any(kept.table == "obligations" for kept in service.kept):
        async with service.database.begin() as db:
            found = await db.execute(_OBLIGATIONS, {"now": db.now})
            _set(name, {row.kind: (row.open, row.late) for row in found})


def _set(service: str, by_kind: dict[str, tuple[int, int]]) -> None:
    """Each kind that is open now; those that were before are at zero."""
    known = {sample.labels["kind"] for metric in telemetry.OBLIGATIONS.collect() for sample in metric.samples
             if sample.labels["service"] == service}
    for kind in known | by_kind.keys():
        opened, late = by_kind.get(kind, (0, 0))
        telemetry.OBLIGATIONS.labels(service, kind, "open").set(opened)
        telemetry.OBLIGATIONS.labels(service, kind, "late").set(late)

"""The action plan as data: typed, validated, dated. No rule of the plan is a literal in code.

    from contracts import plan

    now = plan.on(day)                                     # the plan in force; outside every validity the nearest
    now.outside_validity                                   # ... and then this is true: pages and figures say so
    now.services["pointti"].ages("vesilahti").admit(29)    # -> False
    now.services["coaching"].provider("vesilahti")         # -> Provider("lempaala", by_agreement="coaching")
    now.provides("lempaala", "coaching", "vesilahti", day) # -> True while that service agreement is in force
    now.respond_within("outreach")                         # -> Span(14 days); calendar.after(day, span) counts it on
    now.leads.routing["growth"].receiver("lempaala")       # -> Seat(organisation, role)
    now.change_security.authority_notice_required(51)      # -> True
    now.groups["working-group"].seats                      # roster with substitutes; .times_a_year, .length
    now.obligations["contact-client"].due                  # Span or "given"
    now.figures.final_on(2026)                             # -> date(2027, 3, 31)
    now.codes["visit-purpose"]["recruiting"].fi            # a list of codes and its labels
    now.knows("visit-purpose", "recruiting")               # what `unknown-code` is decided by
    now.provenance("referral.respond_within")              # -> Provenance(section, assumed, unit)

Lengths of time are `Span`s (`.value`, `.unit`; `.delta` for fixed units), other numbers plain integers. A file
is `<year>.toml`, its tables and fields are those of `contracts.plan.tables`; the first lines of the file say
how it is written. A wrong file is refused at import with `PlanError`, which names line and field.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from contracts.plan.load import PlanError, load, read
from contracts.plan.model import Plan
from contracts.plan.tables import Service
from contracts.plan.values import Ages, Label, Provenance, RosterSeat, Seat, Span

__all__ = [
    "ALL", "Ages", "Label", "Plan", "PlanError", "Provenance", "RosterSeat", "Seat", "Service", "Span", "final_on",
    "known", "nearest", "on", "read", "runs_out",
]

ALL: tuple[Plan, ...] = load(Path(__file__).parent)
"""All plans in order of validity."""

_OUTSIDE = {plan.year: plan.model_copy(update={"outside_validity": True}) for plan in ALL}


@lru_cache(maxsize=4096)
def on(day: date) -> Plan:
    """The plan in force on the day; on a day that none covers the nearest, with `outside_validity` true."""
    plan = nearest(ALL, day)
    return plan if plan.covers(day) else _OUTSIDE[plan.year]


def nearest(plans: Sequence[Plan], day: date) -> Plan:
    """Of the plans the one that covers the day, or is the fewest days from it; of two the earlier."""

    def distance(plan: Plan) -> timedelta:
        return max(plan.valid_from - day, day - plan.valid_until, timedelta(0))

    return min(plans, key=distance)


def runs_out(day: date) -> bool:
    """Whether the plan of the day ends within its time of warning, or has ended, and no other follows [9]."""
    return ALL[-1].valid_until - day <= ALL[-1].warn_before_end.delta


def final_on(year: int) -> date:
    """The last day on which an event may still be of the year, by that year's plan."""
    return on(date(year, 12, 31)).figures.final_on(year)


def known(code_list: str, code: str) -> bool:
    """Whether any plan's list has the code; `KeyError` for a list that a plan has not."""
    return any(plan.knows(code_list, code) for plan in ALL)

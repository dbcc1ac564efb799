"""Who sees which invitations and requests: those of their organisation, invitations by the role that is asked for."""

from collections.abc import Collection

from chassis.policy import Principal, allow
from contracts import plan

OHJAAMO_ROLES = ("ohjaamo-worker", "ohjaamo-coordinator")
INVITED_ROLES = tuple(sorted(
    {role for year in plan.ALL for roles in year.invitations.values() for role in roles} | {"ohjaamo-coordinator"}))
"""Whom the plan has invited, and who answers for the Ohjaamo workers."""
INVITED = allow(*INVITED_ROLES, own="organisation")
OHJAAMO = allow(*OHJAAMO_ROLES, own="organisation")


def invited_as(who: Principal) -> Collection[str] | None:
    """The roles whose invitations somebody answers; None for all of the organisation's, of a system."""
    if who.kind != "person":
        return None
    return {*who.roles, "ohjaamo-worker"} if who.has("ohjaamo-coordinator") else who.roles

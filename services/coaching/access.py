"""Who works with which cases: a person's roles open the services whose cases they see, all of their organisation."""

from datetime import datetime

from chassis.calendar import helsinki_day
from chassis.policy import Principal, allow
from contracts import plan
from services.coaching.cases.handlers import By
from services.coaching.cases.store import Whose

ROLES = (
    "coach", "workshop-instructor", "outreach-worker", "ohjaamo-worker", "ohjaamo-coordinator",
    "immigrant-services-coordinator", "wellbeing-planner",
)
WORKERS = allow(*ROLES, own="organisation")
"""Those who meet clients; over the API a provider's own systems."""
MANAGER = "employment-and-integration-manager"
READERS = allow(*ROLES, MANAGER, own="organisation")
"""Those, and the manager whom late matters of coaching and Pointti are told to: reads, and shows no contact details."""
OFFICERS = allow("data-protection-officer", own="organisation")
INSTRUCTORS = allow("workshop-instructor", own="organisation")
SENDERS = allow(MANAGER, own="organisation")
"""Whom a work trial's proposal goes through; the plan names the seat, and the handler looks [3.3]."""


def by(who: Principal, now: datetime) -> By:
    """Who acts, with what is theirs: a person's services are those whose mailbox role they have, a system's all of
    its organisation's."""
    services = plan.on(helsinki_day(now)).services
    if who.kind == "person":
        own = {code for code, service in services.items() if service.mailbox_role in who.roles}
        if "ohjaamo-coordinator" in who.roles:
            own.add("ohjaamo")
        if "data-protection-officer" in who.roles:
            own = set(services)
        if MANAGER in who.roles:
            own |= {code for code, service in services.items() if service.start_and_end_told}
    else:
        own = set(services)
    return By(who, Whose(who.organisation or "", frozenset(own)))

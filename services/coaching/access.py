"""Who works with which cases: a person's roles open the services whose cases they see, all of their organisation."""

from datetime import datetime

from chassis.calendar import helsinki_day
from chassis.policy import Principal, allow
from contracts import plan
from contracts.plan import Plan
from services.coaching.cases.handlers import By
from services.coaching.cases.store import Shared, Whose

OHJAAMO_ROLES = ("ohjaamo-worker", "ohjaamo-coordinator", "shared-social-instructor")
ROLES = (
    "coach", "workshop-instructor", "outreach-worker", *OHJAAMO_ROLES, "immigrant-services-coordinator",
    "wellbeing-planner",
)
WORKERS = allow(*ROLES, own="organisation")
"""Those who meet clients; over the API a provider's own systems."""
MANAGER = "employment-and-integration-manager"
MANAGERS = allow(MANAGER, own="organisation")
READERS = allow(*ROLES, MANAGER, own="organisation")
"""Those, and the manager whom late matters of coaching and Pointti are told to: reads, and shows no contact details."""
CASE_ROOMS = allow(*(role for role in ROLES if role != "outreach-worker"), own="organisation")
"""Whose main menu has arrivals and cases; outreach has its young people instead [3.4]."""
CASE_READERS = allow(*CASE_ROOMS.roles, MANAGER, own="organisation")
OFFICERS = allow("data-protection-officer", own="organisation")
INSTRUCTORS = allow("workshop-instructor", own="organisation")
SENDERS = allow(MANAGER, own="organisation")
"""Whom a work trial's proposal goes through; the plan names the seat, and the handler looks [3.3]."""
OUTREACH = allow("outreach-worker", own="organisation")
OHJAAMO = allow(*OHJAAMO_ROLES, own="organisation")


def by(who: Principal, now: datetime) -> By:
    """Who acts, with what is theirs: a person's services are those that one of their roles works in, a system's all of
    its organisation's. Workers of an Ohjaamo meet its residents though another municipality provides it [4.2]."""
    rules = plan.on(helsinki_day(now))
    own, organisation = set(rules.services), who.organisation or ""
    if who.kind != "person":
        return By(who, Whose(organisation, frozenset(own)))
    if not who.has("data-protection-officer"):
        own = {code for code, service in rules.services.items() if who.has(service.mailbox_role, *service.other_roles)}
    if who.has(MANAGER):
        own |= {code for code, service in rules.services.items() if service.start_and_end_told}
    return By(who, Whose(organisation, frozenset(own), _shared(who, organisation, rules)))


def owed_roles(who: Principal, now: datetime) -> frozenset[str]:
    """The roles whose obligations wait for a person: their own, and of a service in which they work beside it."""
    services = plan.on(helsinki_day(now)).services.values()
    return who.roles | {service.mailbox_role for service in services if who.has(*service.other_roles)}


def _shared(who: Principal, organisation: str, rules: Plan) -> frozenset[Shared]:
    service = rules.services["ohjaamo"]
    if not who.has(service.mailbox_role, *service.other_roles):
        return frozenset()
    return frozenset(
        Shared(provider.organisation, "ohjaamo", municipality)
        for municipality, provider in service.providers.items()
        if rules.ohjaamo.staffed_by.get(municipality) == organisation != provider.organisation
    )

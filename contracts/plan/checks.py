"""What a plan's values must keep towards each other: codes that exist, seats that somebody can have."""

from collections.abc import Iterable, Iterator

from contracts.plan.model import Plan
from contracts.plan.tables import WEEKDAYS, Group
from contracts.plan.values import Seat

Mistake = tuple[tuple[str, ...], str]
"""A path in the file, and what is wrong there."""


def mistakes(plan: Plan) -> Iterator[Mistake]:
    """Every mistake, the first first; none in a plan that holds together."""
    if plan.valid_until < plan.valid_from:
        yield ("valid_until",), "lies before valid_from"
    yield from _sections(plan)
    yield from _municipalities(plan)
    yield from _services(plan)
    yield from _seats(plan)
    yield from _groups(plan)
    yield from _leads(plan)
    yield from _triage(plan)
    yield from _obligations(plan)
    yield from _the_rest(plan)


def _sections(plan: Plan) -> Iterator[Mistake]:
    for path, found in plan.values.items():
        for section in (found.section or "").split(", ") if found.section else ():
            if section not in plan.sections:
                yield tuple(path.split(".")), f"the plan has no section {section}"


def _unknown(plan: Plan, path: tuple[str, ...], list_name: str, codes: Iterable[str]) -> Iterator[Mistake]:
    known = plan.codes.get(list_name, {})
    for code in codes:
        if code not in known:
            yield path, f"{code} is not in the list {list_name}"


def _seat(plan: Plan, path: tuple[str, ...], seat: Seat) -> Iterator[Mistake]:
    if seat.role not in plan.roles:
        yield path, f"{seat.role} is not in the list role"
    elif seat.organisation not in plan.organisations:
        yield path, f"{seat.organisation} is not in the list organisation"
    elif seat.organisation not in plan.roles[seat.role].organisations:
        yield path, f"nobody in {seat.organisation} has the role {seat.role}"


def _municipalities(plan: Plan) -> Iterator[Mistake]:
    for code, role in plan.roles.items():
        yield from _unknown(plan, ("roles", code, "organisations"), "organisation", role.organisations)
    for code, municipality in plan.municipalities.items():
        path = ("municipalities", code)
        for seat in (*municipality.coordinators, municipality.employment_officer):
            yield from _seat(plan, path, seat)


def _services(plan: Plan) -> Iterator[Mistake]:
    for code, service in plan.services.items():
        path = ("services", code)
        yield from _unknown(plan, (*path, "needs"), "client-need", service.needs)
        yield from _unknown(plan, path, "consent-purpose", [code])
        yield from _unknown(plan, (*path, "other_roles"), "role", service.other_roles)
        yield from _unknown(plan, (*path, "ages"), "municipality", service.ages_by_municipality)
        for municipality in plan.municipalities:
            if (municipality in service.providers) == (municipality in service.instead):
                yield path, f"{municipality} needs either a provider or the right address instead"
        for municipality, provider in service.providers.items():
            seat = Seat(organisation=provider.organisation, role=service.mailbox_role)
            yield from _seat(plan, (*path, "providers", municipality), seat)
        for municipality, address in service.instead.items():
            here = (*path, "instead", municipality)
            yield from _unknown(plan, here, "organisation", [address.organisation])
            yield from _unknown(plan, here, "service", [address.service])


def _seats(plan: Plan) -> Iterator[Mistake]:
    yield from _seat(plan, ("pointti", "work_trial_through"), plan.pointti.work_trial_through)
    yield from _seat(plan, ("client_situation", "reported_by"), plan.client_situation.reported_by)
    yield from _seat(plan, ("client_situation", "reported_to"), plan.client_situation.reported_to)
    yield from _seat(plan, ("change_security", "authority"), plan.change_security.authority)
    yield from _seat(plan, ("targets", "set_by"), plan.targets.set_by)
    yield from _seat(plan, ("yearly_events", "planned_by"), plan.yearly_events.planned_by)
    yield from _seat(plan, ("feedback", "area_feedback_to"), plan.feedback.area_feedback_to)
    for municipality, seat in plan.feedback.municipal.items():
        yield from _seat(plan, ("feedback", "municipal", municipality), seat)
    for organisation, line in plan.escalation.items():
        for seat in line:
            yield from _seat(plan, ("escalation", organisation), seat)
    for seat in plan.reviews.privacy_notice_owners:
        yield from _seat(plan, ("reviews", "privacy_notice_owners"), seat)
    for seat in plan.reviews.service_description_owners:
        yield from _seat(plan, ("reviews", "service_description_owners"), seat)


def _groups(plan: Plan) -> Iterator[Mistake]:
    for code, group in plan.groups.items():
        path = ("groups", code)
        yield from _unknown(plan, (*path, "pack_kind"), "pack-kind", [group.pack_kind] if group.pack_kind else [])
        yield from _seat(plan, (*path, "convener"), group.convener)
        if group.secretary:
            yield from _seat(plan, (*path, "secretary"), group.secretary)
        yield from _roster(plan, (*path, "seats"), group)


def _roster(plan: Plan, path: tuple[str, ...], group: Group) -> Iterator[Mistake]:
    taken: set[Seat] = set()
    for seat in group.seats:
        bare = Seat(organisation=seat.organisation, role=seat.role)
        yield from _seat(plan, path, bare)
        for role in seat.substitutes:
            yield from _seat(plan, path, Seat(organisation=seat.organisation, role=role))
        if bare in taken:
            yield path, f"{seat.role} of {seat.organisation} stands twice"
        taken.add(bare)


def _leads(plan: Plan) -> Iterator[Mistake]:
    for need, route in plan.leads.routing.items():
        yield from _unknown(plan, ("leads", "routing", need), "visit-need", [need])
        path = ("leads", "routing", need, "to")
        yield from _unknown(plan, path, "municipality", route.to)
        for municipality in plan.municipalities:
            if municipality not in route.to:
                yield path, f"{municipality} needs a receiver"
        for municipality, seat in route.to.items():
            yield from _seat(plan, (*path, municipality), seat)
    yield from _unknown(plan, ("visits", "with_coordinator"), "organisation", plan.visits.with_coordinator)
    yield from _unknown(plan, ("student_info", "organisers"), "organisation", plan.student_info.organisers)


def _triage(plan: Plan) -> Iterator[Mistake]:
    for code, address in plan.triage.addresses.items():
        path = ("triage", "addresses", code)
        yield from _unknown(plan, path, "organisation", [address.organisation])
    for code, rule in plan.triage.rules.items():
        path = ("triage", "rules", code)
        yield from _unknown(plan, (*path, "directed_to"), "address", [rule.directed_to])
    for channel in ("post", "call", "email", "visit"):
        asks = [rule.asks for rule in plan.triage.form(channel).values()]
        if not asks or asks[-1] or not all(asks[:-1]):
            yield ("triage", "rules"), f"the questions of {channel} must end in one rule that does not ask"


def _obligations(plan: Plan) -> Iterator[Mistake]:
    for code, kind in plan.obligations.items():
        path = ("obligations", code)
        yield from _unknown(plan, (*path, "about"), "about-type", [kind.about])
        yield from _unknown(plan, (*path, "role"), "role", [kind.role])
        if kind.about == "case" and kind.sides != ("municipal",):
            yield (*path, "sides"), "what is about a case stays on the municipal side"
        if kind.escalate_to:
            yield from _seat(plan, (*path, "escalate_to"), kind.escalate_to)
    yield from _unknown(plan, ("escalation",), "organisation", plan.escalation)
    for organisation, line in plan.escalation.items():
        if plan.organisations[organisation].side == "municipal" and any(
            plan.organisations[seat.organisation].side != "municipal" for seat in line
        ):
            yield ("escalation", organisation), "a municipal line leaves the municipal side"


def _the_rest(plan: Plan) -> Iterator[Mistake]:
    if WEEKDAYS[plan.ohjaamo.first_day.weekday()] != plan.ohjaamo.weekday:
        yield ("ohjaamo", "first_day"), f"is no {plan.ohjaamo.weekday}"
    yield from _unknown(plan, ("ohjaamo", "ohjaamos"), "municipality", plan.ohjaamo.ohjaamos)
    yield from _unknown(plan, ("ohjaamo", "advice"), "role", plan.ohjaamo.advice.values())
    yield from _unknown(plan, ("ohjaamo", "advice"), "ohjaamo-topic", plan.ohjaamo.advice)
    yield from _unknown(plan, ("ohjaamo", "staffed_by"), "municipality", plan.ohjaamo.staffed_by)
    yield from _unknown(plan, ("ohjaamo", "staffed_by"), "organisation", plan.ohjaamo.staffed_by.values())
    yield from _unknown(
        plan, ("immigrant_services", "of_working_age_to"), "organisation", [plan.immigrant_services.of_working_age_to])
    if plan.outreach.channels_before_unreached > len(plan.outreach.channels):
        yield ("outreach", "channels_before_unreached"), "asks for more channels than there are"
    yield from _unknown(plan, ("invitations",), "invitation-kind", plan.invitations)
    for kind, roles in plan.invitations.items():
        yield from _unknown(plan, ("invitations", kind), "role", roles)
    yield from _unknown(plan, ("client_situation", "services"), "service", plan.client_situation.services)
    yield from _unknown(plan, ("notices", "channels"), "notice-channel", plan.notices.channels)
    yield from _unknown(plan, ("results", "readers"), "organisation", plan.results.readers)
    if "remote" not in plan.codes["place"]:
        yield ("codes", "place"), "remote is missing"

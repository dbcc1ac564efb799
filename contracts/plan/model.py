"""The plan as a whole: its tables, its lists of codes, where its values are from, and what follows from several."""

from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property
from typing import Annotated

from pydantic import Field

from contracts.plan.tables import (
    ChangeSecurity,
    ClientSituation,
    Coaching,
    Consent,
    Feedback,
    Figures,
    Group,
    ImmigrantServices,
    Intake,
    KnownFigures,
    Leads,
    Meetings,
    Municipality,
    Notices,
    ObligationKind,
    Ohjaamo,
    Organisation,
    Outreach,
    Pointti,
    Referral,
    Reminders,
    Results,
    Retention,
    Reveal,
    Reviews,
    Role,
    Sealing,
    Service,
    StudentInfo,
    Targets,
    ThreeParty,
    Triage,
    Visits,
    YearlyEvents,
)
from contracts.plan.values import Code, Frozen, Label, Part, Provenance, Seat, Span

__all__ = ["Plan", "Service"]


class Plan(Part):
    """One year's plan. `outside_validity`: it is applied to a day that no plan covers."""

    year: int
    title: str
    valid_from: date
    valid_until: date
    warn_before_end: Span
    sections: Annotated[Mapping[str, str], Field(min_length=1)]
    organisations: Frozen[Organisation]
    municipalities: Frozen[Municipality]
    roles: Frozen[Role]
    services: Frozen[Service]
    referral: Referral
    consent: Consent
    sealing: Sealing
    reveal: Reveal
    coaching: Coaching
    three_party: ThreeParty
    pointti: Pointti
    outreach: Outreach
    ohjaamo: Ohjaamo
    invitations: Frozen[tuple[Code, ...]]
    immigrant_services: ImmigrantServices
    client_situation: ClientSituation
    visits: Visits
    leads: Leads
    change_security: ChangeSecurity
    targets: Targets
    yearly_events: YearlyEvents
    student_info: StudentInfo
    feedback: Feedback
    triage: Triage
    groups: Frozen[Group]
    meetings: Meetings
    reminders: Reminders
    escalation: Frozen[tuple[Seat, ...]]
    obligations: Frozen[ObligationKind]
    notices: Notices
    intake: Intake
    results: Results
    figures: Figures
    known_figures: Frozen[KnownFigures]
    retention: Retention
    reviews: Reviews
    listed_codes: Frozen[Frozen[Label]] = Field(alias="codes")
    values: Mapping[str, Provenance]
    outside_validity: bool = False
    copy_of: int | None = None

    @cached_property
    def codes(self) -> Mapping[str, Mapping[str, Label]]:
        """Each list of codes by its name; a list maps its codes to their labels.

        Beside the lists of the file there are those made from its tables: `organisation`, `municipality`,
        `role`, `service`, `group`, `audience`, `obligation-kind`, `triage-rule`, `address`, `area-results`,
        `area-costs`.
        """
        made: dict[str, Mapping[str, Label]] = {
            "organisation": self.organisations,
            "municipality": self.municipalities,
            "role": self.roles,
            "service": self.services,
            "group": self.groups,
            "audience": {**self.groups, **self.organisations},
            "obligation-kind": self.obligations,
            "triage-rule": self.triage.rules,
            "address": self.triage.addresses,
            "area-results": self.results.measures,
            "area-costs": self.results.items,
        }
        measures = {**self.listed_codes["measure"], **self.results.measures, **self.results.items}
        return {**self.listed_codes, **made, "measure": measures}

    def knows(self, code_list: str, code: str) -> bool:
        """Whether the list has the code; `KeyError` for a list that the plan has not."""
        return code in self.codes[code_list]

    def provenance(self, path: str) -> Provenance:
        """Where the table or value at a dotted path of the file is from, such as "referral.respond_within" or
        "groups.working-group.length". `KeyError` when the file has no such path.
        """
        return self.values[path]

    def covers(self, day: date) -> bool:
        """Whether the plan is valid on the day."""
        return self.valid_from <= day <= self.valid_until

    def respond_within(self, service: str) -> Span:
        """Until when the provider must have tried to contact the client [3.2, outreach 3.4]."""
        return self.services[service].respond_within or self.referral.respond_within

    def next_attempt_within(self, service: str) -> Span:
        """How soon an attempt that reached nobody is followed by the next."""
        return (self.outreach if service == "outreach" else self.referral).next_attempt_within

    def trying(self, service: str) -> Outreach | None:
        """What is to be tried before a client of the service counts as not reached; None: no rule says [3.4]."""
        return self.outreach if service == "outreach" else None

    def is_coordinator(self, municipality: str, organisation: str) -> bool:
        """Whether the organisation coordinates company visits in the municipality [2.2]."""
        seats = self.municipalities[municipality].coordinators
        return any(seat.organisation == organisation for seat in seats)

    def supervised_by(self, organisation: str, roles: Collection[str]) -> frozenset[str]:
        """Organisations along whose line of escalation one of the roles stands."""
        return frozenset(
            owner for owner, line in self.escalation.items()
            if any(seat.organisation == organisation and seat.role in roles for seat in line)
        )

    def escalate_to(self, kind: str, organisation: str, role: str) -> Seat | None:
        """Who is told when this owner is late with this kind of obligation; None: there is nobody above."""
        own = self.obligations[kind].escalate_to
        line = (own, *self.escalation.get(organisation, ())) if own else self.escalation.get(organisation, ())
        owner = Seat(organisation=organisation, role=role)
        return next((seat for seat in line if seat != owner), None)

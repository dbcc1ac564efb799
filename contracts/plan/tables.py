"""The tables of a plan's file as typed data, one class each, field by field."""

from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.plan.values import (
    NO_LIMITS,
    Ages,
    Code,
    Frozen,
    Label,
    Part,
    RosterSeat,
    Seat,
    Side,
    Span,
)

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)
MeetingKind = Literal["starter-package", "coaching", "three-party", "interview", "my-team"]
Channel = Literal["call", "text-message", "email", "letter", "visit", "other"]
Count = Annotated[int, Field(ge=1)]
Month = Annotated[int, Field(ge=1, le=12)]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


class Organisation(Label):
    """Who takes part, and on which side of the boundary; a partner is on neither."""

    side: Literal["municipal", "area", "partner"]


class Municipality(Label):
    """`coordinators` of company visits, leads and change situations [2.2, 2.3]."""

    coordinators: tuple[Seat, ...]
    employment_officer: Seat


class Role(Label):
    """A role and the organisations that have people in it."""

    organisations: tuple[Code, ...]


class Provider(Part):
    """Who provides a service to a municipality's residents; `by_agreement` where the other one does [4]."""

    organisation: Code
    by_agreement: bool = False


class RightAddress(Part):
    """Where to turn instead."""

    organisation: Code
    service: Code


class Service(Label):
    """One of the six services [3, 4]; mappings are by the client's municipality of residence.

    `other_roles` work in it beside `mailbox_role`; `meetings` are the kinds that its people record, the first to begin
    with; `goes_on_after` is what may begin for a client while the service goes on.
    """

    needs: tuple[Code, ...]
    mailbox_role: Code
    other_roles: tuple[Code, ...] = ()
    referral_only: bool
    start_and_end_told: bool
    meetings: Annotated[tuple[MeetingKind, ...], Field(min_length=1)]
    goes_on_after: tuple[Literal["work", "education"], ...] = ()
    respond_within: Span | None = None
    ages_by_municipality: Frozen[Ages] = Field(default_factory=_nothing, alias="ages")
    providers: Frozen[Provider]
    instead: Frozen[RightAddress] = Field(default_factory=_nothing)

    def ages(self, municipality: str) -> Ages:
        """Age limits for residents of the municipality; no limits where the plan gives none."""
        return self.ages_by_municipality.get(municipality, NO_LIMITS)

    def provider(self, municipality: str) -> Provider | None:
        """Who provides it to residents of the municipality; None: nobody, see `instead`."""
        return self.providers.get(municipality)


class Referral(Part):
    """Deadlines of a referral [3.2]; a service's or outreach's own goes before them (`Plan.respond_within`)."""

    respond_within: Span
    next_attempt_within: Span
    attempts_before_closing: Count
    start_told_within: Span
    review_case_every: Span


class Consent(Part):
    """What may be passed on, and how fast it must be gone after a withdrawal [3.2]."""

    fields: tuple[Literal["name", "phone"], ...]
    erase_within: Span


class Sealing(Part):
    """Receiving keys of one referral, and how long a key stays after the service ended or without being used."""

    max_keys: Count
    keep_after_end: Span
    unopened: Span


class Reveal(Part):
    """Above this many reveals of contact details in an hour a person signs in again [privacy.md]."""

    hourly_limit: Count


class Coaching(Part):
    """Meetings of a starter package [3.2]."""

    starter_package_minimum: Count
    starter_package_maximum: Count


class ThreeParty(Part):
    """Client, case manager and coach meet: how many times at most are proposed at once, and how long it usually is
    [3.2]."""

    times_at_most: Count
    length: Span


class Pointti(Part):
    """The youth workshop [3.3]."""

    period: Span
    interview_first: bool
    tet_length: Span
    period_plans: tuple[Literal["work-trial", "education", "job"], ...]
    work_trial_through: Seat


class Outreach(Part):
    """Outreach youth work [3.4]; its two weeks are `Plan.respond_within("outreach")`.

    A young person counts as not reached after attempts over `keep_trying_for` by `channels_before_unreached` of the
    `channels`, the next of which that was not tried yet is proposed.
    """

    keep_trying_for: Span
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    channels_before_unreached: Count
    next_attempt_within: Span


class Ohjaamo(Part):
    """When case managers are on site at the Ohjaamos, and who advises on what (a role by topic) [3.5].

    `staffed_by`: whose workers an Ohjaamo has; they meet its municipality's residents, whoever provides the service.
    """

    weekday: Weekday
    every: Span
    opens: time
    closes: time
    first_day: date
    ohjaamos: tuple[Code, ...]
    staffed_by: Frozen[Code]
    advice: Frozen[Code]

    def is_day(self, day: date) -> bool:
        """Whether the rhythm falls on the day; public holidays are the calendar's matter."""
        return (day - self.first_day) % self.every.delta == timedelta(0)

    def days(self, first: date, last: date) -> Iterator[date]:
        """The days of the rhythm from `first` to `last`, both included."""
        day = first + (self.first_day - first) % self.every.delta
        while day <= last:
            yield day
            day += self.every.delta


class ImmigrantServices(Part):
    """Lempäälä's coordinator arranges the integration programme of those not of working age [3.6, 4.4]."""

    integration_programme_for: Literal["not-of-working-age"]
    working_age: Ages
    of_working_age_to: Code


class ClientSituation(Part):
    """The manager's monthly report [3.2]."""

    every: Span
    due_after_month: Span
    services: tuple[Code, ...]
    reported_by: Seat
    reported_to: Seat


class Visits(Part):
    """Overlapping visits are avoided within the window, which reaches that far before and after [2.2]."""

    overlap_window: Span
    with_coordinator: tuple[Code, ...]


class Route(Part):
    """The receiver proposed for a need, by municipality (`to`); `always`: no other may be chosen."""

    always: bool = False
    to: Frozen[Seat]

    def receiver(self, municipality: str) -> Seat:
        """Who is proposed; `KeyError` for a municipality that is not the plan's."""
        return self.to[municipality]


class Leads(Part):
    """Deadlines and routing of leads [2.2, 2.4]."""

    respond_within: Span
    fulfil_within: Span
    routing: Frozen[Route]


class ChangeSecurity(Part):
    """An employer of more than `direct_notice_above` people reports to the authority itself [2.3]."""

    direct_notice_above: Count
    authority: Seat

    def authority_notice_required(self, employees: int) -> bool:
        """Whether an employer of that many people must report directly to the labour authority."""
        return employees > self.direct_notice_above


class Targets(Part):
    """The working group sets targets and follows them [2.1]."""

    set_by: Seat
    followed_every: Span
    set_by_month: Month


class YearlyEvents(Part):
    """Company and recruiting events that the working group plans each year [2.1]."""

    kinds: tuple[Code, ...]
    planned_by: Seat
    planned_by_month: Month


class StudentInfo(Part):
    """The information session for graduating students [3.4]."""

    from_year: int
    schools: tuple[Code, ...]
    organisers: tuple[Code, ...]
    held_by_month: Month


class Feedback(Part):
    """Feedback about the area goes to its local service point manager; municipal by municipality [5]."""

    area_feedback_to: Seat
    answer_within: Span
    collected_every: Span
    municipal: Frozen[Seat]


class TriageRule(Label):
    """A question of the clerk's form; one that does not ask decides all that is left of its channels [3.7]."""

    channels: tuple[Literal["post", "call", "email", "visit"], ...]
    directed_to: Code
    asks: bool = True


class Address(Label):
    """Where the clerk directs an inquiry."""

    organisation: Code
    email: str | None = None


class Triage(Part):
    """The question form of the service corridor [3.7]."""

    rules: Frozen[TriageRule]
    addresses: Frozen[Address]

    def form(self, channel: str) -> Mapping[str, TriageRule]:
        """The rules of a channel in the order in which they are asked; the last asks nothing."""
        return {code: rule for code, rule in self.rules.items() if channel in rule.channels}


class Group(Label):
    """A group that meets: its rhythm (None where the plan gives none), roster and pack [1, 2.1, 3, 8]."""

    times_a_year: Count | None = None
    length: Span
    experts_may_be_invited: bool = False
    remote_is_possible: bool
    pack_kind: Code | None = None
    convener: Seat
    secretary: Seat | None = None
    seats: tuple[RosterSeat, ...]


class Meetings(Part):
    """How long before a meeting its invitation and its pack go out."""

    invite_before: Span
    pack_before: Span


class Reminders(Part):
    """How long before a deadline its owner is reminded, where a kind says nothing else, and at what time of day."""

    due_soon: Span
    at: time


class ObligationKind(Label):
    """What must be done: `due` counts from the day it begins, "given" where the act brings its deadline."""

    sides: tuple[Side, ...]
    about: Code
    role: Code
    due: Span | Literal["given"]
    due_soon: Span | None = None
    escalate_to: Seat | None = None


class Notices(Part):
    """A notice older than `fresh_for` is stored as stale and not sent."""

    fresh_for: Span
    digest_weekday: Weekday
    channels: tuple[Code, ...]


class Intake(Part):
    """How long an event waits for the opening of what it is about."""

    park_for: Span


class AreaMeasure(Label):
    """A code of the area's results or costs: its unit, and how months become a quarter or year [6]."""

    unit: Literal["count", "percent", "days", "cents", "rating"]
    over_time: Literal["sum", "last", "mean"]


class Results(Part):
    """The area reports its results and costs monthly; `readers` share the reporting database [6]."""

    every: Span
    due_after_month: Span
    readers: tuple[Code, ...]
    measures: Frozen[AreaMeasure]
    items: Frozen[AreaMeasure]


class Figures(Part):
    """Disclosure control (a count from 1 to `threshold` - 1 is small), and when a year is final."""

    threshold: Annotated[int, Field(ge=2)]
    protection: Literal["interval", "width"]
    final_month: Month
    final_day: Annotated[int, Field(ge=1, le=31)]

    def final_on(self, year: int) -> date:
        """The day on which the year is final; until then, that day included, an event may be of it."""
        return date(year + 1, self.final_month, self.final_day)


class KnownFigures(Part):
    """What the plan tells of an earlier year; the outcome share in thousandths."""

    service: Code
    clients: int
    new_clients: int
    outcome_permille: Annotated[int, Field(ge=0, le=1000)]


class Keep(Part):
    """How long something is kept, and why."""

    keep: Span
    reason: str


class Retention(Part):
    """How long each class of data is kept [7]."""

    personal: Keep
    may_hold_personal: Keep
    pseudonymous: Keep
    company: Keep
    company_confidential: Keep
    staff: Keep
    open: Keep
    audit: Keep
    closed_referral: Keep
    closed_case: Keep
    feedback_text: Keep
    dead_letter: Keep
    notice: Keep


class Reviews(Part):
    """Privacy notices [2.1, 7] and service descriptions [4]: who looks them through, how often."""

    privacy_notice_every: Span
    privacy_notice_owners: tuple[Seat, ...]
    service_description_every: Span
    service_description_owners: tuple[Seat, ...]

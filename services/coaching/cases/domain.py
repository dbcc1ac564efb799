"""A case (*asiakkuus*) and what a coach does in it: reach the client, meet, begin, end, or give back [3.2].

Pure. What happened goes to the municipal side's casework; of it the area learns the start and the end, each by
one act of the coach, and nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Literal, TypeAlias

from chassis.calendar import helsinki_day
from chassis.decisions import Decided, Decision, Refuse, decided, refuse
from contracts.envelope import Data
from contracts.events.casework import (
    AppointmentBooked,
    CaseClosed,
    ContactAttempted,
    MeetingHeld,
    NotBegun,
    Origin,
    Outcome,
    WithdrawalTold,
)
from contracts.events.coaching import (
    CoachingEnded,
    CoachingStarted,
    ReferralReturned,
    RightAddress,
    ThreePartyMeetingCalledOff,
    ThreePartyMeetingRequested,
    WithdrawalReported,
)
from contracts.events.referrals import ThreePartyMeetingAgreed, ThreePartyMeetingDeclined
from contracts.fields import CaseId, ClientId
from contracts.plan import tables
from services.coaching.cases.course import Course, Happened, against
from services.coaching.cases.courses import Status, status_of
from services.coaching.cases.refusals import (
    AlreadyRecorded,
    CaseIsClosed,
    DayAhead,
    EndAlreadyTold,
    EndBeforeStart,
    HasBegun,
    NoReferral,
    NotToldOfThisService,
    OutcomeMissing,
    PeriodFirst,
    RightAddressMissing,
    StartAlreadyTold,
    StartWasTold,
    TimePassed,
    WithdrawalIsAnotherAct,
)
from services.coaching.outreach.trying import against_not_reached
from services.coaching.referrals import domain as referrals
from services.coaching.referrals.domain import Closing, ConsentNotInForce, Referral

OURS = "/municipal/coaching"
Channel: TypeAlias = tables.Channel
MeetingKind: TypeAlias = tables.MeetingKind
Basis = Literal["not-of-working-age", "guidance"]
"""Why somebody is a client of immigrant services: of the integration programme, or for guidance alone [3.6]."""
TOLD = (
    CoachingStarted, CoachingEnded, ReferralReturned, WithdrawalReported, ThreePartyMeetingRequested,
    ThreePartyMeetingCalledOff,
)
"""What the area is told of a case, each by an act of the provider."""
HEARD = (ThreePartyMeetingAgreed, ThreePartyMeetingDeclined)
"""What the area answers, kept in the course of the case."""
ReturnReason = Literal["not-eligible", "no-capacity", "wrong-address", "not-started"]


@dataclass(frozen=True)
class GoesOn:
    """The service goes on though the client has begun work or studies, since a day [3.2]."""

    beside: Literal["work", "education"]
    since: date


@dataclass(frozen=True)
class Case:
    """One case of one client at one provider. `sources` opened it: our service, another system, or both.

    `start_told`, `end_told` are the days that the area was told; `awaited_number` is a referral's number that
    another system named and that has not come yet; `untold`: its links are erased, nothing more goes to outcomes.
    """

    id: CaseId
    client: ClientId
    service: str
    municipality: str
    provider: str
    origin: Origin
    opened_at: datetime
    course: Course
    number: str
    sources: frozenset[str] = frozenset({OURS})
    coach: str | None = None
    referral: Referral | None = None
    awaited_number: str | None = None
    start_told: date | None = None
    end_told: date | None = None
    reviewed_on: date | None = None
    basis: Basis | None = None
    goes_on: GoesOn | None = None
    untold: bool = False

    @property
    def status(self) -> Status:
        return status_of(self.course, self.referral is not None, bool(self.referral and self.referral.opened_at))

    @property
    def appointment(self) -> AppointmentBooked | None:
        return self.course.appointment

    @property
    def area_may_hear(self) -> bool:
        """Whether the area may be told of the case: it came by a referral, and the consent is in force."""
        return self.referral is not None and self.referral.is_open

    @property
    def version(self) -> str:
        """Another whenever something happened in the case: what a form was opened on."""
        seen = (len(self.course.happened), self.coach, self.start_told, self.end_told, self.reviewed_on, self.goes_on)
        return sha256(repr(seen).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Act:
    """One press of a coach, or one command of the API: who and when; `id` names what happens by it."""

    id: str
    by: str
    at: datetime

    @property
    def today(self) -> date:
        return helsinki_day(self.at)

    def does(self, *events: Data) -> tuple[Happened, ...]:
        return tuple(Happened(f"{self.id}-{n}", self.at, self.by, data) for n, data in enumerate(events))


# --- the coach's acts


def record_attempt(case: Case, act: Act, at: datetime, channel: Channel, reached: bool) -> Decision[Case]:
    """The coach tried to reach the client; each attempt is recorded [3.2]. Refused with `DayAhead`, `CaseIsClosed`."""
    if at > act.at:
        return refuse(DayAhead(act.today))
    return happens(case, act, ContactAttempted(case_id=case.id, at=at, channel=channel, reached=reached))


def book_appointment(case: Case, act: Act, at: datetime, place: str, reached_by: Channel | None) -> Decision[Case]:
    """The client was reached (by `reached_by`, just now) and a time is booked [3.2]. Refused with `TimePassed`."""
    if at <= act.at:
        return refuse(TimePassed())
    booked = AppointmentBooked(case_id=case.id, at=at, place=place)
    if reached_by is None:
        return happens(case, act, booked)
    return happens(
        case, act, ContactAttempted(case_id=case.id, at=act.at, channel=reached_by, reached=True), booked
    )


def start(case: Case, act: Act, on: date, told: bool) -> Decision[Case]:
    """The client's service started, and the area is told the day, nothing else [3.2].

    Where no event says so yet, the first meeting was held that day; Pointti begins with a period of a group alone.
    `told`: the plan has the start of this service told. Refused with `CaseIsClosed`, `DayAhead`,
    `ConsentNotInForce`, `StartAlreadyTold`, `PeriodFirst`.
    """
    if on > act.today:
        return refuse(DayAhead(act.today))
    if on < case.course.asked_on:
        return refuse(EndBeforeStart())
    if case.start_told:
        return refuse(StartAlreadyTold(case.start_told))
    if case.referral and case.referral.closing:
        return refuse(ConsentNotInForce(case.referral.closing))
    began_on = case.course.began_on()
    beginning: tuple[Data, ...] = ()
    if began_on is None or on < began_on:
        if case.service == "pointti":
            return refuse(PeriodFirst())
        kind: MeetingKind = "starter-package" if case.service == "coaching" else "coaching"
        beginning = (MeetingHeld(case_id=case.id, on=on, kind=kind),)
    decision = happens(case, act, *beginning)
    if isinstance(decision, Decided) and told and case.referral:
        return decided(
            replace(decision.state, start_told=on), *decision.events, _started(case, case.referral, on)
        )
    return decision


def end(case: Case, act: Act, on: date, outcome: Outcome | None, told: bool) -> Decision[Case]:
    """The service ended. The outcome stays on the municipal side; the area is told the day, nothing else [3.2].

    A start that was not told yet is told with it. A case that another system has closed keeps its outcome: the
    end is told only. After a withdrawal the area is told nothing. Refused with `NotBegunYet`, `EndBeforeStart`,
    `EndAlreadyTold`, `OutcomeMissing`, `DayAhead`.
    """
    if on > act.today:
        return refuse(DayAhead(act.today))
    if case.end_told:
        return refuse(EndAlreadyTold(case.end_told))
    tells = told and case.referral is not None and case.referral.is_open
    closed, began_on = case.course.closed, case.course.began_on()
    if closed and not (tells and closed.outcome):
        return refuse(CaseIsClosed())
    if closed is None and outcome is None:
        return refuse(OutcomeMissing())
    decision = happens(case, act, *(() if closed else (CaseClosed(case_id=case.id, on=on, outcome=outcome),)))
    if not isinstance(decision, Decided) or not tells or case.referral is None or began_on is None:
        return decision
    started_on = case.start_told or began_on
    if on < started_on:
        return refuse(EndBeforeStart())
    started = () if case.start_told else (_started(case, case.referral, started_on),)
    return decided(
        replace(decision.state, start_told=started_on, end_told=on), *decision.events, *started,
        CoachingEnded.model_validate(_told(case, case.referral) | {"started_on": started_on, "ended_on": on}),
    )


def give_back(
    case: Case, act: Act, reason: ReturnReason, right_address: RightAddress | None, told: bool
) -> Decision[Case]:
    """The provider gives the referral back; the contact details are erased on both sides [3.2].

    The area is told the reason, of `not-started` never why: that is told of coaching and Pointti alone (`told`),
    and the municipal side keeps whether the client was not reached or declined. Refused with `NoReferral`,
    `ConsentNotInForce`, `StartWasTold`, `HasBegun`, `RightAddressMissing`, `NotToldOfThisService`.
    """
    if case.referral is None:
        return refuse(NoReferral())
    if case.referral.closing:
        return refuse(ConsentNotInForce(case.referral.closing))
    if case.start_told:
        return refuse(StartWasTold(case.start_told))
    if case.course.began_on():
        return refuse(HasBegun())
    if reason == "not-started" and not told:
        return refuse(NotToldOfThisService())
    if reason == "wrong-address" and right_address is None:
        return refuse(RightAddressMissing())
    closed = () if case.course.closed else (
        CaseClosed(case_id=case.id, on=act.today, not_begun=_why_not_begun(case, reason)),
    )
    decision = happens(case, act, *closed)
    if not isinstance(decision, Decided):
        return decision
    returned = replace(case.referral, closing=Closing.RETURN, closed_at=act.at)
    return decided(
        replace(decision.state, referral=returned), *decision.events,
        ReferralReturned.model_validate(_told(case, case.referral) | {
            "reason": reason, "right_address": right_address if reason == "wrong-address" else None,
        }),
    )


def close_unbegun(
    case: Case, act: Act, on: date, reason: NotBegun, told: bool, trying: tables.Outreach | None = None
) -> Decision[Case]:
    """The service never began: the client was not reached, declined, or could not be served [3.2, 3.4].

    Of coaching and Pointti (`told`), and wherever the provider could not serve, the referral is given back. Of
    the others the area is told nothing. A consent that is withdrawn is told as such (`withdraw`), for it erases.
    `trying` is what must be tried before the client counts as not reached. Refused as `give_back` and with
    `CaseIsClosed`, `WithdrawalIsAnotherAct`, `NeverTried`, `TryLonger`, `TryAnotherChannel`.
    """
    if on > act.today:
        return refuse(DayAhead(act.today))
    if reason == "withdrawn" and case.referral and case.referral.is_open:
        return refuse(WithdrawalIsAnotherAct())
    if trying and reason == "not-reached" and (refusal := against_not_reached(case.course, on, trying)):
        return refuse(refusal)
    decision = happens(case, act, CaseClosed(case_id=case.id, on=on, not_begun=reason))
    if not isinstance(decision, Decided) or case.referral is None or not case.referral.is_open:
        return decision
    if reason in ("not-eligible", "no-capacity"):
        given_back = give_back(decision.state, act, reason, None, told)
    elif told:
        given_back = give_back(decision.state, act, "not-started", None, told)
    else:
        return decision
    if not isinstance(given_back, Decided):
        return given_back
    return decided(given_back.state, *decision.events, *given_back.events)


def withdraw(case: Case, act: Act, told_at: datetime) -> Decision[Case]:
    """The client told the provider that the consent is withdrawn; the area hears it, and stops too [3.2, 7].

    A service that has not begun ends here; one that has begun goes on without the area as the client wishes.
    Refused with `NoReferral`, `ConsentNotInForce`, `WithdrawalTimeNotPossible`.
    """
    if case.referral is None:
        return refuse(NoReferral())
    report = referrals.report_withdrawal(case.referral, told_at, act.at)
    if not isinstance(report, Decided):
        return refuse(report.refusal) if isinstance(report, Refuse) else report
    told = happens(case, act, WithdrawalTold(case_id=case.id, told_at=told_at))
    if not isinstance(told, Decided):
        return told
    stopped = stop(replace(told.state, referral=report.state), replace(act, id=f"{act.id}-stop"))
    return decided(stopped.state, *told.events, *report.events, *stopped.events)


def stop(case: Case, act: Act) -> Decided[Case]:
    """The consent is not in force any more: what has not begun is closed, unless another system keeps the case and
    closes it itself."""
    if case.course.closed or case.course.began_on() or case.sources != {OURS}:
        return decided(case)
    closed = CaseClosed(case_id=case.id, on=max(act.today, case.course.asked_on), not_begun="withdrawn")
    return decided(replace(case, course=case.course.then(*act.does(closed))), closed)


def remember_told(case: Case, act: Act, events: Sequence[Data]) -> Case:
    """The case with what the area was told in its timeline."""
    told = [Happened(f"{act.id}-told-{n}", act.at, act.by, e) for n, e in enumerate(events) if isinstance(e, TOLD)]
    return replace(case, course=case.course.then(*told)) if told else case


def looked_at(case: Case, now: datetime) -> Case:
    """Somebody looked at the contact details for the first time."""
    if case.referral is None or case.referral.opened_at:
        return case
    return replace(case, referral=replace(case.referral, opened_at=now))


def is_untouched(case: Case) -> bool:
    """Whether nobody has done anything for the client yet."""
    return not case.course.happened


def take_over(case: Case, coach: str) -> Case:
    """Whoever acts first answers for the case from then on."""
    return case if case.coach else replace(case, coach=coach)


def happens(case: Case, act: Act, *events: Data) -> Decision[Case]:
    """Events of the case's course, each possible after the one before it, and none of them recorded before."""
    known = [each.data for each in case.course.happened]
    if any(event in known for event in events):
        return refuse(AlreadyRecorded())
    return recorded(case, act, events, events)


def recorded(case: Case, act: Act, kept: Sequence[Data], told: Sequence[Data]) -> Decision[Case]:
    """The case with what it keeps in its course, each possible after the one before it; `told` goes out."""
    course = case.course
    for happened in act.does(*kept):
        if refusal := against(course, happened, case.referral is not None):
            return refuse(refusal)
        course = course.then(happened)
    return decided(replace(case, course=course), *told)


def _why_not_begun(case: Case, reason: ReturnReason) -> NotBegun:
    match reason:
        case "no-capacity":
            return "no-capacity"
        case "not-started":
            return "declined" if case.course.reached else "not-reached"
        case _:
            return "not-eligible"


def _told(case: Case, referral: Referral) -> dict[str, object]:
    """What every event to the area says of a referral, and all that it may say."""
    return {
        "referral_id": referral.id, "service": case.service, "municipality": case.municipality,
        "provider": case.provider, "case_manager": referral.case_manager,
    }


def _started(case: Case, referral: Referral, on: date) -> CoachingStarted:
    return CoachingStarted.model_validate(
        _told(case, referral) | {"referred_on": referral.referred_on, "started_on": on}
    )

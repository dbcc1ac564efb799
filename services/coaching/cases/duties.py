"""What a case owes next, to whom and until when: no open status is without an owner and a deadline.

Pure: what is owed follows from the case and the plan; the ledger is brought to it whenever a case changes, so a
late or repeated event needs no rule of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chassis.calendar import after, deadline, end_of_day, helsinki_day
from contracts.events.casework import AppointmentBooked, MeetingHeld, PeriodEnded, PeriodStarted
from contracts.plan import Plan
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import Case
from services.coaching.meetings import three_party
from services.coaching.pointti.courses import PlaceState, Tet, TetState, place, tets

CONTACT = "contact-client"
TRY_AGAIN = "try-again"
DECIDE = "decide-on-unreached"
BOOK = "book-appointment"
RECORD = "record-appointment"
INTERVIEW = "hold-interview"
START_PERIOD = "start-period"
END_PERIOD = "end-period"
TELL_STARTED = "tell-coaching-started"
TELL_ENDED = "tell-coaching-ended"
REVIEW = "review-case"
RECORD_TET = "record-tet"
SEND_PROPOSAL = "send-work-trial-proposal"
ALL = (
    CONTACT, TRY_AGAIN, DECIDE, BOOK, RECORD, INTERVIEW, START_PERIOD, END_PERIOD, TELL_STARTED, TELL_ENDED, REVIEW,
    RECORD_TET, SEND_PROPOSAL, three_party.PROPOSE, three_party.RECORD,
)

LOOKED_AT_BEFORE = timedelta(days=14)
"""How long before a review is due it is seen whether the client was met meanwhile."""


@dataclass(frozen=True)
class Owner:
    """Who owes a duty: a role in an organisation, and the person, where there is one."""

    organisation: str
    role: str
    person: str | None = None


def owner(kind: str, case: Case, plan: Plan) -> Owner:
    """The provider, whoever answers for the case; a work trial goes through the seat that the plan names [3.3]."""
    if kind == SEND_PROPOSAL:
        through = plan.pointti.work_trial_through
        return Owner(through.organisation, through.role)
    return Owner(case.provider, plan.services[case.service].mailbox_role, case.coach)


def owed(case: Case, plan: Plan, now: datetime, review_due: datetime | None = None) -> Mapping[str, datetime]:
    """What is owed in a case now, each with its deadline (inclusive).

    `review_due` is the deadline of the review that is open: it stays until it is near, and then moves on if the
    client was met meanwhile.
    """
    kept = place(case.course)
    to_begin = {START_PERIOD: end_of_day(kept.starts_on)} if kept and kept.state is PlaceState.KEPT else {}
    of_course = _of_course(case, plan, now, review_due)
    return {**of_course, **to_begin, **dict(_of_tets(case, plan)), **three_party.owed(case, plan)}


def _of_tets(case: Case, plan: Plan) -> Iterator[tuple[str, datetime]]:
    """Of several TET periods the first is recorded first, and so with proposals."""
    known = tets(case.course, case.area_may_hear)
    for kind, state in ((RECORD_TET, TetState.AGREED), (SEND_PROPOSAL, TetState.TO_SEND)):
        if due := [_tet_due(kind, tet, plan) for tet in known if tet.state is state]:
            yield kind, min(due)


def _tet_due(kind: str, tet: Tet, plan: Plan) -> datetime:
    if kind == RECORD_TET or tet.ended_at is None:
        return end_of_day(tet.last_day)
    return _due(plan, SEND_PROPOSAL, tet.ended_at)


def _of_course(case: Case, plan: Plan, now: datetime, review_due: datetime | None) -> Mapping[str, datetime]:
    """What the provider owes in a case now, TET periods aside."""
    told = plan.services[case.service].start_and_end_told and case.area_may_hear
    if case.course.closing:
        untold = told and case.end_told is None
        return {TELL_ENDED: _due(plan, TELL_ENDED, case.course.closing.time)} if untold else {}
    began_on = case.course.began_on()
    if began_on is None:
        if case.referral is None or case.referral.is_open:
            return _before_it_begins(case, plan)
        return {REVIEW: _due(plan, REVIEW, case.referral.closed_at or now)}
    found = {REVIEW: _review_due(case, plan, now, began_on, review_due)}
    if told and case.start_told is None:
        found[TELL_STARTED] = _due(plan, TELL_STARTED, _known_at(case, began_on) or now)
    if case.appointment:
        found[RECORD] = end_of_day(helsinki_day(case.appointment.at))
    if period := case.course.period:
        found[END_PERIOD] = end_of_day(period.ends_on)
    return found


def met(kind: str, case: Case, due_at: datetime, plan: Plan) -> bool:
    """Whether what was owed by `due_at`, and is not any more, was done; else it fell away."""
    course, closed = case.course, case.course.closed
    match kind:
        case "contact-client" | "try-again":
            return bool(course.attempts) or any(course.told(MeetingHeld))
        case "decide-on-unreached":
            return course.reached or closed is not None or case.reviewed_on is not None
        case "record-appointment":
            return any(course.told(AppointmentBooked)) and (closed is None or any(course.told(MeetingHeld)))
        case "book-appointment" | "hold-interview":
            return case.appointment is not None or any(course.told(MeetingHeld))
        case "start-period":
            return course.period is not None
        case "end-period":
            ended = {p.period_id for p in course.told(PeriodEnded)}
            return (closed is not None and closed.outcome is not None) or any(
                p.period_id in ended and end_of_day(p.ends_on) == due_at for p in course.told(PeriodStarted))
        case "record-tet":
            return any(t.ended and _tet_due(kind, t, plan) == due_at for t in tets(course, case.area_may_hear))
        case "send-work-trial-proposal":
            meant = [t for t in tets(course, case.area_may_hear) if _tet_due(kind, t, plan) == due_at]
            return case.area_may_hear and any(t.proposed for t in meant) and not any(t.left for t in meant)
        case "tell-coaching-started":
            return case.start_told is not None
        case "tell-coaching-ended":
            return case.end_told is not None or (case.referral is not None and not case.referral.is_open)
        case three_party.PROPOSE | three_party.RECORD:
            return three_party.met(kind, case)
        case _:
            return closed is None or closed.outcome is not None


def met_at(kind: str, case: Case, now: datetime) -> datetime:
    """When it was done: the first attempt counts from its own moment, all else from now."""
    if kind == CONTACT and case.course.attempts:
        return min(now, *(attempt.at for attempt in case.course.attempts))
    return now


def _before_it_begins(case: Case, plan: Plan) -> Mapping[str, datetime]:
    """What each status before the beginning owes."""
    course = case.course
    if case.appointment:
        return {RECORD: end_of_day(helsinki_day(case.appointment.at))}
    match case.status:
        case Status.INTERVIEWED:
            return {START_PERIOD: _due(plan, START_PERIOD, max(m.on for m in course.told(MeetingHeld)))}
        case Status.REACHED:
            kind = INTERVIEW if case.service == "pointti" else BOOK
            return {kind: _due(plan, kind, max([a.at for a in course.attempts if a.reached], default=case.opened_at))}
    if course.attempts:
        last = helsinki_day(max(a.at for a in course.attempts))
        found = {TRY_AGAIN: end_of_day(after(last, plan.next_attempt_within(case.service)))}
        if plan.trying(case.service) and course.first_attempt_on and not course.reached:
            found[DECIDE] = _due(plan, DECIDE, max(filter(None, [course.first_attempt_on, case.reviewed_on])))
        return found
    if case.referral:
        return {CONTACT: end_of_day(case.referral.respond_due_on)}
    return {CONTACT: end_of_day(after(course.asked_on, plan.respond_within(case.service)))}


def _review_due(case: Case, plan: Plan, now: datetime, began_on: date, due: datetime | None) -> datetime:
    if due and now < due - LOOKED_AT_BEFORE:
        return due
    last = max([began_on, *(m.on for m in case.course.told(MeetingHeld)), *filter(None, [case.reviewed_on])])
    new = _due(plan, REVIEW, last)
    return max(due, new) if due else new


def _known_at(case: Case, began_on: date) -> datetime | None:
    """When it was first told that the service began."""
    return min((
        h.time for h in case.course.happened
        if (isinstance(h.data, MeetingHeld) and h.data.on == began_on)
        or (isinstance(h.data, PeriodStarted) and h.data.starts_on == began_on)
    ), default=None)


def _due(plan: Plan, kind: str, begins: date | datetime) -> datetime:
    due = plan.obligations[kind].due
    if due == "given":
        raise LookupError(f"the plan gives {kind} no deadline of its own")
    return deadline(begins, due)



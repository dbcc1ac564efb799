"""What a case owes next, to whom and until when: no open status is without an owner and a deadline.

Pure: what is owed follows from the case and the plan; the ledger is brought to it whenever a case changes, so a
late or repeated event needs no rule of its own.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from chassis.calendar import after, deadline, end_of_day, helsinki_day
from contracts.events.casework import AppointmentBooked, MeetingHeld, PeriodEnded, PeriodStarted
from contracts.plan import Plan
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import Case
from services.coaching.meetings import three_party

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
ALL = (
    CONTACT, TRY_AGAIN, DECIDE, BOOK, RECORD, INTERVIEW, START_PERIOD, END_PERIOD, TELL_STARTED, TELL_ENDED, REVIEW,
    three_party.PROPOSE, three_party.RECORD,
)

LOOKED_AT_BEFORE = timedelta(days=14)
"""How long before a review is due it is seen whether the client was met meanwhile."""


def owed(case: Case, plan: Plan, now: datetime, review_due: datetime | None = None) -> Mapping[str, datetime]:
    """What the provider owes in a case now, each with its deadline (inclusive).

    `review_due` is the deadline of the review that is open: it stays until it is near, and then moves on if the
    client was met meanwhile.
    """
    return {**_of_course(case, plan, now, review_due), **three_party.owed(case, plan)}


def _of_course(case: Case, plan: Plan, now: datetime, review_due: datetime | None) -> Mapping[str, datetime]:
    told = plan.services[case.service].start_and_end_told and case.referral is not None and case.referral.is_open
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


def met(kind: str, case: Case) -> bool:
    """Whether what is not owed any more was done; else it fell away."""
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
            return any(course.told(PeriodStarted))
        case "end-period":
            return any(course.told(PeriodEnded)) or (closed is not None and closed.outcome is not None)
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



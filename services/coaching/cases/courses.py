"""The course of each service as a state machine: where a case stands follows from what happened in it [3, 4].

All begin alike, with an approach, attempts and a booked time. In Pointti an interview comes first and the service is
periods; elsewhere it begins with the first meeting that is no interview. No act of ours closes as unbegun what has
begun, but another system may tell of a meeting after the closing that came before it.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from chassis.machine import Machine, Move, move
from contracts.events.casework import (
    AppointmentBooked,
    CaseClosed,
    ContactAttempted,
    MeetingHeld,
    PeriodEnded,
    PeriodStarted,
)
from services.coaching.cases.course import Course, booked_after


class Status(StrEnum):
    """Where a case is, as its provider sees it."""

    ARRIVED = "arrived"
    """Nobody has opened the contact details or tried to reach the client yet."""
    CONTACTING = "contacting"
    REACHED = "reached"
    """The client was spoken with; no time is booked."""
    BOOKED = "booked"
    INTERVIEWED = "interviewed"
    """Pointti: the interview was held, a period is awaited."""
    RUNNING = "running"
    BETWEEN = "between-periods"
    """Pointti: a period ended with its plan, and the case is open."""
    ENDED = "ended"
    NOT_BEGUN = "not-begun"


class Sign(StrEnum):
    """What moves a case on."""

    CAME = "came-without-referral"
    SHOWN = "contact-details-shown"
    TRIED = "tried"
    SPOKE = "reached"
    BOOKED = "time-booked"
    MISSED = "did-not-come"
    KEPT = "time-kept"
    INTERVIEW = "interview-held"
    MEETING = "meeting-held"
    PERIOD = "period-began"
    PERIOD_END = "period-ended"
    ENDED = "ended-with-outcome"
    NOT_BEGUN = "closed-unbegun"


CLOSED = frozenset({Status.ENDED, Status.NOT_BEGUN})
WAITING = (Status.ARRIVED, Status.CONTACTING, Status.REACHED, Status.BOOKED)
"""Before the service began, in every course."""
OPEN = tuple(status for status in Status if status not in CLOSED)

_APPROACH: tuple[Move[Status], ...] = (
    move(Sign.CAME, Status.ARRIVED, to=Status.CONTACTING),
    move(Sign.SHOWN, Status.ARRIVED, to=Status.CONTACTING),
    move(Sign.TRIED, Status.ARRIVED, Status.CONTACTING, to=Status.CONTACTING),
    move(Sign.SPOKE, Status.ARRIVED, Status.CONTACTING, Status.REACHED, to=Status.REACHED),
    move(Sign.BOOKED, *WAITING, to=Status.BOOKED),
    move(Sign.MISSED, Status.BOOKED, to=Status.CONTACTING),
    move(Sign.KEPT, Status.BOOKED, to=Status.REACHED),
)
_MEETINGS: tuple[Move[Status], ...] = (
    *_APPROACH,
    move(Sign.INTERVIEW, Status.ARRIVED, Status.CONTACTING, Status.REACHED, to=Status.REACHED),
    move(Sign.MEETING, *WAITING, Status.RUNNING, to=Status.RUNNING),
    move(Sign.ENDED, Status.RUNNING, to=Status.ENDED),
    move(Sign.NOT_BEGUN, *WAITING, Status.RUNNING, to=Status.NOT_BEGUN),
)
_PERIODS: tuple[Move[Status], ...] = (
    *_APPROACH,
    move(Sign.INTERVIEW, *WAITING, Status.INTERVIEWED, to=Status.INTERVIEWED),
    move(Sign.MEETING, *WAITING, Status.INTERVIEWED, to=Status.INTERVIEWED),
    move(Sign.PERIOD, *WAITING, Status.INTERVIEWED, Status.BETWEEN, to=Status.RUNNING),
    move(Sign.PERIOD_END, Status.RUNNING, to=Status.BETWEEN),
    move(Sign.ENDED, Status.RUNNING, Status.BETWEEN, to=Status.ENDED),
    move(Sign.NOT_BEGUN, *WAITING, Status.INTERVIEWED, Status.RUNNING, Status.BETWEEN, to=Status.NOT_BEGUN),
)
_OWES: Mapping[Status, tuple[str, ...]] = {
    Status.ARRIVED: ("contact-client",), Status.CONTACTING: ("contact-client", "try-again"),
    Status.REACHED: ("book-appointment",), Status.BOOKED: ("record-appointment",), Status.RUNNING: ("review-case",),
}
_TOLD = {Status.RUNNING: ("tell-coaching-started", "review-case"), Status.ENDED: ("tell-coaching-ended",)}

COURSES: Mapping[str, Machine[Status]] = {machine.name: machine for machine in (
    Machine("coaching", Status.ARRIVED, _MEETINGS, CLOSED, {**_OWES, **_TOLD}),
    Machine("pointti", Status.ARRIVED, _PERIODS, CLOSED, {
        **_OWES, **_TOLD, Status.REACHED: ("hold-interview",),
        Status.INTERVIEWED: ("start-period", "record-appointment"),
        Status.RUNNING: ("tell-coaching-started", "end-period", "review-case"),
        Status.BETWEEN: ("review-case", "start-period"),
    }),
    Machine("outreach", Status.ARRIVED, _MEETINGS, CLOSED, {
        **_OWES, Status.CONTACTING: ("contact-client", "try-again", "decide-on-unreached"),
    }),
    Machine("ohjaamo", Status.ARRIVED, _MEETINGS, CLOSED, _OWES),
    Machine("immigrant-services", Status.ARRIVED, _MEETINGS, CLOSED, _OWES),
    Machine("wellbeing-planner", Status.ARRIVED, _MEETINGS, CLOSED, _OWES),
)}


def machine_of(service: str) -> Machine[Status]:
    """The course of a service; one that a later plan brings has the course of meetings."""
    return COURSES.get(service) or Machine(service, Status.ARRIVED, _MEETINGS, CLOSED, _OWES)


def status_of(course: Course, by_referral: bool, looked_at: bool) -> Status:
    """Where a case stands. `looked_at`: somebody has opened the contact details."""
    machine = machine_of(course.service)
    status = machine.fold([*([] if by_referral else [Sign.CAME]), *signs(course)])
    return machine.after(status, Sign.SHOWN) or status if looked_at else status


def signs(course: Course) -> Iterator[Sign]:
    """What happened in a course as the signs of its machine, in order, its closing the last."""
    booked: AppointmentBooked | None = None
    running: set[str] = set()
    for happened in course.happened:
        before, booked = booked, booked_after(booked, happened.data)
        match happened.data:
            case ContactAttempted(reached=reached):
                if before and not booked:
                    yield Sign.MISSED
                if not booked:
                    yield Sign.SPOKE if reached else Sign.TRIED
            case AppointmentBooked():
                yield Sign.BOOKED
            case MeetingHeld(kind=kind):
                if before and not booked:
                    yield Sign.KEPT
                yield Sign.INTERVIEW if kind == "interview" else Sign.MEETING
            case PeriodStarted(period_id=period):
                running.add(period)
                yield Sign.PERIOD
            case PeriodEnded(period_id=period) if period in running:
                running.discard(period)
                if not running:
                    yield Sign.PERIOD_END
            case CaseClosed(outcome=outcome):
                yield Sign.ENDED if outcome else Sign.NOT_BEGUN
                return

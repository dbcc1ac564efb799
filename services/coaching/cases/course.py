"""The course of a case: what happened in it, in order of time, whoever told it.

A fold: the same events in any order of arrival give the same course, for before and after are judged by `time`
[events.md, Later events]. What is told of a time after the closing is no part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar

from chassis.calendar import helsinki_day
from chassis.decisions import Refusal
from contracts.envelope import Data
from contracts.events.casework import (
    AppointmentBooked,
    CaseClosed,
    CaseOpened,
    ContactAttempted,
    MeetingHeld,
    PeriodEnded,
    PeriodStarted,
    TetAgreed,
    TetEnded,
    WithdrawalTold,
)
from services.coaching.cases.refusals import (
    CaseIsClosed,
    EndBeforeStart,
    HasBegun,
    NoReferral,
    NotBegunYet,
    PartUnknown,
)

D = TypeVar("D", bound=Data)


_ENDS = (PeriodEnded, TetEnded)


@dataclass(frozen=True)
class Happened:
    """One event of a case. `by` is the staff id, or the source of the other system that told it."""

    id: str
    time: datetime
    by: str
    data: Data

    @property
    def order(self) -> tuple[datetime, int, str]:
        """*Later* means greater time, at equal time greater id; what ends something comes after what it ends, and a
        closing is the last of its moment."""
        return self.time, 2 if isinstance(self.data, CaseClosed) else isinstance(self.data, _ENDS), self.id


@dataclass(frozen=True)
class Course:
    """What happened in a case of a service that was asked for on a day."""

    service: str
    asked_on: date
    happened: tuple[Happened, ...] = ()

    def then(self, *happened: Happened) -> "Course":
        """The course with more in it, in order."""
        return Course(self.service, self.asked_on, tuple(sorted((*self.happened, *happened), key=lambda h: h.order)))

    def told(self, kind: type[D], before: Happened | None = None) -> Iterator[D]:
        """The events of a kind that are part of the course, in order; those not after another, if given."""
        for h in self.happened:
            if before and h.time > before.time:
                return
            if isinstance(h.data, kind):
                yield h.data
            if isinstance(h.data, CaseClosed):
                return

    @cached_property
    def closing(self) -> Happened | None:
        """The first CaseClosed: what comes after it is not possible, a withdrawal told aside."""
        return next((h for h in self.happened if isinstance(h.data, CaseClosed)), None)

    @property
    def closed(self) -> CaseClosed | None:
        return next((h.data for h in self.happened if isinstance(h.data, CaseClosed)), None)

    @property
    def attempts(self) -> tuple[ContactAttempted, ...]:
        return tuple(self.told(ContactAttempted))

    @property
    def reached(self) -> bool:
        """Whether the client was ever spoken or met with."""
        return any(a.reached for a in self.attempts) or any(self.told(MeetingHeld))

    @property
    def first_attempt_on(self) -> date | None:
        """The day of the first attempt; who came in person was met that day [measures.md]."""
        days = [*(helsinki_day(a.at) for a in self.attempts), *(m.on for m in self.told(MeetingHeld))]
        return min(days, default=None)

    @property
    def reached_on(self) -> date | None:
        days = [*(helsinki_day(a.at) for a in self.attempts if a.reached), *(m.on for m in self.told(MeetingHeld))]
        return min(days, default=None)

    @property
    def meetings(self) -> tuple[MeetingHeld, ...]:
        return tuple(self.told(MeetingHeld))

    @property
    def starter_meetings(self) -> int:
        """How many meetings of the starter package were held [3.2]."""
        return sum(meeting.kind == "starter-package" for meeting in self.meetings)

    def began_on(self, before: Happened | None = None) -> date | None:
        """A service begins with the first meeting that is no interview, Pointti with its first period [3.2, 3.3]."""
        if self.service == "pointti":
            return min((p.starts_on for p in self.told(PeriodStarted, before)), default=None)
        return min((m.on for m in self.told(MeetingHeld, before) if m.kind != "interview"), default=None)

    @property
    def appointment(self) -> AppointmentBooked | None:
        """The time that was booked last, while no meeting of that day or later is known and no attempt after it: then
        the client did not come."""
        booked: AppointmentBooked | None = None
        for happened in self.happened:
            booked = booked_after(booked, happened.data)
        return booked

    @property
    def period(self) -> PeriodStarted | None:
        """The workshop period that has begun and not ended [3.3]."""
        ended = {p.period_id for p in self.told(PeriodEnded)}
        return next((p for p in self.told(PeriodStarted) if p.period_id not in ended), None)

    @property
    def plan(self) -> str | None:
        """The plan with which the last period ended [3.3]."""
        plans = [p.plan for p in self.told(PeriodEnded)]
        return plans[-1] if plans else None


def booked_after(booked: AppointmentBooked | None, data: Data) -> AppointmentBooked | None:
    """The booked time that is still ahead of the coach after something happened: a meeting keeps it, an attempt after
    it says that the client did not come."""
    match data:
        case AppointmentBooked():
            return data
        case ContactAttempted(at=at) if booked and at >= booked.at:
            return None
        case MeetingHeld(on=on) if booked and on >= helsinki_day(booked.at):
            return None
    return booked


def day_of(event: Data) -> date | None:
    """The day on which what an event tells happened, where its data says it; else that is the day of its time."""
    match event:
        case ContactAttempted(at=at):
            return helsinki_day(at)
        case MeetingHeld(on=on) | CaseClosed(on=on):
            return on
        case PeriodStarted(starts_on=on):
            return on
        case PeriodEnded(ended_on=on):
            return on
        case CaseOpened(opened_at=at):
            return helsinki_day(at)
    return None


def against(course: Course, new: Happened, has_referral: bool) -> Refusal | None:
    """Why an event can't happen in this course; None where it can [events.md, municipal.casework.v1]."""
    closing, closed = course.closing, course.closed
    if closing and closed and closing.time < new.time and not isinstance(new.data, WithdrawalTold):
        return CaseIsClosed()
    match new.data:
        case CaseClosed():
            return _against_closing(course, new, new.data)
        case PeriodStarted(starts_on=start, ends_on=end) if end < start:
            return EndBeforeStart()
        case PeriodEnded(period_id=period_id, ended_on=end):
            starts = [p.starts_on for p in course.told(PeriodStarted, new) if p.period_id == period_id]
            return _against_end(starts, end)
        case TetEnded(tet_id=tet_id):
            return None if any(t.tet_id == tet_id for t in course.told(TetAgreed, new)) else PartUnknown()
        case WithdrawalTold() if not has_referral:
            return NoReferral()
    return None


def _against_end(starts: list[date], end: date) -> Refusal | None:
    if not starts:
        return PartUnknown()
    return EndBeforeStart() if end < starts[-1] else None


def _against_closing(course: Course, new: Happened, closed: CaseClosed) -> Refusal | None:
    began_on = course.began_on(before=new)
    if closed.outcome and began_on is None:
        return NotBegunYet()
    if closed.not_begun and began_on is not None:
        return HasBegun()
    start = began_on or course.asked_on
    return EndBeforeStart() if closed.on < start else None

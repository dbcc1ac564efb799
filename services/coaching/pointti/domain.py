"""Pointti, the youth workshop: an interview first, then periods that end in a plan [3.3].

Pure. The first period begins the service; that it began is told to the area by the instructor's own act
(`cases.domain.start`).
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from chassis.decisions import Decision, Refusal, decided, refuse
from contracts.events.casework import MeetingHeld, PeriodEnded, PeriodStarted, PlanAfter
from contracts.fields import PeriodId
from services.coaching.cases.course import against
from services.coaching.cases.domain import Act, Case
from services.coaching.cases.refusals import InterviewFirst, PartUnknown


@dataclass(frozen=True)
class NotPointti(Refusal):
    """Periods are the workshop's alone."""

    code = "not-pointti"
    sentence_en = "Only the Pointti youth workshop has periods. Record a meeting instead."
    sentence_fi = "Jaksoja on vain nuorten työpaja Pointissa. Kirjaa tapaaminen."


@dataclass(frozen=True)
class PeriodRuns(Refusal):
    """One period ends before the next begins."""

    code = "period-runs"
    sentence_en = "A period is running already. Record its plan and end it first."
    sentence_fi = "Edellinen jakso on vielä kesken. Kirjaa sen suunnitelma ja päätä se ensin."


def start_period(case: Case, act: Act, starts_on: date, length: timedelta, interview_first: bool) -> Decision[Case]:
    """A period of the plan's length begins; it may be agreed ahead.

    Refused with `NotPointti`, `InterviewFirst`, `PeriodRuns`, `CaseIsClosed`.
    """
    if case.service != "pointti":
        return refuse(NotPointti())
    if interview_first and not any(case.course.told(MeetingHeld)):
        return refuse(InterviewFirst())
    if case.course.period:
        return refuse(PeriodRuns())
    started = PeriodStarted(
        case_id=case.id, period_id=PeriodId(act.id), starts_on=starts_on,
        ends_on=starts_on + length - timedelta(days=1),
    )
    return _happens(case, act, started)


def end_period(case: Case, act: Act, ended_on: date, plan: PlanAfter) -> Decision[Case]:
    """The period that runs ends with a plan: a work trial, education or a job. Refused with `PartUnknown`."""
    period = case.course.period
    if period is None:
        return refuse(PartUnknown())
    return _happens(case, act, PeriodEnded(case_id=case.id, period_id=period.period_id, ended_on=ended_on, plan=plan))


def _happens(case: Case, act: Act, event: PeriodStarted | PeriodEnded) -> Decision[Case]:
    (happened,) = act.does(event)
    if refusal := against(case.course, happened, case.referral is not None):
        return refuse(refusal)
    return decided(replace(case, course=case.course.then(happened)), event)

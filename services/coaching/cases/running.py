"""What a coach does while a service runs: meetings, a client who did not come, reviews, and going on beside work [3.2].

Pure. How many meetings there are and how long they go on has no maximum but a starter package's; nothing here ends a
case, and no time that passes does.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Literal

from chassis.decisions import Decision, decided, refuse
from contracts.events.casework import ContactAttempted, MeetingHeld
from services.coaching.cases.domain import Act, Case, Channel, GoesOn, MeetingKind, happens
from services.coaching.cases.refusals import (
    CaseIsClosed,
    DayAhead,
    EndBeforeStart,
    GoesNotOn,
    MeetingNotOfService,
    NoAppointment,
    NotBegunYet,
    NotYetMet,
    StarterPackageFull,
)


def hold_meeting(
    case: Case, act: Act, on: date, kind: MeetingKind, kinds: Collection[MeetingKind], starter_maximum: int
) -> Decision[Case]:
    """A meeting with the client was held; the first that is no interview begins the service (not in Pointti).

    `kinds` are those of the service. A starter package has at most `starter_maximum` meetings; of others, and of how
    long they go on, there is no maximum [3.2]. Refused with `DayAhead`, `MeetingNotOfService`, `StarterPackageFull`.
    """
    if on > act.today:
        return refuse(DayAhead(act.today))
    if on < case.course.asked_on:
        return refuse(EndBeforeStart())
    if kind not in kinds:
        return refuse(MeetingNotOfService(", ".join(kinds)))
    if kind == "starter-package" and case.course.starter_meetings >= starter_maximum:
        return refuse(StarterPackageFull(starter_maximum))
    return happens(case, act, MeetingHeld(case_id=case.id, on=on, kind=kind))


def miss_appointment(case: Case, act: Act) -> Decision[Case]:
    """The client did not come at the booked time: an attempt then that reached nobody; a new one follows [3.2].

    Refused with `NoAppointment`, `NotYetMet`, `CaseIsClosed`.
    """
    booked = case.appointment
    if booked is None:
        return refuse(CaseIsClosed() if case.course.closed else NoAppointment())
    if booked.at > act.at:
        return refuse(NotYetMet())
    channel: Channel = "other" if booked.place == "remote" else "visit"
    return happens(case, act, ContactAttempted(case_id=case.id, at=booked.at, channel=channel, reached=False))


def review(case: Case, act: Act) -> Decision[Case]:
    """The coach has looked at a case that is open, and it goes on [3.2]. Refused with `CaseIsClosed`."""
    if case.course.closed:
        return refuse(CaseIsClosed())
    return decided(replace(case, reviewed_on=act.today))


def go_on(
    case: Case, act: Act, beside: Literal["work", "education"], since: date, possible: Collection[str]
) -> Decision[Case]:
    """The client began work or studies, and the service goes on [3.2]: it ends when its own end is recorded, never by
    itself. `possible`: beside what the plan lets it. Refused with `NotBegunYet`, `DayAhead`, `GoesNotOn`."""
    if case.course.closed:
        return refuse(CaseIsClosed())
    if beside not in possible:
        return refuse(GoesNotOn())
    if since > act.today:
        return refuse(DayAhead(act.today))
    if case.course.began_on() is None:
        return refuse(NotBegunYet())
    return decided(replace(case, goes_on=GoesOn(beside, since), reviewed_on=act.today))

"""A three-party meeting (*kolmikanta*): client, case manager and coach, asked for by the coach [3.2].

Pure. What both sides told of a meeting is part of the case's course; where it stands is folded from that through its
machine, in order of time, so repeated, late and crossing words give the same on whichever day they come. Nothing of the
client's matter is in any of it: matters are discussed with the client present.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis import obligations
from chassis.calendar import end_of_day, helsinki_day
from chassis.decisions import Decided, Decision, NotFound, Refusal, decided, ignored, refuse
from chassis.machine import Machine, move
from contracts.envelope import Event
from contracts.events.casework import MeetingHeld
from contracts.events.coaching import ProposedTime, ThreePartyMeetingCalledOff, ThreePartyMeetingRequested
from contracts.events.referrals import ThreePartyMeetingAgreed, ThreePartyMeetingDeclined
from contracts.fields import MeetingId, StaffId
from contracts.plan import Plan
from services.coaching.cases.course import Happened
from services.coaching.cases.domain import OURS, Act, Case
from services.coaching.cases.refusals import CaseIsClosed
from services.coaching.meetings.refusals import (
    CameWithoutReferral,
    EndsBeforeItBegins,
    MeetingUnderWay,
    NothingToCallOff,
    NotOfThisService,
    ProposedTimePassed,
    ReferralNotInForce,
    TooManyTimes,
)

PROPOSE = "propose-three-party-time"
RECORD = "record-three-party-meeting"
KIND = "three-party"
"""Of MeetingHeld."""


class Stage(StrEnum):
    """Where a three-party meeting stands for the coach."""

    ASKED = "asked"
    AGREED = "agreed"
    TIME_WANTED = "another-time-wanted"
    """The case manager comes, but at none of the times."""
    HELD = "held"
    DECLINED = "declined"
    CALLED_OFF = "called-off"
    ASKED_ANEW = "asked-anew"
    """Other times were proposed, as a meeting of their own."""
    FELL_AWAY = "fell-away"
    """The case or its referral was closed."""


class Sign(StrEnum):
    AGREED = "agreed-or-moved"
    TIME = "time-does-not-suit"
    NOT_NOW = "not-now"
    CALLED_OFF = "called-off"
    ASKED_ANEW = "asked-anew"
    HELD = "held"
    CLOSED = "case-or-referral-closed"


UNDER_WAY = (Stage.ASKED, Stage.AGREED, Stage.TIME_WANTED)
MACHINE = Machine("three-party-coach", Stage.ASKED, (
    move(Sign.AGREED, Stage.ASKED, Stage.AGREED, to=Stage.AGREED),
    move(Sign.TIME, Stage.ASKED, Stage.AGREED, to=Stage.TIME_WANTED),
    move(Sign.NOT_NOW, Stage.ASKED, Stage.AGREED, to=Stage.DECLINED),
    move(Sign.CALLED_OFF, *UNDER_WAY, to=Stage.CALLED_OFF),
    move(Sign.ASKED_ANEW, Stage.TIME_WANTED, to=Stage.ASKED_ANEW),
    move(Sign.HELD, Stage.AGREED, to=Stage.HELD),
    move(Sign.CLOSED, *UNDER_WAY, to=Stage.FELL_AWAY),
), frozenset(Stage) - frozenset(UNDER_WAY), {
    Stage.ASKED: ("answer-three-party-request",), Stage.AGREED: (RECORD,), Stage.TIME_WANTED: (PROPOSE,),
})


@dataclass(frozen=True)
class ThreeParty:
    """One meeting. `agreed` is the agreement of the highest sequence; `since` when it came to where it stands."""

    id: MeetingId
    coach: StaffId
    proposed: tuple[ProposedTime, ...]
    since: datetime
    stage: Stage = MACHINE.start
    agreed: ThreePartyMeetingAgreed | None = None
    agreed_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        return self.stage in UNDER_WAY


# --- where they stand


def meetings(case: Case) -> Sequence[ThreeParty]:
    """The case's three-party meetings, in the order in which they were asked for."""
    found: dict[str, ThreeParty] = {
        h.data.meeting_id: ThreeParty(h.data.meeting_id, h.data.coach, h.data.proposed, h.time)
        for h in case.course.happened if isinstance(h.data, ThreePartyMeetingRequested)
    }
    for happened in case.course.happened if found else ():
        match happened.data:
            case ThreePartyMeetingRequested():
                found = {id_: _after(each, Sign.ASKED_ANEW, happened.time) for id_, each in found.items()}
            case ThreePartyMeetingAgreed(meeting_id=meeting_id) as agreed if meeting_id in found:
                found[meeting_id] = _agreed(found[meeting_id], agreed, happened.time)
            case ThreePartyMeetingDeclined(meeting_id=meeting_id, reason=reason) if meeting_id in found:
                sign = Sign.TIME if reason == "time" else Sign.NOT_NOW
                found[meeting_id] = _after(found[meeting_id], sign, happened.time)
            case ThreePartyMeetingCalledOff(meeting_id=meeting_id) if meeting_id in found:
                found[meeting_id] = _after(found[meeting_id], Sign.CALLED_OFF, happened.time)
            case MeetingHeld(kind="three-party", on=on):
                found = {id_: _after(each, Sign.HELD, happened.time)
                         if each.agreed and helsinki_day(each.agreed.starts_at) <= on else each
                         for id_, each in found.items()}
    if closed_at := _closed_at(case):
        found = {id_: _after(each, Sign.CLOSED, closed_at) for id_, each in found.items()}
    return tuple(found.values())


def latest(case: Case) -> ThreeParty | None:
    """The meeting that was asked for last."""
    return next(reversed(meetings(case)), None)


def under_way(case: Case) -> ThreeParty | None:
    """The one meeting that is under way, if one is."""
    return next((each for each in meetings(case) if each.is_under_way), None)


def _after(meeting: ThreeParty, sign: Sign, at: datetime) -> ThreeParty:
    to = MACHINE.after(meeting.stage, sign)
    return meeting if to is None else replace(meeting, stage=to, since=at)


def _agreed(meeting: ThreeParty, told: ThreePartyMeetingAgreed, at: datetime) -> ThreeParty:
    """A higher sequence moves it; one that comes after a higher one changes nothing."""
    after = _after(meeting, Sign.AGREED, at)
    if after is meeting or (meeting.agreed and told.sequence < meeting.agreed.sequence):
        return meeting
    return replace(after, agreed=told, agreed_at=at)


def _closed_at(case: Case) -> datetime | None:
    """When the case was closed, or its referral: from then on no meeting is under way."""
    if case.referral and case.referral.closing:
        return case.referral.closed_at
    return case.course.closing.time if case.course.closing else None


# --- the coach's acts


def may_ask(case: Case, rules: Plan) -> bool:
    """Whether a coach may ask for a meeting now."""
    return _against_asking(case, rules) is None


def ask(case: Case, act: Act, proposed: Sequence[ProposedTime], rules: Plan) -> Decision[Case]:
    """The coach asks the case manager to a meeting with the client, at one to three times [3.2].

    After "the time does not suit" it proposes others. Refused with `NotOfThisService`, `CameWithoutReferral`,
    `ReferralNotInForce`, `CaseIsClosed`, `MeetingUnderWay`, `TooManyTimes`, `ProposedTimePassed`,
    `EndsBeforeItBegins`.
    """
    if (refusal := _against_asking(case, rules)) is not None or case.referral is None:
        return refuse(refusal or CameWithoutReferral())
    if not 1 <= len(proposed) <= rules.three_party.times_at_most:
        return refuse(TooManyTimes(rules.three_party.times_at_most))
    if any(time.starts_at <= act.at for time in proposed):
        return refuse(ProposedTimePassed())
    if any(time.ends_at <= time.starts_at for time in proposed):
        return refuse(EndsBeforeItBegins())
    return decided(case, ThreePartyMeetingRequested(
        referral_id=case.referral.id, meeting_id=MeetingId(act.id), case_manager=StaffId(case.referral.case_manager),
        coach=StaffId(case.coach or act.by), proposed=tuple(proposed),
    ))


def _against_asking(case: Case, rules: Plan) -> Refusal | None:
    service = rules.services.get(case.service)
    if service is None or KIND not in service.meetings:
        return NotOfThisService()
    if case.referral is None:
        return CameWithoutReferral()
    if case.referral.closing:
        return ReferralNotInForce(case.referral.closing)
    if case.course.closed:
        return CaseIsClosed()
    current = under_way(case)
    if current and not MACHINE.can(current.stage, Sign.ASKED_ANEW):
        return MeetingUnderWay()
    return None


def call_off(case: Case, act: Act) -> Decision[Case]:
    """The coach takes the request back, or calls the agreed meeting off [3.2]. Refused with `NothingToCallOff`."""
    meeting = under_way(case)
    if meeting is None or case.referral is None:
        return refuse(NothingToCallOff())
    return decided(case, _called_off(case, meeting))


def _called_off(case: Case, meeting: ThreeParty) -> ThreePartyMeetingCalledOff:
    if case.referral is None:
        raise LookupError("a three-party meeting has a referral")
    return ThreePartyMeetingCalledOff(
        referral_id=case.referral.id, meeting_id=meeting.id, case_manager=StaffId(case.referral.case_manager),
        coach=meeting.coach,
    )


# --- what follows by itself


def take_answer(case: Case, event: Event[Any]) -> Decision[Case]:
    """The case manager agreed, moved or declined. What comes after the referral was closed changes nothing. Refused
    with `NotFound` for a meeting that nobody asked for."""
    told: ThreePartyMeetingAgreed | ThreePartyMeetingDeclined = event.data
    if case.referral is None or case.referral.closing:
        return ignored("three-party-answer-after-closing")
    if all(each.id != told.meeting_id for each in meetings(case)):
        return refuse(NotFound())
    happened = Happened(event.id, event.time, told.case_manager, told)
    return decided(replace(case, course=case.course.then(happened)))


def close(case: Case, at: datetime) -> Decided[Case]:
    """The case was closed while a meeting was under way: the area is told so, once, unless its referral is closed too;
    then nothing more is told [events.md, Order and withdrawal]."""
    if case.referral is None or case.referral.closing:
        return decided(case)
    told = {h.data.meeting_id for h in case.course.happened if isinstance(h.data, ThreePartyMeetingCalledOff)}
    off = tuple(_called_off(case, each) for each in meetings(case)
                if each.stage is Stage.FELL_AWAY and each.id not in told)
    happened = tuple(Happened(f"{each.meeting_id}-off", at, OURS, each) for each in off)
    return decided(replace(case, course=case.course.then(*happened)) if off else case, *off)


def owed(case: Case, plan: Plan) -> Mapping[str, datetime]:
    """What the coach owes of a meeting, with its deadline: another time, or whether it was held."""
    meeting = under_way(case)
    if meeting and meeting.stage is Stage.TIME_WANTED:
        return {PROPOSE: obligations.due_at(plan, PROPOSE, meeting.since)}
    if meeting and meeting.stage is Stage.AGREED and meeting.agreed:
        return {RECORD: end_of_day(helsinki_day(meeting.agreed.starts_at))}
    return {}


def met(kind: str, case: Case) -> bool:
    """Whether what is not owed any more was done; else it fell away."""
    meeting = latest(case)
    if meeting is None:
        return False
    return meeting.stage is Stage.HELD if kind == RECORD else meeting.stage in (Stage.ASKED, Stage.AGREED)

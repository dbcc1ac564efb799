"""A three-party meeting (*kolmikanta*): a coach asks, the case manager agrees to a time, moves it or declines [3.2].

Pure. Nothing of the client's matter is in it, and none is agreed without the client. Handlers judge by state: a word
that is repeated, late or crosses another changes nothing, and after the referral closed nothing is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from chassis.calendar import end_of_day, helsinki_day
from chassis.decisions import Decision, decided, ignored, refuse
from chassis.machine import Machine, move
from contracts.events.coaching import ProposedTime, ThreePartyMeetingCalledOff, ThreePartyMeetingRequested
from contracts.events.referrals import ThreePartyMeetingAgreed, ThreePartyMeetingDeclined
from contracts.fields import MeetingId, ReferralId, StaffId
from contracts.plan import Plan
from services.referral.domain import Referral
from services.referral.meetings.refusals import (
    ClientMustTakePart,
    EndsBeforeItBegins,
    MeetingIsOver,
    NotYetHeld,
    PlaceUnknown,
    ReferralNotOpen,
    TimePassed,
)

ANSWER, ATTEND = "answer-three-party-request", "attend-three-party-meeting"
Reason = Literal["time", "not-now"]


class Stage(StrEnum):
    """Where a three-party meeting stands for the case manager."""

    ASKED = "asked"
    AGREED = "agreed"
    HELD = "held"
    DECLINED = "declined"
    CALLED_OFF = "called-off"
    FELL_AWAY = "fell-away"
    """The referral was closed."""


class Sign(StrEnum):
    AGREED = "agreed-or-moved"
    DECLINED = "declined"
    HELD = "held"
    CALLED_OFF = "called-off"
    CLOSED = "referral-closed"


UNDER_WAY = (Stage.ASKED, Stage.AGREED)
MACHINE = Machine("three-party-case-manager", Stage.ASKED, (
    move(Sign.AGREED, *UNDER_WAY, to=Stage.AGREED),
    move(Sign.DECLINED, *UNDER_WAY, to=Stage.DECLINED),
    move(Sign.HELD, Stage.AGREED, to=Stage.HELD),
    move(Sign.CALLED_OFF, *UNDER_WAY, to=Stage.CALLED_OFF),
    move(Sign.CLOSED, *UNDER_WAY, to=Stage.FELL_AWAY),
), frozenset(Stage) - frozenset(UNDER_WAY), {Stage.ASKED: (ANSWER,), Stage.AGREED: (ATTEND,)})


@dataclass(frozen=True)
class ThreeParty:
    """One meeting. Time and place are those agreed last, kept when it falls away: a calendar may still have them."""

    id: MeetingId
    referral_id: ReferralId
    coach: StaffId
    proposed: tuple[ProposedTime, ...]
    asked_at: datetime
    changed_at: datetime
    stage: Stage = MACHINE.start
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    place: str | None = None
    sequence: int | None = None
    reason: str | None = None

    @property
    def is_under_way(self) -> bool:
        return self.stage in UNDER_WAY


@dataclass(frozen=True)
class Agreement:
    """What the case manager agrees to: one of the proposed times or another, a place, and that the client comes."""

    starts_at: datetime
    ends_at: datetime
    place: str
    client_takes_part: bool


# --- the case manager's acts


def agree(meeting: ThreeParty, referral: Referral, to: Agreement, now: datetime, rules: Plan) -> Decision[ThreeParty]:
    """A time is agreed, or an agreed one moved: the sequence rises [3.2].

    Refused with `ReferralNotOpen`, `MeetingIsOver`, `ClientMustTakePart`, `PlaceUnknown`, `TimePassed`,
    `EndsBeforeItBegins`.
    """
    if not referral.is_open:
        return refuse(ReferralNotOpen(referral.number))
    stage = MACHINE.after(meeting.stage, Sign.AGREED)
    if stage is None:
        return refuse(MeetingIsOver())
    if not to.client_takes_part:
        return refuse(ClientMustTakePart())
    if not rules.knows("place", to.place):
        return refuse(PlaceUnknown())
    if to.starts_at <= now:
        return refuse(TimePassed())
    if to.ends_at <= to.starts_at:
        return refuse(EndsBeforeItBegins())
    sequence = 0 if meeting.sequence is None else meeting.sequence + 1
    return decided(
        replace(meeting, stage=stage, starts_at=to.starts_at, ends_at=to.ends_at, place=to.place, sequence=sequence,
                changed_at=now),
        ThreePartyMeetingAgreed(
            referral_id=referral.id, meeting_id=meeting.id, case_manager=referral.case_manager, coach=meeting.coach,
            starts_at=to.starts_at, ends_at=to.ends_at, place=to.place, sequence=sequence, client_takes_part=True,
        ),
    )


def decline(meeting: ThreeParty, referral: Referral, reason: Reason, now: datetime) -> Decision[ThreeParty]:
    """The case manager can't come, at these times or not now; also after agreeing. Refused as `agree`."""
    if not referral.is_open:
        return refuse(ReferralNotOpen(referral.number))
    stage = MACHINE.after(meeting.stage, Sign.DECLINED)
    if stage is None:
        return refuse(MeetingIsOver())
    return decided(
        replace(meeting, stage=stage, reason=reason, changed_at=now),
        ThreePartyMeetingDeclined(
            referral_id=referral.id, meeting_id=meeting.id, case_manager=referral.case_manager, coach=meeting.coach,
            reason=reason,
        ),
    )


def hold(meeting: ThreeParty, now: datetime) -> Decision[ThreeParty]:
    """The meeting was held; nobody is told. Refused with `MeetingIsOver`, `NotYetHeld`."""
    stage = MACHINE.after(meeting.stage, Sign.HELD)
    if stage is None or meeting.starts_at is None:
        return refuse(MeetingIsOver())
    if now < meeting.starts_at:
        return refuse(NotYetHeld())
    return decided(replace(meeting, stage=stage, changed_at=now))


# --- what the coach tells


def take_request(
    told: ThreePartyMeetingRequested, at: datetime, referral: Referral, known: Sequence[ThreeParty]
) -> Decision[tuple[ThreeParty, ...]]:
    """The coach asks for a meeting: it and what it ends. Of a case one is under way at a time, so it is the one asked
    for last; a request that comes after a later one, or after the referral closed, opens nothing."""
    if any(each.id == told.meeting_id for each in known):
        return ignored("three-party-asked-again")
    new = ThreeParty(told.meeting_id, referral.id, told.coach, told.proposed, at, at)
    if not referral.is_open:
        return decided((close(new, at),))
    if any(each.asked_at > at for each in known):
        return decided((_after(new, Sign.CALLED_OFF, at),))
    ended = tuple(_after(each, Sign.CALLED_OFF, at) for each in known if each.is_under_way)
    return decided((*ended, new))


def take_call_off(
    told: ThreePartyMeetingCalledOff, at: datetime, known: Sequence[ThreeParty]
) -> Decision[ThreeParty]:
    """The coach calls it off; one that nobody heard of yet is remembered, and its request then opens nothing."""
    meeting = next((each for each in known if each.id == told.meeting_id), None)
    if meeting is None:
        return decided(ThreeParty(told.meeting_id, told.referral_id, told.coach, (), at, at, Stage.CALLED_OFF))
    if not MACHINE.can(meeting.stage, Sign.CALLED_OFF):
        return ignored(f"called-off-when-{meeting.stage}")
    return decided(_after(meeting, Sign.CALLED_OFF, at))


def close(meeting: ThreeParty, at: datetime) -> ThreeParty:
    """The referral was closed: what was under way falls away."""
    return _after(meeting, Sign.CLOSED, at)


def _after(meeting: ThreeParty, sign: Sign, at: datetime) -> ThreeParty:
    stage = MACHINE.after(meeting.stage, sign)
    return meeting if stage is None else replace(meeting, stage=stage, changed_at=at)


def owed(meeting: ThreeParty) -> Mapping[str, datetime | None]:
    """What the case manager owes, with its deadline; None: the plan gives it."""
    match meeting.stage:
        case Stage.ASKED:
            return {ANSWER: None}
        case Stage.AGREED if meeting.starts_at:
            return {ATTEND: end_of_day(helsinki_day(meeting.starts_at))}
    return {}


def met(kind: str, meeting: ThreeParty) -> bool:
    """Whether what is not owed any more was done; else it fell away."""
    return meeting.stage in (Stage.AGREED, Stage.DECLINED) if kind == ANSWER else meeting.stage is Stage.HELD

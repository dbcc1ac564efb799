"""An invitation to a client's meeting: a case manager invites at the client's wish, a worker answers [3.4, 3.5, 3.6].

Pure. Another time is another invitation; who accepted and can't come calls the case manager.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chassis.decisions import Decision, decided, refuse
from chassis.machine import Machine, move
from contracts.events.coaching import MeetingInvitationAnswered
from contracts.events.referrals import MeetingInvited
from contracts.fields import MeetingId, ReferralId, StaffId
from services.coaching.meetings.refusals import AnsweredAlready, InvitedTimePassed

ABOUT, ANSWER = "meeting", "answer-invitation"


class Stage(StrEnum):
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FELL_AWAY = "fell-away"
    """The referral that it names was withdrawn, cancelled or returned."""


class Sign(StrEnum):
    YES = "accepted"
    NO = "declined"
    CLOSED = "referral-closed"


MACHINE = Machine("invitation-invited", Stage.INVITED, (
    move(Sign.YES, Stage.INVITED, to=Stage.ACCEPTED),
    move(Sign.NO, Stage.INVITED, to=Stage.DECLINED),
    move(Sign.CLOSED, Stage.INVITED, Stage.ACCEPTED, to=Stage.FELL_AWAY),
), frozenset(Stage) - {Stage.INVITED}, {Stage.INVITED: (ANSWER,)})


@dataclass(frozen=True)
class Invitation:
    """Whoever has the role in the organisation is invited; one of them answers for it."""

    id: MeetingId
    kind: str
    referral_id: ReferralId | None
    organisation: str
    role: str
    case_manager: StaffId
    starts_at: datetime
    ends_at: datetime
    place: str
    invited_at: datetime
    stage: Stage = MACHINE.start
    answered_by: str | None = None
    answered_at: datetime | None = None


def invited(told: MeetingInvited, at: datetime, is_closed: bool) -> Invitation:
    """An invitation came; one to a client whose referral `is_closed` already waits for nobody."""
    new = Invitation(
        told.meeting_id, told.kind, told.referral_id, told.organisation, told.role, told.case_manager, told.starts_at,
        told.ends_at, told.place, at,
    )
    return fall_away(new) if is_closed else new


def answer(invitation: Invitation, accepted: bool, by: str, now: datetime) -> Decision[Invitation]:
    """Somebody in the role says whether they come. Refused with `AnsweredAlready`, `InvitedTimePassed`."""
    stage = MACHINE.after(invitation.stage, Sign.YES if accepted else Sign.NO)
    if stage is None:
        return refuse(AnsweredAlready())
    if accepted and invitation.starts_at <= now:
        return refuse(InvitedTimePassed())
    return decided(
        replace(invitation, stage=stage, answered_by=by, answered_at=now),
        MeetingInvitationAnswered(
            meeting_id=invitation.id, case_manager=invitation.case_manager, accepted=accepted),
    )


def fall_away(invitation: Invitation) -> Invitation:
    """The client's referral is closed: the meeting is not the worker's matter any more."""
    return replace(invitation, stage=MACHINE.after(invitation.stage, Sign.CLOSED) or invitation.stage)

"""An invitation to a client's meeting: at the client's wish a municipal worker is asked to come [3.4, 3.5, 3.6].

Pure. With a referral or without one; nothing of the client is told. Another time is another invitation, and what was
accepted is taken back by phone: the worker answers once.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import get_args

from chassis.decisions import Decision, decided, ignored, refuse
from chassis.machine import Machine, move
from contracts.events.coaching import MeetingInvitationAnswered
from contracts.events.referrals import MeetingInvited
from contracts.fields import MeetingId, ReferralId, StaffId
from contracts.plan import Plan
from services.referral.meetings.refusals import (
    ClientMustWish,
    EndsBeforeItBegins,
    KindUnknown,
    MunicipalityUnknown,
    NothingWaits,
    PlaceUnknown,
    TimePassed,
)

ABOUT, AWAIT = "meeting", "await-invitation-answer"
KINDS: tuple[str, ...] = get_args(MeetingInvited.model_fields["kind"].annotation)


class Stage(StrEnum):
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SETTLED = "settled-otherwise"
    """The case manager needs no answer any more: agreed by phone, or the meeting is not held."""
    FELL_AWAY = "fell-away"
    """The referral that it names was closed."""


class Sign(StrEnum):
    YES = "accepted"
    NO = "declined"
    SETTLED = "settled-otherwise"
    CLOSED = "referral-closed"


MACHINE = Machine("invitation-inviting", Stage.INVITED, (
    move(Sign.YES, Stage.INVITED, Stage.SETTLED, to=Stage.ACCEPTED),
    move(Sign.NO, Stage.INVITED, Stage.SETTLED, to=Stage.DECLINED),
    move(Sign.SETTLED, Stage.INVITED, to=Stage.SETTLED),
    move(Sign.CLOSED, Stage.INVITED, Stage.ACCEPTED, Stage.SETTLED, to=Stage.FELL_AWAY),
), frozenset(Stage) - {Stage.INVITED}, {Stage.INVITED: (AWAIT,)})


@dataclass(frozen=True)
class Invitation:
    """Who is invited (`role` in `organisation`), by which case manager of which organisation (`inviting`)."""

    id: MeetingId
    kind: str
    referral_id: ReferralId | None
    inviting: str
    case_manager: StaffId
    organisation: str
    role: str
    starts_at: datetime
    ends_at: datetime
    place: str
    invited_at: datetime
    stage: Stage = MACHINE.start
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Wish:
    """What a case manager fills in. `municipality` is where the client lives: it says whose worker is asked."""

    kind: str
    municipality: str
    starts_at: datetime
    ends_at: datetime
    place: str
    client_wishes: bool


def kinds(rules: Plan) -> tuple[str, ...]:
    """What the plan lets invite to, and the contract can tell."""
    return tuple(kind for kind in rules.invitations if kind in KINDS)


def invited(kind: str, municipality: str, rules: Plan) -> tuple[str, str]:
    """Organisation and role that are invited: of the client's own municipality where it has the role, else the one that
    has it for both (a municipality and its organisation have one code)."""
    role = rules.invitations[kind][0]
    organisations = rules.roles[role].organisations
    return municipality if municipality in organisations else organisations[0], role


def invite(
    meeting_id: MeetingId, wish: Wish, referral_id: ReferralId | None, inviting: str, case_manager: StaffId,
    now: datetime, rules: Plan,
) -> Decision[Invitation]:
    """Somebody is invited at the client's wish.

    Refused with `KindUnknown`, `MunicipalityUnknown`, `ClientMustWish`, `PlaceUnknown`, `TimePassed`,
    `EndsBeforeItBegins`.
    """
    if wish.kind not in kinds(rules):
        return refuse(KindUnknown(", ".join(kinds(rules))))
    if wish.municipality not in rules.municipalities:
        return refuse(MunicipalityUnknown(", ".join(rules.municipalities)))
    if not wish.client_wishes:
        return refuse(ClientMustWish())
    if not rules.knows("place", wish.place):
        return refuse(PlaceUnknown())
    if wish.starts_at <= now:
        return refuse(TimePassed())
    if wish.ends_at <= wish.starts_at:
        return refuse(EndsBeforeItBegins())
    organisation, role = invited(wish.kind, wish.municipality, rules)
    new = Invitation(
        meeting_id, wish.kind, referral_id, inviting, case_manager, organisation, role, wish.starts_at, wish.ends_at,
        wish.place, now,
    )
    return decided(new, MeetingInvited.model_validate({
        "meeting_id": new.id, "kind": new.kind, "referral_id": referral_id, "organisation": organisation, "role": role,
        "case_manager": case_manager, "starts_at": new.starts_at, "ends_at": new.ends_at, "place": new.place,
        "client_wishes": True,
    }))


def take_answer(invitation: Invitation, told: MeetingInvitationAnswered, at: datetime) -> Decision[Invitation]:
    """The worker comes or not, whatever the case manager has settled meanwhile."""
    stage = MACHINE.after(invitation.stage, Sign.YES if told.accepted else Sign.NO)
    if stage is None:
        return ignored(f"invitation-answered-when-{invitation.stage}")
    return decided(replace(invitation, stage=stage, answered_at=at))


def settle(invitation: Invitation) -> Decision[Invitation]:
    """The case manager waits no more. Refused with `NothingWaits`."""
    stage = MACHINE.after(invitation.stage, Sign.SETTLED)
    return refuse(NothingWaits()) if stage is None else decided(replace(invitation, stage=stage))


def close(invitation: Invitation) -> Invitation:
    """The referral was closed: no answer is told any more."""
    return replace(invitation, stage=MACHINE.after(invitation.stage, Sign.CLOSED) or invitation.stage)

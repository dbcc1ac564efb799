"""A work trial that the workshop proposes, and the case manager's answer [3.3].

Pure. The area knows of a proposal the workplace and the days; what the young person did in the workshop it does not.
A proposal is open until it is answered, or until the referral is withdrawn, cancelled or returned; the ordinary end of
the service changes nothing, for the consent is still in force.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from chassis.decisions import Decision, Refusal, decided, ignored, refuse
from chassis.machine import Machine, move
from contracts.events.coaching import WorkTrialProposed
from contracts.events.referrals import WorkTrialProposalAnswered
from contracts.fields import ProposalId
from services.referral.courses import ERASING
from services.referral.domain import Referral
from services.referral.refusals import ReferralClosed

Reason = Literal["timing", "workplace", "not-possible"]


class State(StrEnum):
    """Where a proposal is."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    STOPPED = "stopped"
    """The referral was closed before the answer."""


class Sign(StrEnum):
    ACCEPTED = "accepted"
    DECLINED = "declined"
    STOPPED = "referral-closed"


WORK_TRIAL: Machine[State] = Machine(
    "work-trial", State.WAITING, (
        move(Sign.ACCEPTED, State.WAITING, to=State.ACCEPTED),
        move(Sign.DECLINED, State.WAITING, to=State.DECLINED),
        move(Sign.STOPPED, State.WAITING, to=State.STOPPED),
    ), frozenset({State.ACCEPTED, State.DECLINED, State.STOPPED}),
    {State.WAITING: ("answer-work-trial-proposal",)},
)


@dataclass(frozen=True)
class Proposal:
    """What the manager sent, and the answer. `proposed_at` is the time of the event."""

    id: ProposalId
    referral_id: str
    proposed_at: datetime
    workplace_kind: str
    unit: str | None
    business_id: str | None
    starts_on: date
    ends_on: date
    sent_by: str
    answered_at: datetime | None = None
    accepted: bool | None = None
    reason: str | None = None

    def state(self, referral: Referral) -> State:
        signs = [] if self.accepted is None else [Sign.ACCEPTED if self.accepted else Sign.DECLINED]
        return WORK_TRIAL.fold([*signs, *([Sign.STOPPED] if referral.status in ERASING else [])])


@dataclass(frozen=True)
class AlreadyAnswered(Refusal):
    """A proposal is answered once."""

    code = "already-answered"
    sentence_en = "The proposal was answered already. If something changed, tell the workshop: it can propose again."
    sentence_fi = "Ehdotukseen on jo vastattu. Jos jokin muuttui, kerro siitä työpajalle: se voi ehdottaa uudelleen."


@dataclass(frozen=True)
class ReasonMissing(Refusal):
    """Whoever declines says why, so that the workshop knows what to change; whoever accepts gives no reason."""

    code = "reason-missing"
    sentence_en = "Say why, if you decline: timing, workplace or not-possible. An acceptance has no reason."
    sentence_fi = "Jos et hyväksy, kerro miksi: ajankohta, työpaikka vai ei mahdollinen. Hyväksymiseen ei kuulu syytä."
    status = 422
    field = "/reason"


def take(referral: Referral, told: WorkTrialProposed, at: datetime) -> Decision[Proposal]:
    """The workshop proposes; one that crossed the end of the referral is ignored."""
    if referral.status in ERASING:
        return ignored(f"work-trial-when-{referral.status}")
    return decided(Proposal(
        told.proposal_id, referral.id, at, told.workplace_kind, told.unit, told.business_id, told.starts_on,
        told.ends_on, told.sent_by))


def answer(
    proposal: Proposal, referral: Referral, accepted: bool, reason: Reason | None, now: datetime
) -> Decision[Proposal]:
    """The case manager accepts, or declines with a reason.

    Refused with `ReferralClosed`, `AlreadyAnswered`, `ReasonMissing`.
    """
    if referral.status in ERASING:
        return refuse(ReferralClosed(referral.number, referral.status))
    if not WORK_TRIAL.can(proposal.state(referral), Sign.ACCEPTED if accepted else Sign.DECLINED):
        return refuse(AlreadyAnswered())
    if accepted == (reason is not None):
        return refuse(ReasonMissing())
    answered = replace(proposal, answered_at=now, accepted=accepted, reason=reason)
    return decided(answered, WorkTrialProposalAnswered(
        referral_id=referral.id, proposal_id=proposal.id, provider=referral.provider, accepted=accepted,
        reason=reason))

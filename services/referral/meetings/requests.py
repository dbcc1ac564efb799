"""A case manager as work pair at an Ohjaamo: a worker asks, whoever of the case managers can answers [3.5].

Pure. The worker tells what it is about in a word of the plan, and nothing of the young person.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chassis.decisions import Decision, decided, refuse
from chassis.machine import Machine, move
from contracts.events.coaching import CaseManagerRequested
from contracts.events.referrals import CaseManagerRequestAnswered
from contracts.fields import RequestId, StaffId
from services.referral.meetings.refusals import AnsweredAlready, TimePassed

ABOUT, ANSWER = "request", "answer-case-manager-request"


class Stage(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Sign(StrEnum):
    YES = "accepted"
    NO = "declined"


MACHINE = Machine("case-manager-request-area", Stage.ASKED, (
    move(Sign.YES, Stage.ASKED, to=Stage.ACCEPTED),
    move(Sign.NO, Stage.ASKED, to=Stage.DECLINED),
), frozenset({Stage.ACCEPTED, Stage.DECLINED}), {Stage.ASKED: (ANSWER,)})


@dataclass(frozen=True)
class Request:
    """One request. `at` is when somebody is wanted, `comes_at` when the case manager comes."""

    id: RequestId
    ohjaamo: str
    requested_by: StaffId
    topic: str
    at: datetime
    asked_at: datetime
    stage: Stage = MACHINE.start
    case_manager: StaffId | None = None
    comes_at: datetime | None = None
    answered_at: datetime | None = None


def asked(told: CaseManagerRequested, at: datetime) -> Request:
    """An Ohjaamo worker asks for a case manager."""
    return Request(told.request_id, told.ohjaamo, told.requested_by, told.topic, told.at, at)


def accept(request: Request, case_manager: StaffId, comes_at: datetime | None, now: datetime) -> Decision[Request]:
    """A case manager comes, when wanted or at another time. Refused with `AnsweredAlready`, `TimePassed`."""
    stage = MACHINE.after(request.stage, Sign.YES)
    if stage is None:
        return refuse(AnsweredAlready())
    if comes_at is not None and comes_at < now:
        return refuse(TimePassed())
    comes = comes_at or max(request.at, now)
    return decided(
        replace(request, stage=stage, case_manager=case_manager, comes_at=comes, answered_at=now),
        _answered(request, accepted=True, case_manager=case_manager, at=comes),
    )


def decline(request: Request, now: datetime) -> Decision[Request]:
    """No case manager can come. Refused with `AnsweredAlready`."""
    stage = MACHINE.after(request.stage, Sign.NO)
    if stage is None:
        return refuse(AnsweredAlready())
    return decided(replace(request, stage=stage, answered_at=now), _answered(request, accepted=False))


def _answered(request: Request, **answer: object) -> CaseManagerRequestAnswered:
    return CaseManagerRequestAnswered.model_validate({
        "request_id": request.id, "ohjaamo": request.ohjaamo, "requested_by": request.requested_by, **answer,
    })

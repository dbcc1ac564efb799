"""A case manager as work pair: an Ohjaamo worker asks for one, for now or for a time, and hears who comes [3.5].

Pure. What case managers do not advise on is never asked of them: the refusal says who does.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import get_args

from chassis.decisions import Decision, decided, ignored, refuse
from chassis.machine import Machine, move
from contracts.events.coaching import CaseManagerRequested
from contracts.events.referrals import CaseManagerRequestAnswered
from contracts.fields import RequestId, StaffId
from contracts.plan import Plan
from services.coaching.meetings.refusals import (
    AdvisedByAnother,
    NothingWaits,
    OhjaamoUnknown,
    TopicUnknown,
    WantedTimePassed,
)

ABOUT, AWAIT = "request", "await-case-manager"
ASKED_ROLE = "case-manager"
TOPICS: tuple[str, ...] = get_args(CaseManagerRequested.model_fields["topic"].annotation)
"""What can be told to the area."""


class Stage(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    SETTLED = "settled-otherwise"
    """The worker needs no answer any more: agreed by phone, or the young person has left."""


class Sign(StrEnum):
    YES = "accepted"
    NO = "declined"
    SETTLED = "settled-otherwise"


MACHINE = Machine("case-manager-request-ohjaamo", Stage.ASKED, (
    move(Sign.YES, Stage.ASKED, Stage.SETTLED, to=Stage.ACCEPTED),
    move(Sign.NO, Stage.ASKED, Stage.SETTLED, to=Stage.DECLINED),
    move(Sign.SETTLED, Stage.ASKED, to=Stage.SETTLED),
), frozenset(Stage) - {Stage.ASKED}, {Stage.ASKED: (AWAIT,)})


@dataclass(frozen=True)
class Request:
    """One request of an Ohjaamo worker. `at` is when the case manager is wanted, `comes_at` when one comes."""

    id: RequestId
    organisation: str
    ohjaamo: str
    requested_by: StaffId
    topic: str
    at: datetime
    asked_at: datetime
    stage: Stage = MACHINE.start
    case_manager: StaffId | None = None
    comes_at: datetime | None = None


def ask(new: Request, rules: Plan) -> Decision[Request]:
    """An Ohjaamo worker asks for a case manager; nothing is told of the young person.

    Refused with `OhjaamoUnknown`, `TopicUnknown`, `AdvisedByAnother`, `WantedTimePassed`.
    """
    if new.ohjaamo not in rules.ohjaamo.ohjaamos:
        return refuse(OhjaamoUnknown(", ".join(rules.ohjaamo.ohjaamos)))
    role = rules.ohjaamo.advice.get(new.topic, ASKED_ROLE)
    if role != ASKED_ROLE:
        return refuse(AdvisedByAnother(rules.roles[role].fi, rules.roles[role].en))
    if new.topic not in TOPICS:
        return refuse(TopicUnknown(", ".join(TOPICS)))
    if new.at < new.asked_at:
        return refuse(WantedTimePassed())
    return decided(new, CaseManagerRequested.model_validate({
        "request_id": new.id, "ohjaamo": new.ohjaamo, "requested_by": new.requested_by, "at": new.at,
        "topic": new.topic,
    }))


def take_answer(request: Request, told: CaseManagerRequestAnswered) -> Decision[Request]:
    """A case manager comes, or none can; told once, whatever the worker has settled meanwhile."""
    stage = MACHINE.after(request.stage, Sign.YES if told.accepted else Sign.NO)
    if stage is None:
        return ignored("request-answered-again")
    return decided(replace(request, stage=stage, case_manager=told.case_manager, comes_at=told.at))


def settle(request: Request) -> Decision[Request]:
    """The worker waits no more. Refused with `NothingWaits`."""
    stage = MACHINE.after(request.stage, Sign.SETTLED)
    return refuse(NothingWaits()) if stage is None else decided(replace(request, stage=stage))

"""TET periods (getting to know working life), and the work trial's proposal that may follow [3.3].

Pure. Where both the young person and the workplace wish to go on, the manager checks a proposal and sends it to the
employment area; of every other TET period the area hears nothing. After the ordinary end of a case the consent is
still in force, so a proposal may be sent and answered then too; after a withdrawal, cancellation or return nothing is.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from pydantic import TypeAdapter, ValidationError

from chassis.decisions import Decision, Refusal, decided, ignored, refuse
from contracts.envelope import Data
from contracts.events.casework import TetEnded
from contracts.events.coaching import WorkplaceKind
from contracts.events.referrals import WorkTrialProposalAnswered
from contracts.fields import BusinessId, ProposalId, StaffId, TetId
from contracts.plan import Plan
from services.coaching.cases import domain as cases
from services.coaching.cases.course import Happened
from services.coaching.cases.domain import Act, Case
from services.coaching.cases.refusals import CaseIsClosed, CodeNotKnown
from services.coaching.pointti.courses import TET, Tet, TetSign, TetState, open_tet, tets
from services.coaching.pointti.records import ProposalLeft, TetPlaced, TrialProposed
from services.coaching.pointti.refusals import (
    NoPeriodRuns,
    NotABusinessId,
    NothingToPropose,
    NotPointti,
    ProposalUnknown,
    TetNotBegun,
    TetOutsidePeriod,
    TetUnknown,
    TrialDaysWrong,
    WorkplaceMissing,
    YoungPersonDisagrees,
)
from services.coaching.referrals.domain import ConsentNotInForce

_BUSINESS_ID: TypeAdapter[str] = TypeAdapter(BusinessId)


@dataclass(frozen=True)
class Workplace:
    """A municipal unit (a code of the plan), or a company by its business id. PARty may have named neither."""

    kind: WorkplaceKind
    unit: str | None = None
    business_id: str | None = None

    def refusal(self, plan: Plan) -> Refusal | None:
        """Why it is none; None where it is one."""
        if self.kind == "municipal-unit":
            if not self.unit:
                return WorkplaceMissing()
            return None if plan.knows("unit", self.unit) else CodeNotKnown("/unit")
        try:
            _BUSINESS_ID.validate_python((self.business_id or "").strip())
        except ValidationError:
            return NotABusinessId()
        return None

    def fields(self) -> dict[str, str | None]:
        """As events name it: one of the two, never both."""
        company = self.kind == "company"
        return {"workplace_kind": self.kind, "unit": None if company else self.unit,
                "business_id": (self.business_id or "").strip() if company else None}


def workplace_of(tet: Tet) -> Workplace:
    return Workplace(tet.agreed.workplace_kind, tet.unit, tet.agreed.business_id)


def find(case: Case, tet_id: str) -> Tet | None:
    return next((t for t in tets(case.course, case.area_may_hear) if t.id == tet_id), None)


def agree(case: Case, act: Act, starts_on: date, at: Workplace, plan: Plan) -> Decision[Case]:
    """A TET period of the plan's length is agreed within the period; agreed anew while one waits, it replaces that.

    Refused with `NotPointti`, `CaseIsClosed`, `NoPeriodRuns`, `TetOutsidePeriod`, `WorkplaceMissing`,
    `NotABusinessId`, `CodeNotKnown`.
    """
    if case.service != "pointti":
        return refuse(NotPointti())
    if case.course.closed:
        return refuse(CaseIsClosed())
    period = case.course.period
    if period is None:
        return refuse(NoPeriodRuns())
    length = plan.pointti.tet_length
    if not period.starts_on <= starts_on <= period.ends_on - length.delta + timedelta(days=1):
        return refuse(TetOutsidePeriod(period.starts_on, period.ends_on))
    if refusal := at.refusal(plan):
        return refuse(refusal)
    waiting = open_tet(case.course)
    placed = TetPlaced.model_validate({
        "case_id": case.id, "tet_id": waiting.id if waiting else TetId(act.id), "starts_on": starts_on,
        "days": length.value, **at.fields(),
    })
    return _recorded(case, act, placed, placed.told())


def end(case: Case, act: Act, tet_id: str, young_person_continues: bool, workplace_continues: bool) -> Decision[Case]:
    """What both wish after the TET period; the area hears nothing of it. Refused with `TetUnknown`, `TetNotBegun`."""
    tet = find(case, tet_id)
    if tet is None or not TET.can(tet.state, TetSign.BOTH):
        return refuse(TetUnknown())
    if act.today < tet.agreed.starts_on:
        return refuse(TetNotBegun())
    ended = TetEnded(
        case_id=case.id, tet_id=tet.id, young_person_continues=young_person_continues,
        workplace_continues=workplace_continues)
    return _recorded(case, act, ended, ended)


def propose(
    case: Case, act: Act, tet_id: str, starts_on: date, ends_on: date, at: Workplace, agrees: bool, sent_by: str,
    plan: Plan,
) -> Decision[Case]:
    """The manager has checked the proposal, and the young person agrees: it goes to the area.

    Refused with `ConsentNotInForce`, `NothingToPropose`, `YoungPersonDisagrees`, `TrialDaysWrong`, and for the
    workplace as `agree`.
    """
    if case.referral and case.referral.closing:
        return refuse(ConsentNotInForce(case.referral.closing))
    tet = find(case, tet_id)
    if tet is None or case.referral is None or not TET.can(tet.state, TetSign.SENT):
        return refuse(NothingToPropose())
    if not agrees:
        return refuse(YoungPersonDisagrees())
    if starts_on < act.today or ends_on < starts_on:
        return refuse(TrialDaysWrong())
    if refusal := at.refusal(plan):
        return refuse(refusal)
    proposed = TrialProposed.model_validate({
        "referral_id": case.referral.id, "proposal_id": ProposalId(act.id), "tet_id": tet.id,
        "case_manager": case.referral.case_manager, "provider": case.provider, "starts_on": starts_on,
        "ends_on": ends_on, "young_person_agrees": True, "sent_by": StaffId(sent_by), **at.fields(),
    })
    return _recorded(case, act, proposed, proposed.told())


def leave_unsent(case: Case, act: Act, tet_id: str, reason: str, plan: Plan) -> Decision[Case]:
    """The manager leaves the proposal unsent; why stays on the municipal side.

    Refused with `NothingToPropose`, `CodeNotKnown`.
    """
    tet = find(case, tet_id)
    if tet is None or not TET.can(tet.state, TetSign.UNSENT):
        return refuse(NothingToPropose())
    if not plan.knows("unsent-reason", reason):
        return refuse(CodeNotKnown("/reason"))
    return _recorded(case, act, ProposalLeft(case_id=case.id, tet_id=tet.id, reason=reason))


def take_answer(case: Case, told: Happened, answer: WorkTrialProposalAnswered) -> Decision[Case]:
    """The area's answer, whenever it comes. One that crossed the end of the referral, or a second one, changes nothing.

    Refused with `ProposalUnknown`.
    """
    if not case.area_may_hear:
        return ignored("answer-when-closed")
    known = [h.data for h in case.course.happened if isinstance(h.data, TrialProposed)]
    if answer.proposal_id not in {p.proposal_id for p in known}:
        return refuse(ProposalUnknown())
    answered = {h.data.proposal_id for h in case.course.happened if isinstance(h.data, WorkTrialProposalAnswered)}
    if answer.proposal_id in answered:
        return ignored("answered-before")
    return decided(replace(case, course=case.course.then(told)))


def waiting(case: Case, states: tuple[TetState, ...]) -> list[Tet]:
    """The TET periods of a case in these states, in order."""
    return [t for t in tets(case.course, case.area_may_hear) if t.state in states]


def _recorded(case: Case, act: Act, kept: Data, *told: Data) -> Decision[Case]:
    """The case with what it keeps; a proposal may follow the case's end, a TET period may not."""
    if isinstance(kept, TetPlaced | TetEnded):
        return cases.recorded(case, act, (kept,), told)
    return decided(replace(case, course=case.course.then(*act.does(kept))), *told)

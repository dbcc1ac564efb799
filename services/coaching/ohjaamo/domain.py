"""A visit to the Ohjaamo without an appointment: one meeting, in a case that is opened for it or goes on [3.5, 4.2].

Pure. Many matters are settled in one visit: then the case ends with it.
"""

from dataclasses import dataclass

from chassis.decisions import Decided, Decision, Refusal, decided, refuse
from contracts.events.casework import Outcome
from contracts.plan import Plan
from services.coaching.cases import domain as cases
from services.coaching.cases import running
from services.coaching.cases.domain import Act, Case

SERVICE = "ohjaamo"
SETTLED: Outcome = "got-needed-service"
"""What came of a case whose matter was settled in one visit."""


@dataclass(frozen=True)
class NotOhjaamo(Refusal):
    """A visit is recorded in the Ohjaamo's own cases."""

    code = "not-ohjaamo"
    sentence_en = "That case is of another service. Leave the number out: a case of the Ohjaamo is opened."
    sentence_fi = "Numero on toisen palvelun asiakkuuden. Jätä numero pois, niin avataan Ohjaamon asiakkuus."
    status = 422
    field = "/number"


def receive(case: Case, act: Act, settled: bool, plan: Plan) -> Decision[Case]:
    """The client came by, today; a second time on the day is the same meeting. `settled`: the matter needs no other
    one, and the case ends [3.5]. Refused with `NotOhjaamo`, `CaseIsClosed`."""
    if case.service != SERVICE:
        return refuse(NotOhjaamo())
    service = plan.services[SERVICE]
    kind = service.meetings[0]
    was_here = any((meeting.on, meeting.kind) == (act.today, kind) for meeting in case.course.meetings)
    met = decided(case) if was_here and not case.course.closed else running.hold_meeting(
        case, act, act.today, kind, service.meetings, plan.coaching.starter_package_maximum)
    if not settled or not isinstance(met, Decided):
        return met
    told = service.start_and_end_told
    ended = cases.end(met.state, Act(f"{act.id}-end", act.by, act.at), act.today, SETTLED, told)
    return decided(ended.state, *met.events, *ended.events) if isinstance(ended, Decided) else ended


def adviser(topic: str, plan: Plan) -> str:
    """The role that advises on a topic: a case manager never on forms of Kela or requests for clarification [3.5]."""
    return plan.ohjaamo.advice.get(topic, plan.services[SERVICE].mailbox_role)

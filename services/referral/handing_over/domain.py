"""Another case manager has the client from now on: a colleague, or the substitute of one who is away."""

from dataclasses import dataclass, replace

from chassis.decisions import Decision, Refusal, decided, refuse
from contracts.events.referrals import CaseManagerChanged
from contracts.fields import StaffId
from services.referral.domain import Referral

CASE_MANAGER = "case-manager"


@dataclass(frozen=True)
class NothingToHandOver(Refusal):
    """A referral that is over waits for nobody."""

    code = "nothing-to-hand-over"
    sentence_en = "Referral {number} is over: nothing of it waits for a case manager."
    sentence_fi = "Ohjaus {number} on päättynyt: siinä ei ole asiakasvastaavalle enää mitään tehtävää."
    number: str


@dataclass(frozen=True)
class HandedOverMeanwhile(Refusal):
    """Somebody else was quicker."""

    code = "handed-over-meanwhile"
    sentence_en = "Referral {number} was handed over to somebody else meanwhile. Look who has it, then decide again."
    sentence_fi = "Ohjaus {number} on sillä välin siirretty toiselle. Katso, kenellä se on, ja päätä uudelleen."
    number: str


def hand_over(referral: Referral, to: StaffId, waits: bool, seen: str | None = None) -> Decision[Referral]:
    """The provider is told while the referral is open [3.2]. `waits`: the case manager still owes something of it;
    `seen`: who had it when this was decided. Refused with `NothingToHandOver` and `HandedOverMeanwhile`."""
    if seen is not None and seen != referral.case_manager:
        return refuse(HandedOverMeanwhile(referral.number))
    if referral.case_manager == to:
        return decided(referral)
    if not (referral.is_open or waits):
        return refuse(NothingToHandOver(referral.number))
    changed = replace(referral, case_manager=to)
    if not referral.is_open:
        return decided(changed)
    return decided(changed, CaseManagerChanged(referral_id=referral.id, case_manager=to))

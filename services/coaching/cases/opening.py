"""How a case is opened, and how a referral and the cases that name its number become one [events.md, CaseOpened].

Pure. A referral has one case: what another system opens for it joins the first, whichever came first.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from chassis.decisions import Decision, Refusal, decided
from contracts.events.casework import CaseOpened
from contracts.fields import CaseId, ClientId
from contracts.plan import Plan
from services.coaching.cases.course import Course
from services.coaching.cases.domain import Basis, Case
from services.coaching.cases.refusals import CodeNotKnown, NotProvided
from services.coaching.referrals.domain import Referral

AskedBasis = Literal["not-of-working-age", "guidance", "of-working-age"]
"""What is asked of a client of immigrant services: no birth date, and the last is never kept [3.6]."""


@dataclass(frozen=True)
class BasisMissing(Refusal):
    """Immigrant services ask whether the client is of working age [3.6, 4.4]."""

    code = "basis-missing"
    sentence_en = "Say whether the client, not of working age, comes for the integration programme, or for guidance."
    sentence_fi = "Kerro, tuleeko asiakas kotoutumisohjelmaan eikä ole työikäinen, vai ohjaukseen ja neuvontaan."
    status = 422
    field = "/basis"


@dataclass(frozen=True)
class ProgrammeOfTheArea(Refusal):
    """The integration programme of those of working age is arranged elsewhere [3.6, 4.4]."""

    code = "of-working-age"
    sentence_en = (
        "The integration programme of somebody of working age ({ages}) is arranged by: {right_en}. Guide the client "
        "there. Guidance can be given here to anybody."
    )
    sentence_fi = (
        "Työikäisen ({ages}-vuotiaan) kotoutumisohjelman järjestää {right_fi}. Ohjaa asiakas sinne. Ohjausta ja "
        "neuvontaa voi antaa täällä kenelle tahansa."
    )
    field = "/basis"
    ages: str
    right_en: str
    right_fi: str


def asks_basis(service: str, plan: Plan) -> bool:
    """Whether a case of the service says why its client comes [3.6]."""
    return service == "immigrant-services" and plan.immigrant_services.integration_programme_for == "not-of-working-age"


def check_basis(service: str, asked: AskedBasis | None, plan: Plan) -> Refusal | None:
    """Why a case can't be opened on this basis: `BasisMissing`, `ProgrammeOfTheArea`; None where it can."""
    if not asks_basis(service, plan):
        return None
    if asked is None:
        return BasisMissing()
    if asked == "of-working-age":
        ages, right = plan.immigrant_services.working_age, plan.organisations[plan.immigrant_services.of_working_age_to]
        return ProgrammeOfTheArea(f"{ages.minimum}–{ages.maximum}", right.en, right.fi)
    return None


def kept_basis(service: str, asked: AskedBasis | None, plan: Plan) -> Basis | None:
    """What of it is kept with the case."""
    return asked if asks_basis(service, plan) and asked != "of-working-age" else None


def opened(case: Case) -> CaseOpened:
    """What casework is told of a case that our service opens; the two weeks run from `asked_on` [3.4]."""
    return CaseOpened(
        case_id=case.id, client=case.client, service=case.service, municipality=case.municipality,
        provider=case.provider, referral_number=case.referral.number if case.referral else None,
        origin=case.origin, asked_on=case.course.asked_on, opened_at=case.opened_at,
    )


def open_for(referral: Referral, case_id: CaseId, client: ClientId, now: datetime) -> Decision[Case]:
    """A referral has one case, opened for its provider [3.2]."""
    case = Case(
        id=case_id, client=client, service=referral.service, municipality=referral.municipality,
        provider=referral.provider, origin="referral", opened_at=now, number=referral.number,
        course=Course(referral.service, referral.referred_on), referral=referral,
    )
    return decided(case, opened(case))


def check_opening(plan: Plan, provider: str, service: str, municipality: str) -> Refusal | None:
    """Why a provider can't open a case of a service for a resident; None where it can."""
    if not plan.knows("service", service):
        return CodeNotKnown("/service")
    if not plan.knows("municipality", municipality):
        return CodeNotKnown("/municipality")
    if provider not in {p.organisation for p in plan.services[service].providers.values()}:
        return NotProvided()
    return None


def is_for(case: Case, referral: Referral) -> bool:
    """Whether a case that names the referral's number is of the same provider, service and municipality."""
    return (case.provider, case.service, case.municipality) == (
        referral.provider, referral.service, referral.municipality
    )


def join_referral(case: Case, referral: Referral) -> Case:
    """The referral that a case waited for has come: it is the referral's one case."""
    return replace(case, referral=referral, awaited_number=None, number=referral.number)


def stop_awaiting(case: Case) -> Case:
    """The number that a case named turns out to be of a referral that is not its own."""
    return replace(case, awaited_number=None)


def told_by(opened: CaseOpened, source: str, number: str, referral: Referral | None) -> Case:
    """A case of another system's register, as it says; the referral that it names is known, or waited for."""
    return Case(
        id=opened.case_id, client=opened.client, service=opened.service, municipality=opened.municipality,
        provider=opened.provider, origin=opened.origin, opened_at=opened.opened_at,
        course=Course(opened.service, opened.asked_on), number=number, sources=frozenset({source}),
        referral=referral, awaited_number=None if referral else opened.referral_number,
    )


def same_opening(case: Case, opened: CaseOpened) -> bool:
    """Whether an opening that comes again says what the first said."""
    return (case.service, case.provider, case.origin, case.course.asked_on) == (
        opened.service, opened.provider, opened.origin, opened.asked_on
    )

"""Which services suit a client, and where to turn instead: the plan's rules of age, residence, need and service
agreement [3, 4]. Pure.

Only the birth year is asked, so at an age limit the client has the benefit of the doubt.
"""

from dataclasses import dataclass, replace
from datetime import date

from contracts.plan.model import Plan, Service
from contracts.plan.tables import Provider
from contracts.plan.values import Ages, Label
from services.referral.refusals import (
    AgeOutside,
    AgreementEnded,
    AgreementNotYet,
    BirthYearNotPossible,
    NeedNotServed,
    OfWorkingAge,
    OutsideAgreements,
    ResidenceOutside,
    RightAddressKnown,
    ServiceUnknown,
    WrongProvider,
)

OLDEST = 120
"""Years; an older birth year is a slip of the keyboard."""


@dataclass(frozen=True)
class Client:
    """What the check needs to know of a client; nothing of it is kept with the referral."""

    municipality: str
    birth_year: int
    need: str | None = None


@dataclass(frozen=True)
class Suits:
    """The client can be referred to this service; `by_agreement`: under which service agreement, if any."""

    service: str
    provider: str
    by_agreement: str | None = None


@dataclass(frozen=True)
class SuitsNot:
    """The client can't be referred to this service; the refusal says why and where to turn instead."""

    service: str
    provider: str | None
    why: RightAddressKnown


def suit(client: Client, service: str, plan: Plan, on: date, provider: str | None = None) -> Suits | SuitsNot:
    """Whether the plan lets this client be referred to this service on the day; `provider` as somebody asked."""
    found = _judge(client, service, plan, on)
    if isinstance(found, Suits):
        if provider is None or provider == found.provider:
            return found
        found = SuitsNot(service, found.provider, WrongProvider(service, client.municipality, found.provider, service))
    why = found.why if found.why.right_organisation else _with_right_address(found.why, client, plan, on)
    return replace(found, why=_in_words(why, plan))


def every_service(client: Client, plan: Plan, on: date) -> tuple[list[Suits], list[SuitsNot]]:
    """All services of the plan, in its order: those that suit, and those that do not."""
    judged = [suit(client, service, plan, on) for service in plan.services]
    return (
        [each for each in judged if isinstance(each, Suits)],
        [each for each in judged if isinstance(each, SuitsNot)],
    )


def _judge(client: Client, service: str, plan: Plan, on: date) -> Suits | SuitsNot:
    municipality = client.municipality
    if service not in plan.services:
        return SuitsNot(service, None, ServiceUnknown(service, municipality, known=", ".join(plan.services)))
    if municipality not in plan.municipalities:
        known = ", ".join(label.fi for label in plan.municipalities.values())
        return SuitsNot(service, None, ResidenceOutside(service, municipality, known=known))
    if not on.year - OLDEST <= client.birth_year <= on.year:
        return SuitsNot(service, None, BirthYearNotPossible(service, municipality))
    rules = plan.services[service]
    provider = rules.provider(municipality)
    if provider is None:
        return SuitsNot(service, None, OutsideAgreements(service, municipality))
    if why := _outside_agreement(service, municipality, provider, plan, on) or _unfit(client, service, rules, plan, on):
        return SuitsNot(service, provider.organisation, why)
    return Suits(service, provider.organisation, provider.by_agreement)


def _outside_agreement(
    service: str, municipality: str, provider: Provider, plan: Plan, on: date
) -> RightAddressKnown | None:
    """Why the provider's service agreement does not hold on the day; None where it does, or none is needed [4]."""
    if provider.by_agreement is None or plan.in_force(provider, on):
        return None
    agreement = plan.agreements[provider.by_agreement]
    begins = plan.nearest_day(on) < agreement.valid_from
    refusal, day = (AgreementNotYet, agreement.valid_from) if begins else (AgreementEnded, agreement.valid_until)
    return refusal(service, municipality, agreement_en=agreement.en, agreement_fi=agreement.fi, day=day)


def _unfit(client: Client, service: str, rules: Service, plan: Plan, on: date) -> RightAddressKnown | None:
    limits = rules.ages(client.municipality)
    if not limits.may_admit(client.birth_year, on):
        return AgeOutside(service, client.municipality, ages=spell_ages(limits))
    if client.need is not None and client.need not in rules.needs:
        served = [plan.codes["client-need"][need] for need in rules.needs]
        return NeedNotServed(
            service, client.municipality, needs_en=", ".join(label.en for label in served),
            needs_fi=", ".join(label.fi for label in served),
        )
    if service == "immigrant-services" and surely_within(
        plan.immigrant_services.working_age, client.birth_year, on
    ):
        return OfWorkingAge(service, client.municipality, right_organisation=plan.immigrant_services.of_working_age_to)
    return None


def surely_within(ages: Ages, birth_year: int, on: date) -> bool:
    """Whether somebody born in that year is within the limits on the day, whatever the birthday."""
    return ages.admit(on.year - birth_year) and ages.admit(on.year - birth_year - 1)


def spell_ages(ages: Ages) -> str:
    """`17–28`, `15–`, `–29`: both ends included."""
    return f"{ages.minimum or ''}–{ages.maximum or ''}"


def _with_right_address(why: RightAddressKnown, client: Client, plan: Plan, on: date) -> RightAddressKnown:
    """The refusal with where to turn: what the plan says, else the first service that suits the client, else whoever
    another service's refusal names, else the home municipality."""
    home = plan.municipalities.get(client.municipality)
    if home is None or isinstance(why, BirthYearNotPossible):
        return why
    said = plan.services[why.service].instead.get(client.municipality) if why.service in plan.services else None
    judged = {service: _judge(client, service, plan, on) for service in plan.services}
    suiting = {service: each.provider for service, each in judged.items() if isinstance(each, Suits)}
    if said and suiting.get(said.service) == said.organisation:
        return replace(why, right_organisation=said.organisation, right_service=said.service)
    for service, provider in suiting.items():
        return replace(why, right_organisation=provider, right_service=service)
    named = (each.why.right_organisation for each in judged.values() if isinstance(each, SuitsNot))
    return replace(why, right_organisation=next(filter(None, named), home.employment_officer.organisation))


def _in_words(why: RightAddressKnown, plan: Plan) -> RightAddressKnown:
    """The refusal with the right address by name, in both languages."""
    if why.right_organisation is None:
        return why
    labels: list[Label] = [plan.organisations[why.right_organisation]]
    if why.right_service:
        labels.append(plan.services[why.right_service])
    return replace(
        why, right_en=", ".join(label.en for label in labels), right_fi=", ".join(label.fi for label in labels)
    )

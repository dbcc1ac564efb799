"""What the API takes and gives: one model an audience, no field for a name but where it is asked for."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.contact import Secret
from contracts.fields import Code, MunicipalityCode, OrganisationCode, ServiceCode, StaffId
from contracts.plan import Plan
from services.referral import shown
from services.referral.courses import ERASING, Status
from services.referral.domain import Referral, ToldTo
from services.referral.lists import Listed
from services.referral.places import Situation
from services.referral.refusals import RightAddressKnown
from services.referral.suitability import Suits, SuitsNot
from services.referral.work_trials.domain import State

EXAMPLE_ID = "019cad66-7df2-7131-9df2-6c3514000d8e"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConsentGiven(Body):
    """The client's permission to pass on name and phone number, as somebody heard it [3.2]."""

    given_at: AwareDatetime = Field(description="When the client said yes; not ahead.")
    name_and_phone: bool = Field(description="The client agrees that name and phone are passed on: must be true.")
    purpose: Code | None = Field(None, description="A code of the plan; the service itself, which is the default.")
    contact_permitted: bool = Field(
        False, description="The client permits that the service makes contact: must be true where the plan asks it, of "
                           "outreach youth work [3.4]; of other services it is not kept.")


class ReferralWanted(Body):
    """A client to be referred. Name and phone are encrypted at once; nothing gives them back but a reveal."""

    municipality: MunicipalityCode = Field(description="Where the client lives.")
    birth_year: int = Field(description="Judged by the plan's age limits; not kept.", ge=1000, le=9999)
    service: ServiceCode
    need: Code | None = Field(None, description="What the client needs, a code of the plan (`client-need`); not kept.")
    provider: OrganisationCode | None = Field(
        None, description="Who provides it. The plan knows; refused with the right one where it is another."
    )
    consent: ConsentGiven
    name: Secret[str] = Field(description="The client's name, at most 100 characters.")
    phone: Secret[str] = Field(description="E.164 (`+358415550123`), or a Finnish number as one writes it.")
    case_manager: StaffId | None = Field(
        None, description="Whose client it is: a staff id of your own organisation. A token must name one."
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "municipality": "vesilahti", "birth_year": 2001, "service": "coaching", "need": "job-or-studies",
        "consent": {"given_at": "2026-11-12T14:29:00+02:00", "name_and_phone": True}, "name": "Aino Esimerkki",
        "phone": "+358415550123", "case_manager": "mikko-maki",
    }]})


class Withdrawal(Body):
    """The client withdraws the consent."""

    told_at: AwareDatetime | None = Field(
        None, description="When the client said so; now, unless given.", examples=["2026-11-23T15:42:00+02:00"]
    )


class Reveal(Body):
    """Why the contact details are looked at; the audit log keeps it."""

    reason: Code = Field(description="A code of the plan (`reveal-reason`).", examples=["client-asked"])


class DetailsAgain(Body):
    """Name and phone as the client told them again."""

    name: Secret[str] = Field(examples=["Aino Esimerkki"])
    phone: Secret[str] = Field(examples=["+358415550123"])


class ContactShown(BaseModel):
    """What the client told; not to be stored."""

    name: str = Field(examples=["Aino Esimerkki"])
    phone: str = Field(examples=["+358415550123"])


class Made(BaseModel):
    """The new referral; `Location` is its address."""

    referral_id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["2026-0412"], description="What people see, the same on both sides.")
    provider: str = Field(examples=["lempaala"])
    respond_due_on: date = Field(description="By when the provider must have tried to contact the client.")


class RightAddressShown(BaseModel):
    organisation: str
    service: str | None = None


class ConsentShown(BaseModel):
    consent_id: str
    fields: list[str]
    purpose: str
    given_at: datetime
    recorded_by: str
    contact_permitted: bool = Field(description="The client permitted the contact too, where the plan asks it.")


class ErasureShown(BaseModel):
    """What happens to the contact details once a referral is withdrawn, cancelled or returned."""

    told_to: ToldTo | None = Field(description="Whom the client told of a withdrawal.")
    withdrawn_at: datetime | None
    due_at: datetime | None = Field(description="By when the provider must have erased (inclusive).")
    own_copy_erased_at: datetime | None
    acknowledged_at: datetime | None = Field(description="When the provider had acknowledged each erasure.")
    late: bool
    waiting_for: int = Field(description="Receiving keys whose erasure is not yet acknowledged.")


class ObligationShown(BaseModel):
    kind: str
    owner_organisation: str
    owner_role: str
    owner: str | None
    due_at: datetime


class EntryShown(BaseModel):
    at: datetime
    kind: str
    by: str = Field(description="A staff id or an organisation.")
    detail: dict[str, Any]


class ReferralListed(BaseModel):
    """A referral as a list shows it: by number, never by name."""

    referral_id: str = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["2026-0412"])
    service: str
    municipality: str
    provider: str
    case_manager: str
    referred_on: date
    respond_due_on: date
    status: Status


class WorkTrialShown(BaseModel):
    """A work trial that the workshop proposed, and the answer [3.3]."""

    proposal_id: str = Field(examples=[EXAMPLE_ID])
    workplace_kind: str = Field(examples=["municipal-unit"])
    unit: str | None
    business_id: str | None
    starts_on: date
    ends_on: date
    state: State
    reason: str | None


class ReferralShown(ReferralListed):
    """A referral with all that the area may know of it [3.2]."""

    consent: ConsentShown
    contact_details: shown.Details = Field(description="Whether the area can still read the client's name and phone.")
    received_at: datetime | None
    started_on: date | None
    ended_on: date | None
    return_reason: str | None
    right_address: RightAddressShown | None
    erasure: ErasureShown | None
    work_trials: list[WorkTrialShown] = Field(description="Pointti: work trials that were proposed, in order.")
    obligations: list[ObligationShown] = Field(description="Who must do what next, the nearest deadline first.")
    timeline: list[EntryShown] = Field(description="What happened, newest first.")


class ReferralPage(BaseModel):
    referrals: list[ReferralListed]
    next: str | None = Field(description="Give it as `after` for the page that follows; null on the last.")


class ReceiptSigned(BaseModel):
    """The receipt, and the area's signature over its SHA-256 (canonical JSON, RFC 8785)."""

    receipt: dict[str, Any] = Field(
        description="Fields of ISO/IEC TS 27560: record, purposes, parties, events; `erasure` says who erased what and "
                    "when, with the provider's signed acknowledgements as they were published."
    )
    source: str = Field(examples=["/tampere-region/referral"])
    type: str = Field(examples=["fi.yhdyspinta.Receipt.v1"])
    proof: str = Field(description="Compact JWS, Ed25519, `typ` yhdyspinta-proof.")


class AgreementShown(BaseModel):
    """A service agreement of the municipalities [4]."""

    code: str = Field(examples=["coaching"])
    name: str
    valid_from: date
    valid_until: date = Field(description="The last day, included.")


class ServiceShown(BaseModel):
    service: str
    name: str
    provider: str | None
    by_agreement: bool = Field(description="Under a service agreement of the municipalities, in force.")
    agreement: AgreementShown | None = Field(description="That agreement; also one that is not in force.")
    free_places: int | None = Field(description="As reported last; null where not told.")
    more_referrals_wanted: bool | None
    reported_month: str | None = Field(description="The month of which the places were reported.", examples=["2026-10"])
    waiting: int | None = Field(description="Residents of the municipality who waited then; null where not told.")
    suits: bool
    reason: str | None = Field(description="A code, where it does not suit.")
    detail: str | None = Field(description="The reason as a sentence, with the right address.")
    right_address: RightAddressShown | None


class ServicesShown(BaseModel):
    services: list[ServiceShown]


class ResidentsShown(BaseModel):
    municipality: str
    clients: int | None
    new_clients: int | None
    ended: int | None
    waiting: int | None


class SituationShown(BaseModel):
    """One month of a service as its provider reported it."""

    provider: str
    service: str
    month: str = Field(examples=["2026-10"])
    free_places: int | None
    more_referrals_wanted: bool
    residents: list[ResidentsShown]
    reported_at: datetime


class SituationsShown(BaseModel):
    situations: list[SituationShown]


def listed(each: Listed | Referral) -> ReferralListed:
    return ReferralListed(
        referral_id=each.id, number=each.number, service=each.service, municipality=each.municipality,
        provider=each.provider, case_manager=each.case_manager, referred_on=each.referred_on,
        respond_due_on=each.respond_due_on, status=each.status,
    )


def whole(seen: shown.Whole) -> ReferralShown:
    referral, right = seen.referral, seen.referral.right_address
    return ReferralShown(
        **listed(referral).model_dump(),
        consent=ConsentShown(**referral.consent.model_dump(), contact_permitted=referral.contact_permitted),
        contact_details=seen.details,
        received_at=referral.received_at, started_on=referral.started_on, ended_on=referral.ended_on,
        return_reason=referral.return_reason,
        right_address=RightAddressShown(organisation=right.organisation, service=right.service) if right else None,
        erasure=_erasure(seen) if referral.status in ERASING else None,
        work_trials=[
            WorkTrialShown(
                proposal_id=each.id, workplace_kind=each.workplace_kind, unit=each.unit, business_id=each.business_id,
                starts_on=each.starts_on, ends_on=each.ends_on, state=each.state(referral), reason=each.reason,
            )
            for each in seen.trials
        ],
        obligations=[
            ObligationShown(
                kind=each.kind, owner_organisation=each.owner_organisation, owner_role=each.owner_role,
                owner=each.owner, due_at=each.due_at,
            )
            for each in seen.open
        ],
        timeline=[
            EntryShown(at=each.at, kind=each.kind, by=each.by, detail=dict(each.detail)) for each in seen.entries
        ],
    )


def _erasure(seen: shown.Whole) -> ErasureShown:
    referral = seen.referral
    return ErasureShown(
        told_to=referral.told_to, withdrawn_at=referral.withdrawn_at, due_at=referral.erase_due_at,
        own_copy_erased_at=seen.own_copy.at, acknowledged_at=referral.acknowledged_at,
        late=referral.acknowledged_late, waiting_for=len(referral.unacknowledged),
    )


def service(found: Suits | SuitsNot, place: Situation | None, rules: Plan, municipality: str, language: str
            ) -> ServiceShown:
    why = found.why if isinstance(found, SuitsNot) else None
    residents = place.of(municipality) if place else None
    return ServiceShown(
        service=found.service, name=rules.services[found.service].text(language), provider=found.provider,
        by_agreement=isinstance(found, Suits) and found.by_agreement is not None,
        agreement=_agreement(found.service, municipality, rules, language), suits=why is None,
        free_places=place.free_places if place else None,
        more_referrals_wanted=place.more_referrals_wanted if place else None,
        reported_month=place.month if place else None, waiting=residents.waiting if residents else None,
        reason=why.code if why else None,
        detail=(why.in_english() if language == "en" else why.in_finnish()) if why else None,
        right_address=right_address(why) if why else None,
    )


def _agreement(service: str, municipality: str, rules: Plan, language: str) -> AgreementShown | None:
    provider = rules.services[service].provider(municipality)
    if provider is None or provider.by_agreement is None:
        return None
    agreement = rules.agreements[provider.by_agreement]
    return AgreementShown(code=provider.by_agreement, name=agreement.text(language), valid_from=agreement.valid_from,
                          valid_until=agreement.valid_until)


def situation(told: Situation) -> SituationShown:
    return SituationShown(
        **{name: value for name, value in vars(told).items() if name != "residents"},
        residents=[ResidentsShown(**each.model_dump()) for each in told.residents],
    )


def right_address(why: RightAddressKnown) -> RightAddressShown | None:
    if why.right_organisation is None:
        return None
    return RightAddressShown(organisation=why.right_organisation, service=why.right_service)

"""`shared.leads.v1`: a company's need on its way to a provider; company events and targets beside it [2]."""

from typing import Annotated, Literal, TypeAlias

from contracts.envelope import Data
from contracts.events.visits import Organisations
from contracts.fields import (
    BusinessId,
    Code,
    CodeList,
    CompanyEventId,
    Count,
    Day,
    LeadId,
    MunicipalityCode,
    OrganisationCode,
    VisitId,
    Year,
)

Need: TypeAlias = Literal[
    "labour", "competence", "change", "international-recruiting", "growth", "research-and-development"
]


class LeadData(Data):
    """What every event of a lead has."""

    KEY = "lead_id"

    lead_id: LeadId
    business_id: BusinessId
    municipality: MunicipalityCode
    need: Need
    opened_by_organisation: OrganisationCode


class LeadOpened(LeadData):
    """A company has a clear need [2.2]."""

    visit_id: VisitId | None = None


class LeadRouted(LeadData):
    """The municipality's coordinator routed the lead to a provider [2.2]."""

    from_organisation: OrganisationCode
    to_organisation: OrganisationCode
    routed_by_organisation: OrganisationCode
    respond_due_on: Day


class LeadAccepted(LeadData):
    """The receiver took the lead."""

    organisation: OrganisationCode


class LeadReturned(LeadData):
    """The receiver gave the lead back."""

    organisation: OrganisationCode
    reason: Annotated[Code, CodeList("lead-return-reason")]


class LeadFulfilled(LeadData):
    """The need was met; `hired` is how many got work [2.2]."""

    organisation: OrganisationCode
    on: Day
    result: Annotated[Code, CodeList("lead-result")]
    hired: Count | None = None


class LeadWithdrawn(LeadData):
    """Who opened the lead took it back."""

    organisation: OrganisationCode
    reason: Literal["company-wish", "duplicate", "mistake"]


class CompanyEvent(Data):
    """What a planned and a held event have."""

    KEY = "event_id"

    event_id: CompanyEventId
    kind: Literal["company", "recruiting", "student-info", "other"]
    on: Day
    municipality: MunicipalityCode
    organisers: Organisations
    attendance: Count | None = None


class EventPlanned(CompanyEvent):
    """A company or recruiting event is planned [2.1, 3.4]."""


class EventHeld(CompanyEvent):
    """A company or recruiting event was held [2.1, 3.4]."""


class TargetSet(Data):
    """The working group's target of a year, municipality and measure; a later one replaces it [2.1]."""

    KEY = "{year}:{municipality}:{measure}"

    year: Year
    municipality: MunicipalityCode
    measure: Literal["visits", "leads-routed", "leads-fulfilled"]
    target: Count

"""`shared.visits.v1`: company visits and development paths, common knowledge to all parties [2.2]."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.envelope import Data
from contracts.fields import (
    BusinessId,
    Code,
    CodeList,
    CompanyName,
    Day,
    MunicipalityCode,
    OrganisationCode,
    VisitId,
)

Organisations = Annotated[tuple[OrganisationCode, ...], Field(min_length=1)]


class VisitData(Data):
    """What every event of the topic has."""

    KEY = "business_id"

    business_id: BusinessId
    municipality: MunicipalityCode


class CompanyVisitPlanned(VisitData):
    """An organisation plans a visit to a company; `organisations` are all that go [2.2]."""

    visit_id: VisitId
    company_name: CompanyName
    on: Day
    organisation: OrganisationCode
    organisations: Organisations
    purpose: Annotated[Code, CodeList("visit-purpose")]


class CompanyVisitMoved(VisitData):
    """A planned visit has another day."""

    visit_id: VisitId
    organisation: OrganisationCode
    on: Day


class CompanyVisitJoined(VisitData):
    """An organisation joins a planned visit, so that it is made together [2.2]."""

    visit_id: VisitId
    organisation: OrganisationCode


class CompanyVisitCancelled(VisitData):
    """A planned visit is not made."""

    visit_id: VisitId
    organisation: OrganisationCode
    reason: Annotated[Code, CodeList("visit-cancel-reason")]


class CompanyVisitFlagged(VisitData):
    """A planned visit overlaps another or goes without the coordinator; `organisations` are to be told [2.2]."""

    visit_id: VisitId
    on: Day
    flag: Literal["overlap", "without-coordinator"]
    other_visit_id: VisitId | None = None
    organisations: Organisations


class CompanyVisitMade(VisitData):
    """A visit was made, planned or not; two or more `organisations` make it a joint visit [2.2]."""

    visit_id: VisitId
    organisation: OrganisationCode
    company_name: CompanyName | None = None
    on: Day
    organisations: Organisations
    needs: tuple[Annotated[Code, CodeList("visit-need")], ...]


class DevelopmentPathUpdated(VisitData):
    """A step of a company's development path is planned, under way or done [2.2]."""

    organisation: OrganisationCode
    step: Literal["personnel", "change", "research-and-development"]
    state: Literal["planned", "ongoing", "done"]
    on: Day

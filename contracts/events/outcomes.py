"""`municipal.outcomes.v1`: what became of the clients of a year, under pseudonyms of that year alone."""

from typing import Annotated

from contracts.envelope import Data
from contracts.events.casework import NotBegun, Origin, Outcome, PlanAfter
from contracts.fields import (
    ClientId,
    Code,
    CodeList,
    Count,
    Day,
    Month,
    MunicipalityCode,
    OrganisationCode,
    ServiceCode,
    SpellId,
    Year,
)


class ApproachReceived(Data):
    """A client asks or is referred, and waits; so those who still wait can be counted."""

    KEY = "client"

    client: ClientId
    spell_id: SpellId
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    origin: Origin
    asked_on: Day


class ServiceBegan(Data):
    """A service began; `new_client` means no earlier service of this kind at this provider [3.2]."""

    KEY = "client"

    client: ClientId
    spell_id: SpellId
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    origin: Origin
    asked_on: Day
    first_attempt_on: Day | None = None
    reached_on: Day | None = None
    on: Day
    new_client: bool


class ServiceContinued(Data):
    """A begun case was open on 1 January; it goes on under that year's ids."""

    KEY = "client"

    client: ClientId
    spell_id: SpellId
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    year: Year
    began_on: Day


class ServiceContinuedInError(Data):
    """Takes a ServiceContinued back: the case had ended before."""

    KEY = "client"

    client: ClientId
    spell_id: SpellId
    year: Year


class ServiceEnded(Data):
    """A service that had begun ended with an outcome [3.2, 6]."""

    KEY = "client"

    client: ClientId
    spell_id: SpellId
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    on: Day
    plan: PlanAfter | None = None
    outcome: Outcome


class ServiceNotBegun(Data):
    """A client was not reached, declined or could not be served."""

    KEY = "client"

    client: ClientId
    spell_id: SpellId
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    origin: Origin
    asked_on: Day
    first_attempt_on: Day | None = None
    reached_on: Day | None = None
    on: Day
    reason: NotBegun


class PhenomenonObserved(Data):
    """How often a phenomenon was met in a month, never about a person; a later one replaces it [3.4]."""

    KEY = "{municipality}:{month}:{phenomenon}"

    municipality: MunicipalityCode
    month: Month
    phenomenon: Annotated[Code, CodeList("phenomenon")]
    observations: Count

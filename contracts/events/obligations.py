"""The obligation ledger (`area.`, `municipal.`, `shared.obligations.v1`): who must do what by when."""

from typing import Annotated

from contracts.envelope import Data, Part
from contracts.fields import (
    AboutId,
    AboutType,
    Code,
    CodeList,
    Moment,
    MunicipalityCode,
    ObligationId,
    OrganisationCode,
    RoleCode,
    ServiceCode,
    StaffId,
)


class Seat(Part):
    """A role in an organisation."""

    organisation: OrganisationCode
    role: RoleCode


class ObligationData(Data):
    """What every event of an obligation has, `met_at` aside."""

    KEY = "obligation_id"

    obligation_id: ObligationId
    kind: Annotated[Code, CodeList("obligation-kind")]
    about_type: AboutType
    about_id: AboutId
    service: ServiceCode | None = None
    municipality: MunicipalityCode | None = None
    owner_organisation: OrganisationCode
    owner_role: RoleCode
    owner: StaffId | None = None
    opened_at: Moment
    due_at: Moment
    escalate_to: Seat | None = None


class ObligationOpened(ObligationData):
    """Somebody must do something by `due_at`; told again, under the same id, when another has it from then on."""

    met_at: Moment | None = None


class ObligationDueSoon(ObligationData):
    """The deadline is near."""

    met_at: Moment | None = None


class ObligationMissed(ObligationData):
    """The deadline passed."""

    met_at: Moment | None = None


class ObligationMet(ObligationData):
    """It was done, in time or late."""

    met_at: Moment


class ObligationCancelled(ObligationData):
    """It need not be done any more."""

    met_at: Moment | None = None

"""`municipal.casework.v1` and the intake topics of PARty: the course of a case, on the municipal side alone."""

from typing import Literal, Self, TypeAlias

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from contracts.envelope import Data
from contracts.events.coaching import WorkplaceKind
from contracts.fields import (
    BusinessId,
    CaseId,
    ClientId,
    Count,
    Day,
    Moment,
    MunicipalityCode,
    OrganisationCode,
    PeriodId,
    PlaceCode,
    ReferralNumber,
    ServiceCode,
    TetId,
)

Origin: TypeAlias = Literal["referral", "self", "other-service", "yhteisetsiva"]
PlanAfter: TypeAlias = Literal["work-trial", "education", "job"]
Outcome: TypeAlias = Literal[
    "work", "education", "got-needed-service", "work-trial", "other-service", "moved", "interrupted"
]
NotBegun: TypeAlias = Literal["not-reached", "declined", "not-eligible", "no-capacity", "withdrawn"]


class CaseOpened(Data):
    """A provider opened a case for a client; the two weeks of outreach run from `asked_on` [3.4]."""

    KEY = "case_id"

    case_id: CaseId
    client: ClientId
    service: ServiceCode
    municipality: MunicipalityCode
    provider: OrganisationCode
    referral_number: ReferralNumber | None = None
    origin: Origin
    asked_on: Day
    opened_at: Moment


class ContactAttempted(Data):
    """The provider tried to reach the client [3.2, 3.4]."""

    KEY = "case_id"

    case_id: CaseId
    at: Moment
    channel: Literal["call", "text-message", "email", "letter", "visit", "other"]
    reached: bool


class AppointmentBooked(Data):
    """A time was booked with the client [3.2]."""

    KEY = "case_id"

    case_id: CaseId
    at: Moment
    place: PlaceCode


class MeetingHeld(Data):
    """A meeting with the client was held [3.2, 3.3, 3.6]."""

    KEY = "case_id"

    case_id: CaseId
    on: Day
    kind: Literal["starter-package", "coaching", "three-party", "interview", "my-team"]


class PeriodStarted(Data):
    """An 8-week period in the workshop began [3.3]."""

    KEY = "case_id"

    case_id: CaseId
    period_id: PeriodId
    starts_on: Day
    ends_on: Day


class PeriodEnded(Data):
    """A period in the workshop ended with a plan [3.3]."""

    KEY = "case_id"

    case_id: CaseId
    period_id: PeriodId
    ended_on: Day
    plan: PlanAfter


class TetAgreed(Data):
    """A TET period at a workplace was agreed [3.3]."""

    KEY = "case_id"

    case_id: CaseId
    tet_id: TetId
    workplace_kind: WorkplaceKind
    business_id: BusinessId | None = None
    starts_on: Day
    days: Count


class TetEnded(Data):
    """A TET period ended; both wishing to go on leads to a work trial's proposal [3.3]."""

    KEY = "case_id"

    case_id: CaseId
    tet_id: TetId
    young_person_continues: bool
    workplace_continues: bool


class WithdrawalTold(Data):
    """The client told the provider that the consent is withdrawn; coaching passes it on [3.2]."""

    KEY = "case_id"

    case_id: CaseId
    told_at: Moment


class CaseClosed(Data):
    """The case ended with an outcome, or never began; it says exactly one of the two."""

    KEY = "case_id"

    case_id: CaseId
    on: Day
    outcome: Outcome | None = None
    not_begun: NotBegun | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["outcome"], "properties": {"outcome": {"type": "string"}}},
                {"required": ["not_begun"], "properties": {"not_begun": {"type": "string"}}},
            ]
        }
    )

    @model_validator(mode="after")
    def _outcome_or_not_begun(self) -> Self:
        if (self.outcome is None) == (self.not_begun is None):
            raise PydanticCustomError(
                "rule",
                "must have exactly one of outcome and not_begun",
                {"finnish": "on sisällettävä täsmälleen toinen kentistä outcome ja not_begun"},
            )
        return self

"""`shared.change-security.v1`: employees' position at a local employer changes [2.3]. Confidential."""

from typing import Annotated, Literal

from contracts.envelope import Data
from contracts.fields import (
    BusinessId,
    Code,
    CodeList,
    Count,
    Day,
    MunicipalityCode,
    SituationId,
    StaffId,
)

ChangeKind = Annotated[Code, CodeList("change-kind")]


class ChangeSituationReported(Data):
    """A change situation came to be known [2.3]."""

    KEY = "situation_id"

    situation_id: SituationId
    business_id: BusinessId
    municipality: MunicipalityCode
    employees: Count
    affected: Count
    kind: ChangeKind
    known_on: Day
    public_on: Day | None = None
    reported_by: StaffId
    authority_notice_required: bool


class AuthorityNotified(Data):
    """The labour authority was told of the change situation [2.3]."""

    KEY = "situation_id"

    situation_id: SituationId
    municipality: MunicipalityCode
    kind: ChangeKind
    known_on: Day
    on: Day
    notifier: Literal["employer", "municipality"]


class ChangeSituationClosed(Data):
    """A change situation was dealt with [2.3]."""

    KEY = "situation_id"

    situation_id: SituationId
    municipality: MunicipalityCode
    kind: ChangeKind
    known_on: Day
    on: Day
    result: Annotated[Code, CodeList("change-result")]

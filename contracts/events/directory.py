"""`shared.directory.v1`: who is who and who holds which seat. No address, no reason of absence."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from contracts.envelope import Data
from contracts.fields import (
    DataClass,
    Day,
    GroupCode,
    Name,
    OrganisationCode,
    RoleCode,
    ServiceCode,
    StaffId,
)


class StaffListed(Data):
    """A member of staff, by name and roles."""

    KEY = "staff_id"

    staff_id: StaffId
    name: Annotated[Name, DataClass.STAFF]
    organisation: OrganisationCode
    roles: tuple[RoleCode, ...]
    language: Literal["fi", "sv", "en"]


class SeatFilled(Data):
    """Who holds a seat (a role in an organisation, for a service or a group if need be), and who substitutes."""

    KEY = "{organisation}:{role}:{for}"

    organisation: OrganisationCode
    role: RoleCode
    service: ServiceCode | None = None
    group: GroupCode | None = None
    holder: StaffId | None = None
    substitutes: tuple[StaffId, ...]
    away_until: Day | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "required": ["service", "group"],
                "properties": {"service": {"type": "string"}, "group": {"type": "string"}},
            }
        }
    )

    @classmethod
    def subject_of(cls, data: Mapping[str, Any]) -> str | None:
        return super().subject_of({**data, "for": data.get("service") or data.get("group") or "-"})

    @model_validator(mode="after")
    def _service_or_group(self) -> Self:
        if self.service is not None and self.group is not None:
            raise PydanticCustomError(
                "rule",
                "must have at most one of service and group",
                {"finnish": "saa sisältää enintään toisen kentistä service ja group"},
            )
        return self

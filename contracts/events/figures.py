"""`shared.figures.v1`: published figures and report packs, for anyone with a reader account [6]."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from contracts.envelope import Data
from contracts.fields import (
    BatchId,
    Code,
    CodeList,
    Link,
    MeetingId,
    Number,
    PackId,
    Period,
    Revision,
    Sha256,
    Year,
)

Unit: TypeAlias = Literal["count", "percent", "days", "cents", "rating"]
Dimension = Annotated[Code, CodeList("dimension")]


class FigurePublished(Data):
    """A cell of a table; null and `suppressed` where it could be worked back to a person. Dimensions left out
    are totals; a higher `revision` replaces a lower one [6]."""

    KEY = "{table}:{period}:{measure}{dimensions}"

    table: Annotated[Code, CodeList("table")]
    measure: Annotated[Code, CodeList("measure")]
    period: Period
    dimensions: dict[Dimension, Code]
    value: Number | None
    unit: Unit
    suppressed: bool
    revision: Revision
    batch: BatchId
    plan_year: Year

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"suppressed": {"const": True}}},
            "then": {"properties": {"value": {"type": "null"}}},
            "else": {
                "if": {"properties": {"unit": {"enum": ["count", "cents"]}}},
                "then": {"properties": {"value": {"type": "integer"}}},
                "else": {"properties": {"value": {"type": "number"}}},
            },
        }
    )

    @classmethod
    def subject_of(cls, data: Mapping[str, Any]) -> str | None:
        dimensions = data.get("dimensions")
        if not isinstance(dimensions, Mapping) or not all(isinstance(v, str) for v in dimensions.values()):
            return None
        listed = ",".join(f"{name}={value}" for name, value in sorted(dimensions.items()))
        return super().subject_of({**data, "dimensions": f":{listed}" if listed else ""})

    @model_validator(mode="after")
    def _suppressed_has_no_value(self) -> Self:
        if (self.value is None) != self.suppressed:
            raise PydanticCustomError(
                "rule",
                "must be null when suppressed is true, and a number otherwise",
                {"field": "value", "finnish": "on oltava null, kun suppressed on true, ja muuten luku"},
            )
        if isinstance(self.value, float) and self.unit in ("count", "cents"):
            raise PydanticCustomError(
                "rule",
                "must be an integer where unit is count or cents",
                {"field": "value", "finnish": "on oltava kokonaisluku, kun unit on count tai cents"},
            )
        return self


class PackPublished(Data):
    """A report pack is sealed by its hash; `link` leads to a page behind sign-in [2.1, 6]."""

    KEY = "pack_id"

    pack_id: PackId
    kind: Annotated[Code, CodeList("pack-kind")]
    period: Period
    audience: Annotated[Code, CodeList("audience")]
    meeting_id: MeetingId | None = None
    sha256: Sha256
    link: Link

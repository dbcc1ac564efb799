"""What a plan's values are made of: labels, spans of time, seats, age limits, and where each is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

V = TypeVar("V")

Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
Frozen = Annotated[Mapping[Code, V], AfterValidator(MappingProxyType)]
"""A mapping by code that nobody can change, in the order of the file."""

SpanUnit = Literal["minutes", "hours", "business-days", "days", "weeks", "months", "years"]
SPAN_UNITS: tuple[SpanUnit, ...] = ("minutes", "hours", "business-days", "days", "weeks", "months", "years")
Side = Literal["area", "municipal", "shared"]


@dataclass(frozen=True)
class Provenance:
    """Where a value is from: sections of the plan, comma-separated, or None where somebody assumed it.

    In a copy of another year's plan `assumed` is true throughout, and `section` says which section was copied.
    """

    section: str | None
    assumed: bool
    unit: str | None = None

    def __str__(self) -> str:
        return "assumed" if self.assumed or self.section is None else self.section


class Part(BaseModel):
    """A part of a plan: exact types, no field that is not known, nothing changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Label(Part):
    """How a code is called; Swedish where a client or the public reads it."""

    fi: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]
    sv: str | None = None

    def text(self, language: str) -> str:
        """In `fi`, `sv` or `en`; Finnish where there is no other."""
        return {"en": self.en, "sv": self.sv}.get(language) or self.fi


class Span(Part):
    """A length of time, as `chassis.calendar` counts it on from a day or a moment."""

    value: Annotated[int, Field(ge=0)]
    unit: SpanUnit

    @property
    def delta(self) -> timedelta:
        """Of minutes, hours, days and weeks; the others have no fixed length: `ValueError`."""
        if self.unit in ("business-days", "months", "years"):
            raise ValueError(f"{self.unit} have no fixed length: count them with the calendar")
        return timedelta(**{self.unit: self.value})

    def __str__(self) -> str:
        return f"{self.value} {self.unit}"


class Seat(Part):
    """A role in an organisation."""

    organisation: Code
    role: Code


class RosterSeat(Seat):
    """A member's seat of a group: none, one or several substitutes, roles of the same organisation."""

    substitutes: tuple[Code, ...] = ()
    note: str | None = None


class Ages(Part):
    """Age limits in whole years, both ends included; None is no limit."""

    minimum: int | None = None
    maximum: int | None = None

    def admit(self, age: int) -> bool:
        """Whether somebody of this age is within the limits."""
        return (self.minimum is None or age >= self.minimum) and (self.maximum is None or age <= self.maximum)

    def may_admit(self, birth_year: int, on: date) -> bool:
        """Whether somebody born in that year can be within the limits on the day (the birthday is not known)."""
        return self.admit(on.year - birth_year) or self.admit(on.year - birth_year - 1)


NO_LIMITS = Ages()

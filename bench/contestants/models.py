"""The event types as a pydantic union and as a msgspec union: every field checked, none extra."""
from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar, Union
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field

PREFIX, SUFFIX = "fi.yhdyspinta.", ".v1"
Municipality = Literal["lempaala", "vesilahti"]
Service = Literal["coaching", "workshop", "recruitment", "entrepreneur"]
SHAPES = {  # type -> (field, kind) of its data, beside those common to all
    "BenchReferralOffered": {"needs": list[str], "priority": int},
    "BenchConsentRecorded": {"scope": list[str], "version": int},
    "BenchCoachingStarted": {"coach": str, "planned_weeks": int},
    "BenchVisitMade": {"place": str, "minutes": int},
    "BenchCoachingEnded": {"outcome": str, "weeks": int},
    "BenchLeadRouted": {"company": str, "openings": int},
    "BenchLeadFulfilled": {"company": str, "filled": int},
    "BenchFeedbackReceived": {"channel": str, "score": int},
}
D = TypeVar("D")


class Data(BaseModel):
    model_config = ConfigDict(extra="forbid")
    subject_id: str
    sequence: int
    municipality: Municipality
    service: Service
    provider: str
    note: str


class Envelope(BaseModel, Generic[D]):
    model_config = ConfigDict(extra="forbid")
    specversion: Literal["1.0"]
    id: UUID
    source: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"]
    data: D


def _model(kind, shape):
    name = kind
    data = type(name + "Data", (Data,), {"__annotations__": shape, "__module__": __name__})
    return type(name, (Envelope[data],), {"__annotations__": {"type": Literal[PREFIX + kind + SUFFIX]}, "__module__": __name__})


Event = Annotated[Union[tuple(_model(k, s) for k, s in SHAPES.items())], Field(discriminator="type")]


def _struct(kind, shape):
    name = kind
    data = msgspec.defstruct(name + "Data", [("subject_id", str), ("sequence", int), ("municipality", Municipality), ("service", Service), ("provider", str),
                                             ("note", str), *shape.items()], forbid_unknown_fields=True)
    return msgspec.defstruct(name, [
        ("specversion", Literal["1.0"]), ("id", UUID), ("source", str), ("subject", str), ("time", datetime),
        ("datacontenttype", Literal["application/json"]), ("data", data),
    ], tag=PREFIX + kind + SUFFIX, tag_field="type", forbid_unknown_fields=True)


EventStruct = Union[tuple(_struct(k, s) for k, s in SHAPES.items())]

"""What the API of the client situation takes and gives."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from chassis.calendar import helsinki_day
from chassis.obligations import Obligation
from contracts.fields import Count, MunicipalityCode, StaffId
from services.coaching.client_situation import domain
from services.coaching.client_situation.domain import Counts, Situation


class ResidentsSent(BaseModel):
    """The month's numbers of one municipality's residents."""

    municipality: MunicipalityCode
    clients: Count = Field(description="Persons with a begun case open on a day of the month.")
    new_clients: Count = Field(description="Those of them with no earlier service of this kind at this provider.")
    ended: Count = Field(description="Cases that ended in the month.")
    waiting: Count = Field(description="Approaches that had neither begun nor closed at the end of the month.")

    model_config = ConfigDict(extra="forbid")

    @property
    def counts(self) -> Counts:
        return domain.as_counts(self.model_dump())


class SituationSent(BaseModel):
    """What the manager tells the employment area of a month [3.2]."""

    free_places: Count | None = Field(None, description="How many more clients the service can take; null: not told.")
    more_referrals_wanted: bool
    residents: list[ResidentsSent] | None = Field(
        None, description="Each municipality served; left out: as the system counts. The area gets null for what is "
                          "below the plan's threshold.")
    reported_by: StaffId = Field(description="The manager's staff id.")
    revision: int | None = Field(None, ge=0, description="As you read it; refused with 409 if it was sent meanwhile.")

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "free_places": 3, "more_referrals_wanted": True, "reported_by": "leena-laine",
        "residents": [
            {"municipality": "lempaala", "clients": 61, "new_clients": 12, "ended": 9, "waiting": 7},
            {"municipality": "vesilahti", "clients": 14, "new_clients": 5, "ended": 2, "waiting": 0},
        ],
    }]})


class ResidentsShown(BaseModel):
    municipality: str
    clients: int
    new_clients: int
    ended: int
    waiting: int


class ReportShown(BaseModel):
    """What was told last."""

    residents: list[ResidentsShown]
    free_places: int | None
    more_referrals_wanted: bool
    reported_by: str
    reported_at: datetime


class SituationShown(BaseModel):
    """A month of a service, for its own provider: small numbers stand in it."""

    provider: str
    service: str
    month: str = Field(examples=["2026-10"])
    counted: list[ResidentsShown] = Field(description="As the system counts now, by residence.")
    told: ReportShown | None
    revision: int = Field(description="How often the month was sent.")


class MonthShown(BaseModel):
    service: str
    month: str = Field(examples=["2026-10"])
    told_at: datetime | None
    due_on: date | None = Field(description="By when it is to be told, while it is not.")


class MonthsShown(BaseModel):
    months: list[MonthShown]


def whole(situation: Situation) -> SituationShown:
    told = situation.report
    return SituationShown(
        provider=situation.provider, service=situation.service, month=situation.month,
        counted=[ResidentsShown(municipality=code, **vars(each)) for code, each in situation.counted.items()],
        told=ReportShown(
            residents=[ResidentsShown(municipality=code, **vars(each)) for code, each in told.residents.items()],
            free_places=told.free_places, more_referrals_wanted=told.more_referrals_wanted,
            reported_by=told.reported_by, reported_at=told.reported_at,
        ) if told else None,
        revision=situation.revision,
    )


def month(service: str, code: str, told_at: datetime | None, owed: Obligation | None) -> MonthShown:
    return MonthShown(service=service, month=code, told_at=told_at, due_on=helsinki_day(owed.due_at) if owed else None)

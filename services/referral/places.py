"""Services and places: what providers reported each month of their clients and free places [3.2].

The newest month is shown to whoever refers next, the months before beside it. A count that is null was below the
plan's threshold where it was reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Session
from contracts.envelope import Event
from contracts.events.coaching import ClientSituationReported, Residents
from services.referral.store import situations

MONTHS = 12
"""How many months of a service are shown."""


@dataclass(frozen=True)
class Situation:
    """What a provider reported of one month of a service. `month` is `YYYY-MM`."""

    provider: str
    service: str
    month: str
    free_places: int | None
    more_referrals_wanted: bool
    residents: tuple[Residents, ...]
    reported_at: datetime

    def of(self, municipality: str) -> Residents | None:
        """What it tells of the residents of one municipality."""
        return next((each for each in self.residents if each.municipality == municipality), None)


Situations = Mapping[tuple[str, str], Sequence[Situation]]
"""By provider and service, the newest month first."""


async def keep(db: Session, event: Event[ClientSituationReported]) -> None:
    """What the provider reported of a month; a later report of the month replaces it whatever comes first."""
    told = event.data
    row = {"provider": told.provider, "service": told.service, "month": told.month, "event_id": event.id,
           "reported_at": event.time, "free_places": told.free_places,
           "more_referrals_wanted": told.more_referrals_wanted,
           "residents": [each.model_dump() for each in told.residents]}
    statement = upsert(situations).values(row)
    known = tuple_(situations.c.reported_at, situations.c.event_id)
    await db.execute(statement.on_conflict_do_update(
        index_elements=["provider", "service", "month"], set_=row,
        where=known < tuple_(statement.excluded.reported_at, statement.excluded.event_id),
    ))


async def every(db: Session) -> Situations:
    """What was reported of the last months of each service."""
    found = await db.execute(
        select(*[situations.c[name] for name in Situation.__dataclass_fields__])
        .order_by(situations.c.provider, situations.c.service, situations.c.month.desc())
    )
    told = [Situation(**{**row, "residents": tuple(map(Residents.model_validate, row["residents"]))})
            for row in found.mappings()]
    return {
        which: tuple(months)[:MONTHS] for which, months in groupby(told, lambda each: (each.provider, each.service))
    }


async def newest(db: Session) -> Mapping[tuple[str, str], Situation]:
    """By provider and service, what was reported of the newest month."""
    return {which: months[0] for which, months in (await every(db)).items()}

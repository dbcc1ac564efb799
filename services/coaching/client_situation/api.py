"""The API of the client situation: the same acts as the pages, for a provider's own programs."""

from typing import Annotated, Any

from fastapi import Path

from chassis.web import Db, Routes, Who
from services.coaching.access import MANAGERS
from services.coaching.client_situation import handlers, schemas
from services.coaching.client_situation.handlers import Wish
from services.coaching.client_situation.schemas import MonthsShown, SituationSent, SituationShown

routes = Routes("Client situation")
Service = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$", examples=["coaching"])]
Month = Annotated[str, Path(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$", examples=["2026-10"])]


@routes.api(
    "GET", "/api/client-situations", policy=MANAGERS, scope="situations:read", response_model=MonthsShown,
    summary="The months of each service, and which are still to be told",
)
async def months(db: Db, who: Who) -> Any:
    """Of your own organisation, newest first. A month is opened when it is over."""
    return MonthsShown(months=[
        schemas.month(each.service, each.month, each.report.reported_at if each.report else None, each.owed)
        for each in await handlers.months(db, who)
    ])


@routes.api(
    "GET", "/api/client-situations/{service}/{month}", policy=MANAGERS, scope="situations:read",
    response_model=SituationShown, summary="One month: what the system counts, and what was told",
)
async def show(service: Service, month: Month, db: Db, who: Who) -> Any:
    """For the provider's own eyes: small numbers stand in it, which the employment area never sees."""
    return schemas.whole(await handlers.situation(db, who, service, month))


@routes.api(
    "POST", "/api/client-situations/{service}/{month}", policy=MANAGERS, scope="situations",
    response_model=SituationShown, summary="Tell the employment area of a month",
)
async def report(service: Service, month: Month, sent: SituationSent, db: Db, who: Who) -> Any:
    """Only a month that is over. Sent again, it replaces what was told; where somebody sent it after you read it
    (`revision`), it is refused with 409."""
    residents = None if sent.residents is None else {each.municipality: each.counts for each in sent.residents}
    wish = Wish(sent.free_places, sent.more_referrals_wanted, sent.reported_by, residents, sent.revision)
    return schemas.whole(await handlers.report(db, who, service, month, wish))

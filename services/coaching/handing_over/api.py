"""The API of handing over all that a coach has open."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

from chassis.web import Db, Routes, Who, allow
from services.coaching import access
from services.coaching.cases.schemas import HandOver
from services.coaching.handing_over import handlers

routes = Routes("Handing over")
HANDERS = allow(*access.ROLES, access.MANAGER, own="organisation")
"""Colleagues among themselves, and the manager for coaching and Pointti."""
Staff = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$", description="A staff id.", examples=["sanni-salo"])]


class HandedOver(BaseModel):
    """How many cases have another coach, and how many stayed: the colleague does not work in their service."""

    cases: int = Field(examples=[23])
    stayed: int = Field(examples=[0])


@routes.api(
    "POST", "/api/coaches/{staff_id}/successor", policy=HANDERS, scope="cases", response_model=HandedOver,
    summary="Hand over all open cases of a coach",
)
async def hand_over_all(staff_id: Staff, to: HandOver, db: Db, who: Who) -> Any:
    """For one who is away for long, or leaves. The employment area learns nothing of it."""
    done = await handlers.hand_over_all(db, staff_id, to.coach, access.by(who, db.now))
    return HandedOver(cases=done.cases, stayed=done.stayed)

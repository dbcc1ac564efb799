"""The API of handing over: one referral, or all that a case manager has."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, Field

from chassis.web import Db, Routes, Who, allow
from contracts.fields import StaffId
from services.referral import schemas, shown
from services.referral.api import Id
from services.referral.handing_over import handlers
from services.referral.schemas import Body, ReferralShown

routes = Routes("Handing over")
HANDERS = allow("case-manager", "service-supervisor", "service-manager", own="organisation")
"""Case managers among themselves, and their supervisors."""
Staff = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$", description="A staff id.", examples=["mikko-maki"])]


class HandOver(Body):
    """Who has the client from now on."""

    case_manager: StaffId = Field(description="A case manager of your own organisation.", examples=["aino-esimerkki"])
    instead_of: StaffId | None = Field(
        None, description="Who had it when this was decided: refused with 409 where another has it by now.",
        examples=["mikko-maki"],
    )


class Successor(Body):
    """Who has everything from now on."""

    case_manager: StaffId = Field(description="A case manager of your own organisation.", examples=["aino-esimerkki"])


class HandedOver(BaseModel):
    """How many referrals have another case manager."""

    referrals: int = Field(examples=[14])


@routes.api(
    "POST", "/api/referrals/{referral_id}/case-manager", policy=HANDERS, scope="referrals",
    response_model=ReferralShown, summary="Hand a referral over to another case manager",
)
async def hand_over(referral_id: Id, to: HandOver, db: Db, who: Who) -> Any:
    """What the case manager owes of it is the colleague's from now on; deadlines stay. The provider is told whom to
    talk to."""
    await handlers.hand_over(db, referral_id, to.case_manager, who, to.instead_of)
    return schemas.whole(await shown.whole(db, referral_id, who))


@routes.api(
    "POST", "/api/case-managers/{staff_id}/successor", policy=HANDERS, scope="referrals",
    response_model=HandedOver, summary="Hand over all that a case manager has open",
)
async def hand_over_all(staff_id: Staff, to: Successor, db: Db, who: Who) -> Any:
    """For one who is away for long, or leaves."""
    return HandedOver(referrals=await handlers.hand_over_all(db, staff_id, to.case_manager, who))

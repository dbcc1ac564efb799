"""A referral as people and programs of the employment area see it: what the plan lets the area know, no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chassis import audit, obligations, proofs, restriction
from chassis.database import Session
from chassis.keys import State
from chassis.obligations import Obligation
from chassis.policy import Principal
from chassis.restriction import Restriction
from contracts import plan
from services.referral import duties, own_copy, receipt, store
from services.referral.courses import ERASING
from services.referral.domain import Referral
from services.referral.store import Acknowledgement, Entry
from services.referral.work_trials import store as work_trials
from services.referral.work_trials.domain import Proposal


class Details(StrEnum):
    """Whether the area can read the name and phone of a referral."""

    KEPT = "kept"
    LOST = "lost"
    ERASING = "erasing"
    ERASED = "erased"


_DETAILS = {
    State.LIVE: Details.KEPT, State.LOST: Details.LOST, State.ERASING: Details.ERASING, State.ERASED: Details.ERASED,
}


@dataclass(frozen=True)
class Whole:
    """All that a referral's page shows, contact details aside."""

    referral: Referral
    details: Details
    entries: Sequence[Entry]
    heard: Sequence[Acknowledgement]
    open: Sequence[Obligation]
    own_copy: receipt.OwnCopyErased
    restricted: Restriction | None
    trials: Sequence[Proposal]

    @property
    def is_receipt_whole(self) -> bool:
        """Both sides have erased, and the provider has said so."""
        return self.referral.acknowledged_at is not None and self.own_copy.at is not None

    def obligation(self, kind: str) -> Obligation | None:
        return next((each for each in self.open if each.kind == kind), None)

    @property
    def is_return_waiting(self) -> bool:
        return self.obligation(duties.ACT_ON_RETURN) is not None


async def whole(db: Session, referral_id: str, by: Principal) -> Whole:
    """A referral of the reader's own organisation. Raises `Refused` with `NotFound`."""
    referral = await store.referral(db, referral_id, organisation=by.organisation)
    return await whole_of(db, referral)


async def read(db: Session, referral_id: str, by: Principal, act: str = "referral") -> Whole:
    """As `whole`, for somebody who opens it: the audit log says so."""
    seen = await whole(db, referral_id, by)
    await audit.read(db, "referral", seen.referral.id, by, act)
    return seen


async def whole_of(db: Session, referral: Referral) -> Whole:
    keys = await own_copy.keys(db, referral.id)
    erased = [key.erased_at for key in keys if key.erased_at]
    at = max(erased) if referral.status in ERASING and len(erased) == len(keys) else None
    return Whole(
        referral=referral,
        details=_DETAILS[keys[-1].state],
        entries=await store.entries(db, referral.id),
        heard=await store.acknowledged(db, referral.id),
        open=await obligations.about(db, duties.ABOUT, referral.id),
        own_copy=receipt.OwnCopyErased(at, db.settings.keys_backup_days),
        restricted=await restriction.in_force(db, duties.ABOUT, referral.id),
        trials=await work_trials.of_referral(db, referral.id),
    )


def signed_receipt(db: Session, seen: Whole, key: proofs.SigningKey) -> dict[str, object]:
    """The receipt as it stands now, signed."""
    rules = plan.on(seen.referral.referred_on)
    return receipt.sign(receipt.build(
        seen.referral, seen.heard, seen.own_copy, rules, db.now,
        f"{db.settings.public_url}{db.settings.prefix_path}/privacy"), key)

"""Referrals are handed over, one or all of a colleague's, and with them what the case manager owes."""

from collections.abc import Sequence

from chassis import audit, obligations, outbox
from chassis.database import Session
from chassis.decisions import Refused, decided_or_raise
from chassis.obligations import Obligation
from chassis.policy import Principal
from contracts.fields import StaffId
from services.referral import duties, lists, store
from services.referral.domain import Referral
from services.referral.handing_over import domain
from services.referral.handing_over.domain import CASE_MANAGER
from services.referral.refusals import NotAColleague


async def hand_over(db: Session, referral_id: str, to: str, by: Principal, seen: str | None = None) -> Referral:
    """One referral is a colleague's from now on; deadlines stay. `seen`: who had it when this was decided, who has it
    as the command comes unless given: of two at the same instant one wins.

    Raises `Refused`: `NotFound`, `NotAColleague`, `NothingToHandOver`, `HandedOverMeanwhile`.
    """
    await _check_colleague(db, to, by)
    seen = seen or (await store.referral(db, referral_id, organisation=by.organisation)).case_manager
    referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
    owed = await obligations.about(db, duties.ABOUT, referral.id)
    return await _give(db, referral, StaffId(to), by, owed, seen)


async def hand_over_all(db: Session, of: str, to: str, by: Principal) -> int:
    """Whatever is open of a case manager is a colleague's from now on. Returns how many referrals.

    Raises `Refused`: `NotAColleague`.
    """
    await _check_colleague(db, to, by)
    if of == to:
        raise Refused(NotAColleague())
    given = 0
    for referral_id in await lists.held_by(db, by.organisation or "", of):
        referral = await store.referral(db, referral_id, organisation=by.organisation, for_update=True)
        owed = await obligations.about(db, duties.ABOUT, referral.id)
        if referral.case_manager == of and (referral.is_open or _waits(owed)):
            await _give(db, referral, StaffId(to), by, owed)
            given += 1
    await obligations.hand_over_all(db, organisation=by.organisation or "", role=CASE_MANAGER, owner=of, to=to)
    return given


async def _give(
    db: Session, referral: Referral, to: StaffId, by: Principal, owed: Sequence[Obligation], seen: str | None = None
) -> Referral:
    changed, events = decided_or_raise(domain.hand_over(referral, to, _waits(owed), seen))
    if changed is referral:
        return referral
    await store.save(db, changed)
    await outbox.add(db, *events)
    await obligations.hand_over(db, duties.ABOUT, referral.id, owner=to, role=CASE_MANAGER)
    await store.note(db, referral.id, "handed-over", store.named(by), to=to)
    await audit.changed(db, "referral", referral.id, by, "hand-over")
    return changed


def _waits(owed: Sequence[Obligation]) -> bool:
    return any(each.owner_role == CASE_MANAGER for each in owed)


async def _check_colleague(db: Session, to: str, by: Principal) -> None:
    if to not in dict(await lists.colleagues(db, by.organisation or "", CASE_MANAGER)):
        raise Refused(NotAColleague())

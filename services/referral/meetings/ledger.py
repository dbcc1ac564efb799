"""What a three-party meeting and an invitation owe, and what ends with their referral.

The ledger is brought to where a meeting stands whenever it changes, so a late or repeated event needs no rule of its
own.
"""

from chassis import obligations
from chassis.database import Session
from services.referral import duties, store
from services.referral.domain import Referral
from services.referral.meetings import invitations, three_party
from services.referral.meetings import store as meetings
from services.referral.meetings.three_party import ThreeParty


async def settle(db: Session, referral: Referral, meeting: ThreeParty) -> None:
    """Brings the ledger to what the case manager owes of the referral's meeting: what was done is met, what fell away
    is cancelled."""
    owed = three_party.owed(meeting)
    there = {each.kind: each for each in await obligations.about(db, duties.ABOUT, referral.id)}
    for kind in (three_party.ANSWER, three_party.ATTEND):
        if kind not in there or (kind in owed and owed[kind] in (None, there[kind].due_at)):
            continue
        close = obligations.meet if three_party.met(kind, meeting) and kind not in owed else obligations.cancel
        await close(db, kind, duties.ABOUT, referral.id)
    for kind, due_at in owed.items():
        await obligations.open_(
            db, kind, duties.ABOUT, referral.id, owner_organisation=referral.organisation, owner=referral.case_manager,
            service=referral.service, municipality=referral.municipality, due_at=due_at)


async def referral_closed(db: Session, referral: Referral, with_invitations: bool) -> None:
    """No three-party meeting of the referral is under way any more. After a withdrawal, cancellation or return
    (`with_invitations`) nobody answers an invitation that names it either."""
    for each in await meetings.three_parties_of(db, referral.id):
        if each.is_under_way:
            closed = three_party.close(each, db.now)
            await meetings.save_three_party(db, closed)
            await settle(db, referral, closed)
            await store.note(db, referral.id, "three-party-fell-away", referral.organisation)
    for invitation in await meetings.invitations_of(db, referral.id) if with_invitations else ():
        await meetings.save_invitation(db, invitations.close(invitation))
        await obligations.cancel(db, invitations.AWAIT, invitations.ABOUT, invitation.id)

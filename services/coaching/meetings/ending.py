"""What ends with a referral: invitations to meetings of its client."""

from chassis import obligations
from chassis.database import Session
from services.coaching.meetings import invitations, store


async def referral_closed(db: Session, referral_id: str) -> None:
    """After a withdrawal, cancellation or return nobody answers an invitation that names the referral any more."""
    for each in await store.invitations_of(db, referral_id):
        await store.save_invitation(db, invitations.fall_away(each))
        await obligations.cancel(db, invitations.ANSWER, invitations.ABOUT, each.id)

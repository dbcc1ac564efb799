"""What the data protection officer's pages are told of referrals: whose they are, and words for the acts."""

from collections.abc import Collection, Mapping

from chassis.database import Session
from chassis.officer.log import Records
from chassis.web import N_
from services.referral import lists

ACTS = {
    "read:referral": N_("opened the referral"), "read:reveal": N_("looked at the contact details"),
    "read:receipt": N_("looked at the receipt"), "read:seal": N_("the system sealed the contact details"),
    "change:refer": N_("referred the client"), "change:withdraw-consent": N_("recorded the withdrawal"),
    "change:cancel-referral": N_("cancelled the referral"),
    "change:return-referral": N_("the provider returned the referral"),
    "change:acknowledge-erasure": N_("the provider acknowledged the erasure"),
    "change:details-given-again": N_("wrote down lost contact details again"),
    "change:details-corrected": N_("corrected the contact details"),
    "change:settle-return": N_("dealt with the return"),
}


async def _names(db: Session, ids: Collection[str]) -> Mapping[str, str]:
    return await lists.names(db, list(ids))


RECORDS = Records("select id::text as id, organisation, number from referrals", _names, ACTS)

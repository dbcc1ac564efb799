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
    "change:settle-return": N_("dealt with the return"), "change:hand-over": N_("handed the referral over"),
    "change:ask-three-party": N_("the coach asked for a three-party meeting"),
    "change:call-off-three-party": N_("the coach called the three-party meeting off"),
    "change:three-party-agreed": N_("agreed on a three-party meeting"),
    "change:three-party-moved": N_("moved the three-party meeting"),
    "change:three-party-declined": N_("declined the three-party meeting"),
    "change:three-party-held": N_("recorded the three-party meeting as held"),
    "change:invite": N_("invited to a meeting"), "read:invitation": N_("opened an invitation"),
    "change:answer-invitation": N_("the invitation was answered"),
    "change:settle-invitation": N_("waited for no answer any more"),
    "change:ask-case-manager": N_("an Ohjaamo asked for a case manager"),
    "change:answer-request": N_("answered the Ohjaamo"), "read:request": N_("opened the Ohjaamo's request"),
    "change:propose-work-trial": N_("the workshop proposed a work trial"),
    "change:answer-work-trial-proposal": N_("answered the work trial's proposal"),
}


async def _names(db: Session, ids: Collection[str]) -> Mapping[str, str]:
    return await lists.names(db, list(ids))


RECORDS = Records("select id::text as id, organisation, number from referrals", _names, ACTS)

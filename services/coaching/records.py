"""What the data protection officer's pages are told of coaching's records: whose they are, and words for its acts."""

from chassis.officer.log import Records
from chassis.web import N_
from services.coaching import directory

ACTS = {
    "read:case": N_("opened the case"), "read:contact-details": N_("looked at the contact details"),
    "read:try-seal": N_("the system tried the sealed contact details"),
    "change:open": N_("opened a case"), "change:record-attempt": N_("recorded an attempt"),
    "change:book-appointment": N_("booked a time"), "change:hold-meeting": N_("recorded a meeting"),
    "change:start": N_("told that the service began"), "change:end": N_("ended the case"),
    "change:return": N_("gave the referral back"), "change:return-unopened": N_("the referral went back unopened"),
    "change:close-unbegun": N_("closed without a beginning"), "change:withdraw": N_("recorded the withdrawal"),
    "change:withdrawal": N_("the client withdrew the consent"),
    "change:cancellation": N_("the case manager took the referral back"), "change:review": N_("reviewed the case"),
    "change:hand-over": N_("handed the case over"), "change:came-before": N_("joined two cases of one client"),
    "change:start-period": N_("began a period"), "change:end-period": N_("ended a period"),
    "change:erase-links": N_("erased the links to figures"),
}
RECORDS = Records(
    "select case_id::text as id, provider as organisation, number from cases "
    "union all select referral_id::text, provider, number from referrals where number is not null",
    directory.names, ACTS)

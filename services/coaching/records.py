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
    "change:begin-period": N_("began a period"), "change:end-period": N_("ended a period"),
    "change:join": N_("joined a case of PARty to the referral's"), "change:told": N_("PARty told of something"),
    "change:miss-appointment": N_("recorded that the client did not come"),
    "change:go-on": N_("recorded that the service goes on"),
    "change:receive-visitor": N_("received a visitor at the Ohjaamo"),
    "change:ask-three-party": N_("asked for a three-party meeting"),
    "change:call-off-three-party": N_("called the three-party meeting off"),
    "change:answer-three-party": N_("the case manager answered about the three-party meeting"),
    "change:invite": N_("the case manager invited to a meeting"), "read:invitation": N_("opened an invitation"),
    "change:answer-invitation": N_("answered an invitation"),
    "change:ask-case-manager": N_("asked for a case manager"),
    "change:answer-request": N_("the case manager answered the request"),
    "change:settle-request": N_("waited for no answer any more"),
    "change:keep-place": N_("gave a place in a group"), "change:leave-place": N_("gave the place in a group up"),
    "change:make-group": N_("made a group"), "change:change-group": N_("changed a group"),
    "change:follow-group": N_("moved a place with its group"), "change:remove-group": N_("removed a group"),
    "change:agree-tet": N_("agreed on a TET period"), "change:end-tet": N_("recorded the end of a TET period"),
    "change:propose-work-trial": N_("proposed a work trial"),
    "change:leave-proposal-unsent": N_("left a work trial unproposed"),
    "change:answer-work-trial-proposal": N_("the case manager answered the work trial's proposal"),
    "change:record-phenomena": N_("recorded the month's phenomena"),
    "change:report-client-situation": N_("reported the client situation"),
    "change:erase-links": N_("erased the links to figures"),
}
RECORDS = Records(
    "select case_id::text as id, provider as organisation, number from cases "
    "union all select referral_id::text, provider, number from referrals where number is not null",
    directory.names, ACTS)

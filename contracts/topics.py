"""The topic registry: who writes what, who reads it, how long it is kept and why [events.md, Topics].

It is the boundary. Topics, users and access lists of the broker are made from it, and so are the AsyncAPI
document and the boundary report; what it does not name, nobody may do. Writers and readers are principals:
one of our services by its name, or another system by its client name (`lempaala-party`).
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TypeAlias

from contracts.envelope import Data
from contracts.events import (
    audit_heads,
    casework,
    change_security,
    coaching,
    contact_details,
    directory,
    feedback,
    figures,
    leads,
    meetings,
    notices,
    obligations,
    outcomes,
    referrals,
    rejections,
    results,
    triage,
    visits,
)
from contracts.fields import DataClass
from contracts.registry import Cleanup, Keep, System, Topic, milliseconds

__all__ = ["SERVICES", "SYSTEMS", "TOPICS", "Cleanup", "Keep", "System", "Topic"]

SERVICES: Mapping[str, str] = MappingProxyType({
    "referral": "/tampere-region/referral",
    "coaching": "/municipal/coaching",
    "leads": "/shared/leads",
    "feedback": "/municipal/feedback",
    "notify": "/shared/notify",
    "reporting": "/shared/reporting",
})
"""Our services and the `source` of their events."""

SYSTEMS: Mapping[str, System] = MappingProxyType({s.name: s for s in (
    System("lempaala-party", "municipal.from-lempaala-party.v1", "lempaala", "party"),
    System("vesilahti-party", "municipal.from-vesilahti-party.v1", "vesilahti", "party"),
    System("lempaala-feedback", "municipal.from-lempaala-feedback.v1", "lempaala", "feedback"),
    System("vesilahti-feedback", "municipal.from-vesilahti-feedback.v1", "vesilahti", "feedback"),
    System("lempaalan-kehitys-crm", "shared.from-lempaalan-kehitys-crm.v1", "lempaalan-kehitys", "crm"),
    System("tampere-region-crm", "shared.from-tampere-region-crm.v1", "tampere-region", "crm"),
    System("business-tampere-crm", "shared.from-business-tampere-crm.v1", "business-tampere", "crm"),
    System("tampere-region-bi", "area.results.v1", "tampere-region", "bi"),
)})
"""Other systems by their principal; each writes one topic."""

PARTIES = ("lempaala-party", "vesilahti-party")
FEEDBACK_SYSTEMS = ("lempaala-feedback", "vesilahti-feedback")
CRMS = ("lempaalan-kehitys-crm", "tampere-region-crm", "business-tampere-crm")
BI = ("tampere-region-bi",)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INTAKE = Keep(30 * DAY, "longest outage of the service that takes it in; what it accepts is on its own topic",
              "vastaanottavan palvelun pisin katko; hyväksytty on palvelun omassa aiheessa")
FEEDBACK_INTAKE = Keep(14 * DAY, "free text may hold personal data: no longer than an outage lasts",
                       "vapaa teksti voi sisältää henkilötietoja: enintään katkon ajan")
YEAR = Keep(488 * DAY, "a year's figures are rebuilt from its events until it is final on 31 March, and a month more",
            "vuoden luvut lasketaan tapahtumista, kunnes vuosi vahvistuu 31.3., ja kuukausi päälle")
TWO_YEARS = Keep(823 * DAY, "this year and the year before are compared, and corrected late: 27 months",
                 "kuluvaa ja edellistä vuotta verrataan ja korjataan jälkikäteen: 27 kuukautta")
SEALED = Keep(30 * DAY, "a receiver's longest outage; the key erases before, this tidies up",
              "vastaanottajan pisin katko; avain poistaa jo ennen, tämä siivoaa")
LATEST = Keep(None, "the latest of each key is what holds", "kunkin avaimen viimeisin on voimassa")
AUDIT = Keep(1827 * DAY, "as long as the audit logs whose heads they are: 5 years",
             "yhtä kauan kuin lokit, joiden päitä ne ovat: 5 vuotta")
LETTERS = Keep(90 * DAY, "time to correct and replay, a new plan's codes included",
               "aika korjata ja käsitellä uudelleen, myös uuden suunnitelman koodit")
SEALED_LETTERS = Keep(30 * DAY, "no longer than the contact details that may lie in them",
                      "enintään yhtä kauan kuin yhteystiedot, joita niissä voi olla")
FEEDBACK_LETTERS = Keep(14 * DAY, "no longer than the free text that may lie in them",
                        "enintään yhtä kauan kuin vapaa teksti, jota niissä voi olla")
REFUSED = Keep(90 * DAY, "time for a sender to read why and send again",
               "aika lähettäjälle lukea syy ja lähettää uudelleen")

COMPACTED = {"min.cleanable.dirty.ratio": "0.1", "max.compaction.lag.ms": str(milliseconds(DAY))}
SEALED_COMPACTION = {
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": str(milliseconds(6 * HOUR)),
    "delete.retention.ms": str(milliseconds(14 * DAY)),
}
"""A tombstone outlives a reader's longest outage; compaction is sooner than the plan's limit for erasing."""
Models: TypeAlias = tuple[type[Data], ...]

_REFERRALS: Models = (
    referrals.ReferralConsented, referrals.CaseManagerChanged, referrals.ConsentWithdrawn,
    referrals.ReferralCancelled, referrals.ThreePartyMeetingAgreed, referrals.ThreePartyMeetingDeclined,
    referrals.WorkTrialProposalAnswered, referrals.CaseManagerRequestAnswered, referrals.MeetingInvited,
)
_COACHING: Models = (
    coaching.ReceivingKeyOffered, coaching.ContactDetailsReceived, coaching.ContactDetailsErased,
    coaching.WithdrawalReported, coaching.ReferralReturned, coaching.CoachingStarted, coaching.CoachingEnded,
    coaching.ThreePartyMeetingRequested, coaching.ThreePartyMeetingCalledOff, coaching.WorkTrialProposed,
    coaching.CaseManagerRequested, coaching.MeetingInvitationAnswered, coaching.ClientSituationReported,
)
_CASEWORK: Models = (
    casework.CaseOpened, casework.ContactAttempted, casework.AppointmentBooked, casework.MeetingHeld,
    casework.PeriodStarted, casework.PeriodEnded, casework.TetAgreed, casework.TetEnded, casework.WithdrawalTold,
    casework.CaseClosed,
)
_OUTCOMES: Models = (
    outcomes.ApproachReceived, outcomes.ServiceBegan, outcomes.ServiceContinued, outcomes.ServiceContinuedInError,
    outcomes.ServiceEnded, outcomes.ServiceNotBegun, outcomes.PhenomenonObserved,
)
_VISITS_OF_ALL: Models = (
    visits.CompanyVisitPlanned, visits.CompanyVisitMoved, visits.CompanyVisitJoined, visits.CompanyVisitCancelled,
    visits.CompanyVisitMade, visits.DevelopmentPathUpdated,
)
_LEADS_OF_ALL: Models = (
    leads.LeadOpened, leads.LeadAccepted, leads.LeadReturned, leads.LeadFulfilled, leads.LeadWithdrawn,
    leads.EventPlanned, leads.EventHeld,
)
"""What a CRM may send too; flags, routes and targets are set by our service alone."""
_OBLIGATIONS: Models = (
    obligations.ObligationOpened, obligations.ObligationDueSoon, obligations.ObligationMissed,
    obligations.ObligationMet, obligations.ObligationCancelled,
)
_NOTICES: Models = (notices.NoticeSent, notices.NoticeUndeliverable, notices.NoticeUnknown)


def _party(name: str) -> Topic:
    return Topic(SYSTEMS[name].writes, (name,), ("coaching",), "case", INTAKE, DataClass.PSEUDONYMOUS,
                 _CASEWORK, partitions=3)


def _feedback(name: str) -> Topic:
    return Topic(SYSTEMS[name].writes, (name,), ("feedback",), "feedback", FEEDBACK_INTAKE, DataClass.PERSONAL,
                 (feedback.FeedbackSubmitted,), remark="free text may hold personal data", carries_no_trace=True,
                 segment=HOUR)


def _crm(name: str) -> Topic:
    return Topic(SYSTEMS[name].writes, (name,), ("leads",), "as the event", INTAKE, DataClass.COMPANY,
                 _VISITS_OF_ALL + _LEADS_OF_ALL, partitions=3, remark="may name a sole trader")


def _obligations(side: str, *writers: str) -> Topic:
    return Topic(f"{side}.obligations.v1", writers, ("notify", "reporting"), "obligation", YEAR,
                 DataClass.PSEUDONYMOUS, _OBLIGATIONS, partitions=3)


def _notices(side: str, *readers: str) -> Topic:
    return Topic(f"{side}.notices.v1", ("notify",), (*readers, "reporting"), "notice", YEAR,
                 DataClass.PSEUDONYMOUS, _NOTICES)


def _dead_letters(side: str, service: str, keep: Keep, data_class: DataClass, segment: timedelta | None = None,
                  remark: str = "") -> Topic:
    return Topic(f"{side}.{service}-dead-letter.v1", (service,), (service,), "as the record", keep, data_class,
                 remark=remark, segment=segment, dead_letters=True)


def _replays(side: str, service: str, keep: Keep, data_class: DataClass, segment: timedelta | None = None,
             remark: str = "") -> Topic:
    return Topic(f"{side}.{service}-replay.v1", (service,), (service,), "as the record", keep, data_class,
                 remark=remark, segment=segment, replays=True)


def _rejections(side: str, *writers: str) -> Topic:
    senders = tuple(s.name for s in SYSTEMS.values() if s.writes.startswith(f"{side}."))
    return Topic(f"{side}.rejections.v1", writers, senders, "source of the refused topic", REFUSED, DataClass.OPEN,
                 (rejections.EventRejected,))


_AREA = (
    Topic("area.referrals.v1", ("referral",), ("coaching", "notify", "reporting"), "referral, or as said", YEAR,
          DataClass.PSEUDONYMOUS, _REFERRALS, partitions=3),
    Topic("area.contact-details.v1", ("referral",), ("coaching",), "referral", SEALED, DataClass.PERSONAL,
          (contact_details.ContactDetailsSealed,), partitions=3, cleanup=Cleanup.BOTH, remark="sealed", tombstones=True,
          segment=HOUR, compaction=SEALED_COMPACTION),
    Topic("area.triage.v1", ("referral",), ("reporting",), "triage", YEAR, DataClass.OPEN,
          (triage.InquiryTriaged,)),
    Topic("area.results.v1", BI, ("reporting",), "<municipality>:<month>:results or :costs", TWO_YEARS,
          DataClass.OPEN, (results.ResultsReported, results.CostsReported)),
    _obligations("area", "referral"),
    _notices("area", "referral"),
    _dead_letters("area", "referral", LETTERS, DataClass.PSEUDONYMOUS),
    _replays("area", "referral", LETTERS, DataClass.PSEUDONYMOUS),
    _rejections("area", "reporting"),
)

_MUNICIPAL = (
    *map(_party, PARTIES),
    Topic("municipal.casework.v1", ("coaching",), ("coaching",), "case", YEAR, DataClass.PSEUDONYMOUS, _CASEWORK,
          partitions=3, republishes=tuple(SYSTEMS[p].writes for p in PARTIES)),
    Topic("municipal.outcomes.v1", ("coaching",), ("reporting",), "client, or as said", YEAR,
          DataClass.PSEUDONYMOUS, _OUTCOMES, partitions=3, carries_no_trace=True),
    *map(_feedback, FEEDBACK_SYSTEMS),
    Topic("municipal.feedback.v1", ("feedback",), ("notify", "reporting"), "feedback", YEAR,
          DataClass.PSEUDONYMOUS, (feedback.FeedbackReceived,), carries_no_trace=True),
    _obligations("municipal", "coaching", "feedback"),
    _notices("municipal", "coaching", "feedback"),
    _dead_letters("municipal", "coaching", SEALED_LETTERS, DataClass.PERSONAL, HOUR, "sealed"),
    _replays("municipal", "coaching", SEALED_LETTERS, DataClass.PERSONAL, HOUR, "sealed"),
    _dead_letters("municipal", "feedback", FEEDBACK_LETTERS, DataClass.PERSONAL, HOUR,
                  "free text may hold personal data"),
    _replays("municipal", "feedback", FEEDBACK_LETTERS, DataClass.PERSONAL, HOUR, "free text may hold personal data"),
    _rejections("municipal", "coaching", "feedback"),
)

_SHARED = (
    Topic("shared.coaching.v1", ("coaching",), ("referral", "notify", "reporting"), "referral, or as said", YEAR,
          DataClass.PSEUDONYMOUS, _COACHING, partitions=3),
    Topic("shared.feedback.v1", ("feedback",), ("notify", "reporting", *FEEDBACK_SYSTEMS), "feedback", YEAR,
          DataClass.PSEUDONYMOUS, (feedback.FeedbackReceived, feedback.FeedbackRouted, feedback.FeedbackAnswered),
          carries_no_trace=True),
    *map(_crm, CRMS),
    Topic("shared.visits.v1", ("leads",), ("leads", "notify", "reporting", *CRMS), "business id", TWO_YEARS,
          DataClass.COMPANY, (*_VISITS_OF_ALL, visits.CompanyVisitFlagged), partitions=3,
          remark="may name a sole trader", republishes=tuple(SYSTEMS[c].writes for c in CRMS)),
    Topic("shared.leads.v1", ("leads",), ("leads", "notify", "reporting", *CRMS), "lead, or as said", TWO_YEARS,
          DataClass.COMPANY, (*_LEADS_OF_ALL, leads.LeadRouted, leads.TargetSet), partitions=3,
          remark="may name a sole trader", republishes=tuple(SYSTEMS[c].writes for c in CRMS)),
    Topic("shared.change-security.v1", ("leads",), ("notify", "reporting"), "situation", YEAR, DataClass.COMPANY,
          (change_security.ChangeSituationReported, change_security.AuthorityNotified,
           change_security.ChangeSituationClosed), remark="confidential"),
    Topic("shared.directory.v1", ("notify",), ("referral", "coaching", "leads", "feedback", "reporting"),
          "staff id or seat", LATEST, DataClass.STAFF, (directory.StaffListed, directory.SeatFilled),
          cleanup=Cleanup.COMPACT, tombstones=True, compaction=COMPACTED),
    Topic("shared.meetings.v1", ("notify",), ("reporting", "leads"), "meeting", YEAR, DataClass.STAFF,
          (meetings.GroupMeetingSet, meetings.GroupMeetingCancelled, meetings.GroupMeetingHeld)),
    Topic("shared.figures.v1", ("reporting",), ("notify", *SYSTEMS),
          "<table>:<period>:<measure>:<dimension=value,…> sorted, or pack", LATEST, DataClass.OPEN,
          (figures.FigurePublished, figures.PackPublished), cleanup=Cleanup.COMPACT, carries_no_trace=True,
          open_to_accounts=True, compaction=COMPACTED),
    _obligations("shared", "leads", "feedback", "notify", "reporting"),
    _notices("shared", "leads", "feedback"),
    Topic("shared.audit-heads.v1", tuple(SERVICES), ("referral", "coaching"), "service of ours", AUDIT,
          DataClass.OPEN, (audit_heads.AuditHeadPublished,)),
    _dead_letters("shared", "leads", LETTERS, DataClass.PSEUDONYMOUS),
    _replays("shared", "leads", LETTERS, DataClass.PSEUDONYMOUS),
    _dead_letters("shared", "notify", LETTERS, DataClass.PSEUDONYMOUS),
    _replays("shared", "notify", LETTERS, DataClass.PSEUDONYMOUS),
    _dead_letters("shared", "reporting", LETTERS, DataClass.PSEUDONYMOUS),
    _replays("shared", "reporting", YEAR, DataClass.PSEUDONYMOUS),
    _rejections("shared", "leads"),
)

TOPICS: Mapping[str, Topic] = MappingProxyType({t.name: t for t in (*_AREA, *_MUNICIPAL, *_SHARED)})
"""Every topic by its name, without a prefix."""


def source_of(principal: str) -> str:
    """The `source` that a principal's events bear; `KeyError` for a stranger."""
    return SERVICES[principal] if principal in SERVICES else SYSTEMS[principal].source


def topic_for(model: type[Data], service: str) -> str:
    """The one topic on which a service publishes an event; `LookupError` where there is none, or several."""
    names = [t.name for t in TOPICS.values() if service in t.writers and model in t.models]
    if len(names) != 1:
        found = f"on several topics ({', '.join(names)}): name one" if names else "on no topic"
        raise LookupError(f"{service} publishes {model.__name__} {found}")
    return names[0]


def dead_letter_topic(service: str) -> str:
    """Where what a service can't handle is kept."""
    return next(t.name for t in TOPICS.values() if t.dead_letters and t.writers == (service,))


def replay_topic(service: str) -> str:
    """Where a service's dead letters are published again, for it alone."""
    return next(t.name for t in TOPICS.values() if t.replays and t.writers == (service,))


def outside_writer(topic: str) -> str | None:
    """The other system that writes a topic, by its principal; None where it is ours."""
    writers = TOPICS[topic].writers
    return writers[0] if writers[0] in SYSTEMS else None


def rejections_topic(topic: str) -> str | None:
    """Where another system reads why its record on this topic was refused; None for topics of ours."""
    return f"{TOPICS[topic].side}.rejections.v1" if outside_writer(topic) else None


def accepted_sources(topic: Topic) -> frozenset[str]:
    """Sources that an event on the topic may bear: its writers', and on a common topic also those of the
    systems whose accepted events its writer publishes there."""
    writers = {*topic.writers, *(w for name in topic.republishes for w in TOPICS[name].writers)}
    return frozenset(map(source_of, writers))


def carries_no_trace(topic: Topic) -> bool:
    """Whether its events bear no trace headers and no ids of the flow that they belong to."""
    return topic.carries_no_trace


def readable_by(principal: str) -> Iterable[Topic]:
    """Topics that a principal may read."""
    return (t for t in TOPICS.values() if principal in t.readers)


def writable_by(principal: str) -> Iterable[Topic]:
    """Topics that a principal may write."""
    return (t for t in TOPICS.values() if principal in t.writers)

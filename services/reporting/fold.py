"""What each event says, as facts. Pure: the tables are written by `services.reporting.facts`."""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, TypeAlias

import asyncpg

from chassis.calendar import helsinki_day
from contracts import plan, topics
from contracts.envelope import Data, Event
from contracts.events import (
    change_security,
    coaching,
    directory,
    feedback,
    leads,
    meetings,
    notices,
    obligations,
    outcomes,
    referrals,
    results,
    triage,
    visits,
)
from contracts.ingest import check_codes
from contracts.refusals import Refusal
from services.reporting import facts
from services.reporting.facts import Batch, Fact

Pseudonym: TypeAlias = Callable[[str], bytes]
"""A referral's key with us: nobody without our secret can say which referral it is."""
Reading: TypeAlias = Callable[[Any, Event[Any], Pseudonym], Iterable[Fact]]
"""Data, event, pseudonym → facts."""

RESULTS_TOPIC = "area.results.v1"


def pseudonym(secret: str) -> Pseudonym:
    """HMAC-SHA-256 under a secret of reporting's, 128 bits of it [events.md, Pseudonyms]."""
    key = secret.encode()
    return lambda referral_id: hmac.digest(key, referral_id.encode(), "sha256")[:16]


class FactsFold:
    """The projection's fold: facts of a batch, merged into the live generation (or the one named)."""

    def __init__(self, pseudonym: Pseudonym, generation: str | None = None) -> None:
        self.pseudonym, self.generation = pseudonym, generation
        self.batch = Batch()

    def add(self, event: Event[Any]) -> None:
        """Raises `Refusal` (`unknown-code` of the area's reports, `year-closed`)."""
        for fact in read(event, self.pseudonym):
            self.batch.add(fact, event.time, event.id)

    async def write(self, connection: asyncpg.Connection) -> None:
        await self.batch.write(connection, self.generation or await facts.live(connection))
        self.batch.clear()

    def forget(self) -> None:
        self.batch.clear()


def read(event: Event[Any], pseudonym: Pseudonym) -> Iterable[Fact]:
    """The facts of an event; none of one that no measure counts. Raises `Refusal` (`unknown-code`, `year-closed`)."""
    data = event.data
    reading = READINGS[type(data)]
    found = tuple(reading(data, event, pseudonym))
    for fact in found:
        if fact.day.year < event.time.year and helsinki_day(event.time) > closes(type(data), fact.day.year):
            raise Refusal("year-closed", field="/time")
    return found


def closes(event: type[Data], year: int) -> date:
    """The last day on which an event of the year is taken: of casework until the year is final, of others while
    the year's topics are kept [events.md, Order and withdrawal]."""
    if event in _CASEWORK:
        return plan.final_on(year)
    if event in _OF_WHAT_WAS_BEFORE:
        return date.max
    kept = [topics.TOPICS[name].keep.period for name in _TOPICS_OF[event]]
    return min(date(year, 1, 1) + period for period in kept if period)


# --- the employment area's referrals


def _consented(data: referrals.ReferralConsented, _: Event[Any], key: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.REFERRALS, (key(data.referral_id),), _provided(data), data.referred_on)


def _returned(data: coaching.ReferralReturned, event: Event[Any], key: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.RETURNS, (key(data.referral_id),), (*_provided(data), data.reason), helsinki_day(event.time))


def _situation(data: coaching.ClientSituationReported, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    month = _month(data.month)
    rows = json.dumps([r.model_dump() for r in data.residents], sort_keys=True)
    yield Fact(facts.CLIENT_SITUATIONS, (data.provider, data.service, month),
               (rows, data.free_places, data.more_referrals_wanted), month)


def _triaged(data: triage.InquiryTriaged, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.INQUIRIES, (data.triage_id,), (data.channel, data.directed_to), helsinki_day(data.at))


# --- outcomes: what became of a year's clients


def _provided(data: Any) -> tuple[str, str, str]:
    return data.service, data.municipality, data.provider


def _approached(data: outcomes.ApproachReceived, event: Event[Any], _: Pseudonym) -> Iterable[Fact]:
    """Its day is that of the event: one that waits over New Year comes again, under the new year's ids."""
    yield Fact(facts.APPROACHES, (data.spell_id,), (*_provided(data), data.origin, data.asked_on),
               max(data.asked_on, helsinki_day(event.time)))


def _began(data: outcomes.ServiceBegan, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.STARTS, (data.spell_id,),
               (True, data.client, *_provided(data), data.origin, data.asked_on, data.first_attempt_on,
                data.reached_on, data.new_client, None), data.on)


def _not_begun(data: outcomes.ServiceNotBegun, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.STARTS, (data.spell_id,),
               (False, data.client, *_provided(data), data.origin, data.asked_on, data.first_attempt_on,
                data.reached_on, None, data.reason), data.on)


def _continued(data: outcomes.ServiceContinued, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.CONTINUED, (data.spell_id, data.year), (True, data.client, *_provided(data), data.began_on),
               date(data.year, 1, 1))


def _continued_in_error(data: outcomes.ServiceContinuedInError, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.CONTINUED, (data.spell_id, data.year), (False, data.client, None, None, None, None),
               date(data.year, 1, 1))


def _ended(data: outcomes.ServiceEnded, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.ENDS, (data.spell_id,), (data.client, *_provided(data), data.outcome, data.plan), data.on)


def _observed(data: outcomes.PhenomenonObserved, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    month = _month(data.month)
    yield Fact(facts.PHENOMENA, (data.municipality, month, data.phenomenon), (data.observations,), month)


# --- companies: visits, leads, events, targets, change situations


def _visit_planned(data: visits.CompanyVisitPlanned, event: Event[Any], _: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.VISIT_PLANS, (data.visit_id,), (True, data.municipality), helsinki_day(event.time))
    yield Fact(facts.VISIT_DAYS, (data.visit_id,), (data.municipality,), data.on)


def _visit_moved(data: visits.CompanyVisitMoved, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.VISIT_DAYS, (data.visit_id,), (data.municipality,), data.on)


def _visit_cancelled(data: visits.CompanyVisitCancelled, event: Event[Any], _: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.VISIT_PLANS, (data.visit_id,), (False, data.municipality), helsinki_day(event.time))


def _visit_made(data: visits.CompanyVisitMade, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    went = ",".join(sorted(set(data.organisations)))
    yield Fact(facts.VISITS_MADE, (data.visit_id,), (data.municipality, went), data.on)


def _lead_routed(data: leads.LeadRouted, event: Event[Any], _: Pseudonym) -> Iterable[Fact]:
    day = helsinki_day(event.time)
    yield Fact(facts.LEAD_ROUTINGS, (data.lead_id, day.year), (data.municipality, data.need), day)


def _lead_fulfilled(data: leads.LeadFulfilled, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.LEAD_FULFILMENTS, (data.lead_id,), (data.municipality, data.need, data.hired), data.on)


def _lead_withdrawn(data: leads.LeadWithdrawn, event: Event[Any], _: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.LEAD_WITHDRAWALS, (data.lead_id,), (data.reason,), helsinki_day(event.time))


def _event_held(data: leads.EventHeld, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.EVENTS_HELD, (data.event_id,), (data.kind, data.municipality, data.attendance), data.on)


def _target(data: leads.TargetSet, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.TARGETS, (data.year, data.municipality, data.measure), (data.target,), date(data.year, 1, 1))


def _change(data: change_security.ChangeSituationReported, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.CHANGE_SITUATIONS, (data.situation_id,), (data.kind, data.municipality), data.known_on)


# --- feedback


def _feedback(data: feedback.FeedbackReceived, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.FEEDBACK, (data.feedback_id,), (data.about, data.municipality, data.service, data.rating),
               data.received_on)


def _answered(data: feedback.FeedbackAnswered, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
    yield Fact(facts.FEEDBACK_ANSWERS, (data.feedback_id,), (helsinki_day(data.answered_at), data.answer_due_on),
               data.received_on)


# --- the obligation ledger


def _obligation(mark: str | None) -> Reading:
    """Every event of an obligation says what it is; `mark` what became of it."""

    def read(data: obligations.ObligationData, _: Event[Any], __: Pseudonym) -> Iterable[Fact]:
        day = helsinki_day(data.due_at)
        yield Fact(facts.OBLIGATIONS, (data.obligation_id,),
                   (data.kind, data.service, data.municipality, data.due_at.astimezone(UTC)), day)
        if mark:
            met_at: datetime | None = getattr(data, "met_at", None) if mark == "met" else None
            yield Fact(facts.OBLIGATION_MARKS, (data.obligation_id, mark), (met_at,), day)

    return read


# --- what the area's BI reports


def _results(data: results.ResultsReported, event: Event[Any], _: Pseudonym) -> Iterable[Fact]:
    yield _report(data, event, "results", data.measures)


def _costs(data: results.CostsReported, event: Event[Any], _: Pseudonym) -> Iterable[Fact]:
    yield _report(data, event, "costs", data.items)


def _report(data: Any, event: Event[Any], kind: str, figures: Mapping[str, Any]) -> Fact:
    check_codes(event, plan.on(helsinki_day(event.time)))
    month = _month(data.month)
    return Fact(facts.AREA_REPORTS, (data.municipality, month, kind),
                (json.dumps(dict(figures), sort_keys=True),), month)


def _month(text: str) -> date:
    return date(int(text[:4]), int(text[5:]), 1)


def _nothing(_: Data, __: Event[Any], ___: Pseudonym) -> Iterable[Fact]:
    """No measure counts it."""
    return ()


READINGS: Mapping[type[Data], Reading] = MappingProxyType({
    referrals.ReferralConsented: _consented,
    referrals.CaseManagerChanged: _nothing,
    referrals.ConsentWithdrawn: _nothing,
    referrals.ReferralCancelled: _nothing,
    referrals.ThreePartyMeetingAgreed: _nothing,
    referrals.ThreePartyMeetingDeclined: _nothing,
    referrals.WorkTrialProposalAnswered: _nothing,
    referrals.CaseManagerRequestAnswered: _nothing,
    referrals.MeetingInvited: _nothing,
    triage.InquiryTriaged: _triaged,
    results.ResultsReported: _results,
    results.CostsReported: _costs,
    coaching.ReceivingKeyOffered: _nothing,
    coaching.ContactDetailsReceived: _nothing,
    coaching.ContactDetailsErased: _nothing,
    coaching.WithdrawalReported: _nothing,
    coaching.ReferralReturned: _returned,
    coaching.CoachingStarted: _nothing,
    coaching.CoachingEnded: _nothing,
    coaching.ThreePartyMeetingRequested: _nothing,
    coaching.ThreePartyMeetingCalledOff: _nothing,
    coaching.WorkTrialProposed: _nothing,
    coaching.CaseManagerRequested: _nothing,
    coaching.MeetingInvitationAnswered: _nothing,
    coaching.ClientSituationReported: _situation,
    outcomes.ApproachReceived: _approached,
    outcomes.ServiceBegan: _began,
    outcomes.ServiceContinued: _continued,
    outcomes.ServiceContinuedInError: _continued_in_error,
    outcomes.ServiceEnded: _ended,
    outcomes.ServiceNotBegun: _not_begun,
    outcomes.PhenomenonObserved: _observed,
    feedback.FeedbackReceived: _feedback,
    feedback.FeedbackRouted: _nothing,
    feedback.FeedbackAnswered: _answered,
    visits.CompanyVisitPlanned: _visit_planned,
    visits.CompanyVisitMoved: _visit_moved,
    visits.CompanyVisitJoined: _nothing,
    visits.CompanyVisitCancelled: _visit_cancelled,
    visits.CompanyVisitFlagged: _nothing,
    visits.CompanyVisitMade: _visit_made,
    visits.DevelopmentPathUpdated: _nothing,
    leads.LeadOpened: _nothing,
    leads.LeadRouted: _lead_routed,
    leads.LeadAccepted: _nothing,
    leads.LeadReturned: _nothing,
    leads.LeadFulfilled: _lead_fulfilled,
    leads.LeadWithdrawn: _lead_withdrawn,
    leads.EventPlanned: _nothing,
    leads.EventHeld: _event_held,
    leads.TargetSet: _target,
    change_security.ChangeSituationReported: _change,
    change_security.AuthorityNotified: _nothing,
    change_security.ChangeSituationClosed: _nothing,
    directory.StaffListed: _nothing,
    directory.SeatFilled: _nothing,
    meetings.GroupMeetingSet: _nothing,
    meetings.GroupMeetingCancelled: _nothing,
    meetings.GroupMeetingHeld: _nothing,
    obligations.ObligationOpened: _obligation(None),
    obligations.ObligationDueSoon: _obligation(None),
    obligations.ObligationMissed: _obligation("missed"),
    obligations.ObligationMet: _obligation("met"),
    obligations.ObligationCancelled: _obligation("cancelled"),
    notices.NoticeSent: _nothing,
    notices.NoticeUndeliverable: _nothing,
    notices.NoticeUnknown: _nothing,
})
"""Every event that reporting may read. A staff id, a referral's id or a consent's reaches no fact."""

TOPICS: tuple[str, ...] = tuple(sorted(
    t.name for t in topics.readable_by("reporting")
    if t.name != RESULTS_TOPIC and any(READINGS[m] is not _nothing for m in t.models)))
"""Topics with facts in them that the projection folds; `RESULTS_TOPIC`, of another system, a subscriber takes in."""
_TOPICS_OF: Mapping[type[Data], tuple[str, ...]] = {
    model: tuple(t.name for t in topics.readable_by("reporting") if model in t.models) for model in READINGS
}
_CASEWORK = frozenset(topics.TOPICS["municipal.outcomes.v1"].models)
_OF_WHAT_WAS_BEFORE = frozenset({*topics.TOPICS["shared.obligations.v1"].models, feedback.FeedbackAnswered})
"""Events that happen now, about what had its day earlier: they are never too late."""

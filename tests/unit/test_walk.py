"""100,000 commands at random on cases of every service and their referrals: whatever people, other systems and the
clock do in whatever order, no open status is without owner and deadline, nothing leaves a side that its schema can't
carry, and a withdrawn client's details can't be read.
"""

import os
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.calendar import deadline, helsinki_day
from chassis.decisions import Decided, Decision, Ignored, Refuse
from contracts import ingest, plan
from contracts.envelope import Data, Event, to_bytes, type_of
from contracts.events import casework, coaching
from contracts.events.referrals import Consent, ReferralConsented, WorkTrialProposalAnswered
from contracts.fields import CaseId, ClientId, ConsentId, KeyId, ReferralId, ReferralNumber, StaffId, new_id
from contracts.topics import TOPICS, source_of, topic_for
from services.coaching.cases import domain, duties, opening, running
from services.coaching.cases.course import Happened, against
from services.coaching.cases.courses import CLOSED, Status, machine_of
from services.coaching.cases.domain import Act, Case
from services.coaching.cases.schemas import details_of
from services.coaching.ohjaamo import domain as ohjaamo
from services.coaching.pointti import domain as pointti
from services.coaching.pointti import tets as trials
from services.coaching.pointti.courses import TET, PlaceState, TetState, place, tets
from services.coaching.pointti.tets import Workplace
from services.coaching.referrals import domain as provider_side
from services.coaching.referrals.domain import Closing, Remembered
from services.referral import domain as area
from services.referral.domain import NewReferral, ToldTo
from services.referral.work_trials import domain as area_trials

WALKS, STEPS = 500, 200
AFTER_CLOSING = 6
"""Commands that are tried on a closed case before the next one begins."""
PLAN = plan.on(date(2026, 3, 2))
START = datetime(2026, 3, 2, 7, tzinfo=UTC)
SEALED = ".".join("x" * length for length in (20, 54, 16, 512, 22))
CHANNELS = ("call", "text-message", "email", "letter", "visit", "other")
OUTCOMES = ("work", "education", "got-needed-service", "work-trial", "other-service", "moved", "interrupted")
NOT_BEGUN = ("not-reached", "declined", "not-eligible", "no-capacity", "withdrawn")
RETURNS = ("not-eligible", "no-capacity", "wrong-address", "not-started")


@dataclass
class Walk:
    """One client's case, and its referral as each side knows it."""

    rng: Random
    now: datetime
    case: Case
    referral: area.Referral | None

    @property
    def today(self) -> date:
        return helsinki_day(self.now)

    def act(self) -> Act:
        return Act(new_id(self.now), "sanni-esimerkki", self.now)

    def day(self) -> date:
        """A day near now, mostly not ahead."""
        return self.today + timedelta(days=self.rng.randint(-30, 2))

    def moment(self) -> datetime:
        return self.now + timedelta(hours=self.rng.randint(-200, 60))


def begin(rng: Random) -> Walk:
    """A case by referral, or of a client who came by themselves, of any service."""
    service = rng.choice([*PLAN.services, "pointti", "pointti"])
    rules = PLAN.services[service]
    municipality = rng.choice(list(rules.providers))
    provider = rules.providers[municipality].organisation
    if not rules.referral_only and rng.random() < 0.3:
        case = Case(
            id=CaseId(new_id(START)), client=ClientId(new_id(START)), service=service, municipality=municipality,
            provider=provider, origin="self", opened_at=START, course=domain.Course(service, helsinki_day(START)),
            number="A-2026-0001", coach="sanni-esimerkki",
        )
        return Walk(rng, START, case, None)
    consent = Consent(
        consent_id=ConsentId(new_id(START)), fields=("name", "phone"), purpose=service,
        given_at=START - timedelta(minutes=5), recorded_by=StaffId("mikko-mallila"))
    new = NewReferral(
        id=ReferralId(new_id(START)), consent_id=consent.consent_id, number=ReferralNumber("2026-0412"),
        municipality=municipality, service=service, provider=provider, case_manager=StaffId("mikko-mallila"),
        organisation=area.ORGANISATION, consented=True, purpose=service, given_at=consent.given_at,
        recorded_by=consent.recorded_by)
    referred = area.refer(new, helsinki_day(START), helsinki_day(START) + timedelta(days=7), START)
    assert isinstance(referred, Decided)
    (told,) = referred.events
    assert isinstance(told, ReferralConsented)
    known = provider_side.consented(told, START, Remembered())
    assert isinstance(known, Decided)
    case = opening.open_for(known.state, CaseId(new_id(START)), ClientId(new_id(START)), START)
    assert isinstance(case, Decided)
    walk = Walk(rng, START, case.state, referred.state)
    if service == "pointti" and rng.random() < 0.8:
        interviewed = running.hold_meeting(
            walk.case, walk.act(), walk.today, "interview", rules.meetings, PLAN.coaching.starter_package_maximum)
        assert isinstance(interviewed, Decided)
        walk.case = interviewed.state
        kept = keep_place(walk)
        walk.case = kept.state if isinstance(kept, Decided) else walk.case
    return walk


# --- what may be done: each gives the decision, or None where there is nothing to try it on


def attempt(w: Walk) -> Decision[Case]:
    return domain.record_attempt(w.case, w.act(), w.moment(), w.rng.choice(CHANNELS), w.rng.random() < 0.4)


def book(w: Walk) -> Decision[Case]:
    return domain.book_appointment(w.case, w.act(), w.moment(), "remote", w.rng.choice([None, *CHANNELS]))


def meet(w: Walk) -> Decision[Case]:
    kinds = PLAN.services[w.case.service].meetings
    return running.hold_meeting(
        w.case, w.act(), w.day(), w.rng.choice((*kinds, "interview")), kinds, PLAN.coaching.starter_package_maximum)


def miss(w: Walk) -> Decision[Case]:
    return running.miss_appointment(w.case, w.act())


def go_on(w: Walk) -> Decision[Case]:
    possible = PLAN.services[w.case.service].goes_on_after
    return running.go_on(w.case, w.act(), w.rng.choice(("work", "education")), w.day(), possible)


def visit(w: Walk) -> Decision[Case]:
    return ohjaamo.receive(w.case, w.act(), w.rng.random() < 0.3, PLAN)


def is_told(w: Walk) -> bool:
    return PLAN.services[w.case.service].start_and_end_told


def start(w: Walk) -> Decision[Case]:
    return domain.start(w.case, w.act(), w.day(), is_told(w))


def end(w: Walk) -> Decision[Case]:
    return domain.end(w.case, w.act(), w.day(), w.rng.choice([None, *OUTCOMES]), is_told(w))


def give_back(w: Walk) -> Decision[Case]:
    right = coaching.RightAddress(organisation="vesilahti", service="wellbeing-planner")
    return domain.give_back(w.case, w.act(), w.rng.choice(RETURNS), w.rng.choice([None, right]), is_told(w))


def close_unbegun(w: Walk) -> Decision[Case]:
    return domain.close_unbegun(
        w.case, w.act(), w.day(), w.rng.choice(NOT_BEGUN), is_told(w), PLAN.trying(w.case.service))


def withdraw(w: Walk) -> Decision[Case]:
    return domain.withdraw(w.case, w.act(), w.moment())


def review(w: Walk) -> Decision[Case]:
    return running.review(w.case, w.act())


def group(w: Walk) -> pointti.Group:
    """One of two groups, the one coming and the other running, with a place or without."""
    first_day = w.today + timedelta(days=w.rng.choice((-20, 0, 5)))
    last_day = pointti.last_day(first_day, PLAN.pointti.period.delta)
    return pointti.Group(str(first_day), "lempaala", first_day, last_day, 8, w.rng.choice((6, 7, 7, 8)))


def keep_place(w: Walk) -> Decision[Case]:
    return pointti.keep_place(w.case, w.act(), group(w), PLAN.pointti.interview_first)


def leave_place(w: Walk) -> Decision[Case]:
    return pointti.leave_place(w.case, w.act())


def begin_period(w: Walk) -> Decision[Case]:
    kept = place(w.case.course)
    if kept is None:
        return Ignored("no-place")
    of = pointti.Group(kept.group_id, "lempaala", kept.starts_on, kept.ends_on, 8, 8)
    return pointti.begin(w.case, w.act(), of, max(w.day(), kept.starts_on), w.rng.random() < 0.5)


def workplace(w: Walk) -> Workplace:
    return w.rng.choice((
        Workplace("company", business_id="1234567-1"), Workplace("municipal-unit", unit="library"),
        Workplace("company", business_id="1234567-1"), Workplace("company", business_id="1234567-8")))


def agree_tet(w: Walk) -> Decision[Case]:
    return trials.agree(w.case, w.act(), w.day(), workplace(w), PLAN)


def some_tet(w: Walk) -> str:
    """One of the case's TET periods, mostly the last."""
    known = [t.id for t in tets(w.case.course, True)] or [new_id(w.now)]
    return known[-1] if w.rng.random() < 0.7 else w.rng.choice(known)


def end_tet(w: Walk) -> Decision[Case]:
    return trials.end(w.case, w.act(), some_tet(w), w.rng.random() < 0.9, w.rng.random() < 0.9)


def propose(w: Walk) -> Decision[Case]:
    return trials.propose(
        w.case, w.act(), some_tet(w), w.today, w.today + timedelta(days=w.rng.randint(-1, 60)), workplace(w),
        w.rng.random() < 0.9, "leena-kokeilu", PLAN)


def leave_unsent(w: Walk) -> Decision[Case]:
    return trials.leave_unsent(w.case, w.act(), some_tet(w), "arranged-otherwise", PLAN)


def end_period(w: Walk) -> Decision[Case]:
    return pointti.end_period(w.case, w.act(), w.day(), w.rng.choice(PLAN.pointti.period_plans))


def look(w: Walk) -> Decision[Case]:
    """Somebody presses to see name and phone."""
    if details_of(w.case) != "here":
        return Ignored("nothing-to-see")
    return Decided(domain.looked_at(w.case, w.now), ())


COMMANDS = (attempt, attempt, book, meet, start, end, give_back, close_unbegun, withdraw, review, keep_place,
            leave_place, begin_period, end_period, agree_tet, agree_tet, end_tet, end_tet, propose, propose,
            leave_unsent, look, look, miss, go_on, visit)


def told_by_party(w: Walk) -> None:
    """PARty tells of something, now or of a time before."""
    rng, case = w.rng, w.case
    data: Data = rng.choice([
        lambda: casework.ContactAttempted(case_id=case.id, at=w.moment(), channel="call", reached=rng.random() < 0.4),
        lambda: casework.MeetingHeld(case_id=case.id, on=w.day(), kind=rng.choice(("coaching", "interview"))),
        lambda: casework.CaseClosed(case_id=case.id, on=w.day(), outcome=rng.choice(OUTCOMES)),
        lambda: casework.CaseClosed(case_id=case.id, on=w.day(), not_begun=rng.choice(NOT_BEGUN)),
    ])()
    at = min(w.now, w.moment())
    happened = Happened(new_id(at), at, "/lempaala/party", data)
    if against(case.course, happened, case.referral is not None) is None:
        w.case = replace(case, course=case.course.then(happened), sources=case.sources | {"/lempaala/party"})


def area_closes(w: Walk) -> None:
    """The client withdraws at the area, or the case manager takes the referral back; the provider hears it."""
    if w.referral is None:
        return
    due = deadline(w.now, PLAN.consent.erase_within)
    if w.rng.random() < 0.5:
        told = w.now - timedelta(minutes=w.rng.randint(-5, 500))
        decision = area.withdraw(w.referral, told, ToldTo.AREA, due, new_id(w.now), w.now)
        closing = Closing.WITHDRAWAL
    else:
        decision = area.cancel(w.referral, due, new_id(w.now), w.now)
        closing = Closing.CANCELLATION
    if not isinstance(decision, Decided):
        return
    for event in decision.events:
        carried(event, "referral")
    w.referral = decision.state
    hears_closing(w, closing)


def hears_closing(w: Walk, closing: Closing) -> None:
    assert w.case.referral is not None
    closed = provider_side.close(w.case.referral, closing, w.now)
    if isinstance(closed, Decided):
        stopped = domain.stop(replace(w.case, referral=closed.state), Act(new_id(w.now), "/tampere-region/x", w.now))
        w.case = stopped.state


def details_come(w: Walk) -> None:
    """The provider offers a key, the area seals to it, the sealed details arrive."""
    if w.referral is None or w.case.referral is None:
        return
    offer = coaching.ReceivingKeyOffered.model_construct(
        referral_id=w.referral.id, key_id=KeyId(new_id(w.now)), offered_at=w.now,
        public_key=coaching.PublicKey.model_construct(x="x"))
    decision = area.take_offer(w.referral, offer, PLAN.sealing.max_keys)
    if isinstance(decision, Decided):
        w.referral = decision.state
    key = area.awaits_seal(w.referral)
    if key is None:
        return
    assert w.referral.is_open, "something is sealed of a referral that is not open"
    sealed = area.sealed(w.referral, key.key_id, SEALED, w.now)
    assert isinstance(sealed, Decided)
    w.referral = sealed.state
    if w.case.referral.closing is None:
        w.case = replace(w.case, referral=provider_side.received(w.case.referral, w.now))
        received = area.receive(w.referral, key.key_id, w.now)
        assert isinstance(received, Decided)
        w.referral = received.state


# --- what must hold whatever happened


def carried(event: Data, service: str) -> None:
    """The topic that the event goes to may carry it: its own reader takes the bytes."""
    topic = topic_for(type(event), service)
    whole: Event[Any] = Event(
        id=new_id(START), source=source_of(service), type=type_of(type(event)), subject=event.subject(), time=START,
        data=event)
    headers = [("content-type", b"application/cloudevents+json")]
    ingest.read(TOPICS[topic], event.subject().encode(), to_bytes(whole), headers, START + timedelta(days=4000))


def reaches_area(w: Walk, event: Data) -> None:
    """Whatever coaching tells the area is carried by its topic, and moves the area's referral on."""
    carried(event, "coaching")
    if w.referral is None:
        raise AssertionError(f"the area is told {type(event).__name__} of a client that it never referred")
    due, before = deadline(w.now, PLAN.consent.erase_within), w.referral
    match event:
        case coaching.CoachingStarted():
            decision = area.start(before, event)
        case coaching.CoachingEnded():
            decision = area.end(before, event)
        case coaching.ReferralReturned():
            decision = area.take_return(before, event, due, w.now)
        case coaching.WithdrawalReported():
            decision = area.report_withdrawal(before, event, due, new_id(w.now), w.now)
        case coaching.WorkTrialProposed():
            answers(w, event)
            return
        case _:
            return
    assert not isinstance(decision, Refuse)
    if isinstance(decision, Decided):
        w.referral = decision.state


def answers(w: Walk, told: coaching.WorkTrialProposed) -> None:
    """The case manager answers a proposal, and the workshop hears it; or it stays unanswered."""
    assert w.referral is not None
    taken = area_trials.take(w.referral, told, w.now)
    if not isinstance(taken, Decided) or w.rng.random() < 0.3:
        return
    reason = w.rng.choice((None, "timing", "workplace"))
    answered = area_trials.answer(taken.state, w.referral, reason is None, reason, w.now)
    assert isinstance(answered, Decided)
    (event,) = answered.events
    carried(event, "referral")
    assert isinstance(event, WorkTrialProposalAnswered)
    heard = trials.take_answer(w.case, Happened(new_id(w.now), w.now, source_of("referral"), event), event)
    assert isinstance(heard, Decided)
    w.case = heard.state


OWED_OF_TETS = {TetState.AGREED: duties.RECORD_TET, TetState.TO_SEND: duties.SEND_PROPOSAL}


def check(w: Walk) -> None:
    case = w.case
    machine = machine_of(case.service)
    assert case.status in machine.states
    assert (case.status in CLOSED) == (case.course.closing is not None)
    owed = duties.owed(case, PLAN, w.now)
    if case.status not in CLOSED:
        assert owed, f"nobody owes anything in {case.status}"
        assert set(owed) & {*machine.owes[case.status], duties.REVIEW}, f"{set(owed)} in {case.status}"
    for tet in tets(case.course, case.area_may_hear):
        assert tet.state in TET.closed or tet.state is TetState.SENT or OWED_OF_TETS[tet.state] in owed
    had = place(case.course)
    assert had is None or (duties.START_PERIOD if had.state is PlaceState.KEPT else duties.END_PERIOD) in owed
    for kind, due_at in owed.items():
        rule = PLAN.obligations[kind]
        assert "municipal" in rule.sides
        assert due_at.tzinfo is not None
        assert PLAN.services[case.service].mailbox_role in PLAN.roles
    if case.referral and case.referral.closing:
        assert details_of(case) == "closed"
    if w.referral and w.referral.status in area.ERASING:
        assert area.awaits_seal(w.referral) is None


def walk(seed: int, steps: int) -> Counter[str]:
    """One case after the other, each until it has been closed for a while; what was met on the way."""
    met: Counter[str] = Counter()
    rng, after_closing = Random(seed), 0  # noqa: S311 - a walk is to be found again by its seed
    w = begin(rng)
    for _ in range(steps):
        after_closing += w.case.status in CLOSED
        if after_closing > AFTER_CLOSING:
            w, after_closing = begin(rng), 0
        check(w)
        w.now += timedelta(seconds=1, hours=w.rng.choice([0, 0, 1, 5, 30, 200]))
        chance = w.rng.random()
        if chance < 0.04:
            area_closes(w) if w.rng.random() < 0.2 else details_come(w)
        elif chance < 0.12:
            told_by_party(w)
        else:
            command = w.rng.choice(COMMANDS)
            was_closed = w.case.referral.closing if w.case.referral else None
            decision = command(w)
            if isinstance(decision, Decided):
                met[command.__name__] += 1
                w.case = domain.remember_told(decision.state, w.act(), decision.events)
                for event in decision.events:
                    if isinstance(event, (*domain.TOLD, coaching.WorkTrialProposed)):
                        assert was_closed is None, "the area is told of a referral that is not open"
                        reaches_area(w, event)
                    else:
                        assert topic_for(type(event), "coaching").startswith("municipal.")
        met[w.case.status] += 1
        check(w)
    return met


@settings(max_examples=int(os.environ.get("WALKS", WALKS)), deadline=None, database=None,
          suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(min_value=0, max_value=2**64))
def test_no_command_in_no_order_breaks_what_must_hold(seed: int) -> None:
    walk(seed, STEPS)


def test_the_walks_come_everywhere() -> None:
    met: Counter[str] = sum((walk(seed, STEPS) for seed in range(30)), Counter())
    assert set(Status) <= set(met)
    assert {command.__name__ for command in COMMANDS} <= set(met)

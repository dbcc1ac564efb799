"""A three-party meeting on both sides: what each may do, and that they come to the same whatever crosses [3.2]."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.calendar import helsinki_day
from chassis.decisions import Decided, Ignored, Refuse
from contracts import plan
from contracts.envelope import Data, Event, type_of
from contracts.events.casework import CaseClosed
from contracts.events.coaching import (
    CoachingEnded,
    ProposedTime,
    ThreePartyMeetingCalledOff,
    ThreePartyMeetingRequested,
)
from contracts.events.referrals import Consent, ThreePartyMeetingAgreed, ThreePartyMeetingDeclined
from contracts.fields import CaseId, ClientId, ConsentId, ReferralId, ReferralNumber, StaffId, new_id
from services.coaching.cases import domain as cases
from services.coaching.cases import duties, running
from services.coaching.cases.course import Course, Happened
from services.coaching.cases.domain import Act, Case
from services.coaching.meetings import three_party as coach
from services.coaching.referrals.domain import Closing
from services.coaching.referrals.domain import Referral as AtProvider
from services.referral.domain import Referral, Status
from services.referral.meetings import three_party as area
from services.referral.meetings.three_party import Agreement, ThreeParty

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
RULES = plan.on(NOW.date())
MANAGER, COACH = StaffId("mikko-mallila"), StaffId("sanni-esimerkki")
HOUR = timedelta(hours=1)


def time_at(starts_at: datetime) -> ProposedTime:
    return ProposedTime(starts_at=starts_at, ends_at=starts_at + HOUR)


def case(service: str = "coaching", **changes: Any) -> Case:
    referral = AtProvider(
        id=ReferralId(new_id()), consent_id=ConsentId(new_id()), number=ReferralNumber("2026-0412"), service=service,
        municipality="lempaala", provider="lempaala", case_manager=MANAGER, case_manager_since=NOW,
        referred_on=NOW.date(), respond_due_on=NOW.date(), purpose=service, consented_at=NOW)
    return replace(Case(
        id=CaseId(new_id()), client=ClientId(new_id()), service=service, municipality="lempaala", provider="lempaala",
        origin="referral", opened_at=NOW, course=Course(service, NOW.date()), number="2026-0412", referral=referral,
        coach=COACH), **changes)


def at_area(of: Case, status: Status = Status.DELIVERED) -> Referral:
    assert of.referral
    return Referral(
        id=of.referral.id, number=of.referral.number, service=of.service, municipality="lempaala",
        provider="lempaala", case_manager=MANAGER, organisation="tampere-region", referred_on=NOW.date(),
        respond_due_on=NOW.date(), status=status, consent=Consent(
            consent_id=of.referral.consent_id, fields=("name", "phone"), purpose=of.service, given_at=NOW,
            recorded_by=MANAGER))


def act(at: datetime = NOW) -> Act:
    return Act(new_id(), COACH, at)


def event(data: Data, at: datetime) -> Event[Any]:
    return Event(id=new_id(), source="/tampere-region/referral", type=type_of(type(data)), subject=data.subject(),
                 time=at, data=data)


def done(decision: Any) -> Any:
    assert isinstance(decision, Decided), decision
    return decision


class Sides:
    """A coach and a case manager, with what each told the other on its way, in order; each act takes two hours."""

    def __init__(self, service: str = "coaching") -> None:
        self.now = NOW
        self.case = case(service)
        self.referral = at_area(self.case)
        self.meetings: dict[str, ThreeParty] = {}
        self.to_area: deque[tuple[Data, datetime]] = deque()
        self.to_coach: deque[tuple[Data | str, datetime]] = deque()
        self.told_when_closed: list[Data] = []

    def latest(self) -> ThreeParty | None:
        return max(self.meetings.values(), key=lambda m: m.asked_at, default=None)

    # the coach

    def coach_does(self, decision: Any) -> None:
        if not isinstance(decision, Decided):
            return
        made = act(self.now)
        after, off = decision.state, ()
        told = cases.remember_told(after, made, decision.events)
        closed = coach.close(told, self.now)
        self.case, off = closed.state, closed.events
        for each in (*off, *decision.events):
            if isinstance(each, CoachingEnded | ThreePartyMeetingRequested | ThreePartyMeetingCalledOff):
                if self.case.referral.closing:
                    self.told_when_closed.append(each)
                self.to_area.append((each, self.now))

    def ask(self) -> None:
        self.coach_does(coach.ask(self.case, act(self.now), [time_at(self.now + HOUR)], RULES))

    def call_off(self) -> None:
        self.coach_does(coach.call_off(self.case, act(self.now)))

    def meet(self) -> None:
        today = helsinki_day(self.now)
        self.coach_does(running.hold_meeting(self.case, act(self.now), today, "three-party", ("three-party",), 2))

    def end(self) -> None:
        self.coach_does(cases.end(self.case, act(self.now), helsinki_day(self.now), "work", told=True))

    def hear_area(self) -> None:
        if not self.to_coach:
            return
        told, at = self.to_coach.popleft()
        if told == "withdrawn":
            self.case = replace(self.case, referral=replace(
                self.case.referral, closing=Closing.WITHDRAWAL, closed_at=self.now))
            return
        assert isinstance(told, Data)
        decision = coach.take_answer(self.case, event(told, at))
        if isinstance(decision, Decided):
            self.case = decision.state

    # the case manager

    def area_does(self, decision: Any) -> None:
        if isinstance(decision, Decided):
            self.meetings[decision.state.id] = decision.state
            for each in decision.events:
                if not self.referral.is_open:
                    self.told_when_closed.append(each)
                self.to_coach.append((each, self.now))

    def agree(self) -> None:
        if meeting := self.latest():
            to = Agreement(self.now + HOUR, self.now + 2 * HOUR, "remote", client_takes_part=True)
            self.area_does(area.agree(meeting, self.referral, to, self.now, RULES))

    def decline(self, reason: Any = "time") -> None:
        if meeting := self.latest():
            self.area_does(area.decline(meeting, self.referral, reason, self.now))

    def decline_for_now(self) -> None:
        self.decline("not-now")

    def hold(self) -> None:
        if meeting := self.latest():
            self.area_does(area.hold(meeting, self.now))

    def withdraw(self) -> None:
        if self.referral.is_open:
            self.close_at_area(Status.WITHDRAWN)
            self.to_coach.append(("withdrawn", self.now))

    def close_at_area(self, status: Status) -> None:
        self.referral = replace(self.referral, status=status)
        self.meetings = {id_: area.close(m, self.now) for id_, m in self.meetings.items()}

    def hear_coach(self) -> None:
        if not self.to_area:
            return
        told, at = self.to_area.popleft()
        known = list(self.meetings.values())
        if isinstance(told, ThreePartyMeetingRequested):
            decision = area.take_request(told, at, self.referral, known)
            if isinstance(decision, Decided):
                self.meetings |= {m.id: m for m in decision.state}
        elif isinstance(told, ThreePartyMeetingCalledOff):
            self.area_does(area.take_call_off(told, at, known))
        elif self.referral.is_open:
            self.close_at_area(Status.ENDED)

    def quiet(self) -> None:
        while self.to_area or self.to_coach:
            self.hear_coach()
            self.hear_area()


ACTS = ("ask", "call_off", "meet", "end", "hear_area", "agree", "decline", "decline_for_now", "hold", "withdraw",
        "withdraw")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*ACTS, *("ask", "agree", "hear_area", "hear_coach") * 4]),
                min_size=15, max_size=40))
def test_whatever_crosses_both_sides_come_to_the_same_and_somebody_owes_the_next_act(walk: list[str]) -> None:
    sides = Sides()
    sides.coach_does(cases.start(sides.case, act(), NOW.date(), True))
    for name in walk:
        sides.now += 2 * HOUR
        getattr(sides, name)()
        current = coach.under_way(sides.case)
        owed = coach.owed(sides.case, RULES)
        assert bool(owed) is (current is not None and current.stage is not coach.Stage.ASKED)
        for meeting in sides.meetings.values():
            assert bool(area.owed(meeting)) is meeting.is_under_way
        assert sum(m.is_under_way for m in sides.meetings.values()) <= 1
    sides.quiet()
    assert sides.told_when_closed == []
    stages = {each.id: each for each in coach.meetings(sides.case)}
    for id_, theirs in sides.meetings.items():
        ours = stages[id_]
        if theirs.stage is area.Stage.ASKED:
            assert ours.stage is coach.Stage.ASKED
        if theirs.stage is area.Stage.AGREED:
            assert ours.stage in (coach.Stage.AGREED, coach.Stage.HELD)
    for id_, ours in stages.items():
        theirs = sides.meetings[id_]
        if ours.stage is coach.Stage.ASKED:
            assert theirs.stage is area.Stage.ASKED
        if ours.stage is coach.Stage.AGREED:
            assert theirs.stage in (area.Stage.AGREED, area.Stage.HELD)
            assert ours.agreed
            assert (ours.agreed.starts_at, ours.agreed.sequence) == (theirs.starts_at, theirs.sequence)


def asked_and_agreed() -> Sides:
    sides = Sides()
    for each in ("ask", "hear_coach", "agree", "hear_area"):
        getattr(sides, each)()
    return sides


def test_two_moves_that_come_out_of_order_end_at_the_higher_sequence():
    sides = asked_and_agreed()
    sides.agree()
    sides.now += 2 * HOUR
    sides.agree()
    (first, second) = sides.to_coach
    for told, at in (second, first):
        sides.case = done(coach.take_answer(sides.case, event(told, at))).state
    meeting = coach.under_way(sides.case)
    assert meeting
    assert meeting.agreed == second[0]
    assert meeting.agreed.sequence == 2


def test_after_a_time_that_does_not_suit_the_coach_owes_others_and_proposes_them_as_a_new_meeting():
    sides = Sides()
    for each in ("ask", "hear_coach", "decline", "hear_area"):
        getattr(sides, each)()
    assert list(duties.owed(sides.case, RULES, NOW)) == ["contact-client", coach.PROPOSE]
    sides.ask()
    assert [m.stage for m in coach.meetings(sides.case)] == [coach.Stage.ASKED_ANEW, coach.Stage.ASKED]
    assert coach.met(coach.PROPOSE, sides.case)
    sides.hear_coach()
    assert [m.stage for m in sides.meetings.values()] == [area.Stage.DECLINED, area.Stage.ASKED]


def test_a_meeting_that_was_held_is_recorded_by_the_meeting_of_the_day():
    sides = asked_and_agreed()
    assert coach.RECORD in duties.owed(sides.case, RULES, NOW)
    sides.now += 3 * HOUR
    sides.meet()
    assert [m.stage for m in coach.meetings(sides.case)] == [coach.Stage.HELD]
    assert duties.met(coach.RECORD, sides.case, NOW, RULES)


def test_a_call_off_that_is_heard_before_its_request_leaves_nothing_open():
    sides = Sides()
    sides.ask()
    sides.call_off()
    request, off = sides.to_area
    known = done(area.take_call_off(off[0], off[1], ())).state
    assert isinstance(area.take_request(request[0], request[1], sides.referral, [known]), Ignored)


def test_a_later_request_ends_an_earlier_one_in_whichever_order_they_are_heard():
    sides = Sides()
    sides.ask()
    sides.call_off()
    sides.now += HOUR
    sides.ask()
    (first, _, second) = sides.to_area
    for one, other in ((first, second), (second, first)):
        known: dict[str, ThreeParty] = {}
        for told, at in (one, other):
            made = done(area.take_request(told, at, sides.referral, list(known.values()))).state
            known |= {m.id: m for m in made}
        assert {id_: m.stage for id_, m in known.items()} == {
            first[0].meeting_id: area.Stage.CALLED_OFF, second[0].meeting_id: area.Stage.ASKED}


@pytest.mark.parametrize(("changes", "code"), [
    ({"service": "outreach"}, "not-of-this-service"),
    ({"referral": None}, "came-without-referral"),
])
def test_who_may_not_ask_is_told_why(changes, code):
    made = case(changes.get("service", "coaching"))
    decision = coach.ask(replace(made, **{k: v for k, v in changes.items() if k != "service"}), act(),
                         [time_at(NOW + HOUR)], RULES)
    assert isinstance(decision, Refuse)
    assert decision.refusal.code == code


def test_times_lie_ahead_end_after_they_begin_and_are_no_more_than_the_plan_says():
    times = [time_at(NOW + n * HOUR) for n in range(1, 5)]
    backwards = ProposedTime(starts_at=NOW + HOUR, ends_at=NOW + HOUR)
    for proposed, code in ((times, "too-many-times"), ([], "too-many-times"), ([time_at(NOW)], "proposed-time-passed"),
                           ([backwards], "ends-before-it-begins")):
        decision = coach.ask(case(), act(), proposed, RULES)
        assert isinstance(decision, Refuse)
        assert decision.refusal.code == code
    fewer = RULES.model_copy(update={"three_party": RULES.three_party.model_copy(update={"times_at_most": 1})})
    assert isinstance(coach.ask(case(), act(), times[:2], fewer), Refuse)
    assert isinstance(coach.ask(case(), act(), times[:2], RULES), Decided)


def test_a_second_meeting_is_not_asked_for_while_one_is_under_way():
    decision = coach.ask(asked_and_agreed().case, act(), [time_at(NOW + HOUR)], RULES)
    assert isinstance(decision, Refuse)
    assert decision.refusal.code == "meeting-under-way"


def test_nothing_is_agreed_without_the_client():
    sides = Sides()
    sides.ask()
    sides.hear_coach()
    meeting = sides.latest()
    assert meeting
    for to, code in (
        (Agreement(NOW + HOUR, NOW + 2 * HOUR, "remote", False), "client-must-take-part"),
        (Agreement(NOW - HOUR, NOW + HOUR, "remote", True), "time-passed"),
        (Agreement(NOW + HOUR, NOW + HOUR, "remote", True), "ends-before-it-begins"),
        (Agreement(NOW + HOUR, NOW + 2 * HOUR, "the-moon", True), "place-unknown"),
    ):
        decision = area.agree(meeting, sides.referral, to, NOW, RULES)
        assert isinstance(decision, Refuse)
        assert decision.refusal.code == code


def test_the_end_of_a_case_calls_its_meeting_off_once_and_a_withdrawal_tells_nothing():
    sides = asked_and_agreed()
    closed = Happened("x", NOW + HOUR, COACH, CaseClosed(case_id=sides.case.id, on=NOW.date(), outcome="work"))
    ended = replace(sides.case, course=sides.case.course.then(closed))
    after = coach.close(ended, NOW + HOUR)
    assert [type(e) for e in after.events] == [ThreePartyMeetingCalledOff]
    assert coach.close(after.state, NOW + 2 * HOUR).events == ()
    assert ended.referral
    gone = replace(ended, referral=replace(ended.referral, closing=Closing.WITHDRAWAL, closed_at=NOW))
    assert coach.close(gone, NOW + HOUR).events == ()
    assert [m.stage for m in coach.meetings(gone)] == [coach.Stage.FELL_AWAY]


def test_what_is_told_of_a_meeting_has_ids_people_times_and_a_place():
    """There is no field for a client's matter [3.2]."""
    assert {*ThreePartyMeetingRequested.model_fields} == {
        "referral_id", "meeting_id", "case_manager", "coach", "proposed"}
    assert {*ThreePartyMeetingAgreed.model_fields} == {
        "referral_id", "meeting_id", "case_manager", "coach", "starts_at", "ends_at", "place", "sequence",
        "client_takes_part"}
    assert {*ThreePartyMeetingDeclined.model_fields} == {"referral_id", "meeting_id", "case_manager", "coach", "reason"}

"""What a coach may do in a case, and what of it the employment area learns [3.2, 3.3]."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import pytest

from chassis.decisions import Decided, Decision, Ignored, Refuse
from contracts.envelope import Data
from contracts.events.casework import (
    AppointmentBooked,
    CaseClosed,
    ContactAttempted,
    MeetingHeld,
    PeriodEnded,
    PeriodStarted,
    WithdrawalTold,
)
from contracts.events.coaching import (
    CoachingEnded,
    CoachingStarted,
    ReferralReturned,
    RightAddress,
    WithdrawalReported,
)
from contracts.events.referrals import Consent, ReferralConsented
from contracts.fields import CaseId, ClientId, ConsentId, ReferralId, ReferralNumber, StaffId, new_id
from services.coaching.cases import domain, opening
from services.coaching.cases.course import Course, Happened, against
from services.coaching.cases.courses import Status
from services.coaching.cases.domain import Act, Case
from services.coaching.referrals import domain as referrals
from services.coaching.referrals.domain import Closing, Referral, Remembered

S = TypeVar("S")
NOW = datetime(2026, 11, 24, 9, 14, tzinfo=UTC)
TODAY = date(2026, 11, 24)
REFERRED = date(2026, 11, 12)
EIGHT_WEEKS = timedelta(weeks=8)
SHARED = (CoachingStarted, CoachingEnded, ReferralReturned, WithdrawalReported)


def consent(**changes: Any) -> ReferralConsented:
    return ReferralConsented.model_validate({
        "referral_id": new_id(), "number": "2026-0412", "service": "coaching", "municipality": "lempaala",
        "provider": "lempaala", "case_manager": "mikko-maki", "referred_on": REFERRED,
        "respond_due_on": date(2026, 11, 19),
        "consent": Consent(consent_id=ConsentId(new_id()), fields=("name", "phone"), purpose="coaching",
                           given_at=NOW - timedelta(days=12), recorded_by=StaffId("mikko-maki")),
    } | changes)


def referral(**changes: Any) -> Referral:
    return replace(happened(referrals.consented(consent(), NOW - timedelta(days=12), Remembered())), **changes)


def case(service: str = "coaching", *course: Data, **changes: Any) -> Case:
    """A case by referral in which these events happened, an hour apart, up to an hour ago."""
    case_id = CaseId(new_id())
    told = Course(service, REFERRED, tuple(
        Happened(f"{n}", NOW - timedelta(hours=len(course) - n), "sanni-salo", event)
        for n, event in enumerate(course)
    ))
    return replace(Case(
        id=case_id, client=ClientId(new_id()), service=service, municipality="lempaala", provider="lempaala",
        origin="referral", opened_at=NOW - timedelta(days=12), course=told, number="2026-0412",
        referral=referral(service=service),
    ), **changes)


CASE = CaseId(new_id())


def meeting(on: date, kind: str = "coaching") -> MeetingHeld:
    return MeetingHeld.model_validate({"case_id": CASE, "on": on, "kind": kind})


def attempt(at: datetime = NOW - timedelta(days=1), reached: bool = False) -> ContactAttempted:
    return ContactAttempted(case_id=CASE, at=at, channel="call", reached=reached)


def closed(on: date, **how: Any) -> CaseClosed:
    return CaseClosed(case_id=CASE, on=on, **how)


def act(at: datetime = NOW) -> Act:
    return Act(new_id(), "sanni-salo", at)


def happened(decision: Decision[S]) -> S:
    assert isinstance(decision, Decided), decision
    return decision.state


def events(decision: Decision[Any]) -> Sequence[Data]:
    assert isinstance(decision, Decided), decision
    return decision.events


def told_to_area(decision: Decision[Any]) -> list[str]:
    return [type(e).__name__ for e in events(decision) if isinstance(e, SHARED)]


def code(decision: Decision[Any]) -> str:
    assert isinstance(decision, Refuse), decision
    return decision.refusal.code


def start(of: Case, on: date = TODAY, told: bool = True) -> Decision[Case]:
    return domain.start(of, act(), on, told)


# --- reaching the client


def test_each_attempt_is_recorded_and_the_area_hears_nothing_of_it() -> None:
    decision = domain.record_attempt(case(), act(), NOW - timedelta(minutes=5), "call", reached=False)
    assert told_to_area(decision) == []
    assert happened(decision).course.attempts[0].channel == "call"


def test_an_attempt_that_lies_ahead_is_refused() -> None:
    assert code(domain.record_attempt(case(), act(), NOW + timedelta(minutes=1), "call", True)) == "day-ahead"


def test_reaching_the_client_and_booking_a_time_are_one_act() -> None:
    decision = domain.book_appointment(case(), act(), NOW + timedelta(days=2), "lempaala-talo", "call")
    assert [type(e) for e in events(decision)] == [ContactAttempted, AppointmentBooked]
    assert happened(decision).status is Status.BOOKED
    assert happened(decision).course.reached


def test_a_time_is_booked_ahead() -> None:
    assert code(domain.book_appointment(case(), act(), NOW, "remote", None)) == "time-passed"


def test_an_appointment_is_waited_for_until_a_meeting_of_its_day() -> None:
    booked = AppointmentBooked(case_id=CASE, at=NOW, place="remote")
    assert case("coaching", booked).appointment == booked
    assert case("coaching", booked, meeting(TODAY)).appointment is None


# --- start and end: all that the area learns


def test_starting_tells_the_area_the_day_and_casework_the_first_meeting() -> None:
    of = case()
    decision = start(of)
    first, told = events(decision)
    assert first == MeetingHeld(case_id=of.id, on=TODAY, kind="starter-package")
    assert isinstance(told, CoachingStarted)
    assert (told.started_on, told.referred_on, told.case_manager) == (TODAY, REFERRED, "mikko-maki")
    assert happened(decision).status is Status.RUNNING


def test_a_start_after_the_first_meeting_is_told_without_a_second_meeting() -> None:
    assert [type(e) for e in events(start(case("coaching", meeting(TODAY))))] == [CoachingStarted]


def test_a_start_is_told_once() -> None:
    assert code(start(happened(start(case())))) == "start-already-told"


def test_a_withdrawn_client_is_not_started() -> None:
    withdrawn = case(referral=referral(closing=Closing.WITHDRAWAL, closed_at=NOW))
    assert code(start(withdrawn)) == "consent-not-in-force"


def test_of_the_other_services_the_area_is_told_no_start() -> None:
    assert told_to_area(start(case("outreach"), told=False)) == []


def test_a_client_without_a_referral_starts_without_a_word_to_the_area() -> None:
    assert told_to_area(start(case(referral=None))) == []


def test_pointti_begins_with_a_period_and_the_area_is_told_of_no_day_before_it() -> None:
    assert code(start(case("pointti", meeting(TODAY, "interview")))) == "period-first"
    period = PeriodStarted.model_validate(
        {"case_id": CASE, "period_id": new_id(), "starts_on": TODAY, "ends_on": TODAY + EIGHT_WEEKS})
    assert code(start(case("pointti", period), on=TODAY - timedelta(days=1))) == "period-first"
    assert told_to_area(start(case("pointti", period))) == ["CoachingStarted"]


def test_an_end_keeps_its_outcome_on_the_municipal_side() -> None:
    started = replace(case("coaching", meeting(REFERRED)), start_told=REFERRED)
    decision = domain.end(started, act(), TODAY, "work", told=True)
    closing, told = events(decision)
    assert isinstance(closing, CaseClosed)
    assert closing.outcome == "work"
    assert isinstance(told, CoachingEnded)
    assert "work" not in told.model_dump_json()
    assert happened(decision).status is Status.ENDED


def test_an_end_tells_a_start_that_was_not_told_before_it() -> None:
    decision = domain.end(case("coaching", meeting(REFERRED)), act(), TODAY, "education", told=True)
    assert told_to_area(decision) == ["CoachingStarted", "CoachingEnded"]


def test_only_what_began_can_end() -> None:
    assert code(domain.end(case(), act(), TODAY, "work", told=True)) == "not-begun-yet"


def test_the_end_of_a_case_that_party_closed_is_told_by_the_coach_alone() -> None:
    of = replace(case("coaching", meeting(REFERRED), closed(TODAY, outcome="work")), start_told=REFERRED)
    decision = domain.end(of, act(), TODAY, None, told=True)
    assert [type(e) for e in events(decision)] == [CoachingEnded]
    assert code(domain.end(happened(decision), act(), TODAY, None, told=True)) == "end-already-told"


def test_after_a_withdrawal_an_end_is_not_told() -> None:
    of = case("coaching", meeting(REFERRED), referral=referral(closing=Closing.WITHDRAWAL))
    assert told_to_area(domain.end(of, act(), TODAY, "interrupted", told=True)) == []


def test_a_case_does_not_end_before_it_began() -> None:
    of = case("coaching", meeting(TODAY))
    assert code(domain.end(of, act(), TODAY - timedelta(days=1), "work", told=True)) == "end-before-start"


# --- giving back


def test_a_return_to_another_provider_names_the_right_address() -> None:
    assert code(domain.give_back(case(), act(), "wrong-address", None, told=True)) == "right-address-missing"
    right = RightAddress(organisation="vesilahti", service="outreach")
    decision = domain.give_back(case(), act(), "wrong-address", right, told=True)
    closing, returned = events(decision)
    assert isinstance(closing, CaseClosed)
    assert closing.not_begun == "not-eligible"
    assert isinstance(returned, ReferralReturned)
    assert returned.right_address == right
    after = happened(decision).referral
    assert after
    assert after.closing is Closing.RETURN


@pytest.mark.parametrize(("reached", "kept"), [(False, "not-reached"), (True, "declined")])
def test_the_area_is_never_told_why_coaching_did_not_start(reached: bool, kept: str) -> None:
    decision = domain.give_back(case("coaching", attempt(reached=reached)), act(), "not-started", None, told=True)
    closing, returned = events(decision)
    assert isinstance(closing, CaseClosed)
    assert closing.not_begun == kept
    assert isinstance(returned, ReferralReturned)
    assert kept not in returned.model_dump_json()


def test_of_outreach_not_even_that_it_did_not_start_is_told() -> None:
    assert code(domain.give_back(case("outreach"), act(), "not-started", None, told=False)) == (
        "not-told-of-this-service"
    )
    decision = domain.close_unbegun(case("outreach"), act(), TODAY, "not-reached", told=False)
    assert told_to_area(decision) == []
    assert happened(decision).status is Status.NOT_BEGUN


def test_closing_what_never_began_gives_the_referral_back() -> None:
    decision = domain.close_unbegun(case(), act(), TODAY, "declined", told=True)
    closing, returned = events(decision)
    assert isinstance(closing, CaseClosed)
    assert closing.not_begun == "declined"
    assert isinstance(returned, ReferralReturned)
    assert returned.reason == "not-started"


@pytest.mark.parametrize("service", ["coaching", "outreach"])
def test_a_withdrawn_consent_is_no_mere_reason_for_closing(service: str) -> None:
    told = service == "coaching"
    assert code(domain.close_unbegun(case(service), act(), TODAY, "withdrawn", told)) == "withdrawal-is-another-act"


def test_what_has_begun_is_ended_and_not_returned() -> None:
    assert code(domain.give_back(case("coaching", meeting(TODAY)), act(), "no-capacity", None, True)) == "has-begun"
    told = replace(case("coaching", meeting(TODAY)), start_told=TODAY)
    assert code(domain.give_back(told, act(), "no-capacity", None, True)) == "start-was-told"


# --- withdrawal


def test_a_withdrawal_told_to_the_coach_is_reported_and_stops_what_has_not_begun() -> None:
    decision = domain.withdraw(case(), act(), NOW - timedelta(minutes=3))
    assert [type(e) for e in events(decision)] == [WithdrawalTold, WithdrawalReported, CaseClosed]
    after = happened(decision)
    assert after.status is Status.NOT_BEGUN
    assert after.referral
    assert after.referral.closing is Closing.WITHDRAWAL


def test_a_service_that_has_begun_goes_on_without_the_area() -> None:
    decision = domain.withdraw(case("coaching", meeting(TODAY)), act(), NOW)
    assert [type(e) for e in events(decision)] == [WithdrawalTold, WithdrawalReported]
    assert happened(decision).status is Status.RUNNING


def test_a_withdrawal_after_the_end_is_reported_too() -> None:
    ended = case("coaching", meeting(REFERRED), closed(TODAY, outcome="work"))
    assert told_to_area(domain.withdraw(ended, act(), NOW)) == ["WithdrawalReported"]


def test_a_withdrawal_is_reported_once_and_not_ahead() -> None:
    assert code(domain.withdraw(happened(domain.withdraw(case(), act(), NOW)), act(), NOW)) == "consent-not-in-force"
    assert code(domain.withdraw(case(), act(), NOW + timedelta(hours=1))) == "withdrawal-time-not-possible"
    assert code(domain.withdraw(case(referral=None), act(), NOW)) == "no-referral"


def test_a_case_that_party_keeps_is_closed_by_party() -> None:
    kept = case(sources=frozenset({domain.OURS, "/lempaala/party"}))
    assert happened(domain.withdraw(kept, act(), NOW)).course.closed is None


# --- the course: before and after are judged by time


def test_the_same_events_in_any_order_give_the_same_course() -> None:
    told = [Happened("a", NOW, "x", meeting(TODAY)), Happened("b", NOW + timedelta(hours=1), "x", attempt()),
            Happened("c", NOW + timedelta(hours=2), "x", closed(TODAY, outcome="work"))]
    empty = Course("coaching", REFERRED)
    assert empty.then(*told) == empty.then(told[2]).then(told[0]).then(told[1])


def test_what_is_told_of_a_time_after_the_closing_is_not_possible() -> None:
    closing = Happened("b", NOW + timedelta(hours=1), "x", closed(TODAY, outcome="work"))
    ended = Course("coaching", REFERRED).then(Happened("a", NOW, "x", meeting(TODAY)), closing)
    late = Happened("c", NOW + timedelta(hours=2), "x", meeting(TODAY))
    refused = against(ended, late, has_referral=True)
    assert refused
    assert refused.code == "case-closed"
    told = WithdrawalTold(case_id=CASE, told_at=NOW)
    assert against(ended, replace(late, data=told), has_referral=True) is None
    earlier = Happened("c", NOW + timedelta(minutes=2), "x", meeting(TODAY))
    assert against(ended, earlier, has_referral=True) is None


def test_a_meeting_and_a_closing_of_one_moment_are_possible_in_either_order() -> None:
    held, ended = Happened("z", NOW, "x", meeting(TODAY)), Happened("a", NOW, "x", closed(TODAY, outcome="work"))
    course = Course("coaching", REFERRED)
    assert against(course.then(held), ended, has_referral=False) is None
    assert against(course.then(ended), held, has_referral=False) is None
    assert course.then(ended, held).began_on() == TODAY


def test_a_period_ends_only_after_it_began() -> None:
    period = PeriodStarted.model_validate(
        {"case_id": CASE, "period_id": new_id(), "starts_on": TODAY, "ends_on": TODAY + EIGHT_WEEKS}
    )
    course = Course("pointti", REFERRED).then(Happened("a", NOW, "x", period))

    def ending(on: date, period_id: str) -> Happened:
        return Happened("b", NOW + timedelta(hours=1), "x", PeriodEnded.model_validate(
            {"case_id": CASE, "period_id": period_id, "ended_on": on, "plan": "job"}
        ))

    assert against(course, ending(TODAY, period.period_id), has_referral=True) is None
    early = against(course, ending(REFERRED, period.period_id), has_referral=True)
    assert early
    assert early.code == "end-before-start"
    unknown = against(course, ending(TODAY, new_id()), has_referral=True)
    assert unknown
    assert unknown.code == "part-unknown"


def test_who_comes_in_person_was_attempted_and_reached_that_day() -> None:
    came = case("outreach", meeting(TODAY)).course
    assert (came.first_attempt_on, came.reached_on) == (TODAY, TODAY)
    called = case("outreach", attempt(NOW - timedelta(days=3))).course
    assert (called.first_attempt_on, called.reached_on) == (date(2026, 11, 21), None)


# --- what the area tells


def test_a_referral_that_was_withdrawn_before_it_came_opens_nothing() -> None:
    known = happened(referrals.consented(consent(), NOW, Remembered(closing=Closing.WITHDRAWAL, closed_at=NOW)))
    assert not known.is_open


def test_the_later_case_manager_holds_in_either_order() -> None:
    before = Remembered(case_manager="liisa-lehto", case_manager_since=NOW + timedelta(hours=1))
    assert happened(referrals.consented(consent(), NOW, before)).case_manager == "liisa-lehto"
    after = happened(referrals.consented(consent(), NOW, Remembered()))
    assert happened(referrals.change_case_manager(after, "liisa-lehto", NOW + timedelta(hours=1))).case_manager == (
        "liisa-lehto"
    )
    assert isinstance(referrals.change_case_manager(after, "liisa-lehto", NOW - timedelta(hours=1)), Ignored)


def test_a_referral_has_a_case_under_its_own_number() -> None:
    of = referral(number=ReferralNumber("2026-0413"), id=ReferralId(new_id()))
    decision = opening.open_for(of, CaseId(new_id()), ClientId(new_id()), NOW)
    opened = events(decision)[0].model_dump()
    assert opened["referral_number"] == "2026-0413"
    assert opened["asked_on"] == REFERRED
    assert of.id not in str(opened)

"""What a case owes next: no open status is without an owner and a deadline [plan, obligations]."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.calendar import end_of_day
from contracts import plan
from contracts.envelope import Data
from contracts.events.casework import AppointmentBooked, CaseClosed, ContactAttempted, MeetingHeld, PeriodStarted
from contracts.fields import CaseId, ClientId, ConsentId, PeriodId, ReferralId, ReferralNumber, new_id
from services.coaching.cases import duties
from services.coaching.cases.course import Course, Happened
from services.coaching.cases.domain import Case
from services.coaching.referrals.domain import Closing, Referral

CASE = CaseId(new_id())
PLAN = plan.on(date(2026, 3, 2))
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASKED = date(2026, 2, 23)


def referral(service: str, **changes: Any) -> Referral:
    return replace(Referral(
        id=ReferralId(new_id()), consent_id=ConsentId(new_id()), number=ReferralNumber("2026-0412"), service=service,
        municipality="lempaala", provider="lempaala", case_manager="mikko-mallila", case_manager_since=NOW,
        referred_on=ASKED, respond_due_on=date(2026, 3, 4), purpose=service, consented_at=NOW - timedelta(days=7),
    ), **changes)


def case(service: str = "coaching", *course: Data, **changes: Any) -> Case:
    told = tuple(Happened(f"{n}", NOW - timedelta(hours=len(course) - n), "x", e) for n, e in enumerate(course))
    return replace(Case(
        id=CASE, client=ClientId(new_id()), service=service, municipality="lempaala", provider="lempaala",
        origin="referral", opened_at=NOW, course=Course(service, ASKED, told), number="2026-0412",
        referral=referral(service),
    ), **changes)


def attempt(day: int, reached: bool = False) -> ContactAttempted:
    return ContactAttempted(case_id=CASE, at=datetime(2026, 2, day, 9, tzinfo=UTC), channel="call", reached=reached)


def held(on: date, kind: str = "coaching") -> MeetingHeld:
    return MeetingHeld.model_validate({"case_id": CASE, "on": on, "kind": kind})


def owed(of: Case, review_due: datetime | None = None) -> dict[str, date]:
    found = duties.owed(of, PLAN, NOW, review_due)
    assert all(due == end_of_day(due.date()) for due in found.values())
    return {kind: due.date() for kind, due in found.items()}


def test_the_client_is_contacted_by_the_day_that_the_referral_names() -> None:
    assert owed(case()) == {"contact-client": date(2026, 3, 4)}


def test_who_comes_to_outreach_without_a_referral_is_contacted_within_two_weeks() -> None:
    assert owed(case("outreach", referral=None)) == {"contact-client": date(2026, 3, 9)}


def test_an_attempt_that_reached_nobody_is_followed_by_another() -> None:
    assert owed(case("coaching", attempt(24))) == {"try-again": date(2026, 3, 3)}
    assert owed(case("outreach", attempt(24))) == {
        "try-again": date(2026, 3, 10), "decide-on-unreached": date(2026, 5, 24)}


def test_who_was_reached_gets_a_time_and_in_pointti_an_interview() -> None:
    assert owed(case("coaching", attempt(26, True))) == {"book-appointment": date(2026, 3, 3)}
    assert owed(case("pointti", attempt(26, True))) == {"hold-interview": date(2026, 3, 12)}


def test_a_booked_time_is_recorded_on_its_day() -> None:
    booked = AppointmentBooked(case_id=CASE, at=NOW + timedelta(days=2), place="remote")
    assert owed(case("coaching", attempt(26, True), booked)) == {"record-appointment": date(2026, 3, 4)}


def test_a_beginning_that_the_area_was_not_told_of_is_told_in_two_business_days() -> None:
    begun = case("coaching", held(date(2026, 2, 27)))
    assert owed(begun) == {"tell-coaching-started": date(2026, 3, 4), "review-case": date(2026, 5, 27)}
    assert "tell-coaching-started" not in owed(replace(begun, start_told=date(2026, 2, 27)))
    assert "tell-coaching-started" not in owed(case("outreach", held(date(2026, 2, 27))))


def test_pointti_waits_for_a_period_and_ends_it_with_a_plan() -> None:
    interviewed = case("pointti", held(date(2026, 2, 27), "interview"))
    assert owed(interviewed) == {"start-period": date(2026, 4, 24)}
    period = PeriodStarted(
        case_id=CASE, period_id=PeriodId(new_id()), starts_on=date(2026, 3, 2), ends_on=date(2026, 4, 26))
    assert owed(case("pointti", held(date(2026, 2, 27), "interview"), period))["end-period"] == date(2026, 4, 26)


def test_an_end_that_another_system_recorded_is_still_to_be_told() -> None:
    closed = CaseClosed(case_id=CASE, on=date(2026, 3, 2), outcome="work")
    ended = case("coaching", held(date(2026, 2, 27)), closed)
    assert owed(ended) == {"tell-coaching-ended": date(2026, 3, 4)}
    assert owed(replace(ended, end_told=date(2026, 3, 2))) == {}
    assert owed(replace(ended, referral=None)) == {}


def test_after_a_withdrawal_nothing_is_told_any_more() -> None:
    gone = referral("coaching", closing=Closing.WITHDRAWAL, closed_at=NOW)
    assert owed(case("coaching", held(date(2026, 2, 27)), referral=gone)) == {"review-case": date(2026, 5, 27)}


def test_a_review_stays_until_it_is_near_and_then_moves_with_the_last_meeting() -> None:
    met = case("coaching", held(date(2026, 1, 5)), held(date(2026, 2, 27)), start_told=date(2026, 1, 5))
    far, near = end_of_day(date(2026, 4, 5)), end_of_day(date(2026, 3, 10))
    assert owed(met, far) == {"review-case": date(2026, 4, 5)}
    assert owed(met, near) == {"review-case": date(2026, 5, 27)}


@pytest.mark.parametrize(("kind", "of", "done"), [
    ("contact-client", case("coaching", attempt(24)), True),
    ("contact-client", case(), False),
    ("tell-coaching-started", case("coaching", start_told=ASKED), True),
    ("tell-coaching-started", case(), False),
    ("start-period", case("pointti"), False),
    ("tell-coaching-ended", case("coaching", referral=referral("coaching", closing=Closing.RETURN)), True),
])
def test_what_was_done_is_met_and_what_fell_away_is_not(kind: str, of: Case, done: bool) -> None:
    assert duties.met(kind, of, end_of_day(ASKED), PLAN) is done


def test_a_first_attempt_counts_from_its_own_moment() -> None:
    assert duties.met_at("contact-client", case("coaching", attempt(24), attempt(26)), NOW).day == 24



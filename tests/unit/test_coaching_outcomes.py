"""What became of cases, year by year under that year's pseudonyms alone [events.md, Pseudonyms; measures.md]."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Data
from contracts.events.casework import CaseClosed, ContactAttempted, MeetingHeld, PeriodEnded, PeriodStarted
from contracts.events.outcomes import (
    ApproachReceived,
    ServiceBegan,
    ServiceContinued,
    ServiceContinuedInError,
    ServiceEnded,
    ServiceNotBegun,
)
from contracts.fields import CaseId, ClientId, PeriodId, new_id, new_pseudonym
from services.coaching.cases.course import Course, Happened
from services.coaching.cases.domain import Case
from services.coaching.outcomes import domain
from services.coaching.outcomes.domain import Telling

CASE = CaseId(new_id())
NOON = datetime(2026, 1, 1, 10, tzinfo=UTC)


def case(asked_on: date, *course: Data, service: str = "coaching") -> Case:
    told = tuple(Happened(f"{n}", NOON + timedelta(hours=n), "/lempaala/party", e) for n, e in enumerate(course))
    return Case(
        id=CASE, client=ClientId(new_id()), service=service, municipality="vesilahti", provider="lempaala",
        origin="self", opened_at=NOON, course=Course(service, asked_on, told), number="A-2026-0001",
    )


def held(on: date, kind: str = "coaching") -> MeetingHeld:
    return MeetingHeld.model_validate({"case_id": CASE, "on": on, "kind": kind})


def closed(on: date, **how: Any) -> CaseClosed:
    return CaseClosed(case_id=CASE, on=on, **how)


def told(of: Case, *years: int) -> list[tuple[int, str]]:
    return [(t.year, t.model.__name__) for t in domain.tellings(of, True, range(years[0], years[-1] + 1))]


def telling(of: Case, model: type[Data], *years: int) -> Telling:
    return next(t for t in domain.tellings(of, True, range(years[0], years[-1] + 1)) if t.model is model)


def test_an_approach_is_told_so_that_those_who_wait_can_be_counted() -> None:
    assert told(case(date(2026, 5, 4)), 2026) == [(2026, "ApproachReceived")]


def test_a_wait_that_lasts_over_new_year_is_told_again_under_the_new_ids() -> None:
    waiting = case(date(2025, 12, 20))
    assert told(waiting, 2025, 2026) == [(2025, "ApproachReceived"), (2026, "ApproachReceived")]
    assert telling(waiting, ApproachReceived, 2026, 2026).fields["asked_on"] == date(2025, 12, 20)


def test_a_begun_case_that_is_open_on_new_year_continues_under_the_new_ids() -> None:
    assert told(case(date(2025, 11, 3), held(date(2025, 11, 20))), 2025, 2026) == [
        (2025, "ApproachReceived"), (2025, "ServiceBegan"), (2026, "ServiceContinued"),
    ]


def test_a_case_that_ends_on_the_first_of_january_was_open_on_it() -> None:
    of = case(date(2025, 11, 3), held(date(2025, 11, 20)), closed(date(2026, 1, 1), outcome="work"))
    assert told(of, 2025, 2026)[2:] == [(2026, "ServiceContinued"), (2026, "ServiceEnded")]


def test_an_interview_begins_nothing() -> None:
    assert told(case(date(2026, 3, 2), held(date(2026, 3, 9), "interview")), 2026) == [(2026, "ApproachReceived")]


def test_pointti_begins_with_its_period_and_ends_with_its_plan() -> None:
    period = PeriodId(new_id())
    of = case(
        date(2026, 3, 2), held(date(2026, 3, 9), "interview"), held(date(2026, 3, 12)),
        PeriodStarted(case_id=CASE, period_id=period, starts_on=date(2026, 4, 1), ends_on=date(2026, 5, 26)),
        PeriodEnded(case_id=CASE, period_id=period, ended_on=date(2026, 5, 26), plan="education"),
        closed(date(2026, 5, 27), outcome="education"), service="pointti",
    )
    assert telling(of, ServiceBegan, 2026, 2026).fields["on"] == date(2026, 4, 1)
    assert telling(of, ServiceEnded, 2026, 2026).fields["plan"] == "education"


def test_what_never_began_is_told_with_its_first_attempt_and_reason() -> None:
    attempt = ContactAttempted(case_id=CASE, at=datetime(2026, 3, 4, 22, 30, tzinfo=UTC), channel="call", reached=False)
    of = case(date(2026, 3, 2), attempt, closed(date(2026, 6, 8), not_begun="not-reached"))
    assert told(of, 2026) == [(2026, "ApproachReceived"), (2026, "ServiceNotBegun")]
    fields = telling(of, ServiceNotBegun, 2026, 2026).fields
    assert fields["first_attempt_on"] == date(2026, 3, 5)  # half past midnight in Finland
    assert fields["reached_on"] is None


def test_a_case_that_turns_out_to_have_ended_before_new_year_is_taken_back() -> None:
    of = case(date(2025, 11, 3), held(date(2025, 11, 20)), closed(date(2025, 12, 30), outcome="moved"))
    now = list(domain.tellings(of, True, range(2025, 2027)))
    before: dict[tuple[int, type[Data]], str] = {(2025, ServiceBegan): "{}", (2026, ServiceContinued): "{}"}
    back = list(domain.taken_back(before, now))
    assert [(t.year, t.model) for _, t in back] == [(2026, ServiceContinuedInError)]


def test_a_wait_that_turns_out_to_have_ended_before_new_year_is_taken_back() -> None:
    of = case(date(2025, 11, 3), closed(date(2025, 12, 30), not_begun="declined"))
    before: dict[tuple[int, type[Data]], str] = {(2025, ApproachReceived): "{}", (2026, ApproachReceived): "{}"}
    back = list(domain.taken_back(before, list(domain.tellings(of, True, range(2025, 2027)))))
    assert [(t.year, t.model) for _, t in back] == [(2026, ServiceContinuedInError)]


def test_a_telling_knows_nothing_that_casework_knows_the_client_by() -> None:
    of = case(date(2026, 5, 4))
    client, spell = new_pseudonym(), new_pseudonym()
    event = telling(of, ApproachReceived, 2026, 2026).under(client, spell)
    assert of.client not in event.model_dump_json()
    assert of.id not in event.model_dump_json()


DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 12, 31))


@given(asked=DAYS, waits=st.integers(0, 700), lasts=st.integers(0, 700), began=st.booleans(), ended=st.booleans())
def test_each_year_in_which_a_case_is_open_hears_of_it_and_no_other_does(
    asked: date, waits: int, lasts: int, began: bool, ended: bool
) -> None:
    begin, end = asked + timedelta(days=waits), asked + timedelta(days=waits + lasts)
    course: list[Data] = [held(begin)] if began else []
    if ended:
        course.append(closed(end, outcome="work") if began else closed(begin, not_begun="declined"))
    last = end if began else begin
    open_years = range(asked.year, (last.year if ended else 2032) + 1)
    assert {t.year for t in domain.tellings(case(asked, *course), True, range(2024, 2033))} == set(open_years)

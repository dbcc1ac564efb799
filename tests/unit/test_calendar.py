"""Finnish business days and deadlines."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import calendar
from contracts.plan import Span

DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 12, 31))
BUSINESS_DAYS = DAYS.filter(calendar.is_business_day)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 6),  # Epiphany
        date(2026, 4, 3),  # Good Friday
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 1),  # May Day
        date(2026, 5, 14),  # Ascension Day
        date(2026, 6, 19),  # Midsummer Eve
        date(2026, 12, 24),  # Christmas Eve
        date(2026, 12, 25),
        date(2027, 12, 6),  # Independence Day, a Monday
        date(2026, 3, 7),  # a Saturday
        date(2026, 3, 8),
    ],
)
def test_public_offices_are_closed(day: date) -> None:
    assert not calendar.is_business_day(day)


@pytest.mark.parametrize("day", [date(2026, 4, 2), date(2026, 12, 23), date(2026, 12, 31), date(2026, 6, 18)])
def test_the_day_before_a_feast_is_a_business_day(day: date) -> None:
    assert calendar.is_business_day(day)


@given(st.integers(min_value=2000, max_value=2100))
def test_midsummer_eve_and_christmas_eve_are_days_off_in_every_year(year: int) -> None:
    eves = [day for day in calendar.days_off(year) if day.month == 6 and 19 <= day.day <= 25 and day.weekday() == 4]
    assert len(eves) == 1
    assert date(year, 12, 24) in calendar.days_off(year)


@given(BUSINESS_DAYS, st.integers(min_value=-60, max_value=60))
def test_what_is_added_is_what_lies_between(day: date, days: int) -> None:
    there = calendar.add_business_days(day, days)
    assert calendar.business_days_between(day, there) == days
    assert calendar.add_business_days(there, -days) == day


@given(DAYS, st.integers(min_value=1, max_value=60))
def test_a_deadline_in_business_days_is_a_business_day_and_never_short(day: date, days: int) -> None:
    there = calendar.add_business_days(day, days)
    assert calendar.is_business_day(there)
    assert (there - day).days >= days
    assert calendar.business_days_between(day, there) == days


@given(DAYS, DAYS, DAYS)
def test_business_days_add_up(a: date, b: date, c: date) -> None:
    first, second, third = sorted([a, b, c])
    between = calendar.business_days_between
    assert between(first, second) + between(second, third) == between(first, third)
    assert between(second, first) == -between(first, second)


def test_five_business_days_over_easter() -> None:
    assert calendar.add_business_days(date(2026, 4, 1), 5) == date(2026, 4, 10)


def test_days_left_are_counted_in_finland() -> None:
    due = calendar.end_of_day(date(2026, 11, 25))
    assert calendar.business_days_left(due, datetime(2026, 11, 22, 22, 30, tzinfo=UTC)) == 2  # Monday in Finland
    assert calendar.business_days_left(due, datetime(2026, 11, 25, 21, 59, tzinfo=UTC)) == 0
    assert calendar.business_days_left(due, datetime(2026, 11, 25, 22, 0, tzinfo=UTC)) == -1


@given(DAYS)
def test_the_end_of_a_day_is_its_last_moment(day: date) -> None:
    end = calendar.end_of_day(day)
    assert calendar.helsinki_day(end) == day
    assert calendar.helsinki_day(end.astimezone(UTC) + timedelta(microseconds=1)) == day + timedelta(days=1)


def test_a_day_with_a_change_of_clocks_ends_at_midnight_too() -> None:
    assert calendar.end_of_day(date(2026, 3, 29)).utcoffset() == timedelta(hours=3)
    assert calendar.end_of_day(date(2026, 10, 25)).utcoffset() == timedelta(hours=2)


def test_a_moment_without_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        calendar.helsinki_day(datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize(
    ("day", "span", "there"),
    [
        (date(2026, 3, 2), Span(value=14, unit="days"), date(2026, 3, 16)),
        (date(2026, 3, 2), Span(value=8, unit="weeks"), date(2026, 4, 27)),
        (date(2026, 11, 30), Span(value=3, unit="months"), date(2027, 2, 28)),
        (date(2028, 2, 29), Span(value=5, unit="years"), date(2033, 2, 28)),
        (date(2026, 12, 23), Span(value=2, unit="business-days"), date(2026, 12, 29)),
    ],
)
def test_a_span_leads_from_day_to_day(day: date, span: Span, there: date) -> None:
    assert calendar.after(day, span) == there


@given(DAYS, st.sampled_from(["days", "weeks", "business-days"]), st.integers(min_value=0, max_value=30))
def test_before_undoes_after(day: date, unit: str, value: int) -> None:
    span = Span.model_validate({"value": value, "unit": unit})
    start = calendar.add_business_days(day, 1)
    assert calendar.before(calendar.after(start, span), span) == start


@given(DAYS, st.integers(min_value=0, max_value=40))
def test_months_never_leave_their_month(day: date, months: int) -> None:
    there = calendar.after(day, Span(value=months, unit="months"))
    assert (there.year - day.year) * 12 + there.month - day.month == months
    assert there.day <= day.day


def test_a_deadline_ends_with_its_day_but_hours_run_from_the_moment() -> None:
    moment = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # 3 March in Finland
    assert calendar.deadline(moment, Span(value=1, unit="business-days")) == calendar.end_of_day(date(2026, 3, 4))
    assert calendar.deadline(moment, Span(value=72, unit="hours")) == moment + timedelta(hours=72)
    assert calendar.deadline(date(2026, 3, 2), Span(value=14, unit="days")) == calendar.end_of_day(date(2026, 3, 16))


def test_hours_do_not_run_from_a_day() -> None:
    with pytest.raises(ValueError, match="72 hours"):
        calendar.deadline(date(2026, 3, 2), Span(value=72, unit="hours"))
    with pytest.raises(ValueError, match="72 hours"):
        calendar.after(date(2026, 3, 2), Span(value=72, unit="hours"))


def test_a_clock_time_is_finlands() -> None:
    assert calendar.at(date(2026, 7, 1), time(13)) == datetime(2026, 7, 1, 10, tzinfo=UTC)

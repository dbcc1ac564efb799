"""Days, times, numbers and phone numbers as Finns write them."""

from datetime import UTC, date, datetime

import pytest

from chassis.web.formats import filters, phone
from chassis.web.texts import texts

NBSP = "\N{NO-BREAK SPACE}"
ONE_PM = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def fi():
    return filters("fi", texts("fi"))


def test_days_and_times_are_those_of_finland(fi):
    late = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)
    assert fi["date"](ONE_PM) == "24.11.2026"
    assert fi["day"](late) == "ke 25.11."
    assert fi["time"](ONE_PM) == "13.00"
    assert fi["moment"](ONE_PM) == f"ti 24.11.2026 klo{NBSP}13.00"
    assert fi["due"](TUESDAY) == "ti 24.11."
    assert fi["due"](ONE_PM) == f"ti 24.11. klo{NBSP}13.00"
    assert fi["machine"](ONE_PM) == "2026-11-24T13:00+02:00"


def test_numbers_have_a_comma_and_shares_are_percents(fi):
    assert fi["number"](8000) == f"8{NBSP}000"
    assert fi["percent"](0.595) == f"59,5{NBSP}%"
    assert fi["percent"](0.91) == f"91{NBSP}%"
    assert fi["euros"](123450) == f"1{NBSP}234,50{NBSP}€"


def test_what_is_not_there_is_a_dash(fi):
    assert [fi[name](None) for name in ("date", "day", "time", "at", "moment", "number", "percent", "euros")] == (
        ["–"] * 8)


@pytest.mark.parametrize(("due", "left"), [
    (TUESDAY, "tänään"), (date(2026, 11, 25), "1 arkipäivä"), (date(2026, 11, 27), "3 arkipäivää"),
    (date(2026, 11, 28), "3 arkipäivää"), (date(2026, 11, 30), "4 arkipäivää"),
    (date(2026, 11, 23), "1 päivä myöhässä"), (date(2026, 11, 20), "4 päivää myöhässä"),
    (date(2026, 12, 7), "9 arkipäivää"),
])
def test_what_is_left_is_counted_in_business_days(fi, due, left):
    assert fi["left"](due, TUESDAY) == left


@pytest.mark.parametrize(("number", "shown"), [
    ("+358415550123", "041 5550 123"), ("+35891234567", "09 1234 567"), ("+46701234567", "+46701234567"), (None, "–"),
])
def test_phone_numbers(number, shown):
    assert phone(number) == shown


def test_other_languages_write_their_own_way():
    sv, en = filters("sv", texts("sv")), filters("en", texts("en"))
    assert sv["moment"](ONE_PM) == f"tis 24.11.2026 kl.{NBSP}13.00"
    assert en["moment"](ONE_PM) == f"Tue 24 Nov 2026 at{NBSP}13:00"
    assert en["left"](date(2026, 11, 27), TUESDAY) == "3 business days"

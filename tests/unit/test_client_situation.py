"""The monthly client situation [3.2]: what may be told of a month, and what of it is too small to be told."""

from datetime import UTC, date, datetime

import pytest

from chassis import calendar
from chassis.decisions import Decided, Refuse
from services.coaching.client_situation import domain
from services.coaching.client_situation.domain import Counts, Report, Situation
from tests import plans

NOW = datetime(2026, 4, 3, 9, tzinfo=UTC)
COUNTED = {"lempaala": Counts(61, 12, 4, 7), "vesilahti": Counts(5, 1, 0, 0)}
MARCH = Situation("lempaala", "coaching", "2026-03", COUNTED)


def told(residents=None, **other) -> Report:
    return Report(residents or COUNTED, other.get("free_places", 3), True, "leena-kokeilu", NOW)


def sent(situation=MARCH, wish=None, seen=0, today=date(2026, 4, 3), threshold=5):
    return domain.report(situation, wish or told(), seen, today, threshold)


def test_a_number_below_the_threshold_is_told_as_null_and_a_zero_as_it_is():
    decision = sent()
    assert isinstance(decision, Decided)
    (event,) = decision.events
    assert [each.model_dump() for each in event.residents] == [
        {"municipality": "lempaala", "clients": 61, "new_clients": 12, "ended": None, "waiting": 7},
        {"municipality": "vesilahti", "clients": 5, "new_clients": None, "ended": 0, "waiting": 0},
    ]
    assert (event.free_places, event.more_referrals_wanted, event.month) == (3, True, "2026-03")


@pytest.mark.parametrize(("threshold", "shown"), [(4, 4), (5, None)])
def test_the_threshold_is_the_plans(threshold: int, shown: int | None):
    decision = sent(threshold=threshold)
    assert isinstance(decision, Decided)
    assert decision.events[0].residents[0].ended == shown


def test_told_again_it_replaces_and_whoever_looked_before_is_told_so():
    first = sent()
    assert isinstance(first, Decided)
    assert first.state.revision == 1
    again = sent(first.state, told({"lempaala": Counts(62, 12, 4, 7), "vesilahti": Counts(5, 1)}), seen=1)
    assert isinstance(again, Decided)
    assert (again.state.revision, again.events[0].residents[0].clients) == (2, 62)
    late = sent(again.state, seen=1)
    assert isinstance(late, Refuse)
    assert late.refusal.code == "told-meanwhile"


@pytest.mark.parametrize(("residents", "today", "code"), [
    (COUNTED, date(2026, 3, 31), "month-not-over"),
    ({"lempaala": Counts(61)}, date(2026, 4, 1), "residents-wrong"),
    ({**COUNTED, "lempaala": Counts(3, 4)}, date(2026, 4, 1), "new-are-clients-too"),
])
def test_what_can_not_be_is_refused_in_words(residents, today: date, code: str):
    decision = sent(wish=told(residents), today=today)
    assert isinstance(decision, Refuse)
    assert decision.refusal.code == code
    assert "{" not in decision.refusal.in_finnish() + decision.refusal.in_english()


def test_months_follow_each_other_over_new_year():
    assert list(calendar.months("2025-11", "2026-02")) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert calendar.month_of(calendar.month_start(date(2026, 1, 1), -1)) == "2025-12"
    assert calendar.last_day_of("2028-02") == date(2028, 2, 29)


def test_whose_months_are_told_is_the_plans():
    now = plans.changed()
    assert domain.services_of(now, "lempaala") == ("coaching", "pointti")
    assert domain.services_of(now, "vesilahti") == ()
    assert domain.served(now, "lempaala", "coaching") == ("lempaala", "vesilahti")
    fewer = plans.changed(('services = { value = ["coaching", "pointti"]', 'services = { value = ["pointti"]'))
    assert domain.services_of(fewer, "lempaala") == ("pointti",)

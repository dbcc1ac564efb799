"""Measures are data: each says what it counts, and what it says is of the plan [measures.md]."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import plan
from services.reporting import series
from services.reporting.measures import ALL, rounded

PLAN = plan.ALL[-1]


@pytest.mark.parametrize("measure", ALL, ids=lambda m: m.code)
def test_a_measure_is_the_plans(measure):
    assert PLAN.knows("table", measure.table)
    assert PLAN.knows("measure", measure.code)
    assert all(PLAN.knows("dimension", d) for d in measure.dimensions)
    assert all(section.strip() in PLAN.sections for section in measure.section.split(","))
    assert all(text and text.strip() == text for text in vars(measure.definition).values())
    assert all(text and text.strip() == text for text in vars(measure.formula).values())
    assert bool(measure.statistic) is (measure.sort == "statistic")


def test_no_two_measures_have_one_name():
    assert len({(m.table, m.code) for m in ALL}) == len(ALL)


def test_every_series_has_its_query_and_a_measure():
    assert set(series.ALL) == set(series.ROWS) == {m.series.code for m in ALL}


def test_the_definition_of_the_plans_own_figure():
    share = next(m for m in ALL if m.code == "outcome-share")
    assert (share.unit, share.section, share.adds_up) == ("percent", "3.2", False)
    assert rounded(share.of((72, 49)), share.unit) == Decimal("59.5")


def test_persons_do_not_add_up_over_municipalities_but_cases_do():
    of = {m.code: m.adds_up for m in ALL}
    assert (of["clients"], of["new-clients"], of["began"], of["ended"]) == (False, False, True, True)


def test_nothing_divided_by_nothing_has_no_value():
    assert next(m for m in ALL if m.code == "outcome-share").of((0, 0)) is None


@pytest.mark.parametrize(("value", "unit", "published"), [
    ("59.45", "percent", "59.5"), ("59.4499", "percent", "59.4"), ("-0.05", "percent", "-0.1"), ("2.5", "count", "3"),
    ("-2.5", "cents", "-3"), ("4.125", "rating", "4.13"), ("10", "days", "10.0"),
])
def test_values_are_rounded_half_away_from_zero(value, unit, published):
    assert str(rounded(Decimal(value), unit)) == published


@given(st.decimals(-10**9, 10**9, places=4))
def test_rounding_moves_a_value_by_half_a_step_at_most(value):
    assert abs(rounded(value, "percent") - value) <= Decimal("0.05")


def test_a_number_as_json_spells_it_is_rounded_as_it_is_spelled():
    assert rounded(7.25, "percent") == Decimal("7.3")

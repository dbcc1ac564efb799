"""From published figures to a page, and from the area's reports to cells."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting import overview
from services.reporting.chart import BOTTOM, TOP, chart
from services.reporting.figures import area_cells, closed_months, periods_of, target_cells
from services.reporting.overview import Comparison, Figures, comparison, grid
from services.reporting.store import Key, Published, Report

AT = datetime(2026, 11, 24, 7, 14, tzinfo=UTC)
TODAY = date(2026, 11, 24)
COACHING = (("service", "coaching"),)


def told(value):
    return Published(None if value is None else Decimal(value), "count", 2026, 1, AT)


def figures(**by_period):
    """How often coaching began, by period: `y2026`, `y2026_03`, `y2026_Q1`."""
    return Figures({Key("services", name[1:].replace("_", "-"), "began", COACHING): told(value)
                    for name, value in by_period.items()})


def months(year, values):
    return {f"y{year}_{m:02}": v for m, v in enumerate(values, 1)}


def test_a_running_year_is_compared_up_to_the_last_month_that_both_years_tell():
    some = figures(y2026=40, **months(2026, [10, 11, 12, None]), **months(2025, [10, 10, 10, 10]))
    assert comparison(some, "2026", TODAY) == Comparison(Decimal(33), Decimal(30), 3)


def test_hidden_months_are_counted_in_where_their_quarter_is_told():
    some = figures(y2026=40, y2026_Q1=33, **months(2026, [10, None, None]), **months(2025, [10, 10, 10]))
    assert comparison(some, "2026", TODAY) == Comparison(Decimal(33), Decimal(30), 3)


def test_a_past_year_is_compared_as_a_whole():
    assert comparison(figures(y2025=155, y2024=140), "2025", TODAY) == Comparison(Decimal(155), Decimal(140))


def test_a_month_is_compared_with_that_of_the_year_before():
    assert comparison(figures(y2026_03=12, y2025_03=15), "2026-03", TODAY) == Comparison(Decimal(12), Decimal(15))


def test_with_nothing_to_compare_nothing_is_said():
    assert comparison(figures(y2026=40), "2026", TODAY) is None
    assert comparison(figures(y2026_03=None, y2025_03=15), "2026-03", TODAY) is None


@pytest.mark.parametrize(("period", "before"), [
    ("2026", "2025"), ("2026-Q1", "2025-Q4"), ("2026-Q3", "2026-Q2"), ("2026-01", "2025-12"), ("2026-11", "2026-10")])
def test_the_period_before(period, before):
    assert overview.period_before(period) == before


def test_a_grid_has_a_row_for_each_slice_a_column_for_each_part_and_the_total_last():
    def key(**dimensions):
        return Key("services", "2026", "began", tuple(sorted(dimensions.items())))

    cells = {key(service="pointti"): told(34), key(service="pointti", municipality="vesilahti"): told(None),
             key(service="coaching"): told(139), key(service="coaching", municipality="lempaala"): told(118),
             key(service="coaching", municipality="vesilahti"): told(21)}
    made = grid(cells, "services", "2026", "began", "service", "municipality", ("coaching", "lempaala", "vesilahti"))
    assert made.columns == ["lempaala", "vesilahti"]
    assert [(r.code, [c and c.value for c in r.cells]) for r in made.rows] == [
        ("coaching", [118, 21, 139]), ("pointti", [None, None, 34])]
    assert made.is_hidden


# --- the chart


def test_a_line_breaks_where_a_month_is_hidden_and_a_lonely_month_is_a_dot():
    now = [Decimal(n) if n else None for n in (14, 11, None, 12, None, 9, 8, *[0] * 5)]
    made = chart(now, [None] * 12, 7)
    assert [len(s) for s in made.now.stretches] == [2, 1, 2]
    assert len(made.now.dots) == 1
    assert len(made.hidden) == 2
    assert made.before.label is None


def test_where_nothing_is_told_there_is_no_chart():
    assert chart([None] * 12, [None] * 12, 12) is None


@given(st.lists(st.one_of(st.none(), st.integers(0, 99_999)), min_size=12, max_size=12),
       st.lists(st.one_of(st.none(), st.integers(0, 99_999)), min_size=12, max_size=12))
def test_a_chart_stays_in_its_picture_and_its_labels_apart(now, before):
    made = chart(*([None if n is None else Decimal(n) for n in of] for of in (now, before)), 12)
    if made is None:
        return
    points = [p for line in (made.now, made.before) for stretch in line.stretches for p in stretch]
    assert all(TOP - 0.1 <= p.y <= BOTTOM for p in points)
    assert 2 <= len(made.levels) <= 7
    labels = [line.label for line in (made.now, made.before) if line.label]
    if len(labels) == 2:
        assert round(abs(labels[0].y - labels[1].y), 1) >= 20 or abs(labels[0].x - labels[1].x) > 60


# --- periods, the area's reports


def test_periods_are_those_that_have_begun():
    names = [p.name for p in periods_of(2026, date(2026, 5, 1))]
    assert names == ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-Q1", "2026-Q2", "2026"]


@pytest.mark.parametrize(("today", "closed"), [
    (date(2026, 1, 1), 0), (date(2026, 1, 31), 0), (date(2026, 2, 1), 1), (date(2027, 1, 1), 12),
    (date(2025, 12, 31), 0)])
def test_a_month_is_over_with_its_last_day(today, closed):
    assert closed_months(2026, today) == closed


def report(month, municipality="lempaala", kind="results", **values):
    of = {code.replace("_", "-"): Decimal(str(value)) for code, value in values.items()}
    return Report(municipality, date(2026, month, 1), kind, of)


def cells(*reports):
    return {(c.key.table, c.key.period, c.key.measure, c.part): c.figure.value
            for c in area_cells(reports, 2026, TODAY)}


def test_months_make_a_quarter_by_the_rule_of_their_code():
    found = cells(*(report(m, unemployed_jobseekers=900 + m, new_vacancies=10 * m, unemployment_rate=7 + m / 10)
                    for m in (1, 2, 3)))
    quarter = {code: found["area-results", "2026-Q1", code, "lempaala"]
               for code in ("unemployed-jobseekers", "new-vacancies", "unemployment-rate")}
    assert quarter == {"unemployed-jobseekers": 903, "new-vacancies": 60, "unemployment-rate": Decimal("7.2")}
    assert found["area-results", "2026", "new-vacancies", "lempaala"] == 60


def test_a_sum_with_a_month_missing_is_no_figure():
    found = cells(report(1, new_vacancies=10, unemployed_jobseekers=900), report(3, new_vacancies=30,
                                                                                 unemployed_jobseekers=903))
    assert ("area-results", "2026-Q1", "new-vacancies", "lempaala") not in found
    assert found["area-results", "2026-Q1", "unemployed-jobseekers", "lempaala"] == 903


def test_a_small_count_hides_its_code_in_every_municipality_and_in_what_it_is_part_of():
    found = cells(report(1, new_vacancies=10), report(1, "vesilahti", new_vacancies=3),
                  report(2, new_vacancies=10), report(2, "vesilahti", new_vacancies=30))
    assert found["area-results", "2026-01", "new-vacancies", "lempaala"] is None
    assert found["area-results", "2026-02", "new-vacancies", "vesilahti"] == 30
    assert found["area-results", "2026-Q1", "new-vacancies", "vesilahti"] is None


def test_costs_are_cents_and_a_credit_is_negative():
    assert cells(report(1, kind="costs", staff=-250))["area-costs", "2026-01", "staff", "lempaala"] == -250


def test_a_target_is_a_figure_of_the_year():
    [cell] = target_cells({("visits", "lempaala"): 60}, 2026, TODAY)
    assert (cell.key.period, cell.key.measure, cell.figure.value) == ("2026", "visits", 60)

"""No small count can be worked out from what is told of a year, whatever is told when [6]."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.disclosure import TOTAL, YEAR, Known, Rules, Table, Told, add, known, of

RULES = Rules(threshold=5)
AFTER = datetime(2026, 1, 2, 12, tzinfo=UTC)
FINAL = datetime(2026, 4, 2, 12, tzinfo=UTC)


def start_of(month, year=2025):
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, 12, tzinfo=UTC)


def months(counts, **parts):
    """Twelve months of single counts, the total and, where given, the parts."""
    def padded(values):
        return [(n, 0) if isinstance(n, int) else n for n in [*values, *[0] * (12 - len(values))]]

    return {TOTAL: padded(counts), **{name: padded(values) for name, values in parts.items()}}


def tell(counts, closed=YEAR, now=AFTER, told=None, rules=RULES, **parts):
    return Table(rules, 2025, months(counts, **parts), closed, now, told or Told()).next()


def shown(told, closed=YEAR):
    """Totals of the months, None where hidden."""
    return [k.total[0] if (k := known(told, m, m + 1, AFTER)).total else None for m in range(closed)]


def year(told, now=None):
    """What is told of the year, at the moment of the last telling unless another is named."""
    return known(told, 0, YEAR, now or max([w.at for w in told.wholes], default=AFTER))


def test_large_months_of_a_past_year_are_all_told():
    told = tell([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    assert shown(told) == [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    assert year(told).total == (162, 0)
    assert known(told, 3, 6, AFTER).total == (36, 0)


def test_a_small_month_hides_a_neighbour_too_and_the_year_is_told():
    told = tell([12, 12, 3, 12, 12, 12, 12, 12, 12, 12, 12, 12])
    assert shown(told) == [12, 12, None, None, 12, 12, 12, 12, 12, 12, 12, 12]
    assert year(told).total == (135, 0)
    assert known(told, 0, 3, AFTER) == Known()


def test_a_small_december_hides_november_rather_than_the_year():
    told = tell([12] * 11 + [2])
    assert shown(told)[9:] == [12, None, None]
    assert year(told).total == (134, 0)


def test_a_year_with_a_small_count_is_hidden():
    assert year(tell([1, 0, 2])) == Known()


def test_a_month_of_nothing_is_hidden_so_that_what_is_hidden_may_be_nothing():
    assert shown(tell([12, 0, 12, 12]))[:3] == [12, None, None]


def test_parts_are_told_where_each_is_zero_or_large():
    told = tell([20, 20], lempaala=[10, 20], vesilahti=[10, 0])
    assert known(told, 0, 1, AFTER).parts == {TOTAL: (20, 0), "lempaala": (10, 0), "vesilahti": (10, 0)}


def test_a_small_part_is_hidden_and_with_it_every_part_but_not_the_total():
    told = tell([20, 20], lempaala=[20, 17], vesilahti=[0, 3])
    assert year(told).total == (40, 0)
    assert year(told).parts is None


def test_parts_are_hidden_where_people_moved_for_the_difference_would_tell_how_many():
    told = tell([40], lempaala=[30], vesilahti=[11])
    assert (year(told).total, year(told).parts) == ((40, 0), None)


def test_a_small_part_of_a_month_is_not_bounded_from_below_by_month_and_year():
    """Most of the year's residents of Vesilahti came in the month in which few of Lempäälä did."""
    told = tell([13, 12, 12, 12], lempaala=[1, 12, 12, 12], vesilahti=[12, 0, 0, 0])
    small, row, column, everything = 1, 13, 37, 49
    told_year = year(told).parts
    assert told_year is None or shown(told)[0] is None or row + column - everything <= 0 or small == 0


def test_of_a_share_both_counts_are_large_or_none_is_told():
    both = Rules(5, both=True)
    assert year(tell([(20, 3)], rules=both)) == Known()
    assert year(tell([(20, 0)], rules=both)) == Known()
    assert year(tell([(20, 9)], rules=both)).total == (20, 9)


def test_a_running_month_is_told_when_enough_came_after_it():
    early = tell([12, 5], closed=1, now=start_of(2) + timedelta(days=5))
    assert (shown(early, 1), year(early).total) == ([None], (12, 0))
    later = tell([12, 9], closed=1, now=start_of(2) + timedelta(days=9), told=early)
    assert (shown(later, 1), year(later).total) == ([12], (21, 0))


def test_a_running_year_is_told_up_to_the_day():
    told = tell([30], closed=0, now=start_of(1) + timedelta(days=9), lempaala=[30], vesilahti=[0])
    assert year(told).total == (30, 0)
    assert of(year(told).parts, "lempaala") == (30, 0)


def test_a_running_year_goes_on_when_enough_has_come():
    told = tell([30], closed=0, now=start_of(1) + timedelta(days=9))
    assert year(tell([37], closed=0, now=start_of(1) + timedelta(days=12), told=told)).total == (30, 0)
    assert year(tell([38], closed=0, now=start_of(1) + timedelta(days=12), told=told)).total == (38, 0)


def test_the_parts_of_a_running_year_wait_until_enough_has_come_in_each():
    now = start_of(1) + timedelta(days=9)
    told = tell([40], closed=0, now=now, lempaala=[30], vesilahti=[10])
    later = tell([52], closed=0, now=now + timedelta(days=3), told=told, lempaala=[40], vesilahti=[12])
    assert (year(later).total, of(year(later).parts, "vesilahti")) == ((52, 0), (10, 0))
    assert year(later).parts_at == now


def test_what_was_told_of_a_running_year_long_ago_is_shown_no_more():
    told = tell([30], closed=0, now=start_of(1) + timedelta(days=9))
    assert year(told, start_of(6)).total == (30, 0)
    assert year(told, start_of(7)) == Known()


def test_a_small_correction_waits_for_the_next_quarter():
    told = tell([12] * 12)
    assert year(tell([12] * 11 + [13], now=AFTER + timedelta(days=30), told=told)).total == (144, 0)
    assert year(tell([12] * 11 + [13], now=FINAL, told=told)).total == (145, 0)


def test_a_large_correction_is_told_at_once():
    told = tell([12] * 12)
    assert shown(tell([12] * 11 + [18], now=AFTER + timedelta(days=1), told=told))[11] == 18


def test_what_becomes_small_is_hidden():
    told = tell([12, 12, 12, 12])
    again = tell([12, 3, 12, 12], now=AFTER + timedelta(days=1), told=told)
    assert shown(again)[:3] == [12, None, None]
    assert year(again).total == (39, 0)


def test_a_few_at_the_end_of_the_year_are_told_when_the_year_is_final():
    running = tell([12] * 10 + [9], closed=10, now=start_of(11) + timedelta(days=28))
    assert year(running).total == (129, 0)
    over = tell([12] * 10 + [9, 2], now=AFTER, told=running)
    assert year(over).total == (129, 0)
    assert year(tell([12] * 10 + [9, 2], now=FINAL, told=over)).total == (131, 0)


# --- the reader


def sums_told(told, wholes):
    """What a reader knows: sums from January up to half months, by half month, in the order of the year."""
    points = {(2 * m, 0): of(told.up_to(m), TOTAL)[0] for m in told.marks}
    for n, whole in enumerate(told.wholes if wholes else ()):
        if whole.until % 2 or whole.until // 2 not in told.marks:
            points[whole.until, n if whole.until % 2 else 0] = of(whole.counts, TOTAL)[0]
    return [(until, n) for (until, _), n in sorted(points.items())]


def check_reader(truth, told, rules, wholes=True):
    """Bounds of every small month, from all sums told: they include zero and the floor."""
    sums = sums_told(told, wholes)
    gaps = [(low, high, after - before) for (low, before), (high, after) in pairwise(sums)]
    end = sums[-1][0]
    for month in range(YEAR):
        low, high = 2 * month, 2 * month + 2
        least = sum(n for a, b, n in gaps if low <= a and b <= high)
        most = sum(n for a, b, n in gaps if a < high and b > low)
        if 0 < truth[month] < rules.threshold:
            assert least == 0, (month, gaps)
            assert most >= rules.floor or high > end, (month, gaps)


halves = st.lists(st.integers(0, 6), min_size=24, max_size=24)


@settings(max_examples=300)
@given(halves, st.integers(2, 4))
def test_while_a_year_runs_and_after_no_small_month_can_be_worked_out(counts, threshold):
    rules, told = Rules(threshold), Told()
    for half in range(1, 25):
        so_far = [sum(counts[2 * m:min(2 * m + 2, half)]) for m in range(12)]
        closed, month = half // 2, (half + 1) // 2
        now = start_of(month) + timedelta(days=14) if half % 2 else start_of(month + 1)
        told = Table(rules, 2025, months(so_far), closed, now, told).next()
        check_reader(so_far, told, rules)
    told = Table(rules, 2025, months(so_far), YEAR, FINAL, told).next()
    check_reader(so_far, told, rules, wholes=False)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=12, max_size=12), st.integers(2, 4))
def test_of_a_past_year_no_small_part_of_a_month_can_be_worked_out(cells, threshold):
    rules = Rules(threshold)
    told = Table(rules, 2025, months([a + b for a, b in cells], lempaala=[a for a, _ in cells],
                                     vesilahti=[b for _, b in cells]), YEAR, AFTER).next()
    for low, high in pairwise((0, *sorted(told.part_marks))):
        rows = [s for s in told.segments if low < s.until <= high]
        sums = add(*(s.counts for s in rows))
        for start, row in zip((low, *(s.until for s in rows)), rows, strict=False):
            for part, n in (("lempaala", 0), ("vesilahti", 1)):
                total, column, everything = (of(c, p)[0] for c, p in
                                             ((row.counts, TOTAL), (sums, part), (sums, TOTAL)))
                months_in_it = [cells[m][n] for m in range(start, row.until)]
                least = max(0, total + column - everything) if len(months_in_it) == 1 else 0
                most = min(total, column)
                for cell in months_in_it:
                    assert not 0 < cell < threshold or (least == 0 and most >= rules.floor)


@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_a_past_year_that_is_large_is_always_told(counts):
    assert year(tell(counts)).total == ((sum(counts), 0) if sum(counts) >= RULES.floor else None)


@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_to_tell_again_changes_nothing(counts):
    told = tell(counts)
    assert tell(counts, told=told) == told

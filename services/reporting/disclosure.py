"""What of a year may be told, so that no small count can be worked out. Pure [6; docs/adr/published-figures.md].

A *table* here is one slice of a series in one year: its twelve months, the quarters and the year, of the total and
of its parts. What a reader knows of it are *points*: ends of months (and days of a running year) up to which the
sum from January was told. A month, quarter or year is told exactly when both its ends are points, so what can be
worked out is what lies between two points, and nothing else. A point is added only if every count between it and
its neighbours is zero or at least `floor` = 2 × (threshold − 1): whatever smaller count lies inside can then be
anything from 0 to `floor`. A point once told stays, so that what was told earlier is always counted in.

While a year runs, the end of a month is told when after it, too, at least `floor` have come in every part that has
any: else the end of the year would tell of the few that came last, or the year could not be told. The running year
itself is told before (`Whole`), whenever enough has come. Corrections smaller than the threshold wait for the next
quarter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from chassis.calendar import HELSINKI

Counts = tuple[int, int]
Parts = Mapping[str, Counts]
"""Counts by part; the total is under the empty name."""
TOTAL = ""
YEAR = 12


@dataclass(frozen=True)
class Segment:
    """What was told of the months up to and with `until`, from the segment before on."""

    until: int
    counts: Parts
    at: datetime


@dataclass(frozen=True)
class Whole:
    """A running year as it was told: up to the end of a month (`until` is even: twice the month) or to a day in one
    (odd: twice the months over, and one). `with_parts`: the parts were told too."""

    until: int
    counts: Parts
    at: datetime
    with_parts: bool


@dataclass(frozen=True)
class Told:
    """All that a reader may know of a table. `part_marks`: the ends of months at which the parts too are known."""

    segments: tuple[Segment, ...] = ()
    part_marks: frozenset[int] = frozenset()
    wholes: tuple[Whole, ...] = ()

    @property
    def marks(self) -> tuple[int, ...]:
        """Ends of months up to which the total is known."""
        return (0, *(s.until for s in self.segments))

    def up_to(self, mark: int) -> Parts:
        """Told sums from January up to a mark."""
        return add(*(s.counts for s in self.segments if s.until <= mark))


class Point(NamedTuple):
    """Sums from January up to a place in the year, known of the total, or of the parts too."""

    until: int
    counts: Parts
    with_parts: bool


@dataclass(frozen=True)
class Rules:
    """`both`: two counts that are told together or not at all."""

    threshold: int
    both: bool = False

    @property
    def floor(self) -> int:
        return 2 * (self.threshold - 1)

    def fits(self, counts: Counts) -> bool:
        """Whether counts may be known: each zero or large."""
        if self.both:
            return counts == (0, 0) or min(counts) >= self.floor
        return all(c == 0 or c >= self.floor for c in counts)

    def is_large_step(self, before: Parts, after: Parts) -> bool:
        return not any(0 < abs(n) < self.threshold for part in {*before, *after}
                       for n in less(of(before, part), of(after, part)))


@dataclass
class Table:
    """One table on its way to what may be told of it next.

    `months`: counts now, by part, of twelve months. `closed`: how many months of the year are over.
    """

    rules: Rules
    year: int
    months: Mapping[str, Sequence[Counts]]
    closed: int
    now: datetime
    told: Told = field(default_factory=Told)

    def next(self) -> Told:
        """What may be told now, everything told before counted in."""
        self._correct()
        for mark in range(1, self.closed + 1):
            self._tell_month(mark)
        for mark in self.told.marks[1:]:
            self._tell_parts(mark)
        if self.closed < YEAR:
            self._tell_whole()
        return self.told

    # --- ends of months

    def _tell_month(self, mark: int) -> None:
        if mark in self.told.marks:
            return
        low = max(m for m in self.told.marks if m < mark)
        first = Segment(mark, self._sum(low, mark), self.now)
        after = next((s for s in self.told.segments if s.until > mark), None)
        if after is None:
            told = replace(self.told, segments=(*self.told.segments, first))
            may = self._rest_allows(mark, (TOTAL,))
        else:
            second = Segment(after.until, self._sum(mark, after.until), self.now)
            told = self._with(after, first, second)
            may = same(add(first.counts, second.counts), after.counts) and self._fits_alone(second.counts)
        if may and self._fits_alone(first.counts) and self._fits_around(told, 2 * mark):
            self.told = told

    def _tell_parts(self, mark: int) -> None:
        if mark in self.told.part_marks or not self._names:
            return
        told = replace(self.told, part_marks=self.told.part_marks | {mark})
        last = mark == max(told.part_marks)
        if (not last or self._rest_allows(mark, self._names)) and self._fits_around(told, 2 * mark):
            self.told = told

    def _rest_allows(self, mark: int, parts: Iterable[str]) -> bool:
        """Whether what comes after the mark can't leave a small rest at the end of the year."""
        rest = self._sum(mark, YEAR)
        if self.closed == YEAR:
            return mark == YEAR or (any(of(rest, TOTAL)) and all(self.rules.fits(of(rest, p)) for p in parts)
                                    and (TOTAL in parts or self._adds_up(rest)))
        whole = self._sum(0, YEAR)
        return all(r >= self.rules.floor for part in parts
                   for r, w in zip(of(rest, part), of(whole, part), strict=True) if w)

    # --- the running year

    def _tell_whole(self) -> None:
        """Up to the present day where the month so far is nothing or large, else up to the last month's end."""
        running = self._sum(self.closed, YEAR)
        if any(of(running, TOTAL)) and self.rules.fits(of(running, TOTAL)):
            until, end = 2 * self.closed + 1, YEAR
        else:
            until, end = 2 * self.closed, self.closed
        last = max(m for m in self.told.marks if m <= end)
        counts = add(self.told.up_to(last), self._sum(last, end))
        if not any(of(counts, TOTAL)):
            return
        for with_parts in (True, False) if self._names else (False,):
            whole = Whole(until, counts, self.now, with_parts)
            told = replace(self.told, wholes=(*self.told.wholes, whole))
            if self._is_news(whole) and self._fits_around(told, until):
                self.told = told
                return

    def _is_news(self, whole: Whole) -> bool:
        before = self.told.wholes[-1] if self.told.wholes else None
        if before is None:
            return True
        if same(before.counts, whole.counts):
            return whole.with_parts and not before.with_parts
        if before.until != whole.until or whole.until % 2:
            return True
        return self.rules.is_large_step(before.counts, whole.counts) or quarter(self.now) > quarter(before.at)

    # --- what a reader can work out

    def _points(self, told: Told) -> list[Point]:
        """In the order of the year; of one end of a month what was told last.

        Once a year is final its wholes count no more: what came between the last of them and the end of the year
        can't be told from a quarter's corrections by then.
        """
        points = [Point(0, {}, True)]
        if self.closed < YEAR or quarter(self.now) <= (self.year + 1, 0):
            points += [Point(w.until, w.counts, w.with_parts) for w in told.wholes]
        points += [Point(2 * m, told.up_to(m), m in told.part_marks) for m in told.marks[1:]]
        ends = {p.until: p for p in points if p.until % 2 == 0}
        return sorted([*ends.values(), *(p for p in points if p.until % 2)], key=lambda p: p.until)

    def _fits_around(self, told: Told, until: int) -> bool:
        """Whether nothing small can be worked out around a new point: between totals, and between parts given the
        totals in between."""
        points = self._points(told)
        for before, after in pairwise(points):
            new = until in (before.until, after.until)
            if new and not self.rules.fits(less(of(after.counts, TOTAL), of(before.counts, TOTAL))):
                return False
        known = [n for n, p in enumerate(points) if p.with_parts]
        return all(self._rows_fit([_less(b.counts, a.counts) for a, b in pairwise(points[low:high + 1])])
                   for low, high in pairwise(known) if points[low].until <= until <= points[high].until)

    def _rows_fit(self, rows: Sequence[Parts]) -> bool:
        """Rows whose totals are known, and of all together the parts: no small count inside is bounded from below.

        A part's count in a row is at least its sum over all rows, plus the row's total, less the total of all.
        """
        sums = add(*rows)
        if not self._adds_up(sums) or not all(self.rules.fits(of(sums, part)) for part in self._names):
            return False
        return len(rows) < 2 or not any(
            0 < of(row, part)[n] < self.rules.threshold
            and of(row, TOTAL)[n] + of(sums, part)[n] > of(sums, TOTAL)[n]
            for row in rows for part in self._names for n in (0, 1))

    def _adds_up(self, counts: Parts) -> bool:
        """Where parts overlap (someone moved), total and parts together would tell how many did."""
        return all(sum(of(counts, part)[n] for part in self._names) == of(counts, TOTAL)[n] for n in (0, 1))

    def _fits_alone(self, counts: Parts) -> bool:
        """A stretch of nothing is no table of its own: else what is hidden would be known not to be zero."""
        return any(of(counts, TOTAL)) and self.rules.fits(of(counts, TOTAL))

    # --- corrections

    def _correct(self) -> None:
        """Brings segments to the counts of now; of what became small, the point is taken back."""
        for segment in self.told.segments:
            counts = self._sum(max(m for m in self.told.marks if m < segment.until), segment.until)
            parts_told = segment.until <= max(self.told.part_marks, default=0)
            changes = (segment.counts, counts) if parts_told else (_total(segment.counts), _total(counts))
            may = self.rules.is_large_step(*changes) or quarter(self.now) > quarter(segment.at)
            if may and not same(segment.counts, counts):
                self.told = self._with(segment, Segment(segment.until, counts, self.now))
        while unfit := next((s for s in self.told.segments if not self._fits_alone(s.counts)), None):
            self._take_back(unfit)
        while gap := next((g for g in pairwise((0, *sorted(self.told.part_marks))) if not self._parts_fit(*g)), None):
            self.told = replace(self.told, part_marks=self.told.part_marks - {gap[1]})

    def _parts_fit(self, low: int, high: int) -> bool:
        return self._rows_fit([s.counts for s in self.told.segments if low < s.until <= high])

    def _with(self, old: Segment, *new: Segment) -> Told:
        at = self.told.segments.index(old)
        return replace(self.told, segments=(*self.told.segments[:at], *new, *self.told.segments[at + 1:]))

    def _take_back(self, unfit: Segment) -> None:
        """Joins a segment to the next one, or forgets it where it is the last."""
        at = self.told.segments.index(unfit)
        joined = tuple(Segment(s.until, add(unfit.counts, s.counts), max(s.at, unfit.at))
                       for s in self.told.segments[at + 1:at + 2])
        segments = (*self.told.segments[:at], *joined, *self.told.segments[at + 2:])
        self.told = replace(self.told, segments=segments, part_marks=self.told.part_marks - {unfit.until})

    # --- sums

    @property
    def _names(self) -> list[str]:
        return [part for part in self.months if part != TOTAL]

    def _sum(self, low: int, high: int) -> Parts:
        """Counts of the months after `low` up to and with `high`."""
        return {part: (sum(a for a, _ in counts[low:high]), sum(b for _, b in counts[low:high]))
                for part, counts in self.months.items()}


@dataclass(frozen=True)
class Known:
    """What is told of a period: counts of the total, and of the parts, each None where not told, since when."""

    total: Counts | None = None
    total_at: datetime | None = None
    parts: Parts | None = None
    parts_at: datetime | None = None


def known(told: Told, low: int, high: int, now: datetime) -> Known:
    """What is told of the months after `low` up to and with `high`; of a year not told to its end, the last whole.

    A whole of an earlier quarter than the last is shown no more: readers would take it for the present.
    """
    if {low, high} <= set(told.marks):
        inside = [s for s in told.segments if low < s.until <= high]
        counts, at = add(*(s.counts for s in inside)), max(s.at for s in inside)
        if {low, high} <= {0, *told.part_marks}:
            return Known(of(counts, TOTAL), at, counts, at)
        return Known(of(counts, TOTAL), at)
    fresh = [w for w in told.wholes if _quarters(now) - _quarters(w.at) <= 1]
    if (low, high) != (0, YEAR) or not fresh:
        return Known()
    total = fresh[-1]
    parts = next((w for w in reversed(fresh) if w.with_parts), None)
    return Known(of(total.counts, TOTAL), total.at, parts.counts if parts else None, parts.at if parts else None)


def of(counts: Parts, part: str) -> Counts:
    return counts.get(part, (0, 0))


def add(*some: Parts) -> dict[str, Counts]:
    return {part: (sum(of(s, part)[0] for s in some), sum(of(s, part)[1] for s in some))
            for part in {part for s in some for part in s}}


def less(counts: Counts, other: Counts) -> Counts:
    return counts[0] - other[0], counts[1] - other[1]


def same(one: Parts, other: Parts) -> bool:
    return all(of(one, part) == of(other, part) for part in {*one, *other})


def quarter(moment: datetime) -> tuple[int, int]:
    """Year and quarter (0 to 3) of a moment in Finland."""
    day = moment.astimezone(HELSINKI)
    return day.year, (day.month - 1) // 3


def _quarters(moment: datetime) -> int:
    year, number = quarter(moment)
    return 4 * year + number


def _less(counts: Parts, other: Parts) -> Parts:
    return {part: less(of(counts, part), of(other, part)) for part in {*counts, *other}}


def _total(counts: Parts) -> Parts:
    return {TOTAL: of(counts, TOTAL)}

"""A line chart by month, as places in a picture of 840 × 280: lines break where a month is hidden. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

LEFT, RIGHT, TOP, BOTTOM = 60.0, 740.0, 30.0, 230.0
STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
APART = 20.0
"""Least distance of two labels, one under the other."""

Values = Sequence[Decimal | None]


@dataclass(frozen=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """A year's line: its stretches, and where its label stands (None where nothing is told)."""

    stretches: Sequence[Sequence[Point]]
    label: Point | None

    @property
    def dots(self) -> Sequence[Point]:
        """Months without a neighbour, which no line would show."""
        return [stretch[0] for stretch in self.stretches if len(stretch) == 1]


@dataclass(frozen=True)
class Chart:
    """`levels`: numbers of the scale and their heights. `months`: places of the months along the foot. `hidden`:
    months of this year that are hidden."""

    levels: Sequence[tuple[int, float]]
    months: Sequence[float]
    now: Line
    before: Line
    hidden: Sequence[Point]


def chart(now: Values, before: Values, begun: int) -> Chart | None:
    """Of twelve months of this year and of the year before; `begun` months of this year have begun. None where
    nothing is told."""
    told = [v for v in (*now, *before) if v is not None]
    if not told:
        return None
    highest = float(max(told))
    step = next((s for s in STEPS if highest / s <= 5), STEPS[-1] * (int(highest // (5 * STEPS[-1])) + 1))
    lines = max(1, -int(-highest // step))
    places = [LEFT + n * (RIGHT - LEFT) / 11 for n in range(12)]

    def height(value: float) -> float:
        return round(BOTTOM - value * (BOTTOM - TOP) / (lines * step), 1)

    def line(values: Values) -> Line:
        points = [None if v is None else Point(round(x, 1), height(float(v)))
                  for x, v in zip(places, values, strict=True)]
        stretches = [[p for p in some if p] for told, some in groupby(points, key=lambda p: p is not None) if told]
        last = stretches[-1][-1] if stretches else None
        return Line(stretches, Point(last.x + 12, last.y + 5) if last else None)

    this, earlier = line(now), line(before)
    hidden = [Point(round(x, 1), BOTTOM - 8)
              for n, (x, v) in enumerate(zip(places, now, strict=True)) if v is None and n < begun]
    return Chart([(n * step, height(n * step)) for n in range(lines + 1)], [round(x, 1) for x in places],
                 this, _apart(earlier, this), hidden)


def _apart(line: Line, other: Line) -> Line:
    """The line with its label away from the other's."""
    if not line.label or not other.label or abs(line.label.x - other.label.x) > 60:
        return line
    if abs(line.label.y - other.label.y) >= APART:
        return line
    below = line.label.y >= other.label.y
    return Line(line.stretches, Point(line.label.x, other.label.y + (APART if below else -APART)))

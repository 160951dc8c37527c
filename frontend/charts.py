"""Lines over time as the points of an SVG: drawn by the server, so that a page needs no script for them."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Final, NamedTuple

WIDTH: Final = 1000
HEIGHT: Final = 200

Point = tuple[int, Decimal]  # milliseconds, value


class Chart(NamedTuple):
    """`line` are the points of a polyline in a box of WIDTH by HEIGHT; `zero` is where 0 lies, None outside of it.

    `low` and `high` are the ends of the box as people read them.
    """

    line: str
    zero: str | None
    low: str
    high: str
    start: int
    end: int


def steps(series: Sequence[Point], *, places: int, until: int | None = None) -> Chart | None:
    """Values that stay until the next one, the last of them to `until`, oldest first; None of fewer than two."""
    points: list[Point] = []
    for moment, value in series:
        if points:
            points.append((moment, points[-1][1]))
        points.append((moment, value))
    if until is not None and points:
        points.append((max(until, points[-1][0]), points[-1][1]))
    return _chart(points, places) if len(series) > 1 else None


def _chart(points: Sequence[Point], places: int) -> Chart:
    times, values = [moment for moment, _ in points], [value for _, value in points]
    start, end, low, high = times[0], times[-1], min(values), max(values)
    seconds, span = max(end - start, 1), high - low or Decimal(1)

    def across(moment: int) -> str:
        return f"{(moment - start) * WIDTH / seconds:.1f}"

    def down(value: Decimal) -> str:
        return f"{(high - value) * HEIGHT / span:.1f}"

    line = " ".join(f"{across(moment)},{down(value)}" for moment, value in points)
    zero = down(Decimal(0)) if low < 0 < high else None
    step = Decimal(1).scaleb(-places)
    lowest, highest = (f"{value.quantize(step, ROUND_DOWN):,f}" for value in (low, high))
    return Chart(line, zero, lowest, highest, start, end)

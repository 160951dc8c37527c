"""Line charts as inline SVG: no script, no colours of their own (the report's style sheet has them by class)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from math import ceil, floor, log10
from typing import Final, NamedTuple

WIDTH: Final = 360
HEIGHT: Final = 190
LEFT: Final = 46
RIGHT: Final = 8
TOP: Final = 8
BOTTOM: Final = 22
LINES: Final = 4
COLOURS: Final = 3


class Line(NamedTuple):
    """A named series: (UNIX second, value)."""

    name: str
    points: Sequence[tuple[int, float]]


class Chart(NamedTuple):
    title: str
    unit: str
    lines: tuple[Line, ...]
    is_from_zero: bool = False


def chart_svg(chart: Chart) -> str:
    """The chart as an <svg>, one line or more, each of at least one point."""
    values = [value for line in chart.lines for _, value in line.points]
    seconds = [second for line in chart.lines for second, _ in line.points]
    if chart.is_from_zero:
        values.append(0)
    ticks = _round_ticks(min(values), max(values))
    low, high = ticks[0], ticks[-1]
    first, last = min(seconds), max(max(seconds), min(seconds) + 1)

    def x(second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (second - first) / (last - first)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [_grid(ticks, y), _moments(first, last, x)]
    for number, line in enumerate(chart.lines):
        points = " ".join(f"{x(second):.1f},{y(value):.1f}" for second, value in line.points)
        parts.append(f'<polyline class="line line-{number % COLOURS}" points="{points}"/>')
    label = escape(f"{chart.title}: from {number_text(min(values))} to {number_text(max(values))} {chart.unit}".strip())
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def number_text(value: float) -> str:
    """Short enough for an axis."""
    size = abs(value)
    for limit, letter in ((1e9, "bn"), (1e6, "M"), (1e5, "k")):
        if size >= limit:
            return f"{value / (1e3 if letter == 'k' else limit):,.4g}{letter}"
    return f"{value:,.0f}" if size >= 100 or value == int(value) else f"{value:.3g}"


def _round_ticks(low: float, high: float) -> list[float]:
    """Round numbers an even step of 1, 2 or 5 times a power of ten apart, that enclose low and high."""
    if high == low:
        high = low + (abs(low) / 100 or 1)
    rough = (high - low) / LINES
    power = 10.0 ** floor(log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough)
    return [step * number for number in range(floor(low / step), ceil(high / step) + 1)]


def _grid(ticks: Sequence[float], y: Callable[[float], float]) -> str:
    parts = []
    for value in ticks:
        at, text = y(value), number_text(value)
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 4}" y="{at + 3:.1f}" text-anchor="end">{text}</text>')
    return "".join(parts)


def _moments(first: int, last: int, x: Callable[[float], float]) -> str:
    days = last - first > 2 * 86_400
    texts = []
    for number in range(LINES + 1):
        second = first + (last - first) * number // LINES
        text = datetime.fromtimestamp(second + 30, UTC).strftime("%d %b" if days else "%H:%M")
        anchor = "start" if number == 0 else "end" if number == LINES else "middle"
        texts.append(f'<text class="tick" x="{x(second):.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{text}</text>')
    return "".join(texts)

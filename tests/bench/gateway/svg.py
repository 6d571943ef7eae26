"""SVG: line charts for the curves, by hand, so that a bench needs no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

COLOURS = ("#0b6e4f", "#6fbf73", "#d1495b", "#30343f", "#8d99ae", "#edae49", "#5b5ea6")
DASHES = ("", "6 3", "", "", "6 3", "", "2 3")
WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 84, 176, 52, 56


class Series(NamedTuple):
    """A line; points are drawn as dots where they are few. `style`: the same one in all charts."""

    name: str
    style: int
    points: Sequence[tuple[float, float]]


class Axis(NamedTuple):
    """A logarithmic or linear axis with its ticks."""

    title: str
    ticks: Sequence[float]
    log: bool = True

    def place(self, value: float) -> float:
        """0 at the first tick, 1 at the last."""
        low, high = self.ticks[0], self.ticks[-1]
        if self.log:
            value, low, high = (math.log10(max(v, 1e-9)) for v in (value, low, high))
        return min(1.0, max(0.0, (value - low) / (high - low)))


def decades(values: Sequence[float], *, steps: Sequence[int] = (1,)) -> list[float]:
    """Ticks at powers of ten (times `steps`) around all values."""
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    ticks = [step * 10.0**power for power in range(low, max(high, low + 1)) for step in steps]
    return [*ticks, 10.0 ** max(high, low + 1)]


def label(value: float) -> str:
    """1500000 → 1.5 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def chart(path: Path, title: str, x: Axis, y: Axis, lines: Sequence[Series]) -> Path:
    """Draw and write; the path."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return LEFT + x.place(point[0]) * width, TOP + (1 - y.place(point[1])) * height

    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="DejaVu Sans, Verdana, sans-serif" '
        'font-size="12" fill="#222">'
    )
    parts = [head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    parts.append(_text(LEFT, 26, title, 'font-size="15" font-weight="bold"'))
    for tick in x.ticks:
        across, _ = at((tick, y.ticks[0]))
        parts.append(f'<path d="M{across:.1f} {TOP}v{height}" stroke="#e4e4e4"/>')
        parts.append(_text(across, TOP + height + 18, label(tick), 'text-anchor="middle"'))
    for tick in y.ticks:
        _, down = at((x.ticks[0], tick))
        parts.append(f'<path d="M{LEFT} {down:.1f}h{width}" stroke="#e4e4e4"/>')
        parts.append(_text(LEFT - 8, down + 4, label(tick), 'text-anchor="end"'))
    parts.append(f'<path d="M{LEFT} {TOP}v{height}h{width}" fill="none" stroke="#555"/>')
    parts.append(_text(LEFT + width / 2, HEIGHT - 14, x.title, 'text-anchor="middle"'))
    turned = f'text-anchor="middle" transform="rotate(-90 20 {TOP + height / 2})"'
    parts.append(_text(20, TOP + height / 2, y.title, turned))
    for number, line in enumerate(lines):
        parts += _line(number, line, [at(point) for point in line.points])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>", ""]))
    return path


def _text(across: float, down: float, text: str, style: str = "") -> str:
    return f'<text x="{across:.1f}" y="{down:.1f}" {style}>{escape(text)}</text>'


def _line(number: int, line: Series, places: list[tuple[float, float]]) -> list[str]:
    colour, dashes = COLOURS[line.style % len(COLOURS)], DASHES[line.style % len(DASHES)]
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    style = f'fill="none" stroke="{colour}" stroke-width="2.2"{dash}'
    legend, down = WIDTH - RIGHT + 16, TOP + 10 + 22 * number
    parts = [
        f'<polyline points="{points}" {style}/>',
        f'<path d="M{legend} {down}h26" {style}/>',
        _text(legend + 34, down + 4, line.name),
    ]
    if len(places) <= 12:
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.4" fill="{colour}"/>' for a, b in places]
    return parts

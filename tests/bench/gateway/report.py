"""Report: figures side by side, ratios within the run, and what they are held to."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.bench.gateway.machine import OUTPUT

Figures = dict[str, dict[str, Any]]
"""By side, then by name."""


def say(text: str) -> None:
    """What is going on now."""
    print(f"  {text}", flush=True)


def show(figures: Figures) -> None:
    """A row for each figure, a column for each side."""
    sides = list(figures)
    names = list(dict.fromkeys(name for side in figures.values() for name in side))
    width = max(map(len, names)) + 2
    columns = [max(len(side), 11) + 2 for side in sides]
    print("\n" + " " * width + "".join(f"{s:>{w}}" for s, w in zip(sides, columns, strict=True)))
    for name in names:
        cells = (_cell(figures[side].get(name)) for side in sides)
        print(f"{name:{width}}" + "".join(f"{c:>{w}}" for c, w in zip(cells, columns, strict=True)))


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


class Verdict:
    """Lines about budgets; those that hold on any machine decide the exit status."""

    def __init__(self) -> None:
        self.missed = 0

    def at_least(self, what: str, value: float, least: float, *, binding: bool = True) -> None:
        self._line(what, value, value >= least, f"≥ {least:g}", binding=binding)

    def at_most(self, what: str, value: float, most: float, *, binding: bool = True) -> None:
        self._line(what, value, value <= most, f"≤ {most:g}", binding=binding)

    def _line(self, what: str, value: float, kept: bool, bound: str, *, binding: bool) -> None:
        self.missed += binding and not kept
        word = "kept" if kept else "MISSED" if binding else "not reached here"
        print(f"{what:72} {_cell(value):>9}   {bound:>12}   {word}")


def ratios(figures: Figures, name: str, ours: str) -> None:
    """One of our figures over everybody else's."""
    mine = figures[ours].get(name)
    for other in figures:
        theirs = figures[other].get(name)
        if other != ours and mine and theirs and theirs > 0.1:
            print(f"{name}: {mine / theirs:6.2f} × {other}")


def save(name: str, figures: Figures) -> Path:
    """Keep the figures of the last run."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / f"{name}.json"
    made = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "figures": figures}
    path.write_text(json.dumps(made, indent=1))
    return path

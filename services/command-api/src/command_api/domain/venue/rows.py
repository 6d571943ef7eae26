"""Seats in rows: which free ones are side by side, and how to take some without leaving one alone.

Seats are of one row where they share table and row label; side by side where their numbers follow each
other. A single free seat between taken ones, or at the end of a row, is an orphan: hardly anybody buys it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from command_api.domain.model import Unit


class Run(NamedTuple):
    """Free seats side by side that are wanted; `before` and `after` are how many that are free but not
    wanted (of another category) go on beside them."""

    seats: Sequence[Unit]
    before: int = 0
    after: int = 0

    def starts(self, count: int, *, orphans: bool) -> Iterable[int]:
        """Where `count` of the seats may begin; without `orphans`, so that none is left alone."""
        for start in range(len(self.seats) - count + 1):
            left = self.before + start
            right = len(self.seats) - start - count + self.after
            if orphans or 1 not in (left, right):
                yield start


class Row(NamedTuple):
    """Seats of a row by number; `gaps` are where a number is missing: a stretch begins anew there.
    `first` is the place of its first wanted seat."""

    seats: list[Unit]
    gaps: frozenset[int]
    first: int

    def runs(self, taken: Collection[str], wanted: Collection[str]) -> Iterable[Run]:
        """The longest runs of wanted seats that are not taken."""
        stretch: list[Unit] = []
        for index, unit in enumerate(self.seats):
            if stretch and index in self.gaps:
                yield from _wanted_runs(stretch, wanted)
                stretch = []
            if unit.section.section_id not in taken:
                stretch.append(unit)
            elif stretch:
                yield from _wanted_runs(stretch, wanted)
                stretch = []
        yield from _wanted_runs(stretch, wanted)


def rows_of(units: Iterable[Unit], place: Mapping[str, int]) -> list[Row]:
    """The rows that have a wanted seat (those that have a place), in order of their first ones; sections
    without a number are in none."""
    rows: dict[tuple[str | None, str | None], list[tuple[int, int, Unit]]] = {}
    for index, unit in enumerate(units):
        section = unit.section
        if section.seat_number is not None and not unit.seats:
            row = rows.setdefault((section.parent_id, section.row_label), [])
            row.append((section.seat_number, index, unit))
    found = []
    for row in rows.values():
        row.sort(key=lambda numbered: numbered[:2])
        numbers = [number for number, _index, _unit in row]
        gaps = (i for i in range(1, len(row)) if numbers[i] != numbers[i - 1] + 1)
        seats = [unit for _number, _index, unit in row]
        wanted = [place[id_] for unit in seats if (id_ := unit.section.section_id) in place]
        if wanted:
            found.append(Row(seats, frozenset(gaps), min(wanted)))
    return sorted(found, key=lambda row: row.first)


def _wanted_runs(stretch: list[Unit], wanted: Collection[str]) -> Iterable[Run]:
    begin = 0
    while begin < len(stretch):
        end = begin
        while end < len(stretch) and stretch[end].section.section_id in wanted:
            end += 1
        if end > begin:
            yield Run(stretch[begin:end], begin, len(stretch) - end)
        begin = end + 1


def take_without_orphans(runs: Sequence[Run], quantity: int) -> list[Unit]:
    """`quantity` seats from the first runs that allow it, none of them left with a single seat; empty
    where there is no such choice. Going backward it is worked out which quantities the later runs can
    make up, one bit each; going forward each run gives as many as leave such a one."""
    all_sums = (2 << quantity) - 1
    reachable = [1]
    for run in reversed(runs):
        sums = reachable[-1]
        if sums != all_sums:
            for count in _counts(run, quantity):
                sums |= reachable[-1] << count
        reachable.append(sums & all_sums)
    reachable.reverse()
    if not reachable[0] >> quantity & 1:
        return []
    chosen: list[Unit] = []
    missing = quantity
    for run, later in zip(runs, reachable[1:], strict=True):
        if missing == 0:
            break
        count = max(n for n in _counts(run, missing) if later >> (missing - n) & 1)
        if count:
            start = next(iter(run.starts(count, orphans=False)))
            chosen.extend(run.seats[start : start + count])
            missing -= count
    return chosen


def _counts(run: Run, most: int) -> list[int]:
    """How many seats of the run may be taken."""
    counts = range(1, min(len(run.seats), most) + 1)
    return [0, *(n for n in counts if any(True for _ in run.starts(n, orphans=False)))]

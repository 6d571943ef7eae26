"""The floor plan of a venue, indexed: which sections a rectangle of the canvas shows.

A spatial hash over the sections' bounding boxes. A cell is as large as some ten sections need, by the
spacing of most of them, so that one section far away, or a canvas much larger than what is on it, makes no
difference. Sections that lie in very many cells stand in a list of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from command_api.domain.model import Venue
from holdfast.contracts.venues import Section

_PER_CELL = 10
_MANY_CELLS = 64


class Box(NamedTuple):
    """A rectangle on the canvas."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: Box) -> bool:
        return (
            self.right >= other.left
            and self.left <= other.right
            and self.bottom >= other.top
            and self.top <= other.bottom
        )


def box_of(section: Section) -> Box:
    """The bounding box; a section turns about its middle."""
    if not section.rotation and section.width >= 0 and section.height >= 0:
        return Box(section.x, section.y, section.x + section.width, section.y + section.height)
    angle = math.radians(section.rotation)
    across, along = abs(math.cos(angle)), abs(math.sin(angle))
    width, height = abs(section.width), abs(section.height)
    half_width = (width * across + height * along) / 2
    half_height = (width * along + height * across) / 2
    x, y = section.x + section.width / 2, section.y + section.height / 2
    return Box(x - half_width, y - half_height, x + half_width, y + half_height)


class FloorPlan:
    """Of one definition; made once, then only read."""

    __slots__ = ("_boxes", "_cell", "_cells", "_large")

    def __init__(self, venue: Venue) -> None:
        self._boxes = [
            (section_id, box_of(unit.section)) for section_id, unit in venue.units.items()
        ]
        self._cell = _cell_size([box for _, box in self._boxes])
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._large: list[int] = []
        for number, (_, box) in enumerate(self._boxes):
            columns, rows = self._span(box)
            if len(columns) * len(rows) > _MANY_CELLS:
                self._large.append(number)
                continue
            for column in columns:
                for row in rows:
                    self._cells.setdefault((column, row), []).append(number)

    def shown(self, viewport: Box) -> list[str]:
        """Ids of the sections whose bounding box touches the rectangle, in layout order."""
        found = [n for n in self.near(viewport) if viewport.touches(self._boxes[n][1])]
        return [self._boxes[number][0] for number in sorted(found)]

    def near(self, viewport: Box) -> set[int]:
        """Numbers of the sections that have to be looked at for that."""
        found = set(self._large)
        for cell in self._under(viewport):
            found.update(self._cells.get(cell, ()))
        return found

    def _under(self, viewport: Box) -> Iterable[tuple[int, int]]:
        """Cells below the rectangle; where it is larger than the plan, those that are in use."""
        columns, rows = self._span(viewport)
        if len(columns) * len(rows) <= len(self._cells):
            return ((column, row) for column in columns for row in rows)
        return (cell for cell in self._cells if cell[0] in columns and cell[1] in rows)

    def _span(self, box: Box) -> tuple[range, range]:
        left, top, right, bottom = (math.floor(side / self._cell) for side in box)
        return range(left, right + 1), range(top, bottom + 1)


def _cell_size(boxes: list[Box]) -> float:
    """The side of a square that some ten sections fit into, where most of them are."""
    width = _spread([(box.left + box.right) / 2 for box in boxes])
    height = _spread([(box.top + box.bottom) / 2 for box in boxes])
    share = _PER_CELL / len(boxes)
    if width and height:
        return math.sqrt(width * height * share)
    return max(width, height) * share or 1.0


def _spread(middles: list[float]) -> float:
    """How far apart the middles are, without the outermost twentieth at each end."""
    middles = sorted(middles)
    aside = len(middles) // 20
    return middles[-1 - aside] - middles[aside]

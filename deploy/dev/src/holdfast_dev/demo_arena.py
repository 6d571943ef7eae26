"""The demo's theatre: 10,000 seats in five fans of fifty curved rows, and round tables before them.

Rows are arcs around the stage. A row of a block grows by 34 seats over 49 steps, as its arc does,
which makes 2,000 seats a block. Coordinates are centimetres, the stage is at the top.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import cos, radians, sin
from typing import NamedTuple

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Policy, Section, Slot, VenueDefinition

BLOCKS = "ABCDE"
BLOCK_ANGLE = 33.0  # degrees
AISLE_ANGLE = 1.6
ROWS = 50
FIRST_ROW_SEATS = 23
GROWTH = 34  # seats from the first row of a block to its last
FIRST_RADIUS = 2000.0
ROW_DEPTH = 60.0
SEAT = 42.0

TABLES = 12
TABLE_SEATS = 8
TABLE_RADIUS = 1500.0
TABLE_SPREAD = 140.0  # degrees from the first table to the last
TABLE_SIZE = 150.0
CHAIR_RADIUS = 115.0


class Tier(NamedTuple):
    """Rows that share a floor; `gap` is the walkway before them, in centimetres."""

    name: str
    first_row: int
    gap: float
    category: str


TIERS = (
    Tier("Front stalls", 0, 0, "front"),
    Tier("Stalls", 8, 0, "stalls"),
    Tier("Circle", 20, 180, "circle"),
    Tier("Gallery", 36, 180, "gallery"),
)

# The stage is the centre of all arcs, in the middle of the top edge.
OUTER = FIRST_RADIUS + ROWS * ROW_DEPTH + sum(tier.gap for tier in TIERS)
CANVAS_W = 2 * OUTER + 200
CANVAS_H = OUTER + 500
CENTRE_X, CENTRE_Y = CANVAS_W / 2, 300.0


def arena() -> VenueDefinition:
    """The theatre's definition; `sections` are 10,000 seats, then 12 tables with 8 seats each."""
    return VenueDefinition(
        name="The Grand Arena",
        timezone="Europe/London",
        currency="GBP",
        policy=Policy(
            hold_ttl_seconds=480,
            max_sections_per_hold=24,
            booking_horizon_days=365,
            orphan_seats=False,
        ),
        canvas_w=CANVAS_W,
        canvas_h=CANVAS_H,
        slots=[
            Slot(
                slot_id="matinee",
                name="Matinee",
                start="14:30",
                end="17:00",
                days=["wed", "sat", "sun"],
                prices={"front": 6500, "stalls": 4500, "circle": 3000, "gallery": 1800},
            ),
            Slot(slot_id="evening", name="Evening", start="19:30", end="22:30"),
        ],
        categories=[
            Category(category_id="front", name="Front stalls", color="#e63946", price=9500),
            Category(category_id="stalls", name="Stalls", color="#f4a261", price=6500),
            Category(category_id="circle", name="Circle", color="#2a9d8f", price=4500),
            Category(category_id="gallery", name="Gallery", color="#457b9d", price=2500),
            Category(category_id="cabaret", name="Cabaret table", color="#9b5de5", price=8000),
        ],
        sections=[*_seats(), *_tables()],
    )


def _seats() -> Iterator[Section]:
    first = 90 + (len(BLOCKS) * BLOCK_ANGLE + (len(BLOCKS) - 1) * AISLE_ANGLE) / 2
    for tier, row in _rows():
        gaps = sum(each.gap for each in TIERS if each.first_row <= row)
        radius = FIRST_RADIUS + row * ROW_DEPTH + gaps
        count = FIRST_ROW_SEATS + round(row * GROWTH / (ROWS - 1))
        for index, block in enumerate(BLOCKS):
            left = first - index * (BLOCK_ANGLE + AISLE_ANGLE)
            for number in range(1, count + 1):
                angle = left - BLOCK_ANGLE * (number - 0.5) / count
                yield _chair(
                    f"{block.lower()}_r{row + 1:02}_s{number:02}",
                    f"{tier.name} {block}, row {row + 1}, seat {number}",
                    tier.category,
                    *_on_arc(radius, angle),
                    rotation=90 - angle,
                    row_label=f"{block}{row + 1}",
                    number=number,
                )


def _rows() -> Iterator[tuple[Tier, int]]:
    last = Tier("", ROWS, 0, "")
    for tier, following in pairwise((*TIERS, last)):
        for row in range(tier.first_row, following.first_row):
            yield tier, row


def _tables() -> Iterator[Section]:
    for number in range(1, TABLES + 1):
        angle = 90 + TABLE_SPREAD * (0.5 - (number - 1) / (TABLES - 1))
        x, y = _on_arc(TABLE_RADIUS, angle)
        table_id = f"table_{number:02}"
        yield Section(
            section_id=table_id,
            name=f"Cabaret table {number}",
            kind=SectionKind.TABLE,
            category_id="cabaret",
            features=["waiter-service"],
            x=round(x - TABLE_SIZE / 2, 1),
            y=round(y - TABLE_SIZE / 2, 1),
            width=TABLE_SIZE,
            height=TABLE_SIZE,
            shape="round",
        )
        for seat in range(1, TABLE_SEATS + 1):
            around = 360 * (seat - 1) / TABLE_SEATS
            yield _chair(
                f"{table_id}_s{seat}",
                f"Cabaret table {number}, seat {seat}",
                "cabaret",
                x + CHAIR_RADIUS * cos(radians(around)),
                y + CHAIR_RADIUS * sin(radians(around)),
                rotation=around - 90,
                row_label=f"T{number}",
                number=seat,
                parent_id=table_id,
            )


def _on_arc(radius: float, angle: float) -> tuple[float, float]:
    """A point of an arc around the stage; 180 degrees is on its left, 90 straight ahead."""
    return CENTRE_X + radius * cos(radians(angle)), CENTRE_Y + radius * sin(radians(angle))


def _chair(  # noqa: PLR0913 (the geometry and the words of one seat)
    section_id: str,
    name: str,
    category: str,
    x: float,
    y: float,
    *,
    rotation: float,
    row_label: str,
    number: int,
    parent_id: str | None = None,
) -> Section:
    """A seat whose middle is at (x, y)."""
    return Section(
        section_id=section_id,
        name=name,
        kind=SectionKind.SEAT,
        parent_id=parent_id,
        category_id=category,
        x=round(x - SEAT / 2, 1),
        y=round(y - SEAT / 2, 1),
        width=SEAT,
        height=SEAT,
        rotation=round(rotation % 360, 1),
        row_label=row_label,
        seat_number=number,
        shape="seat",
    )

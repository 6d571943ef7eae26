"""The demo's venues as definitions: a restaurant, a night club and a clinic (the arena is apart).

Pure: the same definitions every time. Amounts are pence, coordinates are centimetres of floor.
"""

from collections.abc import Iterator
from typing import NamedTuple

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import (
    Category,
    Deposit,
    Policy,
    Section,
    Slot,
    VenueDefinition,
    Weekday,
)
from holdfast_dev.demo_arena import arena

TIMEZONE = "Europe/London"
WEEKDAYS: list[Weekday] = ["mon", "tue", "wed", "thu", "fri"]


class Place(NamedTuple):
    """A section on a floor plan: size and shape by the people it takes."""

    section_id: str
    name: str
    category: str
    party: tuple[int, int]
    x: float
    y: float
    width: float
    height: float
    shape: str
    features: tuple[str, ...]
    rotation: float = 0


class DemoClub(NamedTuple):
    """A tenant of the demo with its venues by id."""

    club_id: str
    name: str
    venues: dict[str, VenueDefinition]


def demo_clubs() -> list[DemoClub]:
    """Everything that the demo puts in."""
    return [
        DemoClub("backroom", "The Backroom", {"leeds": leeds(), "basement": basement()}),
        DemoClub("grand", "The Grand", {"arena": arena()}),
        DemoClub("care", "City Care", {"clinic": clinic()}),
    ]


def leeds() -> VenueDefinition:
    """A restaurant with a bar: 16 tables on two floors, drawn side by side."""
    return VenueDefinition(
        name="The Backroom, Leeds",
        timezone=TIMEZONE,
        currency="GBP",
        policy=Policy(max_tables_per_customer_per_date=2, guest_checkout=True),
        canvas_w=1960,
        canvas_h=880,
        slots=[
            Slot(slot_id="slot_19_00", name="Early dinner", start="19:00", end="21:00"),
            Slot(slot_id="slot_21_00", name="Dinner", start="21:00", end="23:00"),
            Slot(
                slot_id="slot_23_00",
                name="Late bar",
                start="23:00",
                end="02:00",
                prices={"bar": 1500, "booth": 6000},
            ),
        ],
        categories=[
            Category(category_id="window", name="Window", color="#2a9d8f", price=2500),
            Category(category_id="main", name="Dining room", color="#457b9d", price=2000),
            Category(category_id="booth", name="Booth", color="#9b5de5", price=4000),
            Category(category_id="bar", name="Bar", color="#e9c46a", price=1000),
        ],
        sections=[_section(SectionKind.TABLE, place) for place in _leeds_tables()],
    )


def _leeds_tables() -> list[Place]:
    ground, first = ("floor:ground",), ("floor:first",)
    step_free = (*ground, "step-free")
    return [
        # Ground floor: windows along the top, the dining room, booths against the left wall.
        Place("table_01", "Table 1", "window", (1, 2), 120, 80, 80, 80, "round", step_free),
        Place("table_02", "Table 2", "window", (1, 2), 300, 80, 80, 80, "round", step_free),
        Place("table_03", "Table 3", "window", (1, 2), 480, 80, 80, 80, "round", ground),
        Place("table_04", "Table 4", "window", (2, 4), 660, 75, 130, 90, "rectangle", step_free),
        Place("table_05", "Table 5", "main", (2, 4), 360, 300, 110, 110, "square", step_free),
        Place("table_06", "Table 6", "main", (2, 4), 620, 300, 110, 110, "square", step_free),
        Place("table_07", "Table 7", "main", (3, 6), 340, 540, 180, 100, "rectangle", ground),
        Place("table_08", "Table 8", "main", (5, 8), 620, 520, 150, 150, "round", ground),
        Place("table_09", "Booth 9", "booth", (3, 6), 70, 300, 150, 190, "booth", ground),
        Place("table_10", "Booth 10", "booth", (3, 6), 70, 540, 150, 190, "booth", ground),
        # First floor: high tables along the bar, a long table, booths on the gallery.
        Place("table_11", "Bar 11", "bar", (1, 2), 1160, 100, 70, 70, "round", (*first, "high")),
        Place("table_12", "Bar 12", "bar", (1, 2), 1320, 100, 70, 70, "round", (*first, "high")),
        Place("table_13", "Bar 13", "bar", (1, 3), 1480, 100, 80, 80, "round", (*first, "high")),
        Place("table_14", "Long table", "main", (8, 14), 1180, 420, 420, 110, "rectangle", first),
        Place("table_15", "Booth 15", "booth", (3, 6), 1740, 330, 150, 190, "booth", first),
        Place("table_16", "Booth 16", "booth", (4, 8), 1720, 610, 170, 220, "booth", first),
    ]


def basement() -> VenueDefinition:
    """A night club: every request is looked at by a manager and asks for a deposit."""
    return VenueDefinition(
        name="Basement",
        timezone=TIMEZONE,
        currency="GBP",
        policy=Policy(
            hold_ttl_seconds=300,
            requires_approval=True,
            approval_ttl_seconds=4 * 3600,
            deposit=Deposit(type="per_section", amount=5000),
            cancel_until_minutes=24 * 60,
        ),
        canvas_w=1600,
        canvas_h=1100,
        slots=[
            Slot(slot_id="slot_22_00", name="Doors to two", start="22:00", end="26:00"),
            Slot(
                slot_id="slot_26_00",
                name="Two till close",
                start="26:00",
                end="29:00",
                days=["fri", "sat"],
                prices={"vip": 15000},
            ),
        ],
        categories=[
            Category(category_id="vip", name="VIP booth", color="#d00000", price=30000),
            Category(category_id="dance", name="Dance floor", color="#3a86ff", price=8000),
        ],
        sections=[_section(SectionKind.SECTION, place) for place in _basement_sections()],
    )


def _basement_sections() -> Iterator[Place]:
    """Booths in a horseshoe around the floor, tables in three rows before the DJ."""
    for number, (x, y, rotation) in enumerate(
        [
            (60, 140, 90),
            (60, 400, 90),
            (60, 660, 90),
            (330, 900, 0),
            (690, 900, 0),
            (1050, 900, 0),
            (1370, 660, 270),
            (1370, 400, 270),
            (1370, 140, 270),
        ],
        start=1,
    ):
        features = ("bottle-service", "curtain") if number == 5 else ("bottle-service",)
        yield Place(
            f"booth_{number:02}",
            f"Booth {number}",
            "vip",
            (4, 14 if number == 5 else 10),
            x,
            y,
            220,
            140,
            "booth",
            features,
            rotation,
        )
    for number in range(1, 13):
        row, column = divmod(number - 1, 4)
        x, y = 425 + 220 * column + (35 if row == 1 else -35), 330 + 170 * row
        yield Place(
            f"floor_{number:02}",
            f"Table {number}",
            "dance",
            (2, 5),
            x,
            y,
            90,
            90,
            "round",
            ("standing",),
        )


def clinic() -> VenueDefinition:
    """A provider: pools of many places in every hour of a working day."""
    pools = [
        ("vaccination", "Vaccination", "walk-in", 12, ("step-free",)),
        ("blood_test", "Blood test", "walk-in", 8, ("step-free", "fasting")),
        ("nurse", "Nurse appointment", "appointment", 6, ("step-free",)),
        ("doctor", "Doctor appointment", "appointment", 4, ()),
    ]
    return VenueDefinition(
        name="City Care clinic",
        timezone=TIMEZONE,
        currency="GBP",
        policy=Policy(
            hold_ttl_seconds=600,
            max_active_holds_per_customer=3,
            booking_horizon_days=90,
            min_lead_minutes=30,
            cancel_until_minutes=2 * 60,
        ),
        canvas_w=1000,
        canvas_h=300,
        slots=[
            Slot(
                slot_id=f"slot_{hour:02}_00",
                name=f"{hour:02}:00 to {hour + 1:02}:00",
                start=f"{hour:02}:00",
                end=f"{hour + 1:02}:00",
                days=WEEKDAYS,
            )
            for hour in (9, 10, 11, 12, 14, 15, 16)
        ],
        categories=[
            Category(category_id="walk-in", name="Treatment room", color="#06d6a0"),
            Category(category_id="appointment", name="Consulting room", color="#118ab2"),
        ],
        sections=[
            Section(
                section_id=section_id,
                name=name,
                kind=SectionKind.POOL,
                capacity=places,
                category_id=category,
                features=list(features),
                x=40 + 240 * index,
                y=60,
                width=200,
                height=180,
                shape="rectangle",
            )
            for index, (section_id, name, category, places, features) in enumerate(pools)
        ],
    )


def _section(kind: SectionKind, place: Place) -> Section:
    return Section(
        section_id=place.section_id,
        name=place.name,
        kind=kind,
        party_min=place.party[0],
        party_max=place.party[1],
        category_id=place.category,
        features=list(place.features),
        x=place.x,
        y=place.y,
        width=place.width,
        height=place.height,
        rotation=place.rotation,
        shape=place.shape,
    )

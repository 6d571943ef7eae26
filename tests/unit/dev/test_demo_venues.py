"""The demo's venues: definitions that the API takes, and drawings without collisions."""

from collections import Counter
from datetime import datetime
from itertools import combinations, pairwise

import msgspec
import pytest

from command_api.domain.venue.definition import check_definition
from holdfast.contracts.ids import is_id
from holdfast.contracts.schedule import slot_window
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import MAX_DEFINITION_BYTES, Section, VenueDefinition
from holdfast_dev.banner import CLUB, SLOT, TABLES, VENUE
from holdfast_dev.demo_arena import arena
from holdfast_dev.demo_venues import basement, clinic, demo_clubs, leeds

VENUES = {
    f"{club.club_id}/{venue_id}": definition
    for club in demo_clubs()
    for venue_id, definition in club.venues.items()
}
every = pytest.mark.parametrize("definition", VENUES.values(), ids=VENUES)


def test_the_demo_is_these_four() -> None:
    assert list(VENUES) == ["backroom/leeds", "backroom/basement", "grand/arena", "care/clinic"]
    assert all(is_id(part) for name in VENUES for part in name.split("/"))


@every
def test_definition_is_one_that_the_api_takes(definition: VenueDefinition) -> None:
    body = msgspec.json.encode(definition)
    assert len(body) <= MAX_DEFINITION_BYTES
    assert msgspec.json.decode(body, type=VenueDefinition) == definition
    assert check_definition(definition) == []


@every
def test_definition_is_the_same_every_time(definition: VenueDefinition) -> None:
    again = {club.club_id: club for club in demo_clubs()}
    assert definition in [each for club in again.values() for each in club.venues.values()]


@every
def test_every_section_is_on_the_canvas(definition: VenueDefinition) -> None:
    for section in definition.sections:
        assert 0 <= section.x <= definition.canvas_w - section.width
        assert 0 <= section.y <= definition.canvas_h - section.height
        assert section.width > 0 < section.height


def distance(one: Section, other: Section) -> float:
    """Between the middles."""
    across = one.x + one.width / 2 - other.x - other.width / 2
    down = one.y + one.height / 2 - other.y - other.height / 2
    return float((across**2 + down**2) ** 0.5)


@pytest.mark.parametrize("definition", [leeds(), basement(), clinic()], ids=lambda d: d.name)
def test_sections_do_not_overlap(definition: VenueDefinition) -> None:
    for one, other in combinations(definition.sections, 2):
        apart = (min(one.width, one.height) + min(other.width, other.height)) / 2
        assert distance(one, other) >= apart, (one.section_id, other.section_id)


def test_leeds_has_sixteen_tables_and_a_slot_past_midnight() -> None:
    definition = leeds()
    assert [section.section_id for section in definition.sections] == [
        f"table_{number:02}" for number in range(1, 17)
    ]
    assert {section.kind for section in definition.sections} == {SectionKind.TABLE}
    floors = Counter(feature for each in definition.sections for feature in each.features)
    assert floors["floor:ground"] + floors["floor:first"] == 16
    assert definition.policy.max_tables_per_customer_per_date == 2
    windows = [slot_window(slot, "2026-02-14", definition.timezone) for slot in definition.slots]
    assert all(window is not None for window in windows)
    # each starts as the one before ends, and the last is of the evening before
    assert [(w.starts_at, w.ends_at) for w in windows if w] == [
        (at("2026-02-14T19:00Z"), at("2026-02-14T21:00Z")),
        (at("2026-02-14T21:00Z"), at("2026-02-14T23:00Z")),
        (at("2026-02-14T23:00Z"), at("2026-02-15T02:00Z")),
    ]


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_the_examples_speak_of_tables_that_take_four() -> None:
    definition = VENUES[f"{CLUB}/{VENUE}"]
    tables = {section.section_id: section for section in definition.sections}
    for table in TABLES:
        assert (tables[table].party_min or 1) <= 4 <= (tables[table].party_max or 1)
    [slot] = [slot for slot in definition.slots if slot.slot_id == SLOT]
    assert slot.days is None


def test_basement_asks_for_approval_and_a_deposit() -> None:
    policy = basement().policy
    assert policy.requires_approval
    assert policy.deposit is not None
    assert policy.hold_ttl_seconds == 300


def test_clinic_has_pools_of_many_on_weekdays_only() -> None:
    definition = clinic()
    assert {section.kind for section in definition.sections} == {SectionKind.POOL}
    assert max(section.capacity for section in definition.sections) == 12
    assert len(definition.slots) > 3
    saturday, monday = "2026-02-14", "2026-02-16"
    assert all(
        slot_window(slot, saturday, definition.timezone) is None for slot in definition.slots
    )
    assert all(slot_window(slot, monday, definition.timezone) for slot in definition.slots)


def test_arena_has_ten_thousand_seats_and_tables_of_eight() -> None:
    definition = arena()
    seats = [section for section in definition.sections if section.parent_id is None]
    tables = [section for section in seats if section.kind is SectionKind.TABLE]
    parents = Counter(section.parent_id for section in definition.sections if section.parent_id)
    assert len(seats) - len(tables) == 10_000
    assert parents == dict.fromkeys((table.section_id for table in tables), 8)
    assert len({section.category_id for section in definition.sections}) == 5


def test_arena_rows_are_curved_and_neighbours_do_not_touch() -> None:
    definition = arena()
    rows: dict[str, list[Section]] = {}
    for section in definition.sections:
        if section.parent_id is None and section.row_label is not None:
            rows.setdefault(section.row_label, []).append(section)
    assert len(rows) == 250
    for row in rows.values():
        assert [seat.seat_number for seat in row] == list(range(1, len(row) + 1))
        for one, other in pairwise(row):
            assert distance(one, other) >= one.width
        middle = row[len(row) // 2]
        chord = (row[0].y + row[-1].y) / 2
        assert row[0].row_label is not None
        if row[0].row_label.startswith("C"):  # straight ahead of the stage
            assert middle.y > chord

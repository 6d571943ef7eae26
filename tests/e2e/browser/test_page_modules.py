"""The page's own rules, in Chromium: prices, nights, what may be selected, where floors stand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from playwright.async_api import Page

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Section, Slot, SlotException, VenueDefinition
from holdfast_dev.demo_venues import clinic, leeds

pytestmark = pytest.mark.browser

NIGHT = ["2026-02-14", "late"]
SEATED = VenueDefinition(
    slots=[
        Slot(slot_id="early", start="19:00", end="21:00"),
        Slot(
            slot_id="late",
            start="23:00",
            end="02:00",
            days=["sat"],
            prices={"main": 30, "s2": 31},
            exceptions=[SlotException(date="2026-02-14", prices={"s1": 99})],
        ),
    ],
    categories=[Category(category_id="main", price=20), Category(category_id="bar", price=5)],
    sections=[
        Section(section_id="t", kind=SectionKind.TABLE, category_id="bar"),
        Section(section_id="s1", kind=SectionKind.SEAT, parent_id="t", category_id="main"),
        Section(section_id="s2", kind=SectionKind.SEAT, parent_id="t", category_id="main"),
        Section(section_id="u", price=7, category_id="bar"),
        Section(section_id="free"),
    ],
)


def built(venue: VenueDefinition) -> dict[str, Any]:
    """As `GET …/venues/{venue}` answers."""
    more = {"clubId": "c", "venueId": "v", "layoutVersion": 1}
    body: dict[str, Any] = msgspec.to_builtins(venue)
    return body | more


@pytest.mark.parametrize(
    ("place", "night", "price"),
    [
        ("s1", NIGHT, 99),
        ("s2", NIGHT, 31),
        ("t", NIGHT, 130),
        ("s1", ["2026-02-21", "late"], 30),
        ("s1", ["2026-02-14", "early"], 20),
        ("t", ["2026-02-14", "early"], 40),
        ("u", NIGHT, 7),
        ("free", NIGHT, 0),
    ],
)
async def test_prices_are_the_servers(page: Page, place: str, night: list[str], price: int) -> None:
    shown = await page.evaluate(
        """async ([definition, place, night]) => {
            const { describe, priceOf } = await import('/page/venue.js');
            const venue = describe(definition);
            return priceOf(venue, venue.byId.get(place), ...night);
        }""",
        [built(SEATED), place, night],
    )
    assert shown == price


NIGHTS = """async ([definition, now]) => {
    const { nights } = await import('/page/schedule.js');
    const next = nights(definition, Date.parse(now)).slice(0, 3);
    return next.map(({ date, slotId, times }) => [date, slotId, times]);
}"""


async def test_the_next_nights_by_the_venues_clock(page: Page) -> None:
    definition = built(SEATED) | {"timezone": "Europe/London"}
    assert await page.evaluate(NIGHTS, [definition, "2026-02-13T12:00:00Z"]) == [
        ["2026-02-13", "early", "19:00–21:00"],
        ["2026-02-14", "early", "19:00–21:00"],
        ["2026-02-14", "late", "23:00–02:00"],
    ]


async def test_after_midnight_the_evening_before_goes_on(page: Page) -> None:
    definition = built(SEATED) | {"timezone": "Europe/London"}
    [first, *_] = await page.evaluate(NIGHTS, [definition, "2026-02-15T01:30:00Z"])
    assert first == ["2026-02-14", "late", "23:00–02:00"]
    [first, *_] = await page.evaluate(NIGHTS, [definition, "2026-02-15T02:30:00Z"])
    assert first == ["2026-02-15", "early", "19:00–21:00"]


async def test_which_night_a_link_means(page: Page) -> None:
    picked = await page.evaluate(
        """async (definition) => {
            const { nights, pickNight } = await import('/page/schedule.js');
            const all = nights(definition, Date.parse('2026-02-13T12:00:00Z'));
            const pick = (date, slotId) => {
                const night = pickNight(all, { date, slotId });
                return night && `${night.date} ${night.slotId}`;
            };
            const asked = [
                [null, null], [null, 'late'], ['2026-02-15', null], ['2030-01-01', 'late'], [null, 'no'],
            ];
            return asked.map(([date, slotId]) => pick(date, slotId));
        }""",
        built(SEATED),
    )
    assert picked == [
        "2026-02-13 early",
        "2026-02-14 late",
        "2026-02-15 early",
        "2030-01-01 late",
        None,
    ]


BOARD = """async ([definition, script]) => {
    const { Board } = await import('/page/board.js');
    const { Marks } = await import('/sdk/marks.js');
    const { describe } = await import('/page/venue.js');
    const venue = describe(definition);
    const marks = new Marks(() => undefined);
    const board = new Board(venue, marks, () => undefined);
    const states = new Map(venue.places.map(({ id, seats }) => {
        const total = seats.length || 1;
        const capacity = { total, available: total };
        return [id, { sectionId: id, state: 'available', capacity, heldUntil: null }];
    }));
    const take = (id, state) => {
        states.set(id, { ...states.get(id), state, capacity: { total: 1, available: 0 } });
        const parent = venue.byId.get(id).parent?.id;
        if (parent) states.get(parent).capacity.available -= 1;
        return board.show(states, [id]);
    };
    board.show(states, null);
    const chosen = () => [...board.selection].join(' ');
    return eval(script);
}"""


async def test_a_table_and_its_seats_are_not_selected_together(page: Page) -> None:
    script = """
        const seen = [];
        for (const id of ['s1', 's2', 't', 's1']) { board.toggle(id); seen.push(chosen()); }
        seen
    """
    seen = await page.evaluate(BOARD, [built(SEATED), script])
    assert seen == ["s1", "s1 s2", "t", "s1"]


async def test_a_table_with_a_taken_seat_is_not_to_be_had_whole(page: Page) -> None:
    script = """
        board.toggle('t');
        const gone = take('s1', 'held');
        [gone, chosen(), board.toggle('t'), board.toggle('s2'), board.look('t').free]
    """
    assert await page.evaluate(BOARD, [built(SEATED), script]) == [["t"], "", False, True, 1]


async def test_what_we_asked_for_is_not_lost_to_ourselves(page: Page) -> None:
    script = """
        board.toggle('u');
        const mark = marks.add(['u']);
        const gone = take('u', 'held');
        const during = [gone, chosen(), board.look('u').pending, board.look('u').look];
        marks.drop(mark);
        [...during, board.prune(), chosen()]
    """
    seen = await page.evaluate(BOARD, [built(SEATED), script])
    assert seen == [[], "u", True, "held", ["u"], ""]


async def test_ours_is_by_the_servers_word(page: Page) -> None:
    script = """
        take('s1', 'held'); take('s2', 'held'); take('u', 'unavailable');
        board.own([{ sectionIds: ['s1', 's2'], items: [{ sectionId: 't' }] }],
                  [{ sectionIds: ['u'], items: [{ sectionId: 'u' }] }]);
        const looks = ['s1', 't', 'u', 'free'].map((id) => board.look(id).look);
        board.own([], []);
        [...looks, board.look('s1').look]
    """
    seen = await page.evaluate(BOARD, [built(SEATED), script])
    assert seen == ["mine", "mine", "booked", "available", "held"]


@pytest.mark.parametrize(
    ("definition", "proportion", "shape"),
    [
        (leeds(), 1.6, "line w"),
        (leeds(), 0.5, "line h"),
        (clinic(), 4.0, "one 4"),
        (clinic(), 0.3, "one 1"),
    ],
)
async def test_floors_stand_where_there_is_room(
    page: Page, definition: VenueDefinition, proportion: float, shape: str
) -> None:
    arranged = await page.evaluate(
        """async ([definition, proportion]) => {
            const { describe } = await import('/page/venue.js');
            const { arrange } = await import('/page/arrange.js');
            const venue = describe(definition);
            const { frames, bounds, shape } = arrange(venue, proportion);
            const inside = (place, box) =>
                place.x - place.w / 2 >= box.x && place.x + place.w / 2 <= box.x + box.w &&
                place.y - place.h / 2 >= box.y && place.y + place.h / 2 <= box.y + box.h;
            const homes = (place) => frames.filter((box) => inside(place, box)).length;
            const lost = venue.places.filter((place) => homes(place) !== 1).map(({ id }) => id);
            return [shape, lost, frames.every((box) => box.w <= bounds.w && box.h <= bounds.h)];
        }""",
        [built(definition), proportion],
    )
    assert arranged == [shape, [], True]


async def test_sections_without_coordinates_stand_apart(page: Page) -> None:
    corners = await page.evaluate(
        """async (definition) => {
            const { describe } = await import('/page/venue.js');
            return describe(definition).places.map(({ x, y }) => `${x} ${y}`);
        }""",
        built(SEATED),
    )
    assert len(set(corners)) == len(SEATED.sections)

"""What could be had instead of what is not free."""

from __future__ import annotations

from typing import Any

from tests.unit.domain.build import DATE, KEY, NOW, STAFF, Floor, customer

from command_api.domain.alternatives.ranking import alternatives_for
from command_api.domain.alternatives.wishes import Wish, surroundings, wish_of
from command_api.domain.commands import ChangeHold, HoldSections, ReleaseHold
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import BestAvailable, HoldChange, HoldRequest
from holdfast.contracts.queries import Alternative, AlternativeKind, Alternatives
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Policy, Section, Slot, SlotException

BOB = customer("bob")
EARLY = KEY._replace(slot="early")
TOMORROW = KEY._replace(date="2026-02-16")


def table(section_id: str, x: float, most: int, category: str = "gold", **more: Any) -> Section:
    return Section(
        section_id=section_id,
        kind=SectionKind.TABLE,
        category_id=category,
        party_max=most,
        x=x,
        width=10,
        height=10,
        **more,
    )


def restaurant(policy: Policy | None = None, **changes: Any) -> Floor:
    """Tables for two (`a1`, `a2`, `a3` of gold, `b1` of silver), one for four, one for six; side by side
    in this order but for `far`."""
    return Floor(
        policy,
        **{
            "slots": [
                Slot(slot_id="late", start="21:00", end="23:00"),
                Slot(slot_id="early", start="19:00", end="21:00"),
            ],
            "categories": [
                Category(category_id="gold", price=5000),
                Category(category_id="silver", price=3000),
            ],
            "sections": [
                table("a1", 0, 2),
                table("a2", 15, 2),
                table("a3", 30, 2),
                table("b1", 45, 2, "silver"),
                table("four", 60, 4),
                table("six", 75, 6, price=6000),
                table("far", 5000, 2),
            ],
            **changes,
        },
    )


def ask(floor: Floor, *sections: str, **wish: Any) -> Alternatives:
    for key in surroundings(floor.venue, KEY):
        floor.channels.get(key)
    wanted = Wish(**{"channel": KEY, "section_ids": sections, **wish})
    return alternatives_for(floor.venue, floor.channels, wanted, floor.now)


def of_kind(found: Alternatives, kind: AlternativeKind) -> list[Alternative]:
    return [item for item in found.items if item.kind is kind]


def ids(items: list[Alternative]) -> list[list[str]]:
    return [item.section_ids for item in items]


def test_other_sections_the_same_category_and_the_nearest_first() -> None:
    floor = restaurant()
    floor.hold("a2", by=BOB)
    found = ask(floor, "a2")
    others = of_kind(found, AlternativeKind.OTHER_SECTION)
    assert ids(others) == [["a1"], ["a3"], ["far"], ["b1"]]
    assert [item.score for item in others] == sorted((i.score for i in others), reverse=True)
    assert [item.price_difference for item in others] == [0, 0, 0, -2000]
    assert not found.waitlist_option


def test_larger_tables_by_how_much_room_they_spare() -> None:
    floor = restaurant()
    floor.hold("a2", by=BOB)
    larger = of_kind(ask(floor, "a2"), AlternativeKind.LARGER_TABLE)
    assert [(item.section_ids, item.price_difference) for item in larger] == [
        (["four"], 0),
        (["six"], 1000),
    ]
    assert ids(of_kind(ask(floor, "a2", party_size=5), AlternativeKind.LARGER_TABLE)) == [["six"]]
    assert ids(of_kind(ask(floor, "four"), AlternativeKind.OTHER_SECTION)) == []


def test_several_tables_side_by_side_where_none_is_large_enough() -> None:
    floor = restaurant()
    floor.hold("six", by=BOB)
    together = of_kind(ask(floor, "six", party_size=6), AlternativeKind.SEVERAL_TABLES)
    assert ["b1", "four"] in [sorted(one) for one in ids(together)]
    assert ["a1", "a2", "a3"] in [sorted(one) for one in ids(together)]
    assert all("far" not in one and "six" not in one for one in ids(together))
    huge = ask(floor, party_size=8, quantity=1)
    assert [sorted(one) for one in ids(of_kind(huge, AlternativeKind.SEVERAL_TABLES))] != []


def test_the_same_at_another_slot_and_on_other_dates() -> None:
    floor = restaurant(Policy(alternative_discount_percent=15))
    floor.hold("a2", by=BOB)
    found = ask(floor, "a2")
    (early,) = of_kind(found, AlternativeKind.ADJACENT_SLOT)
    assert (early.date, early.slot_id, early.section_ids) == (DATE, "early", ["a2"])
    assert (early.amount, early.price_difference, early.discount) == (5000, 0, 750)
    dates = [item.date for item in of_kind(found, AlternativeKind.OTHER_DATE)]
    assert dates[0] == "2026-02-16", "the past cannot be booked"
    assert [i.discount for i in of_kind(found, AlternativeKind.OTHER_SECTION)] == [0, 0, 0, 0]


def test_what_is_taken_there_is_not_offered_there() -> None:
    floor = restaurant()
    floor.hold("a2", by=BOB)
    for key in (EARLY, TOMORROW):
        request = HoldRequest(date=key.date, slot_id=key.slot, section_ids=["a2"])
        floor.run(
            HoldSections(
                channel=key, asker=BOB, request=request, customer_id="bob", hold_id=f"x{key.slot}"
            )
        )
    found = ask(floor, "a2")
    assert of_kind(found, AlternativeKind.ADJACENT_SLOT) == []
    assert "2026-02-16" not in [item.date for item in found.items]
    floor.pass_time(301)
    assert of_kind(ask(floor, "a2"), AlternativeKind.ADJACENT_SLOT) != [], "due is free"


def test_mirrored_claims_of_overlapping_slots_count() -> None:
    floor = restaurant(
        slots=[
            Slot(slot_id="late", start="21:00", end="23:00"),
            Slot(slot_id="early", start="20:00", end="22:00"),
        ]
    )
    floor.hold("a2", by=BOB)
    assert of_kind(ask(floor, "a2"), AlternativeKind.ADJACENT_SLOT) == []


def test_closed_slots_and_what_customers_may_not_book_are_left_out() -> None:
    late = Slot(
        slot_id="late",
        start="21:00",
        end="23:00",
        exceptions=[SlotException(date="2026-02-16", closed=True)],
    )
    floor = restaurant(Policy(booking_horizon_days=2), slots=[late])
    floor.hold("a2", by=BOB)
    assert [i.date for i in of_kind(ask(floor, "a2"), AlternativeKind.OTHER_DATE)] == ["2026-02-17"]
    staff = of_kind(ask(floor, "a2", is_staff=True), AlternativeKind.OTHER_DATE)
    assert [item.date for item in staff] == [f"2026-02-{day}" for day in (17, 18, 19, 20)]


def test_waiting_is_an_option_where_the_slot_is_open_and_nothing_fits() -> None:
    floor = restaurant()
    floor.block()
    found = ask(floor, "a1")
    assert found.waitlist_option
    assert {item.kind for item in found.items} == {
        AlternativeKind.ADJACENT_SLOT,
        AlternativeKind.OTHER_DATE,
    }
    floor.now = "2026-02-16T03:00:00.000Z"
    assert not ask(floor, "a1").waitlist_option, "over"


def test_waiting_is_no_option_for_what_the_waitlist_would_refuse() -> None:
    floor = restaurant()
    floor.block()
    assert ask(floor, party_size=6).waitlist_option
    assert not ask(floor, party_size=7).waitlist_option, "larger than any table"
    assert not ask(floor, party_size=4, category_id="silver").waitlist_option
    assert not ask(floor, "a1", quantities=(("a1", 2),)).waitlist_option
    assert not ask(floor, quantity=7).waitlist_option


def test_a_party_without_a_section_gets_what_fits_it() -> None:
    floor = restaurant()
    found = ask(floor, party_size=4)
    assert found.items[0].section_ids == ["four"]
    assert {item.slot_id for item in found.items} == {"late", "early"}
    assert ["six"] in ids(of_kind(found, AlternativeKind.LARGER_TABLE))
    floor.hold("four", by=BOB)
    assert ["six"] in ids(of_kind(ask(floor, party_size=4), AlternativeKind.LARGER_TABLE))


def test_at_most_ten_of_several_kinds() -> None:
    sections = [Section(section_id=f"s{n}", category_id="gold") for n in range(40)]
    floor = restaurant(sections=sections)
    floor.hold("s7", by=BOB)
    found = ask(floor, "s7")
    assert len(found.items) == 10
    kinds = [item.kind for item in found.items]
    assert kinds.count(AlternativeKind.OTHER_SECTION) == 6
    assert kinds.count(AlternativeKind.OTHER_DATE) == 3
    assert kinds.count(AlternativeKind.ADJACENT_SLOT) == 1


def seats() -> Floor:
    return Floor(
        categories=[Category(category_id="gold", price=10)],
        sections=[
            Section(
                section_id=f"{row}{n}",
                kind=SectionKind.SEAT,
                row_label=row,
                seat_number=n,
                category_id="gold",
                x=n * 10,
                y=ord(row) * 10,
                width=8,
                height=8,
            )
            for row in "abc"
            for n in range(1, 9)
        ],
    )


def test_seats_are_replaced_or_as_many_found_side_by_side() -> None:
    floor = seats()
    floor.hold("a2", by=BOB)
    others = of_kind(ask(floor, "a1", "a2", "a3"), AlternativeKind.OTHER_SECTION)
    assert ["a1", "a4", "a3"] in ids(others)
    assert ["b1", "b2", "b3"] in ids(others)
    assert all(item.amount == 30 and item.price_difference == 0 for item in others)


def test_a_wish_for_seats_side_by_side_is_met_apart_where_there_is_no_other_way() -> None:
    floor = seats()
    taken = [f"{row}{n}" for row in "abc" for n in (2, 4, 6, 8)]
    floor.hold(*taken, by=BOB)
    found = ask(floor, quantity=2, adjacent=True)
    assert ids(of_kind(found, AlternativeKind.OTHER_SECTION)) == [["a1", "a3"]]


def test_pools_with_enough_left() -> None:
    pools = [
        Section(section_id=f"p{n}", kind=SectionKind.POOL, capacity=5, price=100) for n in range(3)
    ]
    floor = restaurant(sections=pools)
    floor.hold("p0", quantities={"p0": 5}, by=BOB)
    floor.hold("p1", quantities={"p1": 3}, by=BOB)
    (other,) = of_kind(ask(floor, "p0", quantities=(("p0", 3),)), AlternativeKind.OTHER_SECTION)
    assert (other.section_ids, other.quantities, other.amount) == (["p2"], {"p2": 3}, 300)


def test_a_slot_that_does_not_run_has_none() -> None:
    floor = restaurant()
    wish = Wish(channel=KEY._replace(slot="never"), section_ids=("a1",))
    found = alternatives_for(floor.venue, floor.channels, wish, NOW)
    assert (found.items, found.waitlist_option) == ([], False)


def test_what_is_looked_at() -> None:
    floor = restaurant(
        slots=[
            Slot(slot_id="late", start="21:00", end="23:00"),
            *(Slot(slot_id=f"s{h}", start=f"{h}:00", end=f"{h}:30") for h in range(10, 20)),
        ]
    )
    keys = surroundings(floor.venue, KEY)
    assert keys[0] == KEY
    assert [key.slot for key in keys[1:5]] == ["s19", "s18", "s17", "s16"]
    assert len(keys) == 1 + 4 + 14
    assert keys[5:7] == (KEY._replace(date="2026-02-14"), TOMORROW)


def test_what_commands_wish_for() -> None:
    best = BestAvailable(quantity=2, category_id="gold", adjacent=True)
    request = HoldRequest(date=DATE, slot_id="late", best_available=best, party_size=3)
    held = HoldSections(channel=KEY, asker=STAFF, request=request, customer_id=None, hold_id="h")
    wish = wish_of(held)
    assert wish is not None
    assert (wish.quantity, wish.category_id, wish.adjacent, wish.party_size) == (2, "gold", True, 3)
    assert wish.is_staff
    change = HoldChange(add=["a1"], quantities={"a1": 2, "b1": 3})
    changed = wish_of(ChangeHold(channel=KEY, asker=BOB, hold_id="h", change=change, record=None))
    assert changed is not None
    assert (changed.section_ids, changed.quantities) == (("a1",), (("a1", 2),))
    assert wish_of(ReleaseHold(channel=KEY, asker=BOB, hold_id="h", record=None)) is None
    other: ChannelKey = KEY
    assert hash(wish) != hash(Wish(channel=other))

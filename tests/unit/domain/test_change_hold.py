"""`PATCH` of a hold: sections in and out in one step."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from tests.unit.domain.build import KEY, STAFF, Floor, accepted, customer, rejected, venue
from tests.unit.domain.plain import Reader

from command_api.domain.commands import Asker, ChangeHold
from command_api.domain.decision import Decision, Rejection
from command_api.domain.model import ChannelState
from command_api.domain.records import HoldRecord
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import Hold, HoldChange
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import HoldStatus
from holdfast.contracts.venues import Category, Deposit, Policy, Slot

BOB = customer("bob")


def try_change(
    floor: Floor, held: Hold, by: Asker | None = None, **change: Any
) -> Decision | Rejection:
    ended = floor.ended.get(held.hold_id)
    return floor.run(
        ChangeHold(
            channel=floor.state.key,
            asker=by or customer(),
            hold_id=held.hold_id,
            change=HoldChange(**change),
            record=ended if isinstance(ended, HoldRecord) else None,
        )
    )


def changed(floor: Floor, held: Hold, by: Asker | None = None, **change: Any) -> Hold:
    answer = accepted(try_change(floor, held, by, **change)).answer
    assert isinstance(answer, Hold)
    return answer


def items(hold: Hold) -> dict[str, tuple[int, int]]:
    return {item.section_id: (item.quantity, item.amount) for item in hold.items}


def test_sections_come_and_go_in_one_step() -> None:
    floor = Floor()
    held = floor.hold("s1", "a1")
    floor.pass_time(100)
    decision = accepted(try_change(floor, held, add=["s2", "a2"], remove=["s1"]))
    assert [(e.section_id, e.new_state, e.reason, e.held_until) for e in decision.events] == [
        ("s1", "available", "hold_changed", None),
        ("s2", "held", "hold_changed", held.expires_at),
        ("a2", "held", "hold_changed", held.expires_at),
    ]
    answer = decision.answer
    assert isinstance(answer, Hold)
    assert answer.section_ids == ["a1", "s2", "a2"]
    assert (answer.total_amount, answer.version) == (700, floor.state.version)
    assert answer.expires_at == held.expires_at
    (notice,) = decision.notices
    assert (notice.type, notice.revision) == (NoticeType.HOLD_CHANGED, 2)
    assert notice.section_ids == answer.section_ids
    assert decision.valid_until == held.expires_at


def test_all_or_nothing_where_something_is_taken() -> None:
    floor = Floor()
    held = floor.hold("s1")
    theirs = floor.hold("s2", by=BOB)
    denied = rejected(try_change(floor, held, add=["a1", "s2"], remove=["s1"]))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.facts["conflictingSections"] == ["s2"]
    assert denied.facts["heldUntil"] == theirs.expires_at
    assert set(floor.state.claims) == {"s1", "s2"}


def test_what_is_due_makes_room() -> None:
    floor = Floor(Policy(max_ttl_seconds=900))
    theirs = floor.hold("s2", by=BOB, ttl_seconds=60)
    held = floor.hold("s1")
    floor.pass_time(60)
    decision = accepted(try_change(floor, held, add=["s2"]))
    assert floor.ended[theirs.hold_id].status is HoldStatus.EXPIRED  # type: ignore[union-attr]
    assert decision.valid_from == theirs.expires_at


def test_a_table_takes_its_seats_and_gives_them_back() -> None:
    floor = Floor()
    held = floor.hold("s2")
    with_table = changed(floor, held, add=["t2"])
    assert with_table.section_ids == ["s2", "t2-1", "t2-2"]
    assert items(with_table) == {"s2": (1, 700), "t2": (1, 9000)}
    assert floor.section("t2").state == "held"
    without = changed(floor, held, remove=["t2"])
    assert without.section_ids == ["s2"]
    assert floor.section("t2").state == "available"


def test_what_is_so_already_writes_nothing() -> None:
    floor = Floor()
    held = floor.hold("s1", "p", quantities={"p": 2})
    change: dict[str, Any] = {"add": ["s2"], "remove": ["s1"], "quantities": {"p": 3}}
    first = accepted(try_change(floor, held, **change))
    again = accepted(try_change(floor, held, **change))
    assert again.answer == first.answer
    assert (again.events, again.records, again.notices) == ([], [], [])


def test_what_stays_keeps_its_price_and_what_comes_costs_what_it_costs_now() -> None:
    floor = Floor(Policy(deposit=Deposit(type="percent", amount=10)))
    held = floor.hold("s1", "p", quantities={"p": 2})
    assert (held.total_amount, held.deposit_amount) == (5200, 520)
    floor.venue.categories["gold"] = Category(category_id="gold", price=6000)
    floor.venue.units["p"] = msgspec.structs.replace(
        floor.venue.units["p"],
        section=msgspec.structs.replace(floor.venue.units["p"].section, price=150),
    )
    after = changed(floor, held, add=["t1"], quantities={"p": 4})
    assert items(after) == {"s1": (1, 5000), "p": (4, 200 + 300), "t1": (1, 6000)}
    assert (after.total_amount, after.deposit_amount) == (11_500, 1150)


def test_a_deposit_that_the_policy_raised_is_asked_for_only_where_something_comes() -> None:
    floor = Floor(Policy(deposit=Deposit(type="fixed", amount=300)))
    held = floor.hold("s1", "a1", "p", quantities={"p": 2})
    floor.venue = venue(Policy(deposit=Deposit(type="fixed", amount=900)))
    assert changed(floor, held, party_size=2).deposit_amount == 300
    assert changed(floor, held, remove=["a1"]).deposit_amount == 300
    assert changed(floor, held, quantities={"p": 1}).deposit_amount == 300
    assert changed(floor, held, add=["a1"]).deposit_amount == 900


def test_part_of_a_pool_is_released_and_taken_again() -> None:
    floor = Floor()
    held = floor.hold("p", quantities={"p": 3})
    fewer = changed(floor, held, quantities={"p": 1})
    assert items(fewer) == {"p": (1, 100)}
    assert floor.section("p").capacity.available == 4
    (event,) = floor.decisions[-1].events
    assert (event.claims_removed, [claim.quantity for claim in event.claims_added]) == (
        [held.hold_id],
        [1],
    )
    floor.hold("p", quantities={"p": 3}, by=BOB)
    denied = rejected(try_change(floor, held, quantities={"p": 3}))
    assert denied.code is Code.CAPACITY_EXCEEDED
    assert denied.facts == denied.facts | {"sectionId": "p", "requested": 2, "available": 1}
    assert items(changed(floor, held, quantities={"p": 2})) == {"p": (2, 200)}


def test_seats_of_a_table_that_was_priced_by_its_seats_leave_one_by_one() -> None:
    floor = Floor()
    seats = [
        msgspec.structs.replace(section, price=1000) if section.parent_id == "t1" else section
        for section in floor.venue.definition.sections
    ]
    floor = Floor(sections=seats)
    held = floor.hold("t1")
    assert items(held) == {"t1": (1, 4000)}
    after = changed(floor, held, remove=["t1-2"])
    assert items(after) == {"t1-1": (1, 1000), "t1-3": (1, 1000), "t1-4": (1, 1000)}


def test_a_table_with_a_price_of_its_own_goes_as_a_whole() -> None:
    floor = Floor()
    held = floor.hold("t2")
    denied = rejected(try_change(floor, held, remove=["t2-1"]))
    assert denied.code is Code.VALIDATION_FAILED
    assert "t2" in denied.detail
    after = changed(floor, held, remove=["t2"], add=["t2-2"])
    assert items(after) == {"t2-2": (1, 1000)}
    assert floor.state.claims["t2-2"][held.hold_id].amount == 1000
    assert set(floor.state.claims) == {"t2-2"}
    again = accepted(try_change(floor, held, remove=["t2"], add=["t2-2"]))
    assert (again.parts, again.answer) == ({}, after), "done before"


def test_held_seats_become_their_table_in_one_change() -> None:
    floor = Floor()
    held = floor.hold("t2-1")
    assert rejected(try_change(floor, held, add=["t2"])).code is Code.DUPLICATE_SECTIONS
    after = changed(floor, held, remove=["t2-1"], add=["t2"])
    assert items(after) == {"t2": (1, 9000)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, Code.VALIDATION_FAILED),
        ({"add": ["nowhere"]}, Code.SECTION_NOT_FOUND),
        ({"remove": ["nowhere"]}, Code.SECTION_NOT_FOUND),
        ({"remove": ["s3", "s1"]}, Code.SECTION_NOT_FOUND),
        ({"add": ["s3", "s3"]}, Code.DUPLICATE_SECTIONS),
        ({"add": ["t1", "t1-1"]}, Code.DUPLICATE_SECTIONS),
        ({"remove": ["t2", "t2-1"]}, Code.DUPLICATE_SECTIONS),
        ({"add": ["s3"], "remove": ["s3"]}, Code.DUPLICATE_SECTIONS),
        ({"remove": ["s1", "t2"]}, Code.VALIDATION_FAILED),
        ({"quantities": {"s3": 1}}, Code.VALIDATION_FAILED),
        ({"quantities": {"t2": 2}}, Code.VALIDATION_FAILED),
        ({"remove": ["s1"], "quantities": {"s1": 1}}, Code.VALIDATION_FAILED),
        ({"add": ["a1", "a2"]}, Code.TOO_MANY_SECTIONS),
        ({"add": ["s3"], "quantities": {"s3": 2}}, Code.CAPACITY_EXCEEDED),
    ],
)
def test_changes_that_cannot_be_made_leave_everything_as_it_was(
    change: dict[str, Any], code: Code
) -> None:
    floor = Floor(Policy(max_sections_per_hold=4))
    held = floor.hold("s1", "t2")
    before = msgspec.msgpack.encode(floor.state)
    assert rejected(try_change(floor, held, **change)).code is code
    assert msgspec.msgpack.encode(floor.state) == before


def test_the_party_must_fit_what_the_hold_will_have() -> None:
    floor = Floor()
    held = floor.hold("s1", "s2", party_size=8)
    denied = rejected(try_change(floor, held, remove=["s1"]))
    assert (denied.code, denied.facts["max"]) == (Code.CAPACITY_MISMATCH, 6)
    after = changed(floor, held, remove=["s1"], party_size=5)
    assert (after.section_ids, after.party_size) == (["s2"], 5)
    assert rejected(try_change(floor, held, party_size=7)).code is Code.CAPACITY_MISMATCH
    version = floor.state.version
    assert changed(floor, held, party_size=6).party_size == 6
    assert floor.state.version == version


def test_tables_of_the_night_count_without_what_the_hold_had() -> None:
    floor = Floor(Policy(max_tables_per_customer_per_date=2))
    held = floor.hold("s1", "s2")
    changed(floor, held, remove=["s1"], add=["s3"])
    denied = rejected(try_change(floor, held, add=["s1"]))
    assert (denied.code, denied.facts) == (Code.MAX_TABLES_EXCEEDED, {"max": 2, "current": 0})
    changed(floor, held, remove=["s3"])
    assert rejected(floor.try_hold("s1", "s3")).code is Code.MAX_TABLES_EXCEEDED
    floor.hold("s1")
    assert rejected(try_change(floor, held, add=["s3"])).facts == {"max": 2, "current": 1}


def test_a_hold_above_a_lowered_limit_can_be_made_smaller() -> None:
    floor = Floor()
    held = floor.hold("s1", "s2", "s3")
    floor.venue.definition.policy = Policy(
        max_sections_per_hold=1, max_tables_per_customer_per_date=1
    )
    assert changed(floor, held, remove=["s1"]).section_ids == ["s2", "s3"]


def test_only_the_owner_and_staff_change_it_and_only_while_it_lasts() -> None:
    floor = Floor()
    held = floor.hold("s1", "s2")
    assert rejected(try_change(floor, held, BOB, remove=["s1"])).code is Code.HOLD_NOT_OWNED
    changed(floor, held, STAFF, add=["s3"])
    assert floor.state.claims["s3"][held.hold_id].customer_id == "ann"
    floor.pass_time(300)
    denied = rejected(try_change(floor, held, remove=["s1"]))
    assert (denied.code, denied.valid_from) == (Code.HOLD_EXPIRED, held.expires_at)
    gone = floor.hold("a1")
    floor.release(gone.hold_id)
    assert rejected(try_change(floor, gone, add=["a2"])).code is Code.INVALID_TRANSITION


def test_an_offer_of_the_waitlist_is_taken_or_left() -> None:
    floor = Floor()
    held = floor.hold("s1", "s2")
    record = floor.state.records[held.hold_id]
    assert isinstance(record, HoldRecord)
    record.entry_id = "w1"
    denied = rejected(try_change(floor, held, remove=["s1"]))
    assert (denied.code, denied.facts["entryId"]) == (Code.INVALID_TRANSITION, "w1")


def test_after_bookings_closed_a_hold_can_only_become_smaller() -> None:
    floor = Floor(Policy(min_lead_minutes=179))
    held = floor.hold("s1", "s2")
    floor.pass_time(60)
    assert rejected(try_change(floor, held, add=["s3"])).code is Code.SLOT_CLOSED
    assert changed(floor, held, remove=["s1"]).section_ids == ["s2"]


def test_overlapping_slots_follow() -> None:
    slots = [
        Slot(slot_id="late", start="21:00", end="03:00"),
        Slot(slot_id="mid", start="20:00", end="23:00"),
    ]
    floor = Floor(slots=slots)
    mid = ChannelKey(KEY.club, KEY.venue, KEY.date, "mid")
    held = floor.hold("s1")
    changed(floor, held, add=["s2", "p"], remove=["s1"], quantities={"p": 2})
    there: ChannelState = floor.channels.get(mid)
    assert {s: list(claims) for s, claims in there.claims.items()} == {
        "s2": [held.hold_id],
        "p": [held.hold_id],
    }
    changed(floor, held, quantities={"p": 1})
    assert there.claims["p"][held.hold_id].quantity == 1
    floor.release(held.hold_id)
    assert not there.claims


SLOTS = [
    Slot(slot_id="late", start="21:00", end="03:00"),
    Slot(slot_id="mid", start="20:00", end="23:00"),
]
IDS = ["t1", "t1-1", "t1-2", "t2", "t2-1", "s1", "s2", "s3", "p", "m", "a1", "a2", "nowhere"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_changed_records_claims_prices_and_mirrors_agree(seed: int) -> None:
    chance = random.Random(seed)
    policy = Policy(max_sections_per_hold=8, deposit=Deposit(type="per_section", amount=7))
    floor = Floor(policy, slots=SLOTS)
    reader = Reader(floor.sections())
    held = [floor.hold("s1", "p"), floor.hold("a1", by=BOB)]
    for decision in floor.decisions:
        for event in decision.parts[KEY].events:
            reader.read(event)
    for _ in range(40):
        number = chance.randrange(2)
        change = {
            "add": chance.sample(IDS, chance.choice((0, 1, 1, 2))),
            "remove": chance.sample(IDS, chance.choice((0, 1, 1, 2))),
            "quantities": {"p": chance.randint(1, 4)} if chance.random() < 0.3 else {},
        }
        by = [customer(), BOB][number]
        before = msgspec.msgpack.encode(floor.state)
        outcome = try_change(floor, held[number], by, **change)
        if isinstance(outcome, Rejection):
            assert msgspec.msgpack.encode(floor.state) == before
            continue
        for event in outcome.parts[KEY].events if KEY in outcome.parts else ():
            reader.read(event)
        _check(floor, reader)
        assert not accepted(try_change(floor, held[number], by, **change)).parts, "done before"


def _check(floor: Floor, reader: Reader) -> None:
    there = floor.channels.get(ChannelKey(KEY.club, KEY.venue, KEY.date, "mid"))
    taken = {(s, c.claim_id): c.quantity for s, h in floor.state.claims.items() for c in h.values()}
    mirrored = {(s, c.claim_id): c.quantity for s, h in there.claims.items() for c in h.values()}
    records = [r for r in floor.state.records.values() if isinstance(r, HoldRecord)]
    assert taken == mirrored
    assert taken == {(s, r.id): n for r in records for s, n in r.claims.items()}
    for record in records:
        assert record.claims
        assert record.total_amount == sum(item.amount for item in record.items)
        assert record.deposit_amount == 7 * len(record.claims)
        inside = [
            s
            for item in record.items
            for s in floor.venue.units[item.section_id].seats or (item.section_id,)
        ]
        assert sorted(inside) == sorted(record.claims), "each claim has one item"
    for section in floor.sections().values():
        assert reader.agrees_with(section)

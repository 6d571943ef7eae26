from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.domain.build import DATE, MANAGER, NOW, STAFF, Floor, accepted, customer, rejected

from command_api.domain.decision import Decision
from command_api.domain.times import later
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import Hold
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.problems import Code
from holdfast.contracts.states import HoldStatus, Reason, SectionState
from holdfast.contracts.venues import Policy, Slot, SlotException

BOB = customer("bob")


def test_a_hold_takes_a_section_with_one_event_and_one_notice() -> None:
    floor = Floor()
    decision = accepted(floor.try_hold("s1", party_size=2))
    (event,) = decision.events
    assert (event.version, event.previous_state, event.new_state) == (1, "available", "held")
    assert (event.reason, event.capacity.total, event.capacity.available) == ("hold_created", 1, 0)
    assert event.held_until == later(NOW, 300)
    assert event.actor.id == "ann"
    assert event.hold_id == "h1"
    assert [claim.claim_id for claim in event.claims_added] == ["h1"]
    (notice,) = decision.notices
    assert (notice.type, notice.object_id, notice.revision, notice.version) == (
        NoticeType.HOLD_CREATED,
        "h1",
        1,
        1,
    )
    assert decision.created
    assert isinstance(decision.answer, Hold)
    assert decision.answer.total_amount == 5000
    assert decision.answer.version == 1
    assert decision.answer.server_time == NOW
    assert decision.answer.channel == "availability:backroom:leeds:2026-02-15:late"


def test_versions_are_dense_over_several_sections_and_the_table_comes_last() -> None:
    floor = Floor()
    decision = accepted(floor.try_hold("t2", "s3"))
    assert [(e.version, e.section_id) for e in decision.events] == [
        (1, "t2-1"),
        (2, "t2-2"),
        (3, "s3"),
        (4, "t2"),
    ]
    table = decision.events[-1]
    assert (table.previous_state, table.new_state) == ("available", "held")
    assert (table.capacity.total, table.capacity.available) == (2, 0)
    assert table.held_until == later(NOW, 300)
    assert not table.claims_added
    assert not table.claims_removed
    answer = decision.answer
    assert isinstance(answer, Hold)
    assert answer.section_ids == ["t2-1", "t2-2", "s3"]
    assert [item.section_id for item in answer.items] == ["t2", "s3"]
    assert answer.version == 4


def test_a_table_is_available_while_a_seat_is_free() -> None:
    floor = Floor()
    floor.hold("t1-1", "t1-2")
    table = floor.section("t1")
    assert (table.state, table.capacity.available, table.held_until) == ("available", 2, None)
    floor.pass_time(60)
    floor.hold("t1-3", "t1-4")
    table = floor.section("t1")
    assert (table.state, table.capacity.available) == ("held", 0)
    assert table.held_until == later(NOW, 300)
    assert table.claims == []


def test_deciding_leaves_the_scope_alone() -> None:
    floor = Floor()
    floor.hold("s1", "p")
    before = msgspec.json.encode([floor.state.claims, floor.state.records, floor.state.version])
    floor.pass_time(300)
    for section_id in ("s1", "s2", "p"):
        accepted(floor.try_hold(section_id, by=BOB, dry_run=True))
    after = msgspec.json.encode([floor.state.claims, floor.state.records, floor.state.version])
    assert after == before


def test_all_or_nothing() -> None:
    floor = Floor()
    floor.hold("s1")
    denied = rejected(floor.try_hold("s2", "s1", "s3", by=BOB))
    assert denied.code is Code.SECTION_NOT_AVAILABLE
    assert denied.facts == {
        "conflictingSections": ["s1"],
        "heldUntil": later(NOW, 300),
        "version": 1,
        "alternatives": [],
    }
    assert denied.valid_until == later(NOW, 300)
    assert floor.section("s2").state is SectionState.AVAILABLE


def test_the_owner_is_told_of_their_own_hold() -> None:
    floor = Floor()
    held = floor.hold("s1")
    assert rejected(floor.try_hold("s1")).facts["ownHoldId"] == held.hold_id
    assert "ownHoldId" not in rejected(floor.try_hold("s1", by=STAFF)).facts
    floor.hold("s2", by=BOB)
    assert "ownHoldId" not in rejected(floor.try_hold("s1", "s2")).facts


def test_staff_without_a_customer_find_their_own_hold() -> None:
    floor = Floor()
    held = floor.hold("s1", by=STAFF)
    assert rejected(floor.try_hold("s1", by=STAFF)).facts["ownHoldId"] == held.hold_id
    assert "ownHoldId" not in rejected(floor.try_hold("s1", by=MANAGER)).facts


def test_no_time_is_promised_where_more_than_holds_are_in_the_way() -> None:
    floor = Floor()
    floor.hold("s1")
    floor.block("s2")
    denied = rejected(floor.try_hold("s1", "s2", by=BOB))
    assert denied.facts["heldUntil"] is None
    assert denied.facts["conflictingSections"] == ["s1", "s2"]


def test_a_table_is_denied_by_the_seats_that_are_taken() -> None:
    floor = Floor()
    floor.hold("t1-2")
    denied = rejected(floor.try_hold("t1", by=BOB))
    assert denied.facts["conflictingSections"] == ["t1-2"]


def test_an_expired_hold_is_expired_first_with_all_its_sections() -> None:
    floor = Floor()
    old = floor.hold("s1", "t2-1")
    floor.pass_time(300)
    decision = accepted(floor.try_hold("s1", by=BOB))
    assert [(e.section_id, e.reason, e.new_state) for e in decision.events] == [
        ("s1", Reason.HOLD_EXPIRED, "available"),
        ("t2-1", Reason.HOLD_EXPIRED, "available"),
        ("t2", Reason.HOLD_EXPIRED, "available"),
        ("s1", Reason.HOLD_CREATED, "held"),
    ]
    assert decision.events[0].actor.type == "system"
    assert [notice.type for notice in decision.notices] == ["hold.expired", "hold.created"]
    assert decision.valid_from == old.expires_at
    assert [record.id for record in decision.records] == ["h1", "h2"]
    assert list(floor.state.records) == ["h2"]


def test_a_hold_is_not_expired_a_moment_before_its_time() -> None:
    floor = Floor()
    floor.hold("s1")
    floor.now = "2026-02-15T18:04:59.999Z"
    assert rejected(floor.try_hold("s1", by=BOB)).code is Code.SECTION_NOT_AVAILABLE


def test_only_as_many_holds_of_a_pool_are_expired_as_are_needed() -> None:
    floor = Floor()
    for _ in range(5):
        floor.hold("p", by=BOB)
    floor.pass_time(300)
    decision = accepted(floor.try_hold("p", quantities={"p": 2}))
    assert [notice.object_id for notice in decision.notices] == ["h1", "h2", "h6"]
    assert floor.section("p").capacity.available == 0


def test_a_pool_shows_its_claims_only_when_nothing_is_left() -> None:
    floor = Floor()
    floor.hold("p", quantities={"p": 3})
    assert floor.section("p").state is SectionState.AVAILABLE
    assert floor.section("p").capacity.available == 2
    floor.pass_time(10)
    floor.hold("p", by=BOB, quantities={"p": 2})
    pool = floor.section("p")
    assert (pool.state, pool.capacity.available, pool.held_until) == ("held", 0, later(NOW, 300))


def test_a_pool_with_too_little_left_says_how_much() -> None:
    floor = Floor()
    floor.hold("p", quantities={"p": 3})
    denied = rejected(floor.try_hold("p", by=BOB, quantities={"p": 3}))
    assert denied.code is Code.CAPACITY_EXCEEDED
    assert denied.facts == {
        "sectionId": "p",
        "requested": 3,
        "available": 2,
        "version": 1,
        "alternatives": [],
    }
    floor.hold("p", by=BOB, quantities={"p": 2})
    assert rejected(floor.try_hold("p", by=STAFF)).code is Code.SECTION_NOT_AVAILABLE


def test_more_than_there_is_at_all_is_too_much() -> None:
    denied = rejected(Floor().try_hold("s1", quantities={"s1": 2}))
    assert denied.facts.items() >= {"sectionId": "s1", "requested": 2, "available": 1}.items()


@pytest.mark.parametrize(
    ("sections", "more", "code", "facts"),
    [
        (["s1", "s9"], {}, Code.SECTION_NOT_FOUND, {"sectionIds": ["s9"]}),
        (["s1", "s1"], {}, Code.DUPLICATE_SECTIONS, {"sectionIds": ["s1"]}),
        (["t1", "t1-3"], {}, Code.DUPLICATE_SECTIONS, {"sectionIds": ["t1-3"]}),
        (["t1-3", "t1"], {}, Code.DUPLICATE_SECTIONS, {"sectionIds": ["t1-3"]}),
        (["t1", "s1"], {}, Code.TOO_MANY_SECTIONS, {"max": 4, "requested": 5}),
        (
            ["s1", "s2"],
            {"party_size": 11},
            Code.CAPACITY_MISMATCH,
            {"requested": 11, "min": 1, "max": 10},
        ),
        (["s1"], {"party_size": 1}, Code.CAPACITY_MISMATCH, {"requested": 1, "min": 2, "max": 4}),
        (["t1"], {"party_size": 5}, Code.CAPACITY_MISMATCH, {"requested": 5, "min": 1, "max": 4}),
        (["t2"], {"party_size": 1}, Code.CAPACITY_MISMATCH, {"requested": 1, "min": 2, "max": 3}),
    ],
)
def test_requests_that_do_not_fit_the_venue(
    sections: list[str], more: dict[str, Any], code: Code, facts: dict[str, Any]
) -> None:
    denied = rejected(Floor(Policy(max_sections_per_hold=4)).try_hold(*sections, **more))
    assert (denied.code, denied.facts) == (code, facts)
    assert denied.detail.endswith(".")


def test_a_section_without_party_limits_takes_any_party() -> None:
    Floor().hold("s3", party_size=500)
    Floor().hold("s1", "s3", party_size=500)


@pytest.mark.parametrize(
    ("sections", "more", "path"),
    [
        ([], {}, "sectionIds"),
        (["s1"], {"best_available": {"quantity": 1}}, "sectionIds"),
        (["s1"], {"quantities": {"p": 1}}, "quantities.p"),
        (["t1"], {"quantities": {"t1": 2}}, "quantities.t1"),
    ],
)
def test_requests_that_contradict_themselves(
    sections: list[str], more: dict[str, Any], path: str
) -> None:
    denied = rejected(Floor().try_hold(*sections, **more))
    assert denied.code is Code.VALIDATION_FAILED
    assert denied.facts["errors"][0]["path"] == path


def test_a_slot_that_only_some_sections_take_part_in() -> None:
    slot = Slot(slot_id="late", start="21:00", end="03:00", section_ids=["t1", "t2-1", "s1"])
    floor = Floor(slots=[slot])
    assert list(floor.sections()) == ["t1", "t1-1", "t1-2", "t1-3", "t1-4", "t2-1", "s1"]
    assert rejected(floor.try_hold("s2")).code is Code.SECTION_NOT_FOUND
    assert rejected(floor.try_hold("t2")).code is Code.SECTION_NOT_FOUND
    decision = accepted(floor.try_hold("t2-1"))
    assert [event.section_id for event in decision.events] == ["t2-1"]


def test_time_to_live_is_the_policys_or_what_is_asked_for_up_to_its_cap() -> None:
    floor = Floor(Policy(hold_ttl_seconds=60, max_ttl_seconds=600, max_hold_seconds=500))
    assert floor.hold("s1").expires_at == later(NOW, 60)
    assert floor.hold("s2", ttl_seconds=90).expires_at == later(NOW, 90)
    assert floor.hold("s3", ttl_seconds=86_400).expires_at == later(NOW, 500)


def test_a_dry_run_is_a_quote_and_changes_nothing() -> None:
    floor = Floor()
    floor.hold("s3")
    floor.pass_time(300)
    decision = accepted(floor.try_hold("s3", dry_run=True))
    assert not (decision.events or decision.records or decision.notices)
    assert not decision.created
    quote = decision.answer
    assert isinstance(quote, Hold)
    assert (quote.hold_id, quote.status, quote.version) == ("", HoldStatus.QUOTED, 1)
    assert list(floor.state.records) == ["h1"]


def at(date: str, slot: str = "late") -> ChannelKey:
    return ChannelKey("backroom", "leeds", date, slot)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (at(DATE, "brunch"), Code.SLOT_NOT_FOUND),
        (at("2026-02-16"), Code.SLOT_NOT_FOUND),
        (at("2026-02-14"), Code.SLOT_CLOSED),
        (at("2026-02-22"), Code.SLOT_CLOSED),
        (at("2026-03-22"), Code.SLOT_CLOSED),
        (at("0999-02-17"), Code.SLOT_NOT_FOUND),
        (at("9999-12-26"), Code.SLOT_NOT_FOUND),
    ],
)
def test_days_on_which_nothing_can_be_held(key: ChannelKey, code: Code) -> None:
    slot = Slot(
        slot_id="late",
        start="21:00",
        end="03:00",
        days=["sat", "sun"],
        exceptions=[SlotException(date="2026-02-22", closed=True)],
    )
    floor = Floor(Policy(booking_horizon_days=30), key=key, slots=[slot])
    assert rejected(floor.try_hold("s1")).code is code


def test_staff_are_not_bound_by_horizon_and_lead() -> None:
    policy = Policy(booking_horizon_days=0, min_lead_minutes=600)
    assert rejected(Floor(policy).try_hold("s1")).code is Code.SLOT_CLOSED
    assert rejected(Floor(policy, key=at("2026-02-17")).try_hold("s1")).code is Code.SLOT_CLOSED
    Floor(policy).hold("s1", by=STAFF)
    Floor(policy, key=at("2026-02-17")).hold("s1", by=STAFF)


def test_customers_may_come_late_where_no_lead_is_asked_but_nobody_after_the_end() -> None:
    floor = Floor()
    floor.now = "2026-02-16T02:59:59.999Z"
    decision = floor.try_hold("s1")
    assert isinstance(decision, Decision)
    assert decision.valid_until == "2026-02-16T03:00:00.000Z"
    floor.now = "2026-02-16T03:00:00.000Z"
    assert rejected(floor.try_hold("s2")).code is Code.SLOT_CLOSED
    assert rejected(floor.try_hold("s2", by=STAFF)).code is Code.SLOT_CLOSED


def test_a_lead_counts_from_the_start() -> None:
    floor = Floor(Policy(min_lead_minutes=30))
    floor.now = "2026-02-15T20:29:59.999Z"
    floor.hold("s1")
    floor.now = "2026-02-15T20:30:00.000Z"
    assert rejected(floor.try_hold("s2")).code is Code.SLOT_CLOSED


def test_the_clock_of_a_channel_never_goes_back() -> None:
    floor = Floor()
    floor.hold("s1")
    floor.now = later(NOW, -3600)
    decision = accepted(floor.try_hold("s2"))
    assert decision.events[0].updated_at == NOW

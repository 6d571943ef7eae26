from __future__ import annotations

import time

import pytest
from tests.unit.domain.build import KEY, NOW, Floor, accepted, venue

from command_api.domain.evolve import evolve
from command_api.domain.model import ChannelState
from command_api.domain.times import later
from command_api.domain.views.snapshot import NoSuchSlot, staff_snapshot
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import SectionState
from holdfast.contracts.venues import Section


def test_an_untouched_channel_shows_every_section_free_in_layout_order() -> None:
    made = venue()
    snapshot = staff_snapshot(
        made, ChannelState(KEY), epoch="abcd", cursor="abcd-7", server_time=NOW
    )
    assert [s.section_id for s in snapshot.sections] == list(made.units)
    assert {s.state for s in snapshot.sections} == {SectionState.AVAILABLE}
    assert (snapshot.version, snapshot.cursor, snapshot.layout_version) == (0, "abcd-7", 1)
    assert (snapshot.starts_at, snapshot.timezone) == ("2026-02-15T21:00:00.000Z", "Europe/London")
    assert snapshot.as_of == made.updated_at
    totals = {s.section_id: s.capacity.total for s in snapshot.sections}
    assert (totals["t1"], totals["t2"], totals["p"], totals["s1"]) == (4, 2, 5, 1)


def test_claims_come_in_order_of_their_ids() -> None:
    floor = Floor()
    for _ in range(3):
        floor.hold("p")
    floor.extend("h1", ttl=600)
    assert [claim.claim_id for claim in floor.section("p").claims] == ["h1", "h2", "h3"]


@pytest.mark.parametrize("key", [KEY._replace(slot="brunch"), KEY._replace(date="9999-01-01")])
def test_a_slot_that_does_not_run_has_no_snapshot(key: ChannelKey) -> None:
    with pytest.raises(NoSuchSlot):
        staff_snapshot(venue(), ChannelState(key), epoch="e", cursor=None, server_time=NOW)


def test_events_must_follow_each_other() -> None:
    floor = Floor()
    decision = accepted(floor.try_hold("s1"))
    with pytest.raises(ValueError, match="version 1 does not follow 1"):
        evolve(floor.state, decision.events[0])


def test_a_block_still_takes_all_of_a_section_that_has_grown() -> None:
    floor = Floor()
    block = floor.block("s3")
    floor.venue = venue(sections=[Section(section_id="s3", capacity=4), Section(section_id="s1")])
    assert floor.section("s3").state is SectionState.BLOCKED
    accepted(floor.unblock(block.block_id))
    assert floor.section("s3").capacity.available == 4


def test_a_section_that_has_shrunk_below_its_claims_has_nothing_left() -> None:
    floor = Floor()
    floor.hold("p", quantities={"p": 4})
    floor.venue = venue(sections=[Section(section_id="p", capacity=2)])
    section = floor.section("p")
    assert (section.state, section.capacity.available) == ("held", 0)


def test_claims_on_a_section_that_left_the_layout_can_still_end() -> None:
    floor = Floor()
    held = floor.hold("s1")
    floor.venue = venue(sections=[Section(section_id="s2")])
    floor.now = later(NOW, 301)
    assert len(floor.expire(held.hold_id).events) == 1


def test_ten_thousand_taken_sections_are_shown_at_once() -> None:
    sections = [Section(section_id=f"s{n}") for n in range(10_000)]
    floor = Floor(sections=sections)
    floor.block()
    before = time.perf_counter()
    assert len(floor.sections()) == 10_000
    assert time.perf_counter() - before < 0.5

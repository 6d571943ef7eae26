"""A venue is redefined while there are claims on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.integration.writer.conftest import StartWriter, StoreVenue
from tests.support.commands import block, confirm, hold, plain_venue, release

from command_api.domain.decision import Rejection
from command_api.job import Reply
from command_api.store.reads import Reads
from command_api.store.venues import SectionInUse, SlotInUse
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.states import OnConflict
from holdfast.contracts.venues import Slot, SlotException, VenueDefinition

if TYPE_CHECKING:
    from command_api.writer import Writer

DATE = "2027-03-01"
"""A Monday."""
EARLY, LATE = (ChannelKey("backroom", "leeds", DATE, slot) for slot in ("early", "late"))
EARLY_SLOT = Slot(slot_id="early", start="18:00", end="20:00")
LATE_SLOT = Slot(slot_id="late", start="21:00", end="24:00")


def defined(*slots: Slot, sections: int = 4) -> VenueDefinition:
    return msgspec.structs.replace(plain_venue(sections), slots=list(slots))


def changed(slot: Slot, **changes: Any) -> Slot:
    return msgspec.structs.replace(slot, **changes)


@pytest.fixture
async def writer(start_writer: StartWriter, store_venue: StoreVenue) -> Writer:
    """One replica, four tables, and two slots that do not overlap; `t1` is held in the late one."""
    await store_venue(defined(EARLY_SLOT, LATE_SLOT))
    writer = await start_writer()
    outcome = await writer.submit(hold("t1", channel=LATE))
    assert isinstance(outcome, Reply)
    return writer


@pytest.mark.parametrize(
    "late",
    [
        changed(LATE_SLOT, days=["tue", "wed"]),
        changed(LATE_SLOT, valid_from="2027-03-02"),
        changed(LATE_SLOT, valid_to="2027-02-28"),
    ],
    ids=["days", "from", "to"],
)
async def test_a_slot_runs_on_the_dates_that_have_claims(
    writer: Writer, store_venue: StoreVenue, late: Slot
) -> None:
    with pytest.raises(SlotInUse) as refused:
        await store_venue(defined(EARLY_SLOT, late))
    assert (refused.value.slot_ids, refused.value.dates) == (["late"], [DATE])
    (hold_id,) = await _holds(writer)
    assert isinstance(await writer.submit(release(hold_id, channel=LATE)), Reply)
    assert (await store_venue(defined(EARLY_SLOT, late))).venue.revision == 2


async def _holds(writer: Writer) -> list[str]:
    denied = await writer.submit(hold("t1", channel=LATE))
    assert isinstance(denied, Rejection)
    return [denied.facts["ownHoldId"]]


async def test_a_claimed_section_stays_in_its_slot(writer: Writer, store_venue: StoreVenue) -> None:
    with pytest.raises(SlotInUse) as refused:
        await store_venue(defined(EARLY_SLOT, changed(LATE_SLOT, section_ids=["t0", "t2"])))
    assert (refused.value.slot_ids, refused.value.section_ids) == (["late"], ["t1"])
    await store_venue(defined(EARLY_SLOT, changed(LATE_SLOT, section_ids=["t0", "t1"])))
    await store_venue(defined(changed(EARLY_SLOT, section_ids=["t2"]), LATE_SLOT))


async def test_slots_do_not_come_to_overlap_over_claims(
    writer: Writer, store_venue: StoreVenue
) -> None:
    longer = changed(EARLY_SLOT, end="22:00")
    with pytest.raises(SlotInUse) as refused:
        await store_venue(defined(longer, LATE_SLOT))
    assert (refused.value.slot_ids, refused.value.section_ids) == (["late"], ["t1"])
    await store_venue(defined(changed(longer, section_ids=["t0", "t2"]), LATE_SLOT))
    with pytest.raises(SlotInUse):
        await store_venue(defined(changed(longer, section_ids=["t0", "t1"]), LATE_SLOT))
    other_day = SlotException(date="2027-03-02", end="23:00")
    await store_venue(defined(changed(EARLY_SLOT, exceptions=[other_day]), LATE_SLOT))


@pytest.mark.parametrize(
    "late",
    [
        changed(LATE_SLOT, name="Late", prices={"t1": 900}),
        changed(LATE_SLOT, start="20:30", end="26:00"),
        changed(LATE_SLOT, exceptions=[SlotException(date=DATE, closed=True)]),
        changed(LATE_SLOT, days=["mon"]),
    ],
    ids=["price", "hours", "closed", "fewer days"],
)
async def test_what_breaks_no_claim_is_fine(
    writer: Writer, store_venue: StoreVenue, late: Slot
) -> None:
    assert (await store_venue(defined(EARLY_SLOT, late))).venue.revision == 2
    denied = await writer.submit(hold("t1", by="bob", channel=LATE))
    assert isinstance(denied, Rejection)
    assert denied.code in (Code.SECTION_NOT_AVAILABLE, Code.SLOT_CLOSED)


async def test_slots_that_part_leave_each_other_free(
    start_writer: StartWriter, store_venue: StoreVenue, reads: Reads
) -> None:
    """Also for a replica that knew the channel as it was before."""
    longer = changed(EARLY_SLOT, end="22:00")
    await store_venue(defined(longer, LATE_SLOT))
    one, two = await start_writer(), await start_writer()
    assert isinstance(await one.submit(hold("t1", "t2", channel=LATE)), Reply)
    assert isinstance(await one.submit(block("t3", channel=LATE)), Reply)
    for writer in (one, two):
        assert isinstance(await writer.submit(hold("t1", by="bob", channel=EARLY)), Rejection)
        assert isinstance(await writer.submit(hold("t3", by="bob", channel=EARLY)), Rejection)
    stored = await store_venue(defined(EARLY_SLOT, LATE_SLOT))
    assert set(stored.changed) == {EARLY, LATE}
    assert not (await reads.channel(EARLY)).claims
    assert set((await reads.channel(LATE)).claims) == {"t1", "t2", "t3"}
    assert isinstance(await two.submit(hold("t1", by="bob", channel=EARLY)), Reply)
    assert isinstance(await one.submit(hold("t3", by="cat", channel=EARLY)), Reply)
    assert isinstance(await two.submit(hold("t3", by="dan", channel=LATE)), Rejection)


async def test_a_block_that_waits_leaves_a_neighbour_that_parts(
    start_writer: StartWriter, store_venue: StoreVenue, reads: Reads
) -> None:
    """It has nothing in its own channel yet, which somebody from the other neighbour is in."""
    longer, dinner_slot = (
        changed(EARLY_SLOT, end="22:00"),
        Slot(slot_id="dinner", start="23:00", end="26:00"),
    )
    await store_venue(defined(longer, LATE_SLOT, dinner_slot))
    writer = await start_writer()
    dinner = LATE._replace(slot="dinner")
    assert isinstance(await writer.submit(hold("t1", channel=dinner)), Reply)
    waits = block("t1", channel=LATE, on_conflict=OnConflict.AFTER_RELEASE)
    assert isinstance(await writer.submit(waits), Reply)
    assert set((await reads.channel(EARLY)).claims) == {"t1"}
    with pytest.raises(SlotInUse):
        await store_venue(defined(longer, dinner_slot))
    await store_venue(defined(EARLY_SLOT, LATE_SLOT, dinner_slot))
    assert not (await reads.channel(EARLY)).claims
    assert isinstance(await writer.submit(hold("t1", by="bob", channel=EARLY)), Reply)


async def test_a_section_that_leaves_a_neighbour_is_parted_alone(
    start_writer: StartWriter, store_venue: StoreVenue, reads: Reads
) -> None:
    longer = changed(EARLY_SLOT, end="22:00")
    await store_venue(defined(longer, LATE_SLOT))
    writer = await start_writer()
    assert isinstance(await writer.submit(hold("t1", "t2", channel=LATE)), Reply)
    await store_venue(defined(changed(longer, section_ids=["t0", "t2"]), LATE_SLOT))
    assert set((await reads.channel(EARLY)).claims) == {"t2"}


async def test_a_slot_with_nothing_but_its_neighbours_claims_may_go(
    start_writer: StartWriter, store_venue: StoreVenue, reads: Reads
) -> None:
    await store_venue(defined(changed(EARLY_SLOT, end="22:00"), LATE_SLOT))
    writer = await start_writer()
    assert isinstance(await writer.submit(hold("t1", channel=LATE)), Reply)
    await store_venue(defined(LATE_SLOT))
    assert not (await reads.channel(EARLY)).claims
    assert isinstance(await writer.submit(hold("t2", channel=LATE)), Reply)


async def test_a_claimed_section_still_stays_in_the_layout(
    writer: Writer, store_venue: StoreVenue
) -> None:
    with pytest.raises(SectionInUse):
        await store_venue(defined(EARLY_SLOT, LATE_SLOT, sections=1))


async def test_two_that_stayed_on_a_section_made_smaller_may_both_confirm(
    start_writer: StartWriter, store_venue: StoreVenue, reads: Reads
) -> None:
    def pool(capacity: int) -> VenueDefinition:
        definition = plain_venue(2)
        first = msgspec.structs.replace(definition.sections[0], capacity=capacity)
        return msgspec.structs.replace(
            definition, slots=[LATE_SLOT], sections=[first, *definition.sections[1:]]
        )

    await store_venue(pool(2))
    writer = await start_writer()
    ids = []
    for name in ("ann", "bob"):
        outcome = await writer.submit(hold("t0", by=name, channel=LATE))
        assert isinstance(outcome, Reply)
        ids.append((name, msgspec.json.decode(outcome.body)["holdId"]))
    await store_venue(pool(1))
    for name, hold_id in ids:
        assert isinstance(await writer.submit(confirm(hold_id, by=name, channel=LATE)), Reply)
    assert len((await reads.channel(LATE)).claims["t0"]) == 2

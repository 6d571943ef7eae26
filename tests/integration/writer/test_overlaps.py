"""Overlapping slots over two replicas: one winner for a section, whichever slot it is sold in."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import msgspec
from tests.integration.writer.conftest import StartWriter, StoreVenue
from tests.support.commands import hold, plain_venue, release

from command_api.domain.decision import Rejection
from command_api.job import Reply, Submission
from command_api.store.reads import Reads
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy, Slot, VenueDefinition

if TYPE_CHECKING:
    from command_api.domain.model import ChannelState

DATE = "2027-03-01"
SLOTS = ("early", "late", "dinner")
EARLY, LATE, DINNER = KEYS = [ChannelKey("backroom", "leeds", DATE, slot) for slot in SLOTS]
TABLES = 8


def overlapping_venue(policy: Policy | None = None) -> VenueDefinition:
    """`late` overlaps `early` and `dinner`, which do not overlap each other."""
    return msgspec.structs.replace(
        plain_venue(TABLES, policy),
        slots=[
            Slot(slot_id="early", start="19:00", end="22:00"),
            Slot(slot_id="late", start="21:00", end="24:00"),
            Slot(slot_id="dinner", start="23:00", end="26:00"),
        ],
    )


def check(states: list[ChannelState]) -> None:
    """Claims are what the records of the channel and of its neighbours say, no more and no less."""
    early, late, dinner = states
    for state, neighbours in ((early, [late]), (late, [early, dinner]), (dinner, [late])):
        own = {
            (section, record.id)
            for record in state.records.values()
            for section in getattr(record, "claims", ())
        }
        mirrored = {
            (section, record.id)
            for other in neighbours
            for record in other.records.values()
            for section in getattr(record, "claims", ())
        }
        assert {(s, id_) for s, claims in state.claims.items() for id_ in claims} == own | mirrored
        assert len({section for section, _ in own}) == len(own)
        assert not {section for section, _ in own} & {section for section, _ in mirrored}


async def test_one_winner_over_slots_and_replicas(
    start_writer: StartWriter, store_venue: StoreVenue, reads: Reads
) -> None:
    await store_venue(overlapping_venue())
    writers = [await start_writer(), await start_writer()]
    chance = random.Random(7)

    async def shop(name: str) -> None:
        mine: list[tuple[ChannelKey, str]] = []
        for _ in range(12):
            writer = chance.choice(writers)
            if mine and chance.random() < 0.5:
                key, hold_id = mine.pop()
                outcome = await writer.submit(release(hold_id, by=name, channel=key))
                assert isinstance(outcome, Reply), outcome
                continue
            key, table = chance.choice(KEYS), f"t{chance.randrange(TABLES)}"
            wanted: Submission = hold(table, by=name, channel=key)
            outcome = await writer.submit(wanted)
            if isinstance(outcome, Reply):
                mine.append((key, msgspec.json.decode(outcome.body)["holdId"]))
            else:
                assert outcome.code is Code.SECTION_NOT_AVAILABLE

    await asyncio.gather(*(shop(f"cus_{number}") for number in range(16)))
    check([await reads.channel(key) for key in KEYS])


async def test_the_same_section_at_the_same_time_in_two_slots(
    start_writer: StartWriter, store_venue: StoreVenue
) -> None:
    await store_venue(overlapping_venue())
    one, two = await start_writer(), await start_writer()
    for table in range(TABLES):
        outcomes = await asyncio.gather(
            one.submit(hold(f"t{table}", by="cus_1", channel=EARLY)),
            two.submit(hold(f"t{table}", by="cus_2", channel=LATE)),
        )
        assert sum(isinstance(outcome, Reply) for outcome in outcomes) == 1, outcomes
        assert sum(isinstance(outcome, Rejection) for outcome in outcomes) == 1


async def test_holds_at_a_time_are_limited_over_channels_and_replicas(
    start_writer: StartWriter, store_venue: StoreVenue
) -> None:
    await store_venue(overlapping_venue(Policy(max_active_holds_per_customer=3)))
    writers = [await start_writer(), await start_writer()]
    keys = [ChannelKey("backroom", "leeds", f"2027-03-{day:02}", "early") for day in range(1, 9)]
    outcomes = await asyncio.gather(
        *(writers[n % 2].submit(hold("t0", by="cus_1", channel=key)) for n, key in enumerate(keys))
    )
    held = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
    assert len(held) == 3
    codes = {outcome.code for outcome in outcomes if isinstance(outcome, Rejection)}
    assert codes == {Code.HOLD_LIMIT_REACHED}
    first = msgspec.json.decode(held[0].body)
    key = ChannelKey("backroom", "leeds", first["date"], "early")
    assert isinstance(
        await writers[0].submit(release(first["holdId"], by="cus_1", channel=key)), Reply
    )
    assert isinstance(await writers[1].submit(hold("t1", by="cus_1", channel=keys[0])), Reply)

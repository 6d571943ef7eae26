"""Commands and venues for tests that talk to the writer itself."""

from __future__ import annotations

import secrets
from typing import Any

from command_api.domain.commands import (
    Asker,
    BlockSections,
    Command,
    ConfirmHold,
    HoldSections,
    ReleaseHold,
)
from command_api.job import Submission
from holdfast.contracts.blocks import BlockRequest
from holdfast.contracts.bookings import ConfirmRequest, Contact
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldRequest
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import ActorType, OnConflict, SectionKind
from holdfast.contracts.venues import Policy, Section, Slot, VenueDefinition

CHANNEL = ChannelKey("backroom", "leeds", "2027-03-01", "slot_21_00")
LATER = ChannelKey("backroom", "leeds", "2027-03-01", "slot_23_00")


def plain_venue(sections: int, policy: Policy | None = None) -> VenueDefinition:
    """Tables t0, t1, …; two evening slots."""
    return VenueDefinition(
        name="Leeds",
        policy=policy or Policy(),
        slots=[
            Slot(slot_id="slot_21_00", start="21:00", end="23:00"),
            Slot(slot_id="slot_23_00", start="23:00", end="02:00"),
        ],
        sections=[Section(section_id=f"t{i}", kind=SectionKind.TABLE) for i in range(sections)],
    )


def customer(id_: str) -> Asker:
    return Asker(
        actor=Actor(type=ActorType.CUSTOMER, id=id_),
        customer_id=id_,
        is_staff=False,
        may_manage=False,
    )


def staff(id_: str = "sam") -> Asker:
    return Asker(
        actor=Actor(type=ActorType.MANAGER, id=id_, name="Sam"),
        customer_id=None,
        is_staff=True,
        may_manage=True,
    )


def submission(command: Command, *, key: str | None = None, hash_: bytes = b"1") -> Submission:
    return Submission(
        command=command,
        club=command.channel.club,
        venue=command.channel.venue,
        command_id=secrets.token_hex(12),
        subject="test",
        key=key,
        hash=hash_,
    )


def hold(
    *sections: str,
    by: str = "cus_1",
    channel: ChannelKey = CHANNEL,
    key: str | None = None,
    **request: Any,
) -> Submission:
    return submission(
        HoldSections(
            channel=channel,
            asker=customer(by),
            request=HoldRequest(
                date=channel.date, slot_id=channel.slot, section_ids=list(sections), **request
            ),
            customer_id=by,
            hold_id=f"hold_{secrets.token_hex(8)}",
        ),
        key=key,
    )


def release(hold_id: str, *, by: str = "cus_1", channel: ChannelKey = CHANNEL) -> Submission:
    return submission(
        ReleaseHold(channel=channel, asker=customer(by), hold_id=hold_id, record=None)
    )


def confirm(hold_id: str, *, by: str = "cus_1", channel: ChannelKey = CHANNEL) -> Submission:
    return submission(
        ConfirmHold(
            channel=channel,
            asker=customer(by),
            hold_id=hold_id,
            request=ConfirmRequest(contact=Contact(name="Jo Doe", email="jo@example.com")),
            booking_id=f"bkg_{secrets.token_hex(8)}",
            reference=secrets.token_hex(4).upper(),
            record=None,
        )
    )


def block(
    *sections: str, channel: ChannelKey = CHANNEL, on_conflict: OnConflict = OnConflict.REJECT
) -> Submission:
    return submission(
        BlockSections(
            channel=channel,
            asker=staff(),
            request=BlockRequest(
                date=channel.date,
                slot_id=channel.slot,
                section_ids=list(sections) or None,
                on_conflict=on_conflict,
            ),
            block_id=f"blk_{secrets.token_hex(8)}",
        )
    )

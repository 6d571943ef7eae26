"""What is taken beyond a section's capacity: shown to staff, in no form to the public."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from holdfast.contracts.events import AvailabilityUpdated
from holdfast.contracts.redact import public_event, public_snapshot
from holdfast.contracts.snapshots import Actor, Capacity, StaffSection, StaffSnapshot
from holdfast.contracts.states import ActorType, Audience, Reason, SectionState
from stream_gateway.frames import Event, decode_change
from stream_gateway.picture import Picture

AT = "2026-02-15T21:00:00.000Z"
NAME = "availability:backroom:leeds:2026-02-15:late"
PLACE: dict[str, Any] = {
    "channel": NAME,
    "club_id": "backroom",
    "venue_id": "leeds",
    "date": "2026-02-15",
    "slot_id": "late",
}


def snapshot(capacity: Capacity) -> StaffSnapshot:
    section = StaffSection(
        section_id="p", state=SectionState.HELD, capacity=capacity, held_until=AT, claims=[]
    )
    return StaffSnapshot(
        **PLACE,
        epoch="e",
        version=7,
        cursor=None,
        as_of=AT,
        server_time=AT,
        timezone="UTC",
        starts_at=AT,
        ends_at=AT,
        layout_version=1,
        sections=[section],
    )


def change(capacity: Capacity) -> AvailabilityUpdated:
    return AvailabilityUpdated(
        **PLACE,
        section_id="p",
        previous_state=SectionState.HELD,
        new_state=SectionState.HELD,
        reason=Reason.HOLD_EXTENDED,
        capacity=capacity,
        held_until=AT,
        updated_at=AT,
        version=8,
        actor=Actor(type=ActorType.SYSTEM),
        hold_id="h1",
        booking_id=None,
    )


OVER = Capacity(total=2, available=0, over_committed=3)


@pytest.mark.parametrize("audience", list(Audience))
def test_in_events(audience: Audience) -> None:
    body = msgspec.json.encode(change(OVER))
    event = Event(1, 0, body, change=decode_change(body))
    content = event.content(audience)
    assert (b"overCommitted" in content) == (audience is Audience.STAFF)
    assert b'"total":2,"available":0' in content


@pytest.mark.parametrize("audience", list(Audience))
def test_in_snapshots_and_in_what_events_make_of_them(audience: Audience) -> None:
    picture = Picture(snapshot(Capacity(total=5, available=0)))
    assert b"overCommitted" not in b"".join(picture.pane(audience).pieces(gzip=False))
    body = decode_change(msgspec.json.encode(change(OVER)))
    picture.apply(body)  # type: ignore[arg-type]
    shown = json.loads(b"".join(picture.pane(audience).pieces(gzip=False)))
    expected = {"total": 2, "available": 0}
    if audience is Audience.STAFF:
        expected["overCommitted"] = 3
    assert shown["capacity"] == expected


def test_in_what_the_contracts_redact() -> None:
    assert public_event(change(OVER)).capacity == Capacity(total=2, available=0)
    (section,) = public_snapshot(snapshot(OVER)).sections
    assert section.capacity == Capacity(total=2, available=0)

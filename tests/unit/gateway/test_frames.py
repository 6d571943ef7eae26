"""Frames: the bytes of Server-Sent Events, redaction, one encoding for everybody."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sse_starlette.event import ServerSentEvent
from tests.support.sse_client import SseParser

from holdfast.contracts.events import AvailabilityUpdated, PublicAvailabilityUpdated, ResetReason
from holdfast.contracts.snapshots import Actor, Capacity, Claim
from holdfast.contracts.states import (
    PUBLIC_STATES,
    ActorType,
    Audience,
    ClaimKind,
    Reason,
    SectionState,
)
from stream_gateway import frames
from stream_gateway.coding import coding, form
from stream_gateway.frames import Event, decode_change, public_body

AT = "2026-02-15T21:01:12.123Z"
STAFF = form(Audience.STAFF, coding())


def update(
    state: SectionState = SectionState.HELD, previous: SectionState = SectionState.AVAILABLE
) -> AvailabilityUpdated:
    actor = Actor(type=ActorType.CUSTOMER, id="cus_secret", name=None)
    return AvailabilityUpdated(
        channel="availability:backroom:leeds:2026-02-15:slot_21_00",
        club_id="backroom",
        venue_id="leeds",
        date="2026-02-15",
        slot_id="slot_21_00",
        section_id="sec_102",
        previous_state=previous,
        new_state=state,
        reason=Reason.HOLD_CREATED,
        capacity=Capacity(total=1, available=0),
        held_until=AT,
        updated_at=AT,
        version=381,
        actor=actor,
        hold_id="hold_secret",
        booking_id="booking_secret",
        claims_added=[
            Claim(
                claim_id="hold_secret",
                kind=ClaimKind.HOLD,
                quantity=1,
                customer_id="cus_secret",
                actor=actor,
                since=AT,
                expires_at=AT,
                amount=1,
            )
        ],
    )


def event_of(body: bytes, seq: int = 7) -> Event:
    return Event(seq, 0, body, change=decode_change(body))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_the_fast_encoding_is_the_librarys(value: object) -> None:
    body = msgspec.json.encode(value)
    library = ServerSentEvent(body.decode(), event="availability.updated", sep="\n")
    assert frames.encode_body(b"availability.updated", body) == library.encode()


@given(json_values)
def test_a_frame_is_read_back_whole(value: object) -> None:
    parser = SseParser()
    (event,) = parser.feed(frames.encode_body(b"snapshot", msgspec.json.encode(value)))
    assert (event.event, event.data) == ("snapshot", value)


def test_json_on_several_lines_is_put_on_one() -> None:
    pretty = json.dumps({"a": [1, "x\ny"]}, indent=2).encode()
    assert frames.encode_body(b"x", pretty) == b'event: x\ndata: {"a":[1,"x\\ny"]}\n\n'
    assert frames.encode_body(b"x", pretty.replace(b"\n", b"\r\n")) == frames.encode_body(
        b"x", pretty
    )


@pytest.mark.parametrize(
    "frame",
    [
        frames.greeting(2000),
        frames.checkpoint(AT, "abc-1"),
        frames.checkpoint(AT, None),
        frames.reset(ResetReason.TOO_OLD),
        frames.reauth("token_expired"),
        frames.farewell(2000),
        event_of(msgspec.json.encode(update())).content(Audience.PUBLIC),
        event_of(msgspec.json.encode(update())).frame(STAFF, "abc").content,
    ],
)
def test_every_frame_is_lf_only_and_ends_with_a_blank_line(frame: bytes) -> None:
    assert b"\r" not in frame
    assert frame.endswith(b"\n\n")
    assert b"\n\n" not in frame[:-2]


def test_an_id_is_the_last_line_of_its_frame() -> None:
    event = event_of(msgspec.json.encode(update()))
    content = event.content(Audience.STAFF)
    frame = event.frame(STAFF, "abc").content
    assert frame == content.removesuffix(b"\n") + b"id: abc-7\n\n"
    assert frame == frames.identified(content, "abc-7")
    assert SseParser().feed(frame)[0].id == "abc-7"


@pytest.mark.parametrize("previous", list(SectionState))
@pytest.mark.parametrize("state", list(SectionState))
def test_the_public_form_is_redacted_and_never_dropped(
    state: SectionState, previous: SectionState
) -> None:
    body = public_body(decode_change(msgspec.json.encode(update(state, previous))))
    for secret in (b"secret", b"actor", b"reason", b"claims", b"holdId", b"bookingId"):
        assert secret not in body
    public = msgspec.json.decode(body, type=PublicAvailabilityUpdated)
    assert public.version == 381
    assert public.previous_state is PUBLIC_STATES[previous]
    assert public.new_state is PUBLIC_STATES[state]
    assert (public.held_until is not None) == (state is SectionState.HELD)


def test_staff_get_the_message_as_it_is() -> None:
    body = msgspec.json.encode(update())
    assert body in event_of(body).content(Audience.STAFF)


def test_a_reason_of_a_later_release_does_not_matter() -> None:
    body = msgspec.json.encode(update()).replace(b"hold_created", b"moon_phase")
    assert event_of(body).version == 381
    later = body.replace(b"{", b'{"somethingNew":{"a":1},', 1)
    assert b"somethingNew" not in public_body(decode_change(later))
    assert b"somethingNew" in event_of(later).content(Audience.STAFF)


def test_the_layout_event_has_nothing_to_hide_but_what_may_come() -> None:
    body = b'{"eventType":"layout.updated","channel":"c","layoutVersion":3,"version":9,"by":"me"}'
    assert b'"by"' not in public_body(decode_change(body))
    assert event_of(body).name == b"layout.updated"


@pytest.mark.parametrize("gzip", [False, True])
def test_a_frame_is_encoded_once(gzip: bool) -> None:
    event = event_of(msgspec.json.encode(update()))
    for audience in Audience:
        shown = form(audience, coding(gzip=gzip))
        assert event.content(audience) is event.content(audience)
        assert event.frame(shown, "abc") is event.frame(shown, "abc")
        assert event.frame(shown, "abc").wire() is event.frame(shown, "abc").wire()

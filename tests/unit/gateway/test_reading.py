"""What the gateway reads: places in a stream, times, conditional and encoding headers, cursors."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.cursor import Cursor
from holdfast.contracts.events import ResetReason
from holdfast.contracts.states import Audience
from stream_gateway.admission import Wanted, join_of
from stream_gateway.anchor import nanoseconds
from stream_gateway.consumer import _place
from stream_gateway.polling import matches
from stream_gateway.problems import Refusal
from stream_gateway.routes import accepts_gzip
from stream_gateway.source import version_of

ONE: Wanted = [(ChannelKey("a", "b", "2026-02-15", "c"), Audience.PUBLIC)]
PRIVATE: Wanted = [(CustomerKey("a", "b"), Audience.PUBLIC)]


def request(query: str = "", **headers: str) -> Request:
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return Request({"type": "http", "query_string": query.encode(), "headers": raw})


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.LIVE.c1.1.70.7.1771189272123456789.3",
        "$JS.ACK.hub.acc.LIVE.c1.1.70.7.1771189272123456789.3.x",
    ],
)
def test_the_place_of_a_delivery(reply: str) -> None:
    assert _place(reply) == [70, 7, 1771189272123456789, 3]


@pytest.mark.parametrize(
    ("text", "rest"),
    [("", 0), (".1", 100_000_000), (".123456789", 123_456_789), (".000000001", 1)],
)
def test_times_to_the_nanosecond(text: str, rest: int) -> None:
    assert nanoseconds(f"2026-02-15T21:01:12{text}Z") == 1_771_189_272_000_000_000 + rest


def test_versions_of_message_ids() -> None:
    assert version_of("abc/availability:a:b:2026-02-15:c/381") == 381
    assert version_of("abc/availability:a:b:2026-02-15:c/@381") == 0
    assert version_of("") == 0


def test_if_none_match() -> None:
    etag = 'W/"abc-3-1-p"'
    for header in (etag, '"abc-3-1-p"', '"x" , W/"abc-3-1-p"', "*"):
        assert matches(header, etag)
    for other in (None, "", '"abc-3-1-s"', "abc-3-1-p"):
        assert not matches(other, etag)


def test_accept_encoding() -> None:
    for accepted in ("gzip", "br, gzip;q=0.5", "*", "GZIP"):
        assert accepts_gzip(request(accept_encoding=accepted))
    for refused in ("", "br", "gzip;q=0", "gzip; q=0.0"):
        assert not accepts_gzip(request(accept_encoding=refused))


def test_where_a_client_starts() -> None:
    cursor = Cursor("abcd", 7)
    first = join_of(request("cursor=abcd-3&after=1", last_event_id="abcd-7"), ONE)
    assert first.cursor == cursor
    assert join_of(request("cursor=abcd-7&after=1"), ONE).cursor == cursor
    by_version = join_of(request("after=4&epoch=abcd"), ONE)
    assert (by_version.after, by_version.epoch) == (4, "abcd")
    plain = join_of(request(last_event_id=""), ONE)
    assert (plain.cursor, plain.after, plain.snapshots) == (None, None, True)
    assert not join_of(request("snapshot=none"), ONE).snapshots


@pytest.mark.parametrize(
    "text", ["x", "abcd", "abcd-", "abcd--1", "abcd-01", "abcd-" + "9" * 20, "ABCD-1", "abcd-1\n"]
)
def test_malformed_cursors_are_no_error(text: str) -> None:
    assert join_of(request(last_event_id=text), ONE).reset is ResetReason.MALFORMED


@pytest.mark.parametrize("text", ["-1", "1.5", "x", "9" * 40, "٣"])
def test_malformed_versions_are_no_error(text: str) -> None:
    query = request()
    query.scope["query_string"] = f"after={text}".encode()
    assert join_of(query, ONE).reset is ResetReason.MALFORMED


@pytest.mark.parametrize("wanted", [ONE * 2, PRIVATE])
def test_a_version_belongs_to_a_single_channel(wanted: Wanted) -> None:
    with pytest.raises(Refusal, match="after"):
        join_of(request("after=1"), wanted)

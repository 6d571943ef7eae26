"""The rules of WHATWG HTML, section 9.2, as frames of the gateway's own encoder and what a parser
must hear in them.

§9.2.5 says what a stream is made of, §9.2.6 how it is read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stream_gateway.frames import encode, encode_body

BOM = "\ufeff"
SCRIPTS = "Zoë Łódź Ωμέγα Жанна 東京 서울 مرحبا שלום ไทย 👩🏽‍🍳🥂 é́ \U0001f1ec\U0001f1e7"
SEPARATORS = "a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\u001dh\u001ei"
"""What `str.splitlines` takes for line ends and the standard does not."""

LINE = re.compile(
    rb"(?P<comment>: [^\n]*)|event: (?P<event>[a-z]+(?:\.[a-z]+)?)|data: (?P<data>[^\n]*)"
    rb"|id: (?P<id>[A-Za-z0-9-]+)|retry: (?P<retry>[0-9]+)"
)
"""All that a line of ours may be: stricter than the standard, which ignores what it does not know."""


class Rule(NamedTuple):
    """`frame` as it is sent; the events heard in it, each `(event, id, data)`."""

    name: str
    frame: bytes
    events: tuple[tuple[str, str, str], ...] = ()
    retry: int | None = None
    comments: tuple[str, ...] = ()


RULES = (
    Rule("a comment is no event", encode(comment="holdfast"), comments=("holdfast",)),
    Rule("a comment of several lines", encode(comment="a\nb\r\nc"), comments=("a", "b", "c")),
    Rule("retry alone is no event", encode(retry=2750), retry=2750),
    Rule("an event without data is no event", encode("checkpoint"), ()),
    Rule("an event and its id", encode("x", "{}", id="ab3-7"), (("x", "ab3-7", "{}"),)),
    Rule("an event without an id", encode("x", "{}"), (("x", "", "{}"),)),
    Rule(
        "a line break cannot come through an id",
        encode("x", "1", id="a\nb\r\nc"),
        (("x", "abc", "1"),),
    ),
    Rule("a line break cannot come through a name", encode("x\ny", "1"), (("xy", "", "1"),)),
    Rule("every kind of line break is LF", encode("x", "a\rb\r\nc\nd"), (("x", "", "a\nb\nc\nd"),)),
    Rule("one space is dropped, not two", encode("x", "  y"), (("x", "", "  y"),)),
    Rule("a colon is data", encode("x", ": no comment"), (("x", "", ": no comment"),)),
    Rule("data that looks like a field", encode("x", "a\nid: z"), (("x", "", "a\nid: z"),)),
    Rule("a BOM is data", encode("x", BOM + "{}"), (("x", "", BOM + "{}"),)),
    Rule("only LF and CR end lines", encode("x", SEPARATORS), (("x", "", SEPARATORS),)),
    Rule("every script", encode("x", SCRIPTS), (("x", "", SCRIPTS),)),
    Rule("JSON with LF", encode_body(b"x", b'{\n  "a": 1\n}\n'), (("x", "", '{"a":1}'),)),
    Rule("JSON with CR", encode_body(b"x", b'{\r\n"a":\r[1,2]}'), (("x", "", '{"a":[1,2]}'),)),
    Rule(
        "JSON with a BOM in a string",
        encode_body(b"x", f'["{BOM}a"]'.encode()),
        (("x", "", f'["{BOM}a"]'),),
    ),
    Rule(
        "JSON with separators that are not control characters",
        encode_body(b"x", '["\u2028\u2029\u0085"]'.encode()),
        (("x", "", '["\u2028\u2029\u0085"]'),),
    ),
    Rule(
        "JSON in every script",
        encode_body(b"x", f'["{SCRIPTS}"]'.encode()),
        (("x", "", f'["{SCRIPTS}"]'),),
    ),
)
"""Each by itself; ids are those of a stream that has none before."""


def lines_of(frame: bytes) -> dict[str, list[bytes]]:
    """The lines of one frame without its blank line, by kind; AssertionError where one is not ours."""
    found: dict[str, list[bytes]] = {}
    for line in frame.split(b"\n"):
        match = LINE.fullmatch(line)
        assert match is not None, line
        kind = match.lastgroup
        assert kind is not None
        found.setdefault(kind, []).append(match[kind])
    return found


def frames_of(stream: bytes) -> list[bytes]:
    """The frames of a whole stream; AssertionError where its bytes are not as they must be."""
    assert b"\r" not in stream, "LF only"
    assert b"\0" not in stream
    assert not stream.startswith(BOM.encode())
    stream.decode()
    *frames, rest = stream.split(b"\n\n")
    assert rest == b"", "every frame ends with LF LF"
    return frames

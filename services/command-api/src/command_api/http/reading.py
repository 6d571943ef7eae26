"""Reading requests: bodies into contract types, query parameters, preconditions, keys.

Everything that comes in is checked here, so that handlers and rules meet only ids, calendar days and
numbers within their bounds.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TypeVar

import msgspec

from command_api.http.call import Call
from command_api.http.problems import Refused, invalid
from holdfast.contracts.ids import is_date, is_id
from holdfast.contracts.problems import Code

MAX_BODY = 256 * 1024
MAX_KEY = 200
MAX_LIMIT, DEFAULT_LIMIT = 200, 50

T = TypeVar("T")

_KEY = re.compile(rf"[!-~]([ -~]{{0,{MAX_KEY - 2}}}[!-~])?\Z")
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,18})"\Z')
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
"""Of Python's own numbers those without words, underscores, blanks and other scripts' digits."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL, which JSON has and no text of Postgres does; `\\\\u0000` is none."""
_AT = re.compile(r"^(.*?)(?: - at `(.*)`)?$", re.DOTALL)


async def read_body(
    call: Call,
    decoder: msgspec.json.Decoder[T],
    *,
    limit: int = MAX_BODY,
    empty: bytes | None = None,
) -> tuple[bytes, T]:
    """The body as sent, and decoded; `empty` stands in where there is none."""
    body = await call.body(limit)
    if not body and empty is not None:
        return body, decoder.decode(empty)
    return body, decode_body(call, body, decoder)


def decode_body(call: Call, body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """A body that was read already."""
    kind = call.header(b"content-type")
    if kind is None or not _is_json(kind):
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.")
    try:
        decoded = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid_body(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise invalid("", f"the body is not JSON: {error}") from None
    if b"\\u0000" in body and _NUL.search(body):
        raise invalid("", r"texts must not have \u0000 in them")
    return decoded


def _is_json(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == "application/json"


def _invalid_body(text: str) -> Refused:
    """Msgspec says `Expected … - at `$.sectionIds[0]``; the path is the asker's member."""
    match = _AT.match(text)
    message, place = (match[1], match[2] or "") if match else (text, "")
    return invalid(place.removeprefix("key` in `").removeprefix("$").removeprefix("."), message)


def check_date(date: str, path: str = "date") -> str:
    """A day that is in the calendar: the type knows only digits."""
    if not is_date(date):
        raise invalid(path, f"{date!r} is not a calendar day (YYYY-MM-DD)")
    return date


def idempotency_key(call: Call) -> str:
    """Required on every POST that changes something."""
    key = call.header(b"idempotency-key")
    if not key:
        raise Refused(
            Code.IDEMPOTENCY_KEY_REQUIRED,
            "Send an Idempotency-Key: a new one for each action, the same one to send it again.",
        )
    if not _KEY.match(key):
        raise invalid("Idempotency-Key", f"1 to {MAX_KEY} printable characters")
    return key


def optional_key(call: Call) -> str | None:
    """For requests that are safe to repeat without one; an empty one is none."""
    return idempotency_key(call) if call.header(b"idempotency-key") else None


def if_match(call: Call) -> int | None:
    """The revision that the asker wants to change; None where they did not say."""
    given = call.header(b"if-match")
    if given is None:
        return None
    match = _ETAG.match(given.strip())
    if match is None:
        raise invalid("If-Match", 'expected the ETag of one revision, like "7"')
    return int(match[1])


def matches(call: Call, etag: str) -> bool:
    """Whether If-None-Match names `etag`, compared weakly (RFC 9110 §13.1.2)."""
    given = call.header(b"if-none-match")
    if given is None:
        return False
    bare = etag.removeprefix("W/")
    return any(part.strip() in ("*", bare, "W/" + bare) for part in given.split(","))


def query_date(call: Call) -> str:
    return check_date(_required(call, "date"))


def query_id(call: Call, name: str) -> str:
    value = _required(call, name)
    if not is_id(value):
        raise invalid(name, "letters, digits, `_` and `-`, at most 64")
    return value


def query_number(call: Call, name: str) -> float | None:
    """A finite number; None where it is not there."""
    value = call.query.get(name)
    if value is None:
        return None
    if _DECIMAL.fullmatch(value) is None or abs(float(value)) > 1e7:
        raise invalid(name, "a number between -10000000 and 10000000")
    return float(value)


def query_limit(call: Call) -> int:
    value = call.query.get("limit", str(DEFAULT_LIMIT))
    if not (re.fullmatch(r"[0-9]{1,6}", value) and 1 <= int(value) <= MAX_LIMIT):
        raise invalid("limit", f"1 to {MAX_LIMIT}")
    return int(value)


def query_page(call: Call) -> str | None:
    """What `page_token` was made of; None for the first page."""
    token = call.query.get("pageToken")
    if not token:
        return None
    try:
        after = base64.b64decode(token, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        after = ""
    if not after.isprintable() or not after:
        raise invalid("pageToken", "not a token that a list gave out")
    return after


def page_token(after: str) -> str:
    """An opaque token for the page behind `after`."""
    return base64.urlsafe_b64encode(after.encode("ascii")).decode()


def _required(call: Call, name: str) -> str:
    value = call.query.get(name)
    if value is None:
        raise invalid(name, "this query parameter is required")
    return value


def decoder_of(type_: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder for one body type; made once per route."""
    return msgspec.json.Decoder(type_)

"""Standard Webhooks signatures (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.

webhook-id: msg_1
webhook-timestamp: 1767225600            seconds since the Unix epoch
webhook-signature: v1,K5oZfzN95Z… v1,…   one for each secret while secrets are being changed
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

TOLERANCE_SECONDS = 300
"""How far a message's time may be from ours: an old one that somebody caught is of no use to them."""

PREFIX = "whsec_"
SECRET_PATTERN = r"whsec_(?:[A-Za-z0-9+/]{4}){8,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"  # noqa: S105
"""`whsec_` and at least 24 bytes in base64."""

MAX_ID = 255
_ID = re.compile(rf"[!-~]{{1,{MAX_ID}}}\Z")
_SECONDS = re.compile(r"[0-9]{1,12}\Z")


class BadSignature(Exception):
    """The message is not known to be from who it says it is from. The text says which part is wrong,
    and nothing that helps to guess."""


def secret_bytes(text: str) -> bytes:
    """The key of `whsec_…`; raises ValueError where it is none."""
    if re.fullmatch(SECRET_PATTERN, text) is None:
        raise ValueError("expected whsec_ and at least 24 bytes in base64")
    return base64.b64decode(text.removeprefix(PREFIX))


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, as the header has it."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def verify(
    secrets: Iterable[bytes],
    *,
    message_id: str | None,
    timestamp: str | None,
    signatures: str | None,
    body: bytes,
    now: float,
) -> str:
    """The message's id. `now`: seconds since the Unix epoch. Raises BadSignature."""
    if not message_id or not timestamp or not signatures:
        raise BadSignature("webhook-id, webhook-timestamp and webhook-signature are all required")
    if not _ID.match(message_id):
        raise BadSignature(f"webhook-id is 1 to {MAX_ID} printable characters without blanks")
    if not _SECONDS.match(timestamp):
        raise BadSignature("webhook-timestamp is a number of seconds since 1970")
    at = int(timestamp)
    if abs(now - at) > TOLERANCE_SECONDS:
        when = "past" if at < now else "future"
        raise BadSignature(
            f"webhook-timestamp is more than {TOLERANCE_SECONDS} seconds in the {when}"
        )
    given = [part.encode() for part in signatures.split() if part.startswith("v1,")]
    # Every pair is compared, each in constant time: how long it takes says nothing about a secret.
    found = False
    for secret in secrets:
        expected = sign(secret, message_id, at, body).encode()
        for signature in given:
            found |= hmac.compare_digest(signature, expected)
    if not found:
        raise BadSignature("no signature in webhook-signature fits the body as it was sent")
    return message_id

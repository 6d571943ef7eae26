"""Signatures by Standard Webhooks, against its published example and against forgers."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.runtime.signatures import BadSignature, secret_bytes, sign, verify

# The example of the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def check(**changes: Any) -> str:
    given: dict[str, Any] = {
        "message_id": ID,
        "timestamp": str(AT),
        "signatures": SIGNATURE,
        "body": BODY,
        "now": float(AT),
    }
    return verify([secret_bytes(SECRET)], **{**given, **changes})


def test_the_published_example_is_signed_alike() -> None:
    assert sign(secret_bytes(SECRET), ID, AT, BODY) == SIGNATURE
    assert check() == ID


def test_one_good_signature_of_several_will_do() -> None:
    assert check(signatures=f"v1a,abc v1,AAAA {SIGNATURE} v1,BBBB") == ID


def test_any_of_several_secrets_will_do() -> None:
    other = secret_bytes("whsec_" + "A" * 32)
    signature = sign(other, ID, AT, BODY)
    secrets = [secret_bytes(SECRET), other]
    found = verify(
        secrets, message_id=ID, timestamp=str(AT), signatures=signature, body=BODY, now=AT
    )
    assert found == ID


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"message_id": None}, "required"),
        ({"timestamp": ""}, "required"),
        ({"signatures": None}, "required"),
        ({"message_id": "two words"}, "webhook-id"),
        ({"message_id": "other"}, "no signature"),
        ({"timestamp": "soon"}, "number of seconds"),
        ({"timestamp": str(AT + 1)}, "no signature"),
        ({"now": AT + 301.0}, "past"),
        ({"now": AT - 301.0}, "future"),
        ({"body": BODY + b" "}, "no signature"),
        ({"signatures": SIGNATURE.replace("v1,", "v2,")}, "no signature"),
        ({"signatures": SIGNATURE[:-1]}, "no signature"),
        ({"signatures": "v1,ü"}, "no signature"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(BadSignature, match=says):
        check(**changes)


def test_a_message_is_good_for_five_minutes() -> None:
    assert check(now=AT + 300.0) == ID


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_short", SECRET.removeprefix("whsec_")])
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        secret_bytes(text)

"""Tokens whose claims are no good, though their signature is."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from tests.support.services import SECRET

from holdfast.runtime.auth import InvalidToken, TokenVerifier


def token(**claims: Any) -> str:
    good = {"iss": "holdfast", "aud": "holdfast", "sub": "ann", "role": "customer"}
    return jwt.encode({**good, "exp": int(time.time()) + 60, **claims}, SECRET, "HS256")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "a\x00b"},
        {"sub": "\ud800"},
        {"sub": ""},
        {"sub": "x" * 256},
        {"role": "king"},
        {"role": "staff"},
        {"club": "no club"},
        {"exp": float("inf")},
        {"exp": "soon"},
    ],
)
def test_a_token_that_nobody_could_be_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier(SECRET).verify(token(**claims))


def test_a_name_that_cannot_be_written_is_none() -> None:
    principal = TokenVerifier(SECRET).verify(token(name="A\ud800", tier="v\x00"))
    assert (principal.name, principal.tier) == (None, None)
    assert TokenVerifier(SECRET).verify(token(name="Zoë 🦊")).name == "Zoë 🦊"

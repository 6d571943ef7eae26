"""Secrets of payment events: the setting, and whose they are."""

from __future__ import annotations

import pytest

from command_api.config import Config
from command_api.http.payment_secrets import PaymentSecrets
from holdfast.runtime.config import ConfigError, load_config
from holdfast.runtime.signatures import secret_bytes

ONE, TWO = "whsec_" + "A" * 32, "whsec_" + "B" * 34 + "=="
GOOD = {"HOLDFAST_JWT_SECRET": "s" * 32, "HOLDFAST_POSTGRES_URL": "postgres://db"}


def loaded(text: str) -> PaymentSecrets:
    config = load_config(Config, GOOD | {"HOLDFAST_PAYMENT_SECRETS": text})
    return PaymentSecrets(config.payment_secrets)


def test_a_clubs_secrets_are_good_beside_the_platforms() -> None:
    secrets = loaded(f"{ONE}, backroom={TWO}")
    assert set(secrets.of("backroom")) == {secret_bytes(ONE), secret_bytes(TWO)}
    assert secrets.of("cellar") == (secret_bytes(ONE),)


def test_several_are_good_at_a_time() -> None:
    assert len(loaded(f"{ONE},{TWO}").of("backroom")) == 2
    assert len(loaded(f"backroom={ONE},backroom={TWO}").of("backroom")) == 2


def test_none_is_needed() -> None:
    assert loaded("").of("backroom") == ()


@pytest.mark.parametrize("text", ["hunter2", "whsec_c2hvcnQ=", "back room=" + ONE, ONE + "!"])
def test_what_is_no_secret_stops_the_start_and_is_not_printed(text: str) -> None:
    with pytest.raises(ConfigError, match="HOLDFAST_PAYMENT_SECRETS") as caught:
        loaded(text)
    assert text not in str(caught.value)

"""Settings: what is wrong is named, and what is secret is not shown."""

from __future__ import annotations

import pytest

from holdfast.runtime.config import ConfigError, load_config
from stream_gateway.config import Config

GOOD = {"HOLDFAST_JWT_SECRET": "x" * 32}


@pytest.mark.parametrize(
    "origin", ["*", "https://a.example/", "a.example", "https://*.example", "null", "https://a/b"]
)
def test_an_origin_that_no_browser_sends_ends_the_start(origin: str) -> None:
    with pytest.raises(ConfigError, match="HOLDFAST_CORS_ORIGINS"):
        load_config(Config, GOOD | {"HOLDFAST_CORS_ORIGINS": f"https://good.example, {origin}"})


def test_exact_origins_are_taken() -> None:
    text = "https://a.example, http://localhost:8081,http://[::1]:3000"
    config = load_config(Config, GOOD | {"HOLDFAST_CORS_ORIGINS": text})
    assert config.cors_origins == tuple(part.strip() for part in text.split(","))


def test_a_secret_that_is_too_short_is_not_printed() -> None:
    with pytest.raises(ConfigError, match="HOLDFAST_JWT_SECRET") as caught:
        load_config(Config, {"HOLDFAST_JWT_SECRET": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_anything_else_is() -> None:
    with pytest.raises(ConfigError, match="found 'soon'"):
        load_config(Config, GOOD | {"HOLDFAST_DRAIN_SECONDS": "soon"})

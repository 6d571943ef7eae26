"""Settings: environment variables with the prefix `HOLDFAST_`, decoded once into a frozen struct.

class Config(msgspec.Struct, frozen=True):
    command_api_port: int = 8080          # HOLDFAST_COMMAND_API_PORT

config = load_config(Config, os.environ)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

PREFIX = "HOLDFAST_"

Origin = Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$")]
"""One origin as browsers send it (RFC 6454 §7): scheme, host and port, no path and no slash at the end.
Never `*`: with credentials it would let in every page that a signed-in person opens."""

T = TypeVar("T", bound=msgspec.Struct)


class ConfigError(Exception):
    """A setting is missing or cannot be read."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting
        self.problem = problem


def load_config(type_: type[T], environ: Mapping[str, str] = os.environ) -> T:
    """Decode `type_` from `environ`; raises ConfigError that names the setting."""
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(type_):
        setting = PREFIX + field.name.upper()
        text = environ.get(setting)
        if text is None or text == "":
            if field.required:
                raise ConfigError(setting, "is required and not set")
            continue
        raw: Any = _split(text) if _is_list(field.type) else text
        try:
            values[field.name] = msgspec.convert(raw, field.type, strict=False)
        except msgspec.ValidationError as error:
            found = "" if _is_private(field.name) else f" (found {text!r})"
            raise ConfigError(setting, f"{error}{found}") from None
    return type_(**values)


def _is_private(name: str) -> bool:
    """Whether a value may be a secret, or hold one, and must not be printed."""
    return "secret" in name or name.endswith("url")


def _is_list(type_: Any) -> bool:
    return getattr(type_, "__origin__", None) in (list, tuple)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]

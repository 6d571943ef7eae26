"""Settings of the one-machine stack, its folder and its secret."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from holdfast.runtime.config import ConfigError, load_config

Port = Annotated[int, Meta(ge=0, le=65_535)]
Count = Annotated[int, Meta(ge=1, le=32)]

MIN_SECRET = 32  # bytes, RFC 7518 §3.2
SECRET_FILE = "jwt-secret"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is a setting: `data_dir` is `HOLDFAST_DATA_DIR`. A port of 0 is a free one."""

    command_api_host: str = "127.0.0.1"
    command_api_port: Port = 8080
    stream_gateway_host: str = "127.0.0.1"
    stream_gateway_port: Port = 8081
    data_dir: str = ".data"
    postgres_url: str | None = None
    """None: a Postgres of our own."""
    nats_url: str | None = None
    """None: a NATS of our own."""
    jwt_secret: str | None = None
    """None: the one kept in the data folder."""
    cors_origins: tuple[str, ...] = ()
    """Further origins beside the stack's own pages."""
    log_level: str = "warning"
    log_style: str = "text"
    drain_seconds: float = 1.0
    """How long a gateway takes to close its streams; nobody here needs longer."""

    @property
    def folder(self) -> Path:
        """Where all data lives, as an absolute path."""
        return Path(self.data_dir).resolve()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many of each service: `COMMAND_APIS` and `GATEWAYS`, without a prefix."""

    command_apis: Count = 1
    gateways: Count = 1


def load_counts(environ: Mapping[str, str] = os.environ) -> Counts:
    """Raises ConfigError that names the setting."""
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Counts):
        setting = field.name.upper()
        if text := environ.get(setting):
            try:
                values[field.name] = msgspec.convert(text, field.type, strict=False)
            except msgspec.ValidationError as error:
                raise ConfigError(setting, f"{error} (found {text!r})") from None
    return Counts(**values)


def jwt_secret(config: Config) -> str:
    """The secret that signs tokens: the setting, else one made once and kept for this user only.

    Raises ConfigError.
    """
    if config.jwt_secret is not None:
        if len(config.jwt_secret.encode()) < MIN_SECRET:
            raise ConfigError("HOLDFAST_JWT_SECRET", f"must have at least {MIN_SECRET} bytes")
        return config.jwt_secret
    path = config.folder / SECRET_FILE
    config.folder.mkdir(parents=True, exist_ok=True)
    try:
        kept = path.read_text().strip()
    except FileNotFoundError:
        kept = _keep(path, secrets.token_urlsafe(48))
    if len(kept.encode()) < MIN_SECRET:
        raise ConfigError("HOLDFAST_JWT_SECRET", f"{path} is damaged; remove it to get a new one")
    return kept


def _keep(path: Path, secret: str) -> str:
    """Writes `secret` whole or not at all; where somebody was faster, theirs is the answer."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secret + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        return path.read_text().strip()
    finally:
        draft.unlink()
    return secret


__all__ = ["Config", "ConfigError", "Counts", "jwt_secret", "load_config", "load_counts"]

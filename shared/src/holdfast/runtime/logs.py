"""Logs: one JSON object a line on standard error, or plain text for a terminal. Tokens are redacted."""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

import msgspec

_SECRETS = re.compile(
    r"((?:ticket|token|access_token)=)[^&\s\"']+|(Bearer )[\w.~+/=-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
)
"""In addresses and cookies, in headers, and any JWT wherever it stands."""
_KNOWN = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "color_message",
    "taskName",
}


def redact(text: str) -> str:
    """`text` with bearer tokens and tickets replaced by `***`."""
    return _SECRETS.sub(lambda match: (match[1] or match[2] or "") + "***", text)


def _redacted(value: object) -> object:
    return redact(value) if isinstance(value, str) else value


class JsonFormatter(logging.Formatter):
    """`{time, level, logger, message, …extra, exception}`."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        extra = {k: _redacted(v) for k, v in record.__dict__.items() if k not in _KNOWN}
        entry.update(extra)
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return msgspec.json.encode(entry, enc_hook=str).decode()


class TextFormatter(logging.Formatter):
    """`12:00:00.123 warning relay: lost the lease key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3]
        extra = "".join(f" {k}={v}" for k, v in record.__dict__.items() if k not in _KNOWN)
        line = f"{moment} {record.levelname.lower()} {record.name}: {record.getMessage()}{extra}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redact(line)


def setup_logging(level: str = "info", style: Literal["json", "text"] = "json") -> None:
    """Send all loggers, uvicorn's too, to standard error in one style."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "nats", "nats.aio.client"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").setLevel("WARNING")

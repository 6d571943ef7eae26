"""Logs: no token and no ticket leaves the process, wherever in a record it stands."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from tests.support.services import token

from holdfast.runtime.logs import JsonFormatter, TextFormatter, redact

TICKET = "lqVjdXNfMahj-dXN0b21lcsDO_dzWUAM5.fNxmDMruNoWv4uiH1H"
TOKEN = token("customer")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            f"GET /v1/stream?channel=a&ticket={TICKET}&x=1",
            "GET /v1/stream?channel=a&ticket=***&x=1",
        ),
        (f'Cookie: a=b; holdfast_token={TOKEN}"', 'Cookie: a=b; holdfast_token=***"'),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer ***"),
        (f"it was {TOKEN}, they say", "it was ***, they say"),
        ("a ticket, a token: nothing", "a ticket, a token: nothing"),
    ],
)
def test_what_is_redacted(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_in_messages_in_extras_and_in_exceptions(formatter: logging.Formatter) -> None:
    record = logging.LogRecord("x", 40, "", 0, "asked %s", (f"?ticket={TICKET}",), None)
    record.url = f"?ticket={TICKET}"
    try:
        raise ValueError(f"Bearer {TOKEN}")
    except ValueError:
        record.exc_info = sys.exc_info()
    line = formatter.format(record)
    assert TICKET not in line
    assert TOKEN not in line
    assert line.count("***") == 3
    if isinstance(formatter, JsonFormatter):
        assert json.loads(line)["url"] == "?ticket=***"

"""`PATCH …/holds/{id}` as it is read."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.http.stub import Desk, code_of

from command_api.domain.commands import ChangeHold
from command_api.job import Reply
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.holds import HoldChange

PLACE = ChannelKey("backroom", "leeds", "2026-02-15", "late")


@pytest.fixture(autouse=True)
def held(desk: Desk) -> None:
    desk.services.places.put(("backroom", "h1"), PLACE)
    desk.writer.outcomes = [Reply(b"{}", created=False, replayed=False)]


async def test_no_key_is_needed_but_one_is_kept(desk: Desk) -> None:
    answer = await desk.request("PATCH", "/holds/h1", {"add": ["s2"]}, "customer")
    assert answer.status_code == 200
    desk.writer.outcomes = [Reply(b"{}", created=False, replayed=True)]
    again = await desk.request(
        "PATCH", "/holds/h1", {"add": ["s2"]}, "customer", idempotency_key="k9"
    )
    assert again.headers["idempotent-replayed"] == "true"
    first, second = desk.writer.submissions
    assert (first.key, second.key) == (None, "k9")
    assert isinstance(first.command, ChangeHold)
    assert first.command.change == HoldChange(add=["s2"])
    assert (first.command.channel, first.command.asker.customer_id) == (PLACE, "ann")


@pytest.mark.parametrize(
    "body",
    [
        {"add": "s2"},
        {"add": ["s 2"]},
        {"remove": [1]},
        {"quantities": {"p": 0}},
        {"partySize": 0},
        {"colour": "red"},
        [],
    ],
)
async def test_bodies_that_are_none(desk: Desk, body: Any) -> None:
    answer = await desk.request("PATCH", "/holds/h1", body, "customer")
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert desk.writer.submissions == []


async def test_nobody_changes_a_hold(desk: Desk) -> None:
    answer = await desk.request("PATCH", "/holds/h1", {"add": ["s2"]})
    assert code_of(answer) == (401, "UNAUTHENTICATED")

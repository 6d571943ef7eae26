"""The JS client's state machine, in Chromium: every state with every event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.browser

TABLE = Path(__file__).with_name("transitions.txt")
KNOWN: dict[str, Any] = {
    "version": 5,
    "epoch": "e1",
    "cursor": "e1-50",
    "layoutVersion": 1,
    "attempt": 2,
}
NOTHING_KNOWN = {
    "version": None,
    "epoch": None,
    "cursor": None,
    "layoutVersion": None,
    "attempt": 2,
}
STATES: dict[str, dict[str, Any]] = {
    "connecting": {"state": "connecting", **NOTHING_KNOWN},
    "live": {"state": "live", **KNOWN},
    "refreshing": {"state": "refreshing", **KNOWN},
    "forgotten": {"state": "refreshing", **NOTHING_KNOWN},
    "closed": {"state": "closed", **KNOWN},
}
HERE = {"cursor": "e1-60"}
SNAPSHOT = {"type": "snapshot", "epoch": "e1", "layoutVersion": 1, **HERE}
EVENTS: dict[str, dict[str, Any]] = {
    "opened": {"type": "opened"},
    "snapshot, newer": {**SNAPSHOT, "version": 9},
    "snapshot, the same": {**SNAPSHOT, "version": 5},
    "snapshot, older": {**SNAPSHOT, "version": 3},
    "snapshot, other history": {**SNAPSHOT, "version": 2, "epoch": "e2"},
    "snapshot, other layout": {**SNAPSHOT, "version": 9, "layoutVersion": 2},
    "snapshot, partial": {**SNAPSHOT, "version": 9, "partial": True},
    "updated, next": {"type": "updated", "version": 6, **HERE},
    "updated, known": {"type": "updated", "version": 5, **HERE},
    "updated, long known": {"type": "updated", "version": 4, **HERE},
    "updated, gap": {"type": "updated", "version": 7, **HERE},
    "layout, next": {"type": "layout", "version": 6, "layoutVersion": 2, **HERE},
    "layout, known": {"type": "layout", "version": 5, "layoutVersion": 1, **HERE},
    "layout, gap": {"type": "layout", "version": 8, "layoutVersion": 2, **HERE},
    "checkpoint": {"type": "checkpoint", **HERE},
    "checkpoint, no place": {"type": "checkpoint", "cursor": None},
    "own, new place": {"type": "own", **HERE},
    "own, no place": {"type": "own", "cursor": "e1-50"},
    "reset": {"type": "reset", "cursor": None},
    "renew": {"type": "renew"},
    "reauth": {"type": "reauth"},
    "lost": {"type": "lost"},
    "dead": {"type": "dead"},
    "silent": {"type": "silent"},
    "due": {"type": "due"},
    "refused": {"type": "refused"},
    "close": {"type": "close"},
}


def cells() -> dict[tuple[str, str], str]:
    """(state, event) to what is expected; nothing leads out of `closed`."""
    _comment, *lines = TABLE.read_text().splitlines()
    head, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    table = {(state, row[0]): cell for row in rows for state, cell in zip(head, row, strict=True)}
    table |= {("closed", event): "=" for event in EVENTS}
    return {key: cell for key, cell in table.items() if key[0] != "event"}


TRANSITION = """async (steps) => {
    const { transition } = await import('/sdk/protocol.js');
    return steps.map(([model, event]) => transition(Object.freeze(model), event));
}"""


async def step(page: Page, model: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    [outcome] = await page.evaluate(TRANSITION, [[model, event]])
    assert isinstance(outcome, dict)
    return outcome


async def test_every_state_with_every_event(page: Page) -> None:
    table = cells()
    assert set(table) == {(state, event) for state in STATES for event in EVENTS}
    outcomes = await page.evaluate(TRANSITION, [[STATES[s], EVENTS[e]] for s, e in table])
    wrong = {}
    for (state, event), outcome in zip(table, outcomes, strict=True):
        got = " ".join([outcome["model"]["state"], *outcome["effects"]])
        expected = table[state, event]
        if expected == "=":
            expected = STATES[state]["state"]
            assert outcome["model"] == STATES[state], (state, event)
        if got != expected:
            wrong[state, event] = got
    assert wrong == {}


async def test_an_event_that_is_none_is_a_mistake(page: Page) -> None:
    with pytest.raises(Exception, match="not an event of the protocol: nonsense"):
        await step(page, STATES["live"], {"type": "nonsense"})


async def test_only_a_snapshot_or_the_next_event_moves_the_version(page: Page) -> None:
    moves: dict[str, int | None] = {
        "snapshot, newer": 9,
        "snapshot, other history": 2,
        "snapshot, other layout": 9,
    }
    moves |= {"snapshot, partial": 9, "updated, next": 6, "layout, next": 6, "reset": None}
    for name, event in EVENTS.items():
        outcome = await step(page, STATES["live"], event)
        assert outcome["model"]["version"] == moves.get(name, 5), name


async def test_a_gap_asks_for_a_snapshot_and_a_cut_for_what_was_missed(page: Page) -> None:
    for name, cursor in {
        "updated, gap": None,
        "layout, next": None,
        "layout, gap": None,
        "reset": None,
        "renew": None,
        "own, new place": "e1-60",
        "lost": "e1-50",
        "silent": "e1-50",
        "dead": "e1-50",
        "reauth": "e1-50",
    }.items():
        outcome = await step(page, STATES["live"], EVENTS[name])
        assert outcome["model"]["cursor"] == cursor, name


async def test_a_replay_without_ids_does_not_move_the_cursor(page: Page) -> None:
    event = {**EVENTS["updated, next"], "cursor": None}
    outcome = await step(page, STATES["live"], event)
    assert outcome["model"]["cursor"] == "e1-50"


async def test_back_off_grows_until_the_stream_says_something(page: Page) -> None:
    silent = await step(page, STATES["refreshing"], EVENTS["silent"])
    assert silent["model"]["attempt"] == 3
    opened = await step(page, silent["model"], EVENTS["opened"])
    assert opened["model"]["attempt"] == 3
    again = await step(page, opened["model"], EVENTS["checkpoint"])
    assert again["model"]["attempt"] == 0


async def test_back_off_is_bounded_and_spread(page: Page) -> None:
    waits = await page.evaluate(
        """async () => {
            const { backoff } = await import('/sdk/backoff.js');
            const range = (attempt) => [backoff(attempt, () => 0), backoff(attempt, () => 1)];
            return [1, 2, 3, 20, 400].map(range);
        }"""
    )
    assert waits == [[0, 500], [0, 1000], [0, 2000], [0, 30_000], [0, 30_000]]

"""The JS client's commands, in Chromium: keys, retries, problems. Answers come from a script."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.browser

API = "http://api.test"
HOLDS = f"{API}/v1/clubs/backroom/venues/leeds/holds"
# Each answer is [status, body, headers], or "cut": the network fails.
SCRIPT = """async ([answers, call]) => {
    const { commands } = await import('/sdk/commands.js');
    const asked = [], pauses = [];
    const fetch = async (url, { method, headers, body }) => {
        asked.push({ url, method, headers, body: body === undefined ? null : JSON.parse(body) });
        const answer = answers.shift();
        if (answer === 'cut') throw new TypeError('Failed to fetch');
        const [status, value, more] = answer;
        const text = value === null ? null : JSON.stringify(value);
        return new Response(text, { status, headers: more });
    };
    const pause = async (ms) => void pauses.push(ms);
    const options = { commandApi: 'http://api.test', club: 'backroom', venue: 'leeds' };
    const send = commands({ ...options, token: () => 'a.token', fetch, pause });
    const [name, ...args] = call;
    try {
        return { asked, pauses, answer: await send[name](...args) };
    } catch (error) {
        const { name, code, status, facts, message } = error;
        return { asked, pauses, error: { name, code, status, facts, message } };
    }
}"""


async def send(page: Page, answers: list[Any], *call: Any) -> dict[str, Any]:
    told = await page.evaluate(SCRIPT, [answers, call])
    assert isinstance(told, dict)
    return told


async def test_a_hold_carries_token_and_key(page: Page) -> None:
    body = {"date": "2026-02-15", "slotId": "slot_21_00", "sectionIds": ["table_05"]}
    told = await send(page, [[201, {"holdId": "h1"}, {}]], "hold", body)
    [request] = told["asked"]
    assert (request["method"], request["url"], request["body"]) == ("POST", HOLDS, body)
    assert request["headers"]["authorization"] == "Bearer a.token"
    assert len(request["headers"]["idempotency-key"]) >= 32
    assert told["answer"] == {"holdId": "h1"}


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (["extend", "h/1"], "POST", "/h%2F1/extend"),
        (["confirm", "h1", {"contact": {"name": "Ana"}}], "POST", "/h1/confirm"),
        (["release", "h1"], "DELETE", "/h1"),
    ],
)
async def test_each_command_has_its_place(
    page: Page, call: list[Any], method: str, path: str
) -> None:
    told = await send(page, [[200, {}, {}]], *call)
    [request] = told["asked"]
    assert (request["method"], request["url"]) == (method, HOLDS + path)
    assert ("idempotency-key" in request["headers"]) == (method == "POST")


@pytest.mark.parametrize(
    "failure",
    [
        "cut",
        [503, {"code": "UNAVAILABLE"}, {"retry-after": "1"}],
        [502, None, {}],
        [409, {"code": "IDEMPOTENCY_IN_PROGRESS"}, {}],
        [429, {"code": "RATE_LIMITED"}, {"retry-after": "2"}],
    ],
)
async def test_a_retry_has_the_same_key(page: Page, failure: Any) -> None:
    told = await send(page, [failure, failure, [201, {"holdId": "h1"}, {}]], "hold", {})
    assert len({request["headers"]["idempotency-key"] for request in told["asked"]}) == 1
    assert len(told["asked"]) == 3
    assert told["answer"] == {"holdId": "h1"}


async def test_two_commands_have_two_keys(page: Page) -> None:
    keys = {
        (await send(page, [[201, {}, {}]], "hold", {}))["asked"][0]["headers"]["idempotency-key"]
        for _ in range(2)
    }
    assert len(keys) == 2


async def test_retry_after_is_heeded(page: Page) -> None:
    busy = [503, {"code": "UNAVAILABLE"}, {"retry-after": "3"}]
    told = await send(page, [busy, [201, {}, {}]], "hold", {})
    assert told["pauses"] == [3000]


async def test_a_long_wait_is_the_callers_to_decide(page: Page) -> None:
    busy = [503, {"code": "UNAVAILABLE"}, {"retry-after": "60"}]
    told = await send(page, [busy], "hold", {})
    assert told["error"]["code"] == "UNAVAILABLE"


async def test_without_an_answer_the_outcome_is_not_known(page: Page) -> None:
    told = await send(page, ["cut"] * 4, "hold", {})
    assert len(told["asked"]) == 4
    assert (told["error"]["name"], told["error"]["code"]) == ("Unreachable", "UNREACHABLE")


async def test_a_problem_is_an_error_with_its_code_and_facts(page: Page) -> None:
    problem = {
        "code": "SECTION_NOT_AVAILABLE",
        "detail": "Not available: table_05.",
        "conflictingSections": ["table_05"],
        "requestId": "r1",
    }
    told = await send(page, [[409, problem, {}]], "hold", {})
    assert len(told["asked"]) == 1
    error = told["error"]
    assert (error["name"], error["status"]) == ("Problem", 409)
    assert (error["code"], error["facts"]) == ("SECTION_NOT_AVAILABLE", problem)
    assert error["message"] == problem["detail"]


async def test_a_release_without_a_body_is_fine(page: Page) -> None:
    told = await send(page, [[204, None, {}]], "release", "h1")
    assert told["answer"] is None


async def test_keys_without_a_secure_context(page: Page) -> None:
    keys = await page.evaluate(
        """async () => {
            const { newKey } = await import('/sdk/commands.js');
            Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
            return [newKey(), newKey()];
        }"""
    )
    assert len(set(keys)) == 2
    assert all(len(json.dumps(key)) > 30 for key in keys)

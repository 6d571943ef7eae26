from __future__ import annotations

import asyncpg
import pytest
from tests.unit.http.stub import BASE, Desk, code_of

from command_api.domain.decision import Rejection
from command_api.job import Unavailable
from holdfast.contracts.problems import STATUS, Code

HOLD = {"date": "2026-02-15", "slotId": "late", "sectionIds": ["s1"]}


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/clubs/", BASE + "/holds/", BASE + "/queue"])
async def test_an_unknown_address(desk: Desk, path: str) -> None:
    answer = await desk.http.get(path)
    assert code_of(answer) == (404, "NOT_FOUND")


async def test_a_method_that_is_not_there_names_those_that_are(desk: Desk) -> None:
    answer = await desk.request("PUT", "/holds/h1", {}, "customer")
    assert code_of(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH"


async def test_a_rejection_keeps_its_facts(desk: Desk) -> None:
    facts = {"conflictingSections": ["s1"], "heldUntil": None, "version": 3, "alternatives": []}
    desk.writer.outcomes = [
        Rejection(code=Code.SECTION_NOT_AVAILABLE, detail="Not available: s1.", facts=facts)
    ]
    answer = await desk.post("/holds", HOLD)
    assert code_of(answer) == (409, "SECTION_NOT_AVAILABLE")
    del facts["alternatives"]  # theirs is another room
    assert answer.json().items() >= facts.items()


@pytest.mark.parametrize("code", list(Code))
async def test_every_code_has_its_status(desk: Desk, code: Code) -> None:
    desk.writer.outcomes = [Rejection(code=code, detail="No.")]
    assert code_of(await desk.post("/holds", HOLD)) == (STATUS[code], code.value)


async def test_who_comes_too_early_is_told_when_to_come_again(desk: Desk) -> None:
    desk.writer.outcomes = [
        Rejection(code=Code.IDEMPOTENCY_IN_PROGRESS, detail="Under way."),
        Unavailable(retry_after=2),
    ]
    assert (await desk.post("/holds", HOLD)).headers["retry-after"] == "1"
    answer = await desk.post("/holds", HOLD)
    assert code_of(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    "outage", [OSError("refused"), TimeoutError(), asyncpg.ConnectionDoesNotExistError("gone")]
)
async def test_a_database_that_is_away_is_no_fault_of_the_asker(
    desk: Desk, outage: Exception
) -> None:
    desk.reads.error = outage
    answer = await desk.get("")
    assert code_of(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


async def test_a_fault_of_ours_is_logged_and_not_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.writer.outcomes = [RuntimeError("the secret is 1234")]
    answer = await desk.post("/holds", HOLD)
    assert code_of(answer) == (500, "INTERNAL")
    assert "1234" not in answer.text
    assert "1234" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text


@pytest.mark.parametrize(
    ("given", "kept"), [("req-1.a_B", True), ("a b", False), ("x" * 65, False)]
)
async def test_a_plain_request_id_is_kept(desk: Desk, given: str, kept: bool) -> None:
    answer = await desk.get("/livez", x_request_id=given)
    assert (answer.headers["x-request-id"] == given) is kept


async def test_each_request_is_observed_by_its_path_template() -> None:
    seen: list[tuple[str, str, int]] = []
    desk = Desk(observe=lambda path, method, status, _seconds: seen.append((path, method, status)))
    await desk.post("/holds", HOLD)
    await desk.get("/holds/h9", "customer")
    assert seen == [
        ("/v1/clubs/{club}/venues/{venue}/holds", "POST", 201),
        ("/v1/clubs/{club}/venues/{venue}/holds/{id}", "GET", 404),
    ]
    await desk.http.aclose()


async def test_probes(desk: Desk) -> None:
    assert (await desk.get("/livez")).json() == {"status": "ok"}
    assert (await desk.get("/readyz")).status_code == 200
    desk.ready["postgres"] = False
    answer = await desk.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"postgres": False})


async def test_cors_knows_exact_origins() -> None:
    desk = Desk(cors=("https://app.example",))
    ours = await desk.get("/livez", origin="https://app.example")
    assert ours.headers["access-control-allow-origin"] == "https://app.example"
    assert "Idempotent-Replayed" in ours.headers["access-control-expose-headers"]
    others = await desk.get("/livez", origin="https://app.example.evil")
    assert "access-control-allow-origin" not in others.headers
    preflight = await desk.request(
        "OPTIONS",
        "/holds",
        origin="https://app.example",
        access_control_request_method="POST",
        access_control_request_headers="authorization,content-type,idempotency-key",
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://app.example"
    await desk.http.aclose()

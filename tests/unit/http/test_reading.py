from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.unit.http.stub import BASE, Desk, bearer, code_of

from command_api.http.compress import takes_gzip
from command_api.http.reading import MAX_BODY

HOLD = {"date": "2026-02-15", "slotId": "late", "sectionIds": ["s1"]}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"date": "2026-02-30"}, "date"),
        ({"date": "2026-02-15\n"}, "date"),
        ({"date": None}, "date"),
        ({"slotId": "la te"}, "slotId"),
        ({"slotId": "late\n"}, "slotId"),
        ({"sectionIds": []}, "sectionIds"),
        ({"sectionIds": ["s1", 7]}, "sectionIds[1]"),
        ({"sectionIds": ["s1", "s.2"]}, "sectionIds[1]"),
        ({"sectionIds": None}, "sectionIds"),
        ({"bestAvailable": {"quantity": 1}}, "sectionIds"),
        ({"sectionIds": None, "bestAvailable": {"quantity": 0}}, "bestAvailable.quantity"),
        ({"partySize": 0}, "partySize"),
        ({"partySize": 1.5}, "partySize"),
        ({"quantities": {"s1": 0}}, "quantities[...]"),
        ({"quantities": {"s 1": 1}}, "quantities"),
        ({"ttlSeconds": -1}, "ttlSeconds"),
        ({"sectionId": "s1"}, ""),
    ],
)
async def test_what_is_wrong_is_named_by_its_path(
    desk: Desk, change: dict[str, Any], path: str
) -> None:
    answer = await desk.post("/holds", HOLD | change)
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    (error,) = answer.json()["errors"]
    assert error["path"] == path
    assert error["message"]
    assert not desk.writer.submissions


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"date":"\xff"}', b"[" * 10_000, b'{"a":1}}']
)
async def test_what_is_not_a_json_object(desk: Desk, body: bytes) -> None:
    answer = await desk.post("/holds", body)
    assert code_of(answer) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize("text", [r"a\u0000b", r"\u0000", r"\\\u0000", r"\ud800", r"\udc00\ud800"])
async def test_texts_that_nobody_could_store_are_refused(desk: Desk, text: str) -> None:
    body = b'{"date":"2026-02-15","slotId":"late","sectionIds":["s1"],"reason":"%b"}'
    answer = await desk.post("/holds", body % text.encode())
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert not desk.writer.submissions


@pytest.mark.parametrize("text", ["🦊", "שלום", r"\\u0000", r"\ud83e\udd8a", "a\u200fb"])
async def test_texts_of_any_script_are_taken(desk: Desk, text: str) -> None:
    body = b'{"date":"2026-02-15","slotId":"late","sectionIds":["s1"],"reason":"%b"}'
    answer = await desk.post("/holds", body % text.encode())
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/jsonp", "multipart/form-data"])
async def test_a_body_must_say_that_it_is_json(desk: Desk, kind: str) -> None:
    answer = await desk.post("/holds", b"{}", content_type=kind)
    assert code_of(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_json_may_name_its_charset(desk: Desk) -> None:
    kind = "Application/JSON; charset=utf-8"
    answer = await desk.post(
        "/holds", b'{"date":"2026-02-15","slotId":"x","sectionIds":["s"]}', content_type=kind
    )
    assert answer.status_code == 201


async def test_a_body_that_is_too_large(desk: Desk) -> None:
    answer = await desk.post("/holds", b" " * (MAX_BODY + 1))
    assert code_of(answer) == (413, "PAYLOAD_TOO_LARGE")
    assert answer.json()["max"] == MAX_BODY


@pytest.mark.parametrize(("chunks", "status"), [(3, 201), (400, 413)])
async def test_a_body_in_chunks_is_counted(desk: Desk, chunks: int, status: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"date":"2026-02-15","slotId":"late",'
        for _ in range(chunks):
            yield b" " * 1024
        yield b'"sectionIds":["s1"]}'

    headers = {
        "authorization": bearer("customer"),
        "content-type": "application/json",
        "idempotency-key": "k",
    }
    answer = await desk.http.post(BASE + "/holds", content=body(), headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "IDEMPOTENCY_KEY_REQUIRED"),
        ("x" * 201, "VALIDATION_FAILED"),
        ("tab\there", "VALIDATION_FAILED"),
    ],
)
@pytest.mark.parametrize(
    "path", ["/holds", "/holds/h1/extend", "/holds/h1/confirm", "/bookings/b1/cancel"]
)
async def test_posts_need_a_key(desk: Desk, path: str, key: str, code: str) -> None:
    answer = await desk.post(path, HOLD, idempotency_key=key)
    assert code_of(answer) == (400, code)


@pytest.mark.parametrize("key", ["k", "x" * 200, "a b", "8e03978e-40d5-43e8-bc93-6894a57f9324"])
async def test_keys_that_will_do(desk: Desk, key: str) -> None:
    assert (await desk.post("/holds", HOLD, idempotency_key=key)).status_code == 201
    assert desk.writer.submissions[0].key == key


async def test_the_same_request_has_the_same_hash_and_another_has_not(desk: Desk) -> None:
    await desk.post("/holds", HOLD)
    await desk.post("/holds", HOLD)
    await desk.post("/holds", HOLD | {"partySize": 2})
    one, two, three = (submission.hash for submission in desk.writer.submissions)
    assert one == two != three


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("slotId=late", "date"),
        ("date=2026-02-15", "slotId"),
        ("date=2026-02-31&slotId=late", "date"),
        ("date=2026-02-15&slotId=la.te", "slotId"),
        ("&".join(f"a{n}=1" for n in range(101)), "query"),
        ("date=%ff&slotId=late", "date"),
    ],
)
async def test_queries_are_checked(desk: Desk, query: str, path: str) -> None:
    answer = await desk.get(f"/availability?{query}")
    assert code_of(answer) == (400, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["path"] == path


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "9" * 5000, "٣"])
async def test_limits_of_lists(desk: Desk, limit: str) -> None:
    answer = await desk.get(f"/v1/clubs?limit={limit}", "admin")
    assert code_of(answer) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize("given", ["!", "YQ", "é"])
async def test_page_tokens_that_nobody_gave_out(desk: Desk, given: str) -> None:
    answer = await desk.get(f"/v1/clubs?pageToken={given}", "admin")
    assert code_of(answer) == (400, "VALIDATION_FAILED")


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP ; q=1.0", True),
        ("*", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("identity, br", False),
        ("", False),
        ("*;q=0", False),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes

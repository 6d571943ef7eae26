from __future__ import annotations

import pytest
from tests.unit.http.stub import BASE, Desk, bearer, code_of, token

from command_api.domain.commands import BlockSections, HoldSections
from holdfast.contracts.venues import Policy

HOLD = {"date": "2026-02-15", "slotId": "late", "sectionIds": ["s1"]}
NIGHT = {"date": "2026-02-15", "slotId": "late"}
AVAILABILITY = "/availability?date=2026-02-15&slotId=late"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/holds"),
        ("GET", "/holds"),
        ("GET", "/holds/h1"),
        ("DELETE", "/holds/h1"),
        ("POST", "/holds/h1/confirm"),
        ("POST", "/holds/h1/extend"),
        ("GET", "/bookings/b1"),
        ("POST", "/bookings/b1/cancel"),
        ("POST", "/blocks"),
        ("DELETE", "/blocks/k1"),
        ("PUT", ""),
        ("GET", "/v1/clubs"),
        ("PUT", "/v1/clubs/backroom"),
        ("GET", "/v1/clubs/backroom"),
        ("GET", "/v1/clubs/backroom/venues"),
        ("GET", "/v1/clubs/backroom/me"),
    ],
)
async def test_most_needs_a_token(desk: Desk, method: str, path: str) -> None:
    answer = await desk.request(method, path, HOLD if method in ("POST", "PUT") else None)
    assert code_of(answer) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["", AVAILABILITY, "/layouts/1", "/layout" + AVAILABILITY[13:]])
async def test_everybody_reads_a_public_venue_and_only_those_with_a_token_another(
    desk: Desk, path: str
) -> None:
    assert (await desk.get(path)).status_code == 200
    desk.policy(Policy(public_read=False))
    assert code_of(await desk.get(path)) == (401, "UNAUTHENTICATED")
    assert (await desk.get(path, "customer")).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer x.y.z",
        "Basic YTpi",
        "Bearer",
        bearer("customer", ttl=-1),
        bearer("customer") + "x",
        bearer("customer", sub="x" * 256),
    ],
)
async def test_bad_tokens_are_refused_even_where_none_is_needed(
    desk: Desk, authorization: str
) -> None:
    answer = await desk.get(AVAILABILITY, authorization=authorization)
    assert code_of(answer) == (401, "UNAUTHENTICATED")


async def test_a_cookie_reads_but_never_writes(desk: Desk) -> None:
    cookie = f"theme=dark; holdfast_token={token('customer')}"
    assert (await desk.get("/v1/clubs/backroom/me", cookie=cookie)).status_code == 200
    for method, path in (("POST", "/holds"), ("DELETE", "/holds/h1"), ("PUT", "")):
        answer = await desk.request(method, path, HOLD, cookie=cookie, idempotency_key="k")
        assert code_of(answer) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("role", ["manager", "staff", "service", "kiosk", "customer", "admin"])
async def test_a_token_of_another_club_finds_nothing(desk: Desk, role: str) -> None:
    stranger = bearer(role, "elsewhere")
    for path in (AVAILABILITY, "/holds/h1", "/v1/clubs/backroom/me"):
        answer = await desk.get(path, authorization=stranger)
        assert code_of(answer) == (404, "CLUB_NOT_FOUND")
    answer = await desk.post("/holds", HOLD, None, authorization=stranger)
    assert code_of(answer) == (404, "CLUB_NOT_FOUND")


@pytest.mark.parametrize("club", ["a.b", "%20", "x" * 65, "a%0A"])
async def test_ids_of_the_path_are_ids(desk: Desk, club: str) -> None:
    at = f"/v1/clubs/{club}/venues/leeds"
    assert code_of(await desk.get(at)) == (404, "CLUB_NOT_FOUND")
    at = f"/v1/clubs/backroom/venues/{club}"
    assert code_of(await desk.get(at)) == (404, "VENUE_NOT_FOUND")
    assert code_of(await desk.post(at + "/holds", HOLD)) == (404, "VENUE_NOT_FOUND")
    assert code_of(await desk.get(f"{BASE}/holds/{club}", "customer")) == (404, "HOLD_NOT_FOUND")
    answer = await desk.post(f"{BASE}/bookings/{club}/cancel")
    assert code_of(answer) == (404, "BOOKING_NOT_FOUND")
    assert not desk.writer.submissions


ROLES = {"customer", "staff", "manager", "kiosk", "service", "admin"}


@pytest.mark.parametrize(
    ("method", "path", "body", "may"),
    [
        ("POST", "/blocks", NIGHT, {"staff", "manager", "service", "admin"}),
        ("PUT", "/v1/clubs/other", {"name": "Other"}, {"admin"}),
        ("GET", "/v1/clubs", None, {"admin"}),
        ("GET", "/v1/clubs/backroom/venues", None, ROLES - {"customer"}),
        ("GET", "/v1/clubs/backroom", None, ROLES - {"customer"}),
        ("POST", "/holds", HOLD, ROLES),
    ],
)
async def test_who_may_do_what(
    desk: Desk, method: str, path: str, body: dict[str, str] | None, may: set[str]
) -> None:
    for role in ROLES:
        answer = await desk.request(method, path, body, role, idempotency_key="k")
        if role in may:
            assert answer.status_code in (200, 201), role
        else:
            assert code_of(answer) == (403, "ACTION_NOT_PERMITTED"), role


async def test_an_admin_of_one_club_is_not_the_platforms(desk: Desk) -> None:
    own = bearer("admin", "backroom")
    answer = await desk.request("PUT", "/v1/clubs/backroom", {}, authorization=own)
    assert code_of(answer) == (403, "ACTION_NOT_PERMITTED")
    assert code_of(await desk.get("/v1/clubs", authorization=own)) == (403, "ACTION_NOT_PERMITTED")


async def test_customers_hold_for_themselves_and_staff_for_whom_they_name(desk: Desk) -> None:
    answer = await desk.post("/holds", HOLD | {"customerId": "bob"})
    assert code_of(answer) == (403, "ACTION_NOT_PERMITTED")
    await desk.post("/holds", HOLD | {"customerId": "ann"})
    await desk.post("/holds", HOLD | {"customerId": "bob"}, "staff")
    await desk.post("/holds", HOLD, "service")
    commands = [submission.command for submission in desk.writer.submissions]
    assert [c.customer_id for c in commands if isinstance(c, HoldSections)] == ["ann", "bob", None]


async def test_events_name_staff_and_never_customers(desk: Desk) -> None:
    await desk.post("/holds", HOLD, None, authorization=bearer("customer", name="Ann Bell"))
    await desk.post("/blocks", NIGHT, None, authorization=bearer("manager", name="Mia"))
    hold, block = (submission.command for submission in desk.writer.submissions)
    assert isinstance(hold, HoldSections)
    assert isinstance(block, BlockSections)
    assert (hold.asker.actor.type, hold.asker.actor.id, hold.asker.actor.name) == (
        "customer",
        "ann",
        None,
    )
    assert (block.asker.actor.name, block.asker.may_manage) == ("Mia", True)


async def test_a_subject_that_is_no_id_gets_one(desk: Desk) -> None:
    authorization = bearer("customer", sub="auth0|ann@example.org")
    await desk.post("/holds", HOLD, None, authorization=authorization)
    (submission,) = desk.writer.submissions
    assert isinstance(submission.command, HoldSections)
    assert str(submission.command.customer_id).startswith("c_")
    assert submission.subject == "auth0|ann@example.org"

"""Guest sessions and who may erase personal data."""

from __future__ import annotations

from tests.support.services import bearer
from tests.unit.http.stub import Desk

from command_api.http.rates import Rates
from holdfast.contracts.venues import Policy

SESSIONS = "/v1/clubs/backroom/guest-sessions"


def test_a_bucket_gives_its_burst_and_refills_evenly() -> None:
    now = [0.0]
    rates = Rates(3, 60.0, lambda: now[0])
    assert [rates.take("a") for _ in range(3)] == [0.0] * 3
    assert rates.take("a") == 20.0
    assert rates.take("b") == 0.0
    now[0] = 19.0
    assert rates.take("a") == 1.0
    now[0] = 20.0
    assert rates.take("a") == 0.0
    now[0] = 1000.0
    assert [rates.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 20.0]


async def test_a_guest_gets_a_customers_token_of_this_club(desk: Desk) -> None:
    desk.policy(Policy(guest_checkout=True))
    answer = await desk.http.post(SESSIONS, json={"venueId": "leeds"})
    assert answer.status_code == 201, answer.text
    session = answer.json()
    assert session["customerId"].startswith("guest_")
    headers = {"authorization": f"Bearer {session['token']}"}
    me = await desk.http.get("/v1/clubs/backroom/me", headers=headers)
    assert me.json()["customerId"] == session["customerId"]
    assert (await desk.http.get("/v1/clubs/other/me", headers=headers)).status_code == 404


async def test_guests_are_refused_where_the_policy_has_none(desk: Desk) -> None:
    answer = await desk.http.post(SESSIONS, json={"venueId": "leeds"})
    assert answer.json()["code"] == "ACTION_NOT_PERMITTED"
    answer = await desk.http.post(SESSIONS, json={"venueId": "nowhere"})
    assert answer.json()["code"] == "VENUE_NOT_FOUND"


async def test_only_the_customer_and_managers_may_erase(desk: Desk) -> None:
    path = "/v1/clubs/backroom/customers/ann/personal-data"
    for headers in (bearer("customer", sub="bob"), bearer("staff", "backroom", sub="sam")):
        answer = await desk.http.delete(path, headers=headers)
        assert answer.json()["code"] == "ACTION_NOT_PERMITTED"
    assert (await desk.http.delete(path)).json()["code"] == "UNAUTHENTICATED"

"""Payment events on real services: what was paid in time, again and again, and too late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.client import CHANNEL, Api, World
from tests.support.payments import SECRET, tell
from tests.support.services import bearer
from tests.support.until import until

from holdfast.contracts.venues import Deposit, Policy, Section, Slot, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
ANN = bearer("customer", sub="cus_1")
DEFINITION = VenueDefinition(
    timezone="Europe/London",
    currency="GBP",
    policy=Policy(deposit=Deposit(type="fixed", amount=1000)),
    slots=[Slot(slot_id=CHANNEL.slot, start="21:00", end="03:00")],
    sections=[Section(section_id=f"s{number}", price=5000) for number in range(1, 5)],
)


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    service = await world.services.command_api(HOLDFAST_PAYMENT_SECRETS=SECRET)
    async with Api(service.url) as api:
        await api.set_up(DEFINITION)
        yield api


async def outcome(api: Api, transaction: str, **more: Any) -> str:
    answer = await tell(api, transaction, **more)
    assert answer.status_code == 200, answer.text
    result: str = answer.json()["outcome"]
    return result


async def expired(api: Api, section: str) -> str:
    """A hold that has just come to its end."""
    hold_id: str = (await api.hold(section, ttlSeconds=1)).json()["holdId"]

    async def is_over() -> bool:
        answer = await api.http.get(f"{VENUE}/holds/{hold_id}", headers=ANN)
        return bool(answer.json()["status"] == "expired")

    await until(is_over)
    return hold_id


async def test_a_deposit_is_paid_by_an_event_then_the_hold_is_confirmed(api: Api) -> None:
    hold_id = (await api.hold("s1")).json()["holdId"]
    assert (await api.confirm(hold_id)).json()["code"] == "PAYMENT_REQUIRED"
    assert await outcome(api, "tx1", holdId=hold_id) == "applied"
    booking = (await api.confirm(hold_id)).json()
    assert (booking["paymentStatus"], booking["paidAmount"]) == ("paid", 1000)
    again = await tell(api, "tx1", holdId=hold_id)
    assert again.json() == {
        "outcome": "duplicate",
        "bookingId": booking["bookingId"],
        "detail": None,
    }
    rest = {"amount": 4000, "bookingId": booking["bookingId"]}
    assert await outcome(api, "tx2", **rest) == "applied"
    assert await outcome(api, "tx2", type_="refunded", **rest) == "applied"
    read = await api.http.get(f"{VENUE}/bookings/{booking['bookingId']}", headers=ANN)
    assert (read.json()["paymentStatus"], read.json()["paidAmount"]) == ("paid", 1000)


async def test_an_expired_hold_is_taken_again_by_its_payment(api: Api) -> None:
    hold_id = await expired(api, "s1")
    assert await outcome(api, "tx1", holdId=hold_id) == "applied"
    read = (await api.http.get(f"{VENUE}/holds/{hold_id}", headers=ANN)).json()
    assert read["status"] == "active"
    states = {s["sectionId"]: s["state"] for s in (await api.snapshot())["sections"]}
    assert states["s1"] == "held"
    assert (await api.confirm(hold_id)).status_code == 201


async def test_money_that_came_late_is_added_up_whichever_replica_is_told(
    world: World, api: Api
) -> None:
    told: list[dict[str, Any]] = []

    async def hear(message: Any) -> None:
        told.append(json.loads(message.data))

    await world.nc.subscribe("bookings.v1.backroom.leeds.compensation.due", cb=hear)
    hold_id = await expired(api, "s1")
    assert (await api.hold("s1", by="cus_2")).status_code == 201
    other = await world.services.command_api(HOLDFAST_PAYMENT_SECRETS=SECRET)
    async with Api(other.url) as second:

        async def pay(number: int) -> str:
            desk = (api, second)[number % 2]
            while (answer := await tell(desk, f"tx{number}", holdId=hold_id)).status_code != 200:
                assert answer.status_code == 503, answer.text
            result: str = answer.json()["outcome"]
            return result

        outcomes = await asyncio.gather(*(pay(number // 2) for number in range(16)))
    assert sorted(outcomes) == ["duplicate"] * 8 + ["late"] * 8
    refused = await api.confirm(hold_id)
    assert refused.json()["code"] == "PAYMENT_AFTER_EXPIRY"
    assert refused.json()["refundDue"] == 8000
    await until(lambda: len(told) >= 8)
    assert sum(notice["data"]["refundAmount"] for notice in told) == 8000
    assert {notice["objectId"] for notice in told} == {hold_id}


async def test_events_without_a_good_signature_change_nothing(api: Api) -> None:
    hold_id = (await api.hold("s1")).json()["holdId"]
    answer = await api.http.post(f"{VENUE}/payments/events", json={"holdId": hold_id})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert await outcome(api, "tx1", type_="failed", holdId=hold_id) == "ignored"
    assert (await api.confirm(hold_id)).json()["code"] == "PAYMENT_REQUIRED"


async def test_a_transaction_pays_for_one_hold_whatever_the_events_name(api: Api) -> None:
    first, second = [(await api.hold(section)).json()["holdId"] for section in ("s1", "s2")]
    assert await outcome(api, "one", holdId=first) == "applied"
    denied = await tell(api, "one", holdId=second)
    assert denied.json()["outcome"] == "ignored"
    assert first in denied.json()["detail"]
    unpaid = await api.http.get(f"{VENUE}/holds/{second}", headers=ANN)
    assert unpaid.json()["paidAmount"] == 0
    assert await outcome(api, "one", holdId=first) == "duplicate"
    assert await outcome(api, "two", holdId=second) == "applied"


async def test_the_currency_stays_while_something_is_priced_in_it(api: Api) -> None:
    hold = (await api.hold("s1")).json()
    manager = bearer("manager", "backroom", sub="mia")
    read = await api.http.get(VENUE, headers=manager)
    changed = read.json() | {"currency": "JPY"}
    headers = {**manager, "if-match": read.headers["etag"]}
    denied = await api.http.put(VENUE, json=changed, headers=headers)
    assert (denied.status_code, denied.json()["code"]) == (409, "SECTION_IN_USE")
    assert denied.json()["slotIds"] == [CHANNEL.slot]
    await api.release(hold["holdId"])
    assert (await api.http.put(VENUE, json=changed, headers=headers)).status_code == 200

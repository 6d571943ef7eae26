"""Holds on real servers: changed, chosen by the server, limited, denied with alternatives; two replicas
that race."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.client import CHANNEL, LATER, Api, World
from tests.support.commands import plain_venue
from tests.support.services import bearer

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Policy, Section, Slot, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
NIGHT = {"date": CHANNEL.date, "slotId": CHANNEL.slot}
TOMORROW = CHANNEL._replace(date="2027-03-02")


async def define(api: Api, definition: VenueDefinition) -> None:
    etag = (await api.http.get(VENUE)).headers["etag"]
    await api.put_venue(definition, etag)


async def change(api: Api, hold_id: str, by: str = "cus_1", **body: Any) -> httpx.Response:
    return await api.http.patch(
        f"{VENUE}/holds/{hold_id}", json=body, headers=bearer("customer", sub=by)
    )


async def best(api: Api, by: str, wanted: dict[str, Any], **more: Any) -> httpx.Response:
    body = {**NIGHT, "bestAvailable": wanted, **more}
    return await api.post("/holds", body, by=bearer("customer", sub=by))


def pair_on(api: Api, other: Api, number: int) -> Api:
    return (api, other)[number % 2]


async def test_a_hold_is_changed_and_its_customer_and_other_services_are_told(
    world: World, api: Api
) -> None:
    others = await world.nc.subscribe("bookings.v1.backroom.leeds.hold.*")
    customer = await world.nc.subscribe("customers.v1.backroom.cus_1")
    await world.nc.flush()
    held = (await api.hold("t0", "t1")).json()
    changed = await change(api, held["holdId"], add=["t2"], remove=["t0"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["sectionIds"] == ["t1", "t2"]
    assert changed.json()["expiresAt"] == held["expiresAt"]
    snapshot = await api.snapshot()
    assert snapshot["version"] == changed.json()["version"] == 4
    assert {s["sectionId"] for s in snapshot["sections"] if s["state"] == "held"} == {"t1", "t2"}
    again = await change(api, held["holdId"], add=["t2"], remove=["t0"])
    assert again.json() | {"serverTime": ""} == changed.json() | {"serverTime": ""}
    assert (await api.snapshot())["version"] == 4
    for subscription in (others, customer):
        heard = [msgspec.json.decode((await subscription.next_msg(timeout=10)).data) for _ in "12"]
        assert [notice["type"] for notice in heard] == ["hold.created", "hold.changed"]
    booking = (await api.confirm(held["holdId"])).json()
    assert booking["sectionIds"] == ["t1", "t2"]


async def test_changes_of_two_holds_that_race_have_one_winner(world: World, api: Api) -> None:
    replica = await world.services.command_api()
    async with Api(replica.url) as other:
        ann = (await api.hold("t0", by="ann")).json()["holdId"]
        bob = (await other.hold("t1", by="bob")).json()["holdId"]
        for target in ("t2", "t3", "t4", "t5", "t6"):
            answers = await asyncio.gather(
                change(api, ann, by="ann", add=[target]),
                change(other, bob, by="bob", add=[target]),
            )
            assert sorted(answer.status_code for answer in answers) == [200, 409]
    taken = [
        section["sectionId"]
        for section in (await api.snapshot())["sections"]
        if section["state"] == "held"
    ]
    assert len(taken) == 7


async def test_part_of_a_pool_is_released_over_http(api: Api) -> None:
    definition = plain_venue(1)
    definition.sections.append(Section(section_id="p", kind=SectionKind.POOL, capacity=5, price=10))
    await define(api, definition)
    held = (await api.hold("p", quantities={"p": 4})).json()
    assert (await api.hold("p", by="bob", quantities={"p": 2})).status_code == 409
    fewer = (await change(api, held["holdId"], quantities={"p": 2})).json()
    assert (fewer["totalAmount"], fewer["items"][0]["quantity"]) == (20, 2)
    assert (await api.hold("p", by="bob", quantities={"p": 3})).status_code == 201


@pytest.mark.parametrize("adjacent", [False, True], ids=["anywhere", "side by side"])
async def test_twenty_who_let_the_server_choose_at_once_all_get_seats_of_their_own(
    world: World, api: Api, adjacent: bool
) -> None:
    seats = [
        Section(section_id=f"{row}{n}", kind=SectionKind.SEAT, row_label=row, seat_number=n)
        for row in "abcdefghij"
        for n in range(1, 5)
    ]
    await define(api, msgspec.structs.replace(plain_venue(1), sections=seats))
    replica = await world.services.command_api()
    async with Api(replica.url) as other:
        wanted = {"quantity": 2, "adjacent": adjacent}
        answers = await asyncio.gather(
            *(best(pair_on(api, other, n), f"cus_{n}", wanted) for n in range(20))
        )
        assert [answer.status_code for answer in answers] == [201] * 20
        got = [section for answer in answers for section in answer.json()["sectionIds"]]
        assert len(set(got)) == 40
        if adjacent:
            pairs = [answer.json()["sectionIds"] for answer in answers]
            assert all(a[0] == b[0] and int(b[1:]) == int(a[1:]) + 1 for a, b in pairs)
        denied = await best(other, "late", wanted)
        assert denied.status_code == 409
        assert {item["kind"] for item in denied.json()["alternatives"]} == {
            "adjacent_slot",
            "other_date",
        }
        assert denied.json()["waitlistOption"] is True


async def test_holds_at_a_time_are_limited_over_channels_and_replicas(
    world: World, api: Api
) -> None:
    await define(api, plain_venue(20, Policy(max_active_holds_per_customer=2)))
    replica = await world.services.command_api()
    async with Api(replica.url) as other:
        channels = [CHANNEL, LATER, TOMORROW]
        answers = await asyncio.gather(
            *(
                pair_on(api, other, n).hold(f"t{n}", by="ann", channel=channels[n % 3])
                for n in range(12)
            )
        )
        made = [answer.json() for answer in answers if answer.status_code == 201]
        assert len(made) == 2
        denied = [a.json() for a in answers if a.status_code != 201]
        assert {problem["code"] for problem in denied} == {"HOLD_LIMIT_REACHED"}
        assert (await other.hold("t15", by="bob")).status_code == 201
        await api.release(made[0]["holdId"], by="ann")
        assert (await other.hold("t16", by="ann", channel=LATER)).status_code == 201
        assert (await api.hold("t17", by="ann")).status_code == 422


async def test_tables_of_a_night_are_limited_over_slots_and_replicas(
    world: World, api: Api
) -> None:
    await define(api, plain_venue(20, Policy(max_tables_per_customer_per_date=3)))
    replica = await world.services.command_api()
    async with Api(replica.url) as other:
        channels = [CHANNEL, LATER]
        answers = await asyncio.gather(
            *(
                pair_on(api, other, n // 2).hold(f"t{n}", by="ann", channel=channels[n % 2])
                for n in range(12)
            )
        )
        codes = Counter(answer.status_code for answer in answers)
        assert codes == {201: 3, 422: 9}
        assert {a.json()["code"] for a in answers if a.status_code == 422} == {
            "MAX_TABLES_EXCEEDED"
        }
        assert (await other.hold("t19", by="ann", channel=TOMORROW)).status_code == 201
        first = next(answer.json() for answer in answers if answer.status_code == 201)
        grown = await change(other, first["holdId"], by="ann", add=["t18"])
        assert grown.status_code == 422
        moved = await change(
            other, first["holdId"], by="ann", add=["t18"], remove=first["sectionIds"]
        )
        assert moved.status_code == 200, moved.text


async def test_the_owner_holding_again_is_shown_the_hold_that_is_there(
    world: World, api: Api
) -> None:
    held = (await api.hold("t0", "t1")).json()
    replica = await world.services.command_api()
    async with Api(replica.url) as other:
        again = await other.hold("t0")
        assert again.status_code == 409
        assert again.json()["ownHoldId"] == held["holdId"]
        theirs = await other.hold("t0", by="bob")
        assert "ownHoldId" not in theirs.json()


def restaurant() -> VenueDefinition:
    def table(section_id: str, x: float, most: int) -> Section:
        return Section(
            section_id=section_id,
            kind=SectionKind.TABLE,
            category_id="gold",
            party_max=most,
            x=x,
            width=10,
            height=10,
        )

    return VenueDefinition(
        policy=Policy(alternative_discount_percent=10),
        slots=[
            Slot(slot_id=CHANNEL.slot, start="21:00", end="23:00"),
            Slot(slot_id="slot_19_00", start="19:00", end="21:00"),
        ],
        categories=[Category(category_id="gold", price=2000)],
        sections=[table("two", 0, 2), table("pair", 15, 2), table("four", 30, 4)],
    )


async def test_alternatives_asked_for_and_told_are_free_and_can_be_held(api: Api) -> None:
    await define(api, restaurant())
    earlier = ChannelKey("backroom", "leeds", CHANNEL.date, "slot_19_00")
    await api.hold("four", by="bob")
    await api.hold("four", by="bob", channel=TOMORROW)
    denied = await api.hold("four", partySize=4)
    assert denied.status_code == 409
    told = denied.json()["alternatives"]
    kinds = {item["kind"]: item for item in reversed(told)}
    assert kinds.keys() == {"several_tables", "adjacent_slot", "other_date"}
    assert sorted(kinds["several_tables"]["sectionIds"]) == ["pair", "two"]
    assert kinds["adjacent_slot"]["discount"] == 200
    assert TOMORROW.date not in [item["date"] for item in told]
    asked = await api.http.get(
        f"{VENUE}/alternatives", params={**NIGHT, "sectionIds": "four", "partySize": 4}
    )
    assert asked.json()["items"] == told
    for item in (kinds["several_tables"], kinds["adjacent_slot"]):
        where = earlier if item["slotId"] == earlier.slot else CHANNEL
        held = await api.hold(*item["sectionIds"], channel=where, partySize=4)
        assert held.status_code == 201, held.text
        assert held.json()["totalAmount"] == item["amount"]


async def test_attempts_from_stale_screens_are_counted(world: World) -> None:
    service = await world.services.command_api(HOLDFAST_ADMIN_PORT="0")
    async with Api(service.url) as api:
        await api.set_up()
        seen = (await api.snapshot())["version"]
        await api.hold("t0", by="bob")
        assert (await api.hold("t0", seenVersion=seen)).status_code == 409
        assert (await api.hold("t0", seenVersion=seen + 1)).status_code == 409
        metrics = (await api.http.get(f"{service.admin_url}/metrics")).text
    assert "holdfast_stale_attempts_total 1.0" in metrics

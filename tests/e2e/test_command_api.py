"""The command-api as its users meet it: over HTTP, on a real database."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
from tests.support.client import CHANNEL, Api
from tests.support.commands import plain_venue
from tests.support.services import bearer

from holdfast.contracts.states import SectionKind
from holdfast.contracts.venues import Category, Deposit, Policy, Section, Slot, VenueDefinition

VENUE = "/v1/clubs/backroom/venues/leeds"
STAFF = bearer("staff", "backroom", sub="sam")
MANAGER = bearer("manager", "backroom", sub="mia")
ANN = bearer("customer", sub="ann")
NIGHT = {"date": CHANNEL.date, "slotId": CHANNEL.slot}


def restaurant(**policy: Any) -> VenueDefinition:
    """Table `t` of four priced seats, a table `o` with its own price, a pool of three."""
    return VenueDefinition(
        name="Leeds",
        timezone="Europe/London",
        currency="EUR",
        policy=Policy(**policy),
        slots=[Slot(slot_id=CHANNEL.slot, start="21:00", end="03:00")],
        categories=[Category(category_id="gold", price=2500)],
        sections=[
            Section(section_id="t", kind=SectionKind.TABLE),
            *(
                Section(
                    section_id=f"t{n}", kind=SectionKind.SEAT, parent_id="t", category_id="gold"
                )
                for n in range(1, 5)
            ),
            Section(section_id="o", kind=SectionKind.TABLE, price=9900, party_min=2, party_max=4),
            Section(section_id="p", kind=SectionKind.POOL, capacity=3, price=100),
        ],
    )


async def define(api: Api, definition: VenueDefinition) -> None:
    etag = (await api.http.get(VENUE)).headers["etag"]
    await api.put_venue(definition, etag)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    return body


async def states(api: Api, headers: dict[str, str] | None = None) -> dict[str, Any]:
    snapshot = await api.snapshot(headers=headers)
    return {section["sectionId"]: section for section in snapshot["sections"]}


async def test_a_table_from_hold_to_booking_to_cancellation(api: Api) -> None:
    await define(api, restaurant())
    made = await api.hold("t", "o", by="ann", partySize=3)
    assert made.status_code == 201, made.text
    hold = made.json()
    assert hold["sectionIds"] == ["t1", "t2", "t3", "t4", "o"]
    assert [(item["sectionId"], item["amount"]) for item in hold["items"]] == [
        ("t", 10_000),
        ("o", 9900),
    ]
    assert (hold["totalAmount"], hold["currency"], hold["status"]) == (19_900, "EUR", "active")
    assert hold["channel"] == CHANNEL.name
    before = (await api.snapshot())["version"]
    assert hold["version"] == before
    read = await api.http.get(made.headers["location"], headers=ANN)
    assert read.json() | {"serverTime": hold["serverTime"]} == hold
    extended = await api.post(f"/holds/{hold['holdId']}/extend", {"ttlSeconds": 900}, by=ANN)
    assert extended.status_code == 200, extended.text
    assert extended.json()["expiresAt"] > hold["expiresAt"]
    booked = await api.confirm(hold["holdId"], by="ann", partySize=4)
    assert booked.status_code == 201, booked.text
    booking = booked.json()
    assert (booking["status"], booking["partySize"]) == ("confirmed", 4)
    assert booking["startsAt"] == "2027-03-01T21:00:00.000Z"
    now = await states(api, STAFF)
    assert {now[id_]["state"] for id_ in ("t", "t1", "o")} == {"confirmed"}
    assert now["t1"]["claims"][0]["claimId"] == booking["bookingId"]
    public = await states(api)
    assert public["t1"]["state"] == "unavailable"
    mine = (await api.http.get("/v1/clubs/backroom/me", headers=ANN)).json()
    assert [item["bookingId"] for item in mine["bookings"]] == [booking["bookingId"]]
    again = await api.confirm(hold["holdId"], by="ann")
    assert problem(again, 409, "INVALID_TRANSITION")["bookingId"] == booking["bookingId"]
    path = f"/bookings/{booking['bookingId']}/cancel"
    cancelled = await api.post(path, {"reason": "ill"}, by=ANN)
    assert cancelled.json()["status"] == "cancelled"
    repeated = await api.post(path, by=ANN)
    assert repeated.json() == cancelled.json()
    assert {section["state"] for section in (await states(api)).values()} == {"available"}
    read = await api.http.get(f"{VENUE}/bookings/{booking['bookingId']}", headers=STAFF)
    assert read.json() == cancelled.json()


async def test_releasing_twice_answers_the_same(api: Api) -> None:
    hold = (await api.hold("t0")).json()
    first = await api.release(hold["holdId"])
    second = await api.release(hold["holdId"])
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.json()["status"] == "released"
    read = await api.http.get(f"{VENUE}/holds/{hold['holdId']}", headers=bearer("customer"))
    assert read.json() == first.json()


async def test_a_request_that_is_sent_again_is_answered_again(api: Api) -> None:
    first = await api.hold("t0", key="k1")
    again = await api.hold("t0", key="k1")
    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert "idempotent-replayed" not in first.headers
    problem(await api.hold("t1", key="k1"), 422, "IDEMPOTENCY_KEY_REUSED")
    other = await api.hold("t1", by="cus_2", key="k1")
    assert other.status_code == 201


async def test_the_same_request_at_the_same_time_is_carried_out_once(api: Api) -> None:
    answers = await asyncio.gather(*(api.hold("t0", key="k") for _ in range(20)))
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {201, 409}
    made = [answer.json() for answer in answers if answer.status_code == 201]
    assert made
    assert all(hold == made[0] for hold in made)
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer, 409, "IDEMPOTENCY_IN_PROGRESS")
            assert answer.headers["retry-after"]
    assert (await api.snapshot())["version"] == 1


async def test_who_comes_second_is_told_what_is_in_the_way(api: Api) -> None:
    hold = (await api.hold("t0", "t1")).json()
    denied = problem(await api.hold("t1", "t2", by="cus_2"), 409, "SECTION_NOT_AVAILABLE")
    assert denied["conflictingSections"] == ["t1"]
    assert denied["heldUntil"] == hold["expiresAt"]
    assert denied["version"] == hold["version"]
    nearest, *others = denied["alternatives"]
    assert nearest["kind"] == "other_section"
    assert not {"t0", "t1"} & set(nearest["sectionIds"])
    assert {other["kind"] for other in others} == {"adjacent_slot", "other_date"}
    assert "ownHoldId" not in denied
    own = problem(await api.hold("t0"), 409, "SECTION_NOT_AVAILABLE")
    assert own["ownHoldId"] == hold["holdId"]
    stolen = await api.release(hold["holdId"], by="cus_2")
    assert problem(stolen, 409, "HOLD_NOT_OWNED")["holdIds"] == [hold["holdId"]]


async def test_a_pool_is_shared_until_nothing_is_left(api: Api) -> None:
    await define(api, restaurant())
    assert (await api.hold("p", by="ann", quantities={"p": 2})).status_code == 201
    denied = problem(await api.hold("p", quantities={"p": 2}), 409, "CAPACITY_EXCEEDED")
    assert (denied["requested"], denied["available"]) == (2, 1)
    assert (await api.hold("p")).status_code == 201
    problem(await api.hold("p", by="bob"), 409, "SECTION_NOT_AVAILABLE")
    assert (await states(api))["p"]["capacity"] == {"total": 3, "available": 0}


async def test_a_hold_past_its_time_denies_nobody(api: Api) -> None:
    await define(api, plain_venue(3, Policy(hold_ttl_seconds=1)))
    hold = (await api.hold("t0", "t1")).json()
    async with asyncio.timeout(10):
        while (taken := await api.hold("t1", by="cus_2")).status_code == 409:
            problem(taken, 409, "SECTION_NOT_AVAILABLE")
    assert taken.status_code == 201, taken.text
    assert taken.json()["createdAt"] >= hold["expiresAt"]
    problem(await api.confirm(hold["holdId"], by="cus_1"), 410, "HOLD_EXPIRED")
    assert (await states(api))["t0"]["state"] == "available"


async def test_tables_of_one_customer_and_date_are_limited_over_all_slots(api: Api) -> None:
    await define(api, plain_venue(5, Policy(max_tables_per_customer_per_date=2)))
    later = CHANNEL._replace(slot="slot_23_00")
    assert (await api.hold("t0")).status_code == 201
    assert (await api.hold("t0", channel=later)).status_code == 201
    denied = problem(await api.hold("t1"), 422, "MAX_TABLES_EXCEEDED")
    assert (denied["max"], denied["current"]) == (2, 2)
    answers = await asyncio.gather(
        *(api.hold(f"t{n}", by="greedy", channel=(CHANNEL, later)[n % 2]) for n in range(1, 5))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 2, 422: 2}


async def test_a_deposit_is_for_staff_to_take(api: Api) -> None:
    await define(api, restaurant(deposit=Deposit(type="percent", amount=10)))
    hold = (await api.hold("o", by="ann", partySize=2)).json()
    assert hold["depositAmount"] == 990
    asked = problem(await api.confirm(hold["holdId"], by="ann"), 402, "PAYMENT_REQUIRED")
    assert (asked["depositAmount"], asked["currency"]) == (990, "EUR")
    paid = await api.post(
        f"/holds/{hold['holdId']}/confirm", {"payment": {"method": "cash"}}, by=STAFF
    )
    assert (paid.status_code, paid.json()["paymentStatus"]) == (201, "paid")


async def test_where_approval_is_asked_a_booking_is_pending(api: Api) -> None:
    await define(api, restaurant(requires_approval=True))
    hold = (await api.hold("t", by="ann")).json()
    booking = (await api.confirm(hold["holdId"], by="ann")).json()
    assert booking["status"] == "pending_approval"
    assert booking["approvalExpiresAt"]
    assert (await states(api, STAFF))["t"]["state"] == "pending_approval"
    assert (await states(api))["t"]["state"] == "unavailable"


async def test_blocks_take_the_night_and_give_it_back(api: Api) -> None:
    taken = (await api.hold("t3")).json()
    denied = problem(await api.post("/blocks", NIGHT, by=STAFF), 409, "BLOCK_CONFLICT")
    assert denied["conflictingSections"] == ["t3"]
    assert (await api.release(taken["holdId"])).status_code == 200
    made = await api.post("/blocks", NIGHT | {"reason": "private party"}, by=STAFF)
    assert made.status_code == 201, made.text
    assert len(made.json()["sectionIds"]) == 50
    problem(await api.hold("t0"), 409, "SECTION_NOT_AVAILABLE")
    assert {section["state"] for section in (await states(api, MANAGER)).values()} == {"blocked"}
    path = f"{VENUE}/blocks/{made.json()['blockId']}"
    removed = await api.http.delete(path, headers=STAFF)
    assert removed.json()["status"] == "removed"
    assert (await api.http.delete(path, headers=STAFF)).json() == removed.json()
    assert (await api.hold("t0")).status_code == 201


async def test_what_is_claimed_cannot_leave_the_layout(api: Api) -> None:
    hold = (await api.hold("t3")).json()
    etag = (await api.http.get(VENUE)).headers["etag"]
    admin = bearer("admin", sub="root")
    slot = {"slotId": CHANNEL.slot, "start": "21:00", "end": "23:00"}
    smaller = {"slots": [slot], "sections": [{"sectionId": "t0"}]}
    answer = await api.http.put(VENUE, json=smaller, headers=admin | {"if-match": etag})
    assert problem(answer, 409, "SECTION_IN_USE")["sectionIds"] == ["t3"]
    problem(await api.http.put(VENUE, json=smaller, headers=admin), 428, "PRECONDITION_REQUIRED")
    stale = await api.http.put(VENUE, json=smaller, headers=admin | {"if-match": '"77"'})
    problem(stale, 412, "VERSION_MISMATCH")
    await api.release(hold["holdId"])
    changed = await api.http.put(VENUE, json=smaller, headers=admin | {"if-match": etag})
    assert changed.status_code == 200, changed.text
    assert changed.json()["layoutVersion"] == 2
    snapshot = await api.snapshot()
    assert [section["sectionId"] for section in snapshot["sections"]] == ["t0"]
    assert (snapshot["layoutVersion"], snapshot["version"]) == (2, 3)
    old = await api.http.get(f"{VENUE}/layouts/1")
    assert len(old.json()["sections"]) == 50


async def test_a_snapshot_is_sent_once(api: Api) -> None:
    path, query = f"{VENUE}/availability", NIGHT
    first = await api.http.get(path, params=query)
    again = await api.http.get(path, params=query, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await api.hold("t0")
    changed = await api.http.get(
        path, params=query, headers={"if-none-match": first.headers["etag"]}
    )
    assert changed.status_code == 200
    assert changed.json()["version"] == 1


async def test_a_viewport_counts_states(api: Api) -> None:
    await api.hold("t0")
    seen = (await api.http.get(f"{VENUE}/layout", params=NIGHT)).json()
    assert seen["counts"] == {"held": 1, "available": 49}


async def test_ones_own_holds_come_newest_first_and_in_pages(api: Api) -> None:
    made = [(await api.hold(f"t{n}", by="ann")).json()["holdId"] for n in range(5)]
    await api.hold("t9", by="bob")
    seen: list[str] = []
    token = ""
    while token is not None:
        query = {"mine": "", "limit": "2", "pageToken": token}
        page = (await api.http.get(f"{VENUE}/holds", params=query, headers=ANN)).json()
        seen += [hold["holdId"] for hold in page["items"]]
        token = page["nextPageToken"]
    assert seen == made[::-1]


async def test_a_venue_that_is_not_public(api: Api) -> None:
    await define(api, plain_venue(2, Policy(public_read=False)))
    problem(await api.http.get(f"{VENUE}/availability", params=NIGHT), 401, "UNAUTHENTICATED")
    assert await api.snapshot(headers=ANN)
    stranger = bearer("staff", "elsewhere", sub="x")
    answer = await api.http.get(f"{VENUE}/availability", params=NIGHT, headers=stranger)
    problem(answer, 404, "CLUB_NOT_FOUND")


async def test_what_is_not_there(api: Api) -> None:
    problem(await api.hold("t0", channel=CHANNEL._replace(slot="brunch")), 404, "SLOT_NOT_FOUND")
    problem(await api.hold("nowhere"), 404, "SECTION_NOT_FOUND")
    problem(await api.release("hld_0"), 404, "HOLD_NOT_FOUND")
    body = NIGHT | {"sectionIds": ["t0"]}
    path = "/v1/clubs/backroom/venues/york/holds"
    headers = ANN | {"idempotency-key": "k"}
    problem(await api.http.post(path, json=body, headers=headers), 404, "VENUE_NOT_FOUND")
    problem(await api.http.get("/v1/clubs/backroom/venues/york"), 404, "VENUE_NOT_FOUND")
    problem(
        await api.hold("t0", channel=CHANNEL._replace(date="2027-02-30")), 400, "VALIDATION_FAILED"
    )


async def test_a_dry_run_quotes_and_leaves_no_trace(api: Api) -> None:
    await define(api, restaurant())
    quoted = await api.hold("o", partySize=2, dryRun=True)
    assert (quoted.status_code, quoted.json()["status"]) == (200, "quoted")
    assert quoted.json()["totalAmount"] == 9900
    assert (await api.snapshot())["version"] == 0


async def test_best_available(api: Api) -> None:
    body = NIGHT | {"bestAvailable": {"quantity": 3}}
    assert (await api.hold("t0", by="bob")).status_code == 201
    chosen = await api.post("/holds", body, by=ANN)
    assert chosen.json()["sectionIds"] == ["t1", "t2", "t3"]


async def test_a_venue_is_edited_as_it_was_read(api: Api) -> None:
    admin = bearer("admin", sub="root")
    path = "/v1/clubs/backroom/venues/leeds"
    read = await api.http.get(path, headers=admin)
    edited = {**read.json(), "name": "Leeds, again"}
    headers = {**admin, "if-match": read.headers["etag"]}
    stored = await api.http.put(path, json=edited, headers=headers)
    assert stored.status_code == 200, stored.text
    assert (stored.json()["name"], stored.json()["layoutVersion"]) == ("Leeds, again", 1)


async def test_a_fact_never_stands_in_for_a_member_of_the_problem(api: Api) -> None:
    hold = (await api.hold("t1")).json()
    assert (await api.confirm(hold["holdId"])).status_code == 201
    again = await api.confirm(hold["holdId"])
    problem = again.json()
    assert (again.status_code, problem["status"], problem["currentStatus"]) == (
        409,
        409,
        "confirmed",
    )

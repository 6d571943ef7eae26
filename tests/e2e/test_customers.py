"""Customers over HTTP: guests, and the erasure of personal data."""

from __future__ import annotations

import asyncio
import secrets

import asyncpg
import httpx
from tests.support.client import CHANNEL, Api, World
from tests.support.payments import SECRET, tell
from tests.support.services import bearer

VENUE = "/v1/clubs/backroom/venues/leeds"
ANN = bearer("customer", sub="ann")
MANAGER = bearer("manager", "backroom", sub="mia")
CONTACT = {"name": "Wilhelmina Xanadu", "email": "w@xanadu.example", "phone": "+44 113 4960123"}


async def contents(database: str) -> str:
    """Everything that the database keeps, as text."""
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetch(
            "select tablename from pg_tables where schemaname = 'holdfast'"
        )
        found = []
        for table in tables:
            rows = await connection.fetch(f'select * from holdfast."{table[0]}"')  # noqa: S608
            for row in rows:
                found += [
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row.values()
                ]
        return "\n".join(found)
    finally:
        await connection.close()


async def test_erased_data_is_gone_from_the_whole_database_and_stays_gone(world: World) -> None:
    one, two = [Api((await world.services.command_api()).url) for _ in range(2)]
    async with one, two:
        await one.set_up()
        bookings = []
        for table in ("t1", "t2"):
            hold = (await one.hold(table, by="ann")).json()
            answer = await one.http.post(
                f"{VENUE}/holds/{hold['holdId']}/confirm",
                json={"contact": CONTACT, "notes": "Xanadu party", "specialRequests": "xanadu"},
                headers={**ANN, "idempotency-key": secrets.token_hex(8)},
            )
            assert answer.status_code == 201, answer.text
            bookings.append(answer.json())
        # The other replica knows the channel, and with it the contact.
        assert (await two.hold("t3", by="bob")).status_code == 201
        version = (await one.snapshot())["version"]
        await _cancel(one, bookings[1]["bookingId"])

        erased = await one.http.delete(
            "/v1/clubs/backroom/customers/ann/personal-data", headers=ANN
        )
        assert erased.status_code == 200, erased.text
        ids = [booking["bookingId"] for booking in bookings]
        assert erased.json() == {
            "customerId": "ann",
            "erasedBookingIds": sorted(ids),
            "activeBookingIds": [ids[0]],
        }
        assert "xanadu" not in (await contents(world.database)).lower()
        # A change by the replica whose memory is older writes nothing of it back.
        await _cancel(two, ids[0])
        assert "xanadu" not in (await contents(world.database)).lower()
        assert (await one.snapshot())["version"] == version + 2
        again = await one.http.delete(
            "/v1/clubs/backroom/customers/ann/personal-data", headers=MANAGER
        )
        assert again.json()["erasedBookingIds"] == []


async def test_a_request_sent_again_after_the_erasure_is_carried_out_once_and_repeats_nothing(
    world: World,
) -> None:
    one, two = [Api((await world.services.command_api()).url) for _ in range(2)]
    async with one, two:
        await one.set_up()

        async def book(api: Api) -> httpx.Response:
            wanted = {"date": CHANNEL.date, "slotId": CHANNEL.slot, "sectionIds": ["t1"]}
            return await api.http.post(
                f"{VENUE}/bookings",
                json={**wanted, "contact": CONTACT, "metadata": {"of": "Xanadu"}},
                headers={**ANN, "idempotency-key": "once"},
            )

        made = (await book(one)).json()
        await _cancel(one, made["bookingId"])  # t1 is free again
        erased = await one.http.delete(
            "/v1/clubs/backroom/customers/ann/personal-data", headers=ANN
        )
        assert erased.status_code == 200, erased.text
        for api in (one, two):
            again = await book(api)
            assert again.status_code == 201 and again.headers["idempotent-replayed"] == "true"
            assert again.json() == {**made, "contact": None, "metadata": {}}


async def test_an_erasure_and_a_payment_for_the_same_ended_booking_do_not_undo_each_other(
    world: World,
) -> None:
    one, two = [
        Api((await world.services.command_api(HOLDFAST_PAYMENT_SECRETS=SECRET)).url)
        for _ in range(2)
    ]
    async with one, two:
        await one.set_up()
        for number in range(1, 5):
            made = await one.http.post(
                f"{VENUE}/bookings",
                json={
                    "date": CHANNEL.date,
                    "slotId": CHANNEL.slot,
                    "sectionIds": [f"t{number}"],
                    "contact": CONTACT,
                },
                headers={**ANN, "idempotency-key": secrets.token_hex(8)},
            )
            booking_id = made.json()["bookingId"]
            await _cancel(one, booking_id)
            url = "/v1/clubs/backroom/customers/ann/personal-data"
            answers = await asyncio.gather(
                one.http.delete(url, headers=ANN),
                tell(one, f"a{number}", bookingId=booking_id),
                tell(two, f"b{number}", bookingId=booking_id),
                two.http.delete(url, headers=ANN),
            )
            assert [answer.status_code for answer in answers] == [200] * 4
            read = await one.http.get(f"{VENUE}/bookings/{booking_id}", headers=MANAGER)
            assert (read.json()["contact"], read.json()["paidAmount"]) == (None, 2000)


async def _cancel(api: Api, booking_id: str) -> None:
    answer = await api.http.post(
        f"{VENUE}/bookings/{booking_id}/cancel",
        headers={**ANN, "idempotency-key": secrets.token_hex(8)},
    )
    assert answer.status_code == 200, answer.text


async def test_a_guest_holds_where_guests_may_and_is_asked_to_wait_when_there_are_too_many(
    world: World,
) -> None:
    service = await world.services.command_api(
        HOLDFAST_GUEST_SESSIONS_PER_MINUTE="2", HOLDFAST_TRUSTED_PROXIES="127.0.0.0/8"
    )
    async with Api(service.url) as api:
        await api.set_up()
        etag = (await api.http.get(VENUE)).headers["etag"]
        definition = (await api.http.get(VENUE)).json()
        definition["policy"]["guestCheckout"] = True
        changed = await api.http.put(
            VENUE, json=definition, headers={**bearer("admin", sub="root"), "if-match": etag}
        )
        assert changed.status_code == 200, changed.text
        path = "/v1/clubs/backroom/guest-sessions"
        home, office = {"x-forwarded-for": "198.51.100.7"}, {"x-forwarded-for": "192.0.2.9"}
        sessions = [await api.http.post(path, headers=home) for _ in range(3)]
        assert [answer.status_code for answer in sessions] == [201, 201, 429]
        assert 1 <= int(sessions[2].headers["retry-after"]) <= 30
        assert (await api.http.post(path, headers=office)).status_code == 201
        session = sessions[0].json()
        held = await api.http.post(
            f"{VENUE}/holds",
            json={"date": CHANNEL.date, "slotId": CHANNEL.slot, "sectionIds": ["t1"]},
            headers={
                "authorization": f"Bearer {session['token']}",
                "idempotency-key": secrets.token_hex(8),
            },
        )
        assert held.status_code == 201, held.text
        assert held.json()["customerId"] == session["customerId"]

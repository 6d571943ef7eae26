"""What one replica wrote, another reads at once: lists, counts and the trail, over HTTP."""

from __future__ import annotations

from tests.support.client import CHANNEL, Api, World
from tests.support.services import bearer

VENUE = "/v1/clubs/backroom/venues/leeds"
STAFF = bearer("staff", "backroom", sub="sam", name="Sam")
NIGHT = {"date": CHANNEL.date, "slotId": CHANNEL.slot}


async def free(api: Api) -> int:
    """As anybody sees it."""
    answer = await api.http.get(f"{VENUE}/calendar", params={"from": CHANNEL.date, "days": 1})
    [night] = [item for item in answer.json()["items"] if item["slotId"] == CHANNEL.slot]
    count = night["free"]
    assert isinstance(count, int)
    return count


async def test_a_booking_of_one_replica_is_in_all_reads_of_the_other(world: World) -> None:
    one, other = [await world.services.command_api() for _ in range(2)]
    async with Api(one.url) as here, Api(other.url) as there:
        await here.set_up()
        assert await free(there) == 50
        held = (await here.hold("t0", "t1", by="ann")).json()
        assert await free(there) == 48
        booked = (await there.confirm(held["holdId"], by="ann")).json()
        assert await free(here) == 48
        for q in ("doe", booked["reference"].lower(), "jo@example"):
            found = await here.http.get(f"{VENUE}/bookings", params={"q": q}, headers=STAFF)
            assert [item["bookingId"] for item in found.json()["items"]] == [booked["bookingId"]]
        stats = (await here.http.get(f"{VENUE}/stats", params=NIGHT, headers=STAFF)).json()
        assert (stats["bookedSeats"], stats["availableSeats"]) == (2, 48)
        audit = await here.http.get(
            f"{VENUE}/audit", params={**NIGHT, "objectId": booked["bookingId"]}, headers=STAFF
        )
        states = {item["newState"] for item in audit.json()["items"]}
        assert states == {"confirmed"}
        await there.post(f"/bookings/{booked['bookingId']}/cancel", by=STAFF)
        assert await free(here) == 50
        layout = await here.http.get(f"{VENUE}/layout", params=NIGHT)
        assert layout.json()["counts"] == {"available": 50}

"""Seed: a club with something of every kind, made through the API itself, each answer checked against
the document. What is there is known to the fuzzer afterwards."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from typing import Any

from tests.e2e.openapi.floor import (
    ASKERS,
    CONTACT,
    LATE,
    NEXT,
    NIGHT,
    NOW,
    PAYMENT_SECRET,
    RUNNING,
    SLOT,
    TABLES,
    TODAY,
    definition,
)
from tests.support.conformity import Conformity

from holdfast.runtime.signatures import secret_bytes, sign


def seed(api: Conformity) -> None:
    """Every operation is carried out at least once on the way."""
    known = api.known
    known.add("club", "backroom")
    known.add("venue", "leeds", "york", "small")
    known.add("date", NIGHT, NEXT, TODAY)
    known.add("slotId", SLOT, LATE, RUNNING)
    for name in ("sectionIds", "add", "remove", "quantities"):
        known.add(name, *TABLES[20:], "round", "bar", "round_1", "w1")
    known.add("customerId", "ann", "ben")
    known.add("categoryId", "gold")
    known.add("categoryIds", "gold")
    known.add("layoutVersion", 1)
    known.add("from", NIGHT)
    known.add("to", NEXT)
    known.ids["customers"] += ["ann", "ben", "zoe"]
    clubs(api)
    holds_and_bookings(api)
    visits(api)
    moves_and_series(api)
    waiting(api)
    elsewhere(api)
    approvals(api)
    payments(api)
    blocks(api)
    customers(api)
    reads(api)


def clubs(api: Conformity) -> None:
    """Leeds, York where requests are approved, and a small room to wait for."""
    api.ask("putClub", "admin", {"name": "Other"}, expect=201, club="other")
    api.ask("putClub", "admin", {"name": "Backroom"}, expect=201)
    york, small = definition(requiresApproval=True), definition()
    small["sections"] = [{"sectionId": f"w{n}", "kind": "table"} for n in range(3)]
    api.ask("putVenue", "manager", york, expect=201, venue="york")
    api.ask("putVenue", "manager", small, expect=201, venue="small")
    leeds = definition()
    api.ask("putVenue", "manager", leeds, expect=201)
    stored = api.ask("readVenue", "nobody")
    assert stored["revision"] == 1
    leeds["policy"]["maxActiveHoldsPerCustomer"] = 500
    api.ask("putVenue", "admin", leeds, headers={"If-Match": '"1"'})


def hold(api: Conformity, *sections: str, by: str = "ann", **more: Any) -> dict[str, Any]:
    """A hold that is known from now on."""
    where = {"venue": more.pop("venue", "leeds")}
    body = {"date": NIGHT, "slotId": SLOT, "sectionIds": list(sections), **more}
    made: dict[str, Any] = api.ask("makeHold", by, body, expect=201, **where)
    api.known.ids["holds"].append(made["holdId"])
    api.known.add("holdId", made["holdId"])
    return made


def booking(api: Conformity, *sections: str, by: str = "ann", **more: Any) -> dict[str, Any]:
    """A booking that is known from now on."""
    where = {"venue": more.pop("venue", "leeds")}
    body = {
        "date": NIGHT,
        "slotId": SLOT,
        "sectionIds": list(sections),
        "contact": CONTACT,
        **more,
    }
    made: dict[str, Any] = api.ask("requestBooking", by, body, expect=201, **where)
    api.known.ids["bookings"].append(made["bookingId"])
    api.known.add("bookingId", made["bookingId"])
    return made


def holds_and_bookings(api: Conformity) -> None:
    for n in range(6):
        hold(api, f"t{n}", by="ann" if n % 2 else "ben")
    quote = {"date": NIGHT, "slotId": SLOT, "sectionIds": ["t39"], "dryRun": True}
    api.ask("makeHold", "ann", quote)
    changed = hold(api, "t6")["holdId"]
    api.ask("extendHold", "ann", {"ttlSeconds": 9000}, id=changed)
    api.ask("readHold", "staff", id=changed)
    booked = api.ask("confirmHold", "ann", {"contact": CONTACT}, expect=201, id=changed)
    api.ask("releaseHold", "staff", id=hold(api, "t8")["holdId"])
    revision = f'"{booked["revision"]}"'
    id_ = booked["bookingId"]
    api.ask("editBooking", "ann", {"notes": "soon"}, headers={"If-Match": revision}, id=id_)
    api.ask("readBooking", "ann", id=id_)
    kept = hold(api, "t37", by="ben")["holdId"]
    api.ask("changeHold", "ben", {"add": ["t38"], "remove": ["t37"]}, id=kept)
    for n in range(9, 14):
        booking(api, f"t{n}", by="ann" if n % 2 else "ben")
    api.ask("cancelBooking", "ann", {"reason": "ill"}, id=booking(api, "t14")["bookingId"])
    api.ask("cancelBooking", "ann", id=booking(api, "t14")["bookingId"])


def visits(api: Conformity) -> None:
    """Of a slot that has begun."""
    now = {"date": TODAY, "slotId": RUNNING}
    came, left, missed = (booking(api, f"t{n}", **now)["bookingId"] for n in range(3))
    api.ask("checkInBooking", "staff", {"reason": "early"}, id=came)
    api.ask("completeBooking", "staff", {"reason": "left"}, id=left)
    api.ask("markNoShow", "manager", {"reason": "no call"}, id=missed)


def moves_and_series(api: Conformity) -> None:
    later = {"date": NEXT, "slotId": LATE}
    api.ask("rescheduleBooking", "ann", later, id=booking(api, "t18")["bookingId"])
    dates = [(NOW + dt.timedelta(days=days)).isoformat() for days in (30, 37, 44)]
    wanted = {"slotId": SLOT, "sectionIds": ["t1"], "contact": CONTACT}
    made = []
    for n in range(3):
        body = {**wanted, "sectionIds": [f"t{n}"], "dates": dates}
        made.append(api.ask("bookSeries", "ann", body, expect=201)["seriesId"])
    api.known.ids["booking-series"] += made
    api.known.add("dates", *dates)
    listed = api.ask("readSeries", "staff", id=made[0])["items"]
    api.known.ids["bookings"] += [each["bookingId"] for each in listed]
    api.ask("cancelSeries", "ann", {"reason": "moved"}, id=made[1])


def waiting(api: Conformity) -> None:
    """The small room is full; what one leaves is offered to the next."""
    taken = [booking(api, f"w{n}", by="staff", venue="small")["bookingId"] for n in range(3)]
    night = {"date": NIGHT, "slotId": SLOT, "partySize": 1}
    entries = []
    for who in ("ann", "ben", *(f"guest_{n}" for n in range(4))):
        by = who if who in ASKERS else "staff"
        more = {} if by == who else {"customerId": who}
        made = api.ask("joinWaitlist", by, {**night, **more}, expect=201, venue="small")
        entries.append(made["entryId"])
    api.known.ids["waitlist"] += entries
    again = api.ask("joinWaitlist", "ann", night, venue="small")
    assert again["entryId"] == entries[0]
    for booking_id in taken:
        api.ask("cancelBooking", "staff", venue="small", id=booking_id)
    offers = [
        entry["offer"]["offerId"]
        for id_ in entries
        if (entry := api.ask("readWaitlistEntry", "staff", venue="small", id=id_))["offer"]
    ]
    assert len(offers) == 3
    api.known.ids["offers"] += offers
    contact = {"contact": CONTACT}
    api.ask("acceptOffer", "ann", contact, expect=201, venue="small", id=offers[0])
    api.ask("declineOffer", "ben", {}, venue="small", id=offers[1])
    api.ask("leaveWaitlist", "staff", venue="small", id=entries[-1])
    where = {"date": NIGHT, "slotId": SLOT}
    api.ask("listWaitlist", "staff", query={**where, "limit": 1}, venue="small")


def elsewhere(api: Conformity) -> None:
    """Bookings made elsewhere, some of them for what is taken here."""
    night = {"date": NIGHT, "slotId": SLOT, "createdAt": "2026-01-01T12:00:00.000Z"}
    items = [
        {**night, "externalId": f"x{n}", "sectionIds": [f"t{n}"], "contact": CONTACT}
        for n in (9, 10, 11, 19)
    ]
    made = api.ask("importBookings", "staff", {"items": items})["items"]
    conflicts = [item["conflictId"] for item in made if item["conflictId"]]
    assert len(conflicts) == 3
    api.known.ids["conflicts"] += conflicts
    api.known.add("winnerId", made[1]["bookingId"], made[2]["bookingId"])
    api.known.add("externalId", "x9", "x10")
    api.ask("listConflicts", "staff", query={"status": "open", "limit": 2})
    api.ask("resolveConflict", "manager", {"winnerId": made[0]["bookingId"]}, id=conflicts[0])
    api.ask("readConflict", "staff", id=conflicts[0])


def approvals(api: Conformity) -> None:
    pending = [booking(api, f"t{n}", venue="york")["bookingId"] for n in range(5)]
    api.ask("approveBooking", "manager", {"reason": "regulars"}, venue="york", id=pending[0])
    api.ask("declineBooking", "manager", {"reason": "full"}, venue="york", id=pending[1])


def signed(body: bytes) -> dict[str, str]:
    """Headers of a payment provider."""
    id_, at = f"msg_{secrets.token_hex(8)}", int(time.time())
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret_bytes(PAYMENT_SECRET), id_, at, body),
    }


def payments(api: Conformity) -> None:
    event = {
        "type": "payment.succeeded",
        "transactionId": "tx_1",
        "holdId": hold(api, "t15")["holdId"],
        "amount": 5000,
        "currency": "GBP",
        "occurredAt": "2026-01-01T12:00:00.000Z",
    }
    api.signers["takePaymentEvent"] = signed
    api.ask("takePaymentEvent", "nobody", event)


def blocks(api: Conformity) -> None:
    night = {"date": NIGHT, "slotId": SLOT}
    for section in ("t16", "t17"):
        made = api.ask("makeBlock", "staff", {**night, "sectionIds": [section]}, expect=201)
        api.known.ids["blocks"].append(made["blockId"])
    api.ask("listBlocks", "staff", query={"date": NIGHT, "limit": 1})
    api.ask("readBlock", "staff", id=api.known.ids["blocks"][0])
    api.ask("removeBlock", "staff", id=api.known.ids["blocks"][0])


def customers(api: Conformity) -> None:
    api.ask("makeGuestSession", "nobody", {"venueId": "leeds"}, expect=201)
    booking(api, "bar", by="staff", customerId="zoe")
    erased = api.ask("erasePersonalData", "manager", id="zoe")
    assert erased["erasedBookingIds"]


def reads(api: Conformity) -> None:
    night = {"date": NIGHT, "slotId": SLOT}
    for by in ("nobody", "staff"):
        api.ask("readAvailability", by, query=night)
        api.ask("readViewport", by, query={**night, "x": 0, "y": 0, "width": 10, "height": 10})
    api.ask("readLayout", "nobody", layoutVersion=1)
    api.ask("listClubs", "admin", query={"limit": 1})
    api.ask("readClub", "staff")
    api.ask("listVenues", "staff")
    api.ask("listHolds", "ann", query={"mine": "1", "limit": 2})
    api.ask("listBookings", "staff", query={"q": "ann", "date": NIGHT, "limit": 2})
    wish = {"sectionIds": "t0", "partySize": 2}
    api.ask("readAlternatives", "ann", query={"date": NIGHT, "slotId": SLOT, **wish})
    api.ask("readCalendar", "nobody", query={"from": NIGHT, "days": 3, "partySize": 2})
    api.ask("readStats", "manager", query={"from": NIGHT, "to": NEXT})
    api.ask("readAudit", "manager", query={"date": NIGHT, "limit": 5})
    api.ask("readMe", "ann")
    for probe in ("livez", "readyz", "readDocument"):
        api.ask(probe, "nobody")


def seed_gateway(gateway: Conformity, api: Conformity) -> None:
    """The gateway tells of what is there already."""
    gateway.known.values.update(api.known.values)
    channels = [
        f"availability:backroom:leeds:{NIGHT}:{SLOT}",
        f"availability:backroom:york:{NEXT}:{LATE}",
        "customer:backroom:ann",
    ]
    gateway.known.add("channels", *channels)
    gateway.known.add("channel", *channels)

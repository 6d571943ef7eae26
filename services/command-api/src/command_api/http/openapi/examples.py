"""Examples of answers, as they go out."""

from __future__ import annotations

from typing import Any

from command_api.http.openapi.common import CHANNEL, NIGHT, SLOT

_AT = "2027-03-01T20:01:12.123Z"
_MOMENTS = {"date": NIGHT, "slotId": SLOT, "channel": CHANNEL}

HOLD: dict[str, Any] = {
    "holdId": "hld_0198c1d3f2a5b6c7d8e9f0a1b2c",
    "status": "active",
    "customerId": "cus_1",
    "sectionIds": ["table_05"],
    "items": [{"sectionId": "table_05", "categoryId": "gold", "amount": 12000, "quantity": 1}],
    "partySize": 4,
    "totalAmount": 12000,
    "depositAmount": 0,
    "currency": "GBP",
    "createdAt": _AT,
    "expiresAt": "2027-03-01T20:06:12.123Z",
    "serverTime": _AT,
    **_MOMENTS,
    "version": 381,
    "bookingId": None,
}
BOOKING: dict[str, Any] = {
    "bookingId": "bkg_0198c1d40aa5b6c7d8e9f0a1b2c",
    "reference": "K7QW3MXA",
    "status": "confirmed",
    "holdId": HOLD["holdId"],
    "seriesId": None,
    "customerId": "cus_1",
    "sectionIds": ["table_05"],
    "items": HOLD["items"],
    "partySize": 4,
    "totalAmount": 12000,
    "depositAmount": 0,
    "currency": "GBP",
    "paymentStatus": "none",
    "payment": None,
    "contact": {"name": "Ada Byron", "email": "ada@example.com", "phone": None},
    "notes": None,
    "specialRequests": "a quiet corner",
    "metadata": {"source": "app"},
    "startsAt": "2027-03-06T21:00:00.000Z",
    "endsAt": "2027-03-07T03:00:00.000Z",
    "approvalExpiresAt": None,
    "createdAt": _AT,
    "updatedAt": _AT,
    "serverTime": _AT,
    "revision": 1,
    **_MOMENTS,
    "version": 382,
}
BLOCK: dict[str, Any] = {
    "blockId": "blk_0198c1d511a5b6c7d8e9f0a1b2c",
    "status": "active",
    "sectionIds": ["table_01", "table_02"],
    "reason": "broken lamp",
    "onConflict": "reject",
    "createdAt": _AT,
    "updatedAt": _AT,
    "serverTime": _AT,
    **_MOMENTS,
    "version": 383,
}
SNAPSHOT: dict[str, Any] = {
    "channel": CHANNEL,
    "clubId": "backroom",
    "venueId": "leeds",
    "date": NIGHT,
    "slotId": SLOT,
    "epoch": "k3v9q2m1xz",
    "version": 381,
    "cursor": "k3v9q2m1xz-4711",
    "asOf": _AT,
    "serverTime": _AT,
    "timezone": "Europe/London",
    "startsAt": "2027-03-06T21:00:00.000Z",
    "endsAt": "2027-03-07T03:00:00.000Z",
    "layoutVersion": 3,
    "sections": [
        {
            "sectionId": "table_05",
            "state": "held",
            "capacity": {"total": 1, "available": 0},
            "heldUntil": "2027-03-01T20:06:12.123Z",
        }
    ],
}
ENTRY: dict[str, Any] = {
    "entryId": "wle_0198c1d60ba5b6c7d8e9f0a1b2c",
    "status": "waiting",
    "customerId": "cus_1",
    "partySize": 4,
    "position": 2,
    "estimatedMinutes": 35,
    "offer": None,
    "createdAt": _AT,
    "updatedAt": _AT,
    "categoryIds": ["gold"],
    **_MOMENTS,
    "version": 383,
}
CONFLICT: dict[str, Any] = {
    "conflictId": "cfl_5f0c6c0c9c0a4b7e8d1f2a3b4c5d6e7f",
    "sectionId": "table_05",
    "sectionIds": ["table_05"],
    "bookingIds": [BOOKING["bookingId"], "bkg_5f0c6c0c9c0a4b7e8d1f2a3b4c5d6e7f"],
    "winnerId": None,
    "resolvedAt": None,
    "resolvedBy": None,
    "compensations": {},
    "createdAt": _AT,
    **_MOMENTS,
    "version": 384,
}
AUDIT_ENTRY: dict[str, Any] = {
    **_MOMENTS,
    "version": 381,
    "type": "availability.updated",
    "sectionId": "table_05",
    "objectId": HOLD["holdId"],
    "previousState": "available",
    "newState": "held",
    "reason": "hold_created",
    "actor": {"type": "customer", "id": "cus_1", "name": None},
    "occurredAt": _AT,
}
ALTERNATIVE: dict[str, Any] = {
    "kind": "larger_table",
    "date": NIGHT,
    "slotId": SLOT,
    "sectionIds": ["table_09"],
    "amount": 15000,
    "priceDifference": 3000,
    "discount": 0,
    "score": 0.9,
}

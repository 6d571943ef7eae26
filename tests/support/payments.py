"""Payment events, signed as a provider's adapter signs them."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
from tests.support.client import Api

from holdfast.runtime.signatures import secret_bytes, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VENUE = "/v1/clubs/backroom/venues/leeds"


async def tell(
    api: Api, transaction: str, *, type_: str = "succeeded", amount: int = 1000, **more: Any
) -> httpx.Response:
    body = json.dumps(
        {
            "type": f"payment.{type_}",
            "transactionId": transaction,
            "amount": amount,
            "currency": "GBP",
            "occurredAt": "2026-11-21T12:00:00.000Z",
            **more,
        }
    ).encode()
    event_id, at = f"evt-{type_}-{transaction}", int(time.time())
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret_bytes(SECRET), event_id, at, body),
    }
    return await api.http.post(f"{VENUE}/payments/events", content=body, headers=headers)

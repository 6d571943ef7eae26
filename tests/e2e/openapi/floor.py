"""The club that both services are asked about: its nights, its people, its venues."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

from tests.support.services import bearer

NOW = dt.datetime.now(dt.UTC).date()
TODAY = NOW.isoformat()
NIGHT = (NOW + dt.timedelta(days=20)).isoformat()
NEXT = (NOW + dt.timedelta(days=21)).isoformat()
SLOT, LATE, RUNNING = "early", "late", "all_day"
CONTACT = {"name": "Ann Lee", "email": "ann@example.com", "phone": "+44 20 7946 0018"}
PAYMENT_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()

ASKERS = {
    "nobody": {},
    "ann": bearer("customer", sub="ann"),
    "ben": bearer("customer", sub="ben"),
    "staff": bearer("staff", "backroom", sub="sam"),
    "manager": bearer("manager", "backroom", sub="mia"),
    "admin": bearer("admin", sub="root"),
    "elsewhere": bearer("manager", "other", sub="max"),
}
GATEWAY_ASKERS = {name: ASKERS[name] for name in ("nobody", "ann", "manager", "elsewhere")}

POLICY = {
    "guestCheckout": True,
    # Nothing of the seed ends while the tests run.
    "holdTtlSeconds": 7200,
    "maxTtlSeconds": 86_400,
    "maxHoldSeconds": 86_400,
    "waitlistOfferTtlSeconds": 7200,
}
TABLES = [f"t{n}" for n in range(40)]


def definition(**policy: Any) -> dict[str, Any]:
    """Tables, a table of four seats, a pool; two slots."""
    return {
        "name": "Leeds",
        "timezone": "Europe/London",
        "policy": {**POLICY, **policy},
        "slots": [
            {"slotId": SLOT, "start": "18:00", "end": "21:00"},
            {"slotId": LATE, "start": "21:00", "end": "23:30"},
            {"slotId": RUNNING, "start": "00:00", "end": "35:59", "validTo": TODAY},
        ],
        "categories": [{"categoryId": "gold", "price": 5000}],
        "sections": [
            *({"sectionId": id_, "kind": "table", "categoryId": "gold"} for id_ in TABLES),
            {"sectionId": "round", "kind": "table"},
            *({"sectionId": f"round_{n}", "kind": "seat", "parentId": "round"} for n in range(4)),
            {"sectionId": "bar", "kind": "pool", "capacity": 5000, "price": 100},
        ],
    }

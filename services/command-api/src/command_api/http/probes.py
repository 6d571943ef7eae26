"""`/livez` and `/readyz`: for whoever runs the service."""

from __future__ import annotations

from command_api.http.answer import Answer, json_answer
from command_api.http.call import Call


async def livez(_call: Call) -> Answer:
    """The process answers."""
    return json_answer({"status": "ok"})


async def readyz(call: Call) -> Answer:
    """Each thing that is needed, and whether it is there; 503 where one is not."""
    checks = call.services.readiness()
    ready = all(checks.values())
    return json_answer(
        {"status": "ready" if ready else "not ready", "checks": checks},
        status=200 if ready else 503,
    )

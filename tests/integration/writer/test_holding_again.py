"""What a customer has let go of is known to every replica, and after a restart."""

from __future__ import annotations

from typing import Any

import msgspec
from tests.integration.writer.conftest import StartWriter, StoreVenue
from tests.support.commands import hold, plain_venue, release

from command_api.domain.decision import Rejection
from command_api.domain.times import later
from command_api.job import Reply
from command_api.writer import Writer
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import Policy

LIMIT = 600


async def held(writer: Writer, by: str = "cus_1") -> dict[str, Any]:
    reply = await writer.submit(hold("t0", by=by))
    assert isinstance(reply, Reply), reply
    answer: dict[str, Any] = msgspec.json.decode(reply.body)
    return answer


async def let_go(writer: Writer, hold_id: str, by: str = "cus_1") -> None:
    assert isinstance(await writer.submit(release(hold_id, by=by)), Reply)


async def test_every_replica_knows_how_long_a_customer_has_held_it(
    start_writer: StartWriter, store_venue: StoreVenue
) -> None:
    policy = Policy(hold_ttl_seconds=LIMIT, max_ttl_seconds=LIMIT, max_hold_seconds=LIMIT)
    await store_venue(plain_venue(1, policy))
    one, two = await start_writer(), await start_writer()
    first = await held(one)
    ends_at = first["expiresAt"]
    assert ends_at == later(first["createdAt"], LIMIT)
    assert isinstance(await two.submit(hold("t0", by="cus_2")), Rejection)  # it knows the channel
    await let_go(one, first["holdId"])
    second = await held(two)  # by the log
    await let_go(two, second["holdId"])
    third = await held(await start_writer())  # by the records
    await let_go(one, third["holdId"])
    theirs = await held(two, by="cus_2")
    assert [second["expiresAt"], third["expiresAt"]] == [ends_at, ends_at] < [theirs["expiresAt"]]


async def test_a_customer_whose_time_is_over_has_to_wait(
    start_writer: StartWriter, store_venue: StoreVenue
) -> None:
    await store_venue(plain_venue(1, Policy(max_hold_seconds=1)))
    writer = await start_writer()
    await held(writer)
    while isinstance(denied := await writer.submit(hold("t0", by="cus_1")), Rejection):
        if denied.code is not Code.SECTION_NOT_AVAILABLE:
            break
    assert isinstance(denied, Rejection)
    assert (denied.code, denied.facts["sectionIds"]) == (Code.HOLD_LIMIT_REACHED, ["t0"])
    again = await (await start_writer()).submit(hold("t0", by="cus_1"))
    assert isinstance(again, Rejection)
    assert again.code is Code.HOLD_LIMIT_REACHED
    assert await held(writer, by="cus_2")

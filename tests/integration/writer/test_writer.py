"""The write path on a real Postgres: once, whole, fenced, and fair between replicas."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from tests.integration.writer.conftest import StartWriter, StoreVenue
from tests.support.commands import (
    CHANNEL,
    LATER,
    block,
    confirm,
    hold,
    plain_venue,
    release,
)
from tests.support.databases import database_url, make_template
from tests.support.tcp_proxy import TcpProxy
from tests.support.until import until

from command_api.domain.decision import Rejection
from command_api.job import Reply, Submission
from command_api.store.pool import open_pool
from command_api.store.reads import Reads
from command_api.store.venues import SectionInUse, SlotInUse, put_venue
from command_api.writer import Writer
from holdfast.contracts.ids import timestamp
from holdfast.contracts.problems import Code
from holdfast.contracts.venues import ClubDefinition, Policy
from holdfast_dev.postgres import EmbeddedPostgres


def body(reply: Reply | Rejection) -> dict[str, Any]:
    assert isinstance(reply, Reply), reply
    decoded: dict[str, Any] = msgspec.json.decode(reply.body)
    return decoded


def code(outcome: Reply | Rejection) -> Code:
    assert isinstance(outcome, Rejection), outcome
    return outcome.code


async def versions(admin: asyncpg.Connection) -> list[int]:
    rows = await admin.fetch(
        "select version from holdfast.events where version is not null and head = $1 order by version",
        f"c:leeds:{CHANNEL.date}:{CHANNEL.slot}",
    )
    return [row["version"] for row in rows]


async def test_a_hold_is_state_log_record_and_answer_at_once(
    writer: Writer, reads: Reads, admin: asyncpg.Connection
) -> None:
    answer = body(await writer.submit(hold("t1", "t2")))
    assert answer["version"] == 2
    state = await reads.channel(CHANNEL)
    assert set(state.claims) == {"t1", "t2"} and set(state.records) == {answer["holdId"]}
    kinds = await admin.fetch(
        "select kind, position, version from holdfast.events order by position"
    )
    assert [tuple(row) for row in kinds] == [
        ("availability", 1, 1),
        ("availability", 2, 2),
        ("notice", 3, None),
        ("customer", 4, None),
    ]


async def test_the_same_key_gets_the_same_answer_and_another_request_is_refused(
    writer: Writer, start_writer: StartWriter
) -> None:
    first = hold("t1", key="k1")
    answer = await writer.submit(first)
    other_replica = await start_writer()
    for replica in (writer, other_replica):
        again = await replica.submit(hold("t1", key="k1"))
        assert isinstance(again, Reply) and again.replayed and body(again) == body(answer)
        different = hold("t2", key="k1")
        different.hash = b"2"
        assert code(await replica.submit(different)) is Code.IDEMPOTENCY_KEY_REUSED


async def test_a_rejection_is_decided_anew(writer: Writer) -> None:
    mine = body(await writer.submit(hold("t1")))
    assert code(await writer.submit(hold("t1", by="cus_2", key="k"))) is Code.SECTION_NOT_AVAILABLE
    await writer.submit(release(mine["holdId"]))
    assert body(await writer.submit(hold("t1", by="cus_2", key="k")))["status"] == "active"


async def test_a_key_in_flight_is_in_progress(writer: Writer) -> None:
    outcomes = await asyncio.gather(*(writer.submit(hold("t1", key="same")) for _ in range(2)))
    assert body(outcomes[0])["status"] == "active"
    assert code(outcomes[1]) is Code.IDEMPOTENCY_IN_PROGRESS


async def test_a_rejection_from_stale_memory_never_leaves_a_replica(
    start_writer: StartWriter, store_venue: StoreVenue
) -> None:
    await store_venue(plain_venue(1))
    left, right = await start_writer(), await start_writer()
    for turn in range(50):
        taken = body(await left.submit(hold("t0", by=f"l{turn}")))
        assert code(await right.submit(hold("t0", by=f"r{turn}"))) is Code.SECTION_NOT_AVAILABLE
        await left.submit(release(taken["holdId"], by=f"l{turn}"))
        # `right` remembers the section as held; it must not say so
        taken = body(await right.submit(hold("t0", by=f"r{turn}")))
        await right.submit(release(taken["holdId"], by=f"r{turn}"))


async def test_replicas_fighting_for_a_channel_share_it(
    start_writer: StartWriter, store_venue: StoreVenue, reads: Reads, admin: asyncpg.Connection
) -> None:
    await store_venue(plain_venue(50))
    replicas = [await start_writer() for _ in range(2)]
    won: list[list[str]] = [[], []]
    done = [0, 0]

    async def customer(number: int) -> None:
        side = number % 2
        for section in range(50):
            taken = f"t{(section * 7 + number) % 50}"
            outcome = await replicas[side].submit(hold(taken, by=f"cus_{number}"))
            done[side] += 1
            if isinstance(outcome, Reply):
                won[side].append(taken)
            else:
                assert code(outcome) is Code.SECTION_NOT_AVAILABLE
                assert outcome.facts["conflictingSections"] == [taken]

    await asyncio.gather(*(customer(number) for number in range(40)))
    assert sorted(won[0] + won[1]) == sorted(f"t{i}" for i in range(50))
    assert await versions(admin) == list(range(1, 51))
    assert set((await reads.channel(CHANNEL)).claims) == {f"t{i}" for i in range(50)}
    assert done == [1000, 1000]


async def test_neither_replica_starves_on_a_hot_channel(
    start_writer: StartWriter, store_venue: StoreVenue, admin: asyncpg.Connection
) -> None:
    await store_venue(plain_venue(64))
    replicas = [await start_writer() for _ in range(2)]
    turns = [0, 0]
    stop = asyncio.Event()

    async def churn(side: int, number: int) -> None:
        """Hold and release one's own table, as fast as it goes."""
        table, by = f"t{side * 32 + number}", f"cus_{side}_{number}"
        while not stop.is_set():
            taken = body(await replicas[side].submit(hold(table, by=by)))
            await replicas[side].submit(release(taken["holdId"], by=by))
            turns[side] += 1
            if sum(turns) >= 1500:
                stop.set()

    await asyncio.gather(*(churn(side, number) for side in (0, 1) for number in range(16)))
    assert min(turns) > 0.2 * max(turns), turns
    seen = await versions(admin)
    assert seen == list(range(1, len(seen) + 1))


async def test_tables_of_a_night_are_limited_over_replicas_and_slots(
    start_writer: StartWriter, store_venue: StoreVenue
) -> None:
    await store_venue(plain_venue(20, Policy(max_tables_per_customer_per_date=2)))
    replicas = [await start_writer() for _ in range(2)]
    outcomes = await asyncio.gather(
        *(
            replicas[number % 2].submit(
                hold(f"t{number}", channel=(CHANNEL, LATER)[number // 2 % 2])
            )
            for number in range(16)
        )
    )
    held = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
    assert len(held) == 2
    for outcome in outcomes:
        if isinstance(outcome, Rejection):
            assert outcome.code is Code.MAX_TABLES_EXCEEDED
            assert outcome.facts == {"max": 2, "current": 2} or outcome.facts["max"] == 2
    # releasing one makes room for one, wherever it is asked
    first = body(held[0])
    channel = CHANNEL if first["slotId"] == CHANNEL.slot else LATER
    await replicas[0].submit(release(first["holdId"], channel=channel))
    assert body(await replicas[1].submit(hold("t18", channel=LATER)))["status"] == "active"
    assert code(await replicas[0].submit(hold("t19"))) is Code.MAX_TABLES_EXCEEDED


async def test_expired_holds_deny_nobody(writer: Writer, admin: asyncpg.Connection) -> None:
    short = body(await writer.submit(hold("t1", "t2", ttl_seconds=1)))

    async def past() -> bool:
        now = await admin.fetchval(
            "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint"
        )
        return bool(timestamp(now) > short["expiresAt"])

    await until(past)
    answer = body(await writer.submit(hold("t1", by="cus_2")))
    assert answer["version"] == 5  # two expired, one held: t1, t2 available, t1 held
    reasons = await admin.fetch(
        "select convert_from(body, 'UTF8')::json ->> 'reason' as reason from holdfast.events"
        " where version is not null order by version"
    )
    assert [row["reason"] for row in reasons] == [
        "hold_created",
        "hold_created",
        "hold_expired",
        "hold_expired",
        "hold_created",
    ]
    assert code(await writer.submit(confirm(short["holdId"]))) in (
        Code.HOLD_EXPIRED,
        Code.HOLD_NOT_FOUND,
    )


async def test_an_append_whose_answer_was_lost_is_not_done_twice(
    fresh_database: str,
    postgres_server: EmbeddedPostgres,
    start_writer: StartWriter,
    store_venue: StoreVenue,
    admin: asyncpg.Connection,
) -> None:
    await store_venue(plain_venue(50))
    assert postgres_server.port is not None
    async with TcpProxy(postgres_server.port) as proxy:
        name = fresh_database.rpartition("/")[2]
        writer = await start_writer(database_url(fresh_database, name, proxy.port))
        await writer.submit(hold("t0"))
        proxy.stall()
        pending = asyncio.create_task(writer.submit(hold("t1", "t2")))

        async def committed() -> bool:
            return bool(await admin.fetchval("select count(*) = 3 from holdfast.claims"))

        await until(committed)
        proxy.cut()
        answer = body(await pending)
        assert answer["sectionIds"] == ["t1", "t2"]
        assert await versions(admin) == [1, 2, 3]
        assert body(await writer.submit(hold("t3")))["version"] == 4


async def test_commands_survive_a_database_that_is_killed(
    tmp_path: Any, start_writer: StartWriter
) -> None:
    async with EmbeddedPostgres(tmp_path / "postgres") as server:
        name = await make_template(server.url)
        url = database_url(server.url, name)
        pool = await open_pool(url, "holdfast_writer", application="test", size=2)
        await Reads(pool, pool).put_club("backroom", ClubDefinition())
        await put_venue(pool, "backroom", "leeds", plain_venue(200), None)
        await pool.close()
        writer = await start_writer(url)
        tasks = [asyncio.create_task(writer.submit(hold(f"t{i}", by=f"c{i}"))) for i in range(100)]
        await until(lambda: any(task.done() for task in tasks))
        await server.kill()
        tasks += [
            asyncio.create_task(writer.submit(hold(f"t{i}", by=f"c{i}"))) for i in range(100, 200)
        ]
        await server.start()
        answers = [body(outcome) for outcome in await asyncio.gather(*tasks)]
        assert len({answer["holdId"] for answer in answers}) == 200
        connection = await asyncpg.connect(url)
        rows = await connection.fetch(
            "select version from holdfast.events where version is not null order by version"
        )
        assert [row["version"] for row in rows] == list(range(1, 201))
        await connection.close()


async def test_row_level_security_is_closed_when_unset(writer: Writer, pool: Any) -> None:
    await writer.submit(hold("t1"))
    async with pool.acquire() as connection:
        for table in ("clubs", "venues", "heads", "claims", "records", "events", "commands"):
            assert await connection.fetchval(f"select count(*) from holdfast.{table}") == 0  # noqa: S608
        await connection.execute("select set_config('holdfast.clubs', '{other}', false)")
        assert await connection.fetchval("select count(*) from holdfast.claims") == 0
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(
                "insert into holdfast.clubs (club, created_ms) values ('backroom2', 0)"
            )


async def test_a_definition_change_is_a_version_of_every_channel(
    writer: Writer, store_venue: StoreVenue, reads: Reads
) -> None:
    await writer.submit(hold("t1"))
    stored = await store_venue(plain_venue(60))
    assert stored.changed == [CHANNEL] and stored.venue.layout_version == 2
    assert await reads.channel_version(CHANNEL) == 2
    answer = body(await writer.submit(hold("t55")))
    assert answer["version"] == 3


async def test_a_claimed_section_cannot_leave_the_layout(
    writer: Writer, store_venue: StoreVenue
) -> None:
    await writer.submit(hold("t49"))
    with pytest.raises(SectionInUse) as refused:
        await store_venue(plain_venue(40))
    assert refused.value.section_ids == ["t49"]


async def test_a_slot_with_claims_cannot_leave_the_definition(
    writer: Writer, store_venue: StoreVenue
) -> None:
    taken = body(await writer.submit(hold("t1", channel=LATER)))
    definition = plain_venue(50)
    only_early = msgspec.structs.replace(definition, slots=definition.slots[:1])
    with pytest.raises(SlotInUse) as refused:
        await store_venue(only_early)
    assert refused.value.slot_ids == [LATER.slot]
    await writer.submit(release(taken["holdId"], channel=LATER))
    assert (await store_venue(only_early)).venue.revision == 2


async def test_storing_what_is_stored_already_changes_nothing(
    writer: Writer, store_venue: StoreVenue
) -> None:
    stored = await store_venue(plain_venue(50))
    assert (stored.venue.revision, stored.venue.layout_version) == (1, 1)
    shown = msgspec.structs.replace(plain_venue(50), name="Leeds again")
    stored = await store_venue(shown)
    assert (stored.venue.revision, stored.venue.layout_version, stored.changed) == (2, 1, [])


async def test_blocks_and_bookings_go_the_same_way(writer: Writer, reads: Reads) -> None:
    taken = body(await writer.submit(hold("t1")))
    booking = body(await writer.submit(confirm(taken["holdId"])))
    assert booking["status"] == "confirmed"
    refused = await writer.submit(block("t1", "t2"))
    assert code(refused) is Code.BLOCK_CONFLICT
    assert body(await writer.submit(block("t2", "t3")))["status"] == "active"
    state = await reads.channel(CHANNEL)
    assert set(state.claims) == {"t1", "t2", "t3"}


async def test_one_bad_command_takes_no_other_down(writer: Writer, monkeypatch: Any) -> None:
    """Two bookings with one reference break a unique index: only the second of them fails."""
    holds = [body(await writer.submit(hold(f"t{i}")))["holdId"] for i in range(6)]
    confirmations: list[Submission] = [confirm(hold_id) for hold_id in holds]
    for submission in confirmations[:2]:
        submission.command = msgspec.structs.replace(submission.command, reference="SAME")
    outcomes = await asyncio.gather(
        *(writer.submit(submission) for submission in confirmations), return_exceptions=True
    )
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(failed) == 1 and isinstance(failed[0], asyncpg.UniqueViolationError)
    assert sum(isinstance(outcome, Reply) for outcome in outcomes) == 5


async def test_an_idle_writer_finds_a_restarted_database_by_itself(
    tmp_path: Path, start_writer: StartWriter
) -> None:
    """Readiness hangs on it: nobody sends a command to a replica that is not ready."""
    async with EmbeddedPostgres(tmp_path / "postgres") as server:
        writer = await start_writer(database_url(server.url, await make_template(server.url)))
        assert writer.connected
        await server.stop()
        await until(lambda: not writer.connected)
        await server.start()
        await until(lambda: writer.connected)

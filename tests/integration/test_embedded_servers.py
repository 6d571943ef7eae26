"""The embedded servers: start, stop, kill, restart, and never two on one folder."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js.api import StorageType

from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.ports import LOOPBACK, PortTaken
from holdfast_dev.postgres import EmbeddedPostgres
from holdfast_dev.process import AlreadyRunning, StartFailed, is_alive

Server = EmbeddedPostgres | EmbeddedNats
Maker = Callable[[Path], Server]


def make_postgres(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, fsync=False)


async def write(server: Server) -> None:
    """Stores one value."""
    if isinstance(server, EmbeddedPostgres):
        connection = await asyncpg.connect(server.url)
        await connection.execute("create table kept as select 42 as value")
        await connection.close()
    else:
        client = await nats.connect(server.url)
        stream = client.jetstream()
        await stream.add_stream(name="KEPT", subjects=["kept"], storage=StorageType.FILE)
        await stream.publish("kept", b"42")
        await client.close()


async def read(server: Server) -> int:
    """The stored value."""
    if isinstance(server, EmbeddedPostgres):
        connection = await asyncpg.connect(server.url)
        value = await connection.fetchval("select value from kept")
        await connection.close()
    else:
        client = await nats.connect(server.url)
        message = await client.jetstream().get_last_msg("KEPT", "kept")
        value = (message.data or b"").decode()
        await client.close()
    return int(value)


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while is_alive(pid):
            await asyncio.sleep(0.02)


both = pytest.mark.parametrize("make", [make_postgres, EmbeddedNats], ids=["postgres", "nats"])


@pytest.fixture
async def server(make: Maker, tmp_path: Path) -> AsyncIterator[Server]:
    async with make(tmp_path / "server") as started:
        yield started


@both
async def test_keeps_data_and_port_over_an_orderly_restart(server: Server) -> None:
    await write(server)
    pid, port = server.pid, server.port
    assert pid

    await server.stop()

    assert not is_alive(pid)
    assert server.pid is None
    await server.start()
    assert server.port == port
    assert await read(server) == 42


@both
async def test_recovers_on_the_same_port_after_kill(server: Server) -> None:
    await write(server)
    pid, port = server.pid, server.port
    assert pid

    await server.kill()

    assert not is_alive(pid)
    await server.start()
    assert server.pid != pid
    assert server.port == port
    assert await read(server) == 42


@both
async def test_recovers_when_somebody_else_killed_the_server(server: Server) -> None:
    await write(server)
    assert server.pid

    os.kill(server.pid, signal.SIGKILL)

    assert await server.wait() == -signal.SIGKILL
    assert server.pid is None
    await server.start()
    assert await read(server) == 42


@both
async def test_data_outlives_the_object(make: Maker, tmp_path: Path) -> None:
    async with make(tmp_path) as first:
        await write(first)
    async with make(tmp_path) as second:
        assert await read(second) == 42


@both
async def test_refuses_a_folder_in_use(make: Maker, server: Server, tmp_path: Path) -> None:
    with pytest.raises(AlreadyRunning) as refusal:
        await make(tmp_path / "server").start()

    assert refusal.value.pid == server.pid
    assert refusal.value.folder == tmp_path / "server"
    assert str(server.pid) in str(refusal.value)
    assert str(tmp_path) in str(refusal.value)


@both
async def test_starting_twice_is_refused_and_harmless(server: Server) -> None:
    with pytest.raises(AlreadyRunning):
        await server.start()

    await write(server)
    assert await read(server) == 42


@both
async def test_stopping_twice_is_harmless(server: Server) -> None:
    await server.stop()
    await server.stop()


@both
async def test_dies_with_its_parent_and_leaves_a_folder_to_go_on_with(
    make: Maker, tmp_path: Path
) -> None:
    kind = "postgres.EmbeddedPostgres" if make is make_postgres else "nats.EmbeddedNats"
    module, name = kind.split(".")
    program = f"""
import asyncio, pathlib
from holdfast_dev.{module} import {name}

async def main():
    server = {name}(pathlib.Path({str(tmp_path)!r}))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        assert is_alive(pid)
        parent.kill()
        parent.wait()

    # Its server may still be shutting down: a start waits for that instead of giving up.
    async with make(tmp_path) as server:
        assert server.pid != pid
    await until_gone(pid)


@both
async def test_is_out_of_reach_of_the_terminal(server: Server) -> None:
    assert server.pid
    assert os.getsid(server.pid) == server.pid != os.getsid(0)


@both
async def test_reports_the_log_when_the_start_fails(make: Maker, tmp_path: Path) -> None:
    broken: Server
    if make is make_postgres:
        broken = EmbeddedPostgres(tmp_path, fsync=False, settings={"no_such_setting": "1"})
    else:
        broken = EmbeddedNats(tmp_path, settings={"no_such_setting": 1})

    with pytest.raises(StartFailed, match="no_such_setting"):
        await broken.start()

    assert broken.pid is None
    async with make(tmp_path):
        pass


@both
async def test_refuses_a_taken_port(make: Maker, tmp_path: Path) -> None:
    listener = await asyncio.start_server(lambda *_: None, LOOPBACK, 0)
    port = listener.sockets[0].getsockname()[1]
    kind = EmbeddedPostgres if make is make_postgres else EmbeddedNats

    with pytest.raises(PortTaken) as refusal:
        await kind(tmp_path, port=port).start()

    assert refusal.value.port == port
    listener.close()
    await listener.wait_closed()


@pytest.mark.parametrize("make", [make_postgres], ids=["postgres"])
async def test_postgres_ignores_a_pid_file_whose_number_is_another_process(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    await write(server)
    await server.kill()
    pid_file = tmp_path / "server" / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    # Postgres takes only a process of its own account for a postmaster.
    account = pid_file.owner()
    with subprocess.Popen(["sleep", "60"], user=account if os.geteuid() == 0 else None) as other:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        try:
            await server.start()
        finally:
            other.kill()

    assert await read(server) == 42


@pytest.mark.parametrize("make", [make_postgres], ids=["postgres"])
async def test_postgres_makes_the_cluster_anew_when_initdb_was_cut(
    make: Maker, tmp_path: Path
) -> None:
    draft = tmp_path / "cluster.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")

    async with make(tmp_path) as server:
        await write(server)

    assert not draft.exists()


async def test_postgres_is_version_18_durable_and_asks_for_the_password(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)  # the server's account may not enter, yet it must work
    async with EmbeddedPostgres(closed / "data", settings={"work_mem": "5MB"}) as server:
        connection = await asyncpg.connect(server.url)
        rows = await connection.fetch(
            "select name, setting from pg_settings where name = any($1)",
            ["fsync", "synchronous_commit", "max_connections", "work_mem", "full_page_writes"],
        )
        assert connection.get_server_version().major == 18
        await connection.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url, password="wrong")

    assert {row["name"]: row["setting"] for row in rows} == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "max_connections": "200",
        "work_mem": "5120",
    }


async def test_nats_takes_messages_up_to_8_mb(nats_server: EmbeddedNats) -> None:
    client = await nats.connect(nats_server.url)
    assert client.max_payload == 8 * 1024 * 1024
    await client.close()


async def test_the_session_has_a_postgres(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("select 1") == 1
    await connection.close()

"""The login that `deploy/docker` makes for the services: enough to serve, and nothing more."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from command_api.store.migrate import migrate
from command_api.store.pool import open_connection
from holdfast_dev.postgres import EmbeddedPostgres

SCRIPT = Path(__file__).parents[2] / "deploy/docker/postgres/10-login.sh"


async def test_serves_as_writer_and_relay_and_may_not_become_the_owner(tmp_path: Path) -> None:
    [sql] = re.findall(r"<<'SQL'\n(.*?)\nSQL\n", SCRIPT.read_text(), re.DOTALL)
    async with EmbeddedPostgres(tmp_path, fsync=False) as server:
        superuser = await asyncpg.connect(server.url)
        await superuser.execute(sql.replace(":'password'", "'secret'"))
        await superuser.close()
        assert await migrate(server.url)
        login = urlsplit(server.url)._replace(netloc=f"holdfast:secret@127.0.0.1:{server.port}")

        writer = await open_connection(login.geturl(), "holdfast_writer", application="test")
        assert await writer.fetchval("select count(*) from holdfast.clubs") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await writer.execute("delete from holdfast.events")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await writer.execute("set role holdfast_owner")
        await writer.close()
        relay = await open_connection(login.geturl(), "holdfast_relay", application="test")
        assert await relay.fetchval("select count(*) from holdfast.progress") == 0
        await relay.close()

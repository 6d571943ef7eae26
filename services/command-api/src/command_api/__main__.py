"""`python -m command_api` serves; `python -m command_api migrate` brings the database up to date."""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop

from command_api.app import serve
from command_api.config import Config
from command_api.store.migrate import MigrationError, migrate
from holdfast.runtime.config import ConfigError, load_config
from holdfast.runtime.logs import setup_logging

USAGE = "usage: python -m command_api [serve | migrate]"


def main(arguments: list[str]) -> int:
    """The exit status: 0, 1 where the work failed, 2 where the call or a setting is wrong."""
    verb = arguments[0] if arguments else "serve"
    if verb not in ("serve", "migrate") or len(arguments) > 1:
        sys.stderr.write(USAGE + "\n")
        return 2
    try:
        config = load_config(Config, os.environ)
    except ConfigError as error:
        sys.stderr.write(f"command-api: {error}\n")
        return 2
    setup_logging(config.log_level, config.log_style)
    if verb == "migrate":
        return _migrate(config)
    return uvloop.run(serve(config))


def _migrate(config: Config) -> int:
    try:
        applied = asyncio.run(migrate(config.postgres_owner_url or config.postgres_url))
    except MigrationError as error:
        sys.stderr.write(f"command-api: {error}\n")
        return 1
    except (OSError, TimeoutError) as error:
        sys.stderr.write(f"command-api: the database cannot be reached: {error!r}\n")
        return 1
    sys.stdout.write(f"applied: {', '.join(applied) or 'nothing, the schema is up to date'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

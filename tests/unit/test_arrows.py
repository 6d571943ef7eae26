"""The house keeps its arrows: who may import whom, read from the sources."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    "holdfast": ROOT / "shared/src/holdfast",
    "command_api": ROOT / "services/command-api/src/command_api",
    "stream_gateway": ROOT / "services/stream-gateway/src/stream_gateway",
    "holdfast_dev": ROOT / "deploy/dev/src/holdfast_dev",
}
OURS = tuple(SOURCES)

# What a module (by prefix) may import of ours; the first rule that fits holds.
MAY_IMPORT = {
    "holdfast.contracts": ("holdfast.contracts",),
    "holdfast.runtime": ("holdfast.contracts", "holdfast.runtime"),
    "holdfast.openapi": ("holdfast.contracts", "holdfast.openapi"),
    "command_api.domain": ("command_api.domain", "holdfast.contracts"),
    "command_api.store": (
        "command_api.store",
        "command_api.domain",
        "holdfast.contracts",
        "command_api.cache",
    ),
    "command_api.http": (
        "command_api.http",
        "command_api.writer",
        "command_api.job",
        "command_api.cache",
        "command_api.outages",
        "command_api.domain",
        "command_api.store",
        "holdfast",
    ),
    "command_api": ("command_api", "holdfast"),
    "stream_gateway.frames": (
        "holdfast.contracts",
        "stream_gateway.frames",
        "stream_gateway.coding",
    ),
    "stream_gateway.coding": ("holdfast.contracts", "stream_gateway.coding"),
    "stream_gateway": ("stream_gateway", "holdfast"),
    "holdfast_dev": ("holdfast_dev", "holdfast"),
}

# What a module must not import although its rule above would let it.
NEVER = {
    "command_api.writer": ("command_api.http", "command_api.relay"),
    "command_api.flight": ("command_api.http", "command_api.relay"),
    "command_api.relay": ("command_api.http", "command_api.writer"),
    "command_api.snapshots": ("command_api.http", "command_api.writer"),
    "command_api.sweeper": ("command_api.http",),
    "stream_gateway.channel": (
        "stream_gateway.hub",
        "stream_gateway.routes",
        "stream_gateway.feed",
    ),
    "stream_gateway.hub": ("stream_gateway.routes", "stream_gateway.feed", "stream_gateway.app"),
    "stream_gateway.feed": ("stream_gateway.routes", "stream_gateway.app"),
}

# Third parties, where a layer is bound to few.
LIBRARIES = {
    "holdfast.contracts": {"msgspec"},
    "holdfast.openapi": {"msgspec"},
    "command_api.domain": {"msgspec"},
    "command_api.store": {"msgspec", "asyncpg"},
}
IMPURE = {"asyncio", "time", "random", "secrets", "os", "socket", "logging", "threading"}


def modules() -> list[tuple[str, Path]]:
    found = []
    for package, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join([package, *(part for part in parts if part != "__init__")])
            found.append((name, path))
    return found


def imports(path: Path) -> set[str]:
    """Modules that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


def under(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def rule(name: str, rules: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return next((rules[prefix] for prefix in rules if under(name, (prefix,))), ())


@pytest.mark.parametrize(
    ("name", "path"), modules(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_imports_follow_the_arrows(name: str, path: Path) -> None:
    used = imports(path)
    for module in used:
        if under(module, OURS):
            assert under(module, rule(name, MAY_IMPORT)), f"{name} must not import {module}"
            assert not under(module, rule(name, NEVER)), f"{name} must not import {module}"
    for layer, allowed in LIBRARIES.items():
        if under(name, (layer,)):
            foreign = {module.split(".")[0] for module in used if not under(module, OURS)}
            assert foreign - set(sys.stdlib_module_names) <= allowed, name


@pytest.mark.parametrize(
    ("name", "path"),
    [pair for pair in modules() if under(pair[0], ("command_api.domain",))],
    ids=str,
)
def test_the_domain_is_pure(name: str, path: Path) -> None:
    assert not imports(path) & IMPURE, f"{name} reaches for the outside"


def test_tables_are_named_only_in_the_store() -> None:
    tables = re.compile(r"\b(from|join|into|update)\s+holdfast\.", re.IGNORECASE)
    for name, path in modules():
        if not under(name, ("command_api",)) or under(name, ("command_api.store",)):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not tables.search(node.value), f"{name}: {node.value[:60]}"

"""What is printed: whole, and in lines that a shell takes."""

import re
import subprocess

import pytest

from holdfast.contracts.states import Role
from holdfast_dev.banner import PERSONAS, READY, Scene, banner, commands, without_password

TOKENS = {persona.title: f"token-of-{persona.subject}" for persona in PERSONAS}


def scene(**changes: object) -> Scene:
    facts: dict[str, object] = {
        "addresses": [("command-api", "http://127.0.0.1:8080"), ("NATS", "nats://127.0.0.1:4222")],
        "venues": [("http://127.0.0.1:8081/?club=backroom", "a restaurant")],
        "command_api": "http://127.0.0.1:8080",
        "gateway": "http://127.0.0.1:8081",
        "tokens": TOKENS,
        "token_hours": 12,
        "date": "2026-02-15",
        "cursor": "k3j2h1-42",
        "hold_file": "/data of mine/hold.json",
        "folder": "/data of mine",
        **changes,
    }
    return Scene(**facts)  # type: ignore[arg-type]


def test_tells_every_address_and_every_token() -> None:
    text = banner(scene())
    for fact in (
        "http://127.0.0.1:8080",
        "nats://127.0.0.1:4222",
        "/data of mine",
        *TOKENS.values(),
    ):
        assert fact in text
    assert READY not in text.splitlines()


def test_every_role_has_somebody() -> None:
    assert {persona.role for persona in PERSONAS} == set(Role)
    assert len({persona.title for persona in PERSONAS}) == len(PERSONAS)


def test_every_command_is_one_line_of_its_own_that_bash_can_read() -> None:
    lines = banner(scene()).splitlines()
    for what, line in commands(scene()):
        assert f"# {what}" in lines
        assert line in lines
        assert line.startswith("curl ")
        subprocess.run(["bash", "-n", "-c", line], check=True)


def test_commands_tell_the_whole_story() -> None:
    whole = "\n".join(line for _, line in commands(scene()))
    assert whole.count("date=2026-02-15") >= 4
    assert whole.count('"date":"2026-02-15"') == 3
    assert "Last-Event-ID: k3j2h1-42" in whole
    assert "-X DELETE" in whole
    assert "/confirm" in whole
    keys = re.findall(r'Idempotency-Key: ([^"]+)"', whole)
    assert len(keys) == 4
    # two requests of one customer must not share a key, even within one tick of the clock
    assert len({(key, who) for key, who in zip(keys, "abaa", strict=True)}) == 4


def test_the_last_hold_is_read_from_a_file_whose_name_may_have_blanks(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("with blanks")
    file = folder / "hold.json"
    file.write_text('{"status":"active","holdId":"hld_1","version":3}\n')
    told = dict(commands(scene(hold_file=str(file))))
    [release] = [line for line in told.values() if "DELETE" in line]
    program = f'curl() {{ echo "$6"; }}; {release}'
    seen = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    assert seen.stdout.strip().endswith("/venues/leeds/holds/hld_1")


def test_without_a_cursor_nothing_is_said_of_reconnecting() -> None:
    assert "Last-Event-ID" not in banner(scene(cursor=None))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db:5432/x", "postgresql://me:***@db:5432/x"),
        ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
    ],
)
def test_passwords_of_others_are_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown

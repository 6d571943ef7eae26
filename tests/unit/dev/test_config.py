"""Settings, the secret that is kept, and tokens made with it."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.contracts.states import Role
from holdfast.runtime.auth import TokenVerifier
from holdfast_dev.__main__ import main
from holdfast_dev.config import (
    Config,
    ConfigError,
    Counts,
    jwt_secret,
    load_config,
    load_counts,
)

SECRET = "a secret of more than thirty-two bytes"


def test_the_defaults_are_the_two_ports_and_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config(Config, {})
    assert (config.command_api_port, config.stream_gateway_port) == (8080, 8081)
    assert config.folder == tmp_path / ".data"
    assert load_counts({}) == Counts(command_apis=1, gateways=1)


def test_counts_have_no_prefix() -> None:
    # make exports both, empty where they are not given
    assert load_counts({"COMMAND_APIS": "2", "GATEWAYS": ""}) == Counts(command_apis=2)
    for wrong in ("0", "33", "many"):
        with pytest.raises(ConfigError, match="GATEWAYS"):
            load_counts({"GATEWAYS": wrong})


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path / "data"))
    secret = jwt_secret(config)
    assert len(secret) >= 32
    assert jwt_secret(config) == secret
    [file] = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_that_is_set_is_not_kept(tmp_path: Path) -> None:
    config = Config(data_dir=str(tmp_path), jwt_secret=SECRET)
    assert jwt_secret(config) == SECRET
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="HOLDFAST_JWT_SECRET"):
        jwt_secret(Config(jwt_secret="short"))


def test_a_damaged_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jwt-secret").write_text("\n")
    with pytest.raises(ConfigError, match="remove it"):
        jwt_secret(Config(data_dir=str(tmp_path)))


def test_prints_a_token_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDFAST_JWT_SECRET", SECRET)
    assert main(["token", "--role", "manager", "--club", "backroom", "--sub", "me"]) == 0
    said = capsys.readouterr()
    principal = TokenVerifier(SECRET).verify(said.out.removesuffix("\n"))
    assert (principal.role, principal.club, principal.subject) == (Role.MANAGER, "backroom", "me")
    assert said.err == ""


@pytest.mark.parametrize("role", ["customer", "admin"])
def test_customers_and_admins_need_no_club(
    role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDFAST_JWT_SECRET", SECRET)
    assert main(["token", "--role", role]) == 0
    principal = TokenVerifier(SECRET).verify(capsys.readouterr().out.strip())
    assert (principal.role, principal.club) == (Role(role), None)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--role", "boss"], "ROLE=boss is unknown; it is one of customer, staff, manager"),
        (["--role", "staff"], "CLUB="),
        (["--role", "staff", "--club", "no id"], "CLUB=no id is not an id"),
        (["--sub", "x" * 300], "SUB"),
    ],
)
def test_says_what_is_wrong_with_a_token(
    arguments: list[str],
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOLDFAST_JWT_SECRET", SECRET)
    assert main(["token", *arguments]) == 2
    said = capsys.readouterr()
    assert problem in said.err
    assert said.out == ""


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    environment = {"HOLDFAST_COMMAND_API_PORT": "http", "HOLDFAST_DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", "holdfast_dev", "run"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "HOLDFAST_COMMAND_API_PORT" in run.stderr

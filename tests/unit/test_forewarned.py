"""What makes an installation useless is said at its start, and by `rescind config check`."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.config import app
from cli.forewarned import forewarn
from config.load import load
from config.settings import Settings
from ledger import accounts
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate

RUNNER = CliRunner()
SECRET = "correct-horse-battery-staple"
WHOLE: dict[str, Any] = {
    "sources": {"s": {"kind": "sentinel", "origin": {"proof": "shared_secret", "secret": SECRET}}},
    "tenants": {"contoso": {"okta": {"org_url": "https://contoso.okta.com", "api_token": "x"}}},
    "chat": {"urls": {"soc": "slack://a/b/c"}},
}
ACTOR = {"type": "human", "sub": "test"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'rescind.db'}")
    migrate(made)
    yield made
    made.close()


def told(tree: dict[str, Any], database: Database, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.clear()
    forewarn(Settings.model_validate(tree), database)
    assert {record.levelno for record in caplog.records} <= {logging.WARNING}
    return [record.getMessage() for record in caplog.records]


def add(database: Database, name: str, role: accounts.Role) -> None:
    accounts.add(database, AuditLog("test"), name, SECRET, role, (), actor=ACTOR)


def test_each_thing_that_is_missing_is_a_line_of_its_own(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    add(database, "riley", accounts.Role.APPROVER)
    assert told(WHOLE, database, caplog) == []
    for key, said in (("sources", "[sources.NAME]"), ("tenants", "[tenants.NAME]"),
                      ("chat", "[chat.urls]")):  # fmt: skip
        (line,) = told({**WHOLE, key: {}}, database, caplog)
        assert said in line
        assert "\n" not in line


def test_it_is_said_that_nobody_may_decide(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    (line,) = told(WHOLE, database, caplog)
    assert "rescind users add" in line
    add(database, "vera", accounts.Role.VIEWER)
    add(database, "adam", accounts.Role.ADMIN)
    assert told(WHOLE, database, caplog) == []
    accounts.set_disabled(database, AuditLog("test"), "adam", disabled=True, actor=ACTOR)
    assert told(WHOLE, database, caplog) == [line]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder anybody may look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _write(path: Path, text: str, mode: int) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


OKTA = "tenants.a.okta.org_url = 'https://contoso.okta.com'\n"


def exposed(path: Path) -> dict[str, str]:
    return {".".join(map(str, one.key)): one.what for one in load(path, {}).warnings}


def test_secrets_anybody_can_read_are_told(open_folder: Path) -> None:
    file = _write(
        open_folder / "rescind.toml", OKTA + "tenants.a.okta.api_token_file = 'k'\n", 0o644
    )
    key = _write(open_folder / "k", SECRET, 0o644)
    assert str(key) in exposed(file)["tenants.a.okta.api_token"]
    result = RUNNER.invoke(app, ["check", "-c", str(file)])
    assert result.exit_code == 0
    assert f"chmod o= {key}" in result.stderr
    assert SECRET not in result.output
    for mode in (0o640, 0o400):
        key.chmod(mode)
        assert exposed(file) == {}
    key.chmod(0o644)
    open_folder.chmod(0o750)
    assert exposed(file) == {}


def test_a_secret_in_a_settings_file_anybody_can_read_is_told(open_folder: Path) -> None:
    text = OKTA + f"tenants.a.okta.api_token = '{SECRET}'\nbroker.url = 'memory://'\n"
    file = _write(open_folder / "rescind.toml", text, 0o644)
    assert set(exposed(file)) == {"tenants.a.okta.api_token"}
    assert str(file) in exposed(file)["tenants.a.okta.api_token"]
    file.chmod(0o600)
    assert exposed(file) == {}
    _write(file, f"broker.url = 'redis://:{SECRET}@broker.example.com'\n", 0o644)
    assert set(exposed(file)) == {"broker.url"}


def test_a_certificate_anybody_can_read_is_told(open_folder: Path) -> None:
    text = "tenants.a.entra = { tenant_id = 'a', client_id = 'b', certificate_path = 'c.pem' }\n"
    file = _write(open_folder / "rescind.toml", text, 0o644)
    _write(open_folder / "c.pem", "-", 0o604)
    assert set(exposed(file)) == {"tenants.a.entra.certificate_path"}


def test_what_a_later_place_replaces_is_not_looked_at(open_folder: Path) -> None:
    file = _write(
        open_folder / "rescind.toml", OKTA + "tenants.a.okta.api_token_file = 'k'\n", 0o644
    )
    _write(open_folder / "k", SECRET, 0o644)
    environ = {"RESCIND_TENANTS__A__OKTA__API_TOKEN": "another"}
    assert load(file, environ).warnings == ()


def test_check_says_what_is_missing_and_that_all_else_is_well(tmp_path: Path) -> None:
    (tmp_path / "rescind.toml").write_text("")
    result = RUNNER.invoke(app, ["check", "-c", str(tmp_path / "rescind.toml")])
    assert result.exit_code == 0
    assert "fit together" in result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("warning: ") for line in lines)

"""Who is asking, for the records: the person who signed in, not the account a service runs as."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from cli.opened import whoami


@pytest.fixture
def unset(tmp_path: Path) -> Path:
    path = tmp_path / "loginuid"
    path.write_text("4294967295")
    return path


def test_the_login_uid_tells_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = pwd.getpwall()[1]
    (tmp_path / "loginuid").write_text(str(account.pw_uid))
    monkeypatch.setenv("SUDO_USER", "bob")
    monkeypatch.setenv("LOGNAME", "mallory")
    assert whoami(tmp_path / "loginuid") == f"cli:{account.pw_name}"


def test_behind_sudo_it_is_who_called_sudo(unset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "bob")
    assert whoami(unset) == "cli:bob"


def test_else_it_is_the_account_of_the_process_and_not_what_logname_says(
    unset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "mallory")
    assert whoami(unset) == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    assert whoami(unset.parent / "absent") == whoami(unset)


def test_a_uid_without_a_name_is_told_as_a_number(tmp_path: Path) -> None:
    (tmp_path / "loginuid").write_text("3999999999")
    assert whoami(tmp_path / "loginuid") == "cli:3999999999"

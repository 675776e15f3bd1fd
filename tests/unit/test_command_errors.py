"""An error a person can mend ends the command in two lines, whichever room it comes from."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from cli import main as command
from connectors import errors
from ledger.errors import LedgerError, NotMigrated


@pytest.mark.parametrize(
    ("error", "said", "remedy"),
    [
        (errors.Forbidden("User.Read.All is missing", status=403, remedy="Grant it."),
         "status 403", "Grant it."),
        (errors.Refused("chat.urls.oncall: not understood"), "chat.urls.oncall", "address"),
        (errors.Unauthenticated(), "credential", "\n"),
        (NotMigrated("the tables are of version 1"), "version 1", "rescind migrate"),
    ],
)  # fmt: skip
def test_it_is_said_with_its_remedy_and_without_a_traceback(
    error: errors.ConnectorError | LedgerError,
    said: str,
    remedy: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verb = ModuleType("a_verb_that_fails")

    def fail() -> None:
        raise error

    verb.command = fail  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, verb.__name__, verb)
    monkeypatch.setitem(command._VERBS, "runs", verb.__name__)
    with pytest.raises(SystemExit) as ended:
        command.main(["runs"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("rescind: ")
    assert said in told
    assert remedy in told
    assert len(told.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["contain", "a@contoso.com", "--mode", "yolo"], "'yolo' is not one of 'observe'"),
        (["users", "add", "a", "--role", "yolo"], "'yolo' is not one of"),
        (["runs", "--limit", "0"], "'--limit'"),
    ],
)
def test_a_value_that_cannot_be_chosen_is_told_in_words_of_ours(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert "alue error" not in told

"""Actions of third parties: used where they keep the contract, left out with the reason where not."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from connectors import installed
from connectors.action import ActionSpec
from connectors.okta.account import SuspendUser

SYSTEMS = ("entra", "okta")


class Tell(SuspendUser):
    """A third party's action."""

    spec: ClassVar[ActionSpec] = replace(SuspendUser.spec, name="okta.tell")


class Elsewhere(SuspendUser):
    """One of a system there is none of."""

    spec: ClassVar[ActionSpec] = replace(SuspendUser.spec, name="printer.tell", system="printer")


def install(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    points = [
        EntryPoint(name.replace("__", "."), value, installed.GROUP)
        for name, value in values.items()
    ]
    monkeypatch.setattr(installed, "entry_points", lambda group: points if group else [])


def test_one_that_keeps_the_contract_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, okta__tell=f"{__name__}:Tell")
    assert installed.actions((), SYSTEMS) == {"okta.tell": Tell}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("okta__suspend_user", f"{__name__}:Tell", "a shipped action has this name"),
        ("okta__tell", "no.such.module:Tell", "it cannot be loaded"),
        ("okta__other", f"{__name__}:Tell", "its spec has another name"),
        ("okta__tell", f"{__name__}:SYSTEMS", "it is no class of"),
        ("printer__tell", f"{__name__}:Elsewhere", "its system is none of entra, okta"),
    ],
)
def test_one_that_does_not_is_left_out_and_the_log_says_why(
    name: str,
    value: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(monkeypatch, **{name: value})
    assert installed.actions(("okta.suspend_user",), SYSTEMS) == {}
    assert why in caplog.text

"""How a run's steps look in a terminal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli import terminal
from cli.plan import print_plan
from cli.report import print_steps


def test_however_long_a_step_s_name_is_its_state_stands_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    terminal.console.cache_clear()
    held: dict[str, Any] = {"outcome": None, "state": "held", "approval": "none"}
    held |= {"last_error": None, "reason": None, "instructions": None, "proof": None}
    steps = [SimpleNamespace(node=node, **held) for node in ("short", "auth0-revoke-tokens-again")]
    print_steps(cast("Any", steps), {"steps": []})
    assert capsys.readouterr().out.splitlines() == [
        "short                      waits",
        "auth0-revoke-tokens-again  waits",
    ]
    terminal.console.cache_clear()


def test_a_plan_says_of_what_only_reads_that_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    def step(node: str, skipped: str) -> dict[str, Any]:
        told = {"node": node, "title": node, "stage": "trace", "impact": "none", "calls": []}
        return {**told, "reversible": False, "skipped": skipped}

    steps = [step("entra-trace", ""), step("okta-trace", "the parameter trace is off")]
    print_plan({"playbook_name": "P", "playbook": "p", "mode": "observe", "person": [],
                "reasons": [], "notes": [], "steps": steps})  # fmt: skip
    told = " ".join(capsys.readouterr().out.split())
    assert "entra-trace (only reads)" in told
    assert "left out: the parameter trace is off" in told
    assert told.count("left out") == 1

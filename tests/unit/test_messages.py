"""Messages: what a person woken at night has to see first, on a screen that shows the first lines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings
from playbooks.schema import Aim
from tasks import messages

PERSON = [{"system": "entra", "name": "nora.lind@contoso.com", "id": "1"}]


def _step(title: str, *, approval: bool, impact: str = "low", **more: Any) -> dict[str, Any]:
    step = {"title": title, "system": "entra", "approval": approval, "impact": impact}
    return step | {"reversible": False, "skipped": "", "after": [], "needs": []} | more


def _plan(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    numbered = [{"node": f"step-{number}"} | step for number, step in enumerate(steps)]
    plan = {"person": PERSON, "tenant": "contoso", "aim": Aim.CONTAIN.value, "reasons": []}
    return plan | {"steps": numbered} | more


def _ended(node: str) -> Any:
    reason = "refused by its service"
    return SimpleNamespace(
        node=node, outcome="failed", reason=reason, instructions="", approval=None
    )


def _asked(plan: dict[str, Any]) -> str:
    _, body = messages.approval_requested(Settings(), "r" * 36, "a1", 0, plan, "a stolen token")
    return body


def test_the_link_and_the_time_stand_before_the_long_list() -> None:
    body = _asked(_plan(*(_step(f"Step {n}", approval=True, impact="high") for n in range(40))))
    assert body.index("a stolen token") < body.index("Decide before") < body.index("/approvals/a1")
    assert body.index("/approvals/a1") < body.index("Step 0")
    assert body.index("/approvals/a1") < 300


def test_what_is_done_a_second_time_is_told_from_the_first() -> None:
    revoke = _step("End all sessions", approval=True)
    body = _asked(_plan(revoke, _step("Disable the account", approval=True), revoke))
    assert body.count("- End all sessions (") == 1
    assert body.count("- End all sessions, once more (") == 1


def test_who_will_be_shown_the_secret_is_said_to_whoever_approves_it() -> None:
    plan = _plan(
        _step("Issue a pass", approval=True),
        aim=Aim.REISSUE.value,
        hand_over_to={"id": "u1", "name": "harper"},
    )
    assert "Handed over by: harper" in _asked(plan)


def test_a_page_that_takes_1024_characters_has_the_link_whatever_the_reasons() -> None:
    reasons = [f"guardrail {number} says so: {'a long reason ' * 12}" for number in range(4)]
    plan = _plan(_step("Disable the account", approval=True, impact="high"), reasons=reasons)
    title, body = messages.approval_requested(Settings(), "r" * 36, "a1", 0, plan, "t" * 360)
    assert "/approvals/a1" in f"{title}\r\n{body}"[:1024]
    assert "guardrail 3" in body


@pytest.mark.parametrize("late", [False, True])
def test_a_page_that_takes_1024_characters_has_the_link_however_much_was_done(late: bool) -> None:
    steps = [_ended(f"step-{number}") for number in range(40)]
    run: Any = SimpleNamespace(id="r1", tenant="contoso", aim=Aim.CONTAIN.value, plan=_plan())
    title, body = (
        messages.run_finished_late(Settings(), run, "partial", steps)
        if late
        else messages.run_finished(Settings(), run, "partial", steps, [])
    )
    assert "/runs/r1" in f"{title}\r\n{body}"[:1024]
    assert "step-39" in body

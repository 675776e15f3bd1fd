"""Messages: what a person woken at night has to see first, on a screen that shows the first lines."""

from __future__ import annotations

from typing import Any

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

"""The plan people approve holds all that will be done: its hash changes with every bit of it."""

from __future__ import annotations

import pytest
from planning import ENTRA, OKTA, plan_of, step_of

from playbooks.plan import Plan

UNDONE = """\
steps:
  - {id: disable, stage: contain, action: entra.disable_user}
  - {id: enable, stage: reissue, undo: disable, delay_minutes: 60}
  - {id: suspend, stage: contain, action: okta.suspend_user}
  - {id: unsuspend, stage: reissue, undo: suspend}
"""
NOON, LATER = "2026-03-01T12:00:00Z", "2026-03-01T18:00:00Z"


def _document(plan: Plan, node: str) -> dict[str, object]:
    steps: list[dict[str, object]] = plan.document()["steps"]
    return next(step for step in steps if step["node"] == node)


def test_the_calls_of_an_undo_are_shown_though_nobody_is_asked_again() -> None:
    plan = plan_of(UNDONE)
    (enable,) = step_of(plan, "enable").calls
    assert (enable.method, enable.path) == ("DELETE", f"/{ENTRA.id}/entra.disable_user")
    (unsuspend,) = step_of(plan, "unsuspend").calls
    assert unsuspend.path == f"/{OKTA.id}/okta.suspend_user"
    assert _document(plan, "enable")["calls"]
    assert not step_of(plan, "enable").approval


def test_an_undo_that_is_left_out_shows_no_call() -> None:
    assert step_of(plan_of(), "entra-restore-lifetime").calls == ()


def test_when_the_theft_began_decides_what_is_removed_and_is_hashed_and_shown() -> None:
    noon, later = plan_of(since=NOON), plan_of(since=LATER)
    assert noon.document()["hash"] != later.document()["hash"]
    methods = _document(noon, "entra-auth-methods")
    assert methods["target"] == {
        "tenant": "contoso", "id": ENTRA.id, "name": ENTRA.name, "since": NOON,
    }  # fmt: skip
    (note,) = [note for note in noon.notes if NOON in note]
    assert "entra-auth-methods" in note
    assert "okta-factors" in note


def test_an_unknown_beginning_is_said_where_it_matters() -> None:
    (note,) = [note for note in plan_of().notes if "not known when the theft began" in note]
    assert "entra-auth-methods" in note


@pytest.mark.parametrize("scope", ["", ", with: {scope: all}"])
def test_the_beginning_is_no_matter_where_nothing_is_chosen_by_it(scope: str) -> None:
    text = (
        "steps:\n  - {id: revoke, stage: revoke, action: entra.revoke_sessions}\n"
        "  - {id: reset, stage: reset, action: entra.reset_password}\n"
    )
    if scope:
        text += "  - {id: methods, stage: clean, action: entra.remove_auth_methods" + scope + "}\n"
    assert not [note for note in plan_of(text, since=NOON).notes if "theft" in note]


def test_an_account_the_playbook_does_nothing_about_is_said() -> None:
    plan = plan_of("steps:\n  - {id: revoke, stage: revoke, action: entra.revoke_sessions}")
    assert "okta: this playbook has no step for the account there" in plan.notes

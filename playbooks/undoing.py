"""What undoing an action sends, for the plan people approve: an undo runs without asking again.

Source: the actions' own ``undo``; a test sends each and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.action import PlannedCall, Target

_Calls = Callable[[Target, Mapping[str, Any]], tuple[PlannedCall, ...]]

_ASSIGNED = "/applications/{id}/tokenLifetimePolicies"


def calls(action: str, parameters: Mapping[str, Any], target: Target) -> tuple[PlannedCall, ...]:
    """Return the requests that undoing ``action``, done with ``parameters``, may send."""
    return _KNOWN[action](target, parameters)


def _enable(target: Target, _: Mapping[str, Any]) -> tuple[PlannedCall, ...]:
    why = "unlocks the account, if it was not locked before"
    return (PlannedCall("PATCH", f"/users/{target.id}", '{"accountEnabled": true}', why),)


def _enable_rules(target: Target, _: Mapping[str, Any]) -> tuple[PlannedCall, ...]:
    path = f"/users/{target.id}/mailFolders/inbox/messageRules/{{rule}}"
    return (PlannedCall("PATCH", path, '{"isEnabled": true}', "for each rule that was disabled"),)


def _give_back_lifetime(_: Target, parameters: Mapping[str, Any]) -> tuple[PlannedCall, ...]:
    app = parameters.get("app_id")
    return (
        PlannedCall(
            "DELETE", f"{_ASSIGNED}/{{policy}}/$ref", why=f"takes our policy off app {app}"
        ),
        PlannedCall(
            "POST", f"{_ASSIGNED}/$ref", why="the policy the app had before, if it had one"
        ),
        PlannedCall("DELETE", "/policies/tokenLifetimePolicies/{policy}", why="our policy"),
    )


def _unsuspend(target: Target, _: Mapping[str, Any]) -> tuple[PlannedCall, ...]:
    path = f"/api/v1/users/{target.id}/lifecycle/unsuspend"
    return (PlannedCall("POST", path, why="the account can sign in, if it could before"),)


_KNOWN: Mapping[str, _Calls] = {
    "entra.disable_user": _enable,
    "entra.disable_inbox_rules": _enable_rules,
    "entra.shorten_token_lifetime": _give_back_lifetime,
    "okta.suspend_user": _unsuspend,
}

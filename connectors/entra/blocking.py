"""Which Conditional Access policies keep the members of a group from signing in, and how far.

Membership alone blocks nobody: a policy has to be on (report-only is not), block, name the group, leave the
person in, and ask for nothing besides. What a policy asks for that is not known here counts as a limit.
Source: Microsoft Graph v1.0, conditionalAccessPolicy (Policy.Read.All; one request a second for a tenant)
and entra-docs, concept-conditional-access-conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors import errors
from connectors.action import Target
from connectors.entra import access_policies, powershell
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

READ_PERMISSION = "Policy.Read.All"
_POLICIES = "/identity/conditionalAccess/policies"
CHECK = f"GET {_POLICIES}"
WHOLLY, PARTLY, NOT = "wholly", "in part", "not"
_EVERY_CLIENT = frozenset({"browser", "mobileappsanddesktopclients", "exchangeactivesync", "other"})
_GUESTS = "GuestsOrExternalUsers"
_JUDGED = frozenset({"users", "applications", "clientAppTypes", "platforms", "locations"})
_UNTIL_THEN = "Until then entra.disable_user closes the account. Afterwards start this step again."


@dataclass(frozen=True, slots=True)
class Blocking:
    """What the tenant's policies do to members of the group.

    ``policies`` holds each that names the group: ``id``, ``name``, ``state``, ``blocks`` (``wholly``, ``in part``
    or ``not``), ``why`` (what limits or prevents it) and ``once_on`` (what it would block if it were on).
    ``unread`` says why they could not be read.
    """

    group_id: str
    policies: tuple[Json, ...] = ()
    unread: str = ""

    @property
    def extent(self) -> str | None:
        """``wholly``, ``in part`` or ``not``; None where that is not known."""
        if self.unread:
            return None
        found = {str(policy["blocks"]) for policy in self.policies}
        return next((extent for extent in (WHOLLY, PARTLY) if extent in found), NOT)

    def snapshot(self) -> Json:
        """What is kept of it."""
        return {"extent": self.extent, "policies": list(self.policies), "unread": self.unread}

    def told(self) -> str:
        """What a person should know, in a sentence or two."""
        if self.extent is None:
            return f"Whether any policy blocks the group could not be read: {self.unread}."
        if self.extent == NOT:
            named = "; ".join(_said(policy) for policy in self.policies)
            return f"No enabled Conditional Access policy blocks the group: {named or 'none names it'}."
        blocking = [policy for policy in self.policies if policy["blocks"] == self.extent]
        if self.extent == PARTLY:
            return f"The group is blocked in part: {'; '.join(map(_said, blocking))}."
        return f"Blocked by {', '.join(repr(policy['name']) for policy in blocking)}."

    def instructions(self) -> str:
        """What a person has to do so that the group is blocked, with the exact command."""
        ready = [p for p in self.policies if p["blocks"] != WHOLLY and p["once_on"] == WHOLLY]
        if ready:
            lines = [
                f"Switch the policy {ready[0]['name']!r} on; it blocks every member of the group at once:",
                powershell.graph("PATCH", f"{_POLICIES}/{ready[0]['id']}", {"state": "enabled"}),
            ]
        else:
            lines = [
                "Let a policy block the group wholly, and exclude nobody who is quarantined:",
                powershell.graph("POST", _POLICIES, _whole(self.group_id)),
            ]
        return "\n".join((*lines, _UNTIL_THEN))


async def read(client: EntraClient, group_id: str, target: Target) -> Blocking:
    """Read the policies that name the group and judge what they do to ``target`` as its member.

    Raises:
        errors.ConnectorError: they cannot be read now. A missing permission is no error: ``unread``.
    """
    request = Request(
        "GET",
        _POLICIES,
        lambda graph, _: graph.identity.conditional_access.policies,
        query={"select": "id,displayName,state,conditions,grantControls"},
        bucket="risk",
        needs=f"the permission {READ_PERMISSION}",
    )
    try:
        naming = [p for p in await client.items(request) if _names(p, group_id)]
    except errors.Forbidden:
        why = f"that takes the permission {READ_PERMISSION}, and the policies Entra ID P1"
        return Blocking(group_id, unread=why)
    users = [_part(_part(policy, "conditions"), "users") for policy in naming]
    asked = any(_list(each, "excludeGroups") or _list(each, "excludeRoles") for each in users)
    memberships = await access_policies.member_of(client, target.id) if asked else []
    return Blocking(
        group_id, tuple(judged(policy, group_id, target, memberships) for policy in naming)
    )


def judged(
    policy: Mapping[str, Any], group_id: str, target: Target, memberships: Iterable[Json] = ()
) -> Json:
    """What a policy that names the group does to ``target`` as its member.

    Args:
        policy: a conditionalAccessPolicy as Graph gives it.
        group_id: the group.
        target: the person; whether she is a guest is taken from her facts.
        memberships: the directory objects she belongs to, those she inherits included.
    """
    conditions = _part(policy, "conditions")
    against = [*_let_through(policy), *_left_out(conditions, group_id, target, memberships)]
    limits = [*_limits_of_apps(conditions), *_limits(conditions)]
    once_on = NOT if against else PARTLY if limits else WHOLLY
    on = policy.get("state") == "enabled"
    return {
        "id": str(policy.get("id")),
        "name": str(policy.get("displayName") or ""),
        "state": str(policy.get("state")),
        "blocks": once_on if on else NOT,
        "once_on": once_on,
        "why": [*(() if on else (_off(policy),)), *against, *limits],
    }


def _off(policy: Mapping[str, Any]) -> str:
    reporting = policy.get("state") == "enabledForReportingButNotEnforced"
    return "only reports" if reporting else "is switched off"


def _let_through(policy: Mapping[str, Any]) -> Iterable[str]:
    if "block" not in _list(_part(policy, "grantControls"), "builtInControls"):
        yield "does not block"


def _left_out(
    conditions: Mapping[str, Any], group_id: str, target: Target, memberships: Iterable[Json]
) -> Iterable[str]:
    users, held = _part(conditions, "users"), list(memberships)
    excluded = {str(each).lower() for each in _list(users, "excludeGroups")}
    roles = {str(each).lower() for each in _list(users, "excludeRoles")}
    if target.id.lower() in (str(each).lower() for each in _list(users, "excludeUsers")):
        yield "excludes the account"
    if group_id in excluded:
        yield "excludes the group itself"
    if any(str(each.get("id")).lower() in excluded - {group_id} for each in held):
        yield "excludes another group of the account's"
    if roles and any(_may_be(each, roles) for each in held):
        yield "excludes a role of the account's, or one that could not be read"
    guests = _GUESTS in _list(users, "excludeUsers") or _says(
        users.get("excludeGuestsOrExternalUsers")
    )
    if guests and target.facts.get("guest") is not False:
        yield "excludes guests, and the account is one or it is not known"


def _may_be(held: Json, roles: set[str]) -> bool:
    # Without the right to read roles Graph lists them with their type and id alone.
    if not str(held.get("@odata.type")).endswith("directoryRole"):
        return False
    template = held.get("roleTemplateId")
    return template is None or str(template).lower() in roles


def _limits_of_apps(conditions: Mapping[str, Any]) -> Iterable[str]:
    apps = _part(conditions, "applications")
    if "All" not in _list(apps, "includeApplications"):
        yield "only some apps"
    left_out = [str(each) for each in _list(apps, "excludeApplications")]
    if left_out:
        yield f"not the apps {', '.join(left_out)}"
    if _says(apps.get("applicationFilter")):
        yield "only apps that a filter chooses"


def _limits(conditions: Mapping[str, Any]) -> Iterable[str]:
    clients = {str(each).lower() for each in _list(conditions, "clientAppTypes")}
    if "all" not in clients and not clients >= _EVERY_CLIENT:
        yield "only some kinds of client"
    for name in ("platforms", "locations"):
        part, every = _part(conditions, name), f"include{name.capitalize()}"
        all_of_them = "all" in (str(each).lower() for each in _list(part, every))
        if _says(part) and (
            not all_of_them or _says({k: v for k, v in part.items() if k != every})
        ):
            yield f"only some {name}"
    for name, value in conditions.items():
        if name not in _JUDGED and _says(value):
            yield f"only where {name} fits"


def _names(policy: Mapping[str, Any], group_id: str) -> bool:
    users = _part(_part(policy, "conditions"), "users")
    return group_id in (str(each).lower() for each in _list(users, "includeGroups"))


def _whole(group_id: str) -> Json:
    return {
        "displayName": "Block quarantined accounts",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeGroups": [group_id]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }


def _said(policy: Mapping[str, Any]) -> str:
    return f"{policy['name']!r} {', '.join(policy['why'])}"


def _says(value: object) -> bool:
    """Whether a part of a policy says anything; Graph writes empty parts in several ways."""
    if isinstance(value, Mapping):
        return any(_says(each) for key, each in value.items() if not str(key).startswith("@odata"))
    return value not in (None, "", [], ())


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    listed = value.get(name)
    return listed if isinstance(listed, list) else []

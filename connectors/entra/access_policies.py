"""Conditional Access as far as it decides how long somebody stays signed in, and whom it is meant for.

Source: Microsoft Graph v1.0 and beta, conditionalAccessPolicy and its session controls; user, list
transitiveMemberOf.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.entra.access_scope import App, Subject, scope
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

_PATH = "/identity/conditionalAccess/policies"
#: Conditional Access shares the limit of Identity Protection: one request a second for all apps.
_BUCKET = "risk"


async def policies(client: EntraClient, *, beta: bool = False) -> list[Json]:
    """Read all policies; continuous access evaluation is a session control of ``beta`` only.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    return await client.items(
        Request(
            "GET",
            _PATH,
            lambda graph, _: graph.identity.conditional_access.policies,
            bucket=_BUCKET,
            needs="the permission Policy.Read.All",
            beta=beta,
        )
    )


async def member_of(client: EntraClient, user_id: str, *, bucket: str = "default") -> list[Json]:
    """List the directory objects a user belongs to, those that she inherits included.

    Raises:
        errors.ConnectorError: they cannot be read.
    """
    # All properties: which kind has which cannot be chosen among directory objects of many kinds.
    return await client.items(
        Request(
            "GET",
            "/users/{id}/transitiveMemberOf",
            lambda graph, ids: graph.users.by_user_id(ids["id"]).transitive_member_of,
            params={"id": user_id},
            bucket=bucket,
            needs="the permission GroupMember.Read.All, and Directory.Read.All for roles",
        )
    )


def told_apart(held: Iterable[Json]) -> tuple[frozenset[str], frozenset[str] | None]:
    """The ids of the groups among ``held``, and the templates of the roles.

    Roles are None where Graph shows them without saying which they are, for want of a permission.
    """
    objects = list(held)
    roles = [each for each in objects if str(each.get("@odata.type")).endswith("directoryRole")]
    templates = [each.get("roleTemplateId") for each in roles]
    groups = (each.get("id") for each in objects if each not in roles)
    return (
        frozenset(str(group).lower() for group in groups),
        None if None in templates else frozenset(str(each).lower() for each in templates),
    )


def controls(
    found: Iterable[Mapping[str, Any]],
    modes: Mapping[str, str] | None,
    subject: Subject,
    app: App | None,
) -> list[Json]:
    """The policies that may decide how long the user stays signed in, with what each asks for.

    Args:
        found: all policies.
        modes: of continuous access evaluation, by policy id; None where not known.
        subject: the user.
        app: the app; None for any.

    Returns:
        A policy each: ``policy`` (its name), ``id``, ``enforced`` (else report only), ``applies``
        (True, or None where it cannot be told: ``why``), ``conditions``, and what it asks for:
        ``hours`` (0 for every time; None), ``browser`` (``always``, ``never`` or None), ``cae``.
    """
    told = []
    for policy in found:
        state, policy_id = policy.get("state"), str(policy.get("id"))
        session = policy.get("sessionControls") or {}
        asked = {
            "hours": _hours(session.get("signInFrequency")),
            "second_factor_only": _second_only(session.get("signInFrequency")),
            "browser": _mode(session.get("persistentBrowser")),
            "cae": (modes or {}).get(policy_id),
        }
        if state == "disabled" or all(asked[name] is None for name in ("hours", "browser", "cae")):
            continue
        meant = scope(policy, subject, app)
        if meant.applies is not False:
            told.append(
                {
                    "policy": str(policy.get("displayName")),
                    "id": policy_id,
                    "enforced": state == "enabled",
                    "applies": meant.applies,
                    "why": meant.why,
                    "conditions": list(meant.conditions),
                    **asked,
                }
            )
    return told


def modes(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The mode of continuous access evaluation by policy id, from the policies as beta shows them."""
    told = {}
    for policy in found:
        control = (policy.get("sessionControls") or {}).get("continuousAccessEvaluation")
        if isinstance(control, dict) and control.get("mode"):
            told[str(policy.get("id"))] = str(control["mode"])
    return told


def _hours(control: object) -> float | None:
    if not isinstance(control, dict) or control.get("isEnabled") is not True:
        return None
    if control.get("frequencyInterval") == "everyTime":
        return 0.0
    value, kind = control.get("value"), control.get("type")
    if not isinstance(value, int) or kind not in ("hours", "days"):
        return None
    return float(value * 24 if kind == "days" else value)


def _second_only(control: object) -> bool:
    asked = control.get("authenticationType") if isinstance(control, dict) else None
    return asked == "secondaryAuthentication"


def _mode(control: object) -> str | None:
    if not isinstance(control, dict) or control.get("isEnabled") is not True:
        return None
    return str(control.get("mode"))

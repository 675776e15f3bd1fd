"""The user object: what is read of it, and what that says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.action import Json, Outcome, Target, Verdict
from connectors.entra.client import Request

#: Everything planning and the actions need to know, in one read.
PROPERTIES = (
    "id",
    "userPrincipalName",
    "displayName",
    "mail",
    "accountEnabled",
    "userType",
    "onPremisesSyncEnabled",
    "onPremisesSamAccountName",
    "isManagementRestricted",
    "signInSessionsValidFromDateTime",
    "lastPasswordChangeDateTime",
)
READ_PERMISSION = "User.Read.All"


def by_id(user_id: str) -> Request:
    """The read of one user."""
    return Request(
        "GET",
        "/users/{id}",
        lambda graph, ids: graph.users.by_user_id(ids["id"]),
        params={"id": user_id},
        query={"select": ",".join(PROPERTIES)},
        needs=f"the permission {READ_PERMISSION}",
    )


def known(user: Mapping[str, Any]) -> dict[str, Any]:
    """The properties asked for, and nothing an answer may carry besides."""
    return {name: user.get(name) for name in PROPERTIES}


def is_guest(user: Mapping[str, Any]) -> bool:
    """Whether the person signs in through another tenant (B2B, whatever the user type says)."""
    return user.get("userType") == "Guest" or "#EXT#" in str(user.get("userPrincipalName"))


def is_synced(user: Mapping[str, Any]) -> bool:
    """Whether the account is mastered in an on-premises directory."""
    return user.get("onPremisesSyncEnabled") is True


def as_read(target: Target) -> Json:
    """Return the account as it was when it was found, for what has to be decided without reading it."""
    return {
        "userPrincipalName": target.name,
        "userType": "Guest" if target.facts.get("guest") is True else "Member",
        "onPremisesSyncEnabled": target.facts.get("synced") is True,
    }


def out_of_reach(target: Target) -> Verdict | None:
    """Say that an account is in a restricted management administrative unit; None where it is not.

    Source: Microsoft Graph v1.0, user: isManagementRestricted (a role over the unit is needed).
    """
    if target.facts.get("restricted") is not True:
        return None
    return Verdict(
        Outcome.SKIPPED,
        "The account is in a restricted management unit: the tenant's roles do not reach it.",
        "Assign Rescind's application its role over that administrative unit.",
    )


def facts(user: Mapping[str, Any]) -> dict[str, Any]:
    """What planning needs to know of the account."""
    return {
        "enabled": user.get("accountEnabled"),
        "user_type": user.get("userType"),
        "guest": is_guest(user),
        "synced": is_synced(user),
        "restricted": user.get("isManagementRestricted") is True,
        "sessions_valid_from": user.get("signInSessionsValidFromDateTime"),
        "last_password_change": user.get("lastPasswordChangeDateTime"),
    }

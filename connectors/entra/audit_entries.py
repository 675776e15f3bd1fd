"""The directory's audits as entries of a timeline.

Source: Microsoft Graph v1.0, directoryAudit; Microsoft Entra audit activity reference. Inbox rules are
Exchange's and not told here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from connectors.clock import instant
from connectors.entra.sign_in_entries import part, text
from connectors.timeline import Entry, Kind

REVOKED = "Update StsRefreshTokenValidFrom Timestamp"
DISABLED, ENABLED = "Disable account", "Enable account"
UPDATED = "Update user"
PASSWORD_SET = frozenset(
    {
        "Reset user password",
        "Reset password (by admin)",
        "Reset password (self-service)",
        "Change user password",
        "Change password (self-service)",
    }
)
#: That a person has registered a method of her own.
REGISTERED = frozenset(
    {
        "User registered security info",
        "User registered all required security info",
        "User changed default security info",
    }
)
_ENDS = frozenset({REVOKED, "Revoke user sessions"})
_SIGNALS = "Identity Protection"
_APPS = frozenset({"Application", "ServicePrincipal"})


def entry_of(audit: object) -> Entry | None:
    """Read one audit; None where it is none. Names in it are cut to 200 printable characters."""
    if not isinstance(audit, dict):
        return None
    at, activity = instant(audit.get("activityDateTime")), text(audit, "activityDisplayName")
    if at is None or activity is None:
        return None
    who = part(audit, "initiatedBy")
    user, app = part(who, "user"), part(who, "app")
    listed = audit.get("targetResources")
    targets = (
        [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    person = next((each for each in targets if each.get("type") == "User"), user)
    touched = next((each for each in targets if each.get("type") in _APPS), {})
    device = next((each for each in targets if each.get("type") == "Device"), {})
    actor = text(user, "id") or text(app, "appId") or text(app, "servicePrincipalId")
    return Entry(
        at=at,
        system="entra",
        id=text(audit, "id") or "",
        event=activity,
        kind=_kind(activity, audit),
        outcome=text(audit, "result") or "unknown",
        actor=actor.lower() if actor else None,
        actor_name=text(user, "userPrincipalName") or text(app, "displayName"),
        person=(text(person, "id") or "").lower() or None,
        person_name=text(person, "userPrincipalName"),
        ip=text(user, "ipAddress"),
        device=text(device, "displayName"),
        app=text(touched, "displayName") or text(touched, "id"),
    )


def echoes(audits: Iterable[Mapping[str, Any]], ours: Collection[str]) -> frozenset[str]:
    """The ids of what the directory itself noted under requests of ours, in the name of another app.

    Args:
        audits: as Graph lists them.
        ours: the ids under which our own changes stand in the log.
    """
    told = [(audit, entry) for audit in audits if (entry := entry_of(audit)) is not None]
    requests = {audit.get("correlationId") for audit, entry in told if entry.actor in ours}
    return frozenset(
        entry.id
        for audit, entry in told
        if entry.actor not in ours
        and by_app(audit)
        and audit.get("correlationId") in requests - {None, ""}
    )


def by_app(audit: Mapping[str, Any]) -> bool:
    """Whether no person did it."""
    return not text(part(part(audit, "initiatedBy"), "user"), "id")


def _kind(activity: str, audit: Mapping[str, Any]) -> Kind:
    if activity in _ENDS:
        return Kind.END
    return Kind.SIGNAL if audit.get("loggedByService") == _SIGNALS else Kind.CHANGE

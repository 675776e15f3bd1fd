"""A Conditional Access policy of the directory, and whom it keeps from signing in.

What the practice tenant cannot see of a sign-in (place, device, risk) it does not invent: a policy that
asks for any of it lets everybody in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")
_EVERY_CLIENT = frozenset({"browser", "mobileAppsAndDesktopClients"})
_JUDGED = frozenset({"users", "applications", "clientAppTypes"})


@dataclass
class AccessPolicy:
    """A conditionalAccessPolicy; conditions and controls are kept as they were written."""

    id: str
    name: str
    state: str
    conditions: dict[str, Any]
    grant: dict[str, Any] | None
    # Session controls as beta shows them; v1.0 shows less.
    session: dict[str, Any] | None = None

    def blocks(self, user_id: str, groups: Collection[str], app_id: str, *, guest: bool) -> bool:
        """Whether a sign-in of this user to this app ends here (AADSTS53003)."""
        if self.state != "enabled" or "block" not in (self.grant or {}).get("builtInControls", ()):
            return False
        if any(value for name, value in self.conditions.items() if name not in _JUDGED):
            return False
        clients = set(self.conditions.get("clientAppTypes") or ("all",))
        if "all" not in clients and not clients >= _EVERY_CLIENT:
            return False
        return self._is_about(user_id, groups, guest) and self._covers(app_id)

    def _is_about(self, user_id: str, groups: Collection[str], guest: bool) -> bool:
        users = self.conditions.get("users") or {}

        def named(side: str) -> bool:
            persons, listed = users.get(f"{side}Users") or (), users.get(f"{side}Groups") or ()
            every = guest and "GuestsOrExternalUsers" in persons
            return (
                every
                or user_id in persons
                or "All" in persons
                or not set(groups).isdisjoint(listed)
            )

        return named("include") and not named("exclude")

    def _covers(self, app_id: str) -> bool:
        apps = self.conditions.get("applications") or {}
        wanted = apps.get("includeApplications") or ()
        return ("All" in wanted or app_id in wanted) and app_id not in (
            apps.get("excludeApplications") or ()
        )

    def to_json(self, *, beta: bool = False) -> dict[str, Any]:
        """The conditionalAccessPolicy resource; continuous access evaluation is shown in beta only."""
        hidden = () if beta else ("continuousAccessEvaluation",)
        session = {k: v for k, v in (self.session or {}).items() if k not in hidden}
        return {
            "id": self.id,
            "displayName": self.name,
            "createdDateTime": "2026-01-12T09:30:00Z",
            "modifiedDateTime": None,
            "state": self.state,
            "sessionControls": session or None,
            "conditions": self.conditions,
            "grantControls": self.grant,
        }

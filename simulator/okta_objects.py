"""What an Okta org holds besides users: zones, policies and rules, kept as they were written.

A PUT replaces the whole object: what the caller leaves out is gone, what Okta itself writes stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.clock import okta_time

READ_ONLY = frozenset({"id", "created", "lastUpdated", "system", "_links"})


@dataclass
class OktaObject:
    """One object; `parent` is the id of the policy or server it belongs to, empty for the org's."""

    id: str
    body: dict[str, Any]
    created: float
    updated: float
    parent: str = ""
    system: bool = False

    def replace(self, body: dict[str, Any], now: float) -> None:
        """Take the caller's body; a status changes by the lifecycle operations only."""
        kept = {"status": self.body.get("status", "ACTIVE")}
        self.body = {k: v for k, v in body.items() if k not in READ_ONLY} | kept
        self.updated = now

    def to_json(self, url: str) -> dict[str, Any]:
        """The resource at this address."""
        return {
            **self.body,
            "id": self.id,
            "created": okta_time(self.created),
            "lastUpdated": okta_time(self.updated),
            "system": self.system,
            "_links": {"self": {"href": url, "hints": {"allow": ["GET", "PUT", "DELETE"]}}},
        }

"""The directory's audit log: what somebody has done since the theft, and to what.

Source: Microsoft Graph v1.0, directoryAudit. It names what it tells of in words that are documented
nowhere in full, and some of them end in a blank: they are compared without blanks at their ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors import errors
from connectors.clock import instant
from connectors.entra import ids, stamps
from connectors.entra.client import EntraClient, Request

Json = dict[str, Any]

#: What reading either log takes (Microsoft Graph permissions reference).
READ_LOGS = "AuditLog.Read.All"


@dataclass(frozen=True, slots=True)
class Deed:
    """One object an entry of the log tells of.

    Entries of one request share their ``correlation``. ``changed`` holds the modified properties by name: what was there before and what is there now,
    as text, empty where there was nothing.
    """

    at: datetime
    activity: str
    id: str
    name: str
    kind: str
    correlation: str
    changed: Mapping[str, tuple[str, str]]

    def now(self, name: str) -> str:
        """What the property ``name`` was set to; empty where it was not."""
        return self.changed.get(name, ("", ""))[1]


async def entries(client: EntraClient, start: datetime, *conditions: str) -> list[Json] | None:
    """Read the entries since ``start`` that meet all OData ``conditions``.

    Returns:
        The entries, or None where there is no permission or no licence for the log.

    Raises:
        errors.ConnectorError: the log cannot be read now.
    """
    try:
        return await client.items(query(start, *conditions))
    except (errors.Forbidden, errors.Invalid, errors.NotFound):
        return None


def query(start: datetime, *conditions: str) -> Request:
    """The request for the entries since ``start`` that meet all OData ``conditions``."""
    return Request(
        "GET",
        "/auditLogs/directoryAudits",
        lambda graph, _: graph.audit_logs.directory_audits,
        query={"filter": " and ".join((f"activityDateTime ge {stamps.write(start)}", *conditions))},
        bucket="reports",
        needs=f"the permission {READ_LOGS}",
    )


def by(user_id: str) -> str:
    """The condition that the user did it."""
    return f"initiatedBy/user/id eq '{ids.object_id(user_id)}'"


def to(object_id: str) -> str:
    """The condition that it was done to the object."""
    return f"targetResources/any(t:t/id eq '{ids.object_id(object_id)}')"


def succeeded(audits: Iterable[Mapping[str, Any]], start: datetime) -> Iterator[Mapping[str, Any]]:
    """The entries that tell of something done, at ``start`` or later."""
    for audit in audits:
        at = instant(audit.get("activityDateTime"))
        if at is not None and at >= start and audit.get("result") in (None, "success"):
            yield audit


def deeds(audits: Iterable[Mapping[str, Any]], start: datetime) -> list[Deed]:
    """What was done to which object since ``start``, the earliest first."""
    found = [deed for audit in succeeded(audits, start) for deed in _of(audit)]
    return sorted(found, key=lambda deed: deed.at)


def _of(audit: Mapping[str, Any]) -> Iterator[Deed]:
    at, targets = instant(audit.get("activityDateTime")), audit.get("targetResources")
    for target in targets if isinstance(targets, list) else ():
        if at is not None and isinstance(target, dict):
            yield Deed(
                at,
                str(audit.get("activityDisplayName") or "").strip(),
                str(target.get("id") or "").lower(),
                str(target.get("displayName") or ""),
                str(target.get("type") or ""),
                str(audit.get("correlationId") or ""),
                _changed(target),
            )


def _changed(target: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    properties = target.get("modifiedProperties")
    return {
        str(changed.get("displayName")): (
            _text(changed.get("oldValue")),
            _text(changed.get("newValue")),
        )
        for changed in (properties if isinstance(properties, list) else ())
        if isinstance(changed, dict)
    }


def _text(value: object) -> str:
    # Values are JSON in a string, most often a JSON string once more.
    if not isinstance(value, str):
        return ""
    try:
        inner = json.loads(value)
    except ValueError:
        return value
    return inner if isinstance(inner, str) else value

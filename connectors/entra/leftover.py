"""What a removal of authentication methods leaves to a person, and what nobody can tell yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.action import Exposure
from connectors.clock import instant
from connectors.entra import age, factors, powershell, registered, residue

Json = dict[str, Any]


def exposure(snapshot: Mapping[str, Any]) -> Iterator[Exposure]:
    """The methods that were left, and the minutes of which the audit log cannot tell yet."""
    for item in snapshot["left"]:
        yield Exposure("entra", f"a {item['kind']} method", residue.UNKNOWN, item["why"])
    told_until = instant(snapshot.get("told_until"))
    if told_until is not None:
        yield age.untold(told_until, "methods without a date")


def portal(snapshot: Mapping[str, Any]) -> str:
    """Where a person finds the methods."""
    name = json.dumps(snapshot.get("userPrincipalName"))
    return f"Entra admin center > Users > {name} > Authentication methods"


def by_hand(user_id: str, snapshot: Mapping[str, Any]) -> str:
    """The exact lines that remove what was left."""
    lines = []
    for item in snapshot["left"]:
        kind = factors.KINDS.get(item["kind"])
        if kind is None:
            lines.append(f"# {item['kind']}: {item['why']}\n{portal(snapshot)}")
            continue
        path = f"{registered.PATH.format(id=user_id)}/{kind.segment}/{item['id']}"
        lines.append(f"# {item['kind']}: {item['why']}\n{powershell.graph('DELETE', path)}")
    return "\n".join(lines)

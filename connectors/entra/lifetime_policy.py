"""Token lifetime policies as text: the definition Graph takes, and how ours is recognised.

Source: Microsoft Graph v1.0, tokenLifetimePolicy; "Configurable token lifetimes".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_SPAN = re.compile(r"(?:(\d{1,3})\.)?(\d{1,2}):(\d{2}):(\d{2})")
_MARK = "Rescind: short access tokens for"


def display_name(app_id: str, minutes: int) -> str:
    """The name of our policy: the same for every run, so that a crash never makes two."""
    return f"{_MARK} {app_id} ({minutes} minutes)"


def is_ours(policy: Mapping[str, Any], app_id: str) -> bool:
    """Whether a run of ours made the policy for this app, with whatever lifetime."""
    return str(policy.get("displayName")).startswith(f"{_MARK} {app_id} (")


def definition(minutes: int) -> str:
    """The definition of a policy whose access tokens live ``minutes``."""
    days, rest = divmod(minutes, 1440)
    span = f"{rest // 60:02d}:{rest % 60:02d}:00"
    inner = {"Version": 1, "AccessTokenLifetime": f"{days}.{span}" if days else span}
    return json.dumps({"TokenLifetimePolicy": inner}, separators=(",", ":"))


def access_token_minutes(policy: Mapping[str, Any]) -> float | None:
    """How long access tokens live under the policy, in minutes; None where it does not say."""
    match = _SPAN.fullmatch(str(settings(policy).get("AccessTokenLifetime")))
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return days * 1440 + hours * 60 + minutes + seconds / 60


def settings(policy: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy sets, by name; empty where its definition cannot be read."""
    definitions = policy.get("definition")
    found: dict[str, Any] = {}
    for text in definitions if isinstance(definitions, list) else ():
        try:
            inner = json.loads(text)["TokenLifetimePolicy"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(inner, dict):
            found |= inner
    return found

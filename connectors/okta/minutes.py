"""The minutes in a policy rule: lowered and put back in raw JSON, everything else left as it is.

Okta replaces a whole rule by a PUT, and the SDK's models drop what they do not know (``riskScore``,
empty lists): the rule is sent back as it was read. 0 and a missing value mean that there is no limit
(Okta Policy API, ``maxSessionLifetimeMinutes``; authorization server rules, refresh tokens).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from connectors.action import Json

_READ_ONLY = ("id", "created", "lastUpdated", "_links")

Minutes = Mapping[str, int | None]


def minutes_of(rule: Mapping[str, object], place: Sequence[str], names: Sequence[str]) -> Json:
    """Read the values ``names`` at ``place`` in the rule; None where one is missing or odd."""
    held = _at(rule, place)
    found: Json = {}
    for name in names:
        value = held.get(name)
        found[name] = value if isinstance(value, int) and not isinstance(value, bool) else None
    return found


def too_long(now: Minutes, wanted: Mapping[str, int]) -> dict[str, int]:
    """What of ``wanted`` is not so yet: the value now is more, or no limit at all."""
    return {
        name: most
        for name, most in wanted.items()
        if not (value := now.get(name)) or value < 0 or value > most
    }


def with_minutes(rule: Json, place: Sequence[str], values: Minutes) -> Json:
    """The rule with these values at ``place``, as it may be sent; None takes a value out."""
    changed = copy.deepcopy({key: rule[key] for key in rule if key not in _READ_ONLY})
    held: Json = changed
    for key in place:
        held = held.setdefault(key, {})
    for name, value in values.items():
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value
    return changed


def same_elsewhere(one: Json, other: Json, place: Sequence[str], names: Sequence[str]) -> bool:
    """Whether two readings of a rule differ in nothing but these values."""
    bare: Minutes = dict.fromkeys(names)
    return with_minutes(one, place, bare) == with_minutes(other, place, bare)


def spelled(values: Minutes) -> str:
    """The values in words, for people."""
    told = {name: "no limit" if not value else str(value) for name, value in values.items()}
    return ", ".join(f"{name} {value}" for name, value in told.items())


def _at(rule: Mapping[str, object], place: Sequence[str]) -> Mapping[str, object]:
    held: object = rule
    for key in place:
        held = held.get(key) if isinstance(held, Mapping) else None
    return held if isinstance(held, Mapping) else {}

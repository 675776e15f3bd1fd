"""Making an Alert of what an adapter has read: cleaned, bounded, and honest about who can be found.

Adapters hand over raw values; everything is cleaned here, so that no adapter can forget it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from pydantic import JsonValue

from detectors import fields
from detectors.alert import Alert, Network, Role, Signal, Thing
from detectors.cast import Cast

_SEVERITIES = {
    "info": "informational", "information": "informational", "debug": "informational",
    "notice": "informational", "none": "informational", "warn": "medium", "warning": "medium",
    "moderate": "medium", "error": "high", "err": "high", "severe": "high", "fatal": "critical",
    "emergency": "critical", "alert": "critical", "crit": "critical", "very-high": "critical",
}  # fmt: skip
#: What ``why`` says where a finding would be acted upon, had it named somebody.
NAMELESS = " It names nobody who can be looked for"
_KNOWN = {"informational", "low", "medium", "high", "critical"}
_AS_NUMBER = re.compile(r"(?:AS)?(\d{1,10})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a containment may follow an event, why or why not, and what it is a sign of."""

    actionable: bool
    why: str
    signal: Signal = Signal.OTHER
    attack: tuple[str, ...] = ()


def record(why: str = "An ordinary log entry, and no finding.", signal: Signal = Signal.OTHER) -> Verdict:  # fmt: skip
    """Return the verdict on an entry that is understood and that nothing may follow."""
    return Verdict(False, why, signal)


class Said(TypedDict, total=False):
    """What an event says, under ``Alert``'s names; every value may be anything JSON holds.

    - ``event_id``: the vendor's own id of the event, the same when it is sent again.
    - ``title``: one line for people; ``kind`` where it is empty. ``rule``: the vendor's detection.
    - ``severity``: a word (``severity_of`` makes one of a number). ``confidence``: a word.
    - ``occurred_at``, ``last_seen_at``: ISO 8601, seconds or milliseconds since 1970.
    - ``session_ids``, ``token_ids``: ids, never tokens; placeholders are passed over.
    - ``ips``: addresses of whoever acted; what is none is passed over.
    - ``networks``: what ``network`` makes; their addresses join ``ips``.
    - ``devices``, ``apps``: what ``thing`` makes; the ids of ``apps`` are ``app_ids``.
    - ``to_do``: the adapter's own words on what people have to do about the source itself.
    - ``actor_app_ids``: ids of the application that acted, and of no other.
    - ``request_ids``, ``correlation_ids``: of the requests behind it; see ``Alert``.
    - ``details``: more for people, under the adapter's own names; empty values are dropped.
    """

    event_id: JsonValue
    title: JsonValue
    rule: JsonValue
    severity: JsonValue
    confidence: JsonValue
    occurred_at: JsonValue
    last_seen_at: JsonValue
    session_ids: Iterable[JsonValue]
    token_ids: Iterable[JsonValue]
    ips: Iterable[JsonValue]
    user_agents: Iterable[JsonValue]
    networks: Iterable[Network | None]
    devices: Iterable[Thing | None]
    apps: Iterable[Thing | None]
    actor_app_ids: Iterable[JsonValue]
    request_ids: Iterable[JsonValue]
    correlation_ids: Iterable[JsonValue]
    tenant_hint: JsonValue
    to_do: str
    details: Mapping[str, Any]


def alert(
    *,
    source: str,
    kind: str,
    raw: JsonValue,
    verdict: Verdict,
    cast: Cast | None = None,
    **said: Unpack[Said],
) -> Alert:
    """Make an alert of what an event says.

    A finding that would be acted upon and names no victim who can be looked for is not
    ``actionable`` but ``nameless``: it is set aside and people are told.

    Args:
        source: the source's name, as ``parse`` got it.
        kind: the vendor's own name of the event, or the shape's.
        raw: the event itself; its hash is its id where ``event_id`` cannot be one.
        verdict: whether a containment may follow, and why.
        cast: its persons.
        said: see ``Said``.
    """
    cast = cast or Cast()
    known_networks = tuple(each for each in said.get("networks", ()) if each is not None)[
        : fields.LIST_LIMIT
    ]
    known_apps = _things(said.get("apps", ()))
    people = cast.people
    sought = any(each.role is Role.VICTIM and each.can_be_sought for each in people)
    nameless = verdict.actionable and not sought
    why = verdict.why
    if nameless:
        because = f" ({'; '.join(cast.left_out)})" if cast.left_out else ""
        why = f"{why}{NAMELESS}{because}."
    identified = fields.identifier(said.get("event_id"))
    details = dict(said.get("details", {}))
    if cast.left_out:
        details["left_out"] = list(cast.left_out)
    return Alert(
        source=source,
        kind=fields.text(kind, 120) or "event",
        event_id=identified or digest(raw),
        named=identified is not None,
        title=fields.text(said.get("title")) or fields.text(kind, 120) or "Event",
        rule=fields.text(said.get("rule")) or None,
        severity=severity_of(said.get("severity")),
        confidence=fields.text(said.get("confidence"), 20).lower() or None,
        occurred_at=fields.moment(said.get("occurred_at")),
        last_seen_at=fields.moment(said.get("last_seen_at")),
        persons=people,
        session_ids=_identifiers(said.get("session_ids", ())),
        token_ids=_identifiers(said.get("token_ids", ())),
        ips=fields.unique(
            [
                *(each.ip for each in known_networks),
                *(fields.peer(each) for each in said.get("ips", ())),
            ]
        ),
        user_agents=fields.unique(fields.text(each) for each in said.get("user_agents", ())),
        app_ids=fields.unique(each.id for each in known_apps),
        actor_app_ids=_identifiers(said.get("actor_app_ids", ())),
        request_ids=_identifiers(said.get("request_ids", ())),
        correlation_ids=_identifiers(said.get("correlation_ids", ())),
        networks=tuple(each for each in known_networks if each.asn or each.place),
        devices=_things(said.get("devices", ())),
        apps=tuple(each for each in known_apps if each.name),
        attack=fields.unique(fields.text(each, 60) for each in verdict.attack),
        tenant_hint=fields.identifier(said.get("tenant_hint")),
        signal=verdict.signal,
        actionable=verdict.actionable and not nameless,
        nameless=nameless,
        why=why,
        to_do=said.get("to_do", ""),
        details={key: value for key, value in details.items() if value not in (None, "", [], {})},
    )


def severity_of(value: JsonValue, highest: float | None = None) -> str:
    """Return one of informational, low, medium, high, critical, the vendor's own word, or unknown.

    Args:
        value: a word, or a number if ``highest`` is given.
        highest: the top of the vendor's scale (10 for CEF, 100 for a score); the number is put into
            quarters of it.
    """
    if highest is not None:
        try:
            part = float(value) / highest  # type: ignore[arg-type]
        except (TypeError, ValueError):
            part = -1.0
        if 0 <= part <= 1:
            quarter = min(3, int(part * 4))
            return ("low", "medium", "high", "critical")[quarter]
    word = fields.text(value, 20).lower()
    word = _SEVERITIES.get(word, word)
    return word if word in _KNOWN else (word if word.isalpha() else "unknown")


def graded(value: JsonValue, levels: tuple[float, float, float]) -> str:
    """Return low, medium, high or critical of a number on a vendor's scale, else as ``severity_of``.

    Args:
        value: a number, also as text; a word counts as itself.
        levels: where the vendor says that medium, high and critical begin.
    """
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return severity_of(value)
    return ("low", "medium", "high", "critical")[sum(number >= level for level in levels)]


def network(ip: JsonValue, asn: JsonValue = None, *place: JsonValue) -> Network | None:
    """Return an address with its autonomous system and place (city, region, country), or None."""
    address = fields.peer(ip)
    if address is None:
        return None
    number = _AS_NUMBER.match(str(asn)) if isinstance(asn, str | int) else None
    where = ", ".join(dict.fromkeys(found for part in place if (found := fields.text(part, 80))))
    return Network(ip=address, asn=int(number[1]) if number else None, place=where or None)


def thing(identity: JsonValue = None, name: JsonValue = None) -> Thing | None:
    """Return a device or application by its id and name, or None where there is neither."""
    found = known(fields.identifier(identity))
    called = known(fields.text(name, 200))
    return Thing(id=found, name=called) if found or called else None


def known(value: str | None) -> str | None:
    """Return a value, or None where it is a placeholder (``unknown``, ``null``, ``-``, zeros)."""
    plain = (value or "").strip().lower()
    placeholder = plain in {"", "-", "unknown", "null", "none", "undefined", "n/a", "<null>"}
    return None if placeholder or not plain.strip("0-") else value


def digest(value: JsonValue) -> str:
    """Return the id of an event that has none of its own: the hash of its content."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _identifiers(values: Iterable[JsonValue]) -> tuple[str, ...]:
    return fields.unique(known(fields.identifier(value)) for value in values)


def _things(values: Iterable[Thing | None]) -> tuple[Thing, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))[: fields.LIST_LIMIT]

"""Okta's System Log events as entries of a timeline; raw, because the SDK's model drops half of them.

Source: Okta System Log API, LogEvent, and the event types catalog. What ``debugContext.debugData`` holds
is not promised by Okta, so nothing here needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.clock import instant
from connectors.timeline import Entry, Kind, digest

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.SIGN_IN, re.compile(r"user\.session\.start")),
    (Kind.END, re.compile(r"user\.session\.(end|clear|expire)|user\.authentication\.universal_logout"
                          r"(\..*)?|app\.oauth2\.(as\.)?token\.revoke(\..*)?")),
    (Kind.APP, re.compile(r"user\.authentication\.sso|user\.session\.access_admin_app")),
    (Kind.TOKEN, re.compile(r"app\.oauth2\.(as\.)?(token\.grant|authorize\.implicit)(\..*)?")),
    (Kind.SIGNAL, re.compile(r"user\.risk\..*|user\.session\.context\.change|security\..*"
                             r"|app\.oauth2\.(as\.)?token\.detect_reuse"
                             r"|policy\.(auth_reevaluate|entity_risk)\..*")),
    (Kind.CHANGE, re.compile(
        r"user\.(mfa\.factor|lifecycle|account|session\.impersonation)\..*"
        r"|device\.(user|enrollment|lifecycle)\..*|system\.(api_token|idp\.lifecycle)\..*"
        r"|app\.oauth2\.((as|admin)\.)?consent\.grant|app\.oauth2\.client\.lifecycle\..*"
        r"|(application|group)\.(lifecycle|user_membership|privilege)\..*"
        r"|(policy|zone|iam)\..*\.?(create|update|add|delete|activate|deactivate|assign).*")),
)  # fmt: skip
_REPORTED = "user.account.report_suspicious_activity_by_enduser"
_OUTCOMES: Mapping[str, str] = {
    "SUCCESS": "success",
    "ALLOW": "success",
    "FAILURE": "failure",
    "DENY": "failure",
}
#: Targets of a grant that are tokens: their ids and hashes name them, and are none.
_TOKENS = frozenset({"access_token", "refresh_token", "id_token", "Token"})
_NOTHING = frozenset({"", "unknown", "None", "null"})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]")
_LONGEST = 200


def entry_of(event: object, tenant: str) -> Entry | None:
    """Read one event; None where it is none.

    Args:
        event: one item of ``GET /api/v1/logs``. What the client's side wrote in it (agent, names) is
            the thief's to choose: it is cut to 200 printable characters.
        tenant: salts the digests of session ids.
    """
    if not isinstance(event, dict):
        return None
    at, name = instant(event.get("published")), _text(event, "eventType")
    if at is None or name is None:
        return None
    actor, client, security = (_part(event, key) for key in ("actor", "client", "securityContext"))
    targets = [target for target in event.get("target") or () if isinstance(target, dict)]
    person = _person(actor, targets)
    session, result = raw_session(event), _text(_part(event, "outcome"), "result") or ""
    number = security.get("asNumber")
    return Entry(
        at=at,
        system="okta",
        id=_text(event, "uuid") or "",
        event=name,
        kind=kind_of(name),
        outcome=_OUTCOMES.get(result, result.lower() or "unknown"),
        actor=_text(actor, "id"),
        actor_name=_text(actor, "alternateId"),
        person=_text(person, "id"),
        person_name=_text(person, "alternateId"),
        ip=_text(client, "ipAddress"),
        asn=number if isinstance(number, int) else None,
        network=_text(security, "asOrg"),
        place=_place(_part(client, "geographicalContext")),
        agent=_text(_part(client, "userAgent"), "rawUserAgent"),
        device=_device(_part(event, "device")),
        app=_app(actor, targets),
        session=digest(session, tenant) if session else None,
        tokens=tuple(dict.fromkeys(_token_ids(event, targets))),
    )


def kind_of(event_type: str) -> Kind:
    """What an event of this type tells of."""
    if event_type == _REPORTED:
        return Kind.SIGNAL
    found = (kind for kind, pattern in _KINDS if pattern.fullmatch(event_type))
    return next(found, Kind.OTHER)


def raw_session(event: Mapping[str, Any]) -> str | None:
    """The id of the session the event happened in. It stays in memory."""
    context = _part(event, "authenticationContext")
    return _text(context, "externalSessionId") or _text(context, "rootSessionId")


def _person(actor: Mapping[str, Any], targets: list[dict[str, Any]]) -> Mapping[str, Any]:
    """Whose account it is about: the user it was done to, else the user who did it."""
    users = (target for target in targets if target.get("type") == "User")
    return next(users, actor if actor.get("type") == "User" else {})


def _app(actor: Mapping[str, Any], targets: list[dict[str, Any]]) -> str | None:
    apps = (target for target in targets if target.get("type") == "AppInstance")
    client = actor if actor.get("type") == "PublicClientApp" else {}
    app = next(apps, client)
    return _text(app, "displayName") or _text(app, "id")


def _token_ids(event: Mapping[str, Any], targets: list[dict[str, Any]]) -> Iterator[str]:
    for target in targets:
        if target.get("type") in _TOKENS:
            yield from filter(
                None, (_text(target, "id"), _text(_part(target, "detailEntry"), "hash"))
            )
    detail = _part(_part(event, "transaction"), "detail")
    yield from filter(None, (_text(detail, "requestApiTokenId"),))


def _place(where: Mapping[str, Any]) -> str | None:
    parts = [part for part in (_text(where, "city"), _text(where, "country")) if part]
    return ", ".join(parts) or None


def _device(device: Mapping[str, Any]) -> str | None:
    name, known_as = _text(device, "name"), _text(device, "id")
    return f"{name} ({known_as})" if name and known_as else name or known_as


def _part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = holder.get(key)
    return part if isinstance(part, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    if not isinstance(value, str) or value in _NOTHING:
        return None
    return _UNPRINTABLE.sub("", value)[:_LONGEST] or None

"""Keycloak's events: user events and admin events, as objects or as lines of its log.

A user event has ``type`` and ``userId``; an admin event ``operationType``, ``resourcePath`` and who did it
(``authDetails``; in a line ``userId``). The log writes both as ``key=value`` under ``org.keycloak.events``,
plain or inside a JSON record's ``message``.

Vendor documentation: keycloak.org, Server Administration Guide, "Configuring auditing to track events";
Admin REST API, ``EventRepresentation`` and ``AdminEventRepresentation``.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, lines, parts
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, Shape, by_shapes, items

_REMEDY = "Send Keycloak's events as its log or its Admin REST API has them."
_LOGGER = re.compile(r"\borg\.keycloak\.[\w.]{2,100}")
_WHEN = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[,.]\d{3}")
#: How the server below Keycloak writes its lines: time, level, logger, thread.
_WILDFLY = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +\[(org|io|com)\.[\w.]+\] \("
)
_USER = re.compile(r"users/([\w.:-]{3,80})(/.{1,200})?")
#: What is done to an account that was there before.
_ON_USERS = frozenset({"UPDATE", "DELETE", "ACTION"})
_REUSED = re.compile(r"reuse (exceeded|limit)|token reuse|already (been )?used", re.IGNORECASE)
_SIGNALS = (
    (r"(update|remove)_(totp|credential)\w*|\w*(otp|webauthn|recovery_authn)\w*", Signal.MFA),
    (
        r"(update|reset|send_reset)_password\w*|impersonate\w*|user_disabled_by_\w+",
        Signal.CREDENTIAL,
    ),
    (r"(grant|update)_consent|oauth2_device_verify\w*", Signal.CONSENT),
)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events and lines; ``event_id`` is ``id`` where the event has one."""
    return each(items(payload), lambda item: _alert(item, source))


def _event(value: JsonValue) -> Fields:
    """Return an event's keys; of a record of the log, those its message holds."""
    item = Fields(value)
    message = item.get("message")
    if isinstance(message, str) and "type" not in item and "operationType" not in item:
        inner = Fields(lines.read(message))
        if "type" in inner or "operationType" in inner:
            return inner
    return item


def _logger(value: JsonValue) -> str:
    item = Fields(value)
    given = item.text("log.logger", "loggerName", "logger") or item.at("log").text("logger")
    found = _LOGGER.search(given or item.text("_head", "text", limit=2000))
    return found[0] if found else ""


def _service(value: JsonValue) -> bool:
    """Whether a record of the log calls its service Keycloak."""
    item = Fields(value)
    name = item.text("service.name", limit=40) or item.at("service").text("name", limit=40)
    return name.lower() == "keycloak" and "message" in item


def _alert(value: JsonValue, source: str) -> Alert:
    outer, event = Fields(value), _event(value)
    kind = event.text("type", "operationType", limit=80)
    line = _WILDFLY.match(outer.text("_head", "text", limit=300))
    if not kind and not (_logger(value) or line or _service(value)):
        raise NotUnderstood("it is no event of Keycloak's: no type", _REMEDY)
    details = event.at("details")
    said = Fields({**event.everything(), **details.everything()})
    admin = "operationType" in event
    cast = Cast()
    if admin:
        _administered(cast, event)
    else:
        _signed_in(cast, event, said)
    when = _WHEN.search(outer.text("_head", "text", limit=2000))
    resource = event.text("resourceType", limit=60)
    return compose.alert(
        source=source,
        kind=f"{kind}-{resource}" if admin and resource else kind or "server log",
        raw=value,
        verdict=_verdict(f"{kind} {event.text('resourcePath')}" if admin else kind, said),
        cast=cast,
        event_id=event.get("id"),
        title=kind.replace("_", " ").capitalize() or outer.text("text"),
        rule=kind,
        occurred_at=event.get("time") or outer.get("@timestamp", "timestamp") or (when and when[0]),
        session_ids=[event.get("sessionId"), said.get("code_id")],
        token_ids=[said.get("token_id"), said.get("refresh_token_id")],
        ips=[event.get("ipAddress"), event.at("authDetails").get("ipAddress")],
        apps=[compose.thing(event.get("clientId"))],
        tenant_hint=event.get("realmName", "realmId"),
        details={"error": said.text("error"), "reason": said.text("reason")},
    )


def _signed_in(cast: Cast, event: Fields, said: Fields) -> None:
    impersonator = said.get("impersonator")
    own: list[Candidate] = [
        (IdKind.USER_ID, event.get("userId")),
        guessed(said.get("username")),
        (IdKind.EMAIL, said.get("email")),
    ]
    parts.acted(cast, [guessed(impersonator)] if impersonator else [], own)


def _administered(cast: Cast, event: Fields) -> None:
    by = event.at("authDetails") or event
    acting: list[Candidate] = [(IdKind.USER_ID, by.get("userId")), guessed(by.get("username"))]
    path = _USER.fullmatch(event.text("resourcePath"))
    operation = event.text("operationType", limit=20).upper()
    if path and not path[2] and operation not in _ON_USERS:
        # An account that was just made has nothing to lose yet.
        cast.add(Role.VICTIM, *acting)
        cast.add(Role.BYSTANDER, (IdKind.USER_ID, path[1]))
        return
    parts.acted(cast, acting, [(IdKind.USER_ID, path[1])] if path else [])


def _verdict(kind: str, said: Fields) -> Verdict:
    lower = kind.lower()
    if lower == "refresh_token_error" and _REUSED.search(said.text("reason", "error")):
        return Verdict(
            True, "A one-time refresh token was used twice: somebody else holds it.",
            Signal.TOKEN_THEFT, ("T1528",),
        )  # fmt: skip
    if lower == "refresh_token_error" and "stale" in said.text("reason").lower():
        return record("An old refresh token came; a slow client does the same.", Signal.TOKEN_THEFT)
    if "reset-password" in lower:
        return record(signal=Signal.CREDENTIAL)
    return record(signal=next((s for p, s in _SIGNALS if re.fullmatch(p, lower)), Signal.OTHER))


_OBJECTS = by_shapes(
    Shape(
        needs=("realmId", "clientId|userId", "ipAddress|time"),
        values={"type": r"[A-Z][A-Z0-9_]{2,60}"},
        also=("sessionId", "details", "userId"),
    ),
    Shape(
        needs=("resourceType|resourcePath", "authDetails|realmId"),
        values={"operationType": r"CREATE|UPDATE|DELETE|ACTION"},
    ),
)


def _recognises(payload: JsonValue) -> Fit:
    found = items(payload)[:8]
    if found and all(
        _WILDFLY.match(Fields(each).text("_head", "text", limit=300)) for each in found
    ):
        own = any(_logger(each) for each in found)
        return Fit(0.95 if own else 0.55, "it is a line of an application server's log")
    if found and all(_service(each) for each in found):
        return Fit(0.9, "it is a record of a service that calls itself Keycloak")
    if found and all(_logger(each) for each in found):
        return Fit(0.95, "it is a line of Keycloak's log")
    return _OBJECTS(payload)


DETECTOR = Detector(
    kind="keycloak_event",
    title="Keycloak events",
    documentation=(
        "https://www.keycloak.org/docs/latest/server_admin/#configuring-auditing-to-track-events",
        "https://www.keycloak.org/docs-api/latest/rest-api/index.html#EventRepresentation",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)

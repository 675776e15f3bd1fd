"""PingOne Advanced Identity Cloud (ForgeRock): audit events of Access Management and Identity Management.

The log endpoint wraps an event in ``payload``. ``userId`` is ``id=NAME,ou=user,ou=am-config``; with
``ou=agent`` it is an OAuth client or an agent, which is nobody.

Vendor documentation: docs.pingidentity.com, "Advanced Identity Cloud: audit and debug logs" (the monitoring
endpoint), "Access Management: audit log topics and events".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields, text
from detectors.recognition import Shape, by_shapes

_ENVELOPES = ("result",)
_REMEDY = "Send audit events as the log endpoint /monitoring/logs has them."
_DN = re.compile(r"id=([^,]{1,200}),ou=(\w{1,40})(,.*)?", re.IGNORECASE)
#: What acts without a person: clients, agents, and whoever has not signed in.
_NOBODY = re.compile(r"anonymous|idm-provisioning|.*-(resource-server|agent)", re.IGNORECASE)
_ON_USER = re.compile(r"(?:managed|internal)/\w*user/([\w-]{3,80})", re.IGNORECASE)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events; ``event_id`` is ``_id``."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    outer = Fields(value)
    event = outer.at("payload") or outer
    kind = event.text("eventName", limit=120)
    if not kind and "payload" in outer and "timestamp" in outer:
        kind = "debug log"
    if not kind:
        raise NotUnderstood("it has no eventName of ForgeRock's", _REMEDY)
    first = next((Fields(each) for each in event.items("entries")), Fields(None))
    details = first.at("info")
    request, http = event.at("request"), event.at("http").at("request")
    cast = Cast()
    on = _ON_USER.search(event.text("objectId"))
    acting = _person(cast, event.get("userId"))
    if not acting and not event.text("userId"):
        acting = _person(cast, next(iter(event.items("principal")), None))
    parts.acted(cast, acting, [(IdKind.USER_ID, on[1])] if on else [])
    return compose.alert(
        source=source,
        kind=kind,
        raw=value,
        verdict=record(),
        cast=cast,
        event_id=event.get("_id"),
        title=f"{kind} {text(event.get('result') or event.at('response').get('status'), 40)}".strip(),
        occurred_at=event.get("timestamp") or outer.get("timestamp"),
        session_ids=list(event.items("trackingIds"))[:20],
        ips=[details.get("ipAddress"), event.at("client").get("ip")],
        user_agents=list(http.at("headers").items("user-agent"))[:1],
        tenant_hint=event.get("realm"),
        details={
            "component": event.text("component", limit=60),
            "operation": request.text("operation", limit=60),
            "module": details.text("moduleClass", limit=80) or first.text("moduleId", limit=80),
        },
    )


def _person(cast: Cast, value: JsonValue) -> list[Candidate]:
    name = text(value, 320)
    match = _DN.fullmatch(name)
    if match and match[2].lower() not in ("user", "people"):
        cast.leave_out("an application or an agent, which is nobody")
        return []
    plain = match[1] if match else name
    if not plain or _NOBODY.fullmatch(plain):
        return []
    return [guessed(plain), (IdKind.USER_ID, name)]


_AUDIT = {"eventName": r"[A-Z][\w-]{2,80}"}
_EVENT = by_shapes(
    Shape(
        needs=("payload.transactionId|payload.trackingIds", "payload._id"),
        values={f"payload.{key}": value for key, value in _AUDIT.items()},
        also=("payload.component", "payload.topic", "type"),
    ),
    Shape(
        needs=("_id", "transactionId", "component|topic|realm|trackingIds|source"),
        values=_AUDIT,
        also=("component", "realm", "trackingIds"),
    ),
    Shape(
        needs=(
            "payload.logger",
            "payload.message",
            "payload.level",
            "payload.timestamp",
            "timestamp",
        ),
        values={"type": r"application/json"},
        surety=0.8,
    ),
    Shape(needs=("payload", "timestamp"), values={"type": r"text/plain"}, surety=0.6),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="forgerock",
    title="ForgeRock / PingOne Advanced Identity Cloud audit",
    documentation=(
        "https://docs.pingidentity.com/pingoneaic/latest/tenants/audit-debug-logs.html",
        "https://docs.pingidentity.com/pingam/latest/security-guide/audit-log-topics.html",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)

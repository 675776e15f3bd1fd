"""CyberArk's Audit service: what people and systems did in Identity, Privilege Cloud and the rest.

``username`` acted; in events of Identity ``customData`` names the user acted upon. ``accountName`` and
``targetAccount`` are privileged accounts in a vault, which nobody's tokens belong to.

Vendor documentation: docs.cyberark.com, "Audit: event structure" and "SIEM integration".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes
from detectors.signals import signal_of

_ENVELOPES = ("auditEvents", "events", "data")
_REMEDY = "Send events as CyberArk's Audit service has them."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read events; ``event_id`` is ``uuid``."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    code = event.text("auditCode", limit=40)
    if not code:
        raise NotUnderstood("it has no auditCode of CyberArk's", _REMEDY)
    said = event.at("customData")
    cast = Cast()
    acting: list[Candidate] = [
        guessed(event.get("username")),
        (IdKind.USER_ID, event.get("userId")),
    ]
    kind = event.text("identityType", limit=40).upper()
    if kind not in ("", "HUMAN", "USER"):
        cast.leave_out("an application or a system, which is nobody")
        acting = []
    name = said.get("user_name", "target_user_name")
    target: list[Candidate] = []
    if name is not None:
        target = [guessed(name), (IdKind.USER_ID, said.get("user_id", "target_user_id"))]
    parts.acted(cast, acting, target)
    action = event.text("action", limit=120)
    return compose.alert(
        source=source,
        kind=code,
        raw=value,
        verdict=_verdict(event, action),
        cast=cast,
        event_id=event.get("uuid"),
        title=action or event.text("message"),
        rule=code,
        severity=event.get("auditType"),
        occurred_at=event.get("timestamp"),
        session_ids=[event.get("sessionId")],
        networks=[
            compose.network(
                event.get("source"),
                None,
                said.get("geoip_city_name"),
                said.get("geoip_country_name"),
            )
        ],
        apps=[compose.thing(said.get("app_id"), said.get("name"))],
        tenant_hint=event.get("tenantId"),
        details={
            "service": event.text("serviceName", limit=80),
            "safe": event.text("safe", limit=120),
            "account": event.text("accountName"),
            "target": event.text("target"),
        },
    )


def _verdict(event: Fields, action: str) -> Verdict:
    if event.text("applicationCode", limit=20).upper() == "IDP":
        signal = signal_of(action.replace(".", " "))
        return record(signal=signal if signal in (Signal.MFA, Signal.CREDENTIAL) else Signal.OTHER)
    return record()


_EVENT = by_shapes(
    Shape(
        needs=("auditCode", "applicationCode", "uuid|tenantId"),
        also=("auditType", "actionType", "serviceName", "customData"),
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="cyberark_audit",
    title="CyberArk Audit",
    documentation=(
        "https://docs.cyberark.com/audit/latest/en/content/audit/isp_siem-integration.htm",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)

"""Silverfort: an entity's risk, a service account's policy, and its syslog in CEF.

Vendor documentation: docs.silverfort.com, "Silverfort API" (``getEntityRisk``, service account policies),
"Syslog messages".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes
from detectors.signals import signal_of

_REMEDY = "Send an entity's risk or the syslog of Silverfort as it is."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read risks, policies and lines; Silverfort gives them no id."""
    return each(wrapping.events(payload, _EVENT), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    if event.get("_format") == "cef":
        return _line(value, event, source)
    if "risk_level" in event and "protocols" in event:
        why = "A policy of a service account, which speaks of nobody."
        return compose.alert(
            source=source, kind="service account policy", raw=value, verdict=record(why)
        )
    if "risk_score" not in event and "risk_factors" not in event:
        raise NotUnderstood("it is no risk of Silverfort's: no risk_score", _REMEDY)
    cast = Cast()
    cast.add(
        Role.VICTIM,
        (IdKind.USER_PRINCIPAL_NAME, event.get("user_principal_name")),
        (IdKind.SID, event.get("sid")),
        name=event.get("display_name"),
    )
    severity = event.text("severity", "risk", limit=20).lower()
    factors = [Fields(each) for each in event.items("risk_factors")]
    high = severity in ("high", "critical")
    return compose.alert(
        source=source,
        kind="entity risk",
        raw=value,
        verdict=Verdict(
            high,
            f"Silverfort rates the account's risk as {severity or 'unknown'}.",
            Signal.RISK,
        ),
        cast=cast,
        title=next((each.text("description") for each in factors), "") or "Entity risk",
        rule=", ".join(filter(None, (each.text("type", limit=60) for each in factors))),
        severity=severity,
        occurred_at=event.get("last_updated"),
        details={"risk_score": event.text("risk_score", limit=20)},
    )


def _line(value: JsonValue, event: Fields, source: str) -> Alert:
    said = event.at("extension")
    cast = Cast()
    cast.add_named(Role.VICTIM, said.get("suser", "duser"))
    title = event.text("name")
    return compose.alert(
        source=source,
        kind=event.text("signatureId", limit=80),
        raw=value,
        verdict=record(signal=signal_of(title)),
        cast=cast,
        event_id=said.get("externalId"),
        title=title,
        severity=compose.severity_of(event.get("severity"), 10),
        occurred_at=said.get("rt", "end", "start"),
        ips=[said.get("src")],
        devices=[compose.thing(None, said.get("shost"))],
    )


_EVENT = by_shapes(
    Shape(
        needs=("risk_score", "risk_factors", "user_principal_name|sid|resource_name"),
        also=("severity", "last_updated"),
    ),
    Shape(
        needs=("send_to_siem", "risk_level", "allow_all_sources", "allow_all_destinations"),
        also=("allowed_sources", "allowed_destinations", "protocols"),
    ),
    Shape(values={"_format": "cef", "deviceVendor": "silverfort.*"}),
)
DETECTOR = Detector(
    kind="silverfort",
    title="Silverfort",
    documentation=("https://docs.silverfort.com/",),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT),
    takes_lines=True,
)

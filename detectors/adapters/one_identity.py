"""One Identity Safeguard for Privileged Sessions: what it sees in a session, in CEF.

``suser`` is who came through the gateway; ``duser`` the account on the server, which may be shared.

Vendor documentation: support.oneidentity.com, Safeguard for Privileged Sessions, "Universal SIEM forwarder:
message format".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, wrapping
from detectors.alert import Alert, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes

_REMEDY = "Send the universal SIEM forwarder's messages in CEF."


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read messages; they have no id of their own."""
    return each(wrapping.events(payload, _EVENT), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    said = event.at("extension")
    title = event.text("name")
    if not title:
        raise NotUnderstood("it is no message of One Identity's: no name", _REMEDY)
    cast = Cast()
    if cast.add_named(Role.VICTIM, said.get("suser")):
        cast.add_named(Role.BYSTANDER, said.get("duser"))
    else:
        cast.add_named(Role.VICTIM, said.get("duser"))
    return compose.alert(
        source=source,
        kind=title,
        raw=value,
        verdict=record("What was seen in a privileged session, and no finding about an account."),
        cast=cast,
        title=f"{title} {said.text('reason', limit=120)}".strip(),
        severity=compose.severity_of(event.get("severity"), 10),
        occurred_at=said.get("start", "rt"),
        session_ids=[said.get("Session ID")],
        ips=[said.get("src")],
        details={"protocol": said.text("app", limit=40), "server": said.text("dst", limit=60)},
    )


_EVENT = by_shapes(Shape(values={"_format": "cef", "deviceVendor": r"One\s?Identity.*"}))
DETECTOR = Detector(
    kind="one_identity",
    title="One Identity Safeguard",
    documentation=(
        "https://support.oneidentity.com/technical-documents/one-identity-safeguard-for-privileged-sessions",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT),
    takes_lines=True,
)

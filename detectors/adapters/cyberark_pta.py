"""CyberArk Privileged Threat Analytics: its syslog in CEF, as a line or as a collector has decoded it.

``suser`` acted, ``duser`` is the account it acted upon; CyberArk writes ``None`` where there is neither,
and puts what kind of user it is behind the name.

Vendor documentation: docs.cyberark.com, "PTA: outbound syslog data" and "What detections does PTA report?".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, NotUnderstood, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields, text
from detectors.recognition import Shape, by_shapes
from detectors.signals import signal_of

_REMEDY = "Send PTA's syslog in CEF as it is."
#: "Administrator(Vault user)".
_KIND = re.compile(r"\s*\([^()]{1,40}\)\s*\Z")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read lines; ``event_id`` is the detection's id."""
    return each(wrapping.events(payload, _EVENT), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    outer = Fields(value)
    decoded = outer.at("cef")
    event = decoded or outer
    said = decoded.at("extensions") or outer.at("extension")
    title = event.text("name")
    if not said or not title:
        raise NotUnderstood("it is no detection of PTA's: no name, or no extension", _REMEDY)
    cast = Cast()
    parts.acted(
        cast,
        [_named(said.get("suser", "sourceUserName"))],
        [_named(said.get("duser", "destinationUserName"))],
    )
    return compose.alert(
        source=source,
        kind=title,
        raw=value,
        verdict=_verdict(title),
        cast=cast,
        event_id=said.get("cs2", "deviceCustomString2"),
        title=title,
        rule=event.get("signatureId") or event.at("device").get("event_class_id"),
        severity=compose.severity_of(event.get("severity"), 10),
        occurred_at=said.get("deviceCustomDate1", "rt"),
        ips=[said.get("src", "sourceAddress")],
        devices=[compose.thing(None, said.get("shost", "sourceHostName"))],
        details={"link": said.text("cs3", "deviceCustomString3")},
    )


def _named(value: JsonValue) -> Candidate:
    return guessed(_KIND.sub("", text(value, 320)) or (None if isinstance(value, str) else value))


def _verdict(title: str) -> Verdict:
    if re.search(
        r"credentials? theft|golden ticket|overpass|pac attack|dcsync", title, re.IGNORECASE
    ):
        return Verdict(
            True, "PTA says that the account's credentials are stolen.", Signal.CREDENTIAL
        )
    return record(
        "PTA found it unusual; that does not say that an account is lost.", signal_of(title)
    )


_EVENT = by_shapes(
    Shape(values={"_format": "cef", "deviceVendor": "CyberArk", "deviceProduct": "PTA"}),
    Shape(
        needs=("cef.extensions", "cef.name"),
        values={"cef.device.vendor": "CyberArk", "cef.device.product": "PTA"},
    ),
)
DETECTOR = Detector(
    kind="cyberark_pta",
    title="CyberArk Privileged Threat Analytics",
    documentation=(
        "https://docs.cyberark.com/pam-self-hosted/latest/en/content/pta/outbound-sending-pta-syslog-records-to-siem.htm",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT),
    takes_lines=True,
)

"""Tenable Identity Exposure (Tenable.ad): its syslog of deviances, attacks and changes.

Quoted values between blanks: message number, type (0 deviance, 1 change, 2 attack), forest, domain, code of
the indicator, severity, and what it is about. It speaks of the directory's configuration: nobody in it is
anybody to contain.

Vendor documentation: docs.tenable.com, Tenable Identity Exposure, "SYSLOG and email alert details".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, fields
from detectors.alert import Alert, NotUnderstood
from detectors.batch import Finding, each
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, items
from detectors.signals import signal_of

_REMEDY = "Send Tenable Identity Exposure's syslog as it is."
#: C-PKI-DANG-ACCESS for a deviance, a name such as DCSync for an attack.
_CODE = re.compile(r"[A-Z][\w -]{2,60}", re.IGNORECASE)
_SEVERITY = re.compile(r"critical|high|medium|low|info(rmational)?", re.IGNORECASE)
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)*")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read messages; a line that goes on from the one before belongs to it. They have no id."""
    found = items(payload)
    heads = [item for item in found if _columns(item)]
    return each(heads or found, lambda item: _alert(item, source))


def _columns(value: JsonValue) -> list[str]:
    """Return a message's values, or none where it is no beginning of one."""
    columns = [fields.text(each, 400) for each in Fields(value).items("columns")]
    if len(columns) < 6 or not (columns[0].isdigit() and columns[1].isdigit()):
        return []
    right = _DOMAIN.fullmatch(columns[3]) and _CODE.fullmatch(columns[4])
    return columns if right and _SEVERITY.fullmatch(columns[5]) else []


def _alert(value: JsonValue, source: str) -> Alert:
    columns = _columns(value)
    if not columns:
        raise NotUnderstood("it is no message of Tenable Identity Exposure's", _REMEDY)
    _, _, forest, domain, code, severity, *more = columns
    return compose.alert(
        source=source,
        kind=code,
        raw=value,
        verdict=record(
            "A weakness of the directory; it speaks of nobody's account.", signal_of(code)
        ),
        title=f"{code} in {domain}",
        rule=more[3] if len(more) > 3 else code,
        severity=severity,
        tenant_hint=domain,
        details={"forest": forest, "about": more[0] if more else ""},
    )


def _recognises(payload: JsonValue) -> Fit:
    found = items(payload)[:8]
    if found and _columns(found[0]):
        return Fit(0.92, "it has a domain, a code and a severity where Tenable has them")
    return Fit(0.0, "it is no message of quoted values")


DETECTOR = Detector(
    kind="tenable_ad",
    title="Tenable Identity Exposure",
    documentation=(
        "https://docs.tenable.com/identity-exposure/SaaS/Content/User/Alerts/SYSLOG-email-alerts-details.htm",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)

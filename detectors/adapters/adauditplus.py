r"""ManageEngine ADAuditPlus: changes in Active Directory and its own alerts, in CEF.

``suser`` (with ``suid``) acted; ``duser`` is what was acted on, an account unless ``type`` says that it is
another class of object. An alert of unusual activity speaks of a host and names nobody.

Vendor documentation: manageengine.com, ADAuditPlus, "SIEM integration: CEF format".
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast, guessed
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes
from detectors.signals import signal_of

_REMEDY = "Send ADAuditPlus's messages in CEF."
_ACCOUNTS = ("", "user", "person", "inetorgperson")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read messages; they have no id of their own."""
    return each(wrapping.events(payload, _EVENT), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    event = Fields(value)
    said = event.at("extension")
    if not said:
        raise NotUnderstood("it is no message of ADAuditPlus's: no extension", _REMEDY)
    cast = Cast()
    acting: list[Candidate] = [guessed(said.get("suser"))]
    if not said.text("suser").endswith("$"):
        acting.append((IdKind.SID, said.get("suid")))
    account = said.text("type", limit=80).lower() in _ACCOUNTS
    parts.acted(cast, acting, [guessed(said.get("duser"))] if account else [])
    title = said.text("cs1", "cat", limit=120)
    return compose.alert(
        source=source,
        kind=event.text("name", limit=80) or title,
        raw=value,
        verdict=record(signal=signal_of(f"{title} {said.text('cs4')}")),
        cast=cast,
        title=said.text("msg") or title,
        rule=said.get("cs4") if said.text("cs4") != "null" else title,
        occurred_at=said.get("rt"),
        ips=[said.get("src")],
        devices=[compose.thing(None, said.get("cs3"))],
        tenant_hint=said.get("sntdom"),
        details={"outcome": said.text("outcome", limit=40), "reason": said.text("reason")},
    )


_EVENT = by_shapes(
    Shape(
        values={
            "_format": "cef",
            "deviceVendor": "ManageEngine",
            "deviceProduct": "AD\\s?Audit\\s?Plus",
        }
    )
)
DETECTOR = Detector(
    kind="adauditplus",
    title="ManageEngine ADAuditPlus",
    documentation=("https://www.manageengine.com/products/active-directory-audit/help/siem.html",),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT),
    takes_lines=True,
)

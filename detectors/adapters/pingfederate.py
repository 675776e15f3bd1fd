"""PingFederate's audit log (``audit.log``), and the lines its other logs have beside it.

An audit line has ``event``, ``subject`` (who signs in, empty until that is known), ``ip`` and
``connectionid``. ``sri`` is the session's reference, by which PingFederate revokes it. A line of the
administrators' log (``admin.log``) says which administrator did what to which component.

Vendor documentation: docs.pingidentity.com, "PingFederate: security audit logging", "Administrator audit
logging", "Session revocation API".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose
from detectors.alert import Alert, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, Shape, by_shapes, items

_REMEDY = "Send lines of PingFederate's audit log as they are."
_SERVER = re.compile(
    r"\[(org\.sourceid|com\.pingidentity)\.[\w.$]{3,200}\]|\btid:[\w-]{10,40} (TRACE|DEBUG|INFO|WARN|ERROR) "
)
#: The audit log as it is written where nobody has changed it.
_BARS = (
    "timestamp",
    "trackingid",
    "event",
    "subject",
    "ip",
    "app",
    "connectionid",
    "protocol",
    "pfhost",
    "role",
    "status",
    "adapterid",
    "description",
    "responsetime",
)
_BARRED = re.compile(r"[^|]{10,60}\|\s*tid:[^|]{1,80}\|\s*[A-Z_]{2,60}\s*\|")
#: A line of the administrators' log: when, who, her roles, from where, component, event, its id, details.
_ADMIN = re.compile(
    r"(?P<timestamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) *\| *(?P<admin>[^|]{1,120}?) *\| *[^|]{0,400}"
    r"\| *(?P<ip>[0-9A-Fa-f.:]{3,45}) *\| *(?P<component>[A-Z_]{2,60}) *\| *(?P<event>[A-Z_]{2,60}) *"
    r"\|[^|]{0,100}\| *(?P<details>[^|]{0,400})"
)
_WHEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read lines; ``event_id`` is the hash of the line, for no id is its own."""
    return each(items(payload), lambda item: _alert(item, source))


def _line(value: JsonValue) -> Fields:
    """Return a line's values by name, whether it is pairs, CEF or values between bars."""
    line = Fields(value)
    if line.get("_format") == "cef":
        said = line.at("extension")
        named = {
            "event": line.get("name"), "subject": said.get("duid", "duser", "suser"),
            "ip": said.get("src"), "timestamp": said.get("rt", "end"),
            "connectionid": said.get("sourceServiceName", "cs3"), "status": said.get("outcome"),
        }  # fmt: skip
        return Fields(named)
    whole = _whole(value)
    if admin := _ADMIN.match(whole):
        return Fields(admin.groupdict())
    if _BARRED.match(whole):
        return Fields(dict(zip(_BARS, (each.strip() for each in whole.split("|")), strict=False)))
    return line


def _whole(value: JsonValue) -> str:
    """Return a line between bars as it was, whatever its commas and pairs were taken for."""
    line = Fields(value)
    cells = line.get("columns")
    if isinstance(cells, list):
        return ",".join(str(each) for each in cells)
    # Attributes behind the bars are pairs; what stands before them is the head.
    found = line.get("_head") if line.get("_format") == "key_value" else line.get("text")
    return found if isinstance(found, str) else ""


def _people(cast: Cast, line: Fields) -> None:
    administrator, event = line.get("admin"), line.text("event", limit=80)
    if administrator is None:
        cast.add_named(Role.VICTIM, line.get("subject"))
        return
    # Details of what was done to an administrator's account begin with its name.
    on = line.text("details", limit=400).strip()
    named = line.get("component") == "USER" and not event.startswith("LOG") and on
    if named and re.fullmatch(r"\S{1,120}", on):
        cast.add_named(Role.VICTIM, on)
    cast.add_named(Role.ACTOR if named else Role.VICTIM, administrator)


def _alert(value: JsonValue, source: str) -> Alert:
    line = _line(value)
    head = line.text("_head", "text", limit=2000)
    kind = line.text("event", limit=80)
    if not kind and not _SERVER.search(head):
        raise NotUnderstood("it is no line of PingFederate's: no event", _REMEDY)
    when = _WHEN.search(head)
    cast = Cast()
    _people(cast, line)
    ended = line.text("status", limit=40)
    return compose.alert(
        source=source,
        kind=kind or "server log",
        raw=value,
        verdict=record(),
        cast=cast,
        title=f"{kind} {ended}".strip() if kind else "A line of the server log",
        occurred_at=when[0] if when else line.get("timestamp", "@timestamp"),
        session_ids=[line.get("sri")],
        ips=[line.get("ip")],
        apps=[compose.thing(line.get("connectionid"), line.get("connectionname"))],
        tenant_hint=line.get("pfhost"),
        details={
            "status": ended,
            "protocol": line.text("protocol", limit=40),
            "adapter": line.text("authenticationsourceid", "adapterid"),
            "tracking_id": line.text("trackingid", limit=100),
        },
    )


_AUDIT = by_shapes(
    Shape(
        values={
            "_format": "cef",
            "deviceVendor": r"Ping ?Identity.*",
            "deviceProduct": "PingFederate.*",
        }
    ),
    Shape(
        needs=("event", "subject|ip", "trackingid|pfhost", "connectionid|protocol|role"),
        also=("pfhost", "sri", "attrackingid", "virtualserverid"),
    ),
)


def _recognises(payload: JsonValue) -> Fit:
    found = items(payload)[:8]
    lines = [Fields(each).text("_head", "text", limit=2000) for each in found]
    if found and all(_SERVER.search(line) for line in lines):
        return Fit(0.85, "it is a line of PingFederate's server log")
    if found and all(_ADMIN.match(_whole(each)) for each in found):
        return Fit(0.9, "it is a line of PingFederate's log of its administrators")
    return _AUDIT([_line(each).everything() if _barred(each) else each for each in found])


def _barred(value: JsonValue) -> bool:
    return _BARRED.match(_whole(value)) is not None


DETECTOR = Detector(
    kind="pingfederate",
    title="PingFederate audit log",
    documentation=(
        "https://docs.pingidentity.com/pingfederate/latest/administrators_reference_guide/pf_security_audit_logging.html",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)

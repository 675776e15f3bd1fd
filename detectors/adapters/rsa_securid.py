"""RSA Authentication Manager's audit lines: runtime (sign-ins), admin and system.

Values stand between commas, the logger (``audit.runtime.com.rsa...``) says which log it is. From the
logger on: level, event, session, client address, server address, action, code, result, reason, ... The
user's login, first and last name follow each other.

Vendor documentation: community.rsa.com, "RSA Authentication Manager: log messages" and "Remote syslog
format".
"""

from __future__ import annotations

import csv
import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, fields
from detectors.alert import Alert, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Cast
from detectors.compose import record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Fit, items

_REMEDY = "Send lines of RSA Authentication Manager's remote syslog as they are."
_LOGGER = re.compile(r"audit\.(runtime|admin|system)\.com\.rsa\.[\w.]{3,200}")
#: Places counted from the logger; the admin log has one more before the login.
_LOGIN = {"runtime": 14, "admin": 15}


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read lines; ``event_id`` is the event's own id."""
    return each(items(payload), lambda item: _alert(item, source))


def _columns(value: JsonValue) -> list[str]:
    """Return a line's values, whichever way the line was read; those from the logger on."""
    line = Fields(value)
    found = [fields.text(each, 400) for each in line.items("columns")]
    if not found:
        # A distinguished name at a line's end looks like pairs; what stands before it is enough.
        head = line.text("_head", "text", "message", limit=4000)
        found = [each.strip() for each in next(csv.reader([head.replace('"', "")]), [])]
    place = next((n for n, each in enumerate(found) if _LOGGER.fullmatch(each)), None)
    return [] if place is None else found[place:]


def _alert(value: JsonValue, source: str) -> Alert:
    columns = _columns(value)
    if len(columns) < 9:
        raise NotUnderstood("it is no audit line of RSA Authentication Manager", _REMEDY)
    log = columns[0].split(".")[1]
    cast = Cast()
    place = _LOGIN.get(log)
    if place is not None:  # what the system does by itself is nobody's
        login, first, last = [*columns[place : place + 3], "", "", ""][:3]
        cast.add_named(Role.VICTIM, login, name=f"{first} {last}")
    return compose.alert(
        source=source,
        kind=columns[6],
        raw=value,
        verdict=record(),
        cast=cast,
        event_id=columns[2],
        title=f"{columns[6].replace('_', ' ').lower()}: {columns[8].lower()}",
        rule=columns[7],
        session_ids=[columns[3]],
        ips=[columns[4]],
        details={
            "result": columns[8],
            "reason": columns[9] if len(columns) > 9 else "",
            "log": log,
        },
    )


def _recognises(payload: JsonValue) -> Fit:
    found = items(payload)[:8]
    known = sum(bool(_columns(each)) for each in found)
    if not known:
        return Fit(0.0, "it has no logger of RSA's")
    return Fit(
        round(0.95 * known / len(found), 3), "it has a logger of RSA Authentication Manager's"
    )


DETECTOR = Detector(
    kind="rsa_securid",
    title="RSA Authentication Manager (SecurID) audit",
    documentation=("https://community.rsa.com/s/article/RSA-Authentication-Manager-log-messages",),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)

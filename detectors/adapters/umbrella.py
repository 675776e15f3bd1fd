"""Cisco Umbrella's DNS and proxy logs, as its bucket has them: values in quotes, between commas.

DNS: time, most granular identity, identities, internal address, external address, action, query type,
response code, domain, categories, type of that identity, types of identities, blocked categories.

Vendor documentation: docs.umbrella.com, "DNS log formats", "Proxy log formats", "Log formats and versioning".
"""

from __future__ import annotations

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

_REMEDY = "Send lines of Umbrella's DNS or proxy log as they are."
_WHEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_ACTION = re.compile(r"(allowed|blocked|proxied)", re.IGNORECASE)
_PEOPLE = re.compile(r"(ad|ldap|saml|azure ad|g ?suite|directory)? ?users?", re.IGNORECASE)
_TYPES = re.compile(
    r"(ad|ldap|saml|azure ad|g ?suite|directory)? ?users?|(roaming|anyconnect|ad|mobile)[\w ]*"
    r"|(internal )?networks?|sites?|network (devices?|tunnels?)|chromebooks?",
    re.IGNORECASE,
)
#: "Ada Lind (ada@contoso.com)".
_NAMED = re.compile(r"(.{1,200}?)\s*\(([^()\s]+@[^()\s]+)\)")


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read lines; they have no id."""
    return each(items(payload), lambda item: _alert(item, source))


def _columns(value: JsonValue) -> list[str]:
    columns = [fields.text(each, 1000) for each in Fields(value).items("columns")]
    if len(columns) < 7 or not _WHEN.fullmatch(columns[0]):
        return []
    if not any(fields.address(each) for each in columns[2:6]):
        return []
    told = any(_ACTION.fullmatch(each) for each in columns[5:8]) or _kind(columns)
    return columns if told else []


def _kind(columns: list[str]) -> str:
    """Return the type of the most granular identity: the first of the line's types."""
    types = (each.partition(",")[0] for each in columns[5:])
    return next((each for each in types if _TYPES.fullmatch(each)), "")


def _alert(value: JsonValue, source: str) -> Alert:
    columns = _columns(value)
    if not columns:
        raise NotUnderstood("it is no line of Umbrella's", _REMEDY)
    when, identity = columns[:2]
    kind = _kind(columns)
    action = next((each for each in columns[5:8] if _ACTION.fullmatch(each)), "")
    cast = Cast()
    if _PEOPLE.fullmatch(kind):
        match = _NAMED.fullmatch(identity)
        if match:
            cast.add_named(Role.VICTIM, match[2], name=match[1])
        else:
            cast.add_named(Role.VICTIM, identity)
    else:
        cast.leave_out("a computer or a network, which is nobody")
    return compose.alert(
        source=source,
        kind="request",
        raw=value,
        verdict=record("A name was looked up; that says nothing of an account."),
        cast=cast,
        title=f"{action or 'Request'} {columns[8] if len(columns) > 8 else ''}".strip(),
        occurred_at=when,
        ips=columns[2:5],
        details={"action": action, "identity_type": kind},
    )


def _recognises(payload: JsonValue) -> Fit:
    found = items(payload)[:8]
    known = sum(bool(_columns(each)) for each in found)
    if not known:
        return Fit(0.0, "it is no line of Umbrella's")
    return Fit(round(0.85 * known / len(found), 3), "it has Umbrella's columns")


DETECTOR = Detector(
    kind="umbrella",
    title="Cisco Umbrella logs",
    documentation=("https://docs.umbrella.com/deployment-umbrella/docs/dns-log-formats",),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)

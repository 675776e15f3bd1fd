"""Results of Sigma rules as the tools that run them write them (Chainsaw, Hayabusa, Zircolite, sigma-cli).

The rule's own keys stand beside the event it matched: ``title``, ``level``, ``tags`` (``attack.t1539``),
``logsource``; the event in ``matches``, ``document`` or ``event``. Only fields that every log of
identities spells alike are read for persons; the event itself is read by its own adapter where its
shape is known.

Documentation: SigmaHQ, "Sigma rules specification (title, level, tags, logsource)"; WithSecure Labs,
"Chainsaw"; wagga40, "Zircolite"; Yamato Security, "Hayabusa: output profiles".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import findings, paths, recognition, wrapped
from detectors.alert import Alert
from detectors.batch import Finding, each
from detectors.compose import Verdict
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.product import Product, alert_of, detector_of, person
from detectors.recognition import Shape

_KIND = "sigma_result"
#: Chainsaw keeps the record of Windows as it is; Hayabusa has names of its own for its fields.
_WINDOWS = "document.data.Event.EventData"
_EVENTS = "matches|document.data|document|event|log"
_TAG = re.compile(r"(?:attack\.)?(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    tags = [
        match[1]
        for tag in paths.values(event, "tags|rule.tags|MitreTags")
        if (match := _TAG.fullmatch(str(tag)))
    ]
    return findings.finding(action, severity, tags)


def _at(*names: str) -> str:
    places = (_WINDOWS, *_EVENTS.split("|"))
    return "|".join(f"{place}.{name}" for name in names for place in places)


def _details(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Make an object of Hayabusa's details where they are one line (``TgtUser: ada ¦ SrcIP: -``)."""
    given = Fields(event).get("Details")
    if not isinstance(given, str):
        return event
    pairs = (part.partition(": ") for part in given.split("¦"))
    return {**event, "Details": {key.strip(): value.strip() for key, _, value in pairs}}


_PRODUCT = Product(
    kind=_KIND,
    title="Results of Sigma rules",
    documentation=(
        "https://sigmahq.io/docs/basics/rules.html",
        "https://github.com/WithSecureLabs/chainsaw",
        "https://github.com/wagga40/Zircolite",
        "https://github.com/Yamato-Security/hayabusa",
    ),
    shapes=(
        Shape(
            needs=("title|name|rule.title", _EVENTS, "level|rule_level|rule.level",
                   "tags|sigmafile|sigma|logsource|rule.tags|rule.logsource"),
            also=("id", "authors", "status", "references"),
            never=("agent", "detectionOrigin", "incident"),
            surety=0.8,
            most=0.9,
        ),
        Shape(
            needs=("RuleTitle", "Level", "Channel|EventID|RecordID", "Details|ExtraFieldInfo|AllFieldInfo"),
            also=("RuleID", "Computer", "MitreTags"),
        ),
    ),
    targets=(
        person(_at("TargetUserName", "target.user.name", "targetUserPrincipalName") + "|Details.TgtUser",
               sid=_at("TargetUserSid", "TargetSid") + "|Details.TgtSID"),
    ),
    actors=(
        person(
            _at("user.name", "userPrincipalName", "UserPrincipalName", "UserId", "actor.alternateId",
                "SubjectUserName", "User", "user") + "|Details.SrcUser|Details.User",
            sid=_at("SubjectUserSid"),
        ),
    ),
    action="title|rule.title|name|RuleTitle",
    event_id=_at("id", "uuid"),
    rule="id|rule.id|RuleID|title|name",
    severity="level|rule_level|rule.level",
    occurred_at="timestamp|" + _at("@timestamp", "timestamp", "SystemTime", "CreationTime"),
    ips=(_at("source.ip", "IpAddress", "ipAddress", "client.ipAddress", "ClientIP") + "|Details.SrcIP",),
    judge=_judge,
    prepare=_details,
)  # fmt: skip
_BARE = detector_of(_PRODUCT)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read matches of rules: one, or a list."""
    return each(recognition.items(payload), lambda item: _alert(item, source))


def _alert(item: JsonValue, source: str) -> Alert:
    outer = alert_of(_PRODUCT, item, source)
    return wrapped.better(outer, wrapped.original(paths.value(item, _EVENTS), source, _KIND))


DETECTOR = Detector(
    kind=_KIND,
    title=_BARE.title,
    documentation=_BARE.documentation,
    parse=parse,
    recognises=_BARE.recognises,
    takes_lines=True,
)

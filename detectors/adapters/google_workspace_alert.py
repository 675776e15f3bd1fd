"""Google Workspace's alert center: alerts of the Alert Center API.

``data.@type`` says what the alert holds, ``type`` which rule it is. The person stands in ``data``; who
works on the alert (``metadata.assignee``) is nobody to contain.

Vendor documentation: developers.google.com, "Alert Center API: alerts" and "Alert types" (``AccountWarning``,
``StateSponsoredAttack``, ``MailPhishing``, ``SuspiciousActivity``, ``DeviceCompromised`` ...).
"""

from __future__ import annotations

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, parts, wrapping
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast
from detectors.compose import Verdict, record
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import Shape, by_shapes
from detectors.signals import signal_of

_ENVELOPES = ("alerts",)
_REMEDY = "Send alerts as the Alert Center API has them."
#: Rules of the source "Google identity" by which Google holds the account to be in other hands.
_LOST = {
    "suspicious login": Signal.RISK,
    "suspicious login (less secure app)": Signal.RISK,
    "suspicious programmatic login": Signal.RISK,
    "leaked password": Signal.CREDENTIAL,
    "user suspended due to suspicious activity": Signal.CREDENTIAL,
    "user suspended (suspicious activity)": Signal.CREDENTIAL,
    "user suspended": Signal.CREDENTIAL,
    "suspicious session cookie": Signal.SESSION_THEFT,
    "user signed out due to suspicious session cookie": Signal.SESSION_THEFT,
}


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read alerts; ``event_id`` is ``alertId``."""
    found = wrapping.events(payload, _EVENT, *_ENVELOPES)
    return each(found, lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    alert = Fields(value)
    data, metadata = alert.at("data"), alert.at("metadata")
    holds = data.text("@type", limit=200).rpartition(".")[2].strip()
    if not alert.text("alertId") or not (holds or alert.text("type")):
        raise NotUnderstood("it is no alert of the Alert Center: no alertId, or no type", _REMEDY)
    cast = Cast()
    _people(cast, data)
    cast.add(Role.BYSTANDER, _address(metadata.get("assignee")))
    login = data.at("loginDetails")
    return compose.alert(
        source=source,
        kind=holds or alert.text("type"),
        raw=value,
        verdict=_verdict(alert, holds),
        cast=cast,
        event_id=alert.get("alertId"),
        title=alert.text("type"),
        rule=data.text("name", "ruleName") or alert.text("type"),
        severity=metadata.get("severity"),
        occurred_at=login.get("loginTime") or alert.get("startTime", "createTime"),
        last_seen_at=alert.get("updateTime", "endTime"),
        ips=[login.get("ipAddress"), data.get("sourceIp")],
        tenant_hint=alert.get("customerId"),
        details={
            "from": alert.text("source", limit=120),
            "status": metadata.text("status", limit=40),
        },
    )


def _address(value: JsonValue) -> Candidate:
    """Take an address; the API leaves a rule's or a group's name in the same places."""
    return IdKind.GOOGLE_EMAIL, None if isinstance(value, str) and "@" not in value else value


def _people(cast: Cast, data: Fields) -> None:
    acting = data.get("actorEmail")
    reset = data.at("superAdminPasswordResetEvent").get("userEmail")
    changed = data.at("primaryAdminChangedEvent").get("updatedAdminEmail")
    if acting is not None:
        about = changed if reset is None else reset
        parts.acted(cast, [_address(acting)], [_address(about)])
        return
    violation = data.at("ruleViolationInfo").get("triggeringUserEmail")
    cast.add(Role.VICTIM, _address(data.get("email") or violation))
    for message in data.items("messages"):
        cast.add(Role.VICTIM, _address(Fields(message).get("recipient")))
    for address in data.items("affectedUserEmails"):
        cast.add(Role.BYSTANDER, _address(address))
    # Who sent the mail: an attacker, or an account of ours in an attacker's hands; which is not said.
    cast.add(Role.BYSTANDER, _address(data.at("maliciousEntity").at("entity").get("emailAddress")))


def _verdict(alert: Fields, holds: str) -> Verdict:
    rule = alert.text("type").lower()
    if (
        alert.at("metadata").text("status", limit=20).upper() == "CLOSED"
        or alert.get("deleted") is True
    ):
        return record("The alert is closed.", _LOST.get(rule, Signal.OTHER))
    if holds in ("AccountWarning", "") and rule in _LOST:
        return Verdict(
            True, "Google holds the account to be in somebody else's hands.", _LOST[rule]
        )
    if holds == "StateSponsoredAttack" or alert.text("source").lower() == "state sponsored attack":
        return record(
            "Google saw an attempt on the account; nothing says that it worked.", Signal.RISK
        )
    return record(
        "An alert that does not say that an account is lost.", signal_of(alert.text("type"))
    )


_EVENT = by_shapes(
    Shape(
        needs=("alertId",),
        values={"data.@type": r"type\.googleapis\.com/google\.apps\.alertcenter\..*"},
    ),
    Shape(needs=("alertId", "customerId", "securityInvestigationToolLink"), surety=0.8),
    Shape(
        needs=("alertId", "customerId", "type", "source", "data", "createTime", "metadata.status"),
        also=("startTime", "etag", "metadata.severity"),
        surety=0.75,
        most=0.85,
    ),
    envelopes=_ENVELOPES,
)
DETECTOR = Detector(
    kind="google_workspace_alert",
    title="Google Workspace alert center",
    documentation=(
        "https://developers.google.com/workspace/admin/alertcenter/reference/rest/v1beta1/alerts",
        "https://developers.google.com/workspace/admin/alertcenter/reference/alert-types",
    ),
    parse=parse,
    recognises=wrapping.even_wrapped(_EVENT, *_ENVELOPES),
    takes_lines=True,
)

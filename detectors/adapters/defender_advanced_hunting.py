"""Rows of Defender's advanced hunting tables: streamed, queried, or posted by who runs a query.

The streaming API sends ``category`` (``AdvancedHunting-AlertEvidence``) and the row in ``properties``;
a query of Microsoft Graph or of Defender's interface puts rows in ``results``. A row is telemetry, and
nothing follows it, except ``AlertEvidence`` (an alert, of a custom detection, too, and one entity of it)
and rows of a query that say what they are a finding of (``Title``, ``AlertTitle``, ``RuleName``).

Persons: the account of the row (``Account*``), else whose process it was
(``InitiatingProcessAccount*``); in mail, the recipient of what came in and the sender of what went
out; in changes of the directory, who was changed. ``CloudAppEvents`` of Microsoft 365 carry its audit
record, which says it best.

Vendor documentation: Microsoft Learn, Defender XDR "Advanced hunting schema tables" (AlertEvidence,
AlertInfo, CloudAppEvents, DeviceLogonEvents, EmailEvents, IdentityDirectoryEvents,
IdentityLogonEvents, UrlClickEvents, ...), "Streaming API", Microsoft Graph ``runHuntingQuery``.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from config.settings import Source
from detectors import compose, embedded, parts, persons, recognition, unified_audit
from detectors.alert import Alert, IdKind, NotUnderstood, Role
from detectors.batch import Finding, each
from detectors.cast import Candidate, Cast
from detectors.compose import Verdict
from detectors.defender_evidence import add_account
from detectors.defender_verdict import judge, telemetry
from detectors.detector import Detector
from detectors.fields import Fields
from detectors.recognition import ENOUGH, Fit, Shape, by_shapes

_ENVELOPES = ("records", "results", "value")
#: Entities of AlertEvidence that are, or have, somebody's account.
_ACCOUNTS = {"user", "account", "mailbox", "cloudlogonsession"}
#: Where a row says what was found: an alert's own title, or what a query calls its rows.
_TITLES = ("title", "alertTitle", "detectionName", "ruleName")
#: Columns of queries on "Update StsRefreshTokenValidFrom Timestamp.", which every revocation causes.
_STS = ("oldStsRefreshValidFrom", "newStsRefreshValidFrom", "tokenMinutesAdded")
_TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?", re.ASCII)


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:  # noqa: ARG001 - an adapter's signature
    """Read rows, bare, in ``properties``, in a list or an envelope, or one a line.

    ``event_id`` is the alert's id with its entity (``AlertEvidence``), else ``ReportId`` with the device
    and time: a report's number is its device's own.
    """
    return each(recognition.items(payload, *_ENVELOPES), lambda item: _alert(item, source))


def _alert(value: JsonValue, source: str) -> Alert:
    outer = Fields(value)
    row = embedded.at(outer, "properties") or outer
    table = outer.text("category", limit=80).rpartition("-")[2] or outer.text("tableName", limit=80)
    if not row or not ("timestamp" in row or "timeGenerated" in row or "reportId" in row or table):
        raise NotUnderstood(
            "it is no row of an advanced hunting table: no Timestamp and no ReportId",
            "Send rows with their Timestamp, ReportId and the columns that name the account.",
        )
    verdict = _verdict(row, streamed=row is not outer)
    title = row.text(*_TITLES) or row.text("actionType", limit=120) or table
    return compose.alert(
        source=source,
        kind=table or "hunting row",
        raw=value,
        verdict=verdict,
        cast=_cast(row),
        event_id=_identity(row),
        title=title,
        rule=row.text(*_TITLES) or row.text("detectionSource", limit=80),
        severity=row.get("severity", "alertSeverity") or "informational",
        occurred_at=row.get("timestamp", "timeGenerated") or outer.get("time"),
        session_ids=[row.get("sessionId"), _raw(row).get("sessionId")],
        token_ids=[row.get("uniqueTokenId")],
        ips=[
            row.get(name)
            for name in ("ipAddress", "remoteIP", "senderIPv4", "senderIPv6", "publicIP")
        ],
        networks=[
            compose.network(
                row.get("ipAddress"), None, row.get("city"), row.get("countryCode", "country")
            )
        ],
        user_agents=[row.get("userAgent")],
        devices=[compose.thing(row.get("deviceId"), row.get("deviceName"))],
        apps=[
            compose.thing(row.get("applicationId", "oAuthApplicationId"), row.get("application"))
        ],
        actor_app_ids=_acting_applications(row),
        tenant_hint=outer.get("tenantId"),
        details={
            "action": row.text("actionType", limit=120),
            "entity": row.text("entityType", limit=40),
            "evidence_role": row.text("evidenceRole", limit=40),
            "product": row.text("serviceSource", limit=80),
            "alert_id": row.text("alertId", limit=80),
        },
    )


def _identity(row: Fields) -> str | None:
    number, alert = row.text("reportId", limit=120), row.text("alertId", limit=80)
    if alert:
        entity = row.text("accountObjectId", "deviceId", "networkMessageId", "sha1", limit=80)
        return f"{alert}:{row.text('entityType', limit=30)}:{entity}".replace(" ", "")
    if not number.isdigit():
        return number or None
    return f"{row.text('deviceId', limit=60)}:{row.text('timestamp', limit=40)}:{number}".replace(
        " ", "T"
    )


def _verdict(row: Fields, *, streamed: bool) -> Verdict:
    """Judge a row: one of an alert, or one of a query of the tenant's own that says what it found."""
    title, of_alert = row.text(*_TITLES), "alertId" in row
    if not title or (streamed and not of_alert):
        return telemetry()
    categories = row.text("categories", "category")
    found = judge(
        f"{title} {categories}",
        severity=row.text("severity", "alertSeverity", limit=20),
        techniques=_TECHNIQUE.findall(row.text("attackTechniques", "techniques", limit=2000)),
    )
    entity = row.text("entityType", limit=40).lower()
    if found.actionable and (of_alert or entity) and entity not in _ACCOUNTS:
        why = "It is of no account; the alert's rows of users name whom it is about."
        return Verdict(False, why, found.signal, found.attack)
    return found


def _acting_applications(row: Fields) -> list[JsonValue]:
    """Return the ids of the application that acted.

    In ``CloudAppEvents`` the account is the one that acted; in rows of a query about changed refresh
    tokens it is so, too, whatever else the query has kept.
    """
    by_app = row.text("accountType", limit=40).lower() == "application"
    about_tokens = any(name in row for name in _STS)
    acted = [row.get("accountObjectId")] if by_app or about_tokens else []
    return [*acted, *unified_audit.acting_applications(_raw(row))]


def _raw(row: Fields) -> Fields:
    return embedded.at(row, "rawEventData")


def _cast(row: Fields) -> Cast:
    people = Cast()
    raw = _raw(row)
    if raw.get("userId") is not None and "recordType" in raw:
        return unified_audit.cast_of(raw)
    if "alertId" in row and row.text("entityType", limit=40):
        return _entity(row, people)
    if _is_mail(row):
        _mail(row, people)
        return people
    target = Fields({
        "userPrincipalName": row.get("targetAccountUpn"), "displayName": row.get("targetAccountDisplayName"),
        "aadUserId": row.get("targetAccountObjectId"),
    })  # fmt: skip
    changed = add_account(people, Role.VICTIM, target) or parts.unsayable(
        target.everything().items()
    )
    if row.text("accountType", limit=40).lower() in {
        "application",
        "system",
        "serviceaccount",
    } or _application(row):
        people.leave_out("an application, which is nobody")
        return people
    acted = add_account(people, Role.ACTOR if changed else Role.VICTIM, _account(row, "account"))
    named = changed or acted
    add_account(
        people, Role.BYSTANDER if named else Role.VICTIM, _account(row, "initiatingProcessAccount")
    )
    for user in map(Fields, embedded.items(row, "loggedOnUsers")):
        add_account(people, Role.BYSTANDER, user)
    return people


def _entity(row: Fields, people: Cast) -> Cast:
    """Name the account of one entity of an alert; users, mailboxes, sessions and processes have one."""
    more = embedded.at(row, "additionalFields")
    if row.text("entityType", limit=40).lower() == "mailbox":
        people.add(
            Role.VICTIM,
            (IdKind.EMAIL, more.get("mailboxPrimaryAddress")),
            (IdKind.USER_PRINCIPAL_NAME, more.get("upn")),
        )
    add_account(people, Role.VICTIM, _account(row, "account"))
    return people


def _account(row: Fields, prefix: str) -> Fields:
    """Read the columns of an account; where it has no name, what it is called tells people who is meant."""
    name = row.get(f"{prefix}Name") or row.get(f"{prefix}Id") or row.get(f"{prefix}DisplayName")
    return Fields({
        "accountName": None if persons.guid(name) else name, "accountDomain": row.get(f"{prefix}Domain"),
        "accountSid": row.get(f"{prefix}Sid", f"{prefix}OnPremSid"), "accountUpn": row.get(f"{prefix}Upn"),
        "accountObjectId": row.get(f"{prefix}ObjectId"), "accountDisplayName": row.get(f"{prefix}DisplayName"),
        "primaryAddress": row.get("emailAddress") if prefix == "account" else None,
    })  # fmt: skip


def _application(row: Fields) -> bool:
    return row.get("isAppOnly") is True or bool(
        row.get("servicePrincipalId") and not row.get("accountUpn")
    )


def _is_mail(row: Fields) -> bool:
    return any(
        name in row for name in ("recipientEmailAddress", "senderFromAddress", "senderEmailAddress")
    )


def _mail(row: Fields, people: Cast) -> None:
    recipient: list[Candidate] = [
        (IdKind.ENTRA_OBJECT_ID, row.get("recipientObjectId")),
        (IdKind.EMAIL, row.get("recipientEmailAddress")),
    ]
    sender: list[Candidate] = [
        (IdKind.ENTRA_OBJECT_ID, row.get("senderObjectId")),
        (IdKind.EMAIL, row.get("senderFromAddress", "senderEmailAddress", "senderMailFromAddress")),
    ]
    outbound = row.text("emailDirection", limit=20).lower() == "outbound"
    if outbound or "senderEmailAddress" in row:
        people.add(Role.VICTIM, *sender, name=row.get("senderDisplayName"))
        people.add(Role.BYSTANDER, *recipient)
    else:
        people.add(Role.VICTIM, *recipient)
        people.add(Role.BYSTANDER, *sender, name=row.get("senderDisplayName"))
    for other in map(Fields, embedded.items(row, "recipientDetails")):
        people.add(
            Role.BYSTANDER,
            (IdKind.ENTRA_OBJECT_ID, other.get("recipientObjectId")),
            (IdKind.EMAIL, other.get("recipientSmtpAddress")),
            name=other.get("recipientDisplayName"),
        )


_rows = by_shapes(
    Shape(
        values={"category": r"AdvancedHunting-\w+"},
        needs=("properties",),
        also=("tenantId", "time"),
    ),
    Shape(
        needs=(
            "timestamp|timeGenerated",
            "reportId|reportId_long",
            "actionType|networkMessageId|deviceId|accountObjectId|accountUpn",
        ),
        also=(
            "accountUpn",
            "accountObjectId",
            "deviceName",
            "initiatingProcessFileName",
            "application",
        ),
        never=("properties", "event_simpleName"),
        surety=0.85,
    ),
    Shape(
        needs=("timestamp|timeGenerated", "alertId", "title", "serviceSource|detectionSource"),
        never=("properties", "@odata.type"),
    ),
    Shape(
        needs=(
            "timestamp",
            "accountUpn|accountObjectId|initiatingProcessAccountUpn|recipientEmailAddress",
            "deviceId|ipAddress|networkMessageId|application|sessionId",
        ),
        never=("properties",),
        surety=0.7,
    ),
    envelopes=_ENVELOPES,
)


def _recognises(payload: JsonValue) -> Fit:
    """Know a query's answer by what stands around its rows: a query may have kept any columns."""
    found = _rows(payload)
    answer = Fields(payload)
    columns = [Fields(column) for column in answer.items("schema")]
    described = bool(columns) and all("name" in each and "type" in each for each in columns)
    if found.surety < ENOUGH and described and isinstance(answer.get("results"), list):
        return Fit(0.85, "it has Schema and Results")
    return found


DETECTOR = Detector(
    kind="defender_advanced_hunting",
    title="Microsoft Defender XDR advanced hunting rows",
    documentation=(
        "https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-schema-tables",
        "https://learn.microsoft.com/en-us/defender-xdr/streaming-api",
        "https://learn.microsoft.com/en-us/graph/api/security-security-runhuntingquery",
    ),
    parse=parse,
    recognises=_recognises,
    takes_lines=True,
)  # fmt: skip

"""Rows of a Log Analytics workspace as what was sent into it: custom tables and ``CommonSecurityLog``.

A custom table (``Okta_CL``) has an event's parts as columns: names of inner objects are joined by an underscore,
and the collector adds the type (``actor_alternateId_s``). Where a name has underscores of its own, which of them
join objects is not written anywhere; so several readings are given, for the adapters to say which is theirs.
``CommonSecurityLog`` holds CEF, with a column for each of its keys, and Okta's newer table (``OktaV2_CL``) the
System Log under names that Microsoft's connector has chosen.

Vendor documentation: Microsoft Learn, "Send log data to Azure Monitor by using the HTTP Data Collector API" (record
type and properties), "CEF and CommonSecurityLog field mapping"; Microsoft Sentinel's solution "Okta Single Sign-On"
(data collection rule).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pydantic import JsonValue

from detectors.embedded import opened
from detectors.fields import Fields

_TYPED = re.compile(r"(\w+)_[sbdgt]", re.ASCII)
_TABLE = re.compile(r"\w{1,100}_CL", re.ASCII)
#: What the workspace itself says of a row.
_OWN = frozenset(
    ["tenantid", "sourcesystem", "mg", "managementgroupname", "timegenerated", "computer", "rawdata", "type",
     "_resourceid", "_itemid", "_subscriptionid"]
)  # fmt: skip
#: A table has at most 500 columns (Azure Monitor service limits); what has more is no row of one.
_MOST = 500
#: Of the columns so many have to carry their type, and of the whole this part.
_FEWEST, _PART = 4, 0.8
_EMPTY: tuple[JsonValue, ...] = ("", None, "null", [], {})
_CEF_HEAD = {
    "deviceVendor": "deviceVendor", "deviceProduct": "deviceProduct", "deviceVersion": "deviceVersion",
    "deviceEventClassID": "signatureId", "activity": "name", "logSeverity": "severity",
}  # fmt: skip
_CEF_KEYS = {
    "deviceAction": "act", "applicationProtocol": "app", "deviceEventCategory": "cat", "protocol": "proto",
    "deviceExternalID": "deviceExternalId", "deviceName": "dvchost", "deviceAddress": "dvc",
    "destinationHostName": "dhost", "destinationIP": "dst", "destinationUserID": "duid",
    "destinationUserName": "duser", "destinationNTDomain": "dntdom", "destinationServiceName": "destinationServiceName",
    "externalID": "externalId", "extID": "externalId", "fileName": "fname", "filePath": "filePath",
    "message": "msg", "eventOutcome": "outcome", "reason": "reason", "requestURL": "request",
    "requestClientApplication": "requestClientApplication", "requestMethod": "requestMethod",
    "receiptTime": "rt", "startTime": "start", "endTime": "end", "timeGenerated": "rt",
    "sourceHostName": "shost", "sourceIP": "src", "sourceUserID": "suid", "sourceUserName": "suser",
    "sourceNTDomain": "sntdom", "sourceServiceName": "sourceServiceName", "sourceProcessName": "sproc",
}  # fmt: skip
_OKTA = {
    "eventOriginalUid": "uuid", "timeGenerated": "published", "eventOriginalType": "eventType",
    "eventMessage": "displayMessage", "originalSeverity": "severity", "legacyEventType": "legacyEventType",
    "originalUserId": "actor.id", "originalUserType": "actor.type", "originalActorAlternateId": "actor.alternateId",
    "actorDisplayName": "actor.displayName", "srcIpAddr": "client.ipAddress",
    "httpUserAgent": "client.userAgent.rawUserAgent", "originalOutcomeResult": "outcome.result",
    "eventOriginalResultDetails": "outcome.reason", "originalTarget": "target",
    "debugData": "debugContext.debugData", "actorSessionId": "authenticationContext.externalSessionId",
    "securityContextIsProxy": "securityContext.isProxy", "request": "request",
    "transactionType": "transaction.type", "transactionId": "transaction.id",
}  # fmt: skip
_NUMBERED = {"deviceCustomString": "cs", "deviceCustomNumber": "cn", "flexString": "flexString"}


def forms(row: dict[str, JsonValue]) -> Iterator[JsonValue]:
    """Yield what a row may have been when it was sent; nothing where it is a row of neither."""
    if len(row) > _MOST:
        return
    if {"deviceVendor", "deviceProduct", "deviceEventClassID"} <= {
        key for key in _CEF_HEAD if key in Fields(row)
    }:
        yield _cef(Fields(row))
        return
    if all(key in Fields(row) for key in ("eventOriginalType", "originalUserId", "originalTarget")):
        given = {path: opened(Fields(row).get(column)) for column, path in _OKTA.items()}
        yield _split(_filled(given), ".")
        return
    columns = _columns(row)
    if columns:
        yield _split(_filled(columns))
        yield _shared([(name.split("_"), value) for name, value in columns.items()])
        yield _inside_one(columns)
        yield _filled(columns)


def _columns(row: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an event's columns by their own names, also those that only other events of the table fill."""
    given = {key: value for key, value in row.items() if key.split(" ")[0].lower() not in _OWN}
    typed = [match for match in map(_TYPED.fullmatch, given) if match]
    is_typed = len(typed) >= max(_FEWEST, _PART * len(given))
    if not is_typed and not _TABLE.fullmatch(Fields(row).text("type", limit=120)):
        return {}
    found: dict[str, JsonValue] = {}
    for key, value in given.items():
        match = _TYPED.fullmatch(key) if is_typed else None
        found.setdefault(match[1] if match else key, opened(value))
    return found


def _filled(columns: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in columns.items() if value not in _EMPTY}


def _split(columns: dict[str, JsonValue], joint: str = "_") -> JsonValue:
    """Read every underscore as one that joins objects, as where names have capitals instead."""
    whole: dict[str, JsonValue] = {}
    for name, value in columns.items():
        here, (*above, last) = whole, name.split(joint)
        for part in above:
            inner = here.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            here = inner
        else:
            here.setdefault(last, value)
    return whole


def _inside_one(columns: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Read the first underscore as one that joins objects where names share what stands before it."""
    split = [(*name.partition("_"), value) for name, value in columns.items()]
    heads = Counter(head for head, *_ in split)
    alone = {head for head, joint, *_ in split if not joint}
    whole: dict[str, JsonValue] = {}
    for head, joint, rest, value in split:
        if value in _EMPTY:
            continue
        if heads[head] == 1 or head in alone:
            whole[head + joint + rest] = value
        elif isinstance(inner := whole.setdefault(head, {}), dict):
            inner[rest] = value
    return whole


def _shared(columns: list[tuple[list[str], JsonValue]]) -> dict[str, JsonValue]:
    """Read as an object what several names have in common, and other underscores as the names' own."""
    whole: dict[str, JsonValue] = {}
    heads: dict[str, list[tuple[list[str], JsonValue]]] = {}
    for parts, value in columns:
        heads.setdefault(parts[0], []).append((parts[1:], value))
    for head, group in heads.items():
        alone = [value for rest, value in group if not rest]
        if len(group) == 1 or alone:
            named = {"_".join([head, *rest]): value for rest, value in group}
            whole.update(_filled(named))
            continue
        common = _common([rest for rest, _ in group])
        inner = _shared([(rest[len(common) :], value) for rest, value in group])
        whole.update(_filled({"_".join([head, *common]): inner}))
    return whole


def _common(names: list[list[str]]) -> list[str]:
    """Return the parts that all names begin with, leaving each at least one."""
    found: list[str] = []
    for parts in zip(*(name[:-1] for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        found.append(parts[0])
    return found


def _cef(row: Fields) -> JsonValue:
    """Put the columns of ``CommonSecurityLog`` back to the keys they had in CEF."""
    said: dict[str, JsonValue] = {}
    for column, key in _CEF_KEYS.items():
        given = row.get(column)
        if given not in ("", None):
            said.setdefault(key, given)
    for column, key in _NUMBERED.items():
        for number in range(1, 7):
            given = row.get(f"{column}{number}")
            label = row.text(f"{column}{number}Label", limit=80)
            if given not in ("", None):
                said.setdefault(f"{key}{number}", given)
                said.setdefault(label or f"{key}{number}", given)
    for pair in row.text("additionalExtensions", limit=4000).split(";"):
        name, mark, rest = pair.partition("=")
        if mark and rest:
            said.setdefault(name.strip(), rest)
    head: dict[str, JsonValue] = {key: row.get(column) for column, key in _CEF_HEAD.items()}
    return {"_format": "cef", "cefVersion": "0", **head, "extension": said}

"""Lines in CEF and LEEF of products that have no adapter of their own.

``duser`` (LEEF: ``usrName``) is the account acted upon or signed in, ``suser`` who acted where both are there.
In lines about mail ``suser`` is a sender, an address of anywhere, and nobody.

Documentation: ArcSight, "Common Event Format: Implementation Standard (producer extension dictionary)"; IBM
QRadar, "LEEF event attributes (usrName, identSrc, policy)".
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import findings, paths
from detectors.compose import Verdict
from detectors.product import Product, person, table
from detectors.recognition import Shape

_FINDS = re.compile(r"alert|alarm|threat|detect|attack|incident|malware|intrusion|anomal|risk|breach", re.IGNORECASE)  # fmt: skip
_COLUMNS = {
    "duser": "DestinationUserName", "duid": "DestinationUserID", "suser": "SourceUserName", "suid": "SourceUserID",
    "src": "SourceIP", "shost": "SourceHostName", "dhost": "DestinationHostName", "msg": "Message",
    "cat": "DeviceEventCategory", "externalId": "ExtID", "start": "StartTime", "end": "EndTime",
    "rt": "ReceiptTime", "deviceReceiptTime": "TimeGenerated", "requestClientApplication": "RequestClientApplication",
}  # fmt: skip
_MAIL = r"(?!.*(mail|smtp|phish|spam)).*"


def _judge(event: JsonValue, action: str, severity: str) -> Verdict:
    said = " ".join((action, paths.text(event, "extension.cat|attributes.cat"), paths.text(event, "extension.msg|attributes.msg")))  # fmt: skip
    if not _FINDS.search(said):
        return findings.change(said)
    return findings.finding(said, severity)


def _row(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Give a row of Sentinel's CommonSecurityLog the names that its line had."""
    if paths.text(event, "_format", 8) == "cef":
        return event
    named = {key: paths.value(event, column) for key, column in _COLUMNS.items()}
    extension: dict[str, JsonValue] = {
        key: value for key, value in named.items() if value is not None
    }
    return {
        **event,
        "name": paths.value(event, "Activity"),
        "signatureId": paths.value(event, "DeviceEventClassID"),
        "severity": paths.value(event, "LogSeverity"),
        "extension": extension,
    }


CEF = Product(
    kind="cef",
    title="Common Event Format (CEF) lines of any product",
    documentation=(
        "https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors-8.4/cef-implementation-standard/",
        "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/commonsecuritylog",
    ),
    shapes=(
        Shape(values={"_format": "cef"}, needs=("signatureId", "deviceVendor"), surety=0.5),
        Shape(
            needs=("DeviceVendor", "DeviceProduct", "DeviceEventClassID|Activity", "LogSeverity|TimeGenerated"),
            never=("_format",), surety=0.5,
        ),
    ),
    targets=(
        person("extension.duser|extension.destinationUserName", sid="extension.duid"),
    ),
    actors=(
        person("extension.suser|extension.sourceUserName|extension.userName", sid="extension.suid",
               only=("extension.cat", _MAIL)),
    ),
    action="name",
    rule="signatureId",
    event_id="extension.externalId|extension.eventId",
    severity="severity",
    levels=(4, 7, 9),
    occurred_at="extension.start|extension.rt|extension.deviceReceiptTime",
    last_seen_at="extension.end",
    ips=("extension.src|extension.sourceAddress",),
    agents="extension.requestClientApplication",
    devices=("", "extension.shost|extension.dhost"),
    judge=_judge,
    prepare=_row,
)  # fmt: skip
LEEF = Product(
    kind="leef",
    title="Log Event Extended Format (LEEF) lines of any product",
    documentation=(
        "https://www.ibm.com/docs/en/dsm?topic=leef-overview",
        "https://www.ibm.com/docs/en/dsm?topic=overview-predefined-leef-event-attributes",
    ),
    shapes=(Shape(values={"_format": "leef"}, needs=("eventId", "vendor"), surety=0.5),),
    targets=(person("attributes.usrName|attributes.accountName|attributes.username"),),
    action="eventId",
    event_id="attributes.externalId",
    severity="attributes.sev",
    levels=(4, 7, 9),
    occurred_at="attributes.devTime",
    ips=("attributes.src|attributes.identSrc",),
    devices=("", "attributes.identHostName"),
    judge=_judge,
)
DETECTORS = table(CEF, LEEF)

"""Amazon Web Services and products that watch clouds, one row a product.

An IAM user is a person's account at AWS, a role is none: a role's session belongs to whoever took it,
and only its name may say who (``AROA...:ada@contoso.com``). Services and instances are nobody.

Vendor documentation: named in each row.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import compose, findings, paths
from detectors.compose import Verdict, record
from detectors.product import Product, person, table
from detectors.recognition import Shape

_HUMAN = (
    r"IAMUser|Root|FederatedUser|SAMLUser|WebIdentityUser|IdentityCenterUser|AssumedRole|Unknown"
)
_CHANGES_USER = (
    r"(Create|Update|Delete|Add|Remove|Attach|Detach|Put|Enable|Deactivate|Resync|Reset|Change)\w*"
)
_SESSION = re.compile(r"[A-Z0-9]{8,}:(\S+@\S+)")


def _principal(event: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Add the address that a role's session is named by, where it is one."""
    given = paths.text(
        event,
        "userIdentity.principalId|resource.accessKeyDetails.principalId|detail.userIdentity.principalId",
    )
    match = _SESSION.fullmatch(given)
    return {**event, "sessionAddress": match[1]} if match else event


def _guardduty(event: JsonValue, action: str, severity: str) -> Verdict:
    said = f"{action} {paths.text(event, 'title')}"
    sample = paths.value(event, "service.additionalInfo.sample") is True
    archived = "archived" if paths.value(event, "service.archived") is True else ""
    techniques = re.findall(r"\bT\d{4}(?:\.\d{3})?\b", paths.text(event, "description"))
    if not paths.value(event, "resource.accessKeyDetails|service.detection.sequence.actors.user"):
        return findings.device(said)
    return findings.finding(said, severity, techniques, state=archived, sample=sample)


def _hub(event: JsonValue, action: str, severity: str) -> Verdict:
    kinds = " ".join(str(one) for one in paths.values(event, "Types"))
    if "Unusual Behaviors/User" not in kinds and "TTPs" not in kinds:
        return record("A weakness or a failed control, and nobody's doing.")
    state = findings.standing(event, "Workflow.Status", "RecordState")
    sample = paths.value(event, "Sample") is True
    return findings.finding(action, compose.severity_of(severity), state=state, sample=sample)


def _cloud(event: JsonValue, action: str, severity: str) -> Verdict:
    state = paths.text(event, "status", 30)
    if paths.value(event, "entityMap") or paths.value(event, "alertInfo"):
        return record("A finding about a cloud account, and about nobody's session.")
    techniques = [str(one) for one in paths.values(event, "mitre_attacks.technique_id")]
    verdict = findings.device(action, techniques)
    return (
        verdict if not state or state == "open" else findings.finding(action, severity, state=state)
    )


CLOUDTRAIL = Product(
    kind="aws_cloudtrail",
    title="AWS CloudTrail",
    documentation=(
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html",
    ),
    shapes=(
        Shape(
            needs=("eventSource", "eventName", "userIdentity|awsRegion"),
            also=("eventVersion", "recipientAccountId", "sourceIPAddress", "eventID"),
            values={"eventSource": r".+\.amazonaws\.com"},
        ),
        Shape(needs=("detail.eventSource", "detail.userIdentity")),
    ),
    envelopes=("Records",),
    inner="detail",
    targets=(
        person("requestParameters.userName", where=("eventName", _CHANGES_USER)),
    ),
    actors=(
        person(
            "userIdentity.userName", "sessionAddress", user_id="userIdentity.arn",
            only=("userIdentity.type", _HUMAN),
        ),
    ),
    action="eventName",
    event_id="eventID",
    occurred_at="eventTime",
    ips=("sourceIPAddress",),
    agents="userAgent",
    tenant="recipientAccountId",
    prepare=_principal,
)  # fmt: skip
GUARDDUTY = Product(
    kind="aws_guardduty",
    title="Amazon GuardDuty",
    documentation=(
        "https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html",
        "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
    ),
    shapes=(
        Shape(
            needs=("service.detectorId|service.serviceName", "type", "accountId|arn"),
            also=("resource.resourceType", "schemaVersion", "severity", "service.archived"),
        ),
        Shape(values={"source": r"aws\.guardduty"}, needs=("detail.type", "detail.service")),
        Shape(
            needs=("detectorId|service", "accountId", "severity"),
            values={"arn": r"arn:aws[\w-]*:guardduty:.*"},
        ),
    ),
    inner="detail",
    targets=(
        person(
            "resource.accessKeyDetails.userName", user_id="resource.accessKeyDetails.principalId",
            where=("resource.accessKeyDetails.userType", "IAMUser|Root|FederatedUser"),
        ),
        person("sessionAddress"),
        person(
            "user.name", user_id="user.uid", each="service.detection.sequence.actors",
            where=("user.type", "IAMUser|Root|FederatedUser"),
        ),
    ),
    action="type",
    headline="title|type",
    severity="severity",
    levels=(4, 7, 9),
    occurred_at="service.eventFirstSeen|createdAt",
    last_seen_at="service.eventLastSeen|updatedAt",
    ips=(
        "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4"
        "|service.action.kubernetesApiCallAction.remoteIpDetails.ipAddressV4",
    ),
    asn="service.action.awsApiCallAction.remoteIpDetails.organization.asn",
    place="service.action.awsApiCallAction.remoteIpDetails.city.cityName"
    "|service.action.awsApiCallAction.remoteIpDetails.country.countryName",
    tenant="accountId",
    judge=_guardduty,
    prepare=_principal,
)  # fmt: skip
SECURITY_HUB = Product(
    kind="aws_security_finding",
    title="AWS Security Hub findings (ASFF)",
    documentation=(
        "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html",
    ),
    shapes=(
        Shape(
            needs=("ProductArn", "AwsAccountId", "GeneratorId|Types|Title"),
            also=("SchemaVersion", "Resources", "Severity.Label", "RecordState"),
        ),
    ),
    envelopes=("detail.findings", "Findings"),
    targets=(
        person("Details.AwsIamUser.UserName", each="Resources", where=("Type", "AwsIamUser")),
        person(
            "Details.AwsIamAccessKey.PrincipalName|Details.AwsIamAccessKey.UserName", each="Resources",
            where=("Details.AwsIamAccessKey.PrincipalType", "IAMUser|FederatedUser"),
        ),
    ),
    action="Title",
    event_id="Id",
    severity="Severity.Label|FindingProviderFields.Severity.Label",
    occurred_at="FirstObservedAt|CreatedAt",
    last_seen_at="LastObservedAt|UpdatedAt",
    ips=("Action.AwsApiCallAction.RemoteIpDetails.IpAddressV4|Network.SourceIpV4",),
    tenant="AwsAccountId",
    judge=_hub,
)  # fmt: skip
LACEWORK = Product(
    kind="lacework",
    title="Lacework (FortiCNAPP)",
    documentation=(
        "https://docs.fortinet.com/document/forticnapp/latest/api-reference/863111/alerts",
    ),
    shapes=(
        Shape(
            needs=("alertId", "alertType|alertName", "alertInfo|startTime"),
            also=("derivedFields", "policyId", "endTime", "reachability"),
        ),
        Shape(needs=("detail.EVENT_ID", "detail.EVENT_TYPE|detail.EVENT_CATEGORY", "detail.SEVERITY"),
              values={"source": r"(aws\.)?.*lacework.*"}),
        Shape(needs=("lacework_account", "event_title|event_type", "event_id|event_severity")),
    ),
    envelopes=("data",),
    inner="detail",
    targets=(person("entityMap.CT_User.USERNAME|entityMap.User.USERNAME"),),
    action="alertName|alertType|EVENT_TYPE",
    headline="alertInfo.subject|alertName|event_title|SUMMARY",
    event_id="alertId|EVENT_ID",
    severity="severity",
    occurred_at="startTime|event_timestamp",
    last_seen_at="endTime",
    judge=_cloud,
)  # fmt: skip
UPWIND = Product(
    kind="upwind",
    title="Upwind",
    documentation=("https://docs.upwind.io/",),
    shapes=(
        Shape(
            needs=("first_seen_time", "occurrence_count|triggers", "resource"),
            also=("mitre_attacks", "upwind_console_link", "category"),
        ),
    ),
    targets=(person("triggers.events.data.user_email|triggers.events.data.user_name"),),
    action="title",
    severity="severity",
    occurred_at="first_seen_time",
    last_seen_at="last_seen_time",
    judge=_cloud,
)
DETECTORS = table(CLOUDTRAIL, GUARDDUTY, SECURITY_HUB, LACEWORK, UPWIND)

"""Sentinel's incidents, in the shapes they arrive in, become the same alert."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Source
from detectors import sentinel
from detectors.alert import Alert, IdKind, NotUnderstood, Role, Signal

SOURCE = Source.model_validate(
    {"kind": "sentinel", "origin": {"proof": "shared_secret", "secret": "s" * 16}}
)
INCIDENT = "6a1b3c5d-0000-4000-8000-00000000beef"
ARM = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/soc/providers/"
    "Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/"
    f"Incidents/{INCIDENT}"
)
ADA = "0a0a0a0a-1111-4222-8333-444444444444"
BEN = "0b0b0b0b-1111-4222-8333-444444444444"


def account(**properties: Any) -> dict[str, Any]:
    return {"id": "/entities/1", "kind": "Account", "properties": properties}


ADAS_ACCOUNT = account(
    accountName="ada", upnSuffix="contoso.com", aadUserId=ADA.upper(), friendlyName="Ada Byron"
)


def incident(**properties: Any) -> dict[str, Any]:
    return {
        "id": ARM,
        "name": INCIDENT,
        "type": "Microsoft.SecurityInsights/Incidents",
        "etag": '"1"',
        "properties": {
            "title": "Anomalous token involving one user",
            "severity": "High",
            "status": "New",
            "incidentNumber": 4711,
            "incidentUrl": "https://portal.example.com/4711",
            "createdTimeUtc": "2026-03-02T09:31:00.1234567Z",
            "firstActivityTimeUtc": "2026-03-02T09:12:00Z",
            "owner": {"userPrincipalName": "olga.owner@contoso.com", "objectId": BEN},
            "additionalData": {
                "tactics": ["CredentialAccess"],
                "techniques": ["T1528"],
                "alertProductNames": ["Microsoft Entra ID Protection"],
            },
            "relatedEntities": [
                ADAS_ACCOUNT,
                {"kind": "Ip", "properties": {"address": "203.0.113.7"}},
                {"kind": "CloudApplication", "properties": {"appId": 11161, "appName": "Mail"}},
                {"kind": "CloudApplication", "properties": {"appId": BEN}},
            ],
            "alerts": [
                {
                    "kind": "SecurityAlert",
                    "properties": {
                        "alertDisplayName": "Anomalous Token",
                        "additionalData": {"Analytic Rule Name": "Token replay seen"},
                        "entities": [account(userPrincipalName="ada@contoso.com")],
                    },
                }
            ],
            **properties,
        },
    }


def triggered(resource: dict[str, Any], event: str = "Create") -> dict[str, Any]:
    return {
        "eventUniqueId": f"unique-{event}",
        "objectSchemaType": "Incident",
        "objectEventType": event,
        "workspaceInfo": {"WorkspaceName": "soc"},
        "workspaceId": BEN,
        "object": resource,
    }


def snake(value: Any) -> Any:
    """As the Python SDK writes a resource: snake_case, properties on the first level."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    flat = {**value, **value["properties"]} if "etag" in value else dict(value)
    if "etag" in value:
        del flat["properties"]
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in key): snake(item)
        for key, item in flat.items()
    }


def one(payload: Any) -> Alert:
    (alert,) = sentinel.parse(payload, "sentinel", SOURCE)
    return alert


def ids(alert: Alert) -> list[set[tuple[str, str]]]:
    return [{(item.kind.value, item.value) for item in person.ids} for person in alert.victims]


@pytest.mark.parametrize(
    "payload",
    [
        triggered(incident()),
        triggered(incident(), "Update"),
        incident(),
        snake(incident()),
        {"body": triggered(incident())},
        {"object": triggered(incident())},
        {"value": [incident()]},
        [incident()],
    ],
    ids=["trigger", "update", "resource", "sdk", "run output", "doubly wrapped", "page", "list"],
)
def test_every_shape_is_the_same_finding(payload: Any) -> None:
    alert = one(payload)
    assert alert.event_id == INCIDENT
    assert alert.title == "Anomalous token involving one user"
    assert alert.severity == "high"
    assert alert.occurred_at == datetime(2026, 3, 2, 9, 12, tzinfo=UTC)
    assert ids(alert) == [{("entra_object_id", ADA), ("user_principal_name", "ada@contoso.com")}]
    assert alert.victims[0].display_name == "Ada Byron"
    assert alert.ips == ("203.0.113.7",)
    assert alert.app_ids == (BEN,)
    assert alert.attack == ("T1528", "CredentialAccess")
    assert alert.rule == "Token replay seen"
    assert alert.signal is Signal.TOKEN_THEFT
    assert alert.actionable
    assert alert.details["incident_number"] == "4711"
    assert alert.details["url"] == "https://portal.example.com/4711"


def test_whoever_works_on_an_incident_is_no_person_of_it() -> None:
    for payload in (incident(), snake(incident()), incident(relatedEntities=[], alerts=[])):
        assert "olga.owner" not in one(payload).model_dump_json()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"status": "Closed"}, "closed in Sentinel"),
        ({"status": "Closed", "classification": "TruePositive"}, "closed in Sentinel"),
        ({"classification": "FalsePositive"}, "false positive"),
        ({"classification": "Benign Positive"}, "benign positive"),
        ({"relatedEntities": [], "alerts": []}, "names no account"),
        (
            {"relatedEntities": [account(accountName="SYSTEM", ntDomain="NT")], "alerts": []},
            "local",
        ),
        ({"relatedEntities": [account(aadUserId="42")], "alerts": []}, "not a GUID"),
        (
            {"relatedEntities": [account(userPrincipalName="ada\u202e@contoso.com")], "alerts": []},
            "invisible",
        ),
        (
            {"relatedEntities": [account(userPrincipalName=["ada"])], "alerts": None},
            "is not text",
        ),
        (
            {"relatedEntities": [account(userPrincipalName="a" * 320 + "@x.com")], "alerts": []},
            "longer than 320",
        ),
    ],
)
def test_a_finding_nothing_may_follow_says_why(changed: dict[str, Any], why: str) -> None:
    alert = one(incident(**changed))
    assert not alert.actionable
    assert why in alert.why


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ({"accountName": "ada", "upnSuffix": "contoso.com"}, "ada@contoso.com"),
        ({"accountName": "ada", "upnSuffix": "@contoso.com"}, "ada@contoso.com"),
        ({"name": "ada@contoso.com", "upnSuffix": "contoso.com"}, "ada@contoso.com"),
        ({"name": "ada", "upnSuffix": "ada@contoso.com"}, "ada@contoso.com"),
        ({"userPrincipalName": " ada@contoso.com "}, "ada@contoso.com"),
        ({"additionalData": {"UserPrincipalName": "ada@contoso.com"}}, "ada@contoso.com"),
        ({"accountName": "ada"}, None),
        ({"upnSuffix": "contoso.com"}, None),
        ({"accountName": 7, "upnSuffix": {"x": 1}}, None),
        ({"aadUserId": "00000000-0000-0000-0000-000000000000"}, None),
    ],
)
def test_a_user_principal_name_is_put_together(
    properties: dict[str, Any], found: str | None
) -> None:
    alert = one(incident(relatedEntities=[account(**properties)], alerts=[]))
    expected = [] if found is None else [{("user_principal_name", found)}]
    assert ids(alert) == expected


def test_two_accounts_are_two_people_unless_an_identifier_says_otherwise() -> None:
    people = [
        account(aadUserId=ADA),
        account(userPrincipalName="ben@contoso.com", aadUserId=BEN),
        account(userPrincipalName="ADA@contoso.com", aadUserId=ADA),
        account(userPrincipalName="ada@contoso.com"),
        account(userPrincipalName="ben@contoso.com", aadUserId=ADA.replace("0a", "0c")),
    ]
    alert = one(incident(relatedEntities=people, alerts=[]))
    assert [len(person.ids) for person in alert.victims] == [2, 2, 2]
    objects = {
        item.value
        for person in alert.victims
        for item in person.ids
        if item.kind is IdKind.ENTRA_OBJECT_ID
    }
    assert objects == {ADA, BEN, ADA.replace("0a", "0c")}


ENTITIES = [
    {"$id": "2", "Name": "ada", "UPNSuffix": "contoso.com", "AadUserId": ADA, "Type": "account"},
    {"$id": "3", "Address": "2001:DB8::7", "Type": "ip"},
    {
        "$id": "4",
        "SessionId": "0f0f0f0f-aaaa-4bbb-8ccc-dddddddddddd",
        "Account": {"$ref": "2"},
        "UserAgent": "curl/8",
        "Type": "cloud-logon-session",
    },
    {"$ref": "2"},
    {"$ref": "99"},
    {"$id": "5", "SessionId": "0x3e7", "Type": "host-logon-session"},
    "noise",
]


@pytest.mark.parametrize("entities", [ENTITIES, json.dumps(ENTITIES)], ids=["list", "text"])
def test_a_security_alert_is_read_from_its_entities(entities: Any) -> None:
    alert = one(
        {
            "SystemAlertId": "9f9f9f9f-0000-4000-8000-000000000001",
            "AlertName": "Stolen session cookie was used",
            "AlertSeverity": "Medium",
            "Status": "New",
            "StartTime": "2026-03-02T08:00:00Z",
            "Tactics": "CredentialAccess, LateralMovement",
            "Techniques": '["T1539"]',
            "ConfidenceLevel": "High",
            "Entities": entities,
        }
    )
    assert alert.kind == "security_alert"
    assert alert.event_id == "9f9f9f9f-0000-4000-8000-000000000001"
    assert ids(alert) == [{("entra_object_id", ADA), ("user_principal_name", "ada@contoso.com")}]
    assert alert.session_ids == ("0f0f0f0f-aaaa-4bbb-8ccc-dddddddddddd",)
    assert alert.user_agents == ("curl/8",)
    assert alert.ips == ("2001:db8::7",)
    assert alert.attack == ("T1539", "CredentialAccess", "LateralMovement")
    assert alert.confidence == "high"
    assert alert.signal is Signal.SESSION_THEFT
    assert all(person.role is Role.VICTIM for person in alert.persons)


@pytest.mark.parametrize(
    ("title", "techniques", "signal"),
    [
        ("Anomalous Token", [], Signal.TOKEN_THEFT),
        ("StsRefreshTokensValidFrom was changed", [], Signal.TOKEN_THEFT),
        ("Possible AiTM phishing", [], Signal.SESSION_THEFT),
        ("Session hijacking by a stolen session cookie token", [], Signal.SESSION_THEFT),
        ("Something odd", ["T1550.004"], Signal.SESSION_THEFT),
        ("Something odd", ["T1528"], Signal.TOKEN_THEFT),
        ("Suspicious inbox forwarding rule", [], Signal.MAIL_RULE),
        ("Suspicious OAuth app consent", [], Signal.CONSENT),
        ("Password spray", [], Signal.CREDENTIAL),
        ("Suspected identity theft (pass-the-ticket)", [], Signal.CREDENTIAL),
        ("Suspected Golden Ticket usage (ticket anomaly)", [], Signal.CREDENTIAL),
        ("MFA fatigue", [], Signal.MFA),
        ("Impossible travel", [], Signal.RISK),
        ("Malware on a host", [], Signal.OTHER),
    ],
)
def test_the_kind_of_trouble(title: str, techniques: list[str], signal: Signal) -> None:
    changed = incident(title=title, additionalData={"techniques": techniques}, alerts=[])
    assert one(changed).signal is signal


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        "text",
        {"title": "Malware", "id": "1", "severity": "high"},
        {"eventType": "com.okta.event_hook", "data": {"events": []}},
        {"Entities": "[broken", "SystemAlertId": "1"},
        {"Entities": "[" * 5000, "SystemAlertId": "1"},
        {"Entities": []},
        {"type": "Microsoft.SecurityInsights/Incidents", "properties": {"title": "no id"}},
    ],
)
def test_other_things_are_not_understood(payload: Any) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        sentinel.parse(payload, "sentinel", SOURCE)
    assert refusal.value.remedy


def test_an_item_of_a_list_that_is_no_incident_keeps_no_other_back() -> None:
    good, broken = sentinel.parse(
        [incident(relatedEntities=[ADAS_ACCOUNT]), {"foo": 1}], "soc", SOURCE
    )
    assert isinstance(good, Alert)
    assert good.victims
    assert isinstance(broken, NotUnderstood)
    assert broken.reason.startswith("item 2 of 2: ")


def mailbox(**properties: Any) -> dict[str, Any]:
    return {"id": "/entities/2", "kind": "Mailbox", "properties": properties}


def test_the_owner_of_a_mailbox_counts_where_no_account_is_named() -> None:
    box = mailbox(mailboxPrimaryAddress="ada@contoso.com", externalDirectoryObjectId=ADA)
    (alert,) = sentinel.parse(incident(relatedEntities=[box], alerts=[]), "soc", SOURCE)
    assert isinstance(alert, Alert)
    assert {item.value for item in alert.victims[0].ids} == {ADA, "ada@contoso.com"}
    ben = account(aadUserId=BEN)
    (alert,) = sentinel.parse(incident(relatedEntities=[box, ben], alerts=[]), "soc", SOURCE)
    assert isinstance(alert, Alert)
    assert [item.value for person in alert.victims for item in person.ids] == [BEN]
    (alert,) = sentinel.parse(incident(relatedEntities=[mailbox(x="y")], alerts=[]), "soc", SOURCE)
    assert isinstance(alert, Alert)
    assert alert.details["left_out"] == ["a mailbox without its owner's name or address"]


def gathered(*alerts: dict[str, Any], **more: Any) -> Alert:
    inner = [
        {"kind": "SecurityAlert", "properties": {"alertDisplayName": "x", "additionalData": {
            "Custom Details": json.dumps(details)}}}
        for details in alerts
    ]  # fmt: skip
    return one(triggered(incident(alerts=inner, **more)))


def test_an_incident_says_who_acted_only_where_each_of_its_alerts_does() -> None:
    ours, theirs = {"ActorAppId": [BEN], "CorrelationId": ["c-1"]}, {"Address": ["203.0.113.7"]}
    assert gathered(ours).actor_app_ids == (BEN,)
    assert gathered(ours, ours).correlation_ids == ("c-1",)
    mixed = gathered(ours, theirs)
    assert (mixed.actor_app_ids, mixed.correlation_ids) == ((), ())
    # Sentinel has counted more alerts than it has sent
    assert gathered(ours, additionalData={"alertsCount": 2}).actor_app_ids == ()

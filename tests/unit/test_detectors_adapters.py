"""The ground of all adapters: recognition, persons, composing, and the two that show the pattern."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

import connectors.auth0.directory
import connectors.entra.directory
import connectors.okta.directory
from connectors.system import Clue
from detectors import compose, registry
from detectors.alert import SOUGHT, Alert, IdKind, NotUnderstood, Role, Signal
from detectors.cast import Cast
from detectors.catalogue import MODULES
from detectors.compose import Verdict
from detectors.recognition import Shape, by_shapes

ADA = "0a0a0a0a-1111-4222-8333-444444444444"
ROOT = "0b0b0b0b-1111-4222-8333-444444444444"
FOUND = Verdict(True, "The vendor says so.", Signal.RISK)


def read(kind: str, payload: Any) -> list[Alert]:
    findings = registry.read(kind, payload, "x", registry.bare_source(kind))
    assert all(isinstance(each, Alert) for each in findings)
    return [each for each in findings if isinstance(each, Alert)]


def roles(alert: Alert) -> dict[str, str]:
    return {person.ids[-1].value: person.role.value for person in alert.persons}


@pytest.mark.parametrize("kind", MODULES)
def test_every_adapter_tells_of_itself(kind: str) -> None:
    found = registry.detector(kind)
    assert found.kind == kind
    assert found.title
    assert found.documentation
    assert all(page.startswith("https://") for page in found.documentation)
    assert found.parse.__doc__


def monitor(category: str, **properties: Any) -> dict[str, Any]:
    return {
        "time": "2026-11-22T03:05:00.1234567Z",
        "resourceId": "/tenants/contoso/providers/Microsoft.aadiam",
        "operationName": "Sign-in activity",
        "category": category,
        "tenantId": "0e0e0e0e-1111-4222-8333-444444444444",
        "callerIpAddress": "203.0.113.7",
        "properties": properties,
    }


def sign_in(**more: Any) -> dict[str, Any]:
    return monitor(
        "SignInLogs",
        **{
            "id": "sign-in-1",
            "userId": ADA,
            "userPrincipalName": "ada@contoso.com",
            "appId": "0c0c0c0c-1111-4222-8333-444444444444",
            "appDisplayName": "Mail",
            "ipAddress": "203.0.113.7",
            "autonomousSystemNumber": 64500,
            "location": {"city": "Graz", "countryOrRegion": "AT"},
            "deviceDetail": {"deviceId": "", "displayName": "LAPTOP-1"},
            "sessionId": "0d0d0d0d-1111-4222-8333-444444444444",
            "uniqueTokenIdentifier": "uti-1",
            "status": {"errorCode": 0},
            "riskLevelDuringSignIn": "none",
            "riskState": "none",
            "riskEventTypes_v2": [],
            **more,
        },
    )


def okta_event(kind: str = "user.session.start", **more: Any) -> dict[str, Any]:
    return {
        "uuid": "uuid-1",
        "published": "2026-11-22T03:05:00Z",
        "eventType": kind,
        "actor": {"id": "00uAdaAdaAdaAdaAda1d7", "type": "User", "alternateId": "ada@contoso.com"},
        "outcome": {"result": "SUCCESS"},
        "debugContext": {"debugData": {}},
        **more,
    }


HOOK = {"eventType": "com.okta.event_hook", "source": "https://contoso.okta.com/x",
        "data": {"events": [okta_event()]}}  # fmt: skip
INCIDENT = {"name": "1", "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {"title": "x", "incidentNumber": 1}}  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (sign_in(), "entra_azure_monitor_log"),
        ({"records": [sign_in(), sign_in()]}, "entra_azure_monitor_log"),
        ([sign_in()], "entra_azure_monitor_log"),
        (okta_event(), "okta_system_log"),
        ([okta_event(), okta_event()], "okta_system_log"),
        (
            {"source": "aws.partner/okta.com/contoso/logs", "detail": okta_event()},
            "okta_system_log",
        ),
        (HOOK, "okta_event_hook"),
        (INCIDENT, "sentinel"),
        ({"object": INCIDENT, "objectSchemaType": "Incident"}, "sentinel"),
    ],
)
def test_a_shape_is_known_by_its_keys(payload: Any, kind: str) -> None:
    found = registry.recognise(payload)
    assert found.kind == kind, found.why
    assert found.surety >= 0.8
    assert read(kind, payload)


@pytest.mark.parametrize(
    "payload",
    [
        {"receiver": "soc", "items": [{"label": "x"}]},
        {"user": "ada@contoso.com", "event": "login"},
        {}, [], None, "text", 7, [None], [[]], {"records": []}, {"records": "no list"},
    ],
)  # fmt: skip
def test_an_unknown_shape_is_nobodys_and_says_so(payload: Any) -> None:
    found = registry.recognise(payload)
    assert found.kind is None
    assert found.why


def test_the_nearest_kind_is_named_with_what_the_payload_lacks() -> None:
    row = sign_in()
    del row["properties"]
    found = registry.recognise(row)
    assert found.kind is None
    assert found.nearest == "entra_azure_monitor_log"
    assert "lacks properties" in found.why


def test_one_event_among_strangers_is_no_delivery_of_its_kind() -> None:
    assert registry.recognise([okta_event(), {"a": 1}, {"b": 2}, {"c": 3}]).kind is None


def test_a_shape_ends_where_another_vendor_s_key_is() -> None:
    fit = by_shapes(Shape(needs=("a.b|c",), values={"d": "x+"}, never=("e",)))
    assert fit({"a": {"B": None}, "D": "XX"}).surety == 0.9
    assert fit({"c": 1, "d": "xx"}).surety == 0.9
    assert fit({"c": 1, "d": "xx", "e": 0}).surety == 0
    assert 0 < fit({"c": 1, "d": "yy"}).surety < 0.5


def test_a_recognition_that_fails_keeps_no_other_from_a_payload(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(_: Any) -> Any:
        raise KeyError("x")

    broken = compose_detector(failing)
    real = registry.detector
    monkeypatch.setattr(registry, "kinds", lambda: ("broken", "okta_system_log"))
    monkeypatch.setattr(
        registry, "detector", lambda kind: broken if kind == "broken" else real(kind)
    )
    assert registry.recognise(okta_event()).kind == "okta_system_log"


def compose_detector(recognises: Any) -> registry.Detector:
    return registry.Detector("broken", "Broken", (), lambda *_: (), recognises)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("ada@contoso.com", {"email"}),
        ("CONTOSO\\ada", {"samaccountname"}),
        ("S-1-5-21-1-2-3-1001", {"sid"}),
        ("ada", {"username"}),
        ("CONTOSO\\HOST-1$", set()),
        ("host-1$@contoso.com", set()),
        ("NT AUTHORITY\\SYSTEM", set()),
        ("unknown", set()),
        ("-", set()),
        ("", set()),
        (None, set()),
        (["ada"], set()),
        ("a\u200bda", set()),
    ],
)
def test_a_name_tells_what_kind_it_is_or_is_nobody(value: Any, kinds: set[str]) -> None:
    people = Cast()
    assert people.add_named(Role.VICTIM, value) is bool(kinds)
    assert {each.kind.value for person in people.people for each in person.ids} == kinds


def test_an_address_under_another_systems_name_can_be_looked_for() -> None:
    people = Cast()
    people.add(Role.VICTIM, (IdKind.DUO_USERNAME, "ada@contoso.com"), (IdKind.DUO_USER_ID, "DU1"))
    people.add(Role.VICTIM, (IdKind.DUO_USERNAME, "ben"))
    ada, ben = people.people
    assert [each.kind.value for each in ada.ids] == ["duo_username", "email", "duo_user_id"]
    assert ada.can_be_sought
    assert not ben.can_be_sought


def test_two_who_share_only_a_bare_name_stay_two() -> None:
    people = Cast()
    people.add(Role.VICTIM, (IdKind.EMAIL, "ada@contoso.com"), (IdKind.USERNAME, "admin"))
    people.add(Role.ACTOR, (IdKind.EMAIL, "ben@contoso.com"), (IdKind.USERNAME, "admin"))
    people.add(Role.ACTOR, (IdKind.EMAIL, "ADA@contoso.com"))
    assert [person.role for person in people.people] == [Role.VICTIM, Role.ACTOR]


@pytest.mark.parametrize("kind", [kind for kind in IdKind if kind not in SOUGHT])
async def test_no_system_is_asked_for_a_name_of_another(kind: IdKind) -> None:
    clues = [Clue(kind.value, "ada")]
    nobody_asks = cast("Any", object())
    assert await connectors.entra.directory.find(nobody_asks, clues) == ()
    assert await connectors.okta.directory.find_accounts(nobody_asks, clues) == ()
    assert await connectors.auth0.directory.find_accounts(nobody_asks, clues) == ()


def test_a_finding_on_a_bare_name_is_set_aside_and_not_acted_upon() -> None:
    people = Cast()
    people.add_named(Role.VICTIM, "ada")
    people.leave_out("an application")
    alert = compose.alert(source="x", kind="k", raw={"a": 1}, verdict=FOUND, cast=people)
    assert (alert.actionable, alert.nameless, alert.named) == (False, True, False)
    assert "nobody who can be looked for (an application)" in alert.why
    people.add_named(Role.ACTOR, "ben@contoso.com")
    assert compose.alert(source="x", kind="k", raw={}, verdict=FOUND, cast=people).nameless
    people.add_named(Role.VICTIM, "eve@contoso.com")
    assert compose.alert(source="x", kind="k", raw={}, verdict=FOUND, cast=people).actionable


def test_every_value_is_cleaned_whoever_hands_it_over() -> None:
    alert = compose.alert(
        source="x", kind="k", raw={"a": 1}, verdict=FOUND,
        event_id={"no": "id"}, title="a\nb", severity="WARN", occurred_at="1795316700",
        session_ids=["s-1", "unknown", None, "s-1", "a b"], ips=["203.0.113.7:443", "nowhere", 7],
        networks=[compose.network("[2001:db8::7]:1", "AS64500 Contoso", "Graz", None, "AT"), None],
        apps=[compose.thing("app-1", "Mail"), compose.thing(None, None), compose.thing(0)],
        devices=[compose.thing("00000000-0000-0000-0000-000000000000", "LAPTOP-1")],
        details={"empty": "", "kept": 0},
    )  # fmt: skip
    assert alert.event_id.startswith("sha256:")
    assert (alert.title, alert.severity) == ("a b", "medium")
    assert alert.occurred_at is not None
    assert alert.occurred_at.year == 2026
    assert alert.session_ids == ("s-1",)
    assert alert.ips == ("2001:db8::7", "203.0.113.7")
    assert (alert.networks[0].asn, alert.networks[0].place) == (64500, "Graz, AT")
    assert alert.app_ids == ("app-1",)
    assert (alert.devices[0].id, alert.devices[0].name) == (None, "LAPTOP-1")
    assert alert.details == {"kept": 0}


@pytest.mark.parametrize(
    ("value", "highest", "word"),
    [("ERROR", None, "high"), (9, 10, "critical"), ("3", 10, "medium"), (0, 100, "low"),
     (None, None, "unknown"), (7, None, "unknown"), ("very odd!", 10, "unknown")],
)  # fmt: skip
def test_severity_is_one_of_few_words(value: Any, highest: float | None, word: str) -> None:
    assert compose.severity_of(value, highest) == word


def test_an_ordinary_sign_in_is_understood_and_not_acted_upon() -> None:
    (alert,) = read("entra_azure_monitor_log", sign_in())
    assert not alert.actionable
    assert roles(alert) == {"ada@contoso.com": "victim"}
    assert alert.victims[0].ids[0].value == ADA
    assert alert.event_id == "sign-in-1"
    assert alert.session_ids == ("0d0d0d0d-1111-4222-8333-444444444444",)
    assert alert.token_ids == ("uti-1",)
    assert alert.networks[0].place == "Graz, AT"
    assert alert.apps[0].name == "Mail"


@pytest.mark.parametrize(
    ("more", "actionable", "signal"),
    [
        ({"riskLevelDuringSignIn": "high", "riskState": "atRisk"}, True, Signal.OTHER),
        ({"riskLevelDuringSignIn": "high", "riskState": "atRisk",
          "riskEventTypes_v2": ["unfamiliarFeatures"]}, True, Signal.RISK),
        ({"riskLevelDuringSignIn": "medium", "riskState": "atRisk",
          "riskEventTypes_v2": ["anomalousToken"]}, True, Signal.TOKEN_THEFT),
        ({"riskLevelDuringSignIn": "high", "riskState": "atRisk",
          "riskEventTypes_v2": '["attackerinTheMiddle"]'}, True, Signal.SESSION_THEFT),
        ({"riskLevelDuringSignIn": "low", "riskState": "atRisk",
          "riskEventTypes_v2": ["anomalousToken"]}, False, Signal.TOKEN_THEFT),
        ({"riskLevelDuringSignIn": "medium", "riskState": "atRisk",
          "riskEventTypes_v2": ["unfamiliarFeatures"]}, False, Signal.RISK),
        ({"riskLevelDuringSignIn": "high", "riskState": "dismissed"}, False, Signal.OTHER),
        ({"riskLevelDuringSignIn": "high", "riskState": "atRisk",
          "status": {"errorCode": 53003}}, False, Signal.RISK),
    ],
)  # fmt: skip
def test_a_sign_in_is_acted_upon_only_on_entra_s_own_word(
    more: dict[str, Any], actionable: bool, signal: Signal
) -> None:
    (alert,) = read("entra_azure_monitor_log", sign_in(**more))
    assert alert.actionable is actionable
    assert alert.signal is (Signal.RISK if actionable and signal is Signal.OTHER else signal)


def test_an_application_is_no_person() -> None:
    row = monitor(
        "ServicePrincipalSignInLogs", servicePrincipalId="0f0f0f0f-1111-4222-8333-444444444444",
        servicePrincipalName="Backup", riskLevelDuringSignIn="high", riskState="atRisk",
    )  # fmt: skip
    (alert,) = read("entra_azure_monitor_log", row)
    assert alert.persons == ()
    assert not alert.actionable
    assert "Backup" in {app.name for app in alert.apps}


def audit(activity: str, initiator: dict[str, Any], *targets: dict[str, Any]) -> dict[str, Any]:
    row = monitor("AuditLogs", id="audit-1", initiatedBy=initiator, targetResources=list(targets))
    return {**row, "operationName": activity}


ADMIN = {"user": {"id": ROOT, "userPrincipalName": "root@contoso.com"}}
ADA_USER = {"type": "User", "id": ADA, "userPrincipalName": "ada@contoso.com"}
APP = {"type": "ServicePrincipal", "id": "0f0f0f0f-1111-4222-8333-444444444444", "displayName": "X"}


@pytest.mark.parametrize(
    ("row", "people", "actionable", "signal"),
    [
        (audit("Reset user password", ADMIN, ADA_USER),
         {"ada@contoso.com": "victim", "root@contoso.com": "actor"}, False, "credential"),
        (audit("Consent to application", ADMIN, APP), {"root@contoso.com": "victim"}, False, "consent"),
        (audit("Update user", {"app": {"displayName": "Sync"}}, ADA_USER),
         {"ada@contoso.com": "victim"}, False, "other"),
        (audit("Update policy", {"app": {"displayName": "Sync"}}, APP), {}, False, "other"),
        (audit("Suspicious activity reported", {"user": ADA_USER}, ADA_USER),
         {"ada@contoso.com": "victim"}, True, "mfa"),
        (monitor("UserRiskEvents", id="r", userId=ADA, userPrincipalName="ada@contoso.com",
                 riskEventType="anomalousToken", riskLevel="high", riskState="atRisk"),
         {"ada@contoso.com": "victim"}, True, "token_theft"),
        (monitor("UserRiskEvents", id="r", userId=ADA, userPrincipalName="ada@contoso.com",
                 riskEventType="anomalousToken", riskLevel="high", riskState="dismissed"),
         {"ada@contoso.com": "victim"}, False, "token_theft"),
        (monitor("RiskyUsers", id=ADA, userPrincipalName="ada@contoso.com", riskLevel="none",
                 riskState="confirmedCompromised"), {"ada@contoso.com": "victim"}, True, "risk"),
        (monitor("MicrosoftGraphActivityLogs", requestId="q", userId=ADA), {ADA: "victim"}, False,
         "other"),
    ],
)  # fmt: skip
def test_entra_s_rows_name_who_is_concerned(
    row: dict[str, Any], people: dict[str, str], actionable: bool, signal: str
) -> None:
    (alert,) = read("entra_azure_monitor_log", row)
    assert roles(alert) == people
    assert alert.actionable is actionable
    assert alert.signal == signal


def test_one_row_that_is_none_keeps_no_other_back() -> None:
    body = b"\n".join(json.dumps(row).encode() for row in (sign_in(), {"category": "x"}))
    kind = "entra_azure_monitor_log"
    good, bad = registry.parse(kind, body, "x", registry.bare_source(kind))
    assert isinstance(good, Alert)
    assert isinstance(bad, NotUnderstood)
    assert bad.reason.startswith("item 2 of 2")


def test_okta_s_log_is_judged_as_its_hooks_are() -> None:
    reuse = okta_event("app.oauth2.token.detect_reuse")
    kind = "okta_system_log"
    body = "\n".join(json.dumps(each) for each in (okta_event(), reuse)).encode()
    first, second = registry.parse(kind, body, "x", registry.bare_source(kind))
    assert isinstance(first, Alert)
    assert isinstance(second, Alert)
    assert (first.actionable, second.actionable) == (False, True)
    assert second.signal is Signal.TOKEN_THEFT
    (wrapped,) = read(kind, {"source": "aws.partner/okta.com/c/l", "detail": reuse})
    assert wrapped.actionable

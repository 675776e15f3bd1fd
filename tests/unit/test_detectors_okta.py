"""Okta's events: who is in trouble, who acted, and what is enough to contain somebody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import Source
from detectors import okta
from detectors.alert import Alert, NotUnderstood, Role, Signal
from detectors.okta_events import Risk

SOURCE = Source.model_validate(
    {"kind": "okta_event_hook", "origin": {"proof": "shared_secret", "secret": "s" * 16}}
)
ADA = {
    "id": "00uAdaAdaAdaAdaAda1d7",
    "type": "User",
    "alternateId": "ada@contoso.com",
    "displayName": "Ada Byron",
}
ROOT = {
    "id": "00uRootRootRootRo1d7",
    "type": "User",
    "alternateId": "root.admin@contoso.com",
    "displayName": "Root Admin",
}
SYSTEM = {"id": "okta", "type": "SystemPrincipal", "alternateId": "system@okta.com"}
APP = {"id": "0oaMailMailMailMa1d7", "type": "PublicClientApp", "alternateId": "unknown"}
HIJACKED = (
    "{previousLevel=LOW, level=MEDIUM, detectionName=Session Influenced User Risk, "
    "reasons=Associated sessionId is suspected to be hijacked, issuer=OKTA}"
)


def event(kind: str, **parts: Any) -> dict[str, Any]:
    return {
        "uuid": f"uuid-of-{kind}",
        "published": "2026-03-02T09:30:00.250Z",
        "eventType": kind,
        "displayMessage": f"It was {kind}",
        "severity": "WARN",
        "actor": ADA,
        "target": [],
        "client": {
            "ipAddress": "203.0.113.7",
            "userAgent": {"rawUserAgent": "curl/8"},
        },
        "outcome": {"result": "SUCCESS"},
        "authenticationContext": {"externalSessionId": "idxOne", "rootSessionId": "idxRoot"},
        "debugContext": {"debugData": {}},
        **parts,
    }


def risky(risk: str, **more: Any) -> dict[str, Any]:
    return {"debugContext": {"debugData": {"risk": risk, **more}}}


def hook(*events: Any) -> dict[str, Any]:
    return {
        "eventType": "com.okta.event_hook",
        "source": "https://contoso.okta.com/api/v1/eventHooks/who1",
        "eventId": "one-delivery",
        "data": {"events": list(events)},
    }


def one(*events: Any) -> Alert:
    (alert,) = okta.parse(hook(*events), "okta", SOURCE)
    return alert


def cast(alert: Alert) -> dict[str, Role]:
    return {person.ids[-1].value: person.role for person in alert.persons}


def test_an_event_becomes_an_alert() -> None:
    alert = one(
        event(
            "app.oauth2.as.token.detect_reuse",
            actor=APP,
            target=[ADA, {"id": "rthash1", "type": "refresh_token"}],
        )
    )
    assert alert.event_id == "uuid-of-app.oauth2.as.token.detect_reuse"
    assert alert.kind == "app.oauth2.as.token.detect_reuse"
    assert alert.title == "It was app.oauth2.as.token.detect_reuse"
    assert alert.occurred_at == datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)
    assert [(item.kind.value, item.value) for item in alert.victims[0].ids] == [
        ("okta_user_id", ADA["id"]),
        ("okta_login", ADA["alternateId"]),
    ]
    assert alert.ips == ("203.0.113.7",)
    assert alert.user_agents == ("curl/8",)
    assert alert.session_ids == ("idxOne", "idxRoot")
    assert alert.token_ids == ("rthash1",)
    assert alert.app_ids == (APP["id"],)
    assert alert.tenant_hint == "contoso.okta.com"
    assert alert.signal is Signal.TOKEN_THEFT
    assert alert.attack == ("T1528",)


REPORT = "user.account.report_suspicious_activity_by_enduser"
VICTIM, ACTOR, BYSTANDER = Role.VICTIM, Role.ACTOR, Role.BYSTANDER


@pytest.mark.parametrize(
    ("kind", "parts", "actionable", "signal", "people"),
    [
        ("app.oauth2.token.detect_reuse", {"actor": APP, "target": [ADA]}, True, "token_theft",
         {"ada@contoso.com": VICTIM}),
        ("app.oauth2.token.detect_reuse", {}, True, "token_theft", {"ada@contoso.com": VICTIM}),
        ("app.oauth2.token.detect_reuse", {"actor": APP}, False, "token_theft", {}),
        ("user.risk.detect", {"actor": SYSTEM, "target": [ADA], **risky(HIJACKED)}, True,
         "session_theft", {"ada@contoso.com": VICTIM}),
        ("user.risk.detect", {"target": [ADA], **risky("{level=HIGH, reasons=A, B}")}, True, "risk",
         {"ada@contoso.com": VICTIM}),
        ("user.risk.change", {"target": [ADA], **risky("{previousLevel=HIGH, level=LOW}")}, False,
         "risk", {"ada@contoso.com": VICTIM}),
        ("user.risk.change", {"actor": ROOT, "target": [ADA], **risky("{level=HIGH}")}, True, "risk",
         {"ada@contoso.com": VICTIM, "root.admin@contoso.com": ACTOR}),
        ("user.session.context.change", {"target": [ADA]}, False, "session_theft",
         {"ada@contoso.com": VICTIM}),
        ("user.session.context.change", {"actor": SYSTEM, "target": [ADA], **risky("{level=MEDIUM}")},
         False, "session_theft", {"ada@contoso.com": VICTIM}),
        ("user.session.context.change", {"target": [ADA], **risky(HIJACKED)}, True, "session_theft",
         {"ada@contoso.com": VICTIM}),
        ("policy.auth_reevaluate.fail", {"target": [ADA]}, False, "risk",
         {"ada@contoso.com": VICTIM}),
        ("policy.auth_reevaluate.fail", {"target": [ADA], **risky("{level=HIGH}")}, True, "risk",
         {"ada@contoso.com": VICTIM}),
        ("security.breached_credential.detected", {}, True, "credential",
         {"ada@contoso.com": VICTIM}),
        (REPORT, {"target": [ADA]}, True, "credential", {"ada@contoso.com": VICTIM}),
        ("security.session.detect_client_roaming", {}, False, "session_theft",
         {"ada@contoso.com": VICTIM}),
        ("security.threat.detected", {"actor": {"id": "203.0.113.7", "type": "IP address"}}, False,
         "credential", {}),
        ("user.session.start", {"target": [ROOT], **risky("{level=HIGH}")}, False, "risk",
         {"ada@contoso.com": ACTOR, "root.admin@contoso.com": VICTIM}),
        ("user.session.start", {"securityContext": {"isProxy": True}}, False, "risk",
         {"ada@contoso.com": VICTIM}),
        ("user.session.start", {"securityContext": {"isProxy": False}}, False, "other",
         {"ada@contoso.com": VICTIM}),
        ("user.mfa.factor.deactivate", {"actor": ROOT, "target": [ADA]}, False, "mfa",
         {"ada@contoso.com": VICTIM, "root.admin@contoso.com": ACTOR}),
        ("user.authentication.auth_via_IDP", {"actor": SYSTEM, "target": [ADA]}, False, "other",
         {"ada@contoso.com": VICTIM}),
        ("user.account.reset_password", {"actor": ROOT, "target": [ADA]}, False, "credential",
         {"ada@contoso.com": VICTIM, "root.admin@contoso.com": ACTOR}),
        ("user.account.reset_password", {"target": [ADA]}, False, "credential",
         {"ada@contoso.com": VICTIM}),
        ("user.session.clear", {"actor": ROOT, "target": [ADA]}, False, "other",
         {"ada@contoso.com": VICTIM, "root.admin@contoso.com": ACTOR}),
        ("user.lifecycle.suspend", {"actor": ROOT, "target": [ADA]}, False, "other",
         {"ada@contoso.com": VICTIM, "root.admin@contoso.com": ACTOR}),
        ("user.authentication.universal_logout", {"actor": ROOT, "target": [ADA]}, False, "other",
         {"ada@contoso.com": VICTIM, "root.admin@contoso.com": ACTOR}),
        ("user.invented.tomorrow", {"actor": ROOT, "target": [ADA]}, False, "other",
         {"ada@contoso.com": VICTIM, "root.admin@contoso.com": ACTOR}),
    ],
)  # fmt: skip
def test_who_is_in_trouble_and_whether_it_is_enough(
    kind: str, parts: dict[str, Any], actionable: bool, signal: str, people: dict[str, Role]
) -> None:
    alert = one(event(kind, **parts))
    assert alert.actionable is actionable
    assert alert.why
    assert alert.signal == signal
    assert cast(alert) == people


def test_a_blocked_phishing_attempt_is_no_loss() -> None:
    outcome = {"result": "FAILURE", "reason": "FastPass declined phishing attempt"}
    alert = one(event("user.authentication.auth_via_mfa", outcome=outcome))
    assert not alert.actionable
    assert "stopped" in alert.why
    assert alert.signal is Signal.SESSION_THEFT


def test_a_lone_change_of_context_says_that_it_is_too_little() -> None:
    why = one(event("user.session.context.change", target=[ADA], **risky("{level=MEDIUM}"))).why
    assert "too little" in why
    assert "medium" in why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HIJACKED, Risk("MEDIUM", "LOW", "Session Influenced User Risk",
                        "Associated sessionId is suspected to be hijacked")),
        ("{reasons=Anomalous Geo-Distance, New Device, New IP, level=HIGH}",
         Risk("HIGH", "", "", "Anomalous Geo-Distance, New Device, New IP")),
        ("{level=LOW}", Risk("LOW")),
        ({"level": "HIGH", "reasons": "A"}, Risk("HIGH", reasons="A")),
        ("level=HIGH,reasons=a=b", Risk("HIGH", reasons="a=b")),
        ("", Risk()), (None, Risk()), (7, Risk()), ("{}", Risk()), ("{,=,}", Risk()),
    ],
)  # fmt: skip
def test_a_risk_written_as_text_is_read(text: Any, expected: Risk) -> None:
    assert Risk.read(text) == expected


def test_the_session_of_whoever_acted_is_not_the_victims() -> None:
    target = [ADA, {"id": "idxHers", "type": "Session"}]
    alert = one(event("user.risk.change", actor=ROOT, target=target, **risky("{level=HIGH}")))
    assert alert.session_ids == ("idxHers",)


def test_the_address_in_a_users_report_is_the_strangers() -> None:
    debug = {"debugData": {"suspiciousActivityEventIp": "198.51.100.9"}}
    assert one(event(REPORT, debugContext=debug)).ips == ("198.51.100.9",)


def test_what_is_masked_or_unknown_is_left_out() -> None:
    nobody = {"id": "unknown", "type": "User", "alternateId": "unknown"}
    alert = one(
        event(
            "security.breached_credential.detected",
            actor=nobody,
            client={"ipAddress": "555.1.1.1", "userAgent": {"rawUserAgent": "unknown"}},
            authenticationContext={"externalSessionId": "unknown"},
        )
    )
    assert (alert.persons, alert.ips, alert.user_agents, alert.session_ids) == ((), (), (), ())
    assert alert.nameless
    assert not alert.actionable
    assert "names no user" in alert.why


def test_one_delivery_of_several_events_is_several_alerts() -> None:
    alerts = okta.parse(
        hook(event("user.session.start"), event("user.risk.detect", target=[ADA])), "okta", SOURCE
    )
    assert [alert.event_id for alert in alerts] == [
        "uuid-of-user.session.start",
        "uuid-of-user.risk.detect",
    ]


def test_events_of_the_system_log_are_read_without_an_envelope_and_in_any_spelling() -> None:
    plain = event("user.risk.detect", target=[ADA], **risky("{level=HIGH}"))
    respelt = {key.lower(): value for key, value in plain.items()}
    del respelt["uuid"]
    first, again = okta.parse([respelt, dict(respelt)], "okta", SOURCE)
    assert first.actionable
    assert first.event_id == again.event_id
    assert first.event_id.startswith("sha256:")
    assert okta.parse(plain, "okta", SOURCE)[0].event_id == "uuid-of-user.risk.detect"


def test_an_event_that_is_not_understood_keeps_no_other_back() -> None:
    broken, good = okta.parse(
        hook({"uuid": "no type"}, event("app.oauth2.token.detect_reuse")), "okta", SOURCE
    )
    assert isinstance(broken, NotUnderstood)
    assert broken.reason == "item 1 of 2: it has no eventType of Okta's"
    assert isinstance(good, Alert)
    assert good.victims


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        7,
        {"eventType": "com.okta.event_hook"},
        {"eventType": "com.okta.event_hook", "data": {"events": {"0": {}}}},
        hook({"uuid": "no type"}),
        hook("text"),
        {"eventType": "AwsApiCall"},
    ],
)
def test_other_things_are_not_understood(payload: Any) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        okta.parse(payload, "okta", SOURCE)
    assert "Okta" in refusal.value.remedy


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"x-okta-verification-challenge": "abc-123_XYZ"}, "abc-123_XYZ"),
        ({}, None),
        ({"x-okta-verification-challenge": ""}, None),
        ({"x-okta-verification-challenge": "two words"}, None),
        ({"x-okta-verification-challenge": "a\nb"}, None),
        ({"x-okta-verification-challenge": "a" * 513}, None),
    ],
)
def test_the_challenge_is_given_back_once(headers: dict[str, str], answer: str | None) -> None:
    assert okta.verification(headers) == answer

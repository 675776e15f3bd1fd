"""Whatever arrives becomes alerts, or is told; nothing that arrives breaks the intake."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.settings import Settings, Source
from detectors import registry
from detectors.alert import Alert, NotUnderstood, Person, PersonId, Role
from detectors.batch import Finding
from detectors.catalogue import MODULES
from tests.depth import cases

KINDS = tuple(MODULES)


def source(kind: str, **more: Any) -> Source:
    return Source.model_validate(
        {"kind": kind, "origin": {"proof": "shared_secret", "secret": "s" * 16}, **more}
    )


GENERIC = source("generic", mapping={"title": "title", "person.email": "mail"})
BODY = b'{"title": "Token replay", "mail": "ada@contoso.com"}'


def test_the_bytes_that_arrived_are_named_by_their_hash() -> None:
    (alert,) = registry.parse("generic", BODY, "edr", GENERIC)
    assert alert.raw_sha256 == hashlib.sha256(BODY).hexdigest()
    assert alert.source == "edr"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("sentinel", b"[]"),
        ("sentinel", b'{"value": []}'),
        ("okta_event_hook", b'{"eventType": "com.okta.event_hook", "data": {"events": []}}'),
        ("generic", b"[]"),
    ],
)
def test_a_body_without_findings_is_told(kind: str, body: bytes) -> None:
    mapping = {"person.email": "mail", "items": "@"} if kind == "generic" else {}
    with pytest.raises(NotUnderstood, match="no finding"):
        registry.parse(kind, body, "x", source(kind, mapping=mapping))


def test_an_unknown_kind_is_told_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(NotUnderstood) as refusal:
        registry.parse("splunk", b"{}", "x", source("splunk"))
    assert refusal.value.remedy.startswith("Right would be: splunk_alert,")


def faithful(payload: Any, name: str, _: Source) -> tuple[Alert, ...]:
    return (Alert(source=name, kind="own", event_id=payload["id"], title="Own"),)


def failing(payload: Any, name: str, _: Source) -> tuple[Alert, ...]:
    raise KeyError(payload["secret"], name)


def malformed(payload: Any, name: str, _: Source) -> tuple[Alert, ...]:
    person = Person(role=Role.VICTIM, ids=(PersonId(kind="email", value=payload["secret"] * 400),))
    return (Alert(source=name, kind="x", event_id="x", title="x", persons=(person,)),)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if another package had brought detectors along."""
    points = [
        EntryPoint(name, f"{__name__}:{function}", registry.GROUP)
        for name, function in (
            ("own", "faithful"),
            ("failing", "failing"),
            ("malformed", "malformed"),
            ("absent", "nothing_here"),
            ("sentinel", "faithful"),
        )
    ]

    def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
        assert group == "rescind.detectors"
        return [point for point in points if name in (None, point.name)]

    monkeypatch.setattr(registry, "entry_points", entry_points)


@pytest.mark.usefixtures("installed")
def test_an_installed_detector_is_used() -> None:
    (alert,) = registry.parse("own", b'{"id": "1"}', "x", source("own"))
    assert alert.kind == "own"
    assert registry.kinds() == (*KINDS, "absent", "failing", "malformed", "own")


@pytest.mark.usefixtures("installed")
def test_an_installed_detector_cannot_take_a_shipped_ones_place() -> None:
    with pytest.raises(NotUnderstood, match="no Sentinel incident"):
        registry.parse("sentinel", b'{"id": "1"}', "x", source("sentinel"))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("failing", "failed on the payload (KeyError)"),
        ("malformed", "does not make an alert: value (string_too_long)"),
        ("absent", "cannot be loaded (AttributeError)"),
    ],
)
def test_a_detectors_fault_is_told_without_content(kind: str, reason: str) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        registry.parse(kind, b'{"secret": "hunter2"}', "x", source(kind))
    assert reason in refusal.value.reason
    assert "hunter2" not in refusal.value.reason + refusal.value.remedy


def test_problems_of_sources_are_found_before_anything_arrives() -> None:
    tree = {
        "sources": {
            "a": source("sentinal"),
            "b": source("generic"),
            "c": source("okta_event_hook", mapping={"title": "x"}),
            "d": GENERIC,
        }
    }
    found = {problem.key: problem for problem in registry.problems(Settings.model_validate(tree))}
    assert set(found) == {
        ("sources", "a", "kind"),
        ("sources", "b", "mapping"),
        ("sources", "c", "mapping"),
    }
    assert "sentinel" in found["sources", "a", "kind"].right


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12), st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zs"]), max_size=5),
    st.sampled_from(["User", "account", "ada@contoso.com", "1.2.3.4", "[{}]", "user.risk.detect",
                     "Microsoft.SecurityInsights/Incidents", "{level=HIGH}", "2026-03-02T09:30:00Z",
                     "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"]),
)  # fmt: skip
KEYS = st.one_of(
    st.text(max_size=5),
    st.sampled_from([
        "object", "properties", "relatedEntities", "Entities", "alerts", "additionalData", "kind",
        "type", "name", "id", "$id", "$ref", "incidentNumber", "systemAlertId", "aadUserId",
        "upnSuffix", "accountName", "address", "techniques", "tactics", "status", "title",
        "createdTimeUtc", "eventType", "data", "events", "uuid", "actor", "target", "client",
        "ipAddress", "debugContext", "debugData", "risk", "outcome", "alternateId", "published",
        "mail", "request", "ipChain", "userAgent", "sessionId", "userId", "userPrincipalName", "location",
        "riskState", "riskLevel", "riskEventTypes", "initiatedBy", "user", "targetResources", "status",
    ]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=25,
)


CATEGORIES = st.sampled_from(
    ["SignInLogs", "AuditLogs", "UserRiskEvents", "MicrosoftGraphActivityLogs", "Else"]
)


def incident(properties: Any, entity: Any) -> Any:
    return {"name": "1", "type": "Microsoft.SecurityInsights/Incidents",
            "properties": {**(properties if isinstance(properties, dict) else {}),
                           "relatedEntities": [{"kind": "Account", "properties": entity}]}}  # fmt: skip


def event(parts: Any, actor: Any) -> Any:
    return {**(parts if isinstance(parts, dict) else {}), "eventType": "user.risk.detect",
            "actor": actor, "target": [actor]}  # fmt: skip


def row(properties: Any, category: Any) -> Any:
    return {"category": category, "time": category, "properties": properties}


ANYTHING = st.one_of(
    JSON,
    st.builds(incident, JSON, JSON),
    st.builds(event, JSON, JSON),
    st.builds(row, JSON, CATEGORIES),
)


@pytest.mark.fuzz
@settings(max_examples=cases(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=ANYTHING)
def test_no_recognition_fails_whatever_the_json(value: Any) -> None:
    assert "failed" not in registry.recognise(value).why


@pytest.mark.fuzz
@settings(max_examples=cases(5), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=ANYTHING)
@pytest.mark.parametrize("kind", KINDS)
def test_any_json_value_is_understood_or_told(kind: str, value: Any) -> None:
    body = json.dumps(value).encode()
    settings_ = GENERIC if kind == "generic" else source(kind)
    alerts: tuple[Finding, ...] = ()
    reason = ""
    try:
        alerts = registry.parse(kind, body, "x", settings_)
    except NotUnderstood as refusal:
        reason = refusal.reason
    # What an adapter has not foreseen is caught, and would be its fault all the same.
    assert "failed on the payload" not in reason
    assert "does not make an alert" not in reason
    assert alerts or reason
    for alert in alerts:
        if isinstance(alert, NotUnderstood):
            assert alert.reason
            assert alert.remedy
            assert "failed on the payload" not in alert.reason
            continue
        alert.model_dump_json().encode()
        assert alert.actionable is False or alert.victims
        assert alert.why
        assert len(alert.event_id) <= 200

"""Samples, tests and news that something is over are told by how their title begins, and by that alone."""

from __future__ import annotations

from typing import Any

import pytest

from detectors import notices, registry
from detectors.alert import Alert
from detectors.decoding import decode_any


@pytest.mark.parametrize(
    "title",
    [
        "[SAMPLE ALERT] Session token replayed", "[Test Alert] Suspicious sign-in", "Test alert from the SIEM",
        "This is a test notification", "(test) Stolen token", "Heartbeat: token service", "Health check of tokens",
        "[RESOLVED] Stolen session cookie", "Resolved: impossible travel", "Recovered - sign-ins", "[SAMPLE] x",
    ],
)  # fmt: skip
def test_a_title_that_begins_so_asks_for_nothing(title: str) -> None:
    assert notices.idle(title)


@pytest.mark.parametrize(
    "title",
    [
        "Stolen session cookie was used", "Token replay (test alert)", "Testing of credentials from one address",
        "Resolved domain of a phishing kit", "Sampled tokens were replayed", "Attest alert token", "",
        "Password of the heartbeat account sprayed", "Anomalous token [SAMPLE]",
    ],
)  # fmt: skip
def test_any_other_title_does_not(title: str) -> None:
    assert not notices.idle(title)


def splunk(title: str) -> Any:
    return {"sid": "s-1", "search_name": title, "results_link": "https://splunk.example.com/s-1",
            "result": {"user": "ada@contoso.com", "_time": "2026-11-22T03:05:00Z"}}  # fmt: skip


def graph_alert(title: str) -> Any:
    return {"id": "a-1", "title": title, "severity": "high", "status": "new", "serviceSource": "x",
            "detectionSource": "x", "createdDateTime": "2026-11-22T03:05:00Z", "evidence": [
                {"@odata.type": "#microsoft.graph.security.userEvidence",
                 "userAccount": {"userPrincipalName": "ada@contoso.com"}}]}  # fmt: skip


def incident(title: str) -> Any:
    return {"name": "i-1", "type": "Microsoft.SecurityInsights/Incidents", "properties": {
        "title": title, "severity": "High", "status": "New", "incidentNumber": 7, "relatedEntities": [
            {"kind": "Account", "properties": {"userPrincipalName": "ada@contoso.com"}}]}}  # fmt: skip


@pytest.mark.parametrize("made", [splunk, graph_alert, incident])
@pytest.mark.parametrize(
    ("before", "acts"), [("", True), ("[Test Alert] ", False), ("RESOLVED: ", False)]
)
def test_a_sample_is_told_and_never_acted_upon(made: Any, before: str, acts: bool) -> None:
    known = registry.recognise(made(""))
    assert known.kind is not None
    event = made(f"{before}Stolen session token was used")
    (alert,) = registry.read(known.kind, event, "x", registry.bare_source(known.kind))
    assert isinstance(alert, Alert)
    assert alert.actionable is acts
    assert alert.victims


@pytest.mark.parametrize(
    "body",
    [
        '{"event": "heartbeat", "monitor": {"name": "token-service"}, "heartbeat": {"status": 1}}',
        '{"status": "resolved", "receiver": "soc", "alerts": [{"status": "resolved", "labels": {"alertname":'
        ' "TokenErrors", "user": "ada@contoso.com"}, "annotations": {"summary": "Token errors"}}]}',
        '{"title": "[Alerting] Stolen tokens", "ruleName": "Stolen tokens", "ruleUrl": "https://x", "state": "ok",'
        ' "evalMatches": [], "message": "ada@contoso.com"}',
        '{"alert_type": "test", "title": "Test notification", "message": "Session token of ada@contoso.com"}',
        '{"routing_key": "r", "event_action": "resolve", "payload": {"summary": "Session theft of ada@contoso.com"}}',
        '{"message": "Splunk health check", "severity": "high"}',
        '{"sid": "s", "search_name": "Health check: indexers", "results_link": "x", "result": {"host": "idx1"}}',
        '{"sid": "s", "search_name": "License usage", "results_link": "x", "result": {"user": "ada@contoso.com"}}',
        '{"_time": "2026-11-22T03:05:00Z", "_raw": "INFO Metrics - group=session, token=1", "source": "metrics.log",'
        ' "index": "_internal", "user": "ada@contoso.com"}',
    ],
)  # fmt: skip
def test_noise_of_monitoring_is_never_acted_upon(body: str) -> None:
    payload = decode_any(body.encode())
    for kind in {registry.recognise(payload).kind, "monitoring_webhook"} - {None}:
        for alert in registry.read(str(kind), payload, "x", registry.bare_source(str(kind))):
            assert isinstance(alert, Alert)
            assert not alert.actionable

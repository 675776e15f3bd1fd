"""Which entries of a polled log become alerts, and what the vendor is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.polling import FACTS, PolledLog
from config.settings import Poller
from detectors import okta_events, polled, registry
from detectors.okta_events import MAY_BE_ACTED_UPON, Risk


def poller(log: str, **more: Any) -> Poller:
    return Poller.model_validate({"log": log, "tenant": "contoso", **more})


def worth(log: str, entry: dict[str, Any]) -> bool:
    asked = poller(log)
    return polled.is_worth_an_alert(entry, asked, "polled", asked.source)


def okta_event(event_type: str, **more: Any) -> dict[str, Any]:
    person = {
        "id": "00u1example2Person3d7",
        "type": "User",
        "alternateId": "petra.novak@contoso.com",
    }
    return {
        "uuid": "9f1c0001-0000-11ef-8000-000000000001",
        "published": "2026-11-22T03:05:00.000Z",
        "eventType": event_type,
        "actor": person,
        "target": [person],
        "outcome": {"result": "SUCCESS"},
        **more,
    }


def test_okta_is_asked_for_every_type_that_may_be_acted_upon_and_for_no_other() -> None:
    worst = Risk(level="HIGH", reasons="the session is suspected to be hijacked")
    known = {*okta_events._MEANINGS, "user.session.start", "user.lifecycle.suspend"}
    acted = {
        each for each in known
        if okta_events.judge(each, okta_events.meaning(each), worst, "SUCCESS", "").actionable
    }  # fmt: skip
    assert set(MAY_BE_ACTED_UPON) == acted
    asked = polled.question(poller("okta_system_log"))
    assert asked.count("eventType eq") == len(acted)


def test_a_filter_of_ones_own_takes_the_place_of_ours() -> None:
    own = 'eventType sw "user."'
    assert polled.question(poller("okta_system_log", filter=own)) == own
    assert polled.question(poller("graph_alerts")) == ""


@pytest.mark.parametrize(
    ("log", "entry", "kept"),
    [
        ("okta_system_log", okta_event("app.oauth2.as.token.detect_reuse"), True),
        (
            "okta_system_log",
            okta_event("app.oauth2.as.token.detect_reuse", actor={}, target=[]),
            True,
        ),
        ("okta_system_log", okta_event("user.session.context.change"), False),
        ("okta_system_log", okta_event("user.session.start"), False),
        ("okta_system_log", {"what": "is this"}, True),
        (
            "auth0_logs",
            {
                "log_id": "900202611220305000000000000001",
                "type": "ferrt",
                "date": "2026-11-22T03:05:00.000Z",
                "user_id": "auth0|example",
                "description": "reuse detected",
            },
            True,
        ),
        (
            "auth0_logs",
            {
                "log_id": "900202611220305000000000000002",
                "type": "s",
                "date": "2026-11-22T03:05:00.000Z",
                "user_id": "auth0|example",
            },
            False,
        ),
    ],
)
def test_what_would_be_acted_upon_or_is_not_understood_is_kept(
    log: str, entry: dict[str, Any], kept: bool
) -> None:
    assert worth(log, entry) is kept


def test_what_is_stored_is_read_as_the_same_by_the_intake() -> None:
    asked = poller("okta_system_log")
    event = okta_event("app.oauth2.as.token.detect_reuse", displayMessage="caf\u00e9 \ud800")
    body = polled.as_delivered(event)
    (alert,) = registry.parse(asked.source.kind, body, "polled", asked.source)
    assert not isinstance(alert, Exception)
    assert alert.event_id == event["uuid"]
    assert alert.actionable


@pytest.mark.parametrize("log", PolledLog)
def test_every_log_has_a_detector_that_exists(log: PolledLog) -> None:
    assert FACTS[log].kind in registry.kinds()
    assert json.dumps(FACTS[log].least_s)

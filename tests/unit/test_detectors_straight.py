"""Events that collectors have bent are read as their vendors send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from detectors import registry, straight
from detectors.recognition import Fit
from tests.unit import damage
from tests.unit.detector_corpus import CORPUS, source

KINDS = ("okta_system_log", "auth0_log_stream", "google_workspace_activity", "google_workspace_alert", "duo_auth_log",
         "jumpcloud", "onepassword", "entra_graph_log", "graph_security_alert_v2", "push_security", "slack_audit",
         "crowdstrike_falcon", "salesforce_event", "ping_identity", "cyberark_audit")  # fmt: skip


def flattened(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            found.update(flattened(inner, f"{before}{key}."))
        else:
            found[before + key] = inner
    return found


def as_text(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: json.dumps(inner) if isinstance(inner, dict | list) else inner
        for key, inner in value.items()
    }


def carried(value: dict[str, Any]) -> dict[str, Any]:
    return {"@timestamp": "2026-11-22T03:05:00Z", "event": {"original": json.dumps(value)}}


def people(kind: str, event: Any) -> damage.Cast:
    return damage.cast_of(registry.read(kind, event, "x", source(kind)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bend", [flattened, as_text, carried])
def test_a_bent_event_is_known_and_names_the_same_people(kind: str, bend: Any) -> None:
    event = CORPUS[kind][0]
    known = registry.recognise(bend(event))
    assert known.kind == kind, known.why
    assert people(kind, bend(event)) == people(kind, event)
    assert people(kind, [bend(event), event]).victims == people(kind, event).victims


def test_what_an_adapter_does_not_know_stays_as_it_is() -> None:
    bent = {"a.b": 1, "a.c": "{}", "d": '{"e": 1}'}
    assert straight.straightened(bent, lambda _: Fit(0.0)) == bent
    assert straight.straightened(["text", 7, None], lambda _: Fit(1.0)) == ["text", 7, None]


@pytest.mark.parametrize(
    ("flat", "nested"),
    [
        ({"a.b": 1, "a.c": 2}, {"a": {"b": 1, "c": 2}}),
        ({"a": 1, "a.b": 2}, {"a": 1, "a.b": 2}),
        ({"a.b": '{"c": 1}'}, {"a": {"b": {"c": 1}}}),
        ({"a.b": 1, "https://x.example/claims/upn": 2}, {"a": {"b": 1}, "https://x.example/claims/upn": 2}),
    ],
)  # fmt: skip
def test_keys_joined_by_dots_are_nested_again(flat: Any, nested: Any) -> None:
    assert next(straight.forms(flat)) == nested


@pytest.mark.parametrize("whole", [{"a": {"b": 1}, "c.d": 2}, {"a": 1}, {"@odata.type": "#x"}, 7, "x", None])  # fmt: skip
def test_what_was_not_bent_has_no_other_form(whole: Any) -> None:
    assert not list(straight.forms(whole))


def test_several_deliveries_of_an_event_hook_are_read_as_one_by_one() -> None:
    one, other = CORPUS["okta_event_hook"][:2]
    both = registry.read("okta_event_hook", [one, other], "x", source("okta_event_hook"))
    alone = [
        each
        for event in (one, other)
        for each in registry.read("okta_event_hook", event, "x", source("okta_event_hook"))
    ]
    assert [each.event_id for each in both] == [each.event_id for each in alone]  # type: ignore[union-attr]

"""What of a noted inbox rule is written back, and what counts as the same rule."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.entra import rule_note

RULE: dict[str, Any] = {
    "@odata.etag": "x",
    "id": "AQAA=",
    "displayName": "Sort",
    "sequence": 4,
    "isEnabled": True,
    "hasError": False,
    "isReadOnly": False,
    "conditions": {"senderContains": ["adele"], "hasAttachments": None, "sentToMe": False},
    "exceptions": None,
    "actions": {
        "forwardTo": [{"emailAddress": {"name": "Alex", "address": "alex@example.com"}}],
        "stopProcessingRules": True,
    },
}


def test_what_is_written_back_is_what_graph_takes_and_disabled() -> None:
    assert rule_note.body(RULE) == {
        "displayName": "Sort",
        "sequence": 4,
        "isEnabled": False,
        "conditions": {"senderContains": ["adele"]},
        "actions": RULE["actions"],
    }
    assert rule_note.lost(RULE) == ()


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"hasError": True}, "an error in it"),
        ({"actions": {**RULE["actions"], "playSound": "x"}}, "actions.playSound"),
        ({"exceptions": {"flaggedForAction": "reply"}}, "exceptions.flaggedForAction"),
        ({"provider": "somebody"}, "provider"),
    ],
)
def test_what_is_lost_is_named(change: dict[str, Any], lost: str) -> None:
    (said,) = rule_note.lost({**RULE, **change})
    assert lost in said


@pytest.mark.parametrize("actions", [None, {}, {"delete": False}, {"playSound": "x"}])
def test_a_rule_without_an_action_to_write_is_not_written(actions: Any) -> None:
    assert rule_note.body({**RULE, "actions": actions}) is None


@pytest.mark.parametrize("sequence", [None, 0, -1])
def test_a_place_graph_would_not_take_becomes_the_first(sequence: Any) -> None:
    assert (rule_note.body({**RULE, "sequence": sequence}) or {})["sequence"] == 1


def test_the_same_again_is_known_in_capitals_under_another_id_and_place() -> None:
    other = {
        **RULE,
        "id": "BQAA=",
        "sequence": 9,
        "isEnabled": False,
        "conditions": {"senderContains": ["ADELE"]},
        "actions": {
            "forwardTo": [{"emailAddress": {"name": "Alex W", "address": "Alex@example.com"}}],
            "stopProcessingRules": True,
        },
    }
    assert rule_note.same(RULE, other)


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": "Sorts"},
        {"conditions": {"senderContains": ["adele", "alex"]}},
        {"actions": {"stopProcessingRules": True, "delete": True}},
        {"actions": {"forwardTo": [{"emailAddress": {"address": "other@example.com"}}]}},
        {"exceptions": {"sentToMe": True}},
    ],
)
def test_another_rule_is_not_the_same(change: dict[str, Any]) -> None:
    assert not rule_note.same(RULE, {**RULE, **change})

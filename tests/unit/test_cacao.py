"""A playbook as CACAO 2.0: every step stands in it, and each leads somewhere."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from cli.playbooks import _calls_of
from playbooks import model
from playbooks.exchange import cacao, cacao_lint
from tasks.systems import SPECS

Json = dict[str, Any]
AT = "2026-11-22T05:00:00.000Z"


def exported(name: str = "cm0080") -> Json:
    loaded = model.load(name)
    return cacao.export(loaded, SPECS, _calls_of(loaded), AT)


def steps_of(document: Json, kind: str) -> dict[str, Json]:
    return {key: each for key, each in document["workflow"].items() if each["type"] == kind}


@pytest.mark.parametrize("name", model.names())
def test_every_shipped_playbook_is_exported_whole_and_leads_somewhere(name: str) -> None:
    document = exported(name)
    assert cacao_lint.faults(document) == []
    extras = [
        extra
        for step in steps_of(document, "action").values()
        for extra in step.get("step_extensions", {}).values()
    ]
    playbook = model.load(name).playbook
    assert sorted(extra["playbook_step"] for extra in extras) == sorted(
        s.id for s in playbook.steps
    )
    assert document["playbook_activities"]


def test_what_revokes_comes_before_people_are_asked_and_what_locks_after() -> None:
    document = exported()
    workflow = document["workflow"]
    first = workflow[workflow[document["workflow_start"]]["on_completion"]]
    assert first["type"] == "parallel"
    names = [workflow[key]["name"] for key in first["next_steps"]]
    assert names == [
        "End all Entra ID sessions",
        "End Okta sessions and revoke tokens",
        "End Auth0 sessions",
        "Revoke Auth0 refresh tokens",
    ]
    told = workflow[first["on_completion"]]
    told_names = {workflow[key]["name"] for key in told["next_steps"]}
    assert "Tell applications that the person's sessions are revoked" in told_names
    assert "Disable the Entra ID account" not in told_names
    question = workflow[told["on_completion"]]
    assert question["commands"][0]["type"] == "manual"
    assert "Disable the Entra ID account" in question["commands"][0]["command"]
    choice = workflow[question["on_success"]]
    assert choice["condition"] == "__approved__:value = 'true'"
    assert workflow[choice["on_false"]]["type"] == "end"


def test_calls_name_the_person_by_a_variable() -> None:
    document = exported()
    commands = [
        command["command"]
        for step in steps_of(document, "action").values()
        for command in step["commands"]
    ]
    revoke = "POST /v1.0/users/__entra_user_id__:value/revokeSignInSessions HTTP/1.1"
    assert revoke in commands
    assert document["playbook_variables"]["__entra_user_id__"] == {
        "type": "string",
        "external": True,
    }
    assert not any("cacac0de" in command or "nobody" in command for command in commands)


def test_the_same_playbook_has_the_same_ids() -> None:
    assert exported() == exported()


def without(document: Json) -> None:
    end = next(iter(steps_of(document, "end")))
    del document["workflow"][end]


def astray(document: Json) -> None:
    document["workflow"]["end--00000000-0000-4000-8000-000000000001"] = {"type": "end"}


def nowhere(document: Json) -> None:
    step = next(s for s in steps_of(document, "action").values() if "step_extensions" in s)
    del step["on_completion"]


def shared_end(document: Json) -> None:
    together = next(iter(steps_of(document, "parallel").values()))
    one, other = (document["workflow"][key] for key in together["next_steps"][:2])
    other["on_completion"] = one["on_completion"]


def no_agent(document: Json) -> None:
    next(iter(steps_of(document, "action").values()))["agent"] = "group--nobody"


def no_start(document: Json) -> None:
    document["workflow_start"] = "start--gone"


def wrong_type(document: Json) -> None:
    document["type"] = "recipe"


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (without, "leads to no step: end--"),
        (astray, "nothing leads to end--00000000-0000-4000-8000-000000000001"),
        (nowhere, "leads nowhere"),
        (shared_end, "have the same end"),
        (no_agent, "has an agent that is not defined: group--nobody"),
        (no_start, "workflow_start names no step: start--gone"),
        (wrong_type, "its type is not playbook"),
    ],
)
def test_what_dangles_is_named(harm: Callable[[Json], None], said: str) -> None:
    document = deepcopy(exported())
    harm(document)
    assert any(said in fault for fault in cacao_lint.faults(document))


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {"type": "playbook"}, {"type": "playbook", "workflow": {"a": 1}}],
)
def test_any_json_is_taken(document: object) -> None:
    assert cacao_lint.faults(document)

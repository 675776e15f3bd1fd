"""When an alert joins what is there, and when it must not: a newer theft, a stronger word, more of the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger import approvals, tables
from simulator.people import LINE_APP

from house import HOOK_SECRET, House, house, wait_for

EXTRA = f"""
[sources.careful]
kind = "sentinel"
mode = "approve"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}

[sources.elastic]
kind = "generic"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}
mapping = {{ title = "rule.name", "person.user_principal_name" = "user.name", app_ids = "app" }}

[playbooks.parameters.cm0080]
shorten_to_minutes = 10
restore_after_minutes = 60
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), extra=EXTRA) as made:
        made.start()
        yield made


def _incident(built: House, name: str, *, began: float, last: float) -> dict[str, Any]:
    """An incident whose activity began and ended so many minutes ago (before now if positive)."""
    incident = built.incident(name)
    properties, now = incident["object"]["properties"], datetime.now(UTC)
    properties["firstActivityTimeUtc"] = (now - timedelta(minutes=began)).isoformat()
    properties["lastActivityTimeUtc"] = (now - timedelta(minutes=last)).isoformat()
    return incident


def _waiting(built: House, name: str) -> list[str]:
    person = built.sim.tenant.person(name)
    ids = {account.id for account in (person.entra, person.okta) if account}
    of_person = {
        run.id for run in built.runs() if ids & {one["id"] for one in run.person["accounts"]}
    }
    with built.service.database.read() as connection:
        return [one.run_id for one in approvals.pending(connection) if one.run_id in of_person]


def _age(built: House, run_id: str, minutes: int) -> None:
    """Let a run have been opened longer ago."""
    run, earlier = tables.run, minutes * 60_000
    with built.service.database.write() as connection:
        connection.execute(
            run.update().where(run.c.id == run_id).values(created_at=run.c.created_at - earlier)
        )


def _until_people(built: House, name: str) -> str:
    def only_people() -> bool:
        waiting = _waiting(built, name)
        return bool(waiting) and all(
            step.state in ("done", "held") or step.delay_s
            for step in built.steps(waiting[0]).values()
        )

    wait_for(only_people, 20, "a run that only people can move", built.progress)
    (run_id,) = _waiting(built, name)
    return run_id


def _until_another(built: House, name: str, first: str) -> str:
    wait_for(
        lambda: _waiting(built, name) not in ([], [first]), 20, "another request", built.progress
    )
    (second,) = _waiting(built, name)
    wait_for(
        lambda: bool(built.outcomes(second)["entra-revoke"]), 20, "its revocation", built.progress
    )
    return second


def test_a_newer_theft_is_not_left_to_a_run_that_waits_for_people(built: House) -> None:
    built.post(_incident(built, "user01", began=0, last=0))
    first = _until_people(built, "user01")
    _age(built, first, 10)
    built.post(_incident(built, "user01", began=0, last=0))
    _until_another(built, "user01", first)
    assert built.outcomes(first)["entra-disable"] == "skipped"
    built.run_of("user01")


def test_a_source_that_may_act_does_not_wait_for_the_run_of_one_that_may_not(
    built: House,
) -> None:
    built.post(built.incident("user02"), source="careful")
    first = _until_people(built, "user02")
    assert built.outcomes(first)["entra-revoke"] is None
    built.post(built.incident("user02"))
    second = _until_another(built, "user02", first)
    assert built.outcomes(first)["entra-revoke"] == "skipped"
    joined = built.post(built.incident("user02"), source="careful").json()["alert"]
    assert built.alert(joined).run_ids == [second]
    built.run_of("user02")


def test_a_run_that_only_waits_to_put_something_back_swallows_no_newer_theft(
    built: House,
) -> None:
    def alert() -> dict[str, Any]:
        user = built.sim.tenant.person("user03").upn
        return {"rule": {"name": f"stolen token {datetime.now(UTC)}"}, "user": {"name": user}}

    built.post(alert() | {"app": [LINE_APP.app_id]}, source="elastic")
    first = _until_people(built, "user03")
    built.decide()

    def only_time() -> bool:
        states = {node: step.state for node, step in built.steps(first).items()}
        left = [node for node, state in states.items() if state != "done"]
        return [node for node in left if "-watch" not in node] == ["entra-restore-lifetime"]

    wait_for(only_time, 40, "all but the timer to end", built.progress)
    second = built.alert(built.post(alert(), source="elastic").json()["alert"])
    assert second.state == "run"
    assert second.run_ids != [first]
    assert built.run_of("user03").id == second.run_ids[0]
    assert built.steps(first)["entra-restore-lifetime"].state == "ready"


def test_an_incident_that_goes_on_after_its_run_is_taken_up_again(built: House) -> None:
    incident = _incident(built, "user04", began=10, last=5)
    first = built.alert(built.post(incident).json()["alert"])
    assert first.run_ids == [built.run_of("user04").id]
    same = json.loads(json.dumps(incident)) | {"objectEventType": "Update"}
    assert built.alert(built.post(same).json()["alert"]).state == "duplicate"
    same["object"]["properties"]["lastActivityTimeUtc"] = datetime.now(UTC).isoformat()
    again = built.alert(built.post(same).json()["alert"])
    assert again.state == "run"
    assert again.run_ids != first.run_ids
    built.run_of("user04")


def test_another_incident_is_answered_by_a_run_that_ended_after_all_it_speaks_of(
    built: House,
) -> None:
    built.post(_incident(built, "user05", began=40, last=5))
    first = built.run_of("user05")
    before = built.alert(built.post(_incident(built, "user05", began=39, last=4)).json()["alert"])
    assert (before.state, before.run_ids) == ("joined", [first.id])
    after = built.alert(built.post(_incident(built, "user05", began=39, last=0)).json()["alert"])
    assert after.state == "run"
    built.run_of("user05")

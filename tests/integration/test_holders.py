"""What is put back by its time, and is held by a newer run or put back already, is left to that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Row

from ledger import holders, runs, steps, tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate
from ledger.runs import NewRun, NewStep
from simulator.okta_people import QUARANTINE
from tasks.perform import Performer
from tasks.systems import Systems

from house import House, house, wait_for

BOOK = """
id: held
name: Held for a while
countermeasure: CM0080
version: "1"
description: Ends sessions, and keeps the person in a group for a while.
parameters: {minutes: 1}
steps:
  - {id: revoke, stage: revoke, action: okta.revoke_sessions}
  - id: hold
    stage: contain
    action: okta.quarantine_group
    with: {group_id: GROUP}
    ttl_minutes: parameters.minutes
    after: [revoke]
"""


@pytest.fixture
def built(tmp_path: Path) -> Iterator[House]:
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "held.yaml").write_text(BOOK.replace("GROUP", QUARANTINE.id))
    with house(tmp_path, extra='[playbooks]\nfolder = "books"\n') as made:
        made.config.write_text(
            made.config.read_text().replace(
                'kind = "sentinel"', 'kind = "sentinel"\nplaybook = "held"'
            )
        )
        made.start()
        yield made


def _due(built: House, run_id: str) -> None:
    """Let a run's timer be over."""
    step = tables.step
    with built.service.database.write() as connection:
        connection.execute(
            step.update()
            .where(step.c.run_id == run_id, step.c.node == "hold-end")
            .values(not_before=0, rung_at=None)
        )


def _held(built: House) -> bool:
    okta = built.sim.tenant.person("nora.lind").okta
    assert okta
    return QUARANTINE.id in okta.groups


def test_the_older_run_s_time_does_not_end_what_a_newer_run_holds(built: House) -> None:
    built.post(built.incident())
    first = built.finished_run()
    assert _held(built)
    again = built.incident()
    again["object"]["name"] = "another-incident"
    again["object"]["properties"]["incidentNumber"] = 4711
    built.post(again)
    wait_for(lambda: len(built.runs()) == 2, 20, "another run", built.progress)
    second = built.finished_run()
    assert built.outcomes(second.id)["hold"] == "already"

    _due(built, first.id)
    wait_for(
        lambda: "newer run" in built.steps(first.id)["hold-end"].last_error, 20, "its turn",
        built.progress,
    )  # fmt: skip
    assert _held(built)
    _due(built, second.id)
    wait_for(lambda: built.outcomes(second.id)["hold-end"] is not None, 20, "its end")
    _due(built, first.id)
    wait_for(
        lambda: built.outcomes(first.id)["hold-end"] == "verified", 20, "the end", built.progress
    )
    assert not _held(built)
    assert built.verify().verified


RULE = {"authorization_server_id": "default", "policy_id": "00pX", "rule_id": "0prX"}
ENDS = 4_000_000


def _shortened(
    connection: Connection, person: str, rule: dict[str, Any], outcome: str, at: int,
    ends: int = ENDS,
) -> Row[Any]:  # fmt: skip
    """A run that shortened a rule for a person, or found it short, and puts it back at its time."""

    def step(node: str, **more: Any) -> NewStep:
        return NewStep(
            node=node, stage="shorten", action="okta.shorten_token_lifetime", system="okta",
            tenant="contoso", impact="medium", parameters=rule, target={"id": person},
            approval=False, **more,
        )  # fmt: skip

    new = NewRun(
        tenant="contoso", person_key=person, person={}, alert_id=None, requested_by="cli:riley",
        playbook="cm0080", playbook_hash="sha256:0", mode="auto", plan_hash="sha256:1", plan={},
        steps=[step("short"), step("short-end", undoes="short", delay_s=60)],
    )  # fmt: skip
    created = runs.create(connection, AuditLog("test"), new, approval_deadline_s=60)
    of, kept = tables.step, created.run_id
    runs.make_room(connection, kept)
    change = of.update().where(of.c.run_id == kept)
    done = change.where(of.c.node == "short").values(
        state="done", outcome=outcome, started_at=at, before={"snapshot": {}, "satisfied": False}
    )  # fmt: skip
    connection.execute(done)
    timer = change.where(of.c.node == "short-end").values(state="ready", not_before=ends + at)
    connection.execute(timer)
    return steps.by_node(connection, kept, "short")


def test_what_is_everybody_s_is_held_by_a_newer_run_for_whomever(sqlite: Database) -> None:
    migrate(sqlite)
    with sqlite.write() as connection:
        first = _shortened(connection, "nora", RULE, "verified", 1000)
        assert holders.held_until(connection, first, shared=True) is None
        _shortened(connection, "omar", {**RULE, "rule_id": "0prY"}, "verified", 2000)
        assert holders.held_until(connection, first, shared=True) is None
        _shortened(connection, "petra", RULE, "already", 3000)
        assert holders.held_until(connection, first, shared=True) == ENDS + 3000
        assert holders.held_until(connection, first) is None, "what is a person's own is not his"


def test_what_a_newer_run_for_the_same_person_holds_is_told_apart(sqlite: Database) -> None:
    migrate(sqlite)
    with sqlite.write() as connection:
        first = _shortened(connection, "nora", RULE, "verified", 1000)
        assert holders.is_timed(connection, first)
        _shortened(connection, "nora", RULE, "already", 2000)
        assert holders.held_until(connection, first, shared=True) == ENDS + 2000
        assert holders.held_until(connection, first, shared=True, others=True) is None
        _shortened(connection, "petra", RULE, "already", 3000)
        assert holders.held_until(connection, first, shared=True, others=True) == ENDS + 3000
        done = tables.step.update().where(tables.step.c.node == "short-end")
        connection.execute(done.values(state="done"))
        assert not holders.is_timed(connection, first)


def test_giving_one_account_back_leaves_what_is_held_for_another_person(tmp_path: Path) -> None:
    with house(tmp_path) as built:
        service, soon = built.service, int(time.time() * 1000) + 3_600_000
        with service.database.write() as connection:
            first = _shortened(connection, "nora", RULE, "verified", 1000, soon)
            _shortened(connection, "petra", RULE, "already", 2000, soon)
            restore = NewStep(
                node="lifetime", stage="restore", action=first.action, system="okta",
                tenant="contoso", impact="medium", parameters=RULE, target={"id": "nora"},
                approval=False, undoes="short", undoes_run=first.run_id,
            )  # fmt: skip
            waits = replace(restore, node="more", approval=True)
            back = runs.create(
                connection, service.audit,
                NewRun(
                    tenant="contoso", person_key="nora", person={"accounts": []}, alert_id=None,
                    requested_by="cli:riley", playbook="reissue", playbook_hash="sha256:0",
                    mode="approve", plan_hash="sha256:2", plan={}, steps=[restore, waits], aim="reissue",
                ),
                approval_deadline_s=60,
            )  # fmt: skip
            (step_id,) = steps.advance(connection, service.audit, back.run_id)

        async def perform() -> None:
            systems = Systems(service.settings)
            try:
                await Performer(service, systems).perform(step_id)
            finally:
                await systems.close()

        asyncio.run(perform())
        step = built.steps(back.run_id)["lifetime"]
        assert step.outcome == "skipped"
        assert "a run for somebody else holds it, too" in step.reason
        assert not built.sim.requests.writes("okta")

"""Nothing is given back while a containment of the same person is open, however that came about."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Row
from web_house import ADA, ADA_ID, ADA_OKTA, Story, add_user, counts, rows, tell_story

from config.settings import Mode
from connectors.action import Patience
from connectors.directory import Identification
from connectors.system import Account
from ledger import tables
from ledger.verify_database import verify_database
from playbooks.plan import Recipient
from simulator.faults import Fault, drop
from tasks import attempt, opening
from tasks.opening import Request
from tasks.perform import Performer
from tasks.requests import Wish, request_run
from tasks.service import Service
from tasks.systems import Systems
from tasks.undoing import NotUndoable, open_undo

from house import house as installed

pytest_plugins = ("web_fixtures",)


def _giving_back(service: Service) -> Story:
    """A run that waits to give Ada's account back, beside whatever contains her."""
    harper = add_user(service, "harper", "responder")

    async def opened() -> str:
        systems = Systems(service.settings)
        try:
            with service.database.write() as connection:
                request = Request(
                    "contoso", "reissue", Mode.APPROVE, "cli:kim",
                    hand_over_to=Recipient(harper.id, harper.name),
                )  # fmt: skip
                ada = {
                    "entra": Account("contoso", "entra", ADA_ID, ADA),
                    "okta": Account("contoso", "okta", ADA_OKTA, ADA),
                }
                found = Identification(accounts=ada)
                return opening.open_run(connection, service, systems, request, found).run_id
        finally:
            await systems.close()

    run_id = asyncio.run(opened())
    (asked,) = rows(service, tables.approval, tables.approval.c.run_id == run_id)
    return Story(run_id, asked.id, asked.plan_hash)


def _post(client: httpx.Client, story: Story, **more: str) -> httpx.Response:
    fields = {"decision": "approve", "plan_hash": story.plan_hash, "typed_name": ADA} | more
    return client.post(f"/approvals/{story.approval_id}", data=fields)


def _records(service: Service, event: str) -> list[dict[str, Any]]:
    written = (json.loads(row.record) for row in rows(service, tables.audit))
    return [record for record in written if record["event"] == event]


def test_whoever_approves_is_told_before_and_refused(house: Service, client: httpx.Client) -> None:
    containment = tell_story(house)
    back = _giving_back(house)
    before = counts(house)
    page = client.get(f"/approvals/{back.approval_id}").text
    assert "It cannot be approved now." in page
    assert f'href="/runs/{containment.run_id}"' in page
    assert f"Run {containment.run_id[:13]} contains {ADA}" in page.replace("<bdi>", "")
    assert 'value="deny"' in page
    assert 'value="approve"' not in page
    assert counts(house) == before

    refused = _post(client, back)
    assert refused.status_code == 409
    for address in (f"/runs/{containment.run_id}", f"/approvals/{back.approval_id}"):
        assert f'href="{address}"' in refused.text
    assert f"Run {containment.run_id[:13]} contains {ADA}" in refused.text
    (record,) = _records(house, "approval.refused")
    assert (record["run"], record["approval"]) == (
        back.run_id,
        {
            "id": back.approval_id,
            "plan_hash": back.plan_hash,
            "containment": containment.run_id,
        },
    )
    assert ADA not in json.dumps(record)
    assert _records(house, "approval.decided") == []
    (asked,) = rows(house, tables.approval, tables.approval.c.id == back.approval_id)
    assert asked.state == "pending"

    # once that is decided over, this can be, too; and whoever says no is never kept from it
    assert _post(client, containment, decision="deny", reason="it was she").status_code == 303
    assert "cannot be approved now" not in client.get(f"/approvals/{back.approval_id}").text
    assert _post(client, back).status_code == 303
    assert [each["approval"]["decision"] for each in _records(house, "approval.decided")] == [
        "denied",
        "approved",
    ]
    found = verify_database(house.database).findings
    assert not any(finding.why.startswith("approval.") for finding in found)


def test_what_is_refused_can_be_denied_and_a_changed_plan_is_told_as_such(
    house: Service, client: httpx.Client
) -> None:
    tell_story(house)
    back = _giving_back(house)
    assert "the plan has changed" in _post(client, back, plan_hash="sha256:other").text.lower()
    assert _records(house, "approval.refused") == []
    assert _post(client, back, decision="deny", reason="not yet").status_code == 303
    assert "it is decided already" not in _post(client, back).text
    assert _records(house, "approval.refused") == []


def test_what_was_approved_before_gives_nothing_back_once_she_is_contained(tmp_path: Path) -> None:
    with installed(tmp_path) as built:
        service, name = built.service, built.sim.tenant.person("nora.lind").upn
        harper = add_user(service, "harper", "responder")

        async def story() -> tuple[str, str, Row[Any]]:
            systems = Systems(service.settings)
            try:
                wish = Wish(
                    name, None, "reissue", Mode.APPROVE, "cli:kim", hand_over_to=harper.name
                )
                back = (await request_run(service, systems, wish)).run_id
                built.decide()
                contain = Wish(name, None, "cm0080", Mode.AUTO, "cli:kim")
                containment = (await request_run(service, systems, contain)).run_id
                reset = built.steps(back)["entra-reset-password"]
                assert reset.state == "ready"
                await Performer(service, systems).perform(reset.id)
                return back, containment, built.steps(back)["entra-reset-password"]
            finally:
                await systems.close()

        back, containment, reset = asyncio.run(story())
        assert reset.outcome == "failed"
        assert f"run {containment[:13]} contains {name}" in reset.reason
        assert "rescind run" in reset.instructions
        assert built.sim.requests.writes("entra") == []
        assert built.outcomes(back)["entra-enable"] == "skipped"
        assert built.verify().verified


def test_nobody_asks_to_undo_a_run_while_another_contains_her(tmp_path: Path) -> None:
    with installed(tmp_path) as built:
        service, name = built.service, built.sim.tenant.person("nora.lind").upn

        async def story() -> None:
            systems = Systems(service.settings)
            try:
                asked = [
                    Wish(name, None, book, Mode.AUTO, "cli:kim") for book in ("cm0082", "cm0080")
                ]
                cleaned, contained = [
                    (await request_run(service, systems, each)).run_id for each in asked
                ]
                with service.database.write() as connection:
                    connection.execute(
                        tables.run.update().where(tables.run.c.id == cleaned).values(state="done")
                    )
                    with pytest.raises(
                        NotUndoable, match=f"run {contained[:13]} contains"
                    ) as refused:
                        open_undo(connection, service, systems, cleaned, "cli:kim")
                assert "Decide over it first" in refused.value.remedy
            finally:
                await systems.close()

        asyncio.run(story())


def test_what_was_begun_in_vain_is_not_begun_anew_once_she_is_contained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "_ROUNDS", 1)
    monkeypatch.setattr(attempt, "_SETTLE", Patience(total_s=0.1, first_s=0.05, step_s=0.05))
    with installed(tmp_path) as built:
        service, name = built.service, built.sim.tenant.person("nora.lind").upn
        harper = add_user(service, "harper", "responder")

        async def story() -> Row[Any]:
            systems = Systems(service.settings)
            try:
                wish = Wish(
                    name, None, "reissue", Mode.APPROVE, "cli:kim", hand_over_to=harper.name
                )
                back = (await request_run(service, systems, wish)).run_id
                built.decide()
                reset = built.steps(back)["entra-reset-password"]
                built.sim.faults.add(Fault(drop(), system="entra", method="PATCH", times=1))
                await Performer(service, systems).perform(reset.id)
                assert built.steps(back)["entra-reset-password"].state == "ready"
                contain = Wish(name, None, "cm0080", Mode.AUTO, "cli:kim")
                await request_run(service, systems, contain)
                with service.database.write() as connection:
                    connection.execute(
                        tables.step.update()
                        .where(tables.step.c.id == reset.id)
                        .values(not_before=0)
                    )
                await Performer(service, systems).perform(reset.id)
                return built.steps(back)["entra-reset-password"]
            finally:
                await systems.close()

        reset = asyncio.run(story())
        assert reset.outcome == "failed"
        assert reset.reason.startswith("nothing more was sent to give it back: run ")
        assert len(built.sim.requests.writes("entra")) == 1
        assert built.verify().verified

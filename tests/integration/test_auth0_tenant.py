"""A tenant that has Auth0, too: who is found there, what no playbook asks for, and what one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Mode
from simulator.auth0_people import auth0_user_id
from tasks.requests import Wish, request_run
from tasks.systems import Systems

from house import House, house

AUTH0 = """
[tenants.contoso.auth0]
domain = "contoso.eu.auth0.com"
base_url = "SIM_URL"
client_id = "simulatedAuth0Client"
client_secret = "simulated-auth0-secret"
"""

OUT = """
id: out
name: Out of Auth0
countermeasure: CM0080
version: "1"
description: Revoke, block, clean, and give back.
steps:
  - {id: sessions, stage: revoke, action: auth0.revoke_sessions}
  - {id: tokens, stage: revoke, action: auth0.revoke_refresh_tokens}
  - {id: block, stage: contain, action: auth0.block_user, after: [sessions, tokens]}
  - {id: grants, stage: clean, action: auth0.revoke_grants, needs: [block]}
  - {id: methods, stage: clean, action: auth0.remove_authenticators, needs: [block]}
  - {id: back, stage: reissue, undo: block, after: [grants, methods]}
"""


def wish(user: str, mode: Mode, playbook: str = "cm0080") -> Wish:
    return Wish(user, "contoso", playbook, mode, "cli:root", since="2020-01-01T00:00:00Z")


@pytest.fixture
async def built(tmp_path: Path):  # noqa: ANN201 - a generator fixture
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "out.yaml").write_text(OUT)
    traced = "[playbooks.parameters.cm0080]\ntrace = true\n"
    with house(tmp_path, extra=f'{AUTH0}\n[playbooks]\nfolder = "books"\n{traced}') as made:
        yield made


async def test_observing_anybody_shows_the_account_and_changes_nothing_there(built: House) -> None:
    systems = Systems(built.service.settings)
    for person in built.sim.tenant.people.values():
        account = person.auth0 or person.entra or person.okta
        assert account is not None
        opened = await request_run(built.service, systems, wish(account.id, Mode.OBSERVE))
        run = next(run for run in built.runs() if run.id == opened.run_id)
        systems_named = {one["system"] for one in run.person["accounts"]}
        assert ("auth0" in systems_named) is (person.auth0 is not None)
        planned = [node for node in built.steps(opened.run_id) if "auth0" in node]
        assert bool(planned) is (person.auth0 is not None)
        assert run.status in ("", "observed")
        assert run.state in ("observing", "done")
    await systems.close()
    assert [e for e in built.sim.requests.writes() if e.system in ("entra", "okta", "auth0")] == []
    assert len(built.sim.requests.all("auth0_login")) == 1


async def test_an_auth0_id_finds_the_person_in_the_other_systems(built: House) -> None:
    systems = Systems(built.service.settings)
    opened = await request_run(
        built.service, systems, wish(auth0_user_id("nora.lind"), Mode.OBSERVE)
    )
    await systems.close()
    (run,) = [run for run in built.runs() if run.id == opened.run_id]
    assert {one["system"] for one in run.person["accounts"]} == {"entra", "okta", "auth0"}


def test_the_shipped_playbook_evicts_from_all_three_systems(built: House) -> None:
    nora = built.sim.tenant.person("nora.lind").auth0
    assert nora is not None
    kept = [method.id for method in nora.methods if method.created < built.sim.tenant.now() - 86400]
    built.start()
    assert built.post(built.incident()).status_code == 202
    run = built.finished_run()
    outcomes = built.outcomes(run.id)
    # which browsers are remembered is not to be read
    assert outcomes.pop("auth0-forget-browsers") == "accepted"
    assert outcomes.pop("auth0-trace") == "observed"
    assert {
        outcome
        for node, outcome in outcomes.items()
        if node.startswith("auth0") and "watch" not in node
    } == {"verified"}
    assert run.status == "contained"
    assert (nora.sessions, nora.refresh_tokens, nora.blocked) == ([], [], True)
    assert kept
    assert {method.id for method in nora.methods} >= set(kept)
    assert built.verify().verified


def test_a_playbook_evicts_from_auth0_and_gives_the_account_back(built: House) -> None:
    built.config.write_text(
        built.config.read_text().replace('kind = "sentinel"', 'kind = "sentinel"\nplaybook = "out"')
    )
    nora = built.sim.tenant.person("nora.lind").auth0
    assert nora is not None
    built.start()
    assert built.post(built.incident()).status_code == 202
    run = built.finished_run()
    outcomes = built.outcomes(run.id)
    assert {outcomes[node] for node in ("sessions", "tokens", "block", "grants", "back")} == {
        "verified"
    }
    assert (nora.sessions, nora.refresh_tokens, nora.grants) == ([], [], [])
    assert nora.blocked is False
    assert built.verify().verified

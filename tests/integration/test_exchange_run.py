"""A whole run with what Graph does not show of a mailbox: where Exchange is asked, and where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator import exchange_story

from house import House, house

BOOK = """\
id: mailbox
name: Mailbox
countermeasure: CM0080
version: "1"
description: End sessions, then look at what Graph does not show of the mailbox.
steps:
  - {id: revoke, stage: revoke, action: entra.revoke_sessions}
  - {id: okta-revoke, stage: revoke, action: okta.revoke_sessions}
  - {id: rules, stage: clean, action: entra.disable_inbox_rules, after: [revoke]}
  - {id: forwarding, stage: clean, action: exchange.remove_forwarding, after: [rules]}
  - {id: hidden, stage: clean, action: exchange.disable_hidden_rules, after: [rules]}
  - {id: devices, stage: clean, action: exchange.remove_mobile_devices, after: [revoke]}
  - id: delegates
    stage: clean
    action: exchange.remove_delegates
    with: {trustees: [user11@contoso.com]}
    after: [rules]
"""
EXTRA = """
[tenants.contoso.exchange]
base_url = "SIM_URL"
organization = "contoso.onmicrosoft.com"
"""
STEPS = ("forwarding", "hidden", "devices", "delegates")


def _built(folder: Path, made: House) -> None:
    (folder / "books").mkdir()
    (folder / "books" / "mailbox.yaml").write_text(BOOK)
    text = made.config.read_text().replace(
        'kind = "sentinel"', 'kind = "sentinel"\nplaybook = "mailbox"', 1
    )
    made.config.write_text(f'{text}\n[playbooks]\nfolder = "books"\n')
    exchange_story.break_in(made.sim.tenant, "nora.lind")


def _state(made: House) -> dict[str, Any]:
    box = made.sim.tenant.exchange.mailbox(made.sim.tenant.person("nora.lind").entra.id)
    return {
        "forwarding": box.forwarding_smtp,
        "rules": {rule.name: rule.enabled for rule in box.rules},
        "devices": len(box.devices),
        "access": sorted(one.who for one in box.full_access),
    }


def test_where_exchange_is_asked_the_run_cleans_the_mailbox(tmp_path: Path) -> None:
    with house(tmp_path, extra=EXTRA) as made:
        _built(tmp_path, made)
        before = _state(made)
        made.start()
        assert made.post(made.incident("nora.lind")).status_code == 202
        run = made.run_of("nora.lind")

        assert {made.outcomes(run.id)[node] for node in STEPS} == {"verified"}
        assert run.status == "contained", made.progress()
        assert {one["system"] for one in run.person["accounts"]} == {"entra", "okta", "exchange"}
        after = _state(made)
        assert (after["forwarding"], after["devices"]) == (None, 1)
        assert [name for name, on in after["rules"].items() if not on] == ["Sync"]
        assert not any("Graph does not show" in item["why"] for item in run.exposure)
        assert made.verify().verified

        made.undo(run.id)
        assert made.run_of("nora.lind").status == "completed"
        # a partnership is made by the phone, and by nobody else
        assert _state(made) == {**before, "devices": 1}


def test_where_it_is_not_a_person_has_the_lines_once(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        _built(tmp_path, made)
        before = _state(made)
        made.start()
        assert made.post(made.incident("nora.lind")).status_code == 202
        run = made.run_of("nora.lind")

        assert {made.outcomes(run.id)[node] for node in STEPS} == {"manual"}
        assert run.status == "partial"
        steps = made.steps(run.id)
        assert "Set-Mailbox -Identity 'nora.lind@contoso.com'" in steps["forwarding"].instructions
        assert {one["system"] for one in run.person["accounts"]} == {"entra", "okta"}
        assert _state(made) == before
        assert made.sim.requests.all("exchange") == []
        told = [item["what"] for item in run.exposure if item["system"] == "exchange"]
        assert len(told) == len(set(told)) == 5
        # for what no step has looked at, the hint with its line is left
        hints = [item for item in run.exposure if "Graph does not show it" in item["why"]]
        assert ["Get-TransportRule" in item["why"] for item in hints] == [True]
        assert made.verify().verified

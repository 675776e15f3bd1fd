"""A whole run that takes away apps, credentials and consents, and what of it can be put back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simulator import footholds

from house import House, house

EVERYTHING = """
[playbooks.parameters.cm0080]
entra_consents = true
entra_apps = true
"""


def _state(built: House) -> dict[str, Any]:
    tenant, nora = built.sim.tenant, built.sim.tenant.person("nora.lind")
    assert nora.entra
    apps = {app.display_name: app for app in tenant.applications}
    return {
        "consents": {(consent.client_id, consent.scope) for consent in nora.entra.consents},
        "apps": {name: app.account_enabled for name, app in apps.items()},
        "secrets": {secret.key_id for secret in apps["Contoso Reports"].keys.secrets},
    }


def test_what_the_thief_left_in_apps_is_removed_and_what_was_there_before_stays(
    tmp_path: Path,
) -> None:
    with house(tmp_path, extra=EVERYTHING) as built:
        built.start()
        before = _state(built)
        assert built.post(built.incident("nora.lind")).status_code == 202
        run = built.run_of("nora.lind")
        after = _state(built)

        gone = {client for client, _ in before["consents"] - after["consents"]}
        assert gone == {footholds.ARCHIVER.service_principal_id}
        assert [name for name, on in after["apps"].items() if not on] == ["Mailbox Archiver"]
        assert before["secrets"] - after["secrets"] == {footholds.THIEFS_SECRET}
        assert run.status == "contained"
        assert built.verify().verified

        built.undo(run.id)
        undone = built.run_of("nora.lind")
        assert undone.status == "completed"
        # a secret's text is nowhere, so that it cannot be put back
        assert _state(built) == {**before, "secrets": after["secrets"]}

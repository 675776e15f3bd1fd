"""A whole cm0080, all of it switched on, and its undoing: the tenant is as it was, field by field."""

from __future__ import annotations

import dataclasses
import re
import time
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from ledger import intents
from ledger.steps import GOOD
from simulator import okta_people
from simulator.entra_belongings import RoleAssignment
from simulator.entra_state import InboxRule
from simulator.okta_scene import THIEF
from simulator.people import LINE_APP, QUARANTINE_GROUP

from house import HOOK_SECRET, House, house, over, wait_for

EVERYTHING = f"""
[tenants.contoso.auth0]
domain = "contoso.eu.auth0.com"
base_url = "SIM_URL"
access_token = "simulated-auth0-token"

[tenants.contoso.exchange]
organization = "contoso.onmicrosoft.com"
base_url = "SIM_URL"

[sources.edr]
kind = "generic"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}
[sources.edr.mapping]
title = "title"
"person.user_principal_name" = "user"
app_ids = "app"
ips = "ip"
occurred_at = "at"

[playbooks.parameters.cm0080]
entra_consents = true
entra_apps = true
delete_rules = true
raise_risk = true
okta_block_network = true
entra_quarantine_group = "{QUARANTINE_GROUP}"
okta_quarantine_group = "{okta_people.QUARANTINE.id}"
shorten_to_minutes = 10
"""
#: Where the tenant may differ afterwards, and which step of the plan says so.
NOT_PUT_BACK = {
    r".*/(sessions|refresh_tokens)/.*": "revoked: cannot be undone",
    r".*/entra/(revoked_at|sessions_valid_from)": "when they were revoked",
    r".*/entra/password_(changed|reset_at)": "the password was reset",
    r".*/(entra|auth0)/methods/.*|.*/okta/(factors|recovery_phones)/.*": "methods were removed",
    r".*/okta/api_tokens/.*": "API tokens were revoked",
    r"/applications/.*/keys/.*": "credentials of apps were removed",
    r".*/auth0/remembered_browsers|.*/okta/remembered_devices/.*": "browsers were forgotten",
    # no vendor has a way back to never having been at risk, or never having been blocked
    r".*/entra/risk_state|.*/okta/risk/(level|reason)|.*/auth0/blocked": "",
    r".*/okta/(last_updated|status_changed)": "",
    # the zone is Rescind's own; it stays, blocking nobody
    r"/okta_zones/nzo[^/]*/.*": "",
    # what is written back has an id and a date of its own
    r".*/(rules|role_assignments|consents)/[^/]*/(id|created)": "",
}


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every field under its path; things with an id under that, wherever in a list they stand."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return _all((f"{path}/{key}", each) for key, each in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        # Exchange writes the words of a rule's conditions in capitals
        items = [each.casefold() if isinstance(each, str) else each for each in value]
        return _all((f"{path}/{_key(each, n)}", each) for n, each in enumerate(items))
    return {path: value.value if isinstance(value, Enum) else value}


def _all(pairs: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in pairs:
        found |= _flat(value, path)
    return found


def _key(value: Any, place: int) -> object:
    match value:
        case InboxRule():
            return value.display_name
        case RoleAssignment():
            return value.resource_name
        case str():
            return value
    named = (getattr(value, name, None) for name in ("id", "key_id"))
    return next((name for name in named if name), place)


def _state(built: House) -> dict[str, Any]:
    tenant = built.sim.tenant
    told = {"lock", "secret", "audits", "okta_events", "auth0_events", "auth0_noted", "revision"}
    with tenant.lock:
        return _flat({k: v for k, v in vars(tenant).items() if k not in told and k[0] != "_"})


def test_everything_that_can_be_is_put_back(tmp_path: Path) -> None:
    with house(tmp_path, extra=EVERYTHING) as built:
        built.start()
        before = _state(built)
        alert = {
            "title": "Stolen session",
            "user": built.sim.tenant.person("nora.lind").upn,
            "app": [LINE_APP.app_id],
            "ip": [THIEF.ip],
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2400)),
        }
        assert built.post(alert, source="edr").status_code == 202
        wait_for(lambda: _only_timers(built), 90, "all but the timers", built.progress)
        (run,) = [each for each in built.runs() if each.requested_by == "source:edr"]
        done = {node for node, outcome in built.outcomes(run.id).items() if outcome in GOOD}
        assert done >= {step.node for step in built.steps(run.id).values() if _changes(step)}
        assert _different(before, _state(built))

        built.undo(run.id)
        undone = built.run_of("nora.lind")

        assert undone.status == "completed", built.progress()
        assert set(built.outcomes(undone.id).values()) <= {"verified", "already"}
        assert _different(before, _state(built)) == {}
        irreversible = {
            step["node"] for step in run.plan["steps"] if not step["reversible"] and step["calls"]
        }
        noted = {note.partition(":")[0] for note in undone.plan["notes"]}
        assert noted >= {node for node in irreversible if node in done and _changed(built, node)}
        assert built.verify().verified


def _different(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        path: (before.get(path), after.get(path))
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path)
        and not any(re.fullmatch(each, path) for each in NOT_PUT_BACK)
    }


def _changes(step: Row[Any]) -> bool:
    return step.impact != "none" and not step.delay_s and step.outcome != "skipped"


def _changed(built: House, node: str) -> bool:
    run = next(run for run in built.runs() if run.requested_by == "source:edr")
    step = built.steps(run.id)[node]
    with built.service.database.read() as connection:
        return step.outcome != "already" and intents.any_effective(connection, step.id)


def _only_timers(built: House) -> bool:
    built.decide()
    return any(over(run) for run in built.runs())

"""Undoing: what the plan shows of it is what is sent, and it comes however its step has ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import needed
import pytest

from connectors.action import Target
from connectors.clock import spell
from simulator import exchange_story, footholds
from simulator.faults import Fault, forbid
from simulator.okta_state import Status
from simulator.people import LINE_APP
from simulator.tenant import LifetimePolicy
from tasks.systems import SPECS, Systems

from house import HOOK_SECRET, House, house

PRIOR = "7b4f8f1e-2f4a-4d8e-9a53-8f0f6cf0a001"
PARAMETERS = {
    **needed.PARAMETERS,
    "entra.disable_devices": {"scope": "all"},
    "exchange.remove_delegates": {"trustees": [exchange_story.ACCOMPLICE]},
}
REVERSIBLE = [name for name, spec in SPECS.items() if spec.reversible]
AUTH0 = """
[tenants.contoso.exchange]
organization = "contoso.onmicrosoft.com"
base_url = "SIM_URL"

[tenants.contoso.auth0]
domain = "contoso.eu.auth0.com"
base_url = "SIM_URL"
access_token = "simulated-auth0-token"
"""
EXTRA = f"""
[sources.elastic]
kind = "generic"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}
mapping = {{ title = "rule.name", "person.user_principal_name" = "user.name", app_ids = "app" }}

[playbooks.parameters.cm0080]
shorten_to_minutes = 10
restore_after_minutes = 0
"""


class Unrecorded:
    """A journal for changes no run stands behind."""

    async def intent(self, call: object) -> str:
        return str(call)

    async def result(self, intent_id: str, call: object, result: object) -> None:
        """Forget it."""


def give_prior(built: House) -> None:
    text = '{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"02:00:00"}}'
    built.sim.tenant.policies[PRIOR] = LifetimePolicy(PRIOR, "Long", [text], 7200.0)
    built.sim.tenant.applications[0].application_policies.append(PRIOR)


@pytest.mark.parametrize("name", REVERSIBLE)
async def test_the_plan_shows_what_undoing_sends(name: str, tmp_path: Path) -> None:
    with house(tmp_path, extra=AUTH0) as built:
        give_prior(built)
        person = built.sim.tenant.person("nora.lind")
        exchange_story.break_in(built.sim.tenant, "nora.lind")
        account = getattr(person, SPECS[name].system.replace("exchange", "entra"))
        # Long enough ago for a log that arrives late to reach back to it.
        since = spell(datetime.now(UTC) - timedelta(minutes=40))
        target = Target("contoso", SPECS[name].system, account.id, person.upn, since=since)
        parameters = PARAMETERS.get(name, {})
        if name == "entra.revoke_consents":
            app, resource = built.sim.tenant.applications[:2]
            footholds.widen(
                built.sim.tenant, account, app, resource, "Mail.Read", built.sim.tenant.now() - 1800
            )
        if name == "entra.enable_user":
            account.account_enabled = False
        if name == "entra.delete_inbox_rules":
            for rule in account.rules:
                rule.enabled = False
        if name == "okta.unsuspend_user":
            account.status = Status.SUSPENDED
        systems = Systems(built.service.settings)
        action = systems.action("contoso", name, parameters, Unrecorded())
        before = await action.observe(target)
        await action.apply(target, before)
        done = len(built.sim.requests.writes())
        await action.undo(target, before)
        await systems.close()
        sent = [
            f"{entry.method} {entry.path.removeprefix('/v1.0')}"
            for entry in built.sim.requests.writes()[done:]
        ]
        shown = [
            re.compile(re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(f"{call.method} {call.path}")))
            for call in systems.preview(name, parameters, target, True)
        ]
    assert sent
    assert all(any(each.fullmatch(one) for each in shown) for one in sent), sent
    assert all(any(each.fullmatch(one) for one in sent) for each in shown), shown


def test_an_app_whose_shortening_failed_half_way_has_its_own_lifetime_again(
    tmp_path: Path,
) -> None:
    with house(tmp_path, extra=EXTRA) as built:
        give_prior(built)
        built.sim.faults.add(Fault(forbid(), method="POST", path_regex=r"\$ref", times=1))
        built.start()
        name = built.sim.tenant.person("user02").upn
        alert = {"rule": {"name": "stolen"}, "user": {"name": name}, "app": [LINE_APP.app_id]}
        assert built.post(alert, source="elastic").status_code == 202
        run = built.run_of("user02")
        outcomes = built.outcomes(run.id)
        assert outcomes["entra-shorten-lifetime"] == "failed"
        assert outcomes["entra-restore-lifetime"] == "verified"
        assert built.sim.tenant.applications[0].application_policies == [PRIOR]
        assert list(built.sim.tenant.policies) == [PRIOR]
        assert run.status == "partial"

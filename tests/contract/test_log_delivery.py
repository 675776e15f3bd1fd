"""Whether a tenant delivers the logs that hunts read: one request a log, told by what the vendor says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import auth0_practice
import okta_practice
import pytest
from entra_tenant import door_for, settings_for
from exchange_practice import system_for

from connectors.auth0.system import Auth0System
from connectors.entra.system import EntraSystem
from connectors.exchange.system import UnaskedExchange
from connectors.log_delivery import Log, LogKeeper
from connectors.okta.system import OktaSystem
from connectors.system import System
from detectors.hunts.catalogue import hunts
from simulator.entra_sign_ins import RENEWAL, SignIn
from simulator.faults import Fault, forbid, status
from simulator.okta_scene import Scene
from simulator.server import Simulator
from simulator.tenant import P2

pytest_plugins = ("practice_tenant",)

#: What a tenant tells that is no log.
NOT_A_LOG = {"entra.export"}


@pytest.fixture
async def keepers(sim: Simulator) -> AsyncIterator[dict[str, LogKeeper]]:
    systems: dict[str, LogKeeper] = {
        "entra": EntraSystem("contoso", settings_for(sim.url), door_for(attempts=1)),
        "okta": OktaSystem("contoso", okta_practice.settings(sim.url), door_for(attempts=1)),
        "auth0": Auth0System("contoso", auth0_practice.settings(sim.url), door_for(attempts=1)),
        "exchange": system_for(sim.url, attempts=1),
        "unasked": UnaskedExchange("contoso"),
    }
    yield systems
    for system in systems.values():
        await cast("System", system).close()


async def told(keeper: LogKeeper) -> dict[str, Log]:
    return {log.name: log for log in await keeper.logs()}


def signed_in(sim: Simulator, kind: str, session: str | None) -> None:
    tenant = sim.tenant
    user = tenant.person("nora.lind").entra
    assert user is not None
    scene = Scene("192.0.2.10", agent="Mozilla/5.0")
    tenant.sign_in(SignIn(user, tenant.applications[0], scene, kind, session))


async def test_every_log_a_hunt_reads_is_looked_at_by_one_request_that_changes_nothing(
    sim: Simulator, keepers: dict[str, LogKeeper]
) -> None:
    names = {name for each in keepers.values() for name in await told(each)}
    assert {name for each in hunts().values() for name in each.logs} == names - NOT_A_LOG
    asked = [entry for entry in sim.requests.all() if entry.system in ("entra", "okta", "auth0")]
    assert [entry.write for entry in asked] == [False] * 6
    assert sum("signInEventTypes" in entry.path for entry in asked) == 1


async def test_a_log_with_a_row_is_delivered_and_one_without_is_unknown(
    sim: Simulator, keepers: dict[str, LogKeeper]
) -> None:
    sim.tenant.sign_ins.clear()
    before = (await told(keepers["entra"]))["entra.non_interactive_sign_ins"]
    assert (before.state, "holds nothing" in before.says) == ("unknown", True)
    signed_in(sim, RENEWAL, "session-1")
    after = (await told(keepers["entra"]))["entra.non_interactive_sign_ins"]
    assert (after.state, after.keeps, after.remedy) == ("delivered", "30 days", "")


async def test_rows_without_a_session_id_are_said_to_need_the_export(
    sim: Simulator, keepers: dict[str, LogKeeper]
) -> None:
    signed_in(sim, RENEWAL, None)
    log = (await told(keepers["entra"]))["entra.non_interactive_sign_ins"]
    assert (log.state, "without a session id" in log.says) == ("delivered", True)
    assert "Azure Monitor" in log.remedy


async def test_a_missing_licence_is_missing_and_shortens_what_is_kept(
    sim: Simulator, keepers: dict[str, LogKeeper]
) -> None:
    sim.tenant.sign_ins_licensed = False
    sim.tenant.subscriptions.pop(P2)
    logs = await told(keepers["entra"])
    assert {logs[f"entra.{name}"].state for name in ("sign_ins", "risk_detections")} == {"missing"}
    assert "licence" in logs["entra.non_interactive_sign_ins"].says
    assert "P1" in logs["entra.sign_ins"].remedy
    assert logs["entra.directory_audits"].keeps == "7 days"


async def test_of_a_silent_system_nothing_is_said_to_be_tried_again(
    sim: Simulator, keepers: dict[str, LogKeeper]
) -> None:
    sim.faults.add(Fault(status(503)))
    logs = await told(keepers["entra"]) | await told(keepers["okta"])
    logs.pop("entra.export")
    assert {log.state for log in logs.values()} == {"unknown"}
    assert {log.remedy for log in logs.values()} == {"Ask again once its system answers."}


async def test_a_missing_permission_is_unknown_with_what_to_grant(
    sim: Simulator, keepers: dict[str, LogKeeper]
) -> None:
    for path in ("auditLogs", "riskDetections", "/logs"):
        sim.faults.add(Fault(forbid(), path_regex=path))
    logs = await told(keepers["entra"]) | await told(keepers["okta"]) | await told(keepers["auth0"])
    logs.pop("entra.export")
    assert {log.state for log in logs.values()} == {"unknown"}
    assert "AuditLog.Read.All" in logs["entra.sign_ins"].remedy
    assert "IdentityRiskEvent.Read.All" in logs["entra.risk_detections"].remedy
    assert "okta.logs.read" in logs["okta.system_log"].remedy
    assert "read:logs" in logs["auth0.tenant_log"].remedy
    assert logs["entra.directory_audits"].keeps == "7 days, 30 with Entra ID P1 or P2"


async def test_a_vendor_that_fails_keeps_no_other_log_from_being_told(
    sim: Simulator, keepers: dict[str, LogKeeper]
) -> None:
    sim.faults.add(Fault(status(503), path_regex="directoryAudits"))
    sim.faults.add(Fault(status(400), path_regex="/beta/auditLogs"))
    signed_in(sim, "interactiveUser", "session-1")
    logs = await told(keepers["entra"])
    assert logs["entra.sign_ins"].state == "delivered"
    assert logs["entra.non_interactive_sign_ins"].state == "unknown"
    assert logs["entra.directory_audits"].state == "unknown"


async def test_okta_and_auth0_tell_their_newest_and_oldest_event(
    keepers: dict[str, LogKeeper],
) -> None:
    okta = (await told(keepers["okta"]))["okta.system_log"]
    assert (okta.state, okta.keeps) == ("delivered", "90 days")
    auth0 = (await told(keepers["auth0"]))["auth0.tenant_log"]
    assert (auth0.state, "oldest event" in auth0.says) == ("delivered", True)


@pytest.mark.parametrize(("recorded", "state"), [(True, "delivered"), (False, "missing")])
async def test_the_unified_audit_log_is_what_exchange_says_it_is(
    sim: Simulator, keepers: dict[str, LogKeeper], recorded: bool, state: str
) -> None:
    sim.tenant.exchange.audit_recorded = recorded
    log = (await told(keepers["exchange"]))["exchange.unified_audit"]
    assert log.state == state
    assert recorded or "Set-AdminAuditLogConfig" in log.remedy


async def test_where_exchange_is_not_asked_a_person_is_told_how_to_look(
    keepers: dict[str, LogKeeper],
) -> None:
    log = (await told(keepers["unasked"]))["exchange.unified_audit"]
    assert log.state == "unknown"
    assert "Get-AdminAuditLogConfig" in log.remedy

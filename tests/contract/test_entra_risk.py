"""Risk in Entra: a missing licence told from a missing permission, and many users in one request."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from entra_tenant import RecordingJournal, door_for, settings_for

from connectors import errors
from connectors.action import Outcome, Verdict
from connectors.entra import risk
from connectors.entra.system import EntraSystem
from simulator.faults import Fault, apply_then, forbid, status
from simulator.ids import guid
from simulator.people import COLLEAGUES
from simulator.tenant import P2

if TYPE_CHECKING:
    from entra_tenant import Practice

    from simulator.entra_state import EntraUser

pytest_plugins = ("entra_tenant",)

RIGHT = "IdentityRiskyUser.ReadWrite.All"
BOTH = pytest.mark.parametrize("name", ["entra.confirm_compromised", "entra.dismiss_risk"])


async def _refused(practice: Practice, name: str, roles: list[str] | None) -> Verdict | Exception:
    """What observing ends with, where our token tells it has ``roles`` (None: it tells nothing)."""
    token = "simulated-graph-token"
    if roles is not None:
        said = base64.urlsafe_b64encode(json.dumps({"roles": roles}).encode()).decode()
        token = f"e30.{said.rstrip('=')}.c2ln"
    practice.sim.tenant.graph_api_token = token
    settings = settings_for(practice.sim.url, access_token=token)
    system = EntraSystem("contoso", settings, door_for())
    try:
        before = await system.action(name, {}, RecordingJournal()).observe(practice.target())
    except errors.Forbidden as error:
        return error
    finally:
        await system.close()
    assert before.verdict is not None
    return before.verdict


@BOTH
@pytest.mark.parametrize("held", ["Suspended", "LockedOut", "Deleted", None])
async def test_without_a_licence_in_force_it_is_skipped(
    practice: Practice, name: str, held: str | None
) -> None:
    practice.sim.tenant.subscriptions.pop(P2)
    if held is not None:
        practice.sim.tenant.subscriptions[P2] = held
    told = await _refused(practice, name, None)
    assert isinstance(told, Verdict)
    assert told.outcome is Outcome.SKIPPED
    assert "no licence for Entra ID P2" in told.reason
    assert practice.writes == []


async def test_a_licence_in_its_time_of_grace_counts(practice: Practice) -> None:
    practice.sim.tenant.subscriptions[P2] = "Warning"
    _, _, proof = await practice.run(
        practice.action("entra.confirm_compromised"), practice.target()
    )
    assert proof.outcome is Outcome.VERIFIED


@BOTH
@pytest.mark.parametrize("roles", [None, ["User.Read.All"]])
async def test_with_the_licence_it_is_the_permission(
    practice: Practice, name: str, roles: list[str] | None
) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="/riskyUsers/"))
    told = await _refused(practice, name, roles)
    assert isinstance(told, errors.Forbidden)
    assert f"Grant Rescind's application the permission {RIGHT}" in told.remedy
    assert "P2" not in told.remedy


async def test_both_missing_is_told_together(practice: Practice) -> None:
    practice.sim.tenant.subscriptions.pop(P2)
    told = await _refused(practice, "entra.confirm_compromised", ["User.Read.All"])
    assert isinstance(told, Verdict)
    assert "no licence" in told.reason
    assert RIGHT in told.instructions


async def test_what_cannot_be_told_names_both(practice: Practice) -> None:
    practice.sim.tenant.subscriptions.pop(P2)
    practice.sim.faults.add(Fault(forbid(), path_regex="/subscribedSkus"))
    told = await _refused(practice, "entra.confirm_compromised", None)
    assert isinstance(told, errors.Forbidden)
    assert RIGHT in told.remedy
    assert "Entra ID P2" in told.remedy
    assert "LicenseAssignment.Read.All" in told.remedy


@pytest.mark.parametrize("fault", [forbid(), status(500)], ids=["forbidden", "down"])
async def test_a_permission_our_token_holds_is_not_asked_for(
    practice: Practice, fault: object
) -> None:
    practice.sim.tenant.subscriptions.pop(P2)
    practice.sim.faults.add(Fault(fault, path_regex="/subscribedSkus"))  # type: ignore[arg-type]
    told = await _refused(practice, "entra.confirm_compromised", [RIGHT])
    assert isinstance(told, Verdict)
    assert told.outcome is Outcome.SKIPPED
    assert "probably" in told.reason
    assert "Grant" not in told.instructions


async def test_a_permission_withdrawn_in_the_token_alone_is_missing(practice: Practice) -> None:
    practice.sim.tenant.subscriptions.pop(P2)
    practice.sim.faults.add(Fault(forbid(), path_regex="/subscribedSkus"))
    told = await _refused(practice, "entra.confirm_compromised", ["User.Read.All"])
    assert isinstance(told, errors.Forbidden)
    assert "P2" not in told.remedy


async def test_licence_and_permission_there_and_refused_all_the_same(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), path_regex="/riskyUsers/"))
    told = await _refused(practice, "entra.confirm_compromised", [RIGHT])
    assert isinstance(told, errors.Forbidden)
    assert "has Entra ID P2 and our token the permission" in told.remedy


async def test_licences_are_asked_for_only_where_graph_refuses(practice: Practice) -> None:
    await practice.run(practice.action("entra.confirm_compromised"), practice.target())
    asked = [entry.path for entry in practice.sim.requests.all("entra")]
    assert not any("subscribedSkus" in path for path in asked)


def _people(practice: Practice) -> list[EntraUser]:
    found = [practice.person(name).entra for name in COLLEAGUES]
    return [user for user in found if user is not None]


async def test_one_request_is_sent_for_many_and_again_changes_nothing(practice: Practice) -> None:
    users = _people(practice)
    wanted = [user.id for user in users]
    for _ in range(2):
        await risk.confirm(practice.system.client, practice.journal, [*wanted, wanted[0].upper()])
    assert practice.writes == ["POST /v1.0/identityProtection/riskyUsers/confirmCompromised"] * 2
    assert {user.risk_state for user in users} == {"confirmedCompromised"}
    nora = practice.person().entra
    assert nora is not None
    assert nora.risk_state == "none"
    await risk.dismiss(practice.system.client, practice.journal, wanted)
    assert {user.risk_state for user in users} == {"dismissed"}
    assert practice.journal.kinds == ["intent", "result"] * 3


async def test_a_lost_answer_for_many_is_not_sent_again_unseen(practice: Practice) -> None:
    practice.sim.faults.add(Fault(apply_then(504), method="POST"))
    wanted = [user.id for user in _people(practice)]
    with pytest.raises(errors.UnknownOutcome):
        await risk.confirm(practice.system.client, practice.journal, wanted)
    assert len(practice.writes) == 1


async def test_a_missing_permission_for_many_is_named(practice: Practice) -> None:
    practice.sim.faults.add(Fault(forbid(), method="POST"))
    with pytest.raises(errors.Forbidden) as refused:
        await risk.dismiss(practice.system.client, practice.journal, [guid("user", "1")])
    assert RIGHT in refused.value.remedy


@pytest.mark.parametrize("count", [0, risk.MOST + 1])
async def test_one_request_takes_so_many_users(practice: Practice, count: int) -> None:
    wanted = [guid("user", str(n)) for n in range(count)]
    for send in (risk.confirm, risk.dismiss):
        with pytest.raises(errors.Refused):
            await send(practice.system.client, practice.journal, wanted)
    assert practice.writes == []


async def test_what_is_no_object_id_is_not_sent(practice: Practice) -> None:
    with pytest.raises(errors.Refused):
        await risk.confirm(practice.system.client, practice.journal, ["nora.lind@contoso.com"])
    assert practice.writes == []

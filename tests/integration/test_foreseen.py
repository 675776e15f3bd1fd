"""What the plan says will not work is what would not have worked, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import needed
import pytest

from connectors import errors
from connectors.action import Outcome, Target
from connectors.clock import spell
from simulator.okta_state import Status
from tasks.systems import SPECS, Systems

from house import House, house

#: What these actions do to an account, or for it, rather than read or look for what was left behind.
ABOUT_THE_ACCOUNT = (
    "entra.revoke_sessions",
    "entra.disable_user",
    "entra.reset_password",
    "entra.issue_temporary_access_pass",
    "okta.suspend_user",
    "okta.reset_password",
    "okta.expire_password",
)
KINDS = {
    "entra": ("member", "guest", "synced", "restricted"),
    "okta": (*(status.value for status in Status), "ACTIVE_DIRECTORY", "FEDERATION"),
}
CASES = [(name, kind) for name in ABOUT_THE_ACCOUNT for kind in KINDS[name.partition(".")[0]]]


class Unrecorded:
    """A journal for changes no run stands behind."""

    async def intent(self, call: object) -> str:
        return str(call)

    async def result(self, *_: object) -> None:
        """Forget it."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(autouse=True)
def as_on_the_first_day(built: House) -> None:
    built.sim.reset()


def _become(built: House, kind: str) -> None:
    person = built.sim.tenant.person("nora.lind")
    assert person.entra
    assert person.okta
    match kind:
        case "guest":
            person.entra.user_type = "Guest"
        case "synced":
            person.entra.synced = True
        case "restricted":
            person.entra.restricted = True
        case "member":
            pass
        case "ACTIVE_DIRECTORY" | "FEDERATION":
            person.okta.provider = kind
        case _:
            person.okta.status = Status(kind)


@pytest.mark.parametrize(("name", "kind"), CASES)
async def test_what_is_foreseen_is_what_happens(built: House, name: str, kind: str) -> None:
    _become(built, kind)
    system, person = name.partition(".")[0], built.sim.tenant.person("nora.lind")
    account = getattr(person, system)
    systems = Systems(built.service.settings)
    (known,) = [one for one in systems.of("contoso") if one.name == system]
    clue = {"entra": "entra_object_id", "okta": "okta_user_id"}[system]
    from connectors.system import Clue  # noqa: PLC0415

    (found,) = await known.find([Clue(clue, account.id)])
    since = spell(datetime.now(UTC) - timedelta(minutes=40))
    target = Target("contoso", system, found.id, found.name, found.facts, since)
    parameters: dict[str, Any] = needed.PARAMETERS.get(name, {})
    foreseen = systems.foresee(name, parameters, target)
    ended = await _carried_out(systems, name, parameters, target)
    await systems.close()
    assert (foreseen is not None) == (ended in ("skipped", "manual", "refused")), (foreseen, ended)


async def _carried_out(
    systems: Systems, name: str, parameters: dict[str, Any], target: Target
) -> str:
    action = systems.action("contoso", name, parameters, Unrecorded())
    try:
        before = await action.observe(target)
        if before.verdict is not None:
            return before.verdict.outcome.value
        if before.satisfied:
            return Outcome.ALREADY.value
        await action.apply(target, before)
    except (errors.Forbidden, errors.OutOfReach):
        return "refused"
    return "sent"


def test_every_action_on_an_account_can_tell(built: House) -> None:
    assert set(ABOUT_THE_ACCOUNT) <= set(SPECS)
    assert not built.processes

"""A practice tenant over real HTTP, and the real connector pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from config.tenants import Entra
from connectors.action import Action, Observation, Patience, Proof, Receipt, Target
from connectors.door import Call, CallResult, Door, RetryPolicy
from connectors.entra.system import EntraSystem
from connectors.limits import Limits
from simulator.server import Simulator
from simulator.tenant import Person


@dataclass
class RecordingJournal:
    """Keeps what would be committed, in order."""

    lines: list[tuple[str, Call, CallResult | None]] = field(default_factory=list)

    async def intent(self, call: Call) -> str:
        self.lines.append(("intent", call, None))
        return str(len(self.lines))

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:  # noqa: ARG002 - a protocol
        self.lines.append(("result", call, result))

    @property
    def kinds(self) -> list[str]:
        return [line[0] for line in self.lines]

    @property
    def results(self) -> list[CallResult]:
        return [line[2] for line in self.lines if line[2] is not None]


@dataclass
class Practice:
    """One tenant, one connector, one journal."""

    sim: Simulator
    system: EntraSystem
    journal: RecordingJournal

    short: ClassVar[Patience] = Patience(total_s=0.3, first_s=0.02, step_s=0.1)

    def person(self, name: str = "nora.lind") -> Person:
        return self.sim.tenant.person(name)

    def target(
        self, name: str = "nora.lind", *, stolen: timedelta = timedelta(minutes=10)
    ) -> Target:
        user = self.person(name).entra
        assert user is not None
        since = (datetime.now(UTC) - stolen).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Target("contoso", "entra", user.id, user.upn, since=since)

    def action(self, name: str, **parameters: Any) -> Action:
        return self.system.action(name, parameters, self.journal)

    def signed_in_as(self, app_id: str) -> EntraSystem:
        return EntraSystem("contoso", settings_for(self.sim.url, client_id=app_id), door_for())

    async def run(
        self, action: Action, target: Target, patience: Patience = short
    ) -> tuple[Observation, Receipt, Proof]:
        before = await action.observe(target)
        assert before.verdict is None, before.verdict
        receipt = await action.apply(target, before)
        return before, receipt, await action.verify(target, before, receipt, patience)

    @property
    def writes(self) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.sim.requests.writes("entra")]


def settings_for(url: str, **more: Any) -> Entra:
    return Entra(
        tenant_id="contoso.com",
        base_url=f"{url}/v1.0",
        **{"access_token": "simulated-graph-token", **more},
    )


def door_for(**policy: Any) -> Door:
    # Pacing of the report endpoints would hold the tests up; it has tests of its own.
    return Door(RetryPolicy(**policy), Limits(known={}))


@pytest.fixture(scope="session")
def graph_simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
async def practice(graph_simulator: Simulator) -> AsyncIterator[Practice]:
    graph_simulator.reset()
    system = EntraSystem("contoso", settings_for(graph_simulator.url), door_for())
    yield Practice(graph_simulator, system, RecordingJournal())
    await system.close()

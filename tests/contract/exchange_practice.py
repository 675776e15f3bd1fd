"""A practice mailbox the thief has been in, over real HTTP, and the real connector pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from entra_tenant import RecordingJournal, door_for, settings_for
from pydantic import AnyHttpUrl

from config.tenants import Exchange
from connectors.action import Action, Observation, Patience, Proof, Receipt, Target
from connectors.entra.system import EntraSystem
from connectors.exchange.system import ExchangeSystem
from simulator import exchange_story
from simulator.exchange_state import Mailbox
from simulator.server import Simulator


@dataclass
class Practice:
    """One organization, one connector, one journal."""

    sim: Simulator
    system: ExchangeSystem
    journal: RecordingJournal

    short: ClassVar[Patience] = Patience(total_s=0.3, first_s=0.02, step_s=0.1)

    def target(self, name: str = "nora.lind", *, stolen: timedelta | None = None) -> Target:
        user = self.sim.tenant.person(name).entra
        assert user is not None
        since = datetime.now(UTC) - (timedelta(minutes=10) if stolen is None else stolen)
        return Target(
            "contoso", "exchange", user.id, user.upn, since=since.strftime("%Y-%m-%dT%H:%M:%SZ")
        )

    def box(self, name: str = "nora.lind") -> Mailbox:
        return self.sim.tenant.exchange.mailbox(self.target(name).id)

    def action(self, name: str, **parameters: Any) -> Action:
        return self.system.action(f"exchange.{name}", parameters, self.journal)

    async def run(self, action: Action, target: Target) -> tuple[Observation, Receipt, Proof]:
        before = await action.observe(target)
        assert before.verdict is None, before.verdict
        receipt = await action.apply(target, before)
        return before, receipt, await action.verify(target, before, receipt, self.short)

    def another(self) -> ExchangeSystem:
        return system_for(self.sim.url)

    @property
    def writes(self) -> list[str]:
        return [
            entry.body["CmdletInput"]["CmdletName"]
            for entry in self.sim.requests.writes("exchange")
        ]


def system_for(url: str, **policy: Any) -> ExchangeSystem:
    door, entra = door_for(**policy), settings_for(url)
    settings = Exchange(base_url=AnyHttpUrl(url), organization="contoso.onmicrosoft.com")
    return ExchangeSystem("contoso", settings, entra, EntraSystem("contoso", entra, door), door)


@pytest.fixture(scope="session")
def exchange_simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
async def mailbox(exchange_simulator: Simulator) -> AsyncIterator[Practice]:
    exchange_simulator.reset()
    exchange_story.break_in(exchange_simulator.tenant, "nora.lind")
    system = system_for(exchange_simulator.url)
    yield Practice(exchange_simulator, system, RecordingJournal())
    await system.close()

"""The connectors of this process: one per tenant and system, built from the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from config.polling import FACTS
from config.settings import Poller, Settings
from config.tenants import Tenant
from connectors import installed
from connectors.action import Action, ActionSpec, PlannedCall, Target
from connectors.auth0.system import Auth0System
from connectors.door import Call, CallResult, Door, Journal, RetryPolicy
from connectors.entra.system import EntraSystem
from connectors.exchange.system import ExchangeSystem, UnaskedExchange
from connectors.log_delivery import LogKeeper
from connectors.mutex import Mutexes
from connectors.okta.system import OktaSystem
from connectors.polled import LogReader, Pages
from connectors.signals.system import SignalsSystem
from connectors.system import System

_WITH_LOGS = (EntraSystem, OktaSystem, Auth0System)
_KINDS = (EntraSystem, OktaSystem, Auth0System, ExchangeSystem, SignalsSystem)
_SHIPPED: Mapping[str, type[Action]] = {
    name: action for kind in _KINDS for name, action in kind.actions.items()
}
#: Every action there is, by name: the shipped and the installed.
ACTIONS: Mapping[str, type[Action]] = {
    **_SHIPPED,
    **installed.actions(_SHIPPED, {kind.name for kind in _KINDS}),
}
SPECS: Mapping[str, ActionSpec] = {name: action.spec for name, action in ACTIONS.items()}


def shown(name: str, parameters: Mapping[str, Any]) -> Action:
    """Build an action that only tells what it would send, for no tenant: it has no client.

    Raises:
        KeyError: there is no such action.
        pydantic.ValidationError: the parameters are not the action's.
    """
    kind: Any = ACTIONS[name]
    action: Action = kind(None, parameters, NoJournal())
    return action


class Systems:
    """All configured systems. Build and use it on the process's event loop."""

    def __init__(self, settings: Settings, mutexes: Mutexes | None = None) -> None:
        """Build a connector for each system of each tenant; nothing is sent yet.

        ``mutexes`` are the locks between processes; without them this one is taken for the only one.
        """
        retries = settings.retries
        self.door = Door(
            RetryPolicy(
                attempts=retries.attempts,
                total_s=retries.total_s,
                first_wait_s=retries.first_wait_s,
                wait_cap_s=retries.wait_cap_s,
                inline_wait_s=retries.inline_wait_s,
                call_timeout_s=retries.call_timeout_s,
            ),
            mutexes=mutexes,
        )
        self._systems: dict[tuple[str, str], System] = {}
        for name, tenant in settings.tenants.items():
            if tenant.entra is not None:
                self._settle_entra(name, tenant)
            if tenant.okta is not None:
                self._systems[name, "okta"] = OktaSystem(name, tenant.okta, self.door)
            if tenant.auth0 is not None:
                self._systems[name, "auth0"] = Auth0System(name, tenant.auth0, self.door)
            if tenant.signals is not None:
                self._systems[name, "signals"] = SignalsSystem(name, tenant.signals, self.door)

    def _settle_entra(self, name: str, tenant: Tenant) -> None:
        assert tenant.entra is not None  # noqa: S101 - the caller has looked
        exchange = tenant.exchange if tenant.exchange and tenant.exchange.enabled else None
        entra = EntraSystem(name, tenant.entra, self.door, mailbox_is_asked=exchange is not None)
        self._systems[name, "entra"] = entra
        self._systems[name, "exchange"] = (
            ExchangeSystem(name, exchange, tenant.entra, entra, self.door)
            if exchange is not None
            else UnaskedExchange(name)
        )

    def of(self, tenant: str) -> list[System]:
        """Return the systems of a tenant that are asked."""
        return [
            system
            for (name, _), system in self._systems.items()
            if name == tenant and not isinstance(system, UnaskedExchange)
        ]

    def log_keepers(self, tenant: str) -> list[LogKeeper]:
        """Return those that tell of logs; of a mailbox that is not asked, how a person finds out."""
        return [
            system
            for (name, _), system in self._systems.items()
            if name == tenant and isinstance(system, LogKeeper)
        ]

    def action(
        self, tenant: str, name: str, parameters: Mapping[str, Any], journal: Journal
    ) -> Action:
        """Build an action. Raises ``KeyError`` where the tenant has no such system any more."""
        system = self._systems[tenant, name.partition(".")[0]]
        return system.build(ACTIONS[name], parameters, journal)

    def log_reader(self, poller: Poller, question: str) -> LogReader:
        """Build what reads a poller's log. Raises ``KeyError`` where the tenant has no such system."""
        system = self._systems[poller.tenant, FACTS[poller.log].system]
        assert isinstance(system, _WITH_LOGS)  # noqa: S101 - the facts name no other
        overlap = timedelta(minutes=poller.overlap_minutes)
        return system.log_reader(poller.log, question, overlap)

    def pull(self, tenant: str, since: datetime, until: datetime) -> Mapping[str, Pages]:
        """What reads a stretch of every log of a tenant, by the log's name."""
        found: dict[str, Pages] = {}
        for system in self.of(tenant):
            if isinstance(system, _WITH_LOGS):
                found |= system.pull(since, until)
        return found

    def preview(
        self, name: str, parameters: Mapping[str, Any], target: Target, undo: bool
    ) -> tuple[PlannedCall, ...]:
        """Tell the exact calls an action, or undoing it, would send."""
        action = self.action(target.tenant, name, parameters, NoJournal())
        return action.preview_undo(target) if undo else action.preview(target)

    def foresee(
        self, name: str, parameters: Mapping[str, Any], target: Target
    ) -> tuple[str, str] | None:
        """Tell what will not work by what is known of the account, and what would instead."""
        verdict = self.action(target.tenant, name, parameters, NoJournal()).foresee(target)
        return (verdict.reason, verdict.instructions) if verdict is not None else None

    def lacks(self, tenant: str, name: str) -> tuple[str, ...]:
        """Name the permissions an action needs that the tenant's credential is known not to have."""
        system = self._systems.get((tenant, name.partition(".")[0]))
        return system.lacks(SPECS[name]) if system is not None else ()

    async def warm(self) -> None:
        """Warm all systems side by side."""
        await asyncio.gather(*(system.warm() for system in self._all()))

    async def close(self) -> None:
        """Close all systems."""
        await asyncio.gather(*(system.close() for system in self._all()), return_exceptions=True)

    def _all(self) -> Iterable[System]:
        return self._systems.values()


class NoJournal:
    """For actions that are only shown: a change through it is a fault of ours, and refused."""

    async def intent(self, call: Call) -> str:
        """Refuse."""
        raise AssertionError(f"{call.method} {call.path} without a run")

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:
        """Refuse."""
        raise AssertionError(f"{call.method} {call.path} without a run: {intent_id} {result}")

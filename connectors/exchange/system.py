"""Exchange Online as one of a tenant's systems: the mailbox of an Entra account."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from config.tenants import Entra, Exchange
from connectors.action import Action, ActionSpec
from connectors.door import Door, Journal
from connectors.entra.system import EntraSystem
from connectors.exchange import log_delivery
from connectors.exchange.base import ExchangeAction
from connectors.exchange.by_hand import ByHand
from connectors.exchange.client import ExchangeClient
from connectors.exchange.delegates import RemoveDelegates
from connectors.exchange.forwarding import RemoveForwarding
from connectors.exchange.hidden_rules import DisableHiddenRules
from connectors.exchange.mobile_devices import RemoveMobileDevices
from connectors.exchange.transport_rules import ReviewTransportRules
from connectors.log_delivery import Log, LogKeeper
from connectors.system import Account, Clue, Connected

_ACTIONS: tuple[type[ExchangeAction[Any]], ...] = (
    RemoveForwarding,
    DisableHiddenRules,
    RemoveDelegates,
    RemoveMobileDevices,
    ReviewTransportRules,
)


class ExchangeSystem(Connected[ExchangeClient], LogKeeper):
    """The mailboxes of one Entra tenant. Built once per process and tenant; lives on one event loop."""

    name = "exchange"
    actions: ClassVar[Mapping[str, type[Action]]] = {kind.spec.name: kind for kind in _ACTIONS}

    def __init__(
        self, tenant: str, settings: Exchange, entra: Entra, directory: EntraSystem, door: Door
    ) -> None:
        """Keep what is needed; nothing is loaded or sent yet.

        Args:
            tenant: the tenant's name.
            settings: its exchange section.
            entra: its entra section: whose application signs in, in which cloud.
            directory: finds accounts; a mailbox is its owner's.
            door: the process's way out.
        """
        super().__init__(tenant, ExchangeClient(tenant, settings, entra, door))
        self._directory = directory

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find the Entra accounts of the clues: a mailbox has its owner's object id.

        Whether there is a mailbox shows when it is needed: a containment does not wait for Exchange.

        Raises:
            errors.ConnectorError: Graph cannot be asked.
        """
        found = await self._directory.find(clues)
        return tuple(replace(account, system=self.name) for account in found)

    async def probe(self) -> datetime | None:
        """Read one harmless thing and return the vendor's clock, None where it does not tell.

        Raises:
            errors.ConnectorError: it cannot be read: why, and what to do.
        """
        return (await self.client.warm()).date

    def granted(self, spec: ActionSpec) -> Collection[str] | None:  # noqa: ARG002 - one token for all
        """Return the permissions our token has; None where that is not known."""
        return self.client.granted

    async def logs(self) -> tuple[Log, ...]:
        """Look at each log that hunts read; never raises for a vendor that refuses."""
        return await log_delivery.of_tenant(self.client)


class _Nobody:
    """Whom nothing is asked of."""

    async def close(self) -> None:
        """Nothing is open."""


class UnaskedExchange(Connected[_Nobody], LogKeeper):
    """The mailboxes of a tenant whose Exchange is not asked: every action is a person's to carry out."""

    name = "exchange"
    actions: ClassVar[Mapping[str, type[Action]]] = ExchangeSystem.actions

    def __init__(self, tenant: str) -> None:
        """Keep the tenant's name."""
        super().__init__(tenant, _Nobody())

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:  # noqa: ARG002 - the contract
        """Nobody is looked for: a plan takes the Entra account."""
        return ()

    def build(self, kind: type[Action], parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build an action for a person to carry out.

        Raises:
            ValueError: the parameters are not as the action describes them.
        """
        made: Any = kind
        return ByHand(made(None, parameters, journal))

    async def probe(self) -> datetime | None:
        """Nothing is asked."""
        return None

    async def logs(self) -> tuple[Log, ...]:
        """Tell that nothing is known, and how a person finds out."""
        return log_delivery.unasked()

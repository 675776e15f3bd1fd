"""Exchange Online as one of a tenant's systems: the mailbox of an Entra account."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from config.settings import Entra, Exchange
from connectors import errors, grants
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
from connectors.system import Account, Clue

_ACTIONS: tuple[type[ExchangeAction[Any]], ...] = (
    RemoveForwarding,
    DisableHiddenRules,
    RemoveDelegates,
    RemoveMobileDevices,
    ReviewTransportRules,
)


class ExchangeSystem(LogKeeper):
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
        self.tenant = tenant
        self._directory = directory
        self._client = ExchangeClient(tenant, settings, entra, door)

    async def warm(self) -> None:
        """Fetch a token and open a connection; a silent Exchange is no error yet."""
        with contextlib.suppress(errors.ConnectorError):
            await self._client.warm()

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find the Entra accounts of the clues: a mailbox has its owner's object id.

        Whether there is a mailbox shows when it is needed: a containment does not wait for Exchange.

        Raises:
            errors.ConnectorError: Graph cannot be asked.
        """
        found = await self._directory.find(clues)
        return tuple(replace(account, system=self.name) for account in found)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:  # noqa: ARG002 - the contract
        """Tell nothing: what the owner of a mailbox is, her Entra account tells."""
        return {}

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``.

        Raises:
            errors.Refused: there is no such action.
            ValueError: the parameters are not as the action describes them.
        """
        kind = self.actions.get(name)
        if kind is None:
            raise errors.Refused(f"exchange has no action {name}")
        return self.build(kind, parameters, journal)

    def build(self, kind: type[Action], parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build an action of this system's, shipped or installed.

        Raises:
            ValueError: the parameters are not as the action describes them.
        """
        made: Any = kind
        action: Action = made(self._client, parameters, journal)
        return action

    async def probe(self) -> datetime | None:
        """Read one harmless thing and return the vendor's clock, None where it does not tell.

        Raises:
            errors.ConnectorError: it cannot be read: why, and what to do.
        """
        return (await self._client.warm()).date

    async def logs(self) -> tuple[Log, ...]:
        """Look at each log that hunts read; never raises for a vendor that refuses."""
        return await log_delivery.of_tenant(self._client)

    def lacks(self, spec: ActionSpec) -> tuple[str, ...]:
        """Name the permissions that ``spec`` needs and our credential is known not to have."""
        return grants.lacking(spec, self._client.granted)

    def told(self, spec: ActionSpec) -> bool:  # noqa: ARG002 - one token for all
        """Tell whether the credential says anything of what ``spec`` needs."""
        return self._client.granted is not None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class UnaskedExchange(LogKeeper):
    """The mailboxes of a tenant whose Exchange is not asked: every action is a person's to carry out."""

    name = "exchange"
    actions: ClassVar[Mapping[str, type[Action]]] = ExchangeSystem.actions

    def __init__(self, tenant: str) -> None:
        """Keep the tenant's name."""
        self.tenant = tenant

    async def warm(self) -> None:
        """Nothing is asked."""

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:  # noqa: ARG002 - the contract
        """Nobody is looked for: a plan takes the Entra account."""
        return ()

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:  # noqa: ARG002 - the contract
        """Tell nothing: what the owner of a mailbox is, her Entra account tells."""
        return {}

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``, for a person to carry out.

        Raises:
            errors.Refused: there is no such action.
            ValueError: the parameters are not as the action describes them.
        """
        kind = self.actions.get(name)
        if kind is None:
            raise errors.Refused(f"exchange has no action {name}")
        return self.build(kind, parameters, journal)

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

    def lacks(self, spec: ActionSpec) -> tuple[str, ...]:  # noqa: ARG002 - the contract
        """Nothing is needed."""
        return ()

    def told(self, spec: ActionSpec) -> bool:  # noqa: ARG002 - the contract
        """Nothing is known."""
        return False

    async def close(self) -> None:
        """Nothing is open."""

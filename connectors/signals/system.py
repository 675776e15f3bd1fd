"""The transmitter of signals as one of a tenant's systems: it knows nobody, and tells others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from config.signals import Signals
from connectors.action import Action
from connectors.door import Door
from connectors.signals.base import SignalsAction
from connectors.signals.client import SignalsClient
from connectors.signals.events import CredentialCompromise, SessionRevoked
from connectors.signals.log_out import GlobalTokenRevocation
from connectors.signals.subject import account_of
from connectors.system import Account, Clue, Connected, Follower

_ACTIONS: tuple[type[SignalsAction[Any]], ...] = (
    SessionRevoked,
    CredentialCompromise,
    GlobalTokenRevocation,
)


class SignalsSystem(Connected[SignalsClient], Follower):
    """One tenant's transmitter. Built once per process and tenant; lives on one event loop."""

    name = "signals"
    actions: ClassVar[Mapping[str, type[Action]]] = {kind.spec.name: kind for kind in _ACTIONS}

    def __init__(self, tenant: str, settings: Signals, door: Door) -> None:
        """Build the system; nothing is sent, and the key is read when it is first needed."""
        super().__init__(tenant, SignalsClient(tenant, settings, door))

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:  # noqa: ARG002 - the contract
        """Find nobody: what an alert says of a person proves no account anywhere."""
        return ()

    def follow(self, accounts: Mapping[str, Account]) -> Account | None:
        """Return whom signals would be about, out of her accounts in other systems."""
        return account_of(self.tenant, accounts)

    async def probe(self) -> datetime | None:
        """See that the key can be used and every recipient answers; their clocks are not asked.

        Raises:
            errors.ConnectorError: one does not: which, and what to do.
        """
        await self.client.look()
        return None

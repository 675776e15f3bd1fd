"""The transmitter of signals as one of a tenant's systems: it knows nobody, and tells others."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from config.signals import Signals
from connectors import errors
from connectors.action import Action, ActionSpec
from connectors.door import Door, Journal
from connectors.signals.base import SignalsAction
from connectors.signals.client import SignalsClient
from connectors.signals.events import CredentialCompromise, SessionRevoked
from connectors.signals.log_out import GlobalTokenRevocation
from connectors.signals.subject import account_of
from connectors.system import Account, Clue, Follower

_ACTIONS: tuple[type[SignalsAction[Any]], ...] = (
    SessionRevoked,
    CredentialCompromise,
    GlobalTokenRevocation,
)


class SignalsSystem(Follower):
    """One tenant's transmitter. Built once per process and tenant; lives on one event loop."""

    name = "signals"
    actions: ClassVar[Mapping[str, type[Action]]] = {kind.spec.name: kind for kind in _ACTIONS}

    def __init__(self, tenant: str, settings: Signals, door: Door) -> None:
        """Build the system; nothing is sent, and the key is read when it is first needed."""
        self.tenant = tenant
        self._client = SignalsClient(tenant, settings, door)

    async def warm(self) -> None:
        """Read the key and open connections; a silent recipient is no error yet."""
        with contextlib.suppress(errors.ConnectorError):
            await self._client.look()

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:  # noqa: ARG002 - the contract
        """Find nobody: what an alert says of a person proves no account anywhere."""
        return ()

    def follow(self, accounts: Mapping[str, Account]) -> Account | None:
        """Return whom signals would be about, out of her accounts in other systems."""
        return account_of(self.tenant, accounts)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:  # noqa: ARG002 - the contract
        """Tell nothing: whom signals are about is known elsewhere."""
        return {}

    async def own_ids(self) -> frozenset[str]:
        """Tell none: nothing logs what receivers were told."""
        return frozenset()

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``.

        Raises:
            errors.Refused: there is no such action.
            ValueError: the parameters are not as the action describes them.
        """
        kind = self.actions.get(name)
        if kind is None:
            raise errors.Refused(f"signals has no action {name}")
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
        """See that the key can be used and every recipient answers; their clocks are not asked.

        Raises:
            errors.ConnectorError: one does not: which, and what to do.
        """
        await self._client.look()
        return None

    def lacks(self, spec: ActionSpec) -> tuple[str, ...]:  # noqa: ARG002 - the contract
        """Name nothing: whether a recipient trusts us shows when it is told something."""
        return ()

    def told(self, spec: ActionSpec) -> bool:  # noqa: ARG002 - the contract
        """Tell that nothing is known of what recipients allow."""
        return False

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

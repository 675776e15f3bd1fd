"""Auth0 as one of a tenant's systems."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from config.settings import Auth0
from connectors import errors, grants
from connectors.action import Action, ActionSpec
from connectors.auth0 import log_delivery
from connectors.auth0.authenticators import RemoveAuthenticators
from connectors.auth0.base import Auth0Action
from connectors.auth0.blocking import BlockUser, UnblockUser
from connectors.auth0.browsers import ForgetBrowsers
from connectors.auth0.client import Auth0Client
from connectors.auth0.directory import find_accounts
from connectors.auth0.grants import RevokeGrants
from connectors.auth0.password import ResetPassword
from connectors.auth0.refresh_tokens import RevokeRefreshTokens
from connectors.auth0.sessions import RevokeSessions
from connectors.auth0.trace import TraceSource
from connectors.auth0.watch import Watch
from connectors.door import Door, Journal
from connectors.log_delivery import Log, LogKeeper
from connectors.system import Account, Clue

_ACTIONS: tuple[type[Auth0Action[Any]], ...] = (
    RevokeSessions,
    RevokeRefreshTokens,
    BlockUser,
    UnblockUser,
    ResetPassword,
    RemoveAuthenticators,
    RevokeGrants,
    ForgetBrowsers,
    TraceSource,
    Watch,
)


class Auth0System(LogKeeper):
    """One Auth0 tenant. Built once per process and tenant; lives on one event loop."""

    name = "auth0"
    actions: ClassVar[Mapping[str, type[Action]]] = {kind.spec.name: kind for kind in _ACTIONS}

    def __init__(self, tenant: str, settings: Auth0, door: Door) -> None:
        """Build the system; nothing is sent, and the SDK is loaded when it is first needed."""
        self.tenant = tenant
        self._client = Auth0Client(tenant, settings, door)

    async def warm(self) -> None:
        """Fetch a token and open a connection; a silent Auth0 is no error yet."""
        with contextlib.suppress(errors.ConnectorError):
            await self._client.warm()

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find accounts by ``auth0_user_id``, ``email``, ``user_principal_name``, ``okta_login``.

        Raises:
            errors.ConnectorError: Auth0 cannot be asked.
        """
        return await find_accounts(self._client, clues)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:  # noqa: ARG002 - the contract
        """Tell nothing: people of an application have no role in managing it."""
        return {}

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``.

        Raises:
            errors.Refused: there is no such action.
            ValueError: the parameters are not as the action describes them.
        """
        kind = self.actions.get(name)
        if kind is None:
            raise errors.Refused(f"auth0 has no action {name}")
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

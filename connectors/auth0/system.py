"""Auth0 as one of a tenant's systems."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from config.polling import PolledLog
from config.tenants import Auth0
from connectors.action import Action, ActionSpec
from connectors.auth0 import log_delivery, polling
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
from connectors.door import Door
from connectors.log_delivery import Log, LogKeeper
from connectors.polled import LogReader, Pages
from connectors.system import Account, Clue, Connected

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


class Auth0System(Connected[Auth0Client], LogKeeper):
    """One Auth0 tenant. Built once per process and tenant; lives on one event loop."""

    name = "auth0"
    actions: ClassVar[Mapping[str, type[Action]]] = {kind.spec.name: kind for kind in _ACTIONS}

    def __init__(self, tenant: str, settings: Auth0, door: Door) -> None:
        """Build the system; nothing is sent, and the SDK is loaded when it is first needed."""
        super().__init__(tenant, Auth0Client(tenant, settings, door))

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find accounts by ``auth0_user_id``, ``email``, ``user_principal_name``, ``okta_login``.

        Raises:
            errors.ConnectorError: Auth0 cannot be asked.
        """
        return await find_accounts(self.client, clues)

    def log_reader(self, log: PolledLog, question: str, overlap: timedelta) -> LogReader:  # noqa: ARG002 - there is one
        """Build what reads the log on and on; ``question`` is a search query."""
        return polling.TenantLog(self.client, question, overlap)

    def pull(self, since: datetime, until: datetime) -> Mapping[str, Pages]:
        """What reads a stretch of the log, by its name."""
        return {"auth0_logs": polling.between(self.client, since, until)}

    async def own_ids(self) -> frozenset[str]:
        """The id of the application we sign in as; empty where it is not known."""
        return frozenset({self.client.client_id.lower()} if self.client.client_id else ())

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

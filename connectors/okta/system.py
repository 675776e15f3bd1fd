"""Okta as one of a tenant's systems."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from config.polling import PolledLog
from config.tenants import Okta
from connectors import errors
from connectors.action import Action, ActionSpec
from connectors.door import Door
from connectors.log_delivery import Log, LogKeeper
from connectors.okta import log_delivery, polling, standing, system_log
from connectors.okta.account import SuspendUser, UnsuspendUser
from connectors.okta.api_tokens import RevokeApiTokens
from connectors.okta.base import OktaAction
from connectors.okta.client import OktaClient
from connectors.okta.client_tokens import RevokeClientTokens
from connectors.okta.consents import RevokeGrants
from connectors.okta.devices import SuspendDevices
from connectors.okta.directory import find_accounts
from connectors.okta.expiry import ExpirePassword
from connectors.okta.factor_reset import ResetFactors
from connectors.okta.factors import RemoveFactors
from connectors.okta.network import BlockNetwork
from connectors.okta.password import ResetPassword
from connectors.okta.quarantine import QuarantineGroup
from connectors.okta.risk import RaiseRisk
from connectors.okta.session_lifetime import ShortenSessionLifetime
from connectors.okta.sessions import RevokeSessions
from connectors.okta.token_lifetime import ShortenTokenLifetime
from connectors.okta.trace import TraceSource
from connectors.okta.universal_logout import UniversalLogout
from connectors.okta.watch import Watch
from connectors.polled import LogReader, Pages
from connectors.system import Account, Clue, Connected

_ACTIONS: tuple[type[OktaAction[Any]], ...] = (
    RevokeSessions,
    UniversalLogout,
    RevokeGrants,
    RevokeClientTokens,
    RevokeApiTokens,
    SuspendUser,
    UnsuspendUser,
    ResetPassword,
    ExpirePassword,
    RemoveFactors,
    ResetFactors,
    SuspendDevices,
    RaiseRisk,
    QuarantineGroup,
    BlockNetwork,
    ShortenSessionLifetime,
    ShortenTokenLifetime,
    TraceSource,
    Watch,
)


class OktaSystem(Connected[OktaClient], LogKeeper):
    """One Okta organization. Built once per process and tenant; lives on one event loop."""

    name = "okta"
    actions: ClassVar[Mapping[str, type[Action]]] = {kind.spec.name: kind for kind in _ACTIONS}

    def __init__(self, tenant: str, settings: Okta, door: Door) -> None:
        """Build the system; nothing is sent. Loads the Okta SDK.

        Raises:
            errors.Refused: where the organization's address may not be used.
            errors.Unauthenticated: where the credential is not complete.
        """
        super().__init__(tenant, OktaClient(tenant, settings, door))
        self._own_id: str | None = None

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find accounts by ``okta_user_id``, ``okta_login``, ``user_principal_name``, ``email``.

        Raises:
            errors.ConnectorError: where Okta cannot be asked.
        """
        return await find_accounts(self.client, clues)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:
        """Read her admin roles and groups, whether she is the last super administrator or owns our API token."""
        return await standing.read(self.client, account, within_s)

    async def own_ids(self) -> frozenset[str]:
        """The service app's client id, or the id of the user whose API token we use."""
        if self._own_id is None:
            with contextlib.suppress(errors.ConnectorError):
                self._own_id = await system_log.own_id(self.client)
        return frozenset({self._own_id.lower()} if self._own_id else ())

    def log_reader(self, log: PolledLog, question: str, overlap: timedelta) -> LogReader:  # noqa: ARG002 - there is one
        """Build what reads the log on and on; ``question`` is a filter expression."""
        return polling.SystemLog(self.client, question, overlap)

    def pull(self, since: datetime, until: datetime) -> Mapping[str, Pages]:
        """What reads a stretch of the log, by its name."""
        return {"okta_system_log": polling.between(self.client, since, until)}

    async def probe(self) -> datetime | None:
        """Read one harmless thing and return the vendor's clock, None where it does not tell.

        Raises:
            errors.ConnectorError: it cannot be read: why, and what to do.
        """
        return (await self.client.warm()).date

    def granted(self, spec: ActionSpec) -> Collection[str] | None:
        """Return which of what ``spec`` needs our credential has; None where that is not known."""
        return self.client.granted(spec.permissions)

    async def logs(self) -> tuple[Log, ...]:
        """Look at each log that hunts read; never raises for a vendor that refuses."""
        return await log_delivery.of_tenant(self.client)

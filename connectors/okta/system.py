"""Okta as one of a tenant's systems."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from config.settings import Okta
from connectors import errors, grants
from connectors.action import Action, ActionSpec
from connectors.door import Door, Journal
from connectors.log_delivery import Log, LogKeeper
from connectors.okta import log_delivery, standing
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
from connectors.system import Account, Clue

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


class OktaSystem(LogKeeper):
    """One Okta organization. Built once per process and tenant; lives on one event loop."""

    name = "okta"
    actions: ClassVar[Mapping[str, type[Action]]] = {kind.spec.name: kind for kind in _ACTIONS}

    def __init__(self, tenant: str, settings: Okta, door: Door) -> None:
        """Build the system; nothing is sent. Loads the Okta SDK.

        Raises:
            errors.Refused: where the organization's address may not be used.
            errors.Unauthenticated: where the credential is not complete.
        """
        self.tenant = tenant
        self._client = OktaClient(tenant, settings, door)

    async def warm(self) -> None:
        """Fetch a token where one is used and open a connection; a silent Okta is no error yet."""
        with contextlib.suppress(errors.ConnectorError):
            await self._client.warm()

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find accounts by ``okta_user_id``, ``okta_login``, ``user_principal_name``, ``email``.

        Raises:
            errors.ConnectorError: where Okta cannot be asked.
        """
        return await find_accounts(self._client, clues)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:
        """Read her admin roles, and whether she owns our API token; never raises."""
        return await standing.read(self._client, account, within_s)

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``.

        Raises:
            errors.Refused: where there is no such action.
            ValueError: where the parameters are not as the action describes them.
        """
        kind = self.actions.get(name)
        if kind is None:
            raise errors.Refused(f"okta has no action {name}")
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
        return grants.lacking(spec, self._client.granted(spec.permissions))

    def told(self, spec: ActionSpec) -> bool:
        """Tell whether the credential says anything of what ``spec`` needs."""
        return self._client.granted(spec.permissions) is not None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

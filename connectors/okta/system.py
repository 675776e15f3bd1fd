"""Okta as one of a tenant's systems."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from config.settings import Okta
from connectors import errors
from connectors.action import Action
from connectors.door import Door, Journal
from connectors.okta.account import SuspendUser
from connectors.okta.base import OktaAction
from connectors.okta.client import OktaClient
from connectors.okta.directory import find_accounts
from connectors.okta.factors import RemoveFactors
from connectors.okta.network import BlockNetwork
from connectors.okta.password import ResetPassword
from connectors.okta.session_lifetime import ShortenSessionLifetime
from connectors.okta.sessions import RevokeSessions
from connectors.okta.token_lifetime import ShortenTokenLifetime
from connectors.okta.trace import TraceSource
from connectors.okta.watch import Watch
from connectors.system import Account, Clue

_ACTIONS: tuple[type[OktaAction], ...] = (
    RevokeSessions,
    SuspendUser,
    ResetPassword,
    RemoveFactors,
    BlockNetwork,
    ShortenSessionLifetime,
    ShortenTokenLifetime,
    TraceSource,
    Watch,
)


class OktaSystem:
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

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``.

        Raises:
            errors.Refused: where there is no such action.
            ValueError: where the parameters are not as the action describes them.
        """
        for kind in _ACTIONS:
            if kind.spec.name == name:
                return kind(self._client, parameters, journal)
        raise errors.Refused(f"okta has no action {name}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

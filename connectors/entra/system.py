"""Microsoft Entra ID in one tenant, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from config.settings import Entra
from connectors import errors, grants
from connectors.action import Action, ActionSpec
from connectors.door import Door, Journal
from connectors.entra import directory, log_delivery, standing
from connectors.entra.access_pass import IssueTemporaryAccessPass
from connectors.entra.account import DisableUser, EnableUser
from connectors.entra.action import EntraAction
from connectors.entra.app_credentials import RemoveAppCredentials
from connectors.entra.client import EntraClient
from connectors.entra.consents import RevokeConsents
from connectors.entra.devices import DisableDevices
from connectors.entra.explain_lifetimes import ExplainTokenLifetimes
from connectors.entra.groups import QuarantineGroup
from connectors.entra.lifetimes import ShortenTokenLifetime
from connectors.entra.mail import DisableInboxRules
from connectors.entra.mail_deletion import DeleteInboxRules
from connectors.entra.methods import RemoveAuthMethods
from connectors.entra.password import ResetPassword
from connectors.entra.risk import ConfirmCompromised, DismissRisk
from connectors.entra.service_principals import DisableServicePrincipal
from connectors.entra.sessions import RevokeSessions
from connectors.entra.trace import TraceSource
from connectors.entra.watch import Watch
from connectors.log_delivery import Log, LogKeeper
from connectors.system import Account, Clue

_ACTIONS: tuple[type[EntraAction[Any]], ...] = (
    RevokeSessions,
    DisableUser,
    ResetPassword,
    DisableInboxRules,
    DeleteInboxRules,
    RemoveAuthMethods,
    RevokeConsents,
    DisableServicePrincipal,
    RemoveAppCredentials,
    DisableDevices,
    ShortenTokenLifetime,
    ConfirmCompromised,
    DismissRisk,
    QuarantineGroup,
    EnableUser,
    IssueTemporaryAccessPass,
    ExplainTokenLifetimes,
    TraceSource,
    Watch,
)
_BY_NAME: Mapping[str, type[EntraAction[Any]]] = {kind.spec.name: kind for kind in _ACTIONS}


class EntraSystem(LogKeeper):
    """One tenant's directory: finds accounts, builds actions."""

    name: str = "entra"
    actions: ClassVar[Mapping[str, type[Action]]] = _BY_NAME

    def __init__(
        self, tenant: str, settings: Entra, door: Door, *, mailbox_is_asked: bool = False
    ) -> None:
        """Keep what is needed; nothing is loaded or sent yet.

        ``mailbox_is_asked``: what Graph does not show of a mailbox is looked at in Exchange.
        """
        self.tenant = tenant
        self.client = EntraClient(tenant, settings, door)
        self.client.mailbox_is_asked = mailbox_is_asked

    async def warm(self) -> None:
        """Load the SDK, fetch a token, open a connection. A Graph that does not answer is no error."""
        try:
            await self.client.warm()
        except errors.ConnectorError:
            # It shows, with its remedy, as soon as Graph is needed.
            return

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find accounts by exact match of any clue, each account once.

        Raises:
            errors.ConnectorError: Graph cannot be asked.
        """
        return await directory.find(self.client, clues)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:
        """Read her roles, and whether she is the last administrator or owns our application; never raises."""
        return await standing.read(self.client, account, within_s)

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``.

        Raises:
            KeyError: there is no such action.
            pydantic.ValidationError: the parameters are not the action's.
        """
        return self.build(self.actions[name], parameters, journal)

    def build(self, kind: type[Action], parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build an action of this system's, shipped or installed.

        Raises:
            ValueError: the parameters are not as the action describes them.
        """
        made: Any = kind
        action: Action = made(self.client, parameters, journal)
        return action

    async def probe(self) -> datetime | None:
        """Read one harmless thing and return the vendor's clock, None where it does not tell.

        Raises:
            errors.ConnectorError: it cannot be read: why, and what to do.
        """
        return (await self.client.warm()).date

    async def logs(self) -> tuple[Log, ...]:
        """Look at each log that hunts read; never raises for a vendor that refuses."""
        return await log_delivery.of_tenant(self.client)

    def lacks(self, spec: ActionSpec) -> tuple[str, ...]:
        """Name the permissions that ``spec`` needs and our credential is known not to have."""
        return grants.lacking(spec, self.client.granted)

    def told(self, spec: ActionSpec) -> bool:  # noqa: ARG002 - one token for all
        """Tell whether the credential says anything of what ``spec`` needs."""
        return self.client.granted is not None

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()

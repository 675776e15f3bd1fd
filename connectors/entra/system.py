"""Microsoft Entra ID in one tenant, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from config.polling import PolledLog
from config.tenants import Entra
from connectors import errors
from connectors.action import Action, ActionSpec
from connectors.door import Door
from connectors.entra import directory, log_delivery, polling, standing
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
from connectors.polled import LogReader, Pages
from connectors.system import Account, Clue, Connected

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
_READERS: Mapping[PolledLog, Callable[[EntraClient, str, timedelta], LogReader]] = {
    PolledLog.GRAPH_ALERTS: polling.alerts,
    PolledLog.GRAPH_RISK_DETECTIONS: polling.risk_detections,
    PolledLog.GRAPH_SIGN_INS: polling.sign_ins,
}


class EntraSystem(Connected[EntraClient], LogKeeper):
    """One tenant's directory: finds accounts, builds actions."""

    name: str = "entra"
    actions: ClassVar[Mapping[str, type[Action]]] = _BY_NAME

    def __init__(
        self, tenant: str, settings: Entra, door: Door, *, mailbox_is_asked: bool = False
    ) -> None:
        """Keep what is needed; nothing is loaded or sent yet.

        ``mailbox_is_asked``: what Graph does not show of a mailbox is looked at in Exchange.
        """
        super().__init__(tenant, EntraClient(tenant, settings, door))
        self.client.mailbox_is_asked = mailbox_is_asked

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find accounts by exact match of any clue, each account once.

        Raises:
            errors.ConnectorError: Graph cannot be asked.
        """
        return await directory.find(self.client, clues)

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:
        """Read her roles, and whether she is the last administrator or owns our application; never raises."""
        return await standing.read(self.client, account, within_s)

    async def own_ids(self) -> frozenset[str]:
        """Our application's client id and its service principal's object id; empty where unknown."""
        try:
            return await self.client.own_ids()
        except errors.ConnectorError:
            return frozenset()

    def log_reader(self, log: PolledLog, question: str, overlap: timedelta) -> LogReader:
        """Build what reads one of this tenant's logs on and on; ``question`` is an OData condition."""
        return _READERS[log](self.client, question, overlap)

    def pull(self, since: datetime, until: datetime) -> Mapping[str, Pages]:
        """What reads a stretch of each log that tells of people and tokens, by the log's name."""
        return {
            f"entra_{each.name}": polling.pages(self.client, each)
            for each in polling.between(since, until)
        }

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

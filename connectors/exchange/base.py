"""What all actions on a mailbox share: the mailbox, the domains that are the tenant's, the lines by hand."""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from connectors import errors
from connectors.action import Action, Observation, Outcome, PlannedCall, Target, Verdict
from connectors.clock import spell_or_none
from connectors.door import Answer, Journal
from connectors.entra import ids
from connectors.entra.rules import domain_of
from connectors.exchange import lines
from connectors.exchange.client import PATH, Command, ExchangeClient
from connectors.readback import Sleep

Json = dict[str, Any]
P = TypeVar("P", bound=BaseModel)

#: The application permission of Office 365 Exchange Online; what it may do is a role's matter.
PERMISSION = "Exchange.ManageAsApp"
ROLE = "Exchange Recipient Administrator"
_NO_MAILBOX = "The account has no mailbox in Exchange Online."
_KEPT = (
    "ExternalDirectoryObjectId",
    "UserPrincipalName",
    "PrimarySmtpAddress",
    "ForwardingAddress",
    "ForwardingSmtpAddress",
    "DeliverToMailboxAndForward",
    "GrantSendOnBehalfTo",
)


class OwnDomains(BaseModel):
    """Which domains are the tenant's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    own_domains: tuple[str, ...] = Field(
        (), description="mail domains that are harmless, besides those the organization accepts"
    )


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox as far as it matters here, and the server's clock when it was read."""

    properties: Json
    date: datetime | None

    @property
    def name(self) -> str:
        """What its owner signs in with."""
        return str(self.properties.get("UserPrincipalName") or "")


class ExchangeAction(Action, Generic[P]):
    """An action on one mailbox, which is named by its owner's object id in Entra."""

    def __init__(
        self,
        client: ExchangeClient,
        parameters: Mapping[str, Any],
        journal: Journal,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Build the action; ``sleep`` is what reading back waits with.

        Raises:
            pydantic.ValidationError: the parameters are not those ``spec.parameters`` describes.
        """
        self._client = client
        self._parameters = cast(P, self.spec.parameters.model_validate(dict(parameters)))
        self._journal = journal
        self._sleep = sleep

    @abstractmethod
    def by_hand(self, target: Target) -> str:
        """The exact PowerShell lines with which a person does the same."""

    @property
    def _needs(self) -> str:
        return (
            f"the permission {' and '.join(self.spec.permissions)} of Office 365 Exchange Online, "
            f"and the role {' or '.join(self.spec.roles)}"
        )

    async def _read(self, cmdlet: str, **parameters: Any) -> tuple[Json, ...]:
        command = Command(cmdlet, parameters, needs=self._needs)
        return (await self._client.read(command)).items

    async def _change(self, target: Target, cmdlet: str, parameters: Json, **about: str) -> Json:
        told = {"mailbox": ids.object_id(target.id), **about}
        command = Command(cmdlet, parameters, told, self._needs)
        return answered(await self._client.change(command, self._journal))

    async def _mailbox(self, target: Target) -> Mailbox:
        """Read the mailbox.

        Raises:
            errors.NotFound: the account has none.
            errors.Refused: what came is another's.
        """
        owner = ids.object_id(target.id)
        command = Command("Get-Mailbox", {"Identity": owner}, needs=self._needs)
        listing = await self._client.read(command)
        if not listing.items:
            raise errors.NotFound("no mailbox")
        found = listing.items[0]
        if len(listing.items) > 1 or str(found.get("ExternalDirectoryObjectId")).lower() != owner:
            raise errors.Refused("the answer is about another mailbox")
        return Mailbox({name: found.get(name) for name in _KEPT}, listing.date)

    async def _accepted(self, mailbox: Mailbox) -> frozenset[str]:
        """The domains mail to which stays inside, in lower case."""
        own = {domain_of(mailbox.name), domain_of(mailbox.properties.get("PrimarySmtpAddress"))}
        own.update(text.strip().casefold() for text in getattr(self._parameters, "own_domains", ()))
        try:
            for domain in await self._read("Get-AcceptedDomain"):
                own.add(str(domain.get("DomainName") or "").casefold())
        except errors.ConnectorError:
            # Known domains make fewer things suspicious; without them the check is the stricter.
            pass
        return frozenset(own - {""})


def no_mailbox() -> Observation:
    """The observation of an account that has no mailbox."""
    return Observation({}, verdict=Verdict(Outcome.SKIPPED, _NO_MAILBOX))


def planned(cmdlet: str, parameters: Json, why: str) -> PlannedCall:
    """A request as it is shown before it is sent."""
    body = json.dumps({"CmdletName": cmdlet, "Parameters": parameters})
    return PlannedCall("POST", PATH, body, why)


def answered(answer: Answer) -> Json:
    """What a receipt keeps of one answer."""
    return {
        "status": answer.status,
        "request_id": answer.request_id,
        "answered_at": spell_or_none(answer.date),
    }


def box_of(target: Target) -> str:
    """The mailbox as it stands in a line for people."""
    return lines.mailbox(target.name, target.id)


def texts(value: object) -> tuple[str, ...]:
    """The texts of a property that holds one, several or none."""
    items: Iterable[object] = value if isinstance(value, list) else (value,)
    return tuple(str(item) for item in items if item not in (None, ""))

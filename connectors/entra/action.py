"""What all actions in Entra have in common: a client, checked parameters, a journal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from connectors import errors
from connectors.action import Action, Json, Receipt, Target
from connectors.clock import instant
from connectors.door import Answer, Journal
from connectors.entra import stamps, users
from connectors.entra.client import EntraClient, Request
from connectors.readback import Sleep

P = TypeVar("P", bound=BaseModel)


class EntraAction(Action, Generic[P]):
    """An action on one account of one tenant, or on an app its owner uses."""

    def __init__(
        self,
        client: EntraClient,
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

    @property
    def _needs(self) -> str:
        permissions = " or ".join(
            (" and ".join(self.spec.permissions), *self.spec.permissions_also)
        )
        roles = f", and the role {' or '.join(self.spec.roles)}" if self.spec.roles else ""
        return f"the permission {permissions}{roles}"

    async def _user(self, target: Target) -> Json:
        return users.known((await self._client.read(users.by_id(target.id))).body)

    async def _user_at(self, target: Target) -> tuple[Json, datetime | None]:
        answer = await self._client.read(users.by_id(target.id))
        return users.known(answer.body), answer.date

    async def _why(self, target: Target, refused: errors.Invalid) -> errors.ConnectorError:
        # Graph refuses changes of an account mastered on premises with the same 400 as a
        # malformed request; the account itself tells which it was.
        try:
            synced = refused.status == 400 and users.is_synced(await self._user(target))
        except errors.ConnectorError:
            return refused
        if synced:
            return errors.OutOfReach(
                "the account is mastered on premises",
                status=refused.status,
                code=refused.code,
                request_id=refused.request_id,
            )
        return refused

    async def _change(self, request: Request) -> Answer:
        return await self._client.change(request, self._journal)


def receipt_of(answer: Answer, **more: object) -> Receipt:
    """What is kept of an answer to a change: status, request id, the vendor's clock."""
    return Receipt({**answered(answer), **more})


def answered(answer: Answer) -> Json:
    """Status, request id and clock of an answer."""
    return {
        "status": answer.status,
        "request_id": answer.request_id,
        "answered_at": stamps.write(answer.date) if answer.date else None,
    }


def answered_at(receipt: Receipt | None) -> datetime | None:
    """The vendor's clock when it answered; None where no answer is known."""
    return instant(receipt.data.get("answered_at")) if receipt else None

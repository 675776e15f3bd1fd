"""What all actions on an Auth0 account share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from connectors.action import Action, Exposure, Json, Receipt
from connectors.auth0.client import Auth0Client, Request
from connectors.clock import spell_or_none
from connectors.door import Answer, Journal
from connectors.readback import Sleep

P = TypeVar("P", bound=BaseModel)


class Auth0Action(Action, Generic[P]):
    """An action on one Auth0 user; keeps no state between calls."""

    def __init__(
        self,
        client: Auth0Client,
        parameters: Mapping[str, Any],
        journal: Journal,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Build the action.

        Args:
            client: the tenant.
            parameters: what ``spec.parameters`` describes.
            journal: where its changes are recorded.
            sleep: what reading back waits with.

        Raises:
            pydantic.ValidationError: the parameters are not as described.
        """
        self._client = client
        self._parameters = cast(P, self.spec.parameters.model_validate(dict(parameters)))
        self._journal = journal
        self._sleep = sleep

    async def _change(self, request: Request, *, answered: bool = False) -> Answer:
        return await self._client.change(request, self._journal, answered=answered)

    @property
    def _needs(self) -> str:
        return " and ".join(self.spec.permissions)


def stamp(answer: Answer) -> Json:
    """What a receipt keeps of one answer."""
    return {
        "status": answer.status,
        "request_id": answer.request_id,
        "date": spell_or_none(answer.date),
    }


def nothing_sent(why: str, seen_at: datetime | None = None) -> Receipt:
    """A receipt for a change that was there already, seen at ``seen_at`` by Auth0's clock."""
    return Receipt({"sent": False, "why": why, "date": spell_or_none(seen_at)})


def access_tokens() -> Exposure:
    """What no call to Auth0 takes back.

    Source: Auth0, access tokens (they cannot be revoked) and update access token lifetime (24 hours
    unless an API sets another, 30 days at most).
    """
    return Exposure(
        "auth0",
        "access tokens issued before",
        "unknown",
        "they cannot be revoked and live as long as each API's setting says, 24 hours if it says "
        "nothing and 30 days at most",
    )

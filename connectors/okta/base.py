"""What all actions on an Okta account share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from connectors.action import Action, Receipt
from connectors.clock import spell_or_none
from connectors.door import Answer, Journal
from connectors.okta.client import OktaClient
from connectors.readback import Sleep

P = TypeVar("P", bound=BaseModel)

READ = "okta.users.read"
MANAGE = "okta.users.manage"


class OktaAction(Action, Generic[P]):
    """An action on one Okta account; keeps no state between calls."""

    def __init__(
        self,
        client: OktaClient,
        parameters: Mapping[str, Any],
        journal: Journal,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Build the action.

        Args:
            client: the organization.
            parameters: what ``spec.parameters`` describes.
            journal: where its changes are recorded.
            sleep: what reading back waits with.

        Raises:
            ValueError: where the parameters are not as described.
        """
        self._client = client
        self._parameters = cast(P, self.spec.parameters.model_validate(dict(parameters)))
        self._journal = journal
        self._sleep = sleep


def stamp(answer: Answer) -> dict[str, Any]:
    """What a receipt keeps of one answer."""
    return {
        "status": answer.status,
        "request_id": answer.request_id,
        "date": spell_or_none(answer.date),
    }


def nothing_sent(why: str, seen_at: datetime | None = None) -> Receipt:
    """A receipt for a change that was there already, seen at ``seen_at`` by Okta's clock."""
    return Receipt({"sent": False, "why": why, "date": spell_or_none(seen_at)})

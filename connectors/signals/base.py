"""What all actions that tell applications share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from config.signals import Recipient, Signals
from connectors import errors
from connectors.action import Action, Json, Target
from connectors.door import Journal
from connectors.signals.client import SignalsClient
from connectors.signals.subject import subject_of

P = TypeVar("P", bound=BaseModel)


class SignalsAction(Action, Generic[P]):
    """An action that tells recipients of one person; keeps no state between calls."""

    def __init__(
        self, client: SignalsClient | None, parameters: Mapping[str, Any], journal: Journal
    ) -> None:
        """Build the action.

        Args:
            client: the tenant's transmitter; None to show what the action would send, for no tenant.
            parameters: what ``spec.parameters`` describes.
            journal: where its requests are recorded.

        Raises:
            pydantic.ValidationError: the parameters are not as described.
        """
        self._client = client
        self._parameters = cast(P, self.spec.parameters.model_validate(dict(parameters)))
        self._journal = journal

    @property
    def _sender(self) -> SignalsClient:
        if self._client is None:
            raise errors.Refused("this action is only shown")
        return self._client

    @property
    def _settings(self) -> Signals:
        return self._sender.settings

    @staticmethod
    def _subject(recipient: Recipient | None, target: Target) -> Json:
        """The subject a recipient was chosen for; changed settings may have made it another.

        Raises:
            errors.Refused: it knows her by a name now that is not known.
        """
        subject = subject_of(recipient, target.facts) if recipient is not None else None
        if subject is None:
            raise errors.Refused(
                "the recipient's settings have changed since",
                remedy="Tell the recipient by hand, or contain the person once more.",
            )
        return subject

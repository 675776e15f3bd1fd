"""One vendor's system in one tenant: how accounts are found there and actions are built."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from connectors import errors, grants
from connectors.action import Action, ActionSpec
from connectors.door import Journal


@dataclass(frozen=True, slots=True)
class Clue:
    """Something known about a person: ``kind`` is one of the kinds an alert names.

    Kinds: ``entra_object_id``, ``user_principal_name``, ``email``, ``okta_user_id``, ``okta_login``,
    ``auth0_user_id``.
    """

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account in one system, by its immutable id.

    ``clues`` is what the account itself tells (its mail, its sign-in name), with which the same
    person's account in another system may be found. ``facts`` is what planning needs to know.
    """

    tenant: str
    system: str
    id: str
    name: str
    display_name: str = ""
    clues: tuple[Clue, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class System(Protocol):
    """A connector: built once per process and tenant, lives on the process's event loop."""

    name: str
    tenant: str
    actions: ClassVar[Mapping[str, type[Action]]]

    async def warm(self) -> None:
        """Load what is loaded lazily, fetch a token, open a connection.

        Never raises for a vendor that does not answer: that shows when it is needed.
        """

    async def find(self, clues: Sequence[Clue]) -> tuple[Account, ...]:
        """Find accounts by exact match of any clue this system understands, each account once.

        Returns:
            No account, one, or several (an ambiguity the caller must not guess about).

        Raises:
            ConnectorError: where the system cannot be asked.
        """

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:  # noqa: ARG002 - the default
        """Read what an account's person is here: an administrator, the owner of our own credential.

        Never raises; what does not come within ``within_s`` seconds is absent, and named in the fact
        ``unknown``. No facts where nobody in a system can be such a thing.
        """
        return {}

    async def own_ids(self) -> frozenset[str]:
        """The immutable ids under which our own changes stand in this system's log, in lower case.

        Never a name. Empty where they cannot be told; never raises.
        """
        return frozenset()

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name`` (``entra.revoke_sessions``), its changes recorded in ``journal``."""

    def build(self, kind: type[Action], parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build an action of a class of this system's, shipped or installed by a third party."""

    async def probe(self) -> datetime | None:
        """Read one harmless thing and return the vendor's clock, None where it does not tell.

        Raises:
            ConnectorError: it cannot be read: why, and what to do.
        """

    def told(self, spec: ActionSpec) -> bool:
        """Tell whether the credential says anything of what ``spec`` needs."""

    def lacks(self, spec: ActionSpec) -> tuple[str, ...]:
        """Name the permissions that ``spec`` needs and our credential is known not to have.

        Asks nobody; empty, too, where the credential does not tell what it may do.
        """

    async def close(self) -> None:
        """Close connections."""


class Closable(Protocol):
    """Whatever talks to a vendor, and can end that."""

    async def close(self) -> None:
        """Close connections."""


C = TypeVar("C", bound=Closable)


class Connected(ABC, Generic[C]):
    """What the shipped systems do alike: each builds its actions over one ``client``."""

    name: str
    actions: ClassVar[Mapping[str, type[Action]]]

    def __init__(self, tenant: str, client: C) -> None:
        """Keep the tenant's name and its client; nothing is sent."""
        self.tenant = tenant
        self.client = client

    async def warm(self) -> None:
        """Load what is loaded lazily, fetch a token, open a connection.

        Whoever does not answer is no error yet: it shows, with its remedy, as soon as it is needed.
        """
        with contextlib.suppress(errors.ConnectorError):
            await self.probe()

    async def standing(self, account: Account, within_s: float) -> Mapping[str, Any]:  # noqa: ARG002 - the default
        """Tell nothing: nobody is anything in most systems."""
        return {}

    async def own_ids(self) -> frozenset[str]:
        """Tell none: most systems log nothing of us that would come back as an alert."""
        return frozenset()

    def action(self, name: str, parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build the action ``name``.

        Raises:
            errors.Refused: there is no such action.
            ValueError: the parameters are not as the action describes them.
        """
        kind = self.actions.get(name)
        if kind is None:
            raise errors.Refused(f"{self.name} has no action {name}")
        return self.build(kind, parameters, journal)

    def build(self, kind: type[Action], parameters: Mapping[str, Any], journal: Journal) -> Action:
        """Build an action of this system's, shipped or installed.

        Raises:
            ValueError: the parameters are not as the action describes them.
        """
        made: Any = kind
        action: Action = made(self.client, parameters, journal)
        return action

    @abstractmethod
    async def probe(self) -> datetime | None:
        """Read one harmless thing and return the vendor's clock, None where it does not tell.

        Raises:
            errors.ConnectorError: it cannot be read: why, and what to do.
        """

    def granted(self, spec: ActionSpec) -> Collection[str] | None:  # noqa: ARG002 - the default
        """Return the permissions our credential has of those ``spec`` speaks of; None where unknown."""
        return None

    def lacks(self, spec: ActionSpec) -> tuple[str, ...]:
        """Name the permissions that ``spec`` needs and our credential is known not to have."""
        return grants.lacking(spec, self.granted(spec))

    def told(self, spec: ActionSpec) -> bool:
        """Tell whether the credential says anything of what ``spec`` needs."""
        return self.granted(spec) is not None

    async def close(self) -> None:
        """Close connections."""
        await self.client.close()


class Follower(ABC):
    """A system that keeps no directory: whom it is about, other systems' accounts say.

    It is asked when a person is identified, so that it neither finds one by itself nor makes anybody
    ambiguous. A ``System`` besides, whose ``find`` finds nobody.
    """

    name: str

    @abstractmethod
    def follow(self, accounts: Mapping[str, Account]) -> Account | None:
        """Return her account here, out of those in other systems; asks nobody.

        Args:
            accounts: a person's accounts by system, at least one.
        """

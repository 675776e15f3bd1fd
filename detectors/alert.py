"""The Alert: what a detector said, in our words, whoever said it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Role(StrEnum):
    """What part a person plays in an alert. Only a victim is ever contained.

    - ``VICTIM``: the account it is about: acted upon by somebody else, or, where nobody else is
      named, the one that acted. Whether it has to be contained is what ``actionable`` says.
    - ``ACTOR``: who did something to another account or to the tenant (an administrator).
    - ``BYSTANDER``: named and neither, for example the owner of an application.
    """

    VICTIM = "victim"
    ACTOR = "actor"
    BYSTANDER = "bystander"


class IdKind(StrEnum):
    """Which kind of identifier a value is.

    Those in ``SOUGHT`` are looked up in the tenant's systems. The others only tell people who is
    meant: a bare user name is too little to contain anybody.
    """

    ENTRA_OBJECT_ID = "entra_object_id"
    USER_PRINCIPAL_NAME = "user_principal_name"
    EMAIL = "email"
    OKTA_USER_ID = "okta_user_id"
    OKTA_LOGIN = "okta_login"
    AUTH0_USER_ID = "auth0_user_id"
    GOOGLE_EMAIL = "google_email"
    GOOGLE_PROFILE_ID = "google_profile_id"
    DUO_USERNAME = "duo_username"
    DUO_USER_ID = "duo_user_id"
    ONELOGIN_USER_ID = "onelogin_user_id"
    SAMACCOUNTNAME = "samaccountname"
    SID = "sid"
    USERNAME = "username"
    USER_ID = "user_id"


#: What a person is looked for by; the systems pass over every other kind.
SOUGHT = frozenset(
    {
        IdKind.ENTRA_OBJECT_ID,
        IdKind.USER_PRINCIPAL_NAME,
        IdKind.EMAIL,
        IdKind.OKTA_USER_ID,
        IdKind.OKTA_LOGIN,
        IdKind.AUTH0_USER_ID,
    }
)


class Signal(StrEnum):
    """What kind of trouble the alert speaks of."""

    TOKEN_THEFT = "token_theft"  # noqa: S105 - a kind of signal, not a secret
    SESSION_THEFT = "session_theft"
    CREDENTIAL = "credential"
    MFA = "mfa"
    MAIL_RULE = "mail_rule"
    CONSENT = "consent"
    RISK = "risk"
    OTHER = "other"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonId(_Frozen):
    """One identifier of a person."""

    kind: IdKind
    value: str = Field(min_length=1, max_length=320)


class Person(_Frozen):
    """One person an alert names: all identifiers here belong to the same person."""

    role: Role
    ids: tuple[PersonId, ...] = Field(min_length=1)
    display_name: str | None = None

    @property
    def can_be_sought(self) -> bool:
        """Whether any identifier is one that the tenant's systems can be asked for."""
        return any(each.kind in SOUGHT for each in self.ids)


class Network(_Frozen):
    """Where an address is: its autonomous system and place, as the detector says."""

    ip: str
    asn: int | None = None
    place: str | None = None


class Thing(_Frozen):
    """A device or an application: its id, its name, or both."""

    id: str | None = None
    name: str | None = None


class Alert(_Frozen):
    """One finding of one detector.

    ``event_id`` is the detector's own stable id of the finding: the same finding sent twice has the
    same one; ``last_seen_at`` tells whether more has happened since. Where it gave none (``named`` is False) it is the hash of the finding's content.
    ``actionable`` says whether a containment may follow at all, and ``why`` says why or
    why not, for people; ``nameless`` says that it would, had it named somebody.
    ``to_do`` is what people have to do so that the source goes on sending; they are told of it. ``raw_sha256`` is the hash of the bytes that arrived.
    ``ips`` and ``app_ids`` hold plain values; ``networks``, ``apps`` and ``devices`` what else was
    said of them. An application is never a person.
    ``actor_app_ids`` name each application that did something of what the alert speaks of, by its client
    id or, where that is not said, its service principal. ``request_ids`` are the vendor's own ids of the requests that caused it;
    ``correlation_ids`` may be a request's and may be something else's.
    """

    source: str
    kind: str
    event_id: str
    named: bool = True
    title: str
    rule: str | None = None
    severity: str = "unknown"
    confidence: str | None = None
    occurred_at: datetime | None = None
    last_seen_at: datetime | None = None
    persons: tuple[Person, ...] = ()
    session_ids: tuple[str, ...] = ()
    token_ids: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    user_agents: tuple[str, ...] = ()
    app_ids: tuple[str, ...] = ()
    actor_app_ids: tuple[str, ...] = ()
    request_ids: tuple[str, ...] = ()
    correlation_ids: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    devices: tuple[Thing, ...] = ()
    apps: tuple[Thing, ...] = ()
    attack: tuple[str, ...] = ()
    tenant_hint: str | None = None
    signal: Signal = Signal.OTHER
    actionable: bool = True
    nameless: bool = False
    why: str = ""
    to_do: str = ""
    raw_sha256: str = ""
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def victims(self) -> tuple[Person, ...]:
        """The persons a containment is about."""
        return tuple(person for person in self.persons if person.role is Role.VICTIM)


class NotUnderstood(Exception):
    """The payload is genuine and cannot be understood.

    It is kept, with the reason, until a person corrects the mapping and replays it.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        """Say what was wrong (``reason``) and what would be right (``remedy``)."""
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy

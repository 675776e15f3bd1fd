"""The Alert: what a detector said, in our words, whoever said it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Role(StrEnum):
    """What part a person plays in an alert. Only a victim is ever contained."""

    VICTIM = "victim"
    ACTOR = "actor"
    BYSTANDER = "bystander"


class IdKind(StrEnum):
    """Which kind of identifier a value is."""

    ENTRA_OBJECT_ID = "entra_object_id"
    USER_PRINCIPAL_NAME = "user_principal_name"
    EMAIL = "email"
    OKTA_USER_ID = "okta_user_id"
    OKTA_LOGIN = "okta_login"
    AUTH0_USER_ID = "auth0_user_id"


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


class Alert(_Frozen):
    """One finding of one detector.

    ``event_id`` is the detector's own stable id of the finding: the same finding sent twice has the
    same one; ``last_seen_at`` tells whether more has happened since. Where it gave none (``named`` is False) it is the hash of the finding's content.
    ``actionable`` says whether a containment may follow at all, and ``why`` says why or
    why not, for people; ``nameless`` says that it would, had it named somebody. ``raw_sha256`` is the hash of the bytes that arrived.
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
    attack: tuple[str, ...] = ()
    tenant_hint: str | None = None
    signal: Signal = Signal.OTHER
    actionable: bool = True
    nameless: bool = False
    why: str = ""
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

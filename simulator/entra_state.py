"""One Entra user's security state, and which credentials survive which change.

The survival table is Microsoft's (entra-docs, identity-platform/refresh-tokens.md): an
explicit revoke kills every grant and cookie, a password reset only the password-based ones.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from simulator.clock import graph_time
from simulator.entra_belongings import Consent, Device, RoleAssignment

# The delete path's segment and the type name it stands for (Graph v1.0, authentication).
METHOD_SEGMENTS = {
    "phoneMethods": "phone",
    "microsoftAuthenticatorMethods": "microsoftAuthenticator",
    "fido2Methods": "fido2",
    "softwareOathMethods": "softwareOath",
    "windowsHelloForBusinessMethods": "windowsHelloForBusiness",
    "emailMethods": "email",
    "temporaryAccessPassMethods": "temporaryAccessPass",
    "platformCredentialMethods": "platformCredential",
    "externalAuthenticationMethods": "external",
}
PASSWORD_METHOD_ID = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105
# For each kind: its name as preferred second factor, and its name in methodsRegistered.
PREFERENCE = {
    "phone": ("sms", "mobilePhone"),
    "microsoftAuthenticator": ("push", "microsoftAuthenticatorPush"),
    "softwareOath": ("oath", "softwareOneTimePasscode"),
}
# Inactive refresh tokens end after 90 days (entra-docs, refresh-tokens.md).
REFRESH_TOKEN_IDLE_S = 90 * 86400.0


class Refusal(StrEnum):
    """Why the sign-in service turns a credential down, by its AADSTS number."""

    UNKNOWN = "70000"
    REVOKED = "50173"
    DISABLED = "50057"
    EXPIRED = "700082"
    APP_DISABLED = "7000112"
    BLOCKED = "53003"


@dataclass
class AuthMethod:
    """A registered way to prove who one is; details are the type's own properties."""

    id: str
    kind: str
    created: float | None
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Graph's polymorphic form, told apart by @odata.type."""
        return {
            "@odata.type": f"#microsoft.graph.{self.kind}AuthenticationMethod",
            "id": self.id,
            "createdDateTime": None if self.created is None else graph_time(self.created),
            **self.details,
        }


@dataclass
class AccessPass(AuthMethod):
    """A Temporary Access Pass: a code that signs in from ``start`` on, for so many minutes."""

    code: str = ""
    start: float = 0.0
    lifetime_min: int = 60
    once: bool = True
    used: bool = False

    @property
    def end(self) -> float:
        """When it runs out, and with it what was signed in with it."""
        return self.start + self.lifetime_min * 60.0


@dataclass
class PassPolicy:
    """The tenant's policy for passes; the limits are those Entra begins with, in minutes."""

    enabled: bool = True
    least_min: int = 60
    most_min: int = 480
    once_only: bool = False
    excluded: set[str] = field(default_factory=set)


@dataclass
class InboxRule:
    """An inbox rule as Graph's messageRule; no creation date, since Graph has none."""

    id: str
    display_name: str
    sequence: int
    enabled: bool = True
    read_only: bool = False
    conditions: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=dict)
    exceptions: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The messageRule resource."""
        rule = {
            "id": self.id,
            "displayName": self.display_name,
            "sequence": self.sequence,
            "isEnabled": self.enabled,
            "hasError": False,
            "isReadOnly": self.read_only,
            "conditions": self.conditions,
            "actions": self.actions,
        }
        return rule if self.exceptions is None else {**rule, "exceptions": self.exceptions}


@dataclass
class Grant:
    """A refresh token family or a sign-in cookie: what one sign-in left behind.

    Both belong to the ``session`` that sign-in opened.
    """

    value: str
    issued_at: float
    client_id: str = ""
    password_based: bool = True
    confidential: bool = False
    # What a Temporary Access Pass has signed in ends with the pass.
    ends_at: float | None = None
    session: str = ""


@dataclass
class EntraUser:
    """A user object of the directory with mailbox, methods and live credentials."""

    id: str
    upn: str
    display_name: str
    mail: str | None
    created: float
    password_changed: float
    sessions_valid_from: float
    account_enabled: bool = True
    user_type: str = "Member"
    synced: bool = False
    admin: bool = False
    restricted: bool = False
    has_mailbox: bool = True
    token_lifetime_s: float | None = None
    default_method_id: str | None = None
    methods: list[AuthMethod] = field(default_factory=list)
    rules: list[InboxRule] = field(default_factory=list)
    # none, or what Identity Protection holds of the user: atRisk, confirmedCompromised, dismissed
    risk_state: str = "none"
    refresh_tokens: list[Grant] = field(default_factory=list)
    cookies: list[Grant] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    role_assignments: list[RoleAssignment] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    # Exact instants beside the published stamp: that one has whole seconds only, and a
    # sign-in later within the same second must live while one before it must not.
    revoked_at: float = 0.0
    password_reset_at: float = 0.0
    disabled_at: float | None = None

    @property
    def guest(self) -> bool:
        """Whether the account lives in somebody else's tenant."""
        return self.user_type == "Guest"

    def sign_in(
        self,
        now: float,
        client_id: str,
        *,
        password_based: bool = True,
        ends_at: float | None = None,
    ) -> Grant:
        """A full sign-in: one refresh token family and one cookie, issued now; gives the cookie."""
        token, cookie = (
            "1.sim-rt." + secrets.token_urlsafe(32),
            "0.sim." + secrets.token_urlsafe(32),
        )
        opened = str(uuid.uuid4())
        kept = Grant(cookie, now, client_id, password_based, ends_at=ends_at, session=opened)
        self.refresh_tokens.append(replace(kept, value=token))
        self.cookies.append(kept)
        return kept

    def revoke_sessions(self, now: float) -> None:
        """What revokeSignInSessions does: nothing for guests, who sign in at home."""
        if self.guest:
            return
        self.revoked_at = now
        self.sessions_valid_from = float(int(now))

    def reset_password(self, now: float) -> None:
        """An administrator sets a new password; other kinds of credential live on."""
        self.password_changed = now
        self.password_reset_at = now

    def set_enabled(self, enabled: bool, now: float) -> None:
        """Disabling refuses every credential while it lasts; enabling lets them work again."""
        self.account_enabled = enabled
        self.disabled_at = None if enabled else now

    def refusal(self, grant: Grant | None, now: float) -> Refusal | None:
        """Why this credential is turned down now, or None when it still works."""
        if grant is None:
            return Refusal.UNKNOWN
        if not self.account_enabled:
            return Refusal.DISABLED
        # A guest's credentials were issued by the home tenant: resets here do not reach them.
        if not self.guest:
            if grant.issued_at <= self.revoked_at:
                return Refusal.REVOKED
            by_password = grant.password_based and not grant.confidential
            if by_password and grant.issued_at <= self.password_reset_at:
                return Refusal.REVOKED
        ended = grant.ends_at is not None and now >= grant.ends_at
        idle = now - grant.issued_at > REFRESH_TOKEN_IDLE_S
        return Refusal.EXPIRED if ended or idle else None

    def cae_refuses(self, issued_at: float) -> bool:
        """Whether a resource with continuous access evaluation refuses a token issued then.

        Revoke, password reset and disabling are critical events; guests are not covered
        (entra-docs, concept-continuous-access-evaluation.md).
        """
        if self.guest:
            return False
        disabled = self.disabled_at is not None
        return disabled or issued_at <= max(self.revoked_at, self.password_reset_at)

    def method(self, method_id: str) -> AuthMethod | None:
        """The registered method with this id."""
        return next((m for m in self.methods if m.id == method_id), None)

    def rule(self, rule_id: str) -> InboxRule | None:
        """The inbox rule with this id."""
        return next((r for r in self.rules if r.id == rule_id), None)

    def second_factors(self) -> list[AuthMethod]:
        """Everything registered except the password, which cannot be removed."""
        return [m for m in self.methods if m.kind != "password"]

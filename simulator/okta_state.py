"""One Okta user's state machine, sessions, tokens and factors."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simulator.clock import okta_time
from simulator.okta_belongings import ApiToken, Device, Risk

OKTA_VERIFY_TYPES = frozenset({"push", "signed_nonce", "token:software:totp"})


class Status(StrEnum):
    """The user statuses of Okta's lifecycle."""

    STAGED = "STAGED"
    PROVISIONED = "PROVISIONED"
    ACTIVE = "ACTIVE"
    RECOVERY = "RECOVERY"
    PASSWORD_EXPIRED = "PASSWORD_EXPIRED"  # noqa: S105
    LOCKED_OUT = "LOCKED_OUT"
    SUSPENDED = "SUSPENDED"
    DEPROVISIONED = "DEPROVISIONED"


# A suspended user can only be unsuspended or deactivated (Okta management API, suspendUser).
RESETTABLE = frozenset(
    {
        Status.PROVISIONED,
        Status.ACTIVE,
        Status.RECOVERY,
        Status.PASSWORD_EXPIRED,
        Status.LOCKED_OUT,
    }
)
MAY_REFRESH = frozenset({Status.ACTIVE, Status.PASSWORD_EXPIRED, Status.LOCKED_OUT})


@dataclass
class OktaSession:
    """A browser session at the identity provider; sid is the cookie's value."""

    id: str
    sid: str
    created: float
    expires: float


@dataclass
class OktaRefreshToken:
    """A refresh token of one client; the record the tokens list shows."""

    id: str
    value: str
    client_id: str
    created: float
    expires: float
    scopes: tuple[str, ...] = ("openid", "profile", "offline_access")


@dataclass
class ConsentGrant:
    """Consent to one scope for one client; not a token, and not revoked with one."""

    id: str
    client_id: str
    scope_id: str
    created: float


@dataclass
class Factor:
    """An enrolled factor; recovery marks a phone that also serves account recovery."""

    id: str
    factor_type: str
    created: float
    profile: dict[str, Any]
    provider: str = "OKTA"
    status: str = "ACTIVE"
    recovery: bool = False

    @property
    def okta_verify(self) -> bool:
        """Whether it belongs to the Okta Verify enrolment, which goes as a whole."""
        return self.provider == "OKTA" and self.factor_type in OKTA_VERIFY_TYPES

    @property
    def enrolment_id(self) -> str:
        """What the log calls the enrolment: the factor's own id, but of Okta Verify, whose factors share one."""
        return f"pfd{self.id[3:]}" if self.okta_verify else self.id

    def to_json(self, user_url: str) -> dict[str, Any]:
        """The userFactor resource."""
        url = f"{user_url}/factors/{self.id}"
        return {
            "id": self.id,
            "factorType": self.factor_type,
            "provider": self.provider,
            "vendorName": self.provider,
            "status": self.status,
            "created": okta_time(self.created),
            "lastUpdated": okta_time(self.created),
            "profile": self.profile,
            "_links": {
                "self": {"href": url, "hints": {"allow": ["GET", "DELETE"]}},
                "verify": {"href": f"{url}/verify", "hints": {"allow": ["POST"]}},
                "user": {"href": user_url, "hints": {"allow": ["GET"]}},
            },
        }


@dataclass(frozen=True)
class AdminRole:
    """A standard admin role somebody has, by herself or through a group."""

    id: str
    type: str
    label: str
    created: float
    through_group: bool = False

    def to_json(self, user_url: str) -> dict[str, Any]:
        """The role assignment as listAssignedRolesForUser tells it."""
        at = okta_time(self.created)
        return {
            "id": self.id,
            "label": self.label,
            "type": self.type,
            "status": "ACTIVE",
            "created": at,
            "lastUpdated": at,
            "assignmentType": "GROUP" if self.through_group else "USER",
            "_links": {"assignee": {"href": user_url}},
        }


@dataclass
class OktaUser:
    """A user of the org with everything a responder may take away."""

    id: str
    login: str
    email: str
    first_name: str
    last_name: str
    created: float
    password_changed: float
    status: Status = Status.ACTIVE
    status_changed: float = 0.0
    last_updated: float = 0.0
    # Who keeps the password: OKTA, ACTIVE_DIRECTORY, LDAP, FEDERATION or SOCIAL.
    provider: str = "OKTA"
    sessions: list[OktaSession] = field(default_factory=list)
    refresh_tokens: list[OktaRefreshToken] = field(default_factory=list)
    grants: list[ConsentGrant] = field(default_factory=list)
    factors: list[Factor] = field(default_factory=list)
    recovery_phones: list[str] = field(default_factory=list)
    remembered_devices: list[str] = field(default_factory=list)
    api_tokens: list[ApiToken] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    roles: list[AdminRole] = field(default_factory=list)
    risk: Risk = field(default_factory=Risk)

    def move_to(self, status: Status, now: float) -> None:
        """Change the status and the two stamps that follow it."""
        self.status, self.status_changed, self.last_updated = status, now, now

    def sign_in(self, now: float, client_id: str) -> None:
        """A full sign-in: a browser session and a refresh token for this client."""
        self.open_session(now)
        self.issue_token(now, client_id)

    def open_session(self, now: float) -> OktaSession:
        """A browser session of two hours, Okta's default idle time."""
        sid = "102" + secrets.token_urlsafe(16)
        session = OktaSession("102" + secrets.token_urlsafe(16), sid, now, now + 7200)
        self.sessions.append(session)
        return session

    def issue_token(self, now: float, client_id: str) -> OktaRefreshToken:
        """A refresh token of seven days, the default of an access policy rule."""
        token = OktaRefreshToken(
            id="oar" + secrets.token_hex(9)[:17],
            value="sim-okta-rt-" + secrets.token_urlsafe(32),
            client_id=client_id,
            created=now,
            expires=now + 7 * 86400,
        )
        self.refresh_tokens.append(token)
        return token

    def client_ids(self) -> list[str]:
        """The clients that hold refresh tokens, in the order they got them."""
        return list(dict.fromkeys(t.client_id for t in self.refresh_tokens))

    def remove_factor(self, factor: Factor) -> list[Factor]:
        """Unenrol a factor; returns all that went with it.

        Removing push or signed_nonce also removes the other Okta Verify factors
        (Okta management API, unenrollFactor).
        """
        gone = [factor]
        if factor.factor_type in ("push", "signed_nonce") and factor.okta_verify:
            gone = [f for f in self.factors if f.okta_verify]
        self.factors = [f for f in self.factors if f not in gone]
        return gone

    def factor(self, factor_id: str) -> Factor | None:
        """The factor with this id."""
        return next((f for f in self.factors if f.id == factor_id), None)

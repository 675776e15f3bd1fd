"""What the operator has set: one typed tree.

Read from ``rescind.toml``, the environment (``RESCIND_`` and ``__`` between levels) and a folder of
secrets; see ``config/load.py`` for the order. Every secret is a ``SecretStr`` and may come from a
file of its own: any key ``x`` that holds a secret also takes ``x_file``.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Mode(StrEnum):
    """How far a run goes by itself."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTO = "auto"


class Section(BaseModel):
    """A part of the tree: unknown keys are errors, so that a typo never goes unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Database(Section):
    """Where alerts, runs and the audit log are kept."""

    url: SecretStr = Field(
        SecretStr("sqlite:///rescind.db"),
        description="SQLAlchemy URL: sqlite:///path or postgresql+psycopg://user@host/name",
    )


class Broker(Section):
    """What wakes the workers."""

    url: SecretStr = Field(
        SecretStr("memory://"),
        description="memory:// inside `rescind serve`; redis://host/0 or amqp://user@host// between processes",
    )


def _origin(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.path not in (None, "", "/") or url.query or url.fragment:
        raise ValueError("give scheme, host and port only, for example https://rescind.example.com")
    return url


class Web(Section):
    """The web server: hooks and console."""

    host: str = "127.0.0.1"
    port: int = Field(8480, ge=0, le=65535)
    public_url: Annotated[AnyHttpUrl, AfterValidator(_origin)] | None = Field(
        None, description="how people's browsers reach the console; it stands in chat messages"
    )
    body_limit_bytes: int = Field(1_048_576, ge=1024, le=16_777_216)
    session_idle_minutes: int = Field(30, ge=1, le=1440)
    session_hours: int = Field(12, ge=1, le=24)

    @property
    def console_url(self) -> str:
        """The address of the console without a trailing slash."""
        url = str(self.public_url) if self.public_url else f"http://{self.host}:{self.port}"
        return url.rstrip("/")


class Engine(Section):
    """How the workers work. Times in seconds."""

    concurrency: int = Field(32, ge=1, le=256)
    lease_s: float = Field(30.0, ge=1, le=300)
    step_deadline_s: float = Field(90.0, ge=1, le=900)
    upkeep_s: float = Field(1.0, ge=0.05, le=30)
    ring_again_s: float = Field(10.0, ge=0.5, le=300)
    step_attempts: int = Field(8, ge=1, le=50)
    verify_patience_s: float = Field(10.0, ge=0, le=120)


class Retries(Section):
    """How the door tries a call again. Times in seconds."""

    attempts: int = Field(4, ge=1, le=10)
    total_s: float = Field(20.0, ge=0, le=120)
    first_wait_s: float = Field(0.2, ge=0, le=10)
    wait_cap_s: float = Field(5.0, ge=0, le=60)
    inline_wait_s: float = Field(5.0, ge=0, le=30)
    call_timeout_s: float = Field(15.0, ge=0.1, le=60)


class SourceKind(StrEnum):
    """The shapes of alerts that are understood."""

    SENTINEL = "sentinel"
    OKTA_EVENT_HOOK = "okta_event_hook"
    GENERIC = "generic"


class SharedSecret(Section):
    """Proof of origin by a secret in a header."""

    proof: Literal["shared_secret"] = "shared_secret"
    header: str = Field("Authorization", pattern=r"^[A-Za-z0-9-]{1,64}$")
    secret: SecretStr = Field(min_length=16)
    previous_secret: SecretStr | None = Field(
        None, description="still accepted while senders are moved to the new secret"
    )


class StandardWebhook(Section):
    """Proof of origin by HMAC-SHA256 over id, timestamp and raw body (Standard Webhooks)."""

    proof: Literal["standard_webhooks"] = "standard_webhooks"
    secret: SecretStr = Field(min_length=24, description="whsec_ and base64, or the raw secret")
    previous_secret: SecretStr | None = None
    tolerance_s: int = Field(300, ge=10, le=3600)


class Source(Section):
    """One detector that may post to /hooks/NAME."""

    kind: SourceKind
    origin: Annotated[SharedSecret | StandardWebhook, Field(discriminator="proof")]
    tenant: Name | None = Field(
        None, description="the tenant its people live in, if it is only one"
    )
    mapping: dict[str, str] = Field(
        default_factory=dict, description="kind generic: Alert field to JMESPath expression"
    )
    playbook: str = "cm0080"
    mode: Mode = Mode.AUTO


class Entra(Section):
    """A Microsoft Entra ID tenant and the application Rescind uses in it."""

    tenant_id: str = Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")
    client_id: str | None = None
    client_secret: SecretStr | None = None
    certificate_path: Path | None = None
    certificate_password: SecretStr | None = None
    access_token: SecretStr | None = Field(
        None, description="a ready-made bearer token, accepted only with a loopback base_url"
    )
    base_url: AnyHttpUrl = AnyHttpUrl("https://graph.microsoft.com/v1.0")
    cloud: Literal["global", "us_gov", "us_dod", "china"] = "global"


class Okta(Section):
    """An Okta organization and the credential Rescind uses in it."""

    org_url: Annotated[AnyHttpUrl, AfterValidator(_origin)]
    api_token: SecretStr | None = None
    client_id: str | None = None
    private_key: SecretStr | None = Field(None, description="PEM or JWK of the service app")
    key_id: str | None = None
    scopes: tuple[str, ...] = ("okta.users.read", "okta.users.manage")


class Tenant(Section):
    """One company: the systems its people have accounts in."""

    domains: tuple[str, ...] = Field(
        (), description="the mail and sign-in domains that belong to it"
    )
    entra: Entra | None = None
    okta: Okta | None = None


class ProtectedPerson(Section):
    """A person for whom nothing happens without a person's word, whatever the mode."""

    id: str = Field(min_length=1, description="Entra object id or Okta user id")
    reason: str = Field(min_length=1)


class Guardrails(Section):
    """What must not happen by itself."""

    protected: tuple[ProtectedPerson, ...] = ()
    people_per_hour: int = Field(
        20, ge=1, description="per tenant; every further run waits for a person"
    )
    fold_window_minutes: int = Field(60, ge=1, le=1440)


class Approvals(Section):
    """How people are asked."""

    deadline_minutes: int = Field(60, ge=1, le=10080)
    deny_reason_required: bool = True


class Chat(Section):
    """Where people are told. Keys are channel names, values apprise URLs."""

    urls: dict[Name, SecretStr] = Field(default_factory=dict)
    schemas: tuple[str, ...] = Field(
        (
            "slack",
            "workflows",
            "msteams",
            "mattermost",
            "mmost",
            "mmosts",
            "discord",
            "tgram",
            "gchat",
            "webex",
            "rocket",
            "rockets",
            "matrix",
            "matrixs",
            "ntfy",
            "ntfys",
            "mailto",
            "mailtos",
            "pagerduty",
            "opsgenie",
            "json",
            "jsons",
        ),
        description="apprise schemas that may be used at all",
    )
    timeout_s: float = Field(15.0, ge=1, le=60)
    attempts: int = Field(5, ge=1, le=20)


class Playbooks(Section):
    """Where playbooks come from and what they are given."""

    folder: Path | None = Field(
        None, description="a folder of your own playbooks, besides the shipped"
    )
    parameters: dict[str, dict[str, str | int | bool]] = Field(
        default_factory=dict,
        description="by playbook, the parameters that differ from its defaults",
    )


class Settings(Section):
    """The whole tree."""

    instance: str = Field(
        "rescind", pattern=r"^[A-Za-z0-9._/-]{1,100}$", description="names the audit log's origin"
    )
    database: Database = Database()
    broker: Broker = Broker()
    web: Web = Web()
    engine: Engine = Engine()
    retries: Retries = Retries()
    sources: dict[Name, Source] = Field(default_factory=dict)
    tenants: dict[Name, Tenant] = Field(default_factory=dict)
    guardrails: Guardrails = Guardrails()
    approvals: Approvals = Approvals()
    chat: Chat = Chat()
    playbooks: Playbooks = Playbooks()

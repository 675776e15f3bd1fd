"""What the operator has set: one typed tree.

Read from ``rescind.toml``, the environment (``RESCIND_`` and ``__`` between levels) and a folder of
secrets; see ``config/load.py`` for the order. Every secret is a ``SecretStr`` and may come from a
file of its own: any key ``x`` that holds a secret also takes ``x_file``.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from config.origins import Origin, SharedSecret
from config.polling import FACTS, PolledLog
from config.section import Name, Section, ServerUrl
from config.tenants import Tenant

#: Under this name Rescind keeps what it has found by itself; no detector can have it.
OWN_SOURCE = "rescind"


class MaskPassword:
    """Marks a secret that is a connection URL: shown without its password rather than not at all."""


ConnectionUrl = Annotated[SecretStr, MaskPassword()]


class Mode(StrEnum):
    """How far a run goes by itself."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTO = "auto"


class Database(Section):
    """Where alerts, runs and the audit log are kept."""

    url: ConnectionUrl = Field(
        SecretStr("sqlite:///rescind.db"),
        description="SQLAlchemy URL: sqlite:///path (a relative one starts at the settings file) or postgresql+psycopg://user@host/name",
    )


class Broker(Section):
    """What wakes the workers."""

    url: ConnectionUrl = Field(
        SecretStr("memory://"),
        description="memory:// inside `rescind serve`; redis://host/0 or amqp://user@host// between processes",
    )
    prefix: Name = Field(
        "rescind", description="names the queues, so that several installations can share a broker"
    )


class Web(Section):
    """The web server: hooks and console."""

    host: str = Field("127.0.0.1", description="the address to listen on; 0.0.0.0 for all")
    port: int = Field(8480, ge=0, le=65535, description="0 takes any free port")
    public_url: ServerUrl | None = Field(
        None, description="how people's browsers reach the console; it stands in chat messages"
    )
    body_limit_bytes: int = Field(
        1_048_576, ge=1024, le=16_777_216, description="a larger alert is refused with 413"
    )
    session_idle_minutes: int = Field(
        30, ge=1, le=1440, description="a console session ends after this long without a click"
    )
    session_hours: int = Field(12, ge=1, le=24, description="and after this long in any case")

    @property
    def console_url(self) -> str:
        """The address of the console without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        url = str(self.public_url) if self.public_url else f"http://{host}:{self.port}"
        return url.rstrip("/")


class Engine(Section):
    """How the workers work. Times in seconds."""

    concurrency: int = Field(32, ge=1, le=256, description="steps at a time in one process")
    lease_s: float = Field(
        30.0, ge=1, le=300, description="a step whose worker is silent this long is taken over"
    )
    step_deadline_s: float = Field(
        90.0, ge=1, le=900, description="the longest one attempt at a step may take"
    )
    upkeep_s: float = Field(1.0, ge=0.05, le=30, description="how often what is due is looked for")
    ring_again_s: float = Field(
        10.0, ge=0.5, le=300, description="a ready step nobody took is announced again"
    )
    step_attempts: int = Field(
        8, ge=1, le=50, description="attempts at a step before a person is asked"
    )
    verify_patience_s: float = Field(
        10.0, ge=0, le=120, description="how long a read-back waits for the vendor to replicate"
    )


class Retries(Section):
    """How the door tries a call again. Times in seconds."""

    attempts: int = Field(4, ge=1, le=10, description="calls sent at most, the first included")
    total_s: float = Field(20.0, ge=0, le=120, description="all attempts and pauses together")
    first_wait_s: float = Field(0.2, ge=0, le=10, description="the pause after the first failure")
    wait_cap_s: float = Field(5.0, ge=0, le=60, description="no own pause is longer")
    inline_wait_s: float = Field(
        5.0, ge=0, le=30, description="a longer pause waits in the database, not in a worker"
    )
    call_timeout_s: float = Field(15.0, ge=0.1, le=60, description="one call's deadline")


class SourceKind(StrEnum):
    """The shapes of alerts that something else than their adapter has to know by name."""

    SENTINEL = "sentinel"
    OKTA_EVENT_HOOK = "okta_event_hook"
    GENERIC = "generic"


class Source(Section):
    """One detector that may post to /hooks/NAME."""

    kind: Annotated[SourceKind | Name, Field(union_mode="left_to_right")] = Field(
        description="the shape of its alerts: sentinel, okta_event_hook, generic, or another kind "
        "that `rescind detectors list` names"
    )
    origin: Origin = Field(description="how it proves that it is the sender")
    tenant: Name | None = Field(
        None, description="the tenant its people live in, if it is only one"
    )
    mapping: dict[str, str] = Field(
        default_factory=dict, description="kind generic: Alert field to JMESPath expression"
    )
    playbook: str | None = Field(
        None, description="the playbook that answers all its alerts; without it, routing chooses"
    )
    mode: Mode = Field(
        Mode.AUTO, description="how far a run goes by itself at most, whatever routing says"
    )


class Poller(Section):
    """One log that is read at its vendor; what is found in it arrives as if a source had posted it."""

    log: PolledLog = Field(description="which log")
    tenant: Name = Field(description="the tenant whose log it is")
    every_s: int = Field(60, ge=10, le=3600, description="how often it is asked, in seconds")
    overlap_minutes: int = Field(
        60,
        ge=5,
        le=1440,
        description="how far back is read again for entries that come late, and at the first start",
    )
    filter: str = Field(
        "",
        max_length=2000,
        description="the vendor's own filter expression, instead of what may be acted upon",
    )
    playbook: str | None = Field(
        None, description="the playbook that answers all its alerts; without it, routing chooses"
    )
    mode: Mode = Field(
        Mode.AUTO, description="how far a run goes by itself at most, whatever routing says"
    )

    @property
    def source(self) -> Source:
        """The source its alerts are of. Nothing can be posted to it: its secret is told to nobody."""
        return Source(
            kind=FACTS[self.log].kind,
            origin=SharedSecret(secret=SecretStr(secrets.token_urlsafe(32))),
            tenant=self.tenant,
            playbook=self.playbook,
            mode=self.mode,
        )


class ProtectedPerson(Section):
    """A person for whom nothing happens without a person's word, whatever the mode."""

    id: str = Field(min_length=1, description="Entra object id, Okta or Auth0 user id, no name")
    reason: str = Field(min_length=1, description="shown to whoever has to decide")


#: How the ids of groups look, and what looks as if it was to be one: it would protect nobody as a name.
_GROUP_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|00g[A-Za-z0-9]{17}")
_LIKE_AN_ID = re.compile(r"[0-9a-fA-F{}-]{20,}|00g[A-Za-z0-9]*")


def _group(value: str) -> str:
    if _GROUP_ID.fullmatch(value) is None and (
        not value.strip() or value != value.strip() or _LIKE_AN_ID.fullmatch(value)
    ):
        raise ValueError("is neither a group's id nor a name")
    return value


Group = Annotated[str, AfterValidator(_group)]


class Guardrails(Section):
    """What must not happen by itself."""

    protected: tuple[ProtectedPerson, ...] = Field((), description="people left to people")
    protected_roles: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        description="whoever has one is left to people: an Entra role's template id, an Okta role's type,"
        " or a role's name",
    )
    protected_groups: tuple[Group, ...] = Field(
        (),
        description="whoever is in one is left to people: an Entra group's object id, an Okta group's id"
        " or name",
    )
    people_per_hour: int = Field(
        20, ge=1, description="per tenant; every further run waits for a person"
    )
    people_per_alert: int = Field(
        20,
        ge=1,
        description="an alert, or one delivery's alerts together, that names more people waits whole for a person",
    )
    runs_per_person_per_hour: int = Field(
        5,
        ge=1,
        description="alerts on one person; every further run waits for a person, and asks only once",
    )
    fold_window_minutes: int = Field(
        60,
        ge=1,
        le=1440,
        description="a run that ended contained answers what happened before it began, for this long;"
        " an open run is joined whatever the time",
    )
    ask_anew_after_minutes: int = Field(
        5,
        ge=1,
        le=1440,
        description="a newer theft replaces a run that has waited for people alone this long",
    )


class Approvals(Section):
    """How people are asked."""

    deadline_minutes: int = Field(
        60, ge=1, le=10080, description="after it the request expires and the step is not done"
    )
    deny_reason_required: bool = Field(True, description="whether a no needs its reason")


def _sealing_key(secret: SecretStr) -> SecretStr:
    try:
        key = base64.b64decode(secret.get_secret_value().strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None
    if len(key) != 32:
        raise ValueError("it is not 32 bytes: `openssl rand -base64 32` makes one")
    return secret


class Handover(Section):
    """How a secret that was made for a person waits for whoever gives it to her."""

    key: Annotated[SecretStr, AfterValidator(_sealing_key)] | None = Field(
        None,
        description="32 bytes in base64 (`openssl rand -base64 32`), the same in every process;"
        " without it a file beside a SQLite database holds one",
    )
    keep_minutes: int = Field(
        60, ge=5, le=1440, description="after it what nobody has looked at is erased"
    )


class Chat(Section):
    """Where people are told. Keys are channel names, values apprise URLs."""

    urls: dict[Name, SecretStr] = Field(
        default_factory=dict, description="by channel name, an apprise URL"
    )
    schemas: tuple[str, ...] = Field(
        (
            "slack",
            "workflows",
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
    timeout_s: float = Field(15.0, ge=1, le=60, description="one message's deadline, in seconds")
    attempts: int = Field(5, ge=1, le=20, description="before a message is given up")


class Playbooks(Section):
    """Where playbooks come from and what they are given."""

    folder: Path | None = Field(
        None, description="a folder of your own playbooks, besides the shipped"
    )
    parameters: dict[str, dict[str, str | int | bool]] = Field(
        default_factory=dict,
        description="by playbook, the parameters that differ from its defaults",
    )


class Routing(Section):
    """Which alert is answered by which playbook."""

    file: Path | None = Field(
        None, description="YAML with routing rules of your own, before the shipped ones"
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
    sources: dict[Name, Source] = Field(
        default_factory=dict, description="by name, the detectors that may post"
    )
    pollers: dict[Name, Poller] = Field(
        default_factory=dict, description="by name, the logs that are read at their vendors"
    )
    tenants: dict[Name, Tenant] = Field(
        default_factory=dict, description="by name, the companies looked after"
    )
    guardrails: Guardrails = Guardrails()
    approvals: Approvals = Approvals()
    handover: Handover = Handover()
    chat: Chat = Chat()
    playbooks: Playbooks = Playbooks()
    routing: Routing = Routing()

    @property
    def all_sources(self) -> dict[str, Source]:
        """Whatever alerts come from, by name: what may post, and what is polled."""
        return {name: poller.source for name, poller in self.pollers.items()} | self.sources

"""A mailbox as Exchange Online keeps it: what the directory and Graph do not show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def exchange_time(epoch: float | None) -> str | None:
    """Epoch seconds as the admin API writes them: UTC, without saying so."""
    if epoch is None:
        return None
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


@dataclass
class MailRule:
    """An inbox rule as Get-InboxRule shows it; only Exchange shows a hidden one."""

    id: str
    name: str
    enabled: bool = True
    hidden: bool = False
    properties: dict[str, Any] = field(default_factory=dict)

    def to_json(self, owner: str, priority: int) -> dict[str, Any]:
        """The cmdlet's output."""
        return {
            "Identity": f"{owner}\\{self.id}",
            "RuleIdentity": int(self.id),
            "Name": self.name,
            "Enabled": self.enabled,
            "Priority": priority,
            "Description": "",
            "ForwardTo": None,
            "RedirectTo": None,
            "DeleteMessage": False,
            **self.properties,
        }


@dataclass
class Permission:
    """Somebody's right to the mailbox (folder empty) or to one of its folders."""

    who: str
    rights: list[str]
    folder: str = ""


@dataclass
class MobileDevice:
    """A partnership of a phone or app with the mailbox."""

    id: str
    name: str
    first_sync: float | None

    def to_json(self, owner: str) -> dict[str, Any]:
        """The cmdlet's output."""
        return {
            "Identity": f"{owner}\\ExchangeActiveSyncDevices\\REST§Outlook§{self.id}",
            "Guid": self.id,
            "FriendlyName": self.name,
            "DeviceId": self.id,
            "DeviceType": "Outlook",
            "DeviceModel": "Outlook for iOS and Android",
            "ClientType": "Outlook",
            "FirstSyncTime": exchange_time(self.first_sync),
        }


@dataclass
class TransportRule:
    """A rule over everybody's mail."""

    id: str
    name: str
    changed: float
    state: str = "Enabled"
    properties: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The cmdlet's output."""
        return {
            "Guid": self.id,
            "Identity": self.name,
            "Name": self.name,
            "State": self.state,
            "Mode": "Enforce",
            "WhenChanged": exchange_time(self.changed),
            **self.properties,
        }


@dataclass
class Mailbox:
    """One person's mailbox; `id` is the owner's object id."""

    id: str
    forwarding_address: str | None = None
    forwarding_smtp: str | None = None
    deliver_too: bool = False
    rules: list[MailRule] = field(default_factory=list)
    full_access: list[Permission] = field(default_factory=list)
    send_as: list[Permission] = field(default_factory=list)
    send_on_behalf: list[str] = field(default_factory=list)
    folders: list[Permission] = field(default_factory=list)
    devices: list[MobileDevice] = field(default_factory=list)

    def rule(self, rule_id: str) -> MailRule | None:
        """The rule with this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


@dataclass
class Exchange:
    """The organization: mailboxes by their owner's id, contacts by name, and rules for all."""

    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)
    transport_rules: list[TransportRule] = field(default_factory=list)
    #: Whether the unified audit log is recorded.
    audit_recorded: bool = True
    #: Cmdlets that the application's role does not have.
    refused: set[str] = field(default_factory=set)

    def mailbox(self, owner_id: str) -> Mailbox:
        """The mailbox of a person, made when it is first asked for."""
        return self.mailboxes.setdefault(owner_id, _ordinary(owner_id))


def _ordinary(owner_id: str) -> Mailbox:
    """What every mailbox has: Exchange's own hidden rule, and what everybody may see of a calendar."""
    junk = MailRule("1000", "Junk E-mail Rule", hidden=True, properties={"MoveToFolder": "Junk"})
    return Mailbox(
        owner_id,
        rules=[junk],
        full_access=[Permission("NT AUTHORITY\\SELF", ["FullAccess", "ReadPermission"])],
        send_as=[Permission("NT AUTHORITY\\SELF", ["SendAs"])],
        folders=[
            Permission("Default", ["AvailabilityOnly"], "Calendar"),
            Permission("Anonymous", ["None"], "Calendar"),
        ],
    )

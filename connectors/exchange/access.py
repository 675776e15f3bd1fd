"""Who has access to a mailbox besides its owner, in one shape whatever kind of access it is.

Source: Exchange Online PowerShell, MailboxPermission, RecipientPermission, MailboxFolderPermission,
and Get-Mailbox's GrantSendOnBehalfTo. None of them has a date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.exchange.base import texts

Json = dict[str, Any]

_OWN = frozenset({"NT AUTHORITY\\SELF", "SELF"})
_EVERYBODY = frozenset({"Default", "Anonymous"})
#: What everybody may have on a calendar without anybody having given it to a thief.
_HARMLESS = frozenset({"None", "AvailabilityOnly", "LimitedDetails"})
_HASH = {"@odata.type": "#Exchange.GenericHashTable"}


@dataclass(frozen=True, slots=True)
class Access:
    """One right of one other. ``kind``: full_access, send_as, send_on_behalf, folder.

    ``place`` is the folder as a cmdlet names it, empty for the mailbox; ``flags`` are what Exchange
    keeps beside a calendar's right (Delegate, CanViewPrivateItems); ``also`` are other names of the
    same holder, for one list has sign-in names and another display names.
    """

    kind: str
    who: str
    rights: tuple[str, ...] = ()
    place: str = ""
    flags: tuple[str, ...] = ()
    also: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def everybody(self) -> bool:
        """Whether it is everybody's and not one person's."""
        return self.kind == "folder" and self.who in _EVERYBODY

    def is_of(self, trustees: frozenset[str]) -> bool:
        """Whether its holder is among ``trustees`` (in lower case)."""
        names = {self.who.casefold(), *(name.casefold() for name in self.also)}
        return not self.everybody and bool(names & trustees)

    def to_json(self) -> Json:
        """Plain JSON, and back by ``Access(**...)`` with tuples."""
        return {
            "kind": self.kind,
            "who": self.who,
            "rights": list(self.rights),
            "place": self.place,
            "flags": list(self.flags),
        }


def from_json(said: Mapping[str, Any]) -> Access:
    """Read what ``to_json`` wrote."""
    return Access(
        said["kind"], said["who"], tuple(said["rights"]), said["place"], tuple(said["flags"])
    )


def full_access(item: Json) -> Access | None:
    """A MailboxPermission; None for the owner's own, an inherited or a denying one."""
    who = str(item.get("User") or "")
    if not who or who in _OWN or item.get("IsInherited") is True or item.get("Deny") is True:
        return None
    return Access("full_access", who, texts(item.get("AccessRights")))


def send_as(item: Json) -> Access | None:
    """A RecipientPermission; None for the owner's own or a denying one."""
    who, denied = str(item.get("Trustee") or ""), item.get("AccessControlType") == "Deny"
    if not who or who in _OWN or item.get("IsInherited") is True or denied:
        return None
    return Access("send_as", who, texts(item.get("AccessRights")))


def on_folder(item: Json, place: str) -> Access | None:
    """A MailboxFolderPermission; None for what everybody may have."""
    who, rights = _shown(item.get("User")), texts(item.get("AccessRights"))
    if not who or (who in _EVERYBODY and set(rights) <= _HARMLESS):
        return None
    return Access("folder", who, rights, place, texts(item.get("SharingPermissionFlags")))


def _shown(user: object) -> str:
    """A folder permission's user: a text, or an object with a display name."""
    return str((user.get("DisplayName") if isinstance(user, dict) else user) or "")


def removal(access: Access, mailbox: str) -> tuple[str, Json]:
    """The cmdlet and parameters that take it away from ``mailbox`` (an object id)."""
    if access.kind == "full_access":
        rights = {"User": access.who, "AccessRights": list(access.rights)}
        return "Remove-MailboxPermission", {"Identity": mailbox, **rights, "Confirm": False}
    if access.kind == "send_as":
        rights = {"Trustee": access.who, "AccessRights": list(access.rights)}
        return "Remove-RecipientPermission", {"Identity": mailbox, **rights, "Confirm": False}
    if access.kind == "send_on_behalf":
        change = {"GrantSendOnBehalfTo": {**_HASH, "Remove": access.who}}
        return "Set-Mailbox", {"Identity": mailbox, **change}
    return "Remove-MailboxFolderPermission", {
        "Identity": access.place,
        "User": access.who,
        "Confirm": False,
    }


def giving(access: Access, mailbox: str) -> tuple[str, Json]:
    """The cmdlet and parameters that give it back."""
    if access.kind == "full_access":
        rights = {"User": access.who, "AccessRights": list(access.rights)}
        return "Add-MailboxPermission", {"Identity": mailbox, **rights, "Confirm": False}
    if access.kind == "send_as":
        rights = {"Trustee": access.who, "AccessRights": list(access.rights)}
        return "Add-RecipientPermission", {"Identity": mailbox, **rights, "Confirm": False}
    if access.kind == "send_on_behalf":
        change = {"GrantSendOnBehalfTo": {**_HASH, "Add": access.who}}
        return "Set-Mailbox", {"Identity": mailbox, **change}
    flags = {"SharingPermissionFlags": list(access.flags)} if access.flags else {}
    return "Add-MailboxFolderPermission", {
        "Identity": access.place,
        "User": access.who,
        "AccessRights": list(access.rights),
        **flags,
    }

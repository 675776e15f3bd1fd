"""Exchange's permissions: on the mailbox, to send as its owner, and on its folders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.answers import JsonObject
from simulator.exchange_io import live, not_found, seen
from simulator.exchange_state import Permission
from simulator.tenant import Tenant

Given = Mapping[str, Any]


def get_mailbox_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Get-MailboxPermission."""
    found = seen(tenant, given).full_access
    return [
        {"User": p.who, "AccessRights": p.rights, "IsInherited": False, "Deny": False}
        for p in found
    ]


def get_recipient_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Get-RecipientPermission."""
    found = seen(tenant, given).send_as
    return [
        {"Trustee": p.who, "AccessRights": p.rights, "AccessControlType": "Allow"} for p in found
    ]


def get_folder_statistics(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Get-MailboxFolderStatistics: a folder's own name is in the owner's language."""
    seen(tenant, given)
    scope = str(given.get("FolderScope"))
    names = {"Calendar": "Kalender", "Inbox": "Posteingang"}
    return [
        {"Name": names[scope], "FolderPath": f"/{names[scope]}", "FolderType": scope,
         "FolderId": f"LgAAAAC{scope}="},
        {"Name": "2024", "FolderPath": f"/{names[scope]}/2024", "FolderType": "User Created",
         "FolderId": "LgAAAACold="},
    ]  # fmt: skip


def _folder(given: Given) -> tuple[dict[str, Any], str]:
    box, _, place = str(given.get("Identity")).partition(":")
    folder = place.removeprefix("LgAAAAC").removesuffix("=")
    if folder not in ("Calendar", "Inbox"):
        raise not_found(given.get("Identity"))
    return {"Identity": box}, folder


def get_folder_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Get-MailboxFolderPermission."""
    box, folder = _folder(given)
    return [
        {"FolderName": folder, "User": p.who, "AccessRights": p.rights,
         "SharingPermissionFlags": None}
        for p in seen(tenant, box).folders
        if p.folder == folder
    ]  # fmt: skip


def _take(tenant: Tenant, box: Given, attribute: str, who: object, folder: str = "") -> None:
    mailbox = live(tenant, box)
    there: list[Permission] = getattr(mailbox, attribute)
    left = [p for p in there if (p.who, p.folder) != (who, folder)]
    if len(left) == len(there):
        raise not_found(who)
    with tenant.change(mailbox):
        setattr(mailbox, attribute, left)


def _give(tenant: Tenant, box: Given, attribute: str, one: Permission) -> None:
    mailbox = live(tenant, box)
    with tenant.change(mailbox):
        getattr(mailbox, attribute).append(one)


def remove_mailbox_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Remove-MailboxPermission."""
    _take(tenant, given, "full_access", given.get("User"))
    return []


def add_mailbox_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Add-MailboxPermission."""
    one = Permission(str(given.get("User")), list(given.get("AccessRights") or ()))
    _give(tenant, given, "full_access", one)
    return []


def remove_recipient_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Remove-RecipientPermission."""
    _take(tenant, given, "send_as", given.get("Trustee"))
    return []


def add_recipient_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Add-RecipientPermission."""
    one = Permission(str(given.get("Trustee")), list(given.get("AccessRights") or ()))
    _give(tenant, given, "send_as", one)
    return []


def remove_folder_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Remove-MailboxFolderPermission."""
    box, folder = _folder(given)
    _take(tenant, box, "folders", given.get("User"), folder)
    return []


def add_folder_permission(tenant: Tenant, given: Given) -> list[JsonObject]:
    """Add-MailboxFolderPermission."""
    box, folder = _folder(given)
    one = Permission(str(given.get("User")), list(given.get("AccessRights") or ()), folder)
    _give(tenant, box, "folders", one)
    return []


CMDLETS = {
    "Get-MailboxPermission": get_mailbox_permission,
    "Add-MailboxPermission": add_mailbox_permission,
    "Remove-MailboxPermission": remove_mailbox_permission,
    "Get-RecipientPermission": get_recipient_permission,
    "Add-RecipientPermission": add_recipient_permission,
    "Remove-RecipientPermission": remove_recipient_permission,
    "Get-MailboxFolderStatistics": get_folder_statistics,
    "Get-MailboxFolderPermission": get_folder_permission,
    "Add-MailboxFolderPermission": add_folder_permission,
    "Remove-MailboxFolderPermission": remove_folder_permission,
}

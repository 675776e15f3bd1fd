"""The PowerShell lines for what Graph does not show of one mailbox, safe whatever a name contains.

Each shows first and asks before it changes anything (``-Confirm``). Source: Exchange Online
PowerShell V3, the cmdlets named.
"""

from __future__ import annotations

from connectors.action import Exposure
from connectors.clock import instant, spell
from connectors.entra import ids, powershell

#: What stays open, by what nobody has looked at. The actions say the same.
FORWARDING_OPEN = "Forwarding set on the mailbox itself sends the person's mail on."
HIDDEN_OPEN = (
    "Inbox rules that Outlook and Graph do not show go on forwarding, hiding or deleting mail."
)
DELEGATES_OPEN = "Whoever has access to the mailbox, or may send in its name, keeps it."
DEVICES_OPEN = "A phone or app the thief has paired with the mailbox goes on syncing it."
TRANSPORT_OPEN = "Rules for everybody's mail, where one sends it outside, go on doing so."

_FORWARDS = "$_.ForwardTo -or $_.RedirectTo -or $_.ForwardAsAttachmentTo -or $_.DeleteMessage"
_SELF = "NT AUTHORITY\\SELF"


def mailbox(name: str, object_id: str) -> str:
    """The mailbox, quoted: by its user principal name, or by id where that cannot stand in a line.

    Raises:
        errors.Refused: neither can.
    """
    return powershell.quoted(name if powershell.printable(name) else ids.object_id(object_id))


def forwarding(box: str) -> str:
    """Show the forwarding set on a mailbox (``box`` is quoted), and take it away."""
    return (
        f"Get-Mailbox -Identity {box} | "
        "Format-List ForwardingAddress,ForwardingSmtpAddress,DeliverToMailboxAndForward\n"
        f"Set-Mailbox -Identity {box} -ForwardingAddress $null -ForwardingSmtpAddress $null "
        "-DeliverToMailboxAndForward $false -Confirm"
    )


def hidden_rules(box: str) -> str:
    """Show all rules of a mailbox, hidden ones too, and disable those that forward or delete."""
    return (
        f"Get-InboxRule -Mailbox {box} -IncludeHidden | "
        "Format-List Name,Enabled,Description,RuleIdentity\n"
        f"Get-InboxRule -Mailbox {box} -IncludeHidden | Where-Object {{ {_FORWARDS} }} | "
        "Disable-InboxRule -Confirm"
    )


def delegates(box: str) -> str:
    """Show who has access to a mailbox and may send in its name, and take it away one by one."""
    own = powershell.quoted(_SELF)
    return (
        f"Get-MailboxPermission -Identity {box} | "
        f"Where-Object {{ -not $_.IsInherited -and $_.User -ne {own} }} | ForEach-Object {{ "
        f"Remove-MailboxPermission -Identity {box} -User $_.User -AccessRights $_.AccessRights "
        "-Confirm }\n"
        f"Get-RecipientPermission -Identity {box} | Where-Object {{ $_.Trustee -ne {own} }} | "
        f"ForEach-Object {{ Remove-RecipientPermission -Identity {box} -Trustee $_.Trustee "
        "-AccessRights SendAs -Confirm }\n"
        f"Get-Mailbox -Identity {box} | Select-Object -ExpandProperty GrantSendOnBehalfTo | "
        f"ForEach-Object {{ Set-Mailbox -Identity {box} -GrantSendOnBehalfTo @{{Remove=$_}} "
        "-Confirm }\n"
        f"'Calendar','Inbox' | ForEach-Object {{ Get-MailboxFolderStatistics -Identity {box} "
        "-FolderScope $_ } | Where-Object FolderType -in 'Calendar','Inbox' | ForEach-Object { "
        f"$folder = {box} + ':' + $_.FolderId; Get-MailboxFolderPermission -Identity $folder | "
        "Where-Object { [string]$_.User -notin 'Default','Anonymous' } | ForEach-Object { "
        "Remove-MailboxFolderPermission -Identity $folder -User $_.User -Confirm } }"
    )


def mobile_devices(box: str, since: str | None) -> str:
    """Show the phones of a mailbox, and remove those paired since ``since`` (RFC 3339) one by one."""
    return (
        f"Get-MobileDevice -Mailbox {box} | "
        "Format-List FriendlyName,DeviceModel,DeviceUserAgent,DeviceId,FirstSyncTime\n"
        f"Get-MobileDevice -Mailbox {box}{_later('FirstSyncTime', since)} | "
        "Remove-MobileDevice -Confirm"
    )


def transport_rules(since: str | None) -> str:
    """Show the rules for everybody's mail that were changed since ``since`` (RFC 3339)."""
    return (
        f"Get-TransportRule{_later('WhenChanged', since)} | Format-List Name,State,WhenChanged,"
        "RedirectMessageTo,BlindCopyTo,CopyTo,AddToRecipients,RouteMessageOutboundConnector"
    )


def unseen(name: str, object_id: str, since: str | None) -> tuple[Exposure, ...]:
    """What nobody has looked at because Graph does not show it, each with the line that does."""
    box = mailbox(name, object_id)
    return tuple(
        Exposure("exchange", what.rstrip("."), "unknown", f"Graph does not show it: {line}")
        for what, line in (
            (FORWARDING_OPEN, forwarding(box)),
            (HIDDEN_OPEN, hidden_rules(box)),
            (DELEGATES_OPEN, delegates(box)),
            (DEVICES_OPEN, mobile_devices(box, since)),
            (TRANSPORT_OPEN, transport_rules(since)),
        )
    )


def _later(name: str, since: str | None) -> str:
    moment = instant(since)
    if moment is None:
        return ""
    at = powershell.quoted(spell(moment, "seconds"))
    return f" | Where-Object {{ $_.{name} -ge ([datetime]{at}).ToUniversalTime() }}"

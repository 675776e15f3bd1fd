"""Exchange's mailboxes, recipients and domains: read, and forwarding set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.answers import JsonObject
from simulator.exchange_io import ExchangeError, live, not_found, owner_of, seen
from simulator.tenant import Tenant

_HASH = "#Exchange.GenericHashTable"


def get_mailbox(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Get-Mailbox: one by its name, or the first -ResultSize of them."""
    if "Identity" not in parameters:
        owners = [user for user in tenant.entra_users() if user.has_mailbox]
        first = owners[: int(parameters.get("ResultSize", 1000))]
        return [item for user in first for item in get_mailbox(tenant, {"Identity": user.id})]
    owner, box = owner_of(tenant, parameters["Identity"]), seen(tenant, parameters)
    return [
        {
            "ExternalDirectoryObjectId": owner.id,
            "UserPrincipalName": owner.upn,
            "PrimarySmtpAddress": owner.mail,
            "DisplayName": owner.display_name,
            "ForwardingAddress": box.forwarding_address,
            "ForwardingSmtpAddress": box.forwarding_smtp,
            "DeliverToMailboxAndForward": box.deliver_too,
            "GrantSendOnBehalfTo": list(box.send_on_behalf),
        }
    ]


def set_mailbox(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Set-Mailbox."""
    box = live(tenant, parameters)
    change = parameters.get("GrantSendOnBehalfTo")
    if change is not None and (not isinstance(change, dict) or change.get("@odata.type") != _HASH):
        kind = "System.Management.Automation.ParameterBindingException"
        raise ExchangeError(400, "BadRequest", kind, "GrantSendOnBehalfTo takes a hash table.")
    with tenant.change(box):
        if "ForwardingAddress" in parameters:
            box.forwarding_address = parameters["ForwardingAddress"]
        if "ForwardingSmtpAddress" in parameters:
            box.forwarding_smtp = parameters["ForwardingSmtpAddress"]
        if "DeliverToMailboxAndForward" in parameters:
            box.deliver_too = bool(parameters["DeliverToMailboxAndForward"])
        if change and "Remove" in change:
            box.send_on_behalf = [who for who in box.send_on_behalf if who != change["Remove"]]
        if change and "Add" in change:
            box.send_on_behalf.append(str(change["Add"]))
    return []


def get_recipient(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Get-Recipient: a person, or a contact with an address outside."""
    name = str(parameters.get("Identity"))
    outside = tenant.exchange.contacts.get(name)
    if outside is not None:
        return [
            {
                "Identity": name,
                "RecipientTypeDetails": "MailContact",
                "PrimarySmtpAddress": f"{name}@contoso.com",
                "ExternalEmailAddress": f"SMTP:{outside}",
            }
        ]
    user = next((u for u in tenant.entra_users() if name in (u.id, u.upn, u.display_name)), None)
    if user is None:
        raise not_found(name)
    return [
        {
            "Identity": name,
            "RecipientTypeDetails": "UserMailbox",
            "PrimarySmtpAddress": user.mail,
            "WindowsLiveID": user.upn,
            "ExternalDirectoryObjectId": user.id,
            "ExternalEmailAddress": None,
        }
    ]


def get_accepted_domain(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:  # noqa: ARG001 - as all cmdlets
    """Get-AcceptedDomain."""
    return [{"DomainName": "contoso.com", "DomainType": "Authoritative", "Default": True}]


def get_admin_audit_log_config(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:  # noqa: ARG001 - as all cmdlets
    """Get-AdminAuditLogConfig: whether what people do in Office 365 is recorded."""
    return [
        {
            "Identity": "Admin Audit Log Settings",
            "AdminAuditLogEnabled": True,
            "UnifiedAuditLogIngestionEnabled": tenant.exchange.audit_recorded,
        }
    ]


CMDLETS = {
    "Get-AdminAuditLogConfig": get_admin_audit_log_config,
    "Get-Mailbox": get_mailbox,
    "Set-Mailbox": set_mailbox,
    "Get-Recipient": get_recipient,
    "Get-AcceptedDomain": get_accepted_domain,
}

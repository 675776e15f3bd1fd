"""Whether a tenant records what is done in Office 365: the unified audit log, which Exchange switches.

Sources: Get-AdminAuditLogConfig (in Exchange Online it tells the truth, in Security & Compliance PowerShell
always False), Microsoft Purview, audit log retention policies and availability of audit records.
"""

from __future__ import annotations

from connectors import errors
from connectors.exchange.client import Command, ExchangeClient
from connectors.log_delivery import Log, unread

NAME = "exchange.unified_audit"
_KEEPS, _LATE = "180 days, a year with Audit (Premium)", "60 to 90 minutes, up to a day"
_LOOK = (
    "Look in Exchange Online PowerShell with `Get-AdminAuditLogConfig | Format-List"
    " UnifiedAuditLogIngestionEnabled`"
)
_SWITCH_ON = "Run `Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true` in Exchange Online PowerShell."


async def of_tenant(client: ExchangeClient) -> tuple[Log, ...]:
    """Read the switch; never raises for an Exchange that refuses."""
    command = Command("Get-AdminAuditLogConfig", {}, needs="the Exchange role View-Only Audit Logs")
    try:
        listing = await client.read(command)
    except errors.ConnectorError as error:
        return (unread(NAME, error, _KEEPS, _LATE),)
    said = [item.get("UnifiedAuditLogIngestionEnabled") for item in listing.items]
    if True in said:
        return (Log(NAME, "delivered", "recording is on", _KEEPS, _LATE),)
    if False in said:
        return (Log(NAME, "missing", "recording is off", late=_LATE, remedy=_SWITCH_ON),)
    return (Log(NAME, "unknown", "Exchange does not tell", _KEEPS, _LATE, f"{_LOOK}."),)


def unasked() -> tuple[Log, ...]:
    """The log of a tenant whose Exchange is not asked."""
    remedy = f"{_LOOK}, or let Exchange be asked (tenants.NAME.exchange)."
    return (Log(NAME, "unknown", "Graph does not tell of it", _KEEPS, _LATE, remedy),)

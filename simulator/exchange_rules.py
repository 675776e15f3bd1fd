"""Exchange's inbox rules, hidden ones too, and the rules over everybody's mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.answers import JsonObject
from simulator.exchange_io import live, not_found, owner_of, seen
from simulator.tenant import Tenant


def get_inbox_rule(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Get-InboxRule: hidden rules only with -IncludeHidden."""
    owner, box = owner_of(tenant, parameters.get("Mailbox")), seen(tenant, parameters, "Mailbox")
    wanted = [r for r in box.rules if not r.hidden or parameters.get("IncludeHidden") is True]
    return [rule.to_json(owner.upn, place) for place, rule in enumerate(wanted, 1)]


def _set(tenant: Tenant, parameters: Mapping[str, Any], *, enabled: bool) -> list[JsonObject]:
    box = live(tenant, parameters, "Mailbox")
    rule = box.rule(str(parameters.get("Identity")))
    if rule is None:
        raise not_found(parameters.get("Identity"))
    if rule.enabled is not enabled:
        with tenant.change(box):
            rule.enabled = enabled
    return []


def disable_inbox_rule(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Disable-InboxRule."""
    return _set(tenant, parameters, enabled=False)


def enable_inbox_rule(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:
    """Enable-InboxRule."""
    return _set(tenant, parameters, enabled=True)


def get_transport_rule(tenant: Tenant, parameters: Mapping[str, Any]) -> list[JsonObject]:  # noqa: ARG001 - as all cmdlets
    """Get-TransportRule."""
    return [rule.to_json() for rule in tenant.exchange.transport_rules]


CMDLETS = {
    "Get-InboxRule": get_inbox_rule,
    "Disable-InboxRule": disable_inbox_rule,
    "Enable-InboxRule": enable_inbox_rule,
    "Get-TransportRule": get_transport_rule,
}

"""What a routing rule may speak of: the alert, its source, the tenant, and the person who was found.

Ids of sessions and tokens are not among it: whoever has one has the session. What is not known is
absent, so that a rule over it cannot be judged rather than be judged wrongly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from config.settings import Source
from config.tenants import Tenant
from connectors.standing import EVERYTHING, UNKNOWN
from connectors.system import Account
from detectors.alert import Alert

Facts = dict[str, Any]

_HIDDEN = {
    "session_ids",
    "token_ids",
    "raw_sha256",
    "actionable",
    "nameless",
    "to_do",
    "request_ids",
    "correlation_ids",
}
#: The fields of each name; those of ``alert.details`` are the detector's own, ``alert.words`` is what
#: title and rule say, in lower case: to look into it costs a hundredth of a regular expression.
FIELDS: Mapping[str, frozenset[str]] = {
    "alert": frozenset({*Alert.model_fields, "words"}) - _HIDDEN,
    "source": frozenset({"name", "kind"}),
    "tenant": frozenset({"name", "domains"}),
    "person": frozenset(
        {"ids", "systems", "guest", "administrator", "roles", "groups", "last_administrator"}
    ),
}
#: What is known only once the person's accounts were found.
LATER = ("tenant", "person")


def of_alert(alert: Mapping[str, Any], name: str, source: Source) -> Facts:
    """Return what is known as soon as an alert is understood.

    Args:
        alert: its fields, as ``Alert.model_dump(mode="json")`` has them.
        name: its source's, as in the settings.
        source: the settings of its source.
    """
    told = {
        key: "" if value is None else value
        for key, value in alert.items()
        if key in FIELDS["alert"]
    }
    told["confidence"] = told["confidence"].lower()
    told["words"] = f"{told['title']} {told['rule']}".lower().strip()
    return {
        "alert": told,
        "source": {"name": name, "kind": str(source.kind)},
    }


def of_person(name: str, tenant: Tenant, accounts: Sequence[Account], unreached: bool) -> Facts:
    """Return what is known once a person's accounts were found.

    Args:
        name: the tenant's.
        tenant: its settings.
        accounts: the person's accounts, with her standing among their facts.
        unreached: whether a system could not be asked, or did not say which account is hers.

    Returns:
        ``ids``: the immutable ids; ``systems``; ``guest``; ``administrator`` (true as soon as one system
        says so), ``roles`` (ids and names), ``groups`` (Entra object ids), ``last_administrator``. What
        a system did not tell is absent.
    """
    roles = [role for account in accounts for role in account.facts.get("roles", ())]
    silent = unreached or any(_untold(account, "roles") for account in accounts)
    entra = next((account for account in accounts if account.system == "entra"), None)
    person: Facts = {
        "ids": [account.id for account in accounts],
        "systems": [account.system for account in accounts],
    }
    if roles or not silent:
        person["administrator"] = bool(roles)
    if not silent:
        person["roles"] = list(
            dict.fromkeys(str(role[key]) for role in roles for key in ("id", "name") if role[key])
        )
    if entra is not None or not unreached:
        facts = entra.facts if entra is not None else {"guest": False}
        if "guest" in facts:
            person["guest"] = facts["guest"] is True
        for key, none in (("groups", ()), ("last_administrator", False)):
            if entra is None or key in facts:
                told: Any = facts.get(key, none)
                person[key] = list(told) if key == "groups" else told is True
    return of_tenant(name, tenant) | {"person": person}


def of_tenant(name: str, tenant: Tenant) -> Facts:
    """Return what is known of the tenant the person lives in."""
    return {"tenant": {"name": name, "domains": list(tenant.domains)}}


def _untold(account: Account, fact: str) -> bool:
    return bool({fact, EVERYTHING}.intersection(account.facts.get(UNKNOWN, ())))


def assumed(*, administrator: bool) -> Facts:
    """Return a person who is taken to be an administrator, or to have no role at all."""
    person: Facts = {"administrator": administrator}
    if not administrator:
        person |= {"roles": [], "groups": [], "last_administrator": False}
    return {"person": person}


#: An alert on which every field has a value of its kind: what no rule can compare shows on it.
SAMPLE: Facts = {
    "alert": Alert(
        source="siem",
        kind="incident",
        event_id="1",
        title="Anomalous token",
        rule="Anomalous token",
        severity="high",
        confidence="high",
    ).model_dump(mode="json", exclude=_HIDDEN)
    | {
        "words": "anomalous token anomalous token",
        "occurred_at": "2026-01-01T00:00:00Z",
        "last_seen_at": "2026-01-01T00:00:00Z",
        "tenant_hint": "contoso.com",
        "ips": ["192.0.2.1"],
        "user_agents": ["curl/8.0"],
        "app_ids": ["00000000-0000-0000-0000-000000000001"],
        "attack": ["T1528"],
        "persons": [
            {
                "role": "victim",
                "ids": [{"kind": "email", "value": "nora.lind@contoso.com"}],
                "display_name": "Nora Lind",
            }
        ],
        "networks": [{"ip": "192.0.2.1", "asn": 64496, "place": "Oslo"}],
        "devices": [{"id": "1", "name": "laptop"}],
        "apps": [{"id": "1", "name": "mail"}],
    },
    "source": {"name": "siem", "kind": "sentinel"},
    "tenant": {"name": "contoso", "domains": ["contoso.com"]},
    "person": {
        "ids": ["00000000-0000-0000-0000-000000000002"],
        "systems": ["entra"],
        "guest": False,
        "administrator": True,
        "roles": ["SUPER_ADMIN"],
        "groups": ["00000000-0000-0000-0000-000000000003"],
        "last_administrator": False,
    },
}

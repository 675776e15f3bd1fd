"""The lifetimes that token lifetime policies once set, what they mean today, and the older defaults.

Source: entra-docs, "Configurable token lifetimes" (refresh and session settings are not honoured since
2021-01-30); Microsoft, "Changes to the token lifetime defaults in Azure AD" (2017), for the policy that
gives the defaults of before; Graph v1.0, conditionalAccessPolicy, for what carries them today.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from connectors.entra import lifetime_policy

Json = dict[str, Any]

RETIRED = "2021-01-30"

#: What each setting meant, and what holds instead of it today.
_SETTINGS: Mapping[str, tuple[str, str]] = {
    "MaxInactiveTime": (
        "a refresh token that was not used for so long was refused",
        "90 days unused, always (24 hours in all for a single-page app)",
    ),
    "MaxAgeSingleFactor": (
        "so long after a sign-in with one factor its refresh token could be renewed",
        "until revoked; a sign-in frequency limits it",
    ),
    "MaxAgeMultiFactor": (
        "so long after a sign-in with several factors its refresh token could be renewed",
        "until revoked; a sign-in frequency limits it",
    ),
    "MaxAgeSessionSingleFactor": (
        "so long after a sign-in with one factor its session cookie was taken",
        "until revoked; a sign-in frequency limits it",
    ),
    "MaxAgeSessionMultiFactor": (
        "so long after a sign-in with several factors its session cookie was taken",
        "until revoked; a sign-in frequency limits it",
    ),
}
_OLDER = {
    "Version": 1,
    "MaxInactiveTime": "14.00:00:00",
    "MaxAgeSingleFactor": "90.00:00:00",
    "MaxAgeMultiFactor": "90.00:00:00",
    "MaxAgeSessionSingleFactor": "until-revoked",
    "MaxAgeSessionMultiFactor": "until-revoked",
}


def found(policy: Mapping[str, Any], whose: str) -> list[Json]:
    """The settings of a policy that have no effect any more; ``whose`` says what it is assigned to."""
    told = []
    for name, value in lifetime_policy.settings(policy).items():
        if name in _SETTINGS:
            meant, today = _SETTINGS[name]
            told.append(
                {
                    "policy": str(policy.get("displayName")),
                    "id": str(policy.get("id")),
                    "of": whose,
                    "setting": name,
                    "value": str(value),
                    "meant": meant,
                    "today": f"no effect since {RETIRED}: {today}",
                }
            )
    return told


def older_defaults() -> Json:
    """How to write the defaults of before 2017 back, and what carries them today.

    ``policy`` is the body for ``POST /policies/tokenLifetimePolicies``, ``conditional_access`` the one
    for ``POST /identity/conditionalAccess/policies``.
    """
    definition = json.dumps({"TokenLifetimePolicy": _OLDER}, separators=(",", ":"))
    frequency = {
        "isEnabled": True,
        "type": "days",
        "value": 90,
        "frequencyInterval": "timeBased",
        "authenticationType": "primaryAndSecondaryAuthentication",
    }
    return {
        "policy": {
            "displayName": "OrganizationDefaultPolicyScenario",
            "definition": [definition],
            "isOrganizationDefault": True,
        },
        "effect": f"Graph may take it, and it has no effect: such settings are retired since {RETIRED}. "
        "As the organization's default it may even keep the apps' own access token lifetimes from "
        "counting.",
        "conditional_access": {
            "displayName": "Sign in again after 90 days",
            "state": "enabledForReportingButNotEnforced",
            "conditions": {
                "users": {"includeUsers": ["All"], "excludeUsers": []},
                "applications": {"includeApplications": ["All"]},
                "clientAppTypes": ["all"],
            },
            "sessionControls": {"signInFrequency": frequency},
        },
        "differs": "A sign-in frequency of 90 days stands for the two MaxAge settings, and ends sessions "
        "in the browser, too. The 14 days without use have nothing that stands for them. Exclude your "
        "break-glass accounts, watch the report, then set state to enabled.",
    }

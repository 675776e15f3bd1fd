"""What a Conditional Access policy does to the members of a group it names."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.action import Target
from connectors.entra import blocking
from connectors.entra.blocking import NOT, PARTLY, WHOLLY

GROUP = "3f0c1a52-7c4b-4f1f-9d54-0f6ad2d9c011"
OTHER = "5a1c2b3d-0000-4000-8000-00000000c0de"
ROLE = "62e90394-69f5-4237-9190-012177145e10"
PERSON = Target("contoso", "entra", "11111111-2222-4333-8444-555555555555", "nora.lind@contoso.com")
EVERY = ["browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"]


def policy(**changes: Any) -> dict[str, Any]:
    """A policy that blocks the group wholly, but for ``changes``; ``users`` and ``apps`` are merged."""
    users = {"includeGroups": [GROUP], "excludeGroups": [], "excludeUsers": []}
    apps = {"includeApplications": ["All"], "excludeApplications": []}
    conditions = {
        "clientAppTypes": ["all"],
        "signInRiskLevels": [],
        "platforms": None,
        "locations": None,
        "devices": {"deviceFilter": None},
        "users": {**users, **changes.pop("users", {})},
        "applications": {**apps, **changes.pop("apps", {})},
        **changes.pop("conditions", {}),
    }
    shown = {
        "id": "p1",
        "displayName": "Quarantine",
        "state": "enabled",
        "conditions": conditions,
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
    return {**shown, **changes}


@pytest.mark.parametrize(
    ("shown", "extent"),
    [
        (policy(), WHOLLY),
        (policy(conditions={"clientAppTypes": EVERY}), WHOLLY),
        (policy(conditions={"platforms": {"includePlatforms": ["all"], "excludePlatforms": []}}), WHOLLY),
        (policy(conditions={"locations": {"includeLocations": ["All"]}}), WHOLLY),
        (policy(users={"excludeUsers": [OTHER], "excludeGroups": [OTHER], "excludeRoles": [ROLE]}), WHOLLY),
        (policy(state="disabled"), NOT),
        (policy(state="enabledForReportingButNotEnforced"), NOT),
        (policy(state=None), NOT),
        (policy(grantControls={"operator": "OR", "builtInControls": ["mfa"]}), NOT),
        (policy(grantControls=None), NOT),
        (policy(users={"excludeUsers": [PERSON.id.upper()]}), NOT),
        (policy(users={"excludeGroups": [GROUP]}), NOT),
        (policy(users={"excludeUsers": ["GuestsOrExternalUsers"]}), NOT),
        (policy(users={"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"}}), NOT),
        (policy(apps={"includeApplications": ["Office365"]}), PARTLY),
        (policy(apps={"excludeApplications": [OTHER]}), PARTLY),
        (policy(apps={"applicationFilter": {"mode": "exclude", "rule": "x"}}), PARTLY),
        (policy(apps={"includeApplications": [], "includeUserActions": ["urn:user:registerdevice"]}), PARTLY),
        (policy(conditions={"clientAppTypes": ["exchangeActiveSync", "other"]}), PARTLY),
        (policy(conditions={"clientAppTypes": []}), PARTLY),
        (policy(conditions={"signInRiskLevels": ["high"]}), PARTLY),
        (policy(conditions={"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}}), PARTLY),
        (policy(conditions={"locations": {"includeLocations": ["AllTrusted"]}}), PARTLY),
        (policy(conditions={"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}),
         PARTLY),
        (policy(conditions={"devices": {"deviceFilter": {"mode": "include", "rule": "x"}}}), PARTLY),
        (policy(conditions={"somethingNew": {"level": 3}}), PARTLY),
        ({"id": "p1"}, NOT),
    ],
)  # fmt: skip
def test_how_far_a_policy_blocks(shown: dict[str, Any], extent: str) -> None:
    said = blocking.judged(shown, GROUP, PERSON)
    assert said["blocks"] == extent
    assert bool(said["why"]) == (extent != WHOLLY)


@pytest.mark.parametrize(
    ("held", "extent"),
    [
        ([{"@odata.type": "#microsoft.graph.group", "id": GROUP}], WHOLLY),
        ([{"@odata.type": "#microsoft.graph.group", "id": OTHER}], NOT),
        ([{"@odata.type": "#microsoft.graph.directoryRole", "id": "r", "roleTemplateId": ROLE}], NOT),
        ([{"@odata.type": "#microsoft.graph.directoryRole", "id": "r", "roleTemplateId": None}], NOT),
        ([{"@odata.type": "#microsoft.graph.directoryRole", "id": "r", "roleTemplateId": OTHER}], WHOLLY),
    ],
)  # fmt: skip
def test_what_she_belongs_to_may_leave_her_out(held: list[dict[str, Any]], extent: str) -> None:
    shown = policy(users={"excludeGroups": [OTHER], "excludeRoles": [ROLE]})
    assert blocking.judged(shown, GROUP, PERSON, held)["blocks"] == extent


def test_somebody_known_to_be_no_guest_is_not_left_out_as_one() -> None:
    person = Target("contoso", "entra", PERSON.id, PERSON.name, facts={"guest": False})
    shown = policy(users={"excludeUsers": ["GuestsOrExternalUsers"]})
    assert blocking.judged(shown, GROUP, person)["blocks"] == WHOLLY


def test_one_policy_that_blocks_wholly_is_enough() -> None:
    both = [policy(apps={"excludeApplications": [OTHER]}), policy()]
    found = blocking.Blocking(GROUP, tuple(blocking.judged(p, GROUP, PERSON) for p in both))
    assert found.extent == WHOLLY


def test_only_a_policy_that_would_block_wholly_is_to_be_switched_on() -> None:
    off = policy(state="disabled", apps={"excludeApplications": [OTHER]})
    found = blocking.Blocking(GROUP, (blocking.judged(off, GROUP, PERSON),))
    assert "-Method POST" in found.instructions()
    assert "PATCH" not in found.instructions()

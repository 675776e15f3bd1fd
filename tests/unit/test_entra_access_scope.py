"""For whom and for which app a Conditional Access policy is meant; what is not known is not guessed."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.entra.access_scope import App, Subject, scope

ME, GROUP, ROLE, APP = (f"00000000-0000-4000-8000-00000000000{n}" for n in range(4))
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"
SUBJECT = Subject(ME, False, frozenset({GROUP}), frozenset({ROLE}))
UNREAD = Subject(ME, False, None, None)
GUEST = Subject(ME, True, frozenset(), frozenset())
EVERYBODY = {"includeUsers": ["All"]}
ALL_APPS = {"includeApplications": ["All"]}


def meant(
    users: dict[str, Any] = EVERYBODY,
    apps: dict[str, Any] = ALL_APPS,
    subject: Subject = SUBJECT,
    app: App | None = App(APP, False),  # noqa: B008 - frozen
    **conditions: Any,
) -> tuple[bool | None, tuple[str, ...]]:
    policy = {"conditions": {"users": users, "applications": apps, **conditions}}
    found = scope(policy, subject, app)
    assert bool(found.why) is (found.applies is None)
    return found.applies, found.conditions


@pytest.mark.parametrize(
    ("users", "subject", "applies"),
    [
        ({"includeUsers": ["None"]}, SUBJECT, False),
        ({"includeUsers": [ME.upper()]}, SUBJECT, True),
        ({"includeGroups": [GROUP]}, SUBJECT, True),
        ({"includeGroups": [ROLE]}, SUBJECT, False),
        ({"includeGroups": [GROUP]}, UNREAD, None),
        ({"includeRoles": [ROLE]}, SUBJECT, True),
        ({"includeRoles": [ROLE]}, UNREAD, None),
        ({"includeUsers": ["All"], "excludeUsers": [ME]}, UNREAD, False),
        ({"includeUsers": ["All"], "excludeGroups": [GROUP]}, SUBJECT, False),
        ({"includeUsers": ["All"], "excludeGroups": [GROUP]}, UNREAD, None),
        # whatever the groups are: she is not included, or is excluded by name
        ({"includeUsers": ["None"], "excludeGroups": [GROUP]}, UNREAD, False),
        ({"includeGroups": [GROUP], "excludeUsers": [ME]}, UNREAD, False),
        ({"includeUsers": ["GuestsOrExternalUsers"]}, SUBJECT, False),
        ({"includeUsers": ["GuestsOrExternalUsers"]}, GUEST, True),
        ({"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"}},
         GUEST, None),
        ({"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"}},
         SUBJECT, False),
    ],
)  # fmt: skip
def test_users(users: dict[str, Any], subject: Subject, applies: bool | None) -> None:
    assert meant(users, subject=subject)[0] is applies


@pytest.mark.parametrize(
    ("apps", "app", "applies"),
    [
        ({"includeApplications": ["None"]}, App(APP, False), False),
        ({"includeApplications": [APP]}, App(APP, None), True),
        ({"includeApplications": ["Office365"]}, App(APP, False), False),
        ({"includeApplications": ["Office365"]}, App(APP, True), None),
        ({"includeApplications": ["Office365"]}, App(SHAREPOINT, True), True),
        ({"includeApplications": ["MicrosoftAdminPortals"]}, App(APP, None), None),
        ({"includeApplications": ["All"], "excludeApplications": [APP]}, App(APP, False), False),
        ({"includeApplications": ["All"], "excludeApplications": ["Office365"]},
         App(APP, None), None),
        ({"includeApplications": [], "applicationFilter": {"mode": "include", "rule": "x"}},
         App(APP, False), None),
        ({"includeApplications": ["All"], "applicationFilter": {"mode": "exclude", "rule": "x"}},
         App(APP, False), None),
        ({"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]},
         App(APP, False), False),
        ({"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]},
         None, False),
    ],
)  # fmt: skip
def test_apps(apps: dict[str, Any], app: App | None, applies: bool | None) -> None:
    assert meant(apps=apps, app=app)[0] is applies


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"clientAppTypes": ["all"]}, ()),
        ({"clientAppTypes": ["browser"]}, ("kinds of client",)),
        ({"platforms": {"includePlatforms": ["all"], "excludePlatforms": []}}, ()),
        ({"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}}, ("platforms",)),
        ({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
         ("locations",)),
        ({"devices": {"deviceFilter": {"mode": "exclude", "rule": "x"}}}, ("devices",)),
        ({"signInRiskLevels": [], "userRiskLevels": ["high"]}, ("risk of the user",)),
        ({"somethingNew": ["x"]}, ("somethingNew",)),
        ({"clientApplications": None}, ()),
    ],
)  # fmt: skip
def test_what_limits_a_policy_further_is_named(
    conditions: dict[str, Any], said: tuple[str, ...]
) -> None:
    assert meant(**conditions) == (True, said)


def test_a_policy_for_workloads_is_for_no_person() -> None:
    workloads = {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}
    assert meant(clientApplications=workloads)[0] is False


def test_a_context_an_app_asks_for_is_a_condition() -> None:
    apps = {"includeAuthenticationContextClassReferences": ["c1"]}
    assert meant(apps=apps) == (True, ("an authentication context the app asks for",))

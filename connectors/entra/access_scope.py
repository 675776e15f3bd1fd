"""Whether a Conditional Access policy is meant for a user and an app, and under which conditions.

Source: Microsoft Graph v1.0, conditionalAccessConditionSet. Exclusion wins over inclusion. What cannot
be told (memberships that were not read, filters on attributes) is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Truth = bool | None

#: Apps that "Office365" means for certain; Microsoft publishes no complete list (entra-docs,
#: "Conditional Access: target resources"): SharePoint, Exchange, Teams.
OFFICE = frozenset(
    {
        "00000003-0000-0ff1-ce00-000000000000",
        "00000002-0000-0ff1-ce00-000000000000",
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
    }
)
_SUITES = ("office365", "microsoftadminportals")
_WORDS = {
    "clientAppTypes": "kinds of client",
    "platforms": "platforms",
    "locations": "locations",
    "devices": "devices",
    "deviceStates": "states of the device",
    "signInRiskLevels": "risk of the sign-in",
    "userRiskLevels": "risk of the user",
    "insiderRiskLevels": "insider risk",
    "authenticationFlows": "authentication flows",
}
#: What these hold means everything, and is no condition.
_ANY = frozenset({"all", "any"})


@dataclass(frozen=True, slots=True)
class Subject:
    """The user: groups and role templates (transitive) are None where they could not be read."""

    id: str
    guest: bool
    groups: frozenset[str] | None
    roles: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class App:
    """The app: its client id, and whether it is Microsoft's own; None where that is not known."""

    id: str
    microsoft: bool | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whether a policy is meant; ``conditions`` limits it further, ``why`` says what is not known."""

    applies: Truth
    conditions: tuple[str, ...] = ()
    why: str = ""


def scope(policy: Mapping[str, Any], subject: Subject, app: App | None) -> Scope:
    """Tell whether a policy is meant for the user and, if one is asked about, the app."""
    conditions = policy.get("conditions") or {}
    if _words((conditions.get("clientApplications") or {}).get("includeServicePrincipals")):
        return Scope(False)
    users, apps = conditions.get("users") or {}, conditions.get("applications") or {}
    for_user = _without(_user(users, "include", subject), _user(users, "exclude", subject))
    for_app = _some_app(apps) if app is None else _without(
        _app(apps, "include", app), _app(apps, "exclude", app)
    )  # fmt: skip
    limits = (*_limits(conditions), *(_of_apps(apps, app)))
    if for_user is False or for_app is False:
        return Scope(False)
    unread = [
        *(["which groups, roles or kind of guest the user is"] if for_user is None else []),
        *(["whether the app is among its apps"] if for_app is None else []),
    ]
    return Scope(None if unread else True, limits, " and ".join(unread))


def _user(users: Mapping[str, Any], side: str, subject: Subject) -> Truth:
    named = _words(users.get(f"{side}Users"))
    guests = users.get(f"{side}GuestsOrExternalUsers")
    return _any(
        (
            "all" in named or subject.id.lower() in named,
            subject.guest and "guestsorexternalusers" in named,
            _meets(_words(users.get(f"{side}Groups")), subject.groups),
            _meets(_words(users.get(f"{side}Roles")), subject.roles),
            # Which kind of guest, of which tenant, is not read.
            None if guests and subject.guest else False,
        )
    )


def _app(apps: Mapping[str, Any], side: str, app: App) -> Truth:
    named = _words(apps.get(f"{side}Applications"))
    chosen = (apps.get("applicationFilter") or {}).get("mode") == side
    suites = [_in_suite(suite, app) for suite in _SUITES if suite in named]
    contexts = _words(apps.get("includeAuthenticationContextClassReferences"))
    return _any(
        (
            "all" in named or app.id in named or (side == "include" and bool(contexts)),
            *suites,
            None if chosen else False,
        )
    )


def _in_suite(suite: str, app: App) -> Truth:
    if suite == "office365" and app.id in OFFICE:
        return True
    return False if app.microsoft is False else None


def _some_app(apps: Mapping[str, Any]) -> bool:
    named = _words(apps.get("includeApplications")) - {"none"}
    contexts = _words(apps.get("includeAuthenticationContextClassReferences"))
    return bool(named or contexts or apps.get("applicationFilter"))


def _of_apps(apps: Mapping[str, Any], app: App | None) -> Iterator[str]:
    if _words(apps.get("includeAuthenticationContextClassReferences")):
        yield "an authentication context the app asks for"
    if app is not None:
        return
    if "all" not in _words(apps.get("includeApplications")):
        yield "certain apps only"
    elif _words(apps.get("excludeApplications")) or apps.get("applicationFilter"):
        yield "all apps but some"


def _limits(conditions: Mapping[str, Any]) -> Iterator[str]:
    known = {"users", "applications", "clientApplications"}
    for name, value in conditions.items():
        if name not in known and not name.startswith("@") and _limiting(value):
            yield _WORDS.get(name, name)


def _limiting(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_limiting(inner) for inner in value.values())
    if isinstance(value, list):
        return bool(_words(value) - _ANY)
    return bool(value) and not isinstance(value, bool)


def _words(values: object) -> frozenset[str]:
    return frozenset(str(v).lower() for v in values) if isinstance(values, list) else frozenset()


def _meets(wanted: frozenset[str], held: frozenset[str] | None) -> Truth:
    if not wanted:
        return False
    return None if held is None else bool(wanted & held)


def _any(values: Iterable[Truth]) -> Truth:
    told = list(values)
    return True if True in told else None if None in told else False


def _without(included: Truth, excluded: Truth) -> Truth:
    if included is False or excluded is True:
        return False
    return None if None in (included, excluded) else True

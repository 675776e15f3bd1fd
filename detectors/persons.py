"""Persons of an alert: which values can be identifiers, and which belong to the same person."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import JsonValue

from detectors import fields
from detectors.alert import IdKind, Person, PersonId

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_NOBODY = "00000000-0000-0000-0000-000000000000"
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
#: Okta's ids of users start with 00u; logs that were masked on their way keep letters and digits.
_OKTA_USER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{3,63}", re.ASCII)
#: Auth0's begin with the connection: auth0|..., google-oauth2|..., samlp|name|....
_AUTH0_USER = re.compile(r"[a-z0-9][a-z0-9_-]*(\|[^\s|]+){1,2}", re.ASCII)
#: What Okta writes where there is no login, and its own account.
_NO_LOGIN = {"unknown", "null", "system@okta.com"}
_LIMIT = 320

#: A person has one of each at most, as long as it is one tenant's.
_IMMUTABLE = (IdKind.ENTRA_OBJECT_ID, IdKind.OKTA_USER_ID, IdKind.AUTH0_USER_ID)
_MINDS_CASE = frozenset(
    {IdKind.OKTA_USER_ID, IdKind.AUTH0_USER_ID, IdKind.DUO_USER_ID, IdKind.USER_ID}
)
#: Names that several people may have, in several systems.
_WEAK = frozenset({IdKind.USERNAME, IdKind.SAMACCOUNTNAME, IdKind.DUO_USERNAME})

_SID = re.compile(r"S-1-[0-9-]{1,180}", re.ASCII | re.IGNORECASE)
_KIND_NAMES = {
    IdKind.ENTRA_OBJECT_ID: "Entra object id",
    IdKind.USER_PRINCIPAL_NAME: "user principal name",
    IdKind.EMAIL: "email address",
    IdKind.OKTA_USER_ID: "Okta user id",
    IdKind.OKTA_LOGIN: "Okta login",
    IdKind.AUTH0_USER_ID: "Auth0 user id",
    IdKind.GOOGLE_EMAIL: "Google address",
    IdKind.GOOGLE_PROFILE_ID: "Google profile id",
    IdKind.DUO_USERNAME: "Duo user name",
    IdKind.DUO_USER_ID: "Duo user id",
    IdKind.ONELOGIN_USER_ID: "OneLogin user id",
    IdKind.SAMACCOUNTNAME: "account name",
    IdKind.SID: "security identifier",
    IdKind.USERNAME: "user name",
    IdKind.USER_ID: "user id",
}
_ADDRESSES = (IdKind.USER_PRINCIPAL_NAME, IdKind.EMAIL, IdKind.GOOGLE_EMAIL)


class Unusable(Exception):
    """A value is not an identifier of its kind."""

    def __init__(self, reason: str) -> None:
        """Say why, without the value."""
        super().__init__(reason)
        self.reason = reason


def person_id(kind: IdKind, value: JsonValue) -> PersonId:
    """Take ``value`` as an identifier of ``kind``.

    Raises:
        Unusable: it is no text, too long, holds invisible characters, or has not the kind's form.
    """
    name = _KIND_NAMES[kind]
    if not isinstance(value, str):
        raise Unusable(f"the {name} is not text")
    found = value.strip()
    if not found or len(found) > _LIMIT:
        raise Unusable(f"the {name} is empty or longer than {_LIMIT} characters")
    if fields.CUT in found:
        raise Unusable(f"the {name} is longer than what is read of a text")
    if not fields.printable(found):
        raise Unusable(f"the {name} holds invisible characters")
    wrong = _unlike(kind, found)
    if wrong:
        raise Unusable(f"the {name} {wrong}")
    if kind is IdKind.ENTRA_OBJECT_ID:
        found = found.lower()
    return PersonId(kind=kind, value=found)


def _unlike(kind: IdKind, found: str) -> str | None:
    """Say what a value lacks to be of its kind."""
    nobody = found.lower() in _NO_LOGIN
    checks: dict[IdKind, tuple[bool, str]] = {
        IdKind.ENTRA_OBJECT_ID: (
            bool(_GUID.fullmatch(found)) and found != _NOBODY, "is not a GUID",
        ),
        IdKind.OKTA_USER_ID: (
            bool(_OKTA_USER.fullmatch(found)) and not nobody, "has not the form 00u...",
        ),
        IdKind.AUTH0_USER_ID: (bool(_AUTH0_USER.fullmatch(found)), "has not the form auth0|..."),
        IdKind.OKTA_LOGIN: (not nobody, "is nobody's"),
        IdKind.SID: (bool(_SID.fullmatch(found)), "has not the form S-1-..."),
    }  # fmt: skip
    if kind in _ADDRESSES:
        return None if _ADDRESS.fullmatch(found) else "is not of the form name@domain"
    right, wrong = checks.get(kind, (True, ""))
    return None if right else wrong


def guid(value: JsonValue) -> str | None:
    """Return a GUID in lower case, or None."""
    if not isinstance(value, str) or not _GUID.fullmatch(value.strip()):
        return None
    found = value.strip().lower()
    return None if found == _NOBODY else found


def merged(persons: Iterable[Person]) -> tuple[Person, ...]:
    """Join persons that share an identifier (case aside); the first one's role and name stand.

    Two different values of an immutable id are never joined: then they are two people, whatever
    else they share.
    """
    groups: dict[int, list[Person]] = {}
    # An alert may name thousands: only groups that share an identifier are compared.
    having: dict[tuple[IdKind, str], dict[int, None]] = {}
    for number, person in enumerate(dict.fromkeys(persons)):
        keys = [_key(item) for item in person.ids]
        near = sorted({place for key in keys for place in having.get(key, ()) if place in groups})
        fitting = [place for place in near if _same(groups[place], person)]
        home = fitting[0] if fitting else number
        groups.setdefault(home, []).append(person)
        for place in fitting[1:]:
            if not any(_contradict(groups[home], member) for member in groups[place]):
                moved = groups.pop(place)
                groups[home].extend(moved)
                keys += [_key(item) for member in moved for item in member.ids]
        for key in keys:
            having.setdefault(key, {})[home] = None
    return tuple(_joined(group) for group in groups.values())


def _same(group: list[Person], person: Person) -> bool:
    known = {_key(item) for member in group for item in member.ids}
    shared = [item for item in person.ids if _key(item) in known]
    if all(item.kind in _WEAK for item in shared) and _more_than_names(group, person):
        return False  # two who are both called admin somewhere
    return bool(shared) and not _contradict(group, person)


def _more_than_names(group: list[Person], person: Person) -> bool:
    ours = any(item.kind not in _WEAK for member in group for item in member.ids)
    return ours and any(item.kind not in _WEAK for item in person.ids)


def _contradict(group: list[Person], person: Person) -> bool:
    for kind in _IMMUTABLE:
        ours = {item.value for member in group for item in member.ids if item.kind is kind}
        theirs = {item.value for item in person.ids if item.kind is kind}
        if ours and theirs and not ours & theirs:
            return True
    return False


def _joined(group: list[Person]) -> Person:
    ids = {_key(item): item for member in reversed(group) for item in reversed(member.ids)}
    name = next((member.display_name for member in group if member.display_name), None)
    return Person(role=group[0].role, ids=tuple(reversed(ids.values())), display_name=name)


def _key(item: PersonId) -> tuple[IdKind, str]:
    if item.kind in _MINDS_CASE:
        return item.kind, item.value
    return item.kind, item.value.casefold()

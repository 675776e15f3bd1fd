"""Collecting the persons of an event: each with every identifier the payload gives, and its role.

An adapter makes one ``Cast`` for each event and adds whoever the payload names. What cannot be an
identifier is left out with the reason; nothing raises.
"""

from __future__ import annotations

import re

from pydantic import JsonValue

from detectors import fields, persons
from detectors.alert import IdKind, Person, PersonId, Role

#: Values that stand where there is no name, in lower case.
_NOBODY = frozenset(
    {
        "", "-", "--", "n/a", "na", "none", "null", "<null>", "nil", "undefined", "unknown", "anonymous",
        "not available", "(no user)", "no user", "multiple", "(null)", "0", "true", "false", "null sid", "s-1-0-0", "s-1-1-0", "00000000-0000-0000-0000-000000000000",
    }
)  # fmt: skip
#: Accounts of machines and of systems, which nobody's tokens belong to.
_MACHINE = re.compile(
    r".*\$|[^@]*\$@[^@]*|(nt authority|nt service|window manager|font driver host|builtin)\\.*"
    r"|(system|local service|network service|localsystem|root)|system@okta\.com"
    r"|(nt authority|font driver host)|serviceprincipal_.*"
    r"|s-1-5-(18|19|20)|system:.*|.*@([\w-]+\.)*gserviceaccount\.com",
    re.IGNORECASE,
)
_DOWN_LEVEL = re.compile(r"[^\\/@\s]{1,255}\\[^\\/@]{1,255}")
_SID = re.compile(r"S-1-\d+(-\d+)+", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@\\]+@[^\s@]+")
_ADDRESSES = (IdKind.USER_PRINCIPAL_NAME, IdKind.EMAIL, IdKind.GOOGLE_EMAIL)
#: Names of other systems: where one is an address, the tenant's systems can be asked for it.
_NAMES = (IdKind.GOOGLE_EMAIL, IdKind.DUO_USERNAME, IdKind.USERNAME, IdKind.SAMACCOUNTNAME)

Candidate = tuple[IdKind, JsonValue]


class Cast:
    """The persons of one event. Add the most certain identifiers of a person together."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._people: list[Person] = []
        self._left_out: list[str] = []

    def add(self, role: Role, *candidates: Candidate, name: JsonValue = None) -> bool:
        """Add one person by (kind, value) pairs; empty values and placeholders are passed over.

        An address under a user name's kind is also taken as an ``email``, so that the person can be
        looked for; a user principal name or address without an ``@`` counts as a ``username`` only.

        Args:
            role: the part the person plays; where the same person is added twice, the first one
                stands, so add victims before actors.
            candidates: what the payload says of this one person.
            name: how the person is called, for people.

        Returns:
            Whether there was anything to name somebody by.
        """
        ids: dict[PersonId, None] = {}
        for kind, value in candidates:
            for found in self._ids(kind, value):
                ids.setdefault(found)
        if not ids:
            return False
        display = fields.text(name, 200)
        self._people.append(
            Person(
                role=role,
                ids=tuple(ids),
                display_name=None if display.lower() in _NOBODY else display,
            )
        )
        return True

    def add_named(self, role: Role, *values: JsonValue, name: JsonValue = None) -> bool:
        r"""Add one person by values whose kind is not said: an address, DOMAIN\name, a SID, a name."""
        return self.add(role, *(guessed(value) for value in values), name=name)

    def leave_out(self, reason: str) -> None:
        """Note that somebody or something was not taken as a person, and why (no values)."""
        self._left_out.append(reason)

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody, each once."""
        return persons.merged(self._people)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Why others were left out, each reason once."""
        return fields.unique(self._left_out, 10)

    def _ids(self, kind: IdKind, value: JsonValue) -> list[PersonId]:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or (isinstance(value, str) and value.strip().lower() in _NOBODY):
            return []
        if isinstance(value, str) and is_machine(value):
            self._left_out.append("an account of a machine or of the system itself")
            return []
        plain = value.strip() if isinstance(value, str) else ""
        address = bool(_ADDRESS.fullmatch(plain))
        if kind in _ADDRESSES and plain and not address:
            kind = guessed(plain)[0]
        if kind is IdKind.ENTRA_OBJECT_ID and plain and persons.guid(plain) is None:
            kind = IdKind.USER_ID  # masked on its way, or another directory's
        kinds = [kind]
        if address and kind in _NAMES:
            kinds.append(IdKind.EMAIL)
        found = []
        for wanted in kinds:
            try:
                found.append(persons.person_id(wanted, value))
            except persons.Unusable as error:
                self._left_out.append(error.reason)
        return found


def is_machine(value: str) -> bool:
    r"""Whether a name is a machine's or the operating system's (``HOST$``, ``NT AUTHORITY\SYSTEM``)."""
    return bool(_MACHINE.fullmatch(value.strip()))


def guessed(value: JsonValue) -> Candidate:
    r"""Return a value with the kind of name it looks like: address, SID, DOMAIN\name or a bare name."""
    text = value.strip() if isinstance(value, str) else ""
    if _ADDRESS.fullmatch(text):
        return IdKind.EMAIL, value
    if _SID.fullmatch(text):
        return IdKind.SID, value
    if _DOWN_LEVEL.fullmatch(text):
        return IdKind.SAMACCOUNTNAME, value
    return IdKind.USERNAME, value

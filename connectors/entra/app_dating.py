"""Which credentials of apps a person has added since the theft, as the audit log tells it.

A credential's own dates prove nothing: whoever adds it says when it begins. The log names secrets and
certificates by their key ids; how it names federated credentials is documented nowhere, so that an
update it does not explain leaves them to a person.

Source: Microsoft Graph v1.0, directoryAudit: the modified property KeyDescription.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.clock import instant
from connectors.entra import stamps
from connectors.entra.age import Age, Dated, Window
from connectors.entra.app_keys import APPLICATIONS, FEDERATION, PRINCIPALS, Held
from connectors.entra.auditlog import Deed, deeds

_KEY = re.compile(r"KeyIdentifier=([0-9a-fA-F-]{36})")
_KEYS, _SAID = "KeyDescription", "Included Updated Properties"
_KINDS = {"Application": APPLICATIONS, "ServicePrincipal": PRINCIPALS}


@dataclass(frozen=True, slots=True)
class Told:
    """What a user's entries of the audit log tell of apps in a window; None: it does not tell."""

    window: Window
    deeds: tuple[Deed, ...] | None

    def touched(self) -> list[tuple[str, str]]:
        """Kind and object id of whatever the person changed credentials of."""
        found = {
            (_KINDS[deed.kind], deed.id): None
            for deed in self.deeds or ()
            if deed.kind in _KINDS and (_KEYS in deed.changed or _federated(deed))
        }
        return list(found)

    def age(self, of: Held, what: str, name: str, credential: Mapping[str, Any]) -> Dated:
        """The age of one credential of an object."""
        if self.deeds is None:
            return Dated(Age.UNDATABLE, "the audit log does not tell when it was added")
        own = [deed for deed in self.deeds if deed.id == of.id]
        if what == FEDERATION:
            deed, doubtful = self._federation(own, credential)
        else:
            deed, doubtful = next((d for d in own if name in _added(d)), None), None
        if deed is not None:
            return Dated(Age.RECENT, f"the person added it at {stamps.write(deed.at)}")
        if doubtful is not None:
            at = stamps.write(doubtful.at)
            why = f"the person changed the application at {at}, and the audit log says not what"
            return Dated(Age.UNDATABLE, why)
        created = instant(of.created)
        if created is not None and created >= self.window.start:
            why = f"the application was registered at {stamps.write(created)}, since the theft"
            return Dated(Age.UNDATABLE, why)
        return self.window.by_silence(f"addition of this {what} by the person")

    def _federation(
        self, own: Iterable[Deed], credential: Mapping[str, Any]
    ) -> tuple[Deed | None, Deed | None]:
        explained = {deed.correlation for deed in self.deeds or () if _KEYS in deed.changed}
        doubtful = None
        names = [json.dumps(credential.get(key)) for key in ("id", "name") if credential.get(key)]
        for deed in own:
            for before, now in _federated(deed):
                if any(name in now and name not in before for name in names):
                    return deed, None
            silent = not set(deed.changed) - {_SAID} and deed.correlation not in explained
            if deed.activity == "Update application" and silent:
                doubtful = deed
        return None, doubtful


def told(window: Window, audits: Iterable[Mapping[str, Any]] | None) -> Told:
    """Read what ``audits`` tell of apps; None where the log could not be read."""
    if audits is None or not window.kept:
        return Told(window, None)
    return Told(window, tuple(deeds(audits, window.start)))


def _added(deed: Deed) -> set[str]:
    before, now = deed.changed.get(_KEYS, ("", ""))
    return {k.lower() for k in _KEY.findall(now)} - {k.lower() for k in _KEY.findall(before)}


def _federated(deed: Deed) -> list[tuple[str, str]]:
    return [
        change for name, change in deed.changed.items() if "federatedidentity" in name.casefold()
    ]

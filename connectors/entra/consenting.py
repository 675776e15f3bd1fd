"""Which consents a person has given since the theft, as the directory's audit log tells it.

A grant is one for an app, a resource and a person: a later consent widens it instead of making
another. So the log is asked not only whether there was a consent, but whether there was one before.

Source: Microsoft Graph v1.0, directoryAudit: "Add delegated permission grant" and "Update delegated
permission grant" (the resource is the target, the app stands among the modified properties, and so does the
scope with its old and its new value), "Consent to application" (the app is the target), "Add app role
assignment grant to user".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.clock import instant
from connectors.entra import granted, ids, stamps
from connectors.entra.age import Age, Dated, Window
from connectors.entra.auditlog import Deed, deeds

_GRANTING = frozenset({"Add delegated permission grant", "Update delegated permission grant"})
_RESOURCE = re.compile(r"ResourceId:\s*([0-9a-fA-F-]{36})")


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent the log tells of.

    ``resource`` is None where it does not say to what. ``first`` is whether nothing was granted
    before, None where it does not say; ``scope_before`` is what was and ``scope_after`` what was then, as
    far as it says.
    """

    at: datetime
    app: str
    resource: str | None
    first: bool | None
    everybody: bool
    scope_before: str = ""
    scope_after: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Widened:
    """How an older grant was widened since the theft.

    ``before`` is what it was, empty where the log does not say. ``added`` is what of its scope was added
    since; None where the log does not account for all it holds now, so that nobody can tell.
    """

    before: str
    added: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a user's entries of the audit log tell of consents in a window.

    ``consents`` is None where the log cannot be read or does not reach back.
    """

    window: Window
    consents: tuple[Consent, ...] | None
    assigned: Mapping[str, datetime]

    def grant(self, grant: Mapping[str, Any]) -> tuple[Dated, Widened | None]:
        """The age of a delegated grant, and how it was widened since if it is older."""
        if self.consents is None:
            return Dated(Age.UNDATABLE, "no date, and the audit log does not tell"), None
        app, resource = granted.app_of(grant, granted.GRANT), str(grant.get("resourceId")).lower()
        own = [c for c in self.consents if c.app == app and not c.everybody]
        related = [c for c in own if c.resource in (resource, None)]
        if not related:
            return self.window.by_silence("consent to this app"), None
        earliest = next((c for c in related if c.resource is not None), related[0])
        at = stamps.write(earliest.at)
        if earliest.first:
            return Dated(Age.RECENT, f"the audit log has the consent at {at}"), None
        if earliest.first is None:
            why = f"the audit log has a consent at {at}, and not whether there was one before"
            return Dated(Age.UNDATABLE, why), None
        widened = _widened(str(grant.get("scope") or ""), related, earliest.scope_before)
        return Dated(Age.OLDER, f"older than the theft, and widened at {at}"), widened

    def assignment(self, assignment: Mapping[str, Any]) -> Dated:
        """The age of an app role assignment."""
        date = instant(assignment.get("createdDateTime"))
        if date is not None:
            return self.window.by_date(date, "assigned")
        if self.consents is None:
            return Dated(Age.UNDATABLE, "no date, and the audit log does not tell")
        at = self.assigned.get(granted.app_of(assignment, granted.ASSIGNMENT))
        if at is not None:
            return Dated(Age.RECENT, f"the audit log has the assignment at {stamps.write(at)}")
        return self.window.by_silence("assignment of this app")

    def tenant_wide(self) -> dict[str, datetime]:
        """The apps to which the person has consented for everybody, and when first."""
        found: dict[str, datetime] = {}
        for consent in self.consents or ():
            if consent.everybody:
                found.setdefault(consent.app, consent.at)
        return found

    def names(self) -> dict[str, str]:
        """The names of apps, as far as the log has them."""
        return {c.app: c.name for c in self.consents or () if c.name}


def told(window: Window, audits: Iterable[Mapping[str, Any]] | None) -> Told:
    """Read what ``audits`` tell of consents; None where the log could not be read."""
    if audits is None or not window.kept:
        return Told(window, None, {})
    done = deeds(audits, window.start)
    # Of one consent the log has both entries; the grant's own says more, and comes first.
    consents = [c for deed in done for c in _granted(deed)]
    consents += [c for deed in done for c in _consented(deed)]
    assigned: dict[str, datetime] = {}
    for deed in done:
        if deed.activity == "Add app role assignment grant to user":
            assigned.setdefault(deed.id, deed.at)
    return Told(window, _in_order(consents), assigned)


def _in_order(consents: Sequence[Consent]) -> tuple[Consent, ...]:
    return tuple(sorted(consents, key=lambda consent: consent.at.replace(microsecond=0)))


def _granted(deed: Deed) -> Iterator[Consent]:
    app = deed.now("ServicePrincipal.ObjectID").lower()
    if deed.activity not in _GRANTING or not ids.is_object_id(app):
        return
    before, after = (
        s.strip() for s in deed.changed.get("DelegatedPermissionGrant.Scope", ("", ""))
    )
    everybody = deed.now("DelegatedPermissionGrant.ConsentType") == granted.EVERYBODY
    yield Consent(deed.at, app, deed.id, not before, everybody, before, after)


def _widened(scope: str, consents: Iterable[Consent], before: str) -> Widened:
    added = {
        word
        for consent in consents
        if consent.scope_before and consent.scope_after
        for word in set(consent.scope_after.split()) - set(consent.scope_before.split())
    } - set(before.split())
    if not before or set(scope.split()) - added - set(before.split()):
        return Widened(before, None)
    return Widened(before, tuple(word for word in scope.split() if word in added))


def _consented(deed: Deed) -> Iterator[Consent]:
    if deed.activity != "Consent to application" or not ids.is_object_id(deed.id):
        return
    everybody = deed.now("ConsentContext.OnBehalfOfAll").casefold() == "true"
    before, arrow, after = deed.now("ConsentAction.Permissions").partition("=>")
    resources = {name.lower() for name in _RESOURCE.findall(after)}
    if not arrow or not resources:
        yield Consent(deed.at, deed.id, None, None, everybody, name=deed.name)
    for resource in sorted(resources):
        first = resource not in before.lower()
        yield Consent(deed.at, deed.id, resource, first, everybody, name=deed.name)

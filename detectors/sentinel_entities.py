"""Entities of Sentinel incidents and security alerts, and the accounts among them.

Vendor documentation: Microsoft Learn, "Microsoft Sentinel entity types reference" (schema of each
entity; name and UPN suffix of an account stand apart) and "Security alert schema reference" (an
entity may refer to another of the same list by ``$ref``).
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from detectors import fields, payload, persons
from detectors.alert import IdKind, NotUnderstood, Person, PersonId, Role
from detectors.fields import Fields

_NAMELESS = {
    "account": "an account without an identifier of Entra ID (a local or domain account)",
    "mailbox": "a mailbox without its owner's name or address",
}


def read(value: JsonValue) -> Iterator[tuple[str, Fields]]:
    """Yield each entity of a list as (its kind in small letters, its fields), references resolved.

    Raises:
        NotUnderstood: the list is written as text and is not JSON.
    """
    items = _listed(value)
    by_id = {
        mark: item
        for item in items
        if isinstance(item, dict) and isinstance(mark := item.get("$id"), str)
    }
    for item in items:
        reference = item.get("$ref") if isinstance(item, dict) else None
        outer = Fields(by_id.get(reference) if isinstance(reference, str) else item)
        kind = outer.text("kind", "type", "entityType").lower().rsplit("/", 1)[-1]
        kind = kind.replace("-", "").replace("_", "").replace(" ", "")
        entity = outer.at("properties") or outer
        if entity:
            yield kind, entity


def _listed(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, str) and value.strip():
        try:
            value = payload.decode(value.encode("utf-8", "replace"))
        except NotUnderstood as error:
            raise NotUnderstood(f"in Entities, {error.reason}", error.remedy) from None
    if isinstance(value, dict):
        many = value.get("entities")
        return many if isinstance(many, list) else [value]
    return value if isinstance(value, list) else []


def people(entities: list[tuple[str, Fields]]) -> tuple[tuple[Person, ...], tuple[str, ...]]:
    """Return the persons the accounts name, and why other accounts name none.

    Where no account names anybody, the owners of the mailboxes count: incidents about inbox rules name
    no more than those.
    """
    named = _named(entities, "account")
    return named if named[0] else _both(named, _named(entities, "mailbox"))


def _both(
    accounts: tuple[tuple[Person, ...], tuple[str, ...]],
    mailboxes: tuple[tuple[Person, ...], tuple[str, ...]],
) -> tuple[tuple[Person, ...], tuple[str, ...]]:
    return mailboxes[0], fields.unique([*accounts[1], *mailboxes[1]], 10)


def _named(
    entities: list[tuple[str, Fields]], wanted: str
) -> tuple[tuple[Person, ...], tuple[str, ...]]:
    found: list[Person] = []
    left_out: list[str] = []
    for kind, entity in entities:
        if kind != wanted:
            continue
        ids, reasons = _identifiers(entity)
        if ids:
            name = entity.text("displayName", "friendlyName", limit=200) or None
            found.append(Person(role=Role.VICTIM, ids=tuple(ids), display_name=name))
        elif not reasons:
            reasons = [_NAMELESS[kind]]
        left_out += reasons
    return persons.merged(found), fields.unique(left_out, 10)


def _identifiers(account: Fields) -> tuple[list[PersonId], list[str]]:
    more = account.at("additionalData")
    principal = account.get("userPrincipalName", "upn") or more.get("userPrincipalName", "upn")
    candidates = [
        (
            IdKind.ENTRA_OBJECT_ID,
            account.get("aadUserId", "externalDirectoryObjectId") or more.get("aadUserId"),
        ),
        (IdKind.USER_PRINCIPAL_NAME, principal or _joined_name(account)),
        (IdKind.EMAIL, account.get("email", "emailAddress", "mail", "mailboxPrimaryAddress")),
    ]
    ids: list[PersonId] = []
    reasons: list[str] = []
    for kind, value in candidates:
        if value in (None, ""):
            continue
        try:
            ids.append(persons.person_id(kind, value))
        except persons.Unusable as error:
            reasons.append(error.reason)
    return ids, reasons


def _joined_name(account: Fields) -> str | None:
    """Build the user principal name of name and suffix, as analytics rules split it."""
    name, suffix = account.get("accountName", "name"), account.get("upnSuffix")
    if isinstance(name, str) and "@" in name:
        return name
    if not isinstance(suffix, str) or not suffix.strip():
        return None
    if "@" in suffix.strip()[1:]:
        return suffix  # a rule that maps the whole name to the suffix
    return f"{name}@{suffix.strip().lstrip('@')}" if isinstance(name, str) and name else None

"""Who a signal is about, as the recipient knows her (RFC 9493), out of her accounts elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.signals import Recipient, SubjectSource
from connectors.system import Account

Json = dict[str, Any]

#: In whose words a person is told of, where several systems have her.
_ORDER = ("entra", "okta", "auth0")
_IDS: Mapping[str, SubjectSource] = {
    "entra": "entra_object_id",
    "okta": "okta_user_id",
    "auth0": "auth0_user_id",
}
_NAMES: Mapping[str, SubjectSource] = {
    "email": "email",
    "user_principal_name": "user_principal_name",
    "okta_login": "okta_login",
}


def account_of(tenant: str, accounts: Mapping[str, Account]) -> Account | None:
    """Return whom signals of this tenant would be about: a person somebody else has identified.

    Her id here is made of the immutable id in the first system that knows her, so that it is hers
    alone; the facts hold what recipients may know her by. None where no system knows her.
    """
    ordered = sorted(accounts, key=lambda name: (_place(name), name))
    if not ordered:
        return None
    first = accounts[ordered[0]]
    facts: dict[str, str] = {}
    for name in ordered:
        account = accounts[name]
        if name in _IDS:
            facts.setdefault(_IDS[name], account.id)
        for clue in account.clues:
            if clue.kind in _NAMES:
                facts.setdefault(_NAMES[clue.kind], clue.value)
            if (name, clue.kind) == ("okta", "email"):
                facts.setdefault("okta_email", clue.value)
    return Account(
        tenant=tenant,
        system="signals",
        id=f"{first.system}:{first.id}",
        name=facts.get("email") or first.name,
        display_name=first.display_name,
        facts=facts,
    )


def subject_of(recipient: Recipient, facts: Mapping[str, Any]) -> Json | None:
    """Return the subject identifier this recipient knows the person by.

    Args:
        recipient: whoever is told.
        facts: the target's, as ``account_of`` has put them together.

    Returns:
        None where that name of hers is not known.
    """
    value = facts.get(recipient.known_by)
    if not isinstance(value, str) or not value:
        return None
    if recipient.subject == "iss_sub":
        return {"format": "iss_sub", "iss": recipient.subject_issuer, "sub": value}
    if recipient.subject == "opaque":
        return {"format": "opaque", "id": value}
    return {"format": "email", "email": value} if "@" in value else None


def _place(system: str) -> int:
    return _ORDER.index(system) if system in _ORDER else len(_ORDER)

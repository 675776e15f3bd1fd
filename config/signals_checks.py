"""What must fit together in a tenant's ``signals``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import AnyHttpUrl, ValidationError

from config import addresses
from config.problems import Key, Problem
from config.signals import Receiver, Recipient, Signals

#: Where every Okta organization takes security event tokens (Okta API, publishSecurityEventTokens).
_OKTA_PATH = "/security/api/v1/security-events"
_ADDRESSES = ("email", "okta_email", "user_principal_name", "okta_login")


def problems(key: Key, signals: Signals) -> Iterator[Problem]:
    """Yield everything that does not fit together under ``key``."""
    try:
        issuer = AnyHttpUrl(signals.issuer)
    except ValidationError:
        yield Problem((*key, "issuer"), "is no address", "https://rescind.example.com")
    else:
        yield from addresses.nameless((*key, "issuer"), issuer)
        yield from addresses.encrypted((*key, "issuer"), issuer)
    if signals.previous_key_id is not None and signals.previous_key is None:
        yield Problem((*key, "previous_key_id"), "there is no previous_key", "both or neither")
    if not signals.receivers and not signals.revocation_endpoints:
        yield Problem(
            key,
            "nobody is told anything",
            "a table [....signals.receivers.NAME] or [....signals.revocation_endpoints.NAME]",
        )
    for name, receiver in signals.receivers.items():
        place = (*key, "receivers", name)
        yield from _recipient(place, receiver)
        yield from _receiver(place, receiver)
    for name, endpoint in signals.revocation_endpoints.items():
        place = (*key, "revocation_endpoints", name)
        yield from _recipient(place, endpoint)
        if endpoint.caller is not None and endpoint.authorization is not None:
            what = "is not sent: with authorization there is no token of ours"
            yield Problem((*place, "caller"), what, "one of them")


def shared_ids(tenants: Mapping[str, Signals | None]) -> Iterator[Problem]:
    """Yield where two tenants name two keys alike: all are published in one set."""
    owners: dict[str, tuple[str, str]] = {}
    for tenant, signals in tenants.items():
        if signals is None or signals.key_id is None:
            continue
        owner, key = owners.setdefault(
            signals.key_id, (tenant, signals.signing_key.get_secret_value())
        )
        if key != signals.signing_key.get_secret_value():
            what = f"is the id of another key, that of tenant {owner}"
            yield Problem(
                ("tenants", tenant, "signals", "key_id"), what, "an id of its own, or leave it out"
            )


def _recipient(key: Key, recipient: Recipient) -> Iterator[Problem]:
    yield from addresses.nameless((*key, "url"), recipient.url)
    yield from addresses.encrypted((*key, "url"), recipient.url)
    if recipient.url.query or recipient.url.fragment:
        # it stands in the audit log, and is the audience of the token we sign
        what = "holds a query or a fragment"
        yield Problem((*key, "url"), what, "secrets belong into authorization")
    if recipient.subject == "email" and recipient.known_by not in _ADDRESSES:
        what = f"{recipient.known_by} is no mail address"
        right = f"one of {', '.join(_ADDRESSES)}, or another subject"
        yield Problem((*key, "subject_from"), what, right)
    if recipient.subject != "email" and recipient.subject_from is None:
        what = f"is missing: subject {recipient.subject} says nothing of what the name is"
        yield Problem((*key, "subject_from"), what, "for example okta_user_id")
    if recipient.subject == "iss_sub" and recipient.subject_issuer is None:
        right = "the issuer whose name it is, for example https://contoso.okta.com"
        yield Problem((*key, "subject_issuer"), "is missing beside subject iss_sub", right)
    if recipient.subject != "iss_sub" and recipient.subject_issuer is not None:
        yield Problem((*key, "subject_issuer"), "belongs to subject iss_sub", "both or neither")


def _receiver(key: Key, receiver: Receiver) -> Iterator[Problem]:
    if receiver.kind == "standard":
        if receiver.url.path == _OKTA_PATH:
            what = "this is where an Okta organization takes security event tokens"
            yield Problem((*key, "kind"), what, "okta, which sends them as Okta reads them")
        return
    if receiver.url.path != _OKTA_PATH:
        right = f"https://contoso.okta.com{_OKTA_PATH}"
        yield Problem((*key, "url"), "is not where Okta takes security event tokens", right)
    if "credential_compromise" in receiver.events:
        what = "Okta takes no credential_compromise"
        yield Problem((*key, "events"), what, "session_revoked only, or leave it out")
    if receiver.complex:
        what = "is for kind standard: what Okta is sent is one already"
        yield Problem((*key, "complex"), what, "leave it out")
    if receiver.subject == "opaque":
        yield Problem((*key, "subject"), "Okta takes email and iss_sub", "email")

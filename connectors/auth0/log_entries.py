"""Auth0's tenant log events as entries of a timeline; raw, because what an event holds differs by type.

Sources: Auth0, log type codes, and the tenant log schemas. A sign-in happens in the person's browser,
an exchange of tokens where the app runs, which may be a server of the app's owner: the two are never
compared. So sign-ins go by their session, exchanges by the app's token of that session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.auth0.log_types import Meaning, meaning_of
from connectors.auth0.managed import Managed, understand
from connectors.clock import instant
from connectors.timeline import Entry, Kind, digest

#: A machine's own access token names it as ``CLIENT@clients``.
_MACHINE = "@clients"
_NOTHING = frozenset({"", "unknown", "None", "null"})
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]")
_LONGEST = 200


def entry_of(event: object, tenant: str) -> Entry | None:
    """Read one event; None where it is none.

    Args:
        event: one item of ``GET /api/v2/logs``. What the client's side wrote in it (agent, names) is
            the thief's to choose: it is cut to 200 printable characters.
        tenant: salts the digests of session ids.
    """
    if not isinstance(event, dict):
        return None
    at, name = instant(event.get("date")), _text(event, "type")
    if at is None or name is None:
        return None
    managed = understand(event) if name == "sapi" else None
    meaning = Meaning(managed.kind, "success") if managed else meaning_of(name)
    user, client = _text(event, "user_id"), _text(event, "client_id")
    actor = client if managed and (user is None or user.endswith(_MACHINE)) else user
    raw = raw_session(event)
    session = digest(raw, tenant) if raw else None
    by_token = meaning.kind is Kind.TOKEN
    return Entry(
        at=at,
        system="auth0",
        id=_text(event, "log_id") or _text(event, "_id") or f"{event['date']} {name}",
        event=f"{name} {managed.what}" if managed else name,
        kind=meaning.kind,
        outcome=meaning.outcome,
        actor=actor,
        actor_name=_actor_name(event) if managed else _text(event, "user_name"),
        person=_person(managed, user),
        person_name=None if managed else _text(event, "user_name"),
        ip=_text(event, "ip"),
        place=_place(_part(event, "location_info")),
        agent=_text(event, "user_agent"),
        device=_device(_part(event, "security_context")),
        app=_text(event, "client_name") or client,
        session=None if by_token else session,
        tokens=tuple(_token_ids(event, session)) if by_token else (),
    )


def raw_session(event: Mapping[str, Any]) -> str | None:
    """The id of the session the event happened in, or its refresh token is bound to. It stays in memory."""
    details = _part(event, "details")
    return _text(details, "session_id") or _text(_part(details, "refresh_token"), "session_id")


def token_of(entry: Entry) -> str | None:
    """The handle of the app's token of a session, in an entry that tells of an exchange."""
    return next((token for token in entry.tokens if "@" in token), None)


def _token_ids(event: Mapping[str, Any], session: str | None) -> Iterator[str]:
    """What an exchange was made with: the family, the app's token of the session, the new token's id.

    A rotating token's family has an id; of others Auth0 tells the app and the session they are bound
    to. Where it tells neither, what is left is the app and the user.
    """
    details = _part(event, "details")
    family, client = _text(details, "familyId"), _text(event, "client_id")
    bound_to = session or (None if family else _text(event, "user_id"))
    handles = (
        family,
        f"{client}@{bound_to}" if client and bound_to else None,
        _text(details, "access_token_jti"),
    )
    yield from dict.fromkeys(handle for handle in handles if handle)


def _person(managed: Managed | None, user: str | None) -> str | None:
    """Whose account it is about: of a management request whom it names, else who did it."""
    if managed is not None:
        return next(iter(managed.people), user)
    return user


def _actor_name(event: Mapping[str, Any]) -> str | None:
    request = _part(_part(event, "details"), "request")
    return _text(_part(_part(request, "auth"), "user"), "email")


def _place(where: Mapping[str, Any]) -> str | None:
    parts = [part for part in (_text(where, "city_name"), _text(where, "country_name")) if part]
    return ", ".join(parts) or None


def _device(security: Mapping[str, Any]) -> str | None:
    """What tells one client program from another: how it opens a TLS connection."""
    print_ = _text(security, "ja4") or _text(security, "ja3")
    return f"TLS {print_}" if print_ else None


def _part(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = holder.get(key)
    return part if isinstance(part, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    if not isinstance(value, str) or value in _NOTHING:
        return None
    return _UNPRINTABLE.sub("", value)[:_LONGEST] or None

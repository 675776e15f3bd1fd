"""Which addresses a request may have: ids of the right kind, and the organization's own host.

An id goes into a path. ``..`` in its place would turn "end this person's sessions" into another
request, and ``me`` would name Rescind's own account, so every id is checked before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from connectors import errors

_USER = re.compile(r"00u[A-Za-z0-9]{17}")
_OBJECT = re.compile(r"[A-Za-z0-9_-]{8,64}")
# A client id may be chosen by whoever registers the app (Okta, Apps API, `client_id`: 6 to 100 of
# these characters); six of them are never a dot segment.
_CLIENT = re.compile(r"[A-Za-z0-9$_.+!*'(),-]{6,100}")
# The authorization server every org with API Access Management begins with is called by its name.
_SERVER = re.compile(r"default|aus[A-Za-z0-9]{17}")
_KINDS: Mapping[str, re.Pattern[str]] = {"user": _USER, "client": _CLIENT, "server": _SERVER}

_PLACE = re.compile(r"\{(\w+)\}")
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_NEXT = re.compile(r""";\s*rel\s*=\s*"?next"?\s*(?:[;,]|$)""", re.IGNORECASE)


def is_user_id(value: str) -> bool:
    """Whether ``value`` has the shape of an Okta user id (``00u`` and 17 letters or digits)."""
    return _USER.fullmatch(value) is not None


def is_client_id(value: str) -> bool:
    """Whether ``value`` has the shape of an OAuth client id."""
    return _CLIENT.fullmatch(value) is not None


def is_object_id(value: str) -> bool:
    """Whether ``value`` has the shape of an id Okta gives (a factor's, a token's)."""
    return _OBJECT.fullmatch(value) is not None


def is_server_id(value: str) -> bool:
    """Whether ``value`` has the shape of a custom authorization server's id, or is ``default``."""
    return _SERVER.fullmatch(value) is not None


def fill(template: str, params: Mapping[str, str]) -> str:
    """Fill a path template such as ``/api/v1/users/{user}/clients?limit={limit}``.

    Args:
        template: the path; what stands before ``?`` takes ids only: ``{user}`` a user id,
            ``{client}`` a client id, ``{server}`` a custom authorization server's, any other name
            the id of another object.
        params: a value for each place; query values may be any text.

    Returns:
        The path, percent-encoded.

    Raises:
        errors.Refused: where an id does not look as it must. The id is not repeated: it may be a
            person's name.
    """
    path, mark, query = template.partition("?")

    def identifier(place: re.Match[str]) -> str:
        kind = place[1]
        if _KINDS.get(kind, _OBJECT).fullmatch(params[kind]) is None:
            raise errors.Refused(f"the {kind} id does not look like one of Okta's")
        return quote(params[kind], safe="")

    def value(place: re.Match[str]) -> str:
        return quote(params[place[1]], safe="")

    return _PLACE.sub(identifier, path) + mark + _PLACE.sub(value, query)


def next_page(link: str, here: str) -> str | None:
    """Find the next page in a ``Link`` header (RFC 8288; several headers joined by commas).

    Args:
        link: the header, empty where there is none.
        here: the address that was asked.

    Returns:
        The next address, or None at the end of the list.

    Raises:
        errors.Refused: where it leads to another scheme, host, port or path. Following it would
            hand our credential to whoever wrote it.
    """
    for address, attributes in _LINK.findall(link):
        if not _NEXT.search(attributes):
            continue
        if _place(address) != _place(here):
            raise errors.Refused("the list goes on at another address than it began")
        return str(address)
    return None


def _place(address: str) -> tuple[str, str | None, int | None, str, str | None]:
    try:
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        raise errors.Refused("the list goes on at no valid address") from None
    return parts.scheme, parts.hostname, port, parts.path, parts.username

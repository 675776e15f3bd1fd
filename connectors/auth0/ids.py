"""What an id must look like before it may become part of an address.

An Auth0 user id names the connection it came by: ``auth0|65f0c1…``, ``google-oauth2|1084…``,
``samlp|contoso-adfs|nora``. What follows the bar is the identity provider's, so it may hold much;
but never a segment of dots, which somebody on the way could read as another path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from connectors import errors

_USER = re.compile(
    r"(?!.*[/|]\.{1,2}(?:[/|]|$))"
    r"[a-z0-9][a-z0-9_-]{0,63}(?:\|[A-Za-z0-9._@+:=/~!$&'()*,;{}-]{1,190}){1,2}"
)
_CLIENT = re.compile(r"[A-Za-z0-9_-]{8,128}")
# A method's id names its kind (``totp|dev_…``, ``push|dev_…``). No dot, so no dot segment.
_OBJECT = re.compile(r"[A-Za-z0-9_=-]{4,256}(?:\|[A-Za-z0-9_=-]{1,256}){0,2}")
_KINDS: Mapping[str, re.Pattern[str]] = {"user": _USER, "client": _CLIENT}

_PLACE = re.compile(r"\{(\w+)\}")


def is_user_id(value: str) -> bool:
    """Whether ``value`` has the shape of an Auth0 user id (``auth0|…``, ``google-oauth2|…``)."""
    return _USER.fullmatch(value) is not None


def is_client_id(value: str) -> bool:
    """Whether ``value`` has the shape of an application's id."""
    return _CLIENT.fullmatch(value) is not None


def is_object_id(value: str) -> bool:
    """Whether ``value`` has the shape of an id Auth0 gives (a method's, a refresh token's)."""
    return _OBJECT.fullmatch(value) is not None


def fill(path: str, params: Mapping[str, str]) -> str:
    """Fill a path such as ``/api/v2/users/{user}/sessions``; every value is percent-encoded.

    Args:
        path: ``{user}`` takes a user id, ``{client}`` an application's, any other name the id of
            another object.
        params: a value for each place.

    Raises:
        errors.Refused: an id does not look as it must. It is not repeated: it may name a person.
    """

    def identifier(place: re.Match[str]) -> str:
        kind = place[1]
        if _KINDS.get(kind, _OBJECT).fullmatch(params[kind]) is None:
            raise errors.Refused(f"the {kind} id does not look like one of Auth0's")
        return quote(params[kind], safe="")

    return _PLACE.sub(identifier, path)

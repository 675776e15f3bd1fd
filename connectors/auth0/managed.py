"""What was asked of Auth0's Management API, as the log's ``sapi`` events tell it, and about whom.

Source: Auth0, tenant log schemas: ``user_id`` is who asked, and empty where a machine did; whom it was
about stands in the path, the query or the body of the request, and cannot be searched for. Of a body
only names of fields are told, and whether a user was blocked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from connectors.timeline import Kind

_ROOT = re.compile(r"^/?(api/)?v2/")
#: A word of the API; anything else in a path is an id, and may be a session's.
_WORD = re.compile(r"[a-z][a-z-]{1,39}")
_FIELD = re.compile(r"[a-z][a-z_]{0,39}")
_MOST_FIELDS = 5
#: Requests that take access away. Nobody got in by them, so they are no drift.
_ENDS = re.compile(
    r"delete (users/\{\}/)?(sessions|refresh-tokens)(/\{\})?|delete (grants|device-credentials)(/\{\})?"
    r"|post (refresh-tokens|sessions/\{\})/revoke|post users/\{\}/revoke-access"
    r"|post users/\{\}/multifactor/actions/invalidate-remember-browser"
    r"|patch users/\{\} blocked=true"
)


@dataclass(frozen=True, slots=True)
class Managed:
    """One request: ``what`` it asked, without ids and values, and the ids of the ``people`` it names."""

    what: str
    people: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        """Whether it ended something or changed something."""
        return Kind.END if _ENDS.fullmatch(self.what) else Kind.CHANGE


def understand(event: Mapping[str, Any]) -> Managed:
    """Read the request of a ``sapi`` event; what it does not tell is left out."""
    details = event.get("details")
    request = details.get("request") if isinstance(details, dict) else None
    asked = request if isinstance(request, dict) else {}
    method = str(asked.get("method") or "").lower()
    segments = _ROOT.sub("", str(asked.get("path") or ""), count=1).strip("/").split("/")
    template = "/".join(part if _WORD.fullmatch(part) else "{}" for part in segments)
    what = " ".join(part for part in (method if _WORD.fullmatch(method) else "", template) if part)
    if what == "patch users/{}":
        what = " ".join((what, *_fields(asked.get("body"))))
    return Managed(what, tuple(dict.fromkeys(_people(segments, asked))))


def _fields(body: object) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    for name in sorted(str(key) for key in body)[:_MOST_FIELDS]:
        if name == "blocked":
            yield f"blocked={str(body[name] is True).lower()}"
        elif _FIELD.fullmatch(name):
            yield name


def _people(segments: list[str], asked: Mapping[str, Any]) -> Iterator[str]:
    if len(segments) > 1 and segments[0] in ("users", "user-blocks"):
        yield unquote(segments[1])
    for holder in (asked.get("query"), asked.get("body")):
        named = holder if isinstance(holder, dict) else {}
        one = named.get("user_id")
        if isinstance(one, str) and one:
            yield one
        for key in ("users", "members"):
            several = named.get(key)
            yield from (
                each for each in (several if isinstance(several, list) else ()) if _is_id(each)
            )


def _is_id(value: object) -> bool:
    return isinstance(value, str) and "|" in value

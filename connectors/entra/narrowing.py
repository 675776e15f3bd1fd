"""Putting a grant's scope back to what it was before it was widened, and undoing that.

What is taken out and put back is named permission by permission, so that what somebody else adds to the
grant or takes from it meanwhile stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.entra import granted

Json = dict[str, Any]


def narrowed(scope: str, take_out: Iterable[str]) -> str:
    """The scope without these permissions."""
    gone = set(take_out)
    return " ".join(word for word in scope.split() if word not in gone)


def widened(scope: str, put_back: Iterable[str]) -> str:
    """The scope with these permissions, too."""
    return " ".join(dict.fromkeys((*scope.split(), *put_back)))


def too_wide(items: Iterable[Json], present: Sequence[tuple[str, Json]]) -> list[Json]:
    """Those of ``items`` whose grant holds what is to be taken out, each with its ``scope`` to be."""
    found = []
    for item, grant in _with_grants(items, present):
        scope = str(grant.get("scope") or "")
        if set(scope.split()) & set(item["take_out"]):
            found.append({**item, "scope": narrowed(scope, item["take_out"])})
    return found


def too_narrow(items: Iterable[Json], present: Sequence[tuple[str, Json]]) -> list[Json]:
    """Those of ``items`` whose grant lacks what was taken out, each with its ``scope`` to be."""
    found = []
    for item, grant in _with_grants(items, present):
        scope = str(grant.get("scope") or "")
        if set(item["take_out"]) - set(scope.split()):
            found.append({**item, "scope": widened(scope, item["take_out"])})
    return found


def grown(before: Iterable[Mapping[str, Any]], present: Sequence[tuple[str, Json]]) -> list[Json]:
    """The grants that hold a permission now which they did not hold ``before``."""
    known = {str(grant.get("id")): str(grant.get("scope") or "").split() for grant in before}
    return [
        grant
        for kind, grant in present
        if kind == granted.GRANT
        and str(grant.get("id")) in known
        and set(str(grant.get("scope") or "").split()) - set(known[str(grant.get("id"))])
    ]


def gone(items: Iterable[Json], present: Sequence[tuple[str, Json]]) -> list[Json]:
    """Those of ``items`` whose grant is not there any more."""
    there = {str(grant.get("id")) for _, grant in present}
    return [item for item in items if item["id"] not in there]


def _with_grants(
    items: Iterable[Json], present: Sequence[tuple[str, Json]]
) -> Iterable[tuple[Json, Mapping[str, Any]]]:
    grants = {str(one.get("id")): one for kind, one in present if kind == granted.GRANT}
    return ((item, grants[item["id"]]) for item in items if item["id"] in grants)

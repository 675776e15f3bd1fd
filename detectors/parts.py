"""Who acted and who was acted upon: the rule that log entries of all vendors share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from detectors.alert import Role
from detectors.cast import Candidate, Cast


def acted(
    cast: Cast,
    actor: Sequence[Candidate],
    target: Sequence[Candidate] = (),
    *,
    actor_name: JsonValue = None,
    target_name: JsonValue = None,
) -> None:
    """Add the account that was acted upon and whoever acted on it.

    The account acted upon is the victim and the other one the actor; where nobody else is named, or
    both are the same, the one that acted is who the entry is about. Where something stands in the
    target's place that cannot be a name, somebody was acted upon: the actor then is no victim.

    Args:
        cast: takes the persons.
        actor: identifiers of whoever acted.
        target: identifiers of the account acted upon.
        actor_name: how the actor is called.
        target_name: how the account's owner is called.
    """
    there = cast.add(Role.VICTIM, *target, name=target_name) or unsayable(target)
    cast.add(Role.ACTOR if there else Role.VICTIM, *actor, name=actor_name)


def unsayable(candidates: Iterable[tuple[object, JsonValue]]) -> bool:
    """Whether something stands in an account's place that cannot be a name: an object, a list."""
    return any(isinstance(value, dict | list | bool) for _, value in candidates)

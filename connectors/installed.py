"""Actions of third parties: entry points of the group ``rescind.actions``.

The name of an entry point is the action's (``okta.tell_the_helpdesk``), its value a class that keeps the
contract of ``connectors.action`` and is built like the shipped ones of its system.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points

from connectors.action import Action

_log = logging.getLogger(__name__)

GROUP = "rescind.actions"


def actions(shipped: Collection[str], systems: Collection[str]) -> dict[str, type[Action]]:
    """Load the installed actions, by name; one that cannot be used is left out, and the log says why.

    Args:
        shipped: names that are taken: what is shipped cannot be replaced by what is installed.
        systems: the names of the systems there are.
    """
    found: dict[str, type[Action]] = {}
    for point in entry_points(group=GROUP):
        why = "a shipped action has this name" if point.name in shipped else ""
        kind = None if why else _loaded(point)
        if kind is None:
            _log.error("the action %s is not used: %s", point.name, why or "it cannot be loaded")
            continue
        why = _unfit(kind, point.name, systems)
        if why:
            _log.error("the action %s is not used: %s", point.name, why)
            continue
        found[point.name] = kind
    return found


def _loaded(point: EntryPoint) -> type[Action] | None:
    try:
        kind: type[Action] = point.load()
    except Exception as error:  # noqa: BLE001 - a third party's import may raise anything
        _log.error("the action %s cannot be loaded (%s)", point.name, type(error).__name__)
        return None
    return kind


def _unfit(kind: object, name: str, systems: Collection[str]) -> str:
    if not (isinstance(kind, type) and issubclass(kind, Action)):
        return "it is no class of connectors.action.Action"
    spec = getattr(kind, "spec", None)
    if getattr(spec, "name", None) != name:
        return "its spec has another name"
    if spec is not None and (spec.system not in systems or name.partition(".")[0] != spec.system):
        return f"its system is none of {', '.join(sorted(systems))}"
    return ""

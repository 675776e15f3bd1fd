"""What has to follow from what was read, told from the evidence of a trace or a watch of any vendor.

Pure: the keys are those that every system's trace and watch keep, ``others`` and ``drift``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.action import Lead, LeadKind, Observation, Target

_SHOWN = 5


def drift(target: Target, observation: Observation) -> tuple[Lead, ...]:
    """Give one lead about the target where a watch has found anything, else none."""
    found = _listed(observation, "drift")
    if not found:
        return ()
    ips = _each(entry.get("ip") for entry in found)
    events = _each(entry.get("event") for entry in found)
    times = sorted(str(entry["at"]) for entry in found if entry.get("at"))
    seen = f"{_some(events) or 'something'} from {_some(ips) or 'an unknown address'}"
    return (
        Lead(
            LeadKind.DRIFT,
            target.system,
            target.id,
            target.name,
            f"{seen}, first at {times[0]}" if times else seen,
            times[0] if times else "",
            times[-1] if times else "",
            ips,
            tuple(map(_named, found)),
        ),
    )


def others(target: Target, observation: Observation) -> tuple[Lead, ...]:
    """Give a lead about each other person who was let in from where the thief came from.

    An application that signed in from there is evidence, and nobody to contain.
    """
    return tuple(
        Lead(
            LeadKind.OTHER_VICTIM,
            target.system,
            str(other["person"]),
            str(other.get("name") or other["person"]),
            f"let in from {_some(_each(other.get('ips') or ())) or 'a session of the thief'}, "
            f"where the thief of {target.name} was seen",
            str(other.get("first") or ""),
            str(other.get("last") or other.get("first") or ""),
            _each(other.get("ips") or ()),
        )
        for other in _listed(observation, "others")
        if other.get("let_in") is True
        and not other.get("is_app")
        and other.get("person") not in (None, "", target.id)
    )


def _listed(observation: Observation, name: str) -> Sequence[Mapping[str, Any]]:
    listed = observation.snapshot.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _named(entry: Mapping[str, Any]) -> str:
    """Name an entry so that it is known again: by the vendor's id, else by what it says."""
    return str(entry.get("id") or f"{entry.get('at')} {entry.get('event')}")


def _each(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for value in values if value))


def _some(values: Sequence[str]) -> str:
    return ", ".join(_shown(values))


def _shown(values: Sequence[str]) -> Iterator[str]:
    yield from values[:_SHOWN]
    if len(values) > _SHOWN:
        yield f"and {len(values) - _SHOWN} more"

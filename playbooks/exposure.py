"""What stays usable after a run, until when and why; and how the run is to be called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.action import ActionSpec, Impact, Outcome
from playbooks import order
from playbooks.schema import Aim

#: Outcomes by which what a step is for holds; reading has ended well, too, and brings nothing about.
_HOLDS = frozenset({Outcome.VERIFIED, Outcome.ACCEPTED, Outcome.ALREADY, Outcome.UNVERIFIABLE})
_GOOD = _HOLDS | {Outcome.OBSERVED}


@dataclass(frozen=True, slots=True)
class EndedStep:
    """A step that has ended, as far as the summary needs it.

    ``planned`` is False where the plan left it out, ``unapproved`` is True where nobody approved it,
    ``blocked`` where a step it needed did not succeed, or it lacked a permission, ``moot`` where nobody approved what it was to
    follow.
    """

    spec: ActionSpec
    outcome: Outcome
    reason: str
    proof: Mapping[str, Any] | None
    planned: bool
    undoes: bool = False
    unapproved: bool = False
    blocked: bool = False
    moot: bool = False


def status_of(
    mode: str,
    steps: Sequence[EndedStep],
    unreached: Sequence[str],
    accounts: Sequence[str] = (),
    aim: str = Aim.CONTAIN,
) -> str:
    """Return ``observed``, ``contained``, ``completed``, ``partial`` or ``failed``.

    ``completed``: of a run with another aim than to contain, every planned step ended well, and
    ``failed``: none did. ``contained``: every planned step ended well, every system was reached, and in each system where
    the person has an account (``accounts``) sessions were revoked and, where the playbook knows how
    to close the account, one of its ways did. Who left a step out makes no difference. ``failed``:
    sessions were revoked nowhere. ``partial``: anything between; somebody has to look.
    """
    if mode == "observe":
        return "observed"
    left = [
        step
        for step in steps
        if step.planned
        and step.outcome not in _GOOD
        and not _nothing_to_do(step)
        # what could not be read takes nothing from what was done; what was found, a person has to see to
        and not (step.spec.impact is Impact.NONE and step.outcome is not Outcome.MANUAL)
    ]
    if aim != Aim.CONTAIN:
        if not left and not unreached:
            return "completed"
        return "partial" if any(step.outcome in _HOLDS for step in steps) else "failed"
    systems = {*accounts, *(step.spec.system for step in steps)} - order.WITHOUT_SESSIONS
    if not any(_revoked(system, steps) for system in systems):
        return "failed"
    open_still = [
        system for system in systems if not _revoked(system, steps) or _left_open(system, steps)
    ]
    return "partial" if left or open_still or unreached else "contained"


def _revoked(system: str, steps: Sequence[EndedStep]) -> bool:
    return any(
        step.spec.system == system and step.spec.name in order.REVOKES and step.outcome in _GOOD
        for step in steps
    )


def _left_open(system: str, steps: Sequence[EndedStep]) -> bool:
    """Tell whether the playbook would close the account there, and none of its ways came about."""
    ways = [step for step in steps if step.spec.system == system and _closes(step)]
    shut = (step.outcome in _GOOD or (step.planned and _nothing_to_do(step)) for step in ways)
    return bool(ways) and not any(shut)


def _closes(step: EndedStep) -> bool:
    return step.spec.name in order.CLOSES_ACCOUNT and not step.undoes


def _nothing_to_do(step: EndedStep) -> bool:
    if step.unapproved or step.blocked or step.spec.name in order.REVOKES:
        return False
    return step.outcome is Outcome.SKIPPED


def summarise(
    mode: str, steps: Sequence[EndedStep], unreached: Sequence[str], accounts: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Return what stays usable: ``system``, ``what``, ``until`` (RFC 3339 UTC or ``unknown``), ``why``.

    ``accounts`` names the systems where the person has one. Where the same thing is named twice,
    the proof read last counts.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for step in steps:
        for item in (step.proof or {}).get("exposure", ()):
            found[item["system"], item["what"]] = dict(item) | {"until": _seconds(item["until"])}
    for step in steps:
        if mode == "observe" or step.undoes or not step.spec.leaves_open:
            continue
        if _leaves_open(step, steps):
            said = step.outcome.value if step.planned else "left out"
            what = step.spec.leaves_open.rstrip(".")
            found[step.spec.system, what] = {
                "system": step.spec.system,
                "what": what,
                "until": "unknown",
                "why": f"{step.spec.title}: {said}" + (f" ({step.reason})" if step.reason else ""),
            }
    for system in accounts:
        if (
            mode != "observe"
            and system not in order.WITHOUT_SESSIONS
            and not any(
                step.spec.system == system and step.spec.name in order.REVOKES and step.planned
                for step in steps
            )
        ):
            found[system, "everything"] = {
                "system": system,
                "what": "everything the thief holds there",
                "until": "unknown",
                "why": "nothing was revoked there",
            }
    for system in unreached:
        if system in order.WITHOUT_SESSIONS:
            continue
        found[system, "everything"] = {
            "system": system,
            "what": "everything the thief holds there",
            "until": "unknown",
            "why": "it is not known which account there is this person's; nothing was revoked",
        }
    if mode == "observe":
        found["all", "everything"] = {
            "system": "all",
            "what": "everything the thief holds",
            "until": "unknown",
            "why": "mode observe: nothing was changed",
        }
    return list(found.values())


def _leaves_open(step: EndedStep, steps: Sequence[EndedStep]) -> bool:
    if step.moot:
        return False
    if step.planned:
        return step.outcome not in _GOOD and not _nothing_to_do(step)
    ways = [other for other in steps if other.spec.system == step.spec.system and _closes(other)]
    return step in ways and not any(other.planned for other in ways)


def _seconds(until: str) -> str:
    """Return a time in whole seconds, however the vendor's clock was written."""
    return re.sub(r"\.\d+Z$", "Z", until)

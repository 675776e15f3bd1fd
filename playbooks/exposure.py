"""What stays usable after a run, until when and why; and how the run is to be called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.action import ActionSpec, Outcome

_GOOD = frozenset({Outcome.VERIFIED, Outcome.ACCEPTED, Outcome.ALREADY, Outcome.UNVERIFIABLE})


@dataclass(frozen=True, slots=True)
class EndedStep:
    """A step that has ended, as far as the summary needs it.

    ``planned`` is False where the plan left it out, ``unapproved`` is True where nobody approved it,
    ``blocked`` where a step it needed did not succeed.
    """

    spec: ActionSpec
    outcome: Outcome
    reason: str
    proof: Mapping[str, Any] | None
    planned: bool
    undoes: bool = False
    unapproved: bool = False
    blocked: bool = False


def status_of(mode: str, steps: Sequence[EndedStep], unreached: Sequence[str]) -> str:
    """Return ``observed``, ``contained``, ``partial`` or ``failed``.

    ``contained``: every planned step ended well and every system was reached. ``failed``: sessions
    were revoked nowhere. ``partial``: anything between; somebody has to look.
    """
    if mode == "observe":
        return "observed"
    revokes = [step for step in steps if step.spec.name.endswith(".revoke_sessions")]
    if not any(step.outcome in _GOOD for step in revokes):
        return "failed"
    left = [
        step
        for step in steps
        if step.planned and step.outcome not in _GOOD and not _nothing_to_do(step)
    ]
    return "partial" if left or unreached else "contained"


def _nothing_to_do(step: EndedStep) -> bool:
    if step.unapproved or step.blocked or step.spec.name.endswith(".revoke_sessions"):
        return False
    return step.outcome is Outcome.SKIPPED


def summarise(
    mode: str, steps: Sequence[EndedStep], unreached: Sequence[str]
) -> list[dict[str, str]]:
    """Return what stays usable: ``system``, ``what``, ``until`` (RFC 3339 UTC or ``unknown``), ``why``.

    Where the same thing is named twice, the proof read last counts.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for step in steps:
        for item in (step.proof or {}).get("exposure", ()):
            found[item["system"], item["what"]] = dict(item) | {"until": _seconds(item["until"])}
    for step in steps:
        ended_well = step.outcome in _GOOD or _nothing_to_do(step)
        if ended_well or not step.planned or step.undoes or not step.spec.leaves_open:
            continue
        key = (step.spec.system, step.spec.leaves_open)
        found[key] = {
            "system": step.spec.system,
            "what": step.spec.leaves_open.rstrip("."),
            "until": "unknown",
            "why": f"{step.spec.title}: {step.outcome.value}"
            + (f" ({step.reason})" if step.reason else ""),
        }
    for system in unreached:
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


def _seconds(until: str) -> str:
    """Return a time in whole seconds, however the vendor's clock was written."""
    return re.sub(r"\.\d+Z$", "Z", until)

"""Whether what was made for a person was shown once at most, and to whom it was for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.story_facts import Record, Rule, Runs, no_run, no_step, part, text

_BAD = frozenset({"failed", "unknown", "denied", "skipped"})


@dataclass(slots=True)
class _Handover:
    person: str
    over: bool = False


class Handovers:
    """The rules for what waits to be handed over."""

    def __init__(self, runs: Runs) -> None:
        """Follow what the steps of ``runs`` have made."""
        self._runs = runs
        self._known: dict[str, _Handover] = {}

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rule for each event."""
        return {
            "handover.ready": self._ready,
            "handover.revealed": self._revealed,
            "handover.voided": self._voided,
        }

    def _ready(self, record: Record) -> Iterator[str]:
        named, step = part(record, "handover"), self._runs.step_of(record)
        own, person = text(named, "id"), text(named, "for")
        if self._runs.of(record) is None:
            yield no_run(record)
        elif step is None:
            yield no_step(record)
        elif step.outcome is None or step.outcome in _BAD:
            yield f"{step} has made nothing that could be handed over"
        if not own or own in self._known:
            yield "what is handed over has no id of its own"
        elif not person:
            yield "what is handed over is for nobody"
        else:
            self._known[own] = _Handover(person)

    def _revealed(self, record: Record) -> Iterator[str]:
        handover = self._known.get(text(part(record, "handover"), "id"))
        actor = part(record, "actor")
        yield from _not_to_be_had(handover)
        if handover is not None:
            if text(actor, "type") != "human" or text(actor, "sub") != handover.person:
                yield "it was shown to somebody else than whom it was for"
            handover.over = True

    def _voided(self, record: Record) -> Iterator[str]:
        handover = self._known.get(text(part(record, "handover"), "id"))
        yield from _not_to_be_had(handover)
        if handover is not None:
            handover.over = True


def _not_to_be_had(handover: _Handover | None) -> Iterator[str]:
    if handover is None:
        yield "nothing of this id was to be handed over"
    elif handover.over:
        yield "it had been shown or erased before"

"""What is handed over is shown once, to whom it was for, and comes from a step that ended well."""

from __future__ import annotations

from typing import Any

import pytest
from recorded import DISABLE, HUMAN, Broken, Records, attempt, cannot_be, chained, contained, put

from ledger.verify import verify

READY = {
    "event": "handover.ready",
    "step": attempt(DISABLE),
    "handover": {"id": "hand-1", "kind": "reset_link", "for": "user-1"},
}
SHOWN = {"event": "handover.revealed", "handover": {"id": "hand-1"}, "actor": HUMAN}
ERASED = {"event": "handover.voided", "handover": {"id": "hand-1"}, "reason": "nobody looked"}
ELSE = SHOWN | {"actor": {"type": "human", "sub": "user-2"}}


def _end(*new: dict[str, Any]) -> Any:
    return lambda records: put(records, "run.finished", 0, *new)


@pytest.mark.parametrize("end", [SHOWN, ERASED])
def test_it_is_shown_or_erased(end: dict[str, Any]) -> None:
    records: Records = contained()
    _end(READY, end)(records)
    assert verify(chained(records)).verified


@pytest.mark.parametrize(
    "broken",
    [
        (_end(READY, SHOWN, SHOWN), "handover.revealed", 1, "it had been shown or erased before"),
        (_end(READY, ERASED, SHOWN), "handover.revealed", 0, "it had been shown or erased before"),
        (_end(READY, SHOWN, ERASED), "handover.voided", 0, "it had been shown or erased before"),
        (
            _end(READY, ELSE),
            "handover.revealed",
            0,
            "it was shown to somebody else than whom it was for",
        ),
        (_end(SHOWN), "handover.revealed", 0, "nothing of this id was to be handed over"),
        (
            _end(READY, READY),
            "handover.ready",
            1,
            "what is handed over has no id of its own",
        ),
        (
            lambda records: put(records, "step.finished", 1, READY),
            "handover.ready",
            0,
            "step disable has made nothing that could be handed over",
        ),
    ],
)
def test_nothing_else_can_have_been(broken: Broken) -> None:
    cannot_be(broken)

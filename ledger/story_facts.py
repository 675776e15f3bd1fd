"""What the records have told so far of runs, steps and intents; and how their members are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Record = Mapping[str, object]
#: Takes the next record of its event; gives what cannot be right about it, in sentences.
Rule = Callable[[Record], Iterator[str]]
#: Takes what is odd about the record that is being told, and not wrong.

_CLOSING = frozenset({"disable_user", "suspend_user", "block_user", "reset_password"})


@dataclass(slots=True)
class Intent:
    """A change that was about to be sent. ``error`` is the class of the error that answered it."""

    id: str
    run: str
    step: str
    fence: int
    result: str = ""
    error: str = ""
    reconciled: bool = False

    @property
    def open(self) -> bool:
        """Whether its outcome is not known."""
        return self.result in ("", "unknown") and not self.reconciled

    @property
    def effective(self) -> bool:
        """Whether it has, or may have, changed something."""
        return self.result not in ("refused", "not_sent") or self.reconciled


@dataclass(slots=True)
class Step:
    """A step of a plan. ``outcome`` is None until it has ended."""

    id: str
    node: str
    action: str
    system: str
    approval: bool
    reads: bool = False
    fence: int = -1
    started: bool = False
    proven: bool = False
    outcome: str | None = None
    left_out: bool = False
    lacks: str = ""
    intents: list[Intent] = field(default_factory=list)

    def __str__(self) -> str:
        return f"step {self.node or self.id}"

    @property
    def revokes(self) -> bool:
        """Whether it ends sessions: what a run is for, and sent without looking whether it must."""
        return self.action.endswith(".revoke_sessions")

    @property
    def closes(self) -> bool:
        """Whether it closes the account to whoever has its password."""
        return self.action.partition(".")[2] in _CLOSING


@dataclass(slots=True)
class Request:
    """What people were asked: about which plan, until when."""

    plan_hash: str
    deadline: datetime | None


@dataclass(slots=True)
class Run:
    """A run. ``opening`` until it has told more than its plan and what the plan leaves out."""

    id: str
    mode: str
    aim: str = "contain"
    opening: bool = True
    planned: bool = False
    plan_hash: str = ""
    watched: bool = False
    finished: bool = False
    steps: dict[str, Step] = field(default_factory=dict)
    intents: list[Intent] = field(default_factory=list)
    asked: dict[str, Request] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)
    approved: set[str] = field(default_factory=set)


class Runs(dict[str, Run]):
    """The runs by id, found by what a record names."""

    def of(self, record: Record) -> Run | None:
        """Return the run a record belongs to; None where it was never created."""
        return self.get(text(record, "run"))

    def step_of(self, record: Record) -> Step | None:
        """Return the step a record is about; None where the plan of its run has no such step."""
        run = self.of(record)
        return run.steps.get(text(part(record, "step"), "id")) if run else None


def text(record: Record, name: str) -> str:
    """Return a member that is text; what is none is empty."""
    value = record.get(name)
    return value if isinstance(value, str) else ""


def part(record: Record, name: str) -> Record:
    """Return a member that is an object; what is none is empty."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def fence_of(record: Record) -> int | None:
    """Return the fence under which a record's step was held; None where it names none."""
    fence = part(record, "step").get("fence")
    return fence if isinstance(fence, int) and not isinstance(fence, bool) else None


def no_run(record: Record) -> str:
    """Say that a record's run was never created."""
    return f"its run was never created: {text(record, 'run') or 'none named'}"


def no_step(record: Record) -> str:
    """Say that a record's step is not in the plan of its run."""
    step = text(part(record, "step"), "id") or "none named"
    return f"its step is not in the plan of its run: {step}"

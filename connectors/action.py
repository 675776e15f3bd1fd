"""The contract every action keeps: observe, apply, verify, undo.

An action reads the world first, changes it only if it has to, reads it back, and knows how to put
it back. So it can be repeated after any crash, and "done" always means *seen to be done*.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr

Json = dict[str, Any]


class Impact(StrEnum):
    """What a step costs the person it is aimed at."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Outcome(StrEnum):
    """How a step ended. ``verified`` has to be earned; ``unknown`` is an honest answer.

    ``observed``: it was to read, has read, and nothing was to be changed; ``already`` is of a change
    that was made before.
    """

    VERIFIED = "verified"
    ACCEPTED = "accepted"
    UNVERIFIABLE = "unverifiable"
    ALREADY = "already"
    OBSERVED = "observed"
    SKIPPED = "skipped"
    DENIED = "denied"
    MANUAL = "manual"
    FAILED = "failed"
    UNKNOWN = "unknown"


class NoParameters(BaseModel):
    """An action that takes no parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What is fixed about an action, for planners, approvers and auditors.

    ``permissions`` are the least that suffice; ``permissions_also`` lists broader ones that do too.
    ``leaves_open`` says what stays usable when this action did *not* end ``verified``.
    ``hands_over`` says that it makes a secret for a person, whatever its parameters. ``shared`` says that
    its parameters alone name what it changes, which is the same for whichever person it is done.
    """

    name: str
    system: str
    title: str
    countermeasure: str
    impact: Impact
    reversible: bool
    d3fend: tuple[str, ...] = ()
    attack: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    permissions_also: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    parameters: type[BaseModel] = NoParameters
    hands_over: bool = False
    shared: bool = False
    disrupts: str = ""
    leaves_open: str = ""


def hands_over(spec: ActionSpec, parameters: Mapping[str, Any]) -> bool:
    """Tell whether an action with these parameters makes a secret that a person is to be given."""
    return spec.hands_over or parameters.get("hand_over") is True


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an action is aimed at: one immutable id in one system of one tenant.

    ``facts`` is what was read when the person was identified (status, synced, guest ...), for
    decisions that must not wait for another read. ``since`` is when the theft began as far as is
    known, as RFC 3339 UTC. ``run`` is the id of the run that acts, once there is one: it tells others which
    of our changes belong together, and gives nobody anything.
    """

    tenant: str
    system: str
    id: str
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    since: str | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One request an action would send, as it is shown before it is sent. No secrets in it."""

    method: str
    path: str
    body: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome reached without applying anything, and the reason.

    ``instructions`` is the exact thing a person has to do, for ``manual``.
    """

    outcome: Outcome
    reason: str
    instructions: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """The state before: complete enough to undo from. It is committed before anything is changed.

    ``satisfied`` is True where the wanted state already holds, False where it does not, None where
    that cannot be told by reading (a session list no vendor offers).
    """

    snapshot: Json
    satisfied: bool | None = None
    verdict: Verdict | None = None


class LeadKind(StrEnum):
    """What a reading step has found that something has to follow from.

    ``drift``: somebody got into a contained account again, or undid what contained it.
    ``other_victim``: somebody else was let in from where the thief came from.
    """

    DRIFT = "drift"
    OTHER_VICTIM = "other_victim"


@dataclass(frozen=True, slots=True)
class Lead:
    """Something found by reading, about one account, that a run should follow up.

    ``id`` is the account's immutable id, ``name`` what people call it; ``seen`` says in one sentence what
    was seen. ``at`` and ``last`` are when it began and was last seen, by the vendor's clock, RFC 3339
    UTC. ``entries`` are the vendor's ids of the log entries that tell it, where they are known: what
    they tell is never followed up twice.
    """

    kind: LeadKind
    system: str
    id: str
    name: str
    seen: str
    at: str
    last: str
    addresses: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handover:
    """A secret that a change has made and one named person is to be given, once.

    ``kind`` is ``temporary_access_pass`` or ``reset_link``; ``until`` is RFC 3339 UTC, or ``unknown``.
    It goes into no receipt, log, audit record or message.
    """

    kind: str
    secret: SecretStr
    until: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor answered to the changes: statuses, request ids, its own clock. No secrets.

    A secret that is to be handed over travels beside the data, and is kept apart from it.
    """

    data: Json
    handover: Handover | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """Something that stays usable after the step, until when, and why.

    ``until`` is RFC 3339 UTC, or ``unknown``.
    """

    system: str
    what: str
    until: str
    why: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What reading back has shown.

    ``outcome`` is ``verified``, ``accepted``, ``unverifiable`` (reading cannot tell, however often) or
    ``failed`` (the read-back shows the change did not happen); ``manual`` where what could be changed
    was seen changed and a person must finish (``reason`` says how); ``unknown`` where nothing could
    be read now, and later something may be.
    """

    outcome: Outcome
    check: str
    expected: str
    observed: str
    reason: str = ""
    exposure: tuple[Exposure, ...] = ()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a read-back may take before the answer counts (vendors replicate), in seconds."""

    total_s: float = 10.0
    first_s: float = 0.05
    step_s: float = 1.0


class Action(ABC):
    """One thing that can be done to one account. Built per step; keeps no state between calls."""

    spec: ClassVar[ActionSpec]

    @abstractmethod
    def preview(self, target: Target) -> tuple[PlannedCall, ...]:
        """List the changing requests this action may send, for the plan people approve."""

    @abstractmethod
    async def observe(self, target: Target) -> Observation:
        """Read the state. Sends no change.

        Raises:
            ConnectorError: where the state cannot be read.
        """

    @abstractmethod
    async def apply(self, target: Target, before: Observation) -> Receipt:
        """Make the change. Safe to call again after a crash, with the first observation.

        Raises:
            ConnectorError: ``UnknownOutcome`` where a change was sent and no answer came.
        """

    @abstractmethod
    async def verify(
        self, target: Target, before: Observation, receipt: Receipt | None, patience: Patience
    ) -> Proof:
        """Read back until the change is seen or the patience ends.

        ``receipt`` is None where a crash or a lost answer took it: then reading alone decides.
        """

    def foresee(self, target: Target) -> Verdict | None:  # noqa: ARG002 - a contract
        """Tell from ``target.facts`` alone, asking nobody, what will not work and what would instead.

        It is what ``observe`` would find, as far as it can be told before; None where nothing speaks
        against the step.
        """
        return None

    def leads(
        self,
        target: Target,  # noqa: ARG002 - a contract
        observation: Observation,  # noqa: ARG002
    ) -> tuple[Lead, ...]:
        """Name what was found that a run should follow up; only of a step that reads.

        A pure function of what was observed, so that it gives the same after a crash.
        """
        return ()

    def preview_undo(self, target: Target) -> tuple[PlannedCall, ...]:  # noqa: ARG002 - a contract
        """List what ``undo`` may send: in a plan it follows without asking again."""
        raise NotUndoable(self.spec.name)

    async def undo(self, target: Target, before: Observation) -> Receipt:  # noqa: ARG002 - a contract
        """Put the state back to ``before``. Only where ``spec.reversible``."""
        raise NotUndoable(self.spec.name)

    async def restored(
        self,
        target: Target,  # noqa: ARG002 - a contract
        before: Observation,  # noqa: ARG002
        patience: Patience,  # noqa: ARG002
    ) -> Proof:
        """Read back until the state is as ``before`` again. Only where ``spec.reversible``."""
        raise NotUndoable(self.spec.name)


class NotUndoable(Exception):
    """This action cannot be undone."""

    remedy = "Look at the action's description for what a person can do instead."

"""What stands in a playbook's file."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from playbooks.parameters import Parameter, Scalar

Node = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Minutes = Annotated[int, Field(ge=0)]

#: What an expression may speak of.
VARIABLES = frozenset({"alert", "accounts", "parameters", "tenant", "mode"})


class Aim(StrEnum):
    """What a run is for, which decides when it has reached it.

    ``contain``: the thief is out: sessions revoked, and the account closed where the playbook knows
    how. ``clean``: what he left is gone, ``reissue``: the account is given back to its person,
    ``undo``: what another run has changed is put back; each of these when all its steps ended well.
    """

    CONTAIN = "contain"
    CLEAN = "clean"
    REISSUE = "reissue"
    UNDO = "undo"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PlaybookStep(_Part):
    """One step: an action, when it applies, what it waits for.

    ``after`` waits for steps to end, however they end; ``needs`` for their success. ``compute``
    fills parameters from CEL expressions. ``undo`` names a step whose change this one puts back:
    it waits for the end of that step, whether it says so or not. ``restore`` names an action whose
    changes of earlier runs on this person are put back, as far as they still stand. ``delay_minutes``
    begin when all it waits for has ended. What is done for a while is put back ``ttl_minutes`` after it
    has ended, by a step of its own.
    """

    id: Node
    stage: Node
    action: str | None = None
    undo: Node | None = None
    restore: str | None = None
    when: str | None = None
    otherwise: str = ""
    after: tuple[Node, ...] = ()
    needs: tuple[Node, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    compute: dict[str, str] = Field(default_factory=dict)
    delay_minutes: Minutes | str = 0
    ttl_minutes: Minutes | str | None = None
    approval: bool | None = Field(None, description="true: always ask, whatever the impact")


class PlaybookPart(_Part):
    """Another playbook, all of whose steps are taken in here.

    ``with`` and ``compute`` give its parameters; ``after`` says by its steps for what else they wait;
    ``prefix`` stands before their ids, ``stage`` in the place of their stages. ``on_request`` names what
    is carried out on a person's word only, as a run of its own.
    """

    part: Node
    stage: Node | None = None
    prefix: Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9-]{0,30})?$")] = ""
    when: str | None = None
    otherwise: str = ""
    after: dict[Node, tuple[Node, ...]] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    compute: dict[str, str] = Field(default_factory=dict)
    on_request: bool = False


def _kind(entry: object) -> str:
    named = isinstance(entry, PlaybookPart) or (isinstance(entry, Mapping) and "part" in entry)
    return "part" if named else "step"


Entry = Annotated[
    Annotated[PlaybookStep, Tag("step")] | Annotated[PlaybookPart, Tag("part")],
    Discriminator(_kind),
]


class _Head(_Part):
    id: Node
    name: str
    countermeasure: str
    version: str
    description: str
    aim: Literal[Aim.CONTAIN, Aim.CLEAN, Aim.REISSUE] = Aim.CONTAIN
    declared: dict[str, Parameter] = Field(default_factory=dict, alias="parameters")

    @property
    def parameters(self) -> Mapping[str, Scalar]:
        """The parameters' defaults."""
        return {name: parameter.default for name, parameter in self.declared.items()}


class PlaybookFile(_Head):
    """A playbook as it stands in its file."""

    steps: tuple[Entry, ...] = Field(min_length=1)


class Playbook(_Head):
    """A named order of steps against one kind of intrusion, with the steps of its parts."""

    steps: tuple[PlaybookStep, ...]

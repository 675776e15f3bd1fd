"""What can be wrong with a playbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playbooks.parameters import ParameterFault


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a playbook file: where, what, and what would be right."""

    line: int
    field: str
    what: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "file"
        return f"{place}, {self.field}: {self.what}" if self.field else f"{place}: {self.what}"


class PlaybookError(Exception):
    """The playbook cannot be used."""

    remedy = "Correct the playbook file as the message says; nothing has been started."

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        """Name the playbook and everything that is wrong with it."""
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{name}: {fault}" for fault in self.faults))


class ParameterError(PlaybookError):
    """The settings give the playbook's parameters what they cannot be."""

    remedy = "Correct the settings as the message says; nothing has been started."

    def __init__(self, name: str, faults: Sequence[ParameterFault]) -> None:
        """Name the playbook, as it is called in the settings, and every value that is wrong."""
        self.faults = tuple(
            Fault(
                0,
                f"playbooks.parameters.{name}.{fault.name}",
                f"{fault.what}; right would be: {fault.right}",
            )
            for fault in faults
        )
        Exception.__init__(self, "\n".join(f"{each.field}: {each.what}" for each in self.faults))


class UnknownPlaybook(Exception):
    """There is no playbook of that name."""

    remedy = "`playbooks.folder` names the folder of your own playbooks; the shipped ones are always there."

    def __init__(self, name: str, known: Sequence[str] = ()) -> None:
        """Say which name, and which names there are."""
        self.name = name
        super().__init__(
            f"there is no playbook {name!r}" + (f"; known are {', '.join(known)}" if known else "")
        )

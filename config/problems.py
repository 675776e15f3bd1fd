"""What is wrong with the settings, said so that it can be put right. Never the value of a secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

#: Where a value stands in the tree: names of keys, and numbers of list items.
Key = tuple[str | int, ...]


def dotted(key: Key) -> str:
    """Return the key as people write it: ``tenants.contoso.okta.api_token``."""
    return ".".join(f'"{part}"' if "." in str(part) else str(part) for part in key)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    ``right`` says what would be right; ``where`` where the value came from (``rescind.toml:12``,
    ``env RESCIND_WEB__PORT``), filled in by the loader where it is left empty.
    """

    key: Key
    what: str
    right: str = ""
    where: str = ""

    def at(self, where: str) -> Problem:
        """Return the same problem with its place."""
        return replace(self, where=self.where or where)

    def __str__(self) -> str:
        """Return two or three lines."""
        place = f"  ({self.where})" if self.where else ""
        lines = [f"{dotted(self.key) or 'settings'}{place}", f"    {self.what}"]
        if self.right:
            lines.append(f"    right would be: {self.right}")
        return "\n".join(lines)


class SettingsError(Exception):
    """The settings cannot be used."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take every problem that was found, so that all can be put right at once."""
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            f"{head} in the settings:\n\n" + "\n".join(f"  {_indented(p)}" for p in self.problems)
        )


def _indented(problem: Problem) -> str:
    return str(problem).replace("\n", "\n  ")

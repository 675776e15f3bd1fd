"""What is wrong with the settings, said so that it can be put right. Never the value of a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    ``env RESCIND_WEB__PORT``), filled in by the loader where it is left empty. ``rests_on`` has the
    other keys or tables that make it a problem: where those are wrong themselves, it may be none.
    """

    key: Key
    what: str
    right: str = ""
    where: str = ""
    rests_on: tuple[Key, ...] = ()

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


_MORE = "More may follow: what hangs on these can be checked only when they are mended."


def resting_on(key: Key, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield ``problems``, each of which rests on the whole table ``key``."""
    for problem in problems:
        yield replace(problem, rests_on=(*problem.rests_on, key))


class SettingsError(Exception):
    """The settings cannot be used."""

    def __init__(self, problems: Iterable[Problem], *, more: bool = False) -> None:
        """Take every problem that was found, so that all can be put right at once.

        ``more`` says that these kept something from being checked.
        """
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            f"{head} in the settings:\n\n"
            + "\n".join(f"  {_indented(p)}" for p in self.problems)
            + (f"\n\n{_MORE}" if more else "")
        )


def _indented(problem: Problem) -> str:
    return str(problem).replace("\n", "\n  ")

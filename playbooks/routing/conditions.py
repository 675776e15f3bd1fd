"""A rule's condition: CEL, taken apart at its ``&&`` so that what did not hold can be named.

A condition that speaks of something unknown is itself unknown, unless another part of it is false:
CEL judges ``&&`` and ``||`` whatever the order of their sides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cel

#: How an expression fails on values that are not what its author thought of.
FAILURES = (LookupError, ValueError, TypeError, RuntimeError, ArithmeticError)

_TEXTS = re.compile(
    r"""'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|//[^\n]*""", re.DOTALL
)
_FIELD = re.compile(r"(?<![\w.])(\w+)\s*\.\s*(\w+)\b(?!\s*\()")
#: Names an expression binds itself: ``alert.ips.exists(ip, ...)``.
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
_SHORT = 90
_OPENS, _CLOSES = "([{", ")]}"


@dataclass(frozen=True)
class Part:
    """One of the expressions all of which have to hold.

    ``text`` is the expression on one line; ``fields`` are the values it reads (``alert.severity``).
    """

    text: str

    @property
    def short(self) -> str:
        """The text, cut where it is too long to be told with others."""
        return self.text if len(self.text) <= _SHORT else f"{self.text[:_SHORT]}..."

    @cached_property
    def program(self) -> Any:  # noqa: ANN401 - the library's
        """The compiled expression.

        Raises:
            ValueError: it is no CEL.
        """
        return cel.compile(self.text)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The values it reads, each once, in their order."""
        found = (f"{name}.{field}" for name, field in _FIELD.findall(_blanked(self.text)))
        return tuple(dict.fromkeys(each for each in found if each.split(".")[0] not in self.bound))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names it speaks of, without those it binds itself."""
        return frozenset(self.program.variables()) - self.bound

    @cached_property
    def bound(self) -> frozenset[str]:
        """The names it binds itself."""
        return frozenset(_BOUND.findall(_blanked(self.text)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds; ``holds`` is None where that cannot be told.

    ``false`` are the parts that do not hold, ``unknown`` those that cannot be judged, with the reason.
    """

    holds: bool | None
    false: tuple[Part, ...] = ()
    unknown: tuple[tuple[Part, str], ...] = ()


def parts_of(expressions: Iterable[str]) -> tuple[Part, ...]:
    """Take expressions that all have to hold apart at their outermost ``&&``."""
    return tuple(Part(part) for each in expressions for part in _split(each))


def judge(
    parts: Iterable[Part],
    facts: Any,  # noqa: ANN401 - the library's context, or a mapping
    without: Collection[str] = (),
    *,
    whole: bool = False,
) -> Verdict:
    """Judge a condition.

    Args:
        parts: what has to hold; nothing at all always does.
        facts: the values by name; a ``cel.Context`` where many conditions are judged by the same.
        without: names of which nothing is known yet: what speaks of them cannot be judged.
        whole: go on after the first part that is false.
    """
    false: list[Part] = []
    unknown: list[tuple[Part, str]] = []
    for part in parts:
        holds, why = _judge(part, facts, without)
        if holds is False:
            false.append(part)
            if not whole:
                break
        elif holds is None:
            unknown.append((part, why))
    if false:
        return Verdict(False, tuple(false), tuple(unknown))
    return Verdict(None if unknown else True, (), tuple(unknown))


def _judge(part: Part, facts: Any, without: Collection[str]) -> tuple[bool | None, str]:  # noqa: ANN401
    missing = [name for name in without if name in part.names]
    if missing:
        unread = [each for each in part.fields if each.split(".")[0] in missing] or missing
        return None, f"{', '.join(unread)} is not known"
    try:
        found = part.program.execute(facts)
    except FAILURES as error:
        return None, _why(part, error)
    if found is True or found is False:
        return found, ""
    return None, "it is neither true nor false"


def _why(part: Part, error: Exception) -> str:
    if isinstance(error, KeyError):
        missing = str(error.args[0]) if error.args else ""
        named = next((each for each in part.fields if each.endswith(f".{missing}")), missing)
        return f"{named} is not known"
    return f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"


def shown(value: object) -> str | None:
    """Return a value as it is told beside a part that did not hold; None where it is too much."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 80 else f'"{value[:77]}..."'
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        told = ", ".join(value[:4]) + (", ..." if len(value) > 4 else "")
        return f"[{told}]" if len(told) <= 120 else None
    return None


def readings(part: Part, facts: Mapping[str, Any]) -> list[str]:
    """Tell the values that a part has read: ``alert.severity is "low"``."""
    found = []
    for field in part.fields[:3]:
        name, _, key = field.partition(".")
        told = shown(facts.get(name, {}).get(key)) if key in facts.get(name, {}) else None
        if told is not None:
            found.append(f"{field} is {told}")
    return found


def _blanked(text: str) -> str:
    """Return the expression with blanks in the place of its texts and comments."""
    return _TEXTS.sub(lambda match: " " * len(match.group()), text)


def _split(expression: str) -> list[str]:
    bare, depth, begin = _blanked(expression), 0, 0
    pieces = []
    for at, sign in enumerate(bare):
        if sign in _OPENS:
            depth += 1
        elif sign in _CLOSES:
            depth -= 1
        elif depth == 0 and (sign == "?" or bare.startswith("||", at)):
            return [_one_line(expression)]
        elif depth == 0 and bare.startswith("&&", at):
            pieces.append(expression[begin:at])
            begin = at + 2
    return [_one_line(piece) for piece in (*pieces, expression[begin:])]


def _one_line(text: str) -> str:
    """Bring an expression onto one line; a comment of its own would swallow the rest."""
    bare = _TEXTS.sub(
        lambda match: "" if match.group().startswith("//") else match.group(), text
    ).strip()
    return bare if "'''" in bare or '"""' in bare else " ".join(bare.split())

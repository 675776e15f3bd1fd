"""On which line of a TOML file each key stands: the standard parser does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from config.problems import Key

# Grammar: https://toml.io/en/v1.0.0. The text has been parsed before, so it is known to be valid.
_TOKEN = re.compile(
    r'''
      (?P<string> """(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?\'{3,5}
                | "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
    | (?P<comment> \#[^\n]* )
    | (?P<newline> \n )
    | (?P<bare> [A-Za-z0-9_-]+ )
    | (?P<mark> [\[\]{}=] )
    | (?P<other> . )
    ''',
    re.VERBOSE | re.DOTALL,
)


def key_lines(text: str) -> dict[Key, int]:
    """Return the line (from 1) of each table and key of ``text``, a valid TOML document.

    Keys inside inline tables and lists stand where their key begins; they are not listed.
    """
    reader = _Reader()
    reader.read(text)
    return reader.lines


def repeated(text: str) -> tuple[Key, int, int] | None:
    """Return the first key or table that ``text`` gives twice, and the lines of both.

    ``text`` need be a valid TOML document only as far as that.
    """
    reader = _Reader()
    reader.read(text)
    return reader.repeated


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[Key, int] = {}
        self.repeated: tuple[Key, int, int] | None = None
        self.table: Key = ()
        self.counts: dict[Key, int] = {}

    def read(self, text: str) -> None:
        for line, tokens in _statements(text):
            self._statement(line, tokens)

    def _statement(self, line: int, tokens: list[tuple[str, str]]) -> None:
        marks = [token for kind, token in tokens[:2] if kind == "mark"]
        if tokens[0] == ("mark", "["):
            parts = _parts(tokens)
            self.table = self._resolved(parts, opens=marks == ["[", "["])
            self._stands(self.table, line)
            return
        parts = _parts(tokens[: tokens.index(("mark", "="))])
        self._stands((*self.table, *parts), line)

    def _stands(self, key: Key, line: int) -> None:
        first = self.lines.setdefault(key, line)
        if first != line and self.repeated is None:
            self.repeated = key, first, line

    def _resolved(self, parts: list[str], *, opens: bool) -> Key:
        """Number the lists of tables on the way: ``[[a]] [a.b]`` is ``a.0.b``."""
        key: Key = ()
        for position, part in enumerate(parts):
            key = (*key, part)
            if opens and position == len(parts) - 1:
                self.counts[key] = self.counts.get(key, -1) + 1
            if key in self.counts:
                key = (*key, self.counts[key])
        return key


def _statements(text: str) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield each header and each ``key = value`` with the line it begins on."""
    line, depth, started = 1, 0, 1
    tokens: list[tuple[str, str]] = []
    in_value = False
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup or "other", match.group()
        if kind == "newline" and depth == 0:
            if tokens:
                yield started, tokens
            tokens, in_value = [], False
        elif kind in {"string", "bare", "mark"}:
            if not tokens:
                started = line
            if in_value:
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0) if kind == "mark" else 0
            tokens.append((kind, token))
            in_value = in_value or match["mark"] == "="
        line += token.count("\n")
    if tokens:
        yield started, tokens


def _parts(tokens: list[tuple[str, str]]) -> list[str]:
    return [
        str(tomllib.loads(f"key = {token}")["key"]) if kind == "string" else token
        for kind, token in tokens
        if kind in {"string", "bare"}
    ]

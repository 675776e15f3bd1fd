"""Filter expressions of both vendors, to a predicate over plain JSON.

OData as Graph takes it (paths with `/`, quotes doubled, `any` lambdas) and SCIM as Okta takes
it (paths with `.`, double quotes, `pr`, `sw`, `co`). Text is compared without case, as Graph and
Okta's `search` do, or with it, as Okta's `filter` does (Okta Users API, listUsers).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simulator.clock import parse_time

Predicate = Callable[[dict[str, Any]], bool]
_Node = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?) |
        (?P<single>'(?:[^']|'')*') |
        (?P<double>"(?:[^"\\]|\\.)*") |
        (?P<word>[A-Za-z_@][\w.@/\-]*) |
        (?P<number>-?\d+) |
        (?P<sign>[(),:])
    )""",
    re.VERBOSE,
)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "sw": lambda a, b: str(a).startswith(str(b)),
    "ew": lambda a, b: str(a).endswith(str(b)),
    "co": lambda a, b: str(b) in str(a),
}
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}


class BadFilterError(ValueError):
    """The filter cannot be read."""


def compile_filter(text: str, *, cased: bool = False) -> Predicate:
    """A filter in either dialect to a predicate; BadFilterError when it is not one."""
    return _Parser(text, cased).parse()


class _Parser:
    def __init__(self, text: str, cased: bool) -> None:
        self.cased = cased
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if not match or not match.lastgroup:
                raise BadFilterError(text[position:])
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            position = match.end()
        self.at = 0

    def parse(self) -> Predicate:
        node = self._either()
        if self.at < len(self.tokens):
            raise BadFilterError(self.tokens[self.at][1])
        return node

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise BadFilterError("the filter ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, sign: str) -> None:
        if self._next()[1] != sign:
            raise BadFilterError(f"{sign} is missing")

    def _either(self) -> _Node:
        nodes = [self._both()]
        while self._peek().lower() == "or":
            self._next()
            nodes.append(self._both())
        return lambda doc: any(node(doc) for node in nodes)

    def _both(self) -> _Node:
        nodes = [self._single()]
        while self._peek().lower() == "and":
            self._next()
            nodes.append(self._single())
        return lambda doc: all(node(doc) for node in nodes)

    def _single(self) -> _Node:
        kind, text = self._next()
        if text == "(":
            inner = self._either()
            self._expect(")")
            return inner
        if kind != "word":
            raise BadFilterError(text)
        if text.lower() == "not":
            node = self._single()
            return lambda doc: not node(doc)
        if self._peek() == "(":
            return self._call(text)
        return self._comparison(text)

    def _call(self, name: str) -> _Node:
        self._expect("(")
        if name.endswith("/any"):
            variable = self._next()[1]
            self._expect(":")
            inner = self._either()
            self._expect(")")
            path = name.removesuffix("/any")
            return lambda doc: any(inner({**doc, variable: item}) for item in _reach(doc, path))
        operator = {"startswith": "sw", "endswith": "ew", "contains": "co"}.get(name.lower())
        if operator is None:
            raise BadFilterError(name)
        path = self._next()[1]
        self._expect(",")
        wanted = self._literal()
        self._expect(")")
        return lambda doc: self._compare(_reach(doc, path), operator, wanted)

    def _comparison(self, path: str) -> _Node:
        operator = self._next()[1].lower()
        if operator == "pr":
            return lambda doc: any(v is not None for v in _reach(doc, path))
        if operator not in _ORDER:
            raise BadFilterError(operator)
        wanted = self._literal()
        return lambda doc: self._compare(_reach(doc, path), operator, wanted)

    def _compare(self, values: list[Any], operator: str, wanted: Any) -> bool:  # noqa: ANN401
        for value in values:
            left, right = _alike(value, self.cased), _alike(wanted, self.cased)
            if type(left) is not type(right) and operator not in ("eq", "ne"):
                continue
            if _ORDER[operator](left, right):
                return True
        return False

    def _literal(self) -> Any:  # noqa: ANN401 - a JSON scalar
        kind, token = self._next()
        if kind == "single":
            return token[1:-1].replace("''", "'")
        if kind == "double":
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if kind == "number":
            return int(token)
        if token.lower() in _CONSTANTS:
            return _CONSTANTS[token.lower()]
        if kind == "time":
            return token
        raise BadFilterError(token)


def _reach(doc: Any, path: str) -> list[Any]:  # noqa: ANN401 - any JSON
    """Every value the path leads to; lists on the way are walked through."""
    found = [doc]
    for step in re.split(r"[/.]", path):
        found = [v.get(step) for v in found if isinstance(v, dict)]
        found = [x for v in found for x in (v if isinstance(v, list) else [v])]
    return found or [None]


def _alike(value: Any, cased: bool) -> Any:  # noqa: ANN401
    """Instants as numbers and text with or without case, so that they compare as vendors do."""
    if not isinstance(value, str):
        return value
    moment = parse_time(value) if re.match(r"\d{4}-\d\d-\d\d", value) else None
    if moment is not None:
        return moment
    return value if cased else value.casefold()

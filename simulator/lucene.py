"""The part of Lucene's query syntax that Auth0's log search takes, to a predicate over events.

Source: Auth0, log search query syntax: only these fields are searchable, fields are not tokenized, case
counts, `[` and `]` include, `{` and `}` exclude.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from simulator.clock import parse_time

Predicate = Callable[[dict[str, Any]], bool]
_FIELDS = frozenset(
    [
        "client_id",
        "client_name",
        "connection",
        "connection_id",
        "description",
        "date",
        "hostname",
        "ip",
        "log_id",
        "organization_id",
        "user_id",
        "user_name",
        "user_agent",
        "strategy",
        "strategy_type",
        "type",
    ]
)
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>[()]) |
        (?P<word>AND|OR|NOT)(?=[\s(]) |
        (?P<field>[a-z_.]+): (?:
            (?P<opens>[\[{])(?P<least>\S+)\ TO\ (?P<most>[^\s\]}]+)(?P<closes>[\]}]) |
            (?P<text>"(?:[^"\\]|\\.)*") |
            (?P<bare>[^\s()"]+)
        )
    )""",
    re.VERBOSE,
)


class BadQueryError(ValueError):
    """The query cannot be read."""


def compile_query(text: str) -> Predicate:
    """A query to a predicate; an empty one lets everything through.

    Raises:
        BadQueryError: it is none, or asks for a field that is not searchable.
    """
    if not text.strip():
        return lambda _: True
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[re.Match[str]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise BadQueryError(text[position : position + 20])
            self.tokens.append(found)
            position = found.end()

    def parse(self) -> Predicate:
        read = self.either()
        if self.tokens:
            raise BadQueryError(self.tokens[0][0])
        return read

    def took(self, group: str, value: str) -> bool:
        if not self.tokens or self.tokens[0][group] != value:
            return False
        self.tokens.pop(0)
        return True

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.took("word", "OR"):
            parts.append(self.both())
        return lambda event: any(part(event) for part in parts)

    def both(self) -> Predicate:
        parts = [self.single()]
        while self.took("word", "AND"):
            parts.append(self.single())
        return lambda event: all(part(event) for part in parts)

    def single(self) -> Predicate:
        if self.took("word", "NOT"):
            denied = self.single()
            return lambda event: not denied(event)
        if self.took("sign", "("):
            inner = self.either()
            if not self.took("sign", ")"):
                raise BadQueryError("a bracket is not closed")
            return inner
        if not self.tokens or not self.tokens[0]["field"]:
            raise BadQueryError("a term is missing")
        return _term(self.tokens.pop(0))


def _term(token: re.Match[str]) -> Predicate:
    field = token["field"]
    if field not in _FIELDS:
        raise BadQueryError(f"{field} is not searchable")
    if token["opens"]:
        return _between(token)
    if token["text"]:
        exact = json.loads(token["text"])
        return lambda event: event.get(field) == exact
    bare = token["bare"]
    if bare.endswith("*"):
        return lambda event: str(event.get(field, "")).startswith(bare[:-1])
    return lambda event: event.get(field) == bare


def _between(token: re.Match[str]) -> Predicate:
    field, opens, closes = token["field"], token["opens"], token["closes"]
    least, most = (_bound(token[name]) for name in ("least", "most"))

    def within(event: dict[str, Any]) -> bool:
        value = parse_time(str(event.get(field)))
        if value is None:
            return False
        low = least is None or value > least or (opens == "[" and value == least)
        high = most is None or value < most or (closes == "]" and value == most)
        return low and high

    return within


def _bound(text: str) -> float | None:
    if text == "*":
        return None
    moment = parse_time(text)
    if moment is None:
        raise BadQueryError(f"{text} is no time")
    return moment

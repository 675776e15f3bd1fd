"""Any detector that can post JSON: JMESPath expressions say where each field stands.

JMESPath: specification at https://jmespath.org. A source's ``mapping`` takes an Alert field to an
expression; ``person.<kind of identifier>`` names the victim; ``items`` names the list of findings
where one request carries several (the other expressions then start at one item).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime

import jmespath
from jmespath import exceptions as errors
from pydantic import JsonValue

from config.settings import Source
from detectors import fields, persons
from detectors.alert import SOUGHT, Alert, IdKind, NotUnderstood, Person, PersonId, Role, Signal
from detectors.batch import Finding, each
from detectors.detector import Detector
from detectors.signals import is_technique, signal_of

#: Only what a person can be looked for by: a mapping's findings are always acted upon.
_ID_KEYS = {f"person.{kind}": kind for kind in IdKind if kind in SOUGHT}
_NAME_KEY = "person.display_name"
_TEXTS = ("title", "rule", "severity", "confidence")
_LISTS = (
    "ips", "session_ids", "token_ids", "app_ids", "user_agents", "attack",
    "actor_app_ids", "request_ids", "correlation_ids",
)  # fmt: skip
#: Every key a mapping may have.
KEYS = (
    *_ID_KEYS, _NAME_KEY, *_TEXTS, *_LISTS,
    "event_id", "occurred_at", "last_seen_at", "signal", "tenant_hint", "items",
)  # fmt: skip
_EXPRESSION_LIMIT = 1000


def check_mapping(mapping: Mapping[str, str]) -> list[str]:
    """List what is wrong with a mapping, for whoever writes the settings; nothing if it can be used."""
    problems = [
        f"{key!r} is no field of an alert; {_meant(key)}" for key in mapping if key not in KEYS
    ]
    for key, expression in mapping.items():
        reason = _broken(expression)
        if reason:
            problems.append(f"{key}: {reason}")
    if not any(key in _ID_KEYS for key in mapping):
        problems.append("nothing names the person: give at least one of " + ", ".join(_ID_KEYS))
    return problems


def _meant(key: str) -> str:
    close = difflib.get_close_matches(key, KEYS, 1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(KEYS)}"


def _broken(expression: str) -> str | None:
    if len(expression) > _EXPRESSION_LIMIT:
        return f"the expression is longer than {_EXPRESSION_LIMIT} characters"
    try:
        jmespath.compile(expression).search({})
    except (errors.UnknownFunctionError, errors.ArityError) as error:
        return f"the expression cannot be used: {error}"
    except errors.JMESPathTypeError:
        return None  # an empty object holds nothing a function could take
    except errors.JMESPathError as error:
        first = str(error).splitlines()[0].rstrip(":")
        return f"the expression is not JMESPath: {first}"
    return None


def parse(payload: JsonValue, source: str, settings: Source) -> tuple[Finding, ...]:
    """Read one finding, or as many as ``items`` finds, by the source's mapping.

    ``event_id`` is what is mapped to it, else the hash of the finding itself: the same finding sent
    again is the same. A finding whose title, event id or every identifier of the person is missing where
    the mapping looks for it, or with a value that is not what its field takes, is a ``NotUnderstood`` in
    its place.

    Raises:
        NotUnderstood: the mapping cannot be used, or finds no list of findings.
    """
    mapping = settings.mapping
    problems = check_mapping(mapping)
    if problems:
        raise NotUnderstood(
            f"the mapping of source {source} cannot be used: {problems[0]}",
            f"Correct sources.{source}.mapping; `rescind config check` lists what is wrong.",
        )
    items = [payload]
    if "items" in mapping:
        found = _Item(payload, mapping, source).found("items")
        if not isinstance(found, list):
            raise _missing("items", mapping, source, "no list")
        items = found
    return each(items, lambda item: _Item(item, mapping, source).alert())


def looks(payload: JsonValue, mapping: Mapping[str, str]) -> dict[str, str]:
    """Say, for whoever writes a mapping, what each expression finds in a sample.

    With ``items`` the other expressions are tried on its first finding.
    """
    said: dict[str, str] = {}
    item, listed = payload, True
    if "items" in mapping:
        found = _try(mapping["items"], payload)
        if isinstance(found, Exception):
            said["items"] = f"cannot be used: {found}"
        elif isinstance(found, list):
            said["items"] = f"a list of {len(found)}"
            item = found[0] if found else None
        else:
            said["items"] = f"no list; {_near(mapping['items'], payload)}"
        listed = isinstance(found, list)
    for key, expression in mapping.items():
        if key == "items":
            continue
        if not listed:
            said[key] = "not tried: items finds no list"
            continue
        found = _try(expression, item)
        if isinstance(found, Exception):
            said[key] = f"cannot be used: {found}"
        elif found in (None, "", [], {}):
            said[key] = f"nothing; {_near(expression, item)}"
        else:
            said[key] = fields.text(json.dumps(found, ensure_ascii=False), 160)
    return said


def _try(expression: str, value: JsonValue) -> JsonValue | errors.JMESPathError:
    try:
        found: JsonValue = jmespath.search(expression, value)
    except errors.JMESPathError as error:
        return error
    return found


def _near(expression: str, value: JsonValue) -> str:
    """Say how far a path leads into a value, and what stands where it ends."""
    steps = re.findall(r'"[^"]+"|\w+|\[\d*\]|\[\*\]', expression)
    at = "the payload"
    for step in steps:
        name = step.strip('"')
        if isinstance(value, list):
            if not step.startswith("["):
                return f"{at} is a list: write [0] or [] behind it"
            digits = step.strip("[]*")
            place = int(digits) if digits else 0
            value = value[place] if place < len(value) else None
            continue
        if not isinstance(value, dict):
            break
        if name not in value:
            alike = difflib.get_close_matches(name, list(value), 1, 0.5)
            there = ", ".join(fields.text(key, 40) for key in list(value)[:12])
            hint = f"; did you mean {alike[0]}? It" if alike else "; it"
            return f"{at} has no {name}{hint} has: {there or 'nothing'}"
        at, value = f"`{name}`", value[name]
    return f"{at} holds {'nothing' if value in (None, '', [], {}) else type(value).__name__}"


class _Item:
    """One finding, read through the mapping."""

    def __init__(self, value: JsonValue, mapping: Mapping[str, str], source: str) -> None:
        self._value = value
        self._mapping = mapping
        self._source = source

    def found(self, key: str) -> JsonValue:
        """What the expression of ``key`` finds."""
        try:
            found: JsonValue = jmespath.search(self._mapping[key], self._value)
        except errors.JMESPathError:
            raise self._unfit(key, "a value its function cannot take") from None
        return found

    def value(self, key: str) -> JsonValue:
        """What the mapping finds for ``key``; None where it is not mapped, not there or empty."""
        found = self.found(key) if key in self._mapping else None
        return None if found in ("", [], {}) else found

    def alert(self) -> Alert:
        title = self._text("title", required=True) or f"Alert from {self._source}"
        attack = fields.unique(fields.text(value, 60) for value in _listed(self.value("attack")))
        return Alert(
            source=self._source,
            kind="generic",
            event_id=self._event_id(),
            named="event_id" in self._mapping,
            title=title,
            rule=self._text("rule") or None,
            severity=self._text("severity").lower() or "unknown",
            confidence=self._text("confidence").lower() or None,
            occurred_at=self._moment("occurred_at"),
            last_seen_at=self._moment("last_seen_at"),
            persons=self._persons(),
            session_ids=self._identifiers("session_ids"),
            token_ids=self._identifiers("token_ids"),
            ips=self._addresses(),
            user_agents=fields.unique(
                fields.text(value) for value in _listed(self.value("user_agents"))
            ),
            app_ids=self._identifiers("app_ids"),
            actor_app_ids=self._identifiers("actor_app_ids"),
            request_ids=self._identifiers("request_ids"),
            correlation_ids=self._identifiers("correlation_ids"),
            attack=attack,
            tenant_hint=fields.identifier(self.value("tenant_hint")),
            signal=self._signal(title, attack),
            why="The detector says so.",
        )

    def _text(self, key: str, *, required: bool = False) -> str:
        if key not in self._mapping:
            return ""
        found = self.value(key)
        if found is None:
            if required:
                raise _missing(key, self._mapping, self._source)
            return ""
        cleaned = fields.text(found)
        if not cleaned:
            raise self._unfit(key, "something other than text")
        return cleaned

    def _event_id(self) -> str:
        if "event_id" not in self._mapping:
            return _digest(self._value)
        found = self.value("event_id")
        if found is None:
            raise _missing("event_id", self._mapping, self._source)
        plain = fields.identifier(found)
        if plain is None and isinstance(found, str | list | dict):
            # Too long or of several parts: still the same each time.
            return _digest(found)
        if plain is None:
            raise self._unfit("event_id", "something other than text")
        return plain

    def _moment(self, key: str) -> datetime | None:
        found = self.value(key)
        if found is None:
            return None
        when = fields.moment(found)
        if when is None:
            raise self._unfit(key, "no time (ISO 8601, or seconds since 1970)")
        return when

    def _addresses(self) -> tuple[str, ...]:
        return fields.unique(fields.address(value) for value in _listed(self.value("ips")))

    def _identifiers(self, key: str) -> tuple[str, ...]:
        return fields.unique(fields.identifier(value) for value in _listed(self.value(key)))

    def _signal(self, title: str, attack: tuple[str, ...]) -> Signal:
        said = self._text("signal")
        if said in set(Signal):
            return Signal(said)
        return signal_of(f"{said} {title}".strip(), filter(is_technique, attack))

    def _persons(self) -> tuple[Person, ...]:
        """One person, or as many as the expressions find side by side."""
        columns: dict[str, list[JsonValue]] = {}
        for key in (*_ID_KEYS, _NAME_KEY):
            found = self.value(key)
            if found is not None:
                columns[key] = found if isinstance(found, list) else [found]
        ids = {key: column for key, column in columns.items() if key in _ID_KEYS}
        if not ids:
            mapped = [key for key in _ID_KEYS if key in self._mapping]
            raise _missing(mapped[0], self._mapping, self._source, others=mapped[1:])
        count = len(next(iter(ids.values())))
        for key, column in columns.items():
            if len(column) != count:
                raise NotUnderstood(
                    f"the expressions of the person find lists of different lengths ({key})",
                    f"Map sources.{self._source}.mapping.items to the list of findings, so that "
                    "each has one person, or make the expressions find one value each.",
                )
        return persons.merged(self._person(columns, index) for index in range(count))

    def _person(self, columns: Mapping[str, list[JsonValue]], index: int) -> Person:
        ids: list[PersonId] = []
        for key, kind in _ID_KEYS.items():
            value = columns[key][index] if key in columns else None
            if value in (None, ""):
                continue
            try:
                ids.append(persons.person_id(kind, value))
            except persons.Unusable as error:
                raise self._unfit(key, f"a value that cannot be used: {error.reason}") from None
        if not ids:
            raise NotUnderstood(
                f"person {index + 1} has no identifier",
                f"Look at the person expressions of sources.{self._source}.mapping.",
            )
        name = fields.text(columns[_NAME_KEY][index], 200) if _NAME_KEY in columns else ""
        return Person(role=Role.VICTIM, ids=tuple(ids), display_name=name or None)

    def _unfit(self, key: str, what: str) -> NotUnderstood:
        return NotUnderstood(
            f"{key}: the expression {_quoted(self._mapping[key])} finds {what}",
            f"Correct sources.{self._source}.mapping, or what the detector sends.",
        )


def _missing(
    key: str,
    mapping: Mapping[str, str],
    source: str,
    what: str = "nothing",
    others: list[str] | None = None,
) -> NotUnderstood:
    also = "".join(f"; {other}: {_quoted(mapping[other])} neither" for other in others or [])
    return NotUnderstood(
        f"{key}: the expression {_quoted(mapping[key])} finds {what} in the payload{also}",
        f"Correct sources.{source}.mapping.{key}, or have the detector send the value.",
    )


def _quoted(expression: str) -> str:
    return f"`{fields.text(expression, 120)}`"


def _listed(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _digest(value: JsonValue) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


DETECTOR = Detector(
    kind="generic",
    title="Any JSON, by a mapping of your own",
    documentation=("https://jmespath.org/specification.html",),
    parse=parse,
    takes_mapping=True,
)

"""Damaging an event, and what has to hold of what is read from it all the same.

A damage drops a part, gives it another type, wraps it, cuts it off or respells its key. It never moves a
value from one place to another: whose place is whose stays as it was.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from detectors.alert import Alert, NotUnderstood, Role

#: Stands in every text that a damage brings in, and in no event.
MARK = "zqxj"
_DEEP: Any = MARK
for _ in range(58):
    _DEEP = [_DEEP] if _ % 2 else {"value": _DEEP}
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**20, 1.5, "", " ", "-", [], {}, [[]], [None], [{}], {"a": {"b": 1}}, "{", "[]",
    '{"user": 1}', "@", "\u202e", "\ud800", "\x00", MARK, f"{MARK}@example.com", f"X\\{MARK}", "ä€𝄞" * 20,
    f"{MARK} " * 2000, [MARK, MARK], {"id": MARK, "name": MARK, "email": f"{MARK}@example.com"}, _DEEP,
)  # fmt: skip
#: How a damage is named in a step, and what it makes of a value.
_CHANGES: tuple[Callable[[Any], Any], ...] = (
    lambda value: [value],
    lambda value: {"value": value},
    lambda value: {"0": value} if isinstance(value, list) else [value, value],
    lambda value: str(value) if not isinstance(value, str) else list(value[:50]),
    lambda value: json.dumps(value) if isinstance(value, dict | list) else value,
    lambda value: value[: len(value) // 2] if isinstance(value, str | list) else {},
    lambda value: list(value.values()) if isinstance(value, dict) else None,
)
_RESPELL: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.lower,
    lambda key: "".join(f"_{each.lower()}" if each.isupper() else each for each in key).strip("_"),
    lambda key: key + MARK,
)
#: So many ways there are to damage a place.
WAYS = 3 + len(JUNK) + len(_CHANGES) + len(_RESPELL)
_A_PERSON = 3 + next(
    number for number, junk in enumerate(JUNK) if isinstance(junk, dict) and "email" in junk
)
#: Placeholders: what is brought in there stands where a vendor would put a name.
_EMPTY = ("", "-", "n/a", "unknown", "none", "null")


def damaged(event: Any, steps: Iterable[tuple[int, int]], people: set[str]) -> tuple[Any, bool]:
    """Damage a copy of an event by steps (a place's number, a way's number).

    Returns:
        The copy, and whether a text was brought in where a person of ``people`` (or nobody) stood, or a
        person as an object where an object stood: what is read from there may then be taken for a person.
    """
    holder = [copy.deepcopy(event)]
    named = False
    for turn, (number, way) in enumerate(steps):
        there = list(places(holder))
        if not there:
            break
        inside, key = there[number % len(there)]
        named = named or _is_of(inside[key], people)
        # an object with a name and an address, in the place of an object, is what a vendor says a person by
        named = named or (isinstance(inside[key], dict) and way % WAYS == _A_PERSON)
        _apply(inside, key, way % WAYS, turn)
    return (holder[0] if holder else None), named


def _apply(inside: Any, key: Any, way: int, turn: int) -> None:
    if way < 3:
        del inside[key]
    elif way < 3 + len(JUNK):
        inside[key] = _of_its_own(JUNK[way - 3], turn)
    elif way < 3 + len(JUNK) + len(_CHANGES):
        inside[key] = _CHANGES[way - 3 - len(JUNK)](inside[key])
    elif isinstance(inside, dict):
        inside[_RESPELL[way - 3 - len(JUNK) - len(_CHANGES)](str(key))] = inside.pop(key)


def _of_its_own(junk: Any, turn: int) -> Any:
    """Copy junk, marked by its turn: one id brought in twice would say that two people are one."""
    if isinstance(junk, dict):
        return {key: _of_its_own(inner, turn) for key, inner in junk.items()}
    if isinstance(junk, list):
        return [_of_its_own(inner, turn) for inner in junk]
    return junk.replace(MARK, f"{MARK}{turn}") if isinstance(junk, str) else junk


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a value: what it is in, and under which key or number."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    for key, inner in pairs:
        yield value, key
        yield from places(inner)


def _is_of(value: Any, people: set[str]) -> bool:
    """Whether a part holds a person's name or a placeholder for one."""
    for text in leaves(value):
        plain = text.strip().casefold()
        if plain in _EMPTY or any(plain in name or name in plain for name in people):
            return True
    return value is None or value in ([], {})


def leaves(value: Any) -> Iterator[str]:
    """Yield every text and number of a value, text that is JSON or a token also opened."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value
        yield from _opened(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _opened(text: str) -> Iterator[str]:
    if text[:1] in ("{", "["):
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return
        yield from leaves(inner)
    for part in text.split(".") if text.count(".") == 2 else ():
        try:
            yield base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")
        except ValueError:
            continue


@dataclass(frozen=True)
class Cast:
    """Who is in an unspoilt event: each in one role only. ``apps``: applications, by id and name."""

    victims: frozenset[str]
    actors: frozenset[str]
    bystanders: frozenset[str]
    apps: frozenset[str]

    @property
    def everybody(self) -> set[str]:
        return {*self.victims, *self.actors, *self.bystanders, *self.apps}


def cast_of(findings: Iterable[Any]) -> Cast:
    """Name everybody of an unspoilt event's findings, by every identifier and name, case aside."""
    found: dict[Role, set[str]] = {role: set() for role in Role}
    apps: set[str] = set()
    for alert in findings:
        if isinstance(alert, Alert):
            apps.update(each.casefold() for each in alert.app_ids)
            apps.update((each.name or "").casefold() for each in alert.apps)
            for person in alert.persons:
                names = [each.value for each in person.ids] + [person.display_name or ""]
                found[person.role].update(name.casefold() for name in names)
    victims, actors = found[Role.VICTIM] - {""}, found[Role.ACTOR] - {""}
    bystanders = found[Role.BYSTANDER] - {""} - victims - actors
    others = apps - {""} - victims - actors - bystanders
    return Cast(
        frozenset(victims), frozenset(actors - victims), frozenset(bystanders), frozenset(others)
    )


def wrongs(
    findings: Iterable[Any], event: Any, cast: Cast, *, named: bool, nobodies: Iterable[str] = ()
) -> list[str]:
    """Say what is wrong with what was read from a damaged event; nothing if all holds.

    1. Nothing but ``NotUnderstood`` comes out, and that not for an adapter's fault.
    2. A victim is told by what stands in the event: the whole identifier, or, where an adapter joins
       them, each part of it.
    3. An application is never a victim.
    4. Whoever merely acted on somebody else, or was a bystander, is never the victim of what is acted upon.
    5. Text from a place where nobody stood never becomes a victim.
    6. What is acted upon names a victim who can be looked for.
    7. The alert can be kept: it is JSON, its id is no longer than 200 characters, and it says why.
    8. Whoever plays no part at all (an analyst, a sender, a service: ``nobodies``) is never a victim of
       what is acted upon.
    """
    there = "\n".join(leaves(event)).casefold()
    there += unquote(there)
    said: list[str] = []
    for alert in findings:
        if isinstance(alert, NotUnderstood):
            if "failed on the payload" in alert.reason or "not make an alert" in alert.reason:
                said.append(f"1: {alert.reason}")
            continue
        victims = {each.value.casefold() for person in alert.victims for each in person.ids}
        said += [f"2: {one!r} stands nowhere" for one in victims if not _stands(one, there)]
        said += [f"3: {one!r} became a victim" for one in victims & cast.apps]
        if alert.actionable:
            said += [f"4: {one!r} acted" for one in victims & cast.actors]
            said += [f"4: {one!r} was a bystander" for one in victims & cast.bystanders]
            said += [f"8: {one!r} plays no part" for one in nobodies if one in victims]
            if not any(person.can_be_sought for person in alert.victims):
                said.append("6: it is acted upon, and on nobody")
        if not named:
            said += [f"5: {one[:60]!r} is a victim" for one in victims if MARK in one]
        alert.model_dump_json().encode()
        if len(alert.event_id) > 200 or not alert.why:
            said.append("7: no id that can be kept, or no reason")
    return said


def _stands(name: str, there: str) -> bool:
    if name in there or name in there.replace("\\\\", "\\"):
        return True
    parts = [part for part in name.replace("\\", "@").split("@") if part]
    return all(part in there for part in parts)

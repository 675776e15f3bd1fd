"""What traces and watches have found, as a person reads it: where from, what, who else, and all of it in time.

Pure: the evidence kept with steps in, words out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_Item = Mapping[str, Any]
#: The lists of log entries that a trace and a watch keep.
_ENTRIES = ("timeline", "drift", "expected")
_FROM_THERE, _DRIFT, _EXPECTED = "from the thief's place", "after containment", "expected"


@dataclass(frozen=True, slots=True)
class Finding:
    """A heading and what stands under it."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """One log entry as a line: when, at which system, what, by whom about whom, from where, into what.

    ``mark`` says why it matters, and is empty where it may be the person's own.
    """

    at: str
    system: str
    what: str
    who: str
    where: str
    app: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """The findings of all systems, and one timeline of them, oldest first."""

    findings: tuple[Finding, ...] = ()
    timeline: tuple[Happened, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.findings or self.timeline)


def of_step(before: object) -> _Item | None:
    """The evidence in what a step has observed; None where it is no trace's and no watch's."""
    snapshot = before.get("snapshot") if isinstance(before, Mapping) else None
    if not isinstance(snapshot, Mapping):
        return None
    return snapshot if any(name in snapshot for name in _ENTRIES) else None


def story(found: Iterable[tuple[str, _Item]]) -> Story:
    """Tell it.

    Args:
        found: the evidence of each step, with the system it read.
    """
    told = list(found)
    # What several steps have read is told once, by the first word there is for it.
    lines: dict[tuple[str, ...], Happened] = {}
    for system, snapshot in told:
        for happened, known_as in _happened(system, snapshot):
            key = (system, known_as or "", happened.at, happened.what)
            if key not in lines or not lines[key].mark:
                lines[key] = happened
    timeline = sorted(lines.values(), key=lambda line: line.at)
    return Story(tuple(finding for each in told for finding in _findings(*each)), tuple(timeline))


def _happened(system: str, snapshot: _Item) -> Iterator[tuple[Happened, str | None]]:
    thief = {*_texts(snapshot.get("thief_ips"))}
    thief.update(str(source.get("ip")) for source in _items(snapshot, "sources"))
    marks = {"timeline": "", "drift": _DRIFT, "expected": _EXPECTED}
    for name in _ENTRIES:
        for entry in _items(snapshot, name):
            mark = _FROM_THERE if entry.get("ip") in thief else marks[name]
            yield _line(system, entry, mark), _text(entry, "id")


def _line(system: str, entry: _Item, mark: str) -> Happened:
    outcome = _text(entry, "outcome")
    what = _text(entry, "event") or "an entry"
    return Happened(
        at=_moment(entry.get("at")),
        system=system,
        what=what if outcome in (None, "success") else f"{what} ({outcome})",
        who=_who(entry),
        where=_place(entry),
        app=_text(entry, "app") or "",
        mark=mark,
    )


def _findings(system: str, snapshot: _Item) -> Iterator[Finding]:
    sections = (
        ("the session was opened", "roots", _root),
        ("replayed or used from", "sources", _source),
        ("apps entered from there", "apps", _app),
        ("changed since", "changes", _change),
        ("seen from there, too", "others", _other),
    )
    for heading, name, tell in sections:
        items = _items(snapshot, name)
        if items:
            yield Finding(f"{system}: {heading}", tuple(tell(item) for item in items))


def _root(entry: _Item) -> str:
    told = [_moment(entry.get("at")), f"from {_place(entry)}", _text(entry, "event")]
    told += [_text(entry, "agent"), _text(entry, "device"), _text(entry, "app")]
    return _joined(told)


def _source(source: _Item) -> str:
    told = [
        _place(source),
        _span(source),
        _named("by", source.get("events")),
        _named("agent", source.get("agents")),
        _named("device", source.get("devices")),
        _named("other than where it was given:", source.get("differs")),
    ]
    return _joined(told)


def _app(app: _Item) -> str:
    return _joined([_text(app, "app"), _span(app)])


def _change(entry: _Item) -> str:
    there = "from the thief's place" if entry.get("from_source") is True else None
    told = [_moment(entry.get("at")), _text(entry, "event"), _text(entry, "app")]
    return _joined([*told, _who(entry), _place(entry), there])


def _other(other: _Item) -> str:
    name = _text(other, "name") or _text(other, "person")
    kind = "an app that signed in as itself" if other.get("is_app") is True else None
    let_in = "let in" if other.get("let_in") is True else "refused"
    return _joined([name, kind, let_in, _named("from", other.get("ips")), _span(other)])


def _who(entry: _Item) -> str:
    actor = _text(entry, "actor_name") or _text(entry, "actor") or ""
    person = _text(entry, "person_name") or _text(entry, "person") or ""
    about = person and _text(entry, "person") != _text(entry, "actor")
    return f"{actor} about {person}" if actor and about else actor or person


def _place(item: _Item) -> str:
    number = item.get("asn")
    network = _joined([f"AS{number}" if number else None, _text(item, "network")], " ")
    known = _joined([network or None, _text(item, "place")])
    ip = _text(item, "ip") or "an unknown address"
    return f"{ip} ({known})" if known else ip


def _span(item: _Item) -> str | None:
    first, last = _moment(item.get("first")), _moment(item.get("last"))
    if not first:
        return None
    times = item.get("entries")
    counted = f", {times} times" if isinstance(times, int) and times > 1 else ""
    return f"{first} to {last}{counted}" if last and last != first else f"{first}{counted}"


def _named(word: str, values: object) -> str | None:
    told = _texts(values)
    return f"{word} {', '.join(told)}" if told else None


def _joined(parts: Iterable[str | None], by: str = ", ") -> str:
    return by.join(part for part in parts if part)


def _moment(value: object) -> str:
    """A time as people read it: to the second, UTC."""
    return f"{value[:19].replace('T', ' ')}Z" if isinstance(value, str) and value else ""


def _items(snapshot: _Item, name: str) -> Sequence[_Item]:
    found = snapshot.get(name)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _texts(values: object) -> list[str]:
    found = values if isinstance(values, list | tuple) else ()
    return [_plain(str(value)) for value in found]


def _text(item: _Item, name: str) -> str | None:
    value = item.get(name)
    return _plain(value) or None if isinstance(value, str) else None


def _plain(value: str) -> str:
    # Marks that turn the direction of writing are among what a thief may call himself.
    return "".join(char for char in value if char.isprintable())

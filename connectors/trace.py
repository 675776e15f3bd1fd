"""Where a stolen session came from and where it went, told from log entries of any vendor.

Pure: entries in, findings out. A session or token is *replayed* where it is used from another address
than it was given to, and the network, the agent or the device is another, too. Another address alone
is a person who walks from one access point to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from connectors.timeline import Entry, Kind, plain

_LIKENESS = ("asn", "agent", "device")
_LET_IN = (Kind.SIGN_IN, Kind.TOKEN, Kind.APP)


@dataclass(frozen=True, slots=True)
class Named:
    """What the alert names: addresses, and sessions (their digests) or tokens."""

    ips: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Somewhere the stolen session was used from.

    ``differs`` says in what from the place it was given to; empty where only the alert says so. ``events`` are
    what the log calls its uses, with the protocol and the kind of token where it tells them.
    """

    ip: str
    asn: int | None
    network: str | None
    place: str | None
    agents: tuple[str, ...]
    devices: tuple[str, ...]
    differs: tuple[str, ...]
    first: datetime
    last: datetime
    entries: int
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Touched:
    """An app that was entered, or given tokens for, from a source."""

    app: str
    first: datetime
    last: datetime
    entries: int


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else seen from a source or in a stolen session; ``let_in``: at least once with success.

    ``is_app``: no person, but an application that signed in as itself.
    """

    person: str
    name: str | None
    ips: tuple[str, ...]
    let_in: bool
    first: datetime
    last: datetime
    entries: int
    is_app: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """What the entries tell; ``roots`` are the sign-ins that opened the stolen sessions.

    ``places`` are the addresses to ask about: the sources', and what the alert names besides, where the
    person was not seen.
    """

    handles: tuple[str, ...]
    roots: tuple[Entry, ...]
    sources: tuple[Source, ...]
    apps: tuple[Touched, ...]
    changes: tuple[Entry, ...]
    others: tuple[Other, ...]
    places: tuple[str, ...]

    @property
    def ips(self) -> tuple[str, ...]:
        """The addresses of the sources."""
        return tuple(source.ip for source in self.sources)

    def to_json(self) -> dict[str, Any]:
        """The findings as plain JSON."""
        from_there = set(self.ips)
        return {
            "roots": [entry.to_json() for entry in self.roots],
            "sources": [plain(asdict(source)) for source in self.sources],
            "apps": [plain(asdict(app)) for app in self.apps],
            "changes": [
                {**entry.to_json(), "from_source": entry.ip in from_there} for entry in self.changes
            ],
            "others": [plain(asdict(other)) for other in self.others],
        }


def trace(entries: Iterable[Entry], person: str, named: Named, ours: Collection[str] = ()) -> Trace:
    """Tell what happened.

    Args:
        entries: the person's, and others' from the same places where they were read; each once.
        person: the id of the person's account.
        named: what the alert names.
        ours: the ids under which our own changes stand in the log; those are no findings.
    """
    told = sorted(entries, key=lambda entry: entry.at)
    hers = [entry for entry in told if person in (entry.person, entry.actor)]
    used = [entry for entry in hers if _by_herself(entry, person)]
    handles = suspects(used, named)
    sources = replay_sources(used, handles, named)
    ips = {source.ip for source in sources}
    seen = {entry.ip for entry in used}
    places = (*(source.ip for source in sources), *(ip for ip in named.ips if ip not in seen))
    return Trace(
        handles,
        root_sign_ins(used, handles),
        sources,
        apps_touched(used, ips),
        changes(hers, ours),
        others(told, person, places, handles),
        places,
    )


def differs(one: Entry, other: Entry) -> tuple[str, ...]:
    """In what two entries' places differ, of what is known of both."""
    names = ("ip", *_LIKENESS)
    pairs = ((name, getattr(one, name), getattr(other, name)) for name in names)
    return tuple(name for name, a, b in pairs if a is not None and b is not None and a != b)


def replayed(given: Entry, used: Entry) -> bool:
    """Whether ``used`` comes from somewhere else than what it uses was ``given`` to."""
    unlike = differs(given, used)
    return "ip" in unlike and len(unlike) > 1


def suspects(entries: Sequence[Entry], named: Named) -> tuple[str, ...]:
    """The sessions and tokens that look stolen, oldest first.

    Those the alert names and those that were replayed; where there is none of either, those seen from
    an address the alert names.
    """
    used = _by_handle(entries)
    found = [
        handle
        for handle, uses in used.items()
        if handle in named.handles or any(replayed(_given(uses), use) for use in uses)
    ]
    seen = [h for h, uses in used.items() if any(use.ip in named.ips for use in uses)]
    return tuple(found or seen)


def root_sign_ins(entries: Sequence[Entry], handles: Collection[str]) -> tuple[Entry, ...]:
    """The first sign-in of each of these sessions that the entries tell of, oldest first."""
    found: dict[str, Entry] = {}
    for entry in entries:
        opened = entry.kind is Kind.SIGN_IN and entry.succeeded
        if opened and entry.session and entry.session in handles:
            found.setdefault(entry.session, entry)
    return tuple(found.values())


def replay_sources(
    entries: Sequence[Entry], handles: Collection[str], named: Named
) -> tuple[Source, ...]:
    """Where the sessions and tokens were replayed from, oldest first.

    An address the alert names counts, too, unless it is where one of them was given out; that counts
    where there is nothing else: then the thief may have signed in himself.
    """
    used = _by_handle(entries)
    given = {handle: _given(used[handle]) for handle in handles if handle in used}
    homes = {entry.ip for entry in given.values()}
    unlike: dict[str, set[str]] = {}
    for handle, first in given.items():
        for use in used[handle]:
            if use.ip and replayed(first, use):
                unlike.setdefault(use.ip, set()).update(differs(first, use))
    ips = unlike.keys() | {ip for ip in named.ips if ip not in homes}
    if not ips:
        ips = set(named.ips)
    return _sources([entry for entry in entries if entry.ip in ips], unlike)


def apps_touched(entries: Iterable[Entry], ips: Collection[str]) -> tuple[Touched, ...]:
    """The apps entered from these addresses with success, oldest first."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.app and entry.succeeded and entry.ip in ips and entry.kind in _LET_IN:
            found.setdefault(entry.app, []).append(entry)
    return tuple(Touched(app, *_span(uses)) for app, uses in found.items())


def changes(entries: Iterable[Entry], ours: Collection[str] = ()) -> tuple[Entry, ...]:
    """What was changed by the account or about it, but for what we did."""
    return tuple(
        entry
        for entry in entries
        if entry.kind is Kind.CHANGE and entry.succeeded and entry.actor not in ours
    )


def others(
    entries: Iterable[Entry], person: str, ips: Collection[str], handles: Collection[str]
) -> tuple[Other, ...]:
    """Who else was seen from these addresses or in these sessions, oldest first."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        there = entry.ip in ips or any(handle in handles for handle in entry.handles)
        if there and entry.person not in (None, person):
            found.setdefault(str(entry.person), []).append(entry)
    return tuple(
        Other(
            who,
            seen[0].person_name,
            tuple(sorted({entry.ip for entry in seen if entry.ip})),
            any(entry.succeeded for entry in seen),
            *_span(seen),
            is_app=any(entry.by_app for entry in seen),
        )
        for who, seen in found.items()
    )


def drift(
    entries: Iterable[Entry], person: str, since: datetime, ours: Collection[str]
) -> tuple[Entry, ...]:
    """What came about after ``since`` that a containment should have made impossible, or undoes it.

    Sign-ins, tokens and apps the account was let into, and what was changed by it or about it; not what
    we did ourselves.
    """
    told = (*_LET_IN, Kind.CHANGE)
    found = (
        entry
        for entry in entries
        if person in (entry.person, entry.actor)
        and entry.at > since
        and entry.succeeded
        and entry.kind in told
        and entry.actor not in ours
    )
    return tuple(sorted(found, key=lambda entry: entry.at))


def _by_herself(entry: Entry, person: str) -> bool:
    """Whether it was done as the person; an administrator's session that touched her is not hers."""
    return entry.actor in (person, None) or entry.kind is Kind.TOKEN


def _by_handle(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    used: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind not in (Kind.END, Kind.SIGNAL):
            for handle in entry.handles:
                used.setdefault(handle, []).append(entry)
    return used


def _given(uses: Sequence[Entry]) -> Entry:
    """The use that shows whom a session or token was given to: its sign-in, else the first there is."""
    opened = (use for use in uses if use.kind is Kind.SIGN_IN and use.succeeded)
    return next(opened, uses[0])


def _sources(entries: Iterable[Entry], unlike: dict[str, set[str]]) -> tuple[Source, ...]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(str(entry.ip), []).append(entry)
    return tuple(
        Source(
            ip,
            seen[0].asn,
            seen[0].network,
            seen[0].place,
            _each(entry.agent for entry in seen),
            _each(entry.device for entry in seen),
            tuple(sorted(unlike.get(ip, ()))),
            *_span(seen),
            events=_each(entry.event for entry in seen if entry.kind in _LET_IN),
        )
        for ip, seen in found.items()
    )


def _each(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _span(entries: Sequence[Entry]) -> tuple[datetime, datetime, int]:
    return entries[0].at, entries[-1].at, len(entries)

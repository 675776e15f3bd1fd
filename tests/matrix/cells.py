"""What can happen to a step, and what is right then: by rule, or for a named row for a given reason."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping

import pytest
from reasons import OTHERWISE, REPEATED
from rehearsals import Disturbance, Rehearsals
from scenes import Row
from trial import Ended, named, on

from simulator.faults import (
    Effect,
    Fault,
    apply_then,
    apply_then_drop,
    drop,
    forbid,
    ignore,
    throttle,
)
from simulator.journal import Entry

Cell = Callable[[Row, Rehearsals], Awaitable[int]]

#: Longer than the door waits with a worker in hand, and shorter, in seconds.
_LONG_S, _SHORT_S = 7, 1


def _right(
    row: Row, cell: str, ended: Ended, by_rule: str | tuple[str, ...], where: str = ""
) -> None:
    known = OTHERWISE.get((row.name, cell))
    rightly = known.ends if known else (by_rule,) if isinstance(by_rule, str) else by_rule
    if ended.outcome not in rightly:
        _wrong(row, cell, f"ended {ended.outcome}, not {' or '.join(rightly)}", ended, where)


def _wrong(row: Row, cell: str, what: str, ended: Ended, where: str = "") -> None:
    pytest.fail(f"{row.name}, {cell}{where and f', {where}'}: {what}\n{ended}", pytrace=False)


def _unchanged(row: Row, cell: str, ended: Ended, where: str = "") -> None:
    if ended.changed:
        _wrong(row, cell, f"it has changed {ended.changed}", ended, where)


def _as_undisturbed(row: Row, cell: str, ended: Ended, plain: Ended, where: str = "") -> None:
    """Ended as if nothing had been in its way, and with the same changes, each made once."""
    if ended.outcome != plain.outcome:
        _wrong(row, cell, f"ended {ended.outcome}, not {plain.outcome}", ended, where)
    again, _ = REPEATED.get(row.name, ("", ""))
    twice = ended.writes - plain.writes
    for change, times in twice.items():
        if times > 1 or not re.fullmatch(again, change):
            _wrong(row, cell, f"sent again: {dict(twice)}", ended, where)
    if never := plain.writes - ended.writes:
        _wrong(row, cell, f"never sent: {dict(never)}", ended, where)


def _all_changes(row: Row, plain: Ended, effect: Effect) -> tuple[Fault, ...]:
    if row.seen_at == "exchange":  # where reading is sent as changing is, from the first change on
        first = [entry.write for entry in plain.sent].index(True)
        return (Fault(effect, system=row.seen_at, skip=first),)
    methods = ("POST", "PUT", "PATCH", "DELETE")
    return tuple(Fault(effect, system=row.seen_at, method=method) for method in methods)


def _each(entries: list[Entry]) -> list[Entry]:
    """The last request of each kind."""
    return list({named(entry): entry for entry in entries}.values())


def _each_change(plain: Ended) -> Iterator[Entry]:
    yield from _each([entry for entry in plain.sent if entry.write])


async def works(row: Row, rehearsals: Rehearsals) -> int:
    ended, cell = await rehearsals.undisturbed(row), "works"
    sent = sum(ended.writes.values())
    if ended.outcome != row.ends or bool(sent) == row.reads_only:
        what = f"change something and end {row.ends}"
        _wrong(row, cell, f"it needs a scene in tests/matrix/scenes.py in which to {what}", ended)
    if row.scene.shows and sent != len(ended.changed):
        _wrong(row, cell, "it has sent what changed nothing", ended)
    return 1


async def already_so(row: Row, rehearsals: Rehearsals) -> int:
    ended = await rehearsals.rehearse(row, Disturbance(twice=True))
    _right(row, "already so", ended, "already")
    if (row.name, "already so") not in OTHERWISE:
        _unchanged(row, "already so", ended)
    return 1


async def not_there(row: Row, rehearsals: Rehearsals) -> int:
    ended = await rehearsals.rehearse(row, Disturbance(meanwhile=row.scene.vanishes))
    _right(row, "not there", ended, ("failed", "skipped", "already", "manual"))
    if (row.name, "not there") not in OTHERWISE:
        _unchanged(row, "not there", ended)
    return 1


async def gone_meanwhile(row: Row, rehearsals: Rehearsals) -> int:
    cell = "gone between look and change"
    ended = await rehearsals.rehearse(row, Disturbance(before_change=row.scene.vanishes))
    _right(row, cell, ended, "failed")
    if (row.name, cell) not in OTHERWISE:
        _unchanged(row, cell, ended)
    return 1


async def forbidden(row: Row, rehearsals: Rehearsals) -> int:
    """Nothing may be done at all, nothing may be changed, and one of several changes may not be made."""
    cell, tried, plain = "forbidden", 0, await rehearsals.undisturbed(row)
    refused: dict[str, tuple[Fault, ...]] = {"everything": (Fault(forbid(), system=row.seen_at),)}
    if not row.reads_only:
        refused["all changes"] = _all_changes(row, plain, forbid())
    for where, faults in refused.items():
        ended = await rehearsals.rehearse(row, Disturbance(faults))
        _right(row, cell, ended, "skipped", where)
        said = ended.lacks == "permission" or (row.name, cell) in OTHERWISE
        if not said or not ended.instructions:
            _wrong(row, cell, "it does not say which permission to grant", ended, where)
        _unchanged(row, cell, ended, where)
        tried += 1
    changes = list(_each_change(plain))
    for one in changes if len(changes) > 1 else ():
        ended = await rehearsals.rehearse(row, Disturbance((on(plain.sent, one, forbid(), None),)))
        _right(row, cell, ended, "failed" if ended.changed else "skipped", f"only {named(one)}")
        tried += 1
    return tried


async def throttled(row: Row, rehearsals: Rehearsals) -> int:
    """Every request is throttled once; the last change, or the first look, for longer than a worker waits."""
    plain = await rehearsals.undisturbed(row)
    requests = _each(plain.sent)
    long = requests[0] if row.reads_only else [one for one in requests if one.write][-1]
    faults = tuple(
        on(plain.sent, entry, throttle(_LONG_S if entry is long else _SHORT_S))
        for entry in requests
    )
    ended = await rehearsals.rehearse(row, Disturbance(faults))
    _as_undisturbed(row, "throttled, then works", ended, plain)
    left = [fault.path_regex for fault in faults if not fault.hits]
    if left or ended.attempts != 2 or ended.waited_s < _SHORT_S * (len(faults) - 1):
        _wrong(row, "throttled, then works", f"waited {ended.waited_s} s; {left}", ended)
    return 1


async def nothing_happened(row: Row, rehearsals: Rehearsals) -> int:
    """All changes are answered with success and none is made, and then each one alone."""
    cell, plain = "accepted but nothing happened", await rehearsals.undisturbed(row)
    ended = await rehearsals.rehearse(row, Disturbance(_all_changes(row, plain, ignore())))
    _right(row, cell, ended, "failed", "all changes")
    _unchanged(row, cell, ended)
    changes = list(_each_change(plain))
    for one in changes if len(changes) > 1 else ():
        ended = await rehearsals.rehearse(row, Disturbance((on(plain.sent, one, ignore(), None),)))
        _right(row, cell, ended, "failed", f"only {named(one)}")
    return 1 + (len(changes) if len(changes) > 1 else 0)


async def answer_lost(row: Row, rehearsals: Rehearsals) -> int:
    """Each change in turn: carried out and unanswered, carried out and denied, never arrived."""
    plain, tried = await rehearsals.undisturbed(row), 0
    for one in _each_change(plain):
        for effect in (apply_then_drop(), apply_then(504), drop()):
            ended = await rehearsals.rehearse(row, Disturbance((on(plain.sent, one, effect),)))
            where = f"{effect.kind} at {named(one)}"
            _as_undisturbed(row, "answer lost", ended, plain, where)
            tried += 1
    return tried


async def killed(row: Row, rehearsals: Rehearsals) -> int:
    """After every change and every commit of the process, once each; another one takes over.

    Where it has only read since, it leaves what it would have left before that.
    """
    plain = await rehearsals.undisturbed(row)
    left = ["nothing", *plain.did[:-1]]
    points = [point for point, last in enumerate(left) if not last.startswith("GET ")]
    for point in points:
        ended = await rehearsals.rehearse(row, Disturbance(dies_before=point))
        _as_undisturbed(row, "killed", ended, plain, f"before {point}: {plain.did[point]}")
    return len(points)


#: By what is said of them.
CELLS: Mapping[str, Cell] = {
    "works": works,
    "already so": already_so,
    "not there": not_there,
    "gone between look and change": gone_meanwhile,
    "forbidden": forbidden,
    "throttled, then works": throttled,
    "accepted but nothing happened": nothing_happened,
    "answer lost after it was applied": answer_lost,
    "killed between any two calls": killed,
}
#: What can happen to a step that only reads.
READING = (
    "works", "not there", "forbidden", "throttled, then works", "killed between any two calls",
)  # fmt: skip


def cells_of(row: Row) -> tuple[str, ...]:
    return READING if row.reads_only else tuple(CELLS)

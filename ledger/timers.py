"""What a run waits for that only time brings: whether nothing else is left, and until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from ledger.database import now_ms
from ledger.steps import needs_of


@dataclass(frozen=True, slots=True)
class Timers:
    """The steps that are left of a run which waits for nothing but time.

    ``until`` is when the last of them begins, in milliseconds since 1970 UTC; ``watches`` says that one
    of them looks what came after, rather than puts something back.
    """

    until: int
    watches: bool


def of_run(connection: Connection, rows: Sequence[Row[Any]]) -> Timers | None:
    """Return what is left of a run with the steps ``rows``; None where time alone ends nothing.

    That is: a step waits for its time, and every other that has not ended waits, through whatever, for
    such a one, and for no person.
    """
    left = {row.id: row for row in rows if row.state != "done"}
    if not any(map(waits, left.values())) or not all(map(_waits_or_follows, left.values())):
        return None
    begins: dict[str, int] = {}
    until = max(_begins(connection, row, left, begins) for row in left.values())
    return Timers(until, any(row.impact == "none" and not row.undoes for row in left.values()))


def waits(row: Row[Any]) -> bool:
    """Tell whether a step waits for nothing but its time."""
    return row.state == "ready" and bool(row.delay_s)


def _waits_or_follows(row: Row[Any]) -> bool:
    return waits(row) or (row.state == "held" and row.approval in ("none", "approved"))


def _begins(
    connection: Connection, row: Row[Any], left: Mapping[str, Row[Any]], begins: dict[str, int]
) -> int:
    """Return when a step begins if all before it take no time."""
    if row.id not in begins:
        if row.state == "ready":
            begins[row.id] = int(row.not_before)
        else:
            needed = (left.get(need.needs_id) for need in needs_of(connection, row.id))
            times = [_begins(connection, one, left, begins) for one in needed if one is not None]
            begins[row.id] = max(times, default=now_ms(connection)) + int(row.delay_s) * 1000
    return begins[row.id]

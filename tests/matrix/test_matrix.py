"""Every action, and the undoing of it, by everything that can happen to it.

Each cell goes through the engine: a run in the ledger, a worker's process, the vendors' real clients, the
practice tenant. What is right in it stands in cells.py and reasons.py, what an action needs in scenes.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cells import CELLS, READING, cells_of
from reasons import OTHERWISE, REPEATED
from rehearsals import Rehearsals
from scenes import ROWS, SCENES

from tasks.systems import SPECS

MATRIX = [(name, cell) for name, row in ROWS.items() for cell in cells_of(row)]


@pytest.mark.parametrize(("row", "cell"), MATRIX, ids=[f"{name}: {cell}" for name, cell in MATRIX])
async def test_cell(
    row: str, cell: str, rehearsals: Rehearsals, record_property: Callable[[str, object], None]
) -> None:
    tried = await CELLS[cell](ROWS[row], rehearsals)
    record_property("trials", tried)


def test_no_action_is_without_its_cells() -> None:
    in_it = {name: {cell for row, cell in MATRIX if row == name} for name in ROWS}
    for spec in SPECS.values():
        assert in_it[spec.name] in (set(CELLS), set(READING)), spec.name
        assert not spec.reversible or in_it[f"undo {spec.name}"] == set(CELLS), spec.name


def test_what_is_said_of_rows_is_said_of_rows_there_are() -> None:
    assert SCENES.keys() <= SPECS.keys()
    assert REPEATED.keys() <= ROWS.keys()
    assert set(OTHERWISE) <= set(MATRIX)

"""What all tests share: no setting of this machine reaches them, and files stay together.

With several workers a file's tests run in one of them, because they share what they start; the many
crash points are dealt out, because they do not, and so are the rows of the matrix.
"""

from __future__ import annotations

import gc
import os

import pytest

# Before pytest chooses hypothesis' profile, `make fuzz`'s has to be known.
import tests.depth  # noqa: F401

#: What tells the tests something, and is no setting.
_FOR_TESTS = ("RESCIND_TEST_", "RESCIND_VENDOR_SPECS")

for _name in list(os.environ):
    if _name.startswith("RESCIND_") and not _name.startswith(_FOR_TESTS):
        del os.environ[_name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for number, item in enumerate(items):
        item.add_marker(pytest.mark.xdist_group(_group(item, number)))


def _group(item: pytest.Item, number: int) -> str:
    folder = item.path.parent.name
    group = f"{folder}/{item.path.name}"
    if folder == "chaos":
        return f"{group}-{number % 4}"
    if folder == "matrix" and isinstance(item, pytest.Function) and hasattr(item, "callspec"):
        return f"{group}-{item.callspec.params['row']}"
    return group


def pytest_collection_finish() -> None:
    """Leave what was loaded and collected out of garbage collections: it stays, and is a lot to look through."""
    gc.freeze()

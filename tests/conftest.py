"""What all tests share: no setting of this machine reaches them, and files stay together.

With several workers a file's tests run in one of them, because they share what they start; the many
crash points are dealt out, because they do not.
"""

from __future__ import annotations

import os

import pytest

#: What tells the tests something, and is no setting.
_FOR_TESTS = ("RESCIND_TEST_", "RESCIND_VENDOR_SPECS")

for _name in list(os.environ):
    if _name.startswith("RESCIND_") and not _name.startswith(_FOR_TESTS):
        del os.environ[_name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for number, item in enumerate(items):
        group = (
            f"{item.path.name}-{number % 4}" if item.path.parent.name == "chaos" else item.path.name
        )
        item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}/{group}"))

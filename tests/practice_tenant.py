"""A practice tenant, as on its first day for each test: ``pytest_plugins = ("practice_tenant",)`` takes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.server import Simulator


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    """One for all tests of a file."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    """Nobody but this test has changed it. The vendors' own pace is not what is tried."""
    running.reset()
    running.tenant.okta_rate_limit = running.tenant.auth0_rate_limit = 100_000
    return running

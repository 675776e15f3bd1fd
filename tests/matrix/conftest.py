"""One practice tenant for all cells of a worker, and no waits that a vendor does not ask for."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import cache

import pytest
from rehearsals import Rehearsals

from connectors.action import Patience
from simulator.server import Simulator
from tasks import attempt


@pytest.fixture(scope="session")
def rehearsals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsals]:
    patch = pytest.MonkeyPatch()
    # An interrupted change is looked for briefly, and this machine's certificates are read once.
    patch.setattr(attempt, "_SETTLE", Patience(total_s=0.1, first_s=0.02, step_s=0.05))
    patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
    with Simulator() as running:
        prepared = Rehearsals(running, tmp_path_factory.mktemp("matrix"))
        yield prepared
        prepared.close()
    patch.undo()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cells the matrix has, and how often a step was carried out for them."""
    cells = [
        dict(report.user_properties).get("trials")
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    trials = [int(str(number)) for number in cells if number is not None]
    if trials:
        said = f"matrix: {len(trials)} cells hold, by {sum(trials)} trials"
        terminalreporter.write_line(said)

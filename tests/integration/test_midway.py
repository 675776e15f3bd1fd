"""Something comes between while a run is under way: the vendor asks to wait, a person says stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from ledger import control
from simulator.faults import Fault, delay, throttle

from house import House, house, wait_for


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    # a trace takes its turns at the logs from others, who then wait in the database, too
    quiet = "[playbooks.parameters.cm0080]\ntrace = false"
    with house(tmp_path_factory.mktemp("house"), extra=quiet) as made:
        made.start()
        yield made


@pytest.fixture(autouse=True)
def no_faults(built: House) -> Iterator[None]:
    yield
    built.sim.faults.clear()


def _changes(built: House) -> list[Any]:
    return [entry for entry in built.sim.requests.writes() if entry.system in ("entra", "okta")]


@pytest.mark.parametrize("number", range(1, 6))
def test_a_throttled_call_anywhere_in_a_run_goes_on_with_the_same_step(
    built: House, number: int
) -> None:
    """Every eighth request of a run, from the first on, is told to come back in a second."""
    skip = 8 * (number - 1)
    built.sim.faults.add(Fault(throttle(1), times=1, skip=skip))
    assert built.post(built.incident(f"user{number:02}")).status_code == 202
    run = built.run_of(f"user{number:02}")
    assert run.status == "contained", built.progress()
    assert all(fault.hits == 1 for fault in built.sim.faults.all())
    assert {step.attempts for step in built.steps(run.id).values() if step.attempts} == {1}


def test_a_pause_in_the_middle_of_a_run_lets_nothing_out_after_a_second(built: House) -> None:
    built.sim.faults.add(Fault(delay(0.3), system="okta"))
    assert built.post(built.incident()).status_code == 202

    before = len(_changes(built))

    def some_writes() -> bool:
        built.decide()
        return len(_changes(built)) - before >= 3

    wait_for(some_writes, 20, "the run to be under way", built.progress)
    with built.service.database.write() as connection:
        control.pause(connection, built.service.audit, actor="riley", reason="a drill")
    time.sleep(2)  # what had its intent before is out by then
    sent = len(_changes(built))
    time.sleep(0.5)
    assert len(_changes(built)) == sent
    events = [record["event"] for record in built.told()]
    assert "action.intent" not in events[events.index("control.paused") :]
    assert built.runs()[0].state == "running"
    with built.service.database.write() as connection:
        control.resume(connection, built.service.audit, actor="riley")
    assert built.run_of("nora.lind").status == "contained"
    assert built.verify().verified

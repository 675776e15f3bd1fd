"""A person who may be a protected one is left to people, where the system that would know is silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulator.faults import Fault, status

from house import House, house, wait_for

EXTRA = """
[[guardrails.protected]]
id = "OKTA_ID"
reason = "runs the plant"
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("protected"), extra=EXTRA) as made:
        person = made.sim.tenant.person("user12")
        assert person.okta is not None
        made.config.write_text(made.config.read_text().replace("OKTA_ID", person.okta.id))
        made.start()
        yield made


def _opened(built: House, name: str) -> Any:
    person = built.sim.tenant.person(name)
    assert person.entra is not None
    assert built.post(built.incident(name)).status_code == 202

    def ours() -> list[Any]:
        return [
            run
            for run in built.runs()
            if any(person.entra and one["id"] == person.entra.id for one in run.person["accounts"])
        ]

    wait_for(lambda: bool(ours()), 20, "the run", built.progress)
    return ours()[0]


def test_with_okta_silent_nothing_happens_by_itself_to_whom_okta_alone_would_tell(
    built: House,
) -> None:
    silence = built.sim.faults.add(Fault(status(403), system="okta"))
    protected = _opened(built, "user12")
    other = _opened(built, "user11")
    built.sim.faults.remove(silence.id)
    known = _opened(built, "user10")
    for run in (protected, other):
        assert run.mode == "approve"
        assert run.person["unreached"] == ["okta"]
        (reason,) = run.plan["reasons"]
        assert reason.startswith("okta did not say who this is")
        assert {step.state for step in built.steps(run.id).values()} <= {"held", "done"}
    assert (known.mode, known.plan["reasons"]) == ("auto", [])
    person = built.sim.tenant.person("user12")
    assert person.entra is not None
    assert not [e for e in built.sim.requests.writes() if person.entra.id in e.path]

"""A change whose answer is lost, or that cannot be read back: it is looked for, and never called undone."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import intents, leases
from simulator.faults import Fault, apply_then, forbid, status

from house import House, house, over, wait_for

ATTEMPTS = 2


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    # a trace reads the account, too, and would have its share of the faults
    quiet = "[playbooks.parameters.cm0080]\ntrace = false"
    with house(tmp_path_factory.mktemp("house"), step_attempts=ATTEMPTS, extra=quiet) as made:
        made.start()
        yield made


@pytest.fixture(autouse=True)
def no_faults(built: House) -> Iterator[None]:
    yield
    built.sim.faults.clear()


def _okta_path(built: House, name: str) -> str:
    person = built.sim.tenant.person(name)
    assert person.okta is not None
    return f"/api/v1/users/{person.okta.id}"


def _suspensions(built: House, name: str) -> int:
    path = f"{_okta_path(built, name)}/lifecycle/suspend"
    return sum(entry.path == path for entry in built.sim.requests.writes())


def _contain(built: House, name: str) -> str:
    """Contain a person up to the request, with no step beyond the revocations begun."""
    assert built.post(built.incident(name)).status_code == 202

    def revoked() -> bool:
        open_now = [run.id for run in built.runs() if not over(run)]
        outcomes = built.outcomes(open_now[0]) if open_now else {}
        return bool(outcomes.get("entra-revoke") and outcomes.get("okta-revoke"))

    wait_for(revoked, 20, "the revocations", built.progress)
    return str(built.runs()[0].id)


def _findings(built: House) -> list[str]:
    report = built.verify()
    assert report.verified, report.first_bad
    return [record["finding"] for record in built.told() if record["event"] == "action.reconciled"]


def test_a_lost_answer_that_cannot_be_looked_for_ends_unknown_and_is_not_sent_again(
    built: House,
) -> None:
    run_id = _contain(built, "user01")
    path = rf"{_okta_path(built, 'user01')}$"
    built.sim.faults.add(Fault(apply_then(504), path_regex="lifecycle/suspend", times=1))
    built.sim.faults.add(Fault(status(503), method="GET", path_regex=path, skip=1))
    run = built.finished_run(90)
    assert run.id == run_id
    step = built.steps(run_id)["okta-suspend"]
    assert step.outcome == "unknown"
    assert run.status == "partial"
    assert _suspensions(built, "user01") == 1
    assert "not seen to have happened" not in _findings(built)


def test_a_lost_answer_is_looked_for_again_when_reading_works_again(built: House) -> None:
    _contain(built, "user02")
    path = rf"{_okta_path(built, 'user02')}$"
    built.sim.faults.add(Fault(apply_then(504), path_regex="lifecycle/suspend", times=1))
    away = built.sim.faults.add(Fault(status(503), method="GET", path_regex=path, skip=1))
    built.decide()

    def put_off() -> bool:
        step = built.steps(built.runs()[0].id)["okta-suspend"]
        return step.state == "ready" and step.attempts == 1

    wait_for(put_off, 60, "the step to be put off", built.progress)
    built.sim.faults.remove(away.id)
    run = built.finished_run()
    assert built.outcomes(run.id)["okta-suspend"] == "verified"
    assert _suspensions(built, "user02") == 1
    assert "it has happened" in _findings(built)


def test_what_may_not_be_read_back_is_not_called_failed(built: House) -> None:
    run_id = _contain(built, "user03")
    path = rf"{_okta_path(built, 'user03')}$"
    built.sim.faults.add(Fault(forbid(), method="GET", path_regex=path, skip=1))
    built.finished_run()
    assert built.outcomes(run_id)["okta-suspend"] == "unverifiable"
    assert _suspensions(built, "user03") == 1


def test_half_of_a_change_is_no_good_outcome(built: House) -> None:
    nora = built.sim.tenant.person("nora.lind")
    assert nora.entra is not None
    second = copy.deepcopy(nora.entra.rules[-1])
    second.id, second.sequence = second.id + "2", second.sequence + 1
    nora.entra.rules.append(second)
    built.sim.faults.add(
        Fault(status(503), method="PATCH", path_regex=f"/messageRules/{re.escape(second.id)}")
    )
    run_id = _contain(built, "nora.lind")
    run = built.finished_run(90)
    assert built.outcomes(run_id)["entra-inbox-rules"] in ("failed", "unknown")
    assert run.status == "partial"


def test_what_was_settled_by_a_process_that_died_before_the_end_is_no_work_of_others(
    tmp_path: Path,
) -> None:
    with house(tmp_path) as made:
        made.start()
        made.sim.faults.add(Fault(apply_then(504), method="PATCH", path_regex="/messageRules/"))
        away = Fault(status(503), method="GET", path_regex="/messageRules$", skip=2)
        made.sim.faults.add(away)
        run_id = _contain(made, "nora.lind")

        def put_off() -> bool:
            made.decide()
            step = made.steps(run_id)["entra-inbox-rules"]
            return step.state == "ready" and step.attempts == 1

        wait_for(put_off, 60, "the step to be put off", made.progress)
        made.kill()
        made.sim.faults.clear()
        _settle_and_die(made, made.steps(run_id)["entra-inbox-rules"].id)
        made.start()
        made.finished_run()
        assert made.outcomes(run_id)["entra-inbox-rules"] == "verified"
        report = made.verify()
        assert report.verified, report.first_bad


def _settle_and_die(made: House, step_id: str) -> None:
    """Do what a process does that reads back what was sent, and is killed before the step's end."""
    database, audit = made.service.database, made.service.audit

    def claimed() -> leases.Claim | None:
        with database.write() as connection:
            return leases.claim(connection, audit, step_id, "another", 30.0)

    held: list[leases.Claim | None] = []
    wait_for(lambda: held.append(claimed()) or held[-1], 20, "the claim", made.progress)
    claim = held[-1]
    assert claim is not None
    with database.write() as connection:
        intents.reconcile(
            connection, audit, run_id=claim.step.run_id, step=claim.named, finding="it has happened"
        )

"""The same run between processes: PostgreSQL with Redis and with RabbitMQ, web apart from workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kombu
import pytest
from sqlalchemy import text

from ledger import control
from simulator.faults import Fault, delay

from house import House, house, wait_for

pytestmark = pytest.mark.services


@pytest.fixture(params=["redis_url", "rabbitmq_url"])
def apart(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> Iterator[House]:
    broker = request.getfixturevalue(request.param)
    with house(tmp_path, database_url=postgres_url, broker_url=broker, lease_s=10) as built:
        _empty(built)
        try:
            yield built
        finally:
            built.kill()
            _forget_queues(built)


def _empty(built: House) -> None:
    """Give each test the module's database as new."""
    with built.service.database.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


def _forget_queues(built: House) -> None:
    url = built.service.settings.broker.url.get_secret_value()
    if not url.startswith("amqp"):
        return
    with kombu.Connection(url) as connection:
        channel: Any = connection.channel()
        for queue in ("urgent", "alerts", "steps", "notices"):
            channel.queue_delete(f"{built.service.settings.broker.prefix}.{queue}")
        channel.exchange_delete(built.service.settings.broker.prefix)


def test_a_run_is_carried_out_between_processes(apart: House) -> None:
    apart.start_apart()
    assert apart.post(apart.incident()).status_code == 202
    run = apart.finished_run()
    assert run.status == "contained"
    report = apart.verify()
    assert report.verified, report.first_bad
    owners = {step.lease_owner for step in apart.steps(run.id).values() if step.lease_owner}
    assert owners


def test_a_dead_worker_s_step_is_finished_by_another(apart: House) -> None:
    apart.start_apart(workers=1)
    apart.sim.faults.add(Fault(delay(1.0), path_regex="revokeSignInSessions", times=1))
    apart.post(apart.incident())
    wait_for(lambda: any(f.hits for f in apart.sim.faults.all()), 20, "the request", apart.logs)
    worker = apart.processes[0]
    worker.kill()
    worker.join()
    apart.start("worker", wait=False)
    run = apart.finished_run(90)
    assert run.status == "contained"
    stolen = [
        entry for entry in apart.sim.requests.writes() if "revokeSignInSessions" in entry.path
    ]
    assert len(stolen) == 2, (
        f"once, and once again after the account was changed\n{apart.progress()}\n{stolen}"
    )
    assert apart.verify().verified


def test_many_alerts_on_one_person_make_one_run(apart: House) -> None:
    apart.start_apart()
    for _ in range(8):
        assert apart.post(apart.incident()).status_code == 202
    wait_for(lambda: len(apart.runs()) >= 1, 20, "a run", apart.logs)
    apart.finished_run()
    assert len([run for run in apart.runs() if run.requested_by == "source:sentinel"]) == 1


def test_the_pause_holds_in_every_process(apart: House) -> None:
    apart.start_apart()
    with apart.service.database.write() as connection:
        control.pause(connection, apart.service.audit, actor="riley", reason="a drill")
    apart.post(apart.incident())
    wait_for(lambda: bool(apart.runs()), 20, "the run to be planned", apart.logs)
    assert not [entry for entry in apart.sim.requests.writes() if entry.system in ("entra", "okta")]
    with apart.service.database.write() as connection:
        control.resume(connection, apart.service.audit, actor="riley")
    assert apart.finished_run().status == "contained"
    assert apart.verify().verified

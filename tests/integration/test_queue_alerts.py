"""A detector that speaks Celery, over Redis and RabbitMQ: its alert is stored, acted on, and never lost."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import celery
import kombu
import pytest
from sqlalchemy import select

from ledger import tables
from ledger.migrate import migrate

from house import HOOK_SECRET, House, house, wait_for

pytestmark = pytest.mark.services

PROOF = {"Authorization": f"Bearer {HOOK_SECRET}"}
QUEUES = ("urgent", "alerts", "steps", "notices")
EXAMPLE = re.search(
    r"^```python\n(from celery import Celery\n.*?)^```",
    (Path(__file__).parents[2] / "docs" / "intake.md").read_text(),
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(params=["redis_url", "rabbitmq_url"])
def apart(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> Iterator[House]:
    broker = request.getfixturevalue(request.param)
    with house(tmp_path, database_url=postgres_url, broker_url=broker) as built:
        with built.service.database.write() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        migrate(built.service.database)
        try:
            yield built
        finally:
            built.kill()
            if broker.startswith("amqp"):
                with kombu.Connection(broker) as connection:
                    channel: Any = connection.channel()
                    for queue in QUEUES:
                        channel.queue_delete(f"{prefix(built)}.{queue}")
                    channel.exchange_delete(prefix(built))
                    channel.exchange_delete(f"{prefix(built)}.alerts")


def prefix(built: House) -> str:
    return built.service.settings.broker.prefix


def detector(built: House) -> celery.Celery:
    """A sender that knows the broker, the prefix and its secret, and nothing else of Rescind."""
    app = celery.Celery(broker=built.broker_url, set_as_current=False)
    app.conf.broker_transport_options = {"global_keyprefix": f"{prefix(built)}:"}
    return app


def rows(built: House, table: Any) -> list[Any]:
    with built.service.database.read() as connection:
        return list(connection.execute(select(table)))


def test_the_example_of_the_page_contains_a_thief(apart: House, tmp_path: Path) -> None:
    apart.start("worker", wait=False)
    assert EXAMPLE is not None
    script = EXAMPLE[1].replace("redis://broker.example.com/0", apart.broker_url)
    script = script.replace("rescind.alerts", f"{prefix(apart)}.alerts")
    script = script.replace('"rescind:"', f'"{prefix(apart)}:"')
    header = next(iter(PROOF))
    script = script.replace('"X-Rescind-Secret"', f'"{header}"')
    (tmp_path / "send.py").write_text(script)
    (tmp_path / "sentinel.secret").write_text(HOOK_SECRET)
    (tmp_path / "incident.json").write_text(json.dumps(apart.incident()))
    subprocess.run([sys.executable, "send.py"], cwd=tmp_path, check=True, timeout=100)
    assert apart.finished_run().status == "contained"
    (body,) = [row.bytes for row in rows(apart, tables.delivery_body)]
    assert body == (tmp_path / "incident.json").read_bytes()
    assert HOOK_SECRET not in apart.logs()
    assert apart.verify().verified


def test_a_message_outlives_the_database_s_absence_and_the_worker_that_held_it(
    apart: House,
) -> None:
    worker = apart.start("worker", wait=False)
    wait_for(lambda: "ready: worker" in apart.logs(), 30, "the worker", apart.logs)
    marker = secrets.token_hex(8)
    with apart.service.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE alert RENAME TO alert_elsewhere")
    detector(apart).send_task(
        "rescind.alert", ("sentinel", marker, PROOF), queue=f"{prefix(apart)}.alerts"
    )
    wait_for(lambda: "in the queue waits" in apart.logs(), 20, "it to be held", apart.logs)
    if apart.broker_url.startswith("amqp"):
        worker.kill()  # RabbitMQ hands out again at once what a dead worker held
    else:
        worker.terminate()  # Redis would wait for two minutes, so the worker gives it back itself
    worker.join(60)
    assert not worker.is_alive()
    with apart.service.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE alert_elsewhere RENAME TO alert")
    assert rows(apart, tables.alert) == []
    apart.start("worker", wait=False)
    wait_for(lambda: bool(rows(apart, tables.alert)), 20, "the alert", apart.logs)
    assert [row.bytes for row in rows(apart, tables.delivery_body)] == [marker.encode()]
    assert marker not in apart.logs()
    assert HOOK_SECRET not in apart.logs()

"""A server says that it is ready when it is, ends in order when told, and with 1 when a part died."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer

from cli import contain, serving, worker
from cli.logs import configure_logging
from config.settings import Mode
from ledger import control
from ledger.migrate import migrate
from tasks.workshop import Workshop

from house import House, house, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def built(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        migrate(made.service.database)
        yield made


@contextmanager
def _signals_kept() -> Iterator[None]:
    kept = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in kept.items():
            signal.signal(name, handler)


class _Knock(logging.Handler):
    """Connects at the moment when readiness is said."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("ready"):
            socket.create_connection(("127.0.0.1", self.port), 60).close()
            self.said.append(record.getMessage())


def test_ready_is_said_when_the_port_is_open_and_a_dead_part_ends_it_with_1(built: House) -> None:
    knock = _Knock(built.port)
    logger = logging.getLogger("rescind")
    logger.addHandler(knock)
    logger.setLevel(logging.INFO)
    try:
        with _signals_kept(), pytest.raises(typer.Exit) as ended:
            serving.run_web(
                built.service,
                lambda: {"worker": "stopped"},
                serving.open_port(built.service.settings.web),
            )
    finally:
        logger.removeHandler(knock)
    assert ended.value.exit_code == 1
    (said,) = knock.said
    assert f"127.0.0.1 port {built.port}" in said


def test_a_worker_whose_part_died_ends_with_1(
    built: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "require_broker", lambda _: None)
    monkeypatch.setattr(Workshop, "readiness", lambda _: {"worker": "ok", "upkeep": "stopped"})
    with _signals_kept(), pytest.raises(typer.Exit) as ended:
        worker.command(built.config)
    assert ended.value.exit_code == 1


def test_told_to_stop_everything_is_stopped_and_nothing_noisy_was_said(built: House) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve", "--config", str(built.config)],
        cwd=CHECKOUT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        wait_for(lambda: any("ready:" in line for line in lines), 60, "ready", lambda: str(lines))
        os.kill(process.pid, signal.SIGTERM)
        status = process.wait(60)
    finally:
        process.kill()
    reader.join(60)
    assert status == 0, "".join(lines)
    assert not [line for line in lines if "No hostname" in line or "Traceback" in line]


def test_a_step_that_was_called_for_and_never_begun_is_taken_up_at_the_next_start(
    tmp_path: Path,
) -> None:
    with house(tmp_path, ring_again_s=300) as built:

        def only_people_are_waited_for() -> bool:
            states = [step.state for run in built.runs() for step in built.steps(run.id).values()]
            return bool(states) and set(states) <= {"done", "held"}

        built.start()
        assert built.post(built.incident()).status_code == 202
        wait_for(only_people_are_waited_for, 30, "the first steps to be done")
        built.kill()
        assert built.decide()  # sets steps free, and nobody hears the call

        built.start()
        assert built.finished_run().status == "contained"


def test_what_a_person_asks_for_beside_a_running_server_begins_within_its_next_look(
    tmp_path: Path,
) -> None:
    with house(tmp_path, ring_again_s=300) as built:
        built.start()
        with pytest.raises(typer.Exit):
            contain.command("nora.lind@contoso.com", config=built.config, mode=Mode.AUTO)
        run = built.finished_run()
        assert built.outcomes(run.id)["okta-revoke"] == "verified"


def test_what_came_during_a_pause_begins_within_the_next_look_after_it(tmp_path: Path) -> None:
    with house(tmp_path, ring_again_s=300) as built:
        built.start()
        with built.service.database.write() as connection:
            control.pause(connection, built.service.audit, actor="riley", reason="a drill")
        assert built.post(built.incident()).status_code == 202
        wait_for(lambda: bool(built.runs()), 20, "the run to be planned", built.logs)
        time.sleep(0.5)  # the call for its steps is heard and nothing begun
        with built.service.database.write() as connection:
            control.resume(connection, built.service.audit, actor="riley")
        assert built.finished_run().status == "contained"


def test_the_broker_in_the_process_needs_no_host(caplog: pytest.LogCaptureFixture) -> None:
    configure_logging()
    log = logging.getLogger("kombu.connection")
    log.warning("No hostname was supplied. Reverting to default '%s'", "None")
    log.warning("something else")
    assert [record.getMessage() for record in caplog.records] == ["something else"]

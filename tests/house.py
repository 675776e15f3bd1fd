"""A whole Rescind to test: settings on disk, real processes, a practice tenant, a person who decides.

Processes are forked from a server that has imported everything, so that starting one is quick;
what runs in them is the command itself.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib
import json
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from sqlalchemy import Row, select

from cli.demonstration.incident import incident
from config.load import load
from config.settings import OWN_SOURCE
from ledger import accounts, alerts, approvals, passwords, runs, steps, tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate
from ledger.verify import Report
from ledger.verify_database import verify_database
from simulator.logbook import OUR_APP_ID
from simulator.server import Simulator
from tasks import decisions
from tasks.launch import Opened
from tasks.service import Service
from tasks.systems import Systems
from tasks.undoing import open_undo

INSTANCE = "test"
DECIDER = "riley"
HOOK_SECRET = "a-shared-secret-for-the-tests-only"

_CONTEXT = multiprocessing.get_context("forkserver")
#: What a process would otherwise load for itself, each time it is started.
_LOADED_ONCE = [
    "cli.serve",
    "cli.web",
    "cli.worker",
    "azure.identity.aio",
    "connectors.entra.wire",
    "connectors.okta.executor",
    "msgraph.generated.organization.organization_request_builder",
    "anyio._backends._asyncio",
    "celery.app.amqp",
    "celery.app.events",
    "celery.backends",
    "celery.events",
    "celery.loaders.app",
    "celery.worker",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.strategy",
    "celery.concurrency.thread",
    "h2.connection",
    "httpcore",
    "kombu.transport.memory",
    "kombu.pidbox",
    "kombu.transport.pyamqp",
    "kombu.transport.redis",
    "pydantic.v1",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.on",
    "settled",
]
_CONTEXT.set_forkserver_preload(_LOADED_ONCE)


#: A limit of time is said as on a machine that has nothing else to do. The tests share theirs.
_SHARED = 4


def reserved_port() -> socket.socket:
    """Take a port that is nobody else's until the server takes it by its number.

    Linux gives what is bound and not listened on to nobody who asks for any port. Other systems let
    only one bind it: there it is free again at once.
    """
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", 0))
    return taken


@dataclass
class House:
    """One installation: its folder, its settings, its processes."""

    folder: Path
    sim: Simulator
    extra: str = ""
    database_url: str = ""
    broker_url: str = "memory://"
    lease_s: int = 30
    ring_again_s: int = 10
    step_attempts: int = 8
    with_tables: bool = True
    reserved: socket.socket = field(default_factory=reserved_port, repr=False)
    processes: list[ForkServerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = int(self.reserved.getsockname()[1])
        if sys.platform != "linux":
            self.reserved.close()
        url = self.database_url or f"sqlite:///{self.folder / 'rescind.db'}"
        if not self.database_url and self.with_tables:
            shutil.copy(_migrated(), self.folder / "rescind.db")
        self.config = self.folder / "rescind.toml"
        self.config.write_text(_TOML.format(
            app_id=OUR_APP_ID,
            instance=INSTANCE, url=url, broker=self.broker_url, prefix=f"test-{self.port}", lease=self.lease_s, again=self.ring_again_s,
            attempts=self.step_attempts,
            port=self.port, secret=HOOK_SECRET, sim=self.sim.url, extra=_without_trace(self.extra).replace("SIM_URL", self.sim.url),
        ))  # fmt: skip
        self.service = Service.of(load(self.config, environ={}).settings)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, verb: str = "serve", *, wait: bool = True) -> ForkServerProcess:
        process = _CONTEXT.Process(
            target=_run, args=(verb, str(self.config), str(self.folder / f"{verb}.log"))
        )
        process.start()
        self.processes.append(process)
        if wait:
            self.await_ready()
        return process

    def start_apart(self, workers: int = 2) -> None:
        """Migrate, then start a web process and workers that share database and broker."""
        migrate(self.service.database)
        for _ in range(workers):
            self.start("worker", wait=False)
        self.start("web")

    def await_ready(self, timeout_s: float = 40.0) -> None:
        def answers() -> bool:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 2):
                    pass
                return httpx.get(f"{self.url}/healthz", timeout=10).status_code == 200
            except (httpx.TransportError, OSError):
                return False

        wait_for(answers, timeout_s, "the server to be ready", self.logs)

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in self.folder.glob("*.log"))

    def kill(self) -> None:
        """End every process as a power cut would."""
        for process in self.processes:
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGKILL)
            process.join(10)
        self.processes.clear()

    def close(self) -> None:
        """End it without ado: a process told to stop takes two seconds for it, in each of hundreds of tests."""
        self.kill()
        self.reserved.close()
        self.service.database.close()

    def post(
        self, alert: Any = None, *, source: str = "sentinel", **options: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {HOOK_SECRET}"} | options.pop("headers", {})
        if alert is not None:
            options["json"] = alert
        return httpx.post(
            f"{self.url}/hooks/{source}", headers=headers, timeout=60, trust_env=False, **options
        )

    def incident(self, name: str = "nora.lind") -> dict[str, Any]:
        person = self.sim.tenant.person(name)
        return incident(
            name=person.upn,
            object_id=person.entra.id if person.entra else "",
            display_name=name,
        )

    def decide(self, *, approve: bool = True, proposals: bool = False) -> bool:
        """Decide whatever waits, as the console does; return whether something waited.

        What a trace proposes for others is left as it is, unless ``proposals``.
        """
        with self.service.database.read() as connection:
            pending = approvals.pending(connection)
            # after those: a run that is opened meanwhile must not be decided unseen
            proposed = {run.id for run in runs.listed(connection) if _is_proposal(run)}
            waiting = [one for one in pending if proposals or one.run_id not in proposed]
        for one in waiting:
            decisions.decide(
                self.service, one.id, approve=approve, plan_hash=one.plan_hash,
                user_id=_decider(self.service), user_name=DECIDER, reason="a test",
            )  # fmt: skip
        return bool(waiting)

    def undo(self, run_id: str) -> Opened:
        """Ask for the undoing of a run, as the command does."""

        async def ask() -> Opened:
            systems = Systems(self.service.settings)
            try:
                with self.service.database.write() as connection:
                    return open_undo(connection, self.service, systems, run_id, "cli:kim")
            finally:
                await systems.close()

        return asyncio.run(ask())

    def run_of(
        self, name: str, timeout_s: float = 30.0, *, approve: bool | None = True
    ) -> Row[Any]:
        """Wait for this person's newest run to be over, deciding on the way what waits.

        An alert that nobody has taken up yet may still open a newer one.
        """
        person = self.sim.tenant.person(name)
        ids = {account.id for account in (person.entra, person.okta) if account}
        found: list[Row[Any]] = []

        def ended() -> bool:
            untaken = self._untaken()
            if approve is not None:
                self.decide(approve=approve)
            found[:] = [
                run for run in self.runs() if ids & {one["id"] for one in run.person["accounts"]}
            ]
            return not untaken and bool(found) and over(found[0])

        wait_for(ended, timeout_s, f"the run of {name} to end", self.progress)
        return found[0]

    def _untaken(self) -> bool:
        """Whether there is an alert that was not even tried; one that waits has a reason to."""
        alert = tables.alert.c
        untried = select(alert.id).where(alert.state == "received", alert.reason == "")
        with self.service.database.read() as connection:
            return connection.execute(untried.limit(1)).first() is not None

    def alert(self, alert_id: str, timeout_s: float = 20.0) -> Row[Any]:
        """Wait until something has become of an alert."""
        found: list[Row[Any]] = []

        def settled() -> bool:
            with self.service.database.read() as connection:
                rows = alerts.listed(connection, limit=1000)
            found[:] = [row for row in rows if row.id == alert_id and row.state != "received"]
            return bool(found)

        wait_for(settled, timeout_s, f"alert {alert_id}", self.logs)
        return found[0]

    def runs(self) -> list[Row[Any]]:
        with self.service.database.read() as connection:
            return list(runs.listed(connection))

    def steps(self, run_id: str) -> dict[str, Row[Any]]:
        with self.service.database.read() as connection:
            return {step.node: step for step in steps.of_run(connection, run_id)}

    def outcomes(self, run_id: str) -> dict[str, str | None]:
        return {node: step.outcome for node, step in self.steps(run_id).items()}

    def finished_run(self, timeout_s: float = 40.0, *, approve: bool | None = True) -> Row[Any]:
        """Wait for all runs to be over, deciding on the way what waits."""
        found: list[Row[Any]] = []

        def ended() -> bool:
            if approve is not None:
                self.decide(approve=approve)
            found[:] = [run for run in self.runs() if not _is_proposal(run)]
            return bool(found) and all(map(over, found))

        wait_for(ended, timeout_s, "the run to end", lambda: f"{self.progress()}\n{self.logs()}")
        return found[0]

    def progress(self) -> str:
        return "\n".join(
            f"{run.id} {run.state} "
            + ", ".join(
                f"{node}={step.state}/{step.outcome}/{step.attempts}/{step.reason}{step.last_error}"
                for node, step in self.steps(run.id).items()
            )
            for run in self.runs()
        )

    def notices(self) -> list[Row[Any]]:
        with self.service.database.read() as connection:
            return list(connection.execute(select(tables.notice)).all())

    def told(self) -> list[dict[str, Any]]:
        """What the audit log says, record by record."""
        with self.service.database.read() as connection:
            written = connection.execute(select(tables.audit.c.record).order_by(tables.audit.c.seq))
            return [json.loads(record) for record in written.scalars()]

    def verify(self) -> Report:
        return verify_database(self.service.database)


def _without_trace(extra: str) -> str:
    """Leave the trace out of cm0080, unless a test asks for it.

    A person takes longer to approve than the logs take to give it a turn; a test does not, and would
    wait ten seconds for each run.
    """
    section = "[playbooks.parameters.cm0080]\n"
    if "trace = " in extra:
        return extra
    if section in extra:
        return extra.replace(section, f"{section}trace = false\n")
    return f"{extra}\n{section}trace = false\n"


def over(run: Row[Any]) -> bool:
    """Whether a run has ended, or only waits for its time and people have been told."""
    return run.state == "done" or (run.state == "restoring" and bool(run.status))


def _is_proposal(run: Row[Any]) -> bool:
    return bool(run.requested_by == f"source:{OWN_SOURCE}" and run.mode == "approve")


_TOML = """\
instance = "{instance}"
database.url = "{url}"
broker = {{ url = "{broker}", prefix = "{prefix}" }}

[web]
port = {port}

[engine]
upkeep_s = 0.2
verify_patience_s = 6
lease_s = {lease}
ring_again_s = {again}
step_attempts = {attempts}

[retries]
first_wait_s = 0.05
wait_cap_s = 0.2

[sources.sentinel]
kind = "sentinel"
origin = {{ proof = "shared_secret", secret = "{secret}" }}

[tenants.contoso]
domains = ["contoso.com"]

[tenants.contoso.entra]
tenant_id = "contoso.com"
client_id = "{app_id}"
base_url = "{sim}/v1.0"
access_token = "simulated-graph-token"

[tenants.contoso.okta]
org_url = "{sim}"
api_token = "simulated-okta-token"

{extra}
"""


def _decider(service: Service) -> str:
    """Give the id of the approver every house has."""
    known = [user for user in accounts.listed(service.database) if user.name == DECIDER]
    return (known or [_add_decider(service.database, service.audit)])[0].id


def _add_decider(database: Database, audit: AuditLog) -> accounts.User:
    kept, passwords._hasher = passwords._hasher, PasswordHasher(1, 8, 1)
    try:
        return accounts.add(
            database, audit, DECIDER, "correct horse battery staple", "approver",
            actor={"type": "human", "sub": "cli:root"},
        )  # fmt: skip
    finally:
        passwords._hasher = kept


@cache
def _migrated() -> Path:
    """An empty database with its tables, made once in each process that runs tests."""
    path = Path(tempfile.mkdtemp()) / "rescind.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    _add_decider(database, AuditLog(INSTANCE))
    database.close()
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    return path


def _run(verb: str, config: str, log: str) -> None:
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    importlib.import_module(f"cli.{verb}").command(Path(config))


def wait_for(condition: Any, timeout_s: float, what: str, tell: Any = lambda: "") -> None:
    """Wait until this holds, for as long as that may take where others have the machine, too."""
    begun = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - begun
        if waited_s > timeout_s * _SHARED:
            raise AssertionError(f"waited {waited_s:.0f} s for {what}\n{tell()[-12_000:]}")
        # looking often costs the processor that what is waited for needs
        time.sleep(min(0.05, 0.01 + waited_s / 10))


@contextmanager
def house(folder: Path, **options: Any) -> Iterator[House]:
    """Give an installation with a practice tenant of its own, nothing started yet."""
    with Simulator() as sim:
        # The vendors' own pace counts by the minute, and is tried where it belongs.
        sim.tenant.okta_rate_limit = sim.tenant.auth0_rate_limit = 1_000_000
        built = House(folder, sim, **options)
        try:
            yield built
        finally:
            built.close()

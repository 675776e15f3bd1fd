"""A process that works: event loop, connectors, Celery worker, clock; started warm, stopped clean."""

from __future__ import annotations

import fcntl
import gc
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from celery import Celery
from sqlalchemy.engine import URL

from config.settings import Settings
from playbooks import model
from tasks import app as celery_app
from tasks.app import CeleryBell
from tasks.intake import Intake
from tasks.loop import LoopThread
from tasks.mutexes import SharedMutexes
from tasks.perform import Performer
from tasks.polling import Polling
from tasks.queued import Queued
from tasks.receiving import Receiving
from tasks.rehearsal import rehearse
from tasks.service import Service
from tasks.systems import Systems
from tasks.tell import Teller
from tasks.upkeep import Upkeep

_log = logging.getLogger(__name__)


class AlreadyServing(Exception):
    """Another process serves this SQLite database."""

    remedy = (
        "Stop the other `rescind serve`, or use PostgreSQL with `rescind web` and `rescind worker`."
    )


class Workshop:
    """Everything a working process needs besides the web server."""

    def __init__(self, settings: Settings) -> None:
        """Build the parts; nothing runs yet."""
        self.celery: Celery = celery_app.make_app(settings)
        self.service = Service.of(settings, CeleryBell(self.celery, settings.broker.prefix))
        self.loop = LoopThread()
        self.systems = self.loop.run(_build(self.service))
        self._polling = Polling(self.service, self.systems, self.loop.start)
        self.upkeep = Upkeep(self.service, self._polling.look)
        self._teller = Teller(self.service)
        self._receiving = Receiving(self.service)
        self._queued = Queued(self.service, self._receiving, self.loop)
        self._register()
        self._worker: Any = None
        self._thread: threading.Thread | None = None
        self._lock: IO[str] | None = None

    def _register(self) -> None:
        performer = Performer(self.service, self.systems)
        intake = self._intake = Intake(self.service, self.systems, performer)
        celery_app.register(
            self.celery,
            intake=lambda alert_id: self.loop.run(intake.take_up(alert_id)),
            perform=lambda step_id: self.loop.run(performer.perform(step_id)),
            tell=self._teller.tell,
            take=self._queued.take,
            dropped=self._queued.dropped,
        )

    def warm(self) -> None:
        """Do what the first alert should not have to wait for."""
        self.loop.run(self.systems.warm(), 60)
        self.loop.run(self._intake.warm(), 10)
        for name in self._intake.routes.playbooks:
            model.load(name, self.service.settings.playbooks.folder)
        rehearse(self.service, self.systems)
        celery_app.warm_quietly(self.celery)
        # What is loaded by now stays. Each collection in the middle of a containment would look through all
        # of it, which takes a tenth of a second and more.
        gc.collect()
        gc.freeze()

    def claim_database(self) -> None:
        """Make sure that no other process serves this SQLite file, and take over what one left.

        Raises:
            AlreadyServing: another process serves it.
        """
        path = _lock_path(self.service.database.url)
        if path is None:
            return
        self._lock = path.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyServing(str(path)) from error
        self.upkeep.take_over()

    def start(self) -> None:
        """Start the in-process worker and the clock."""
        self._worker = self.celery.WorkController(
            pool="threads",
            concurrency=self.service.settings.engine.concurrency,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
            loglevel="WARNING",
        )
        self._thread = threading.Thread(target=self._worker.start, name="celery", daemon=True)
        self._thread.start()
        self.upkeep.look()
        self.upkeep.start()

    def readiness(self) -> dict[str, Any]:
        """Tell whether the parts run."""
        working = self._thread is not None and self._thread.is_alive()
        return {
            "worker": "ok" if working else "stopped",
            "upkeep": "ok" if self.upkeep.alive else "stopped",
        }

    def stop(self) -> None:
        """Finish what runs and stop."""
        self._queued.stop()
        self._intake.stop()
        self.upkeep.stop()
        self._polling.stop()
        if self._worker is not None:
            self._worker.stop()
        if self._thread is not None:
            self._thread.join(20)
        self.loop.run(self.systems.close(), 10)
        self.loop.stop()
        self.service.database.close()
        if self._lock is not None:
            self._lock.close()

    def work(self, stopped: Callable[[], bool]) -> None:
        """Work in the foreground until ``stopped`` says so or a part has died."""
        while not stopped():
            if "stopped" in self.readiness().values():
                _log.error("a part of this process has died; ending so that it is started anew")
                return
            time.sleep(0.2)


async def _build(service: Service) -> Systems:
    mutexes = SharedMutexes(service.database, service.settings.retries.call_timeout_s)
    return Systems(service.settings, mutexes)


def _lock_path(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database + ".lock")

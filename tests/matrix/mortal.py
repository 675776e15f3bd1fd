"""A process of Rescind that can be ended between any two things it does outside itself.

What it does outside itself is: requests to vendors, and commits. Each passes a gate first. Once the
process is dead nothing of it passes any more, so that no clean-up of a dying coroutine is taken for
something a dead process could do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors.door import Answer, Call, Transport
from connectors.limits import Limits
from ledger.chain import AuditLog
from ledger.database import Database
from tasks.perform import Performer
from tasks.service import Service
from tasks.systems import Systems
from tasks.upkeep import Upkeep


class Killed(BaseException):
    """The process is dead. No `except Exception` survives a power cut."""


@dataclass
class Life:
    """What a process has done outside itself, and before which of these it ends.

    ``before_change`` is called once, right before the first changing request leaves.
    """

    ends_before: int | None = None
    before_change: Callable[[], None] | None = None
    done: list[str] = field(default_factory=list)
    over: bool = False

    def gate(self, what: str, *, change: bool = False) -> None:
        if self.over or len(self.done) == self.ends_before:
            self.over = True
            raise Killed
        self.done.append(what)
        if change and self.before_change is not None:
            once, self.before_change = self.before_change, None
            once()


@dataclass
class Hours:
    """A clock that is put forward instead of waited for."""

    skipped_s: float = 0.0
    slept_s: float = 0.0

    def now(self) -> float:
        return time.monotonic() + self.skipped_s

    async def sleep(self, seconds: float) -> None:
        self.skipped_s += seconds
        self.slept_s += seconds
        await asyncio.sleep(0)


class _Bell:
    heard = True

    def __init__(self) -> None:
        self.steps: list[str] = []

    def alert(self, alert_id: str) -> None:
        """Nobody is alerted here."""

    def step(self, step_id: str) -> None:
        self.steps.append(step_id)

    def notice(self, notice_id: str) -> None:
        """Nobody reads here."""


class _Ledger(Database):
    """The database as one process has it open: what it commits passes the gate of its life."""

    def __init__(self, opened: Database, life: Life) -> None:
        vars(self).update(vars(opened))  # its connections, and the statements compiled for them
        self._life = life

    async def writing(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        named = getattr(work, "func", work)
        self._life.gate(f"commit {named.__name__.strip('_')}")
        return await super().writing(work, *args, **kwargs)


@dataclass
class Process:
    """The parts a worker is made of, and what it has done."""

    service: Service
    systems: Systems
    bell: _Bell
    life: Life
    hours: Hours

    async def look_and_perform(self) -> None:
        """Do what upkeep calls for, as the worker of one process does."""
        Upkeep(self.service).look()
        rung, self.bell.steps = self.bell.steps, []
        for step_id in rung:
            await Performer(self.service, self.systems).perform(step_id)


@asynccontextmanager
async def process(house: Service, life: Life) -> AsyncIterator[Process]:
    """Start a process of this installation on the event loop; what it leaves is in the database."""
    bell, hours = _Bell(), Hours()
    systems = Systems(house.settings)
    door = systems.door
    door._sleep = hours.sleep
    door.limits = Limits(clock=hours.now, sleep=hours.sleep)
    send = door._sent

    async def sent(call: Call, transport: Transport) -> Answer:
        life.gate(f"{call.method} {call.path}", change=call.write)
        return await send(call, transport)

    door._sent = sent  # type: ignore[method-assign]
    ledger = _Ledger(house.database, life)
    service = Service(house.settings, ledger, AuditLog(house.settings.instance), bell)
    try:
        yield Process(service, systems, bell, life, hours)
    finally:
        await _ended()
        await systems.close()


async def _ended() -> None:
    """Let what was under way at the vendor end; it finds no gate open."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)

"""Trials with something in the way: at the vendor, in the tenant, or with the process."""

from __future__ import annotations

import pickle
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import payroll_app
from mortal import Life
from scenes import Prepare, Row
from trial import TENANT, Ended, Trial

from config.settings import Settings
from simulator.faults import Fault
from simulator.server import Simulator
from simulator.tenant import Tenant

from house import House

_A_WHILE_S = 2.0
_EXTRA = """
[tenants.contoso.exchange]
base_url = "SIM_URL"
organization = "contoso.onmicrosoft.com"

[tenants.contoso.auth0]
domain = "contoso.eu.auth0.com"
base_url = "SIM_URL"
access_token = "simulated-auth0-token"
"""


@dataclass(frozen=True)
class Disturbance:
    """What goes wrong: at the vendor, in the tenant once the step is planned, or with the process.

    ``before_change`` happens to the tenant right before the first change leaves.
    """

    faults: tuple[Fault, ...] = ()
    meanwhile: Prepare | None = None
    before_change: Prepare | None = None
    dies_before: int | None = None
    twice: bool = False


@dataclass(frozen=True)
class _Start:
    """Where all trials of a row begin: the tenant and the ledger with its step in it, nothing sent."""

    step_id: str
    tenant: bytes
    ledger: sqlite3.Connection


class Rehearsals:
    """Carries steps out. Every trial of a row starts from the same tenant and the same ledger."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self._sim = sim
        self._built = House(folder, sim, extra=_EXTRA)
        self._built.service.settings = _settings(self._built.service.settings, sim.url)
        self._path = folder / "rescind.db"
        self._first_day = self._ledger()
        self._starts: dict[str, _Start] = {}
        self._undisturbed: dict[str, Ended] = {}

    async def undisturbed(self, row: Row) -> Ended:
        """Carry a row's step out with nothing in its way; once for all its cells."""
        if row.name not in self._undisturbed:
            self._undisturbed[row.name] = await self.rehearse(row)
        return self._undisturbed[row.name]

    async def rehearse(self, row: Row, wrong: Disturbance | None = None) -> Ended:
        """Carry a row's step out while this goes wrong; the log has to tell a whole story of it."""
        wrong, sim, trial = wrong or Disturbance(), self._sim, Trial(self._built, row)
        step_id = await self._started(row, trial)
        if wrong.twice:
            await trial.act(step_id)
            sim.tenant.advance(_A_WHILE_S)  # the vendors' stamps are whole seconds
            step_id = await trial.ready_again(step_id)
        if wrong.meanwhile is not None:
            with sim.tenant.lock:
                wrong.meanwhile(sim.tenant)
        for fault in wrong.faults:
            sim.faults.add(fault)
        happens = wrong.before_change
        life = Life(wrong.dies_before, (lambda: happens(sim.tenant)) if happens else None)
        ended = await trial.act(step_id, life)
        trial.story(step_id, ended)
        assert "fault:" not in ended.reason, f"a fault of ours\n{ended}"
        return ended

    def close(self) -> None:
        self._built.close()

    async def _started(self, row: Row, trial: Trial) -> str:
        start = self._starts.get(row.name)
        if start is None:
            self._put(self._first_day)
            step_id = await trial.ready()
            self._starts[row.name] = _Start(step_id, _packed(self._sim.tenant), self._ledger())
            return step_id
        self._sim.faults.clear()
        self._sim.requests.clear()
        with self._sim.tenant.lock:
            vars(self._sim.tenant).update(pickle.loads(start.tenant))  # noqa: S301 - our own
        self._put(start.ledger)
        return start.step_id

    def _ledger(self) -> sqlite3.Connection:
        """The ledger as it stands, in memory."""
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(self._path)) as ledger:
            ledger.backup(kept)
        return kept

    def _put(self, kept: sqlite3.Connection) -> None:
        """Put this ledger in place of the one there is."""
        with closing(sqlite3.connect(self._path)) as ledger:
            kept.backup(ledger)


def _packed(tenant: Tenant) -> bytes:
    state = {name: kept for name, kept in vars(tenant).items() if name not in ("lock", "_populate")}
    return pickle.dumps(state)


def _settings(settings: Settings, url: str) -> Settings:
    """The settings of a house, with the app that is told, and without long waits."""
    engine = settings.engine.model_copy(update={"verify_patience_s": 0.1, "step_attempts": 5})
    tenant = settings.tenants[TENANT].model_copy(update={"signals": payroll_app.settings(url)})
    return settings.model_copy(update={"engine": engine, "tenants": {TENANT: tenant}})

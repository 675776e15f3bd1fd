"""How long from the alert's POST until the thief is out, and what that is made of.

Runs `rescind serve` on SQLite against the practice tenant, which answers at once. The floor, taken
in the same run, is what no implementation can avoid: the vendor requests before the revocation,
one after the other over a kept connection, and the commits that must precede them.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from sqlalchemy import create_engine, event, select, text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from ledger import tables
from simulator.thief import Thief

from house import House, house

PEOPLE = [f"user{number:02}" for number in range(1, 7)]
#: Alert stored; taken up; run, plan and claims; and per system: observation with intent.
COMMITS = 5
#: Identify in Entra and Okta, observe in both, and the two revocations.
REQUESTS = 8


def evict(built: House, name: str) -> dict[str, float]:
    with Thief(built.sim.url, built.sim.steal(name)) as thief:
        if not thief.wait_until_working():
            raise SystemExit(f"{name}: the stolen credentials do not work")
        before = time.time() * 1000
        answer = built.post(built.incident(name))
        answered = time.time() * 1000
        answer.raise_for_status()
        if not thief.wait_until_locked_out(20):
            raise SystemExit(f"{name}: the thief is still in")
        locked = {system: at for system, at in thief.locked_out().items() if at is not None}
    milestones = _milestones(built, before)
    built.finished_run(60)
    return {
        "POST answered (alert on disk)": answered - before,
        "run and plan on disk": milestones["plan.computed"],
        "first intent on disk": milestones["action.intent"],
        "out of Entra": locked["entra"] - before,
        "out of Okta": locked["okta"] - before,
    }


def _milestones(built: House, since_ms: float) -> dict[str, float]:
    found: dict[str, float] = {}
    with built.service.database.read() as connection:
        query = select(tables.audit.c.time, tables.audit.c.record).order_by(tables.audit.c.seq)
        for row in connection.execute(query.where(tables.audit.c.time >= int(since_ms))):
            found.setdefault(json.loads(row.record)["event"], row.time - since_ms)
    return found


def floor(built: House, folder: Path) -> float:
    engine = create_engine(f"sqlite:///{folder / 'floor.db'}")

    @event.listens_for(engine, "connect")
    def _durable(connection: object, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
        connection.execute("PRAGMA synchronous=FULL")  # type: ignore[attr-defined]

    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    with httpx.Client(trust_env=False) as client:
        client.get(f"{built.sim.url}/_sim/settings")
        begun = time.perf_counter()
        for _ in range(REQUESTS):
            client.get(f"{built.sim.url}/v1.0/organization")
        for _ in range(COMMITS):
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO t VALUES (1)"))
        return (time.perf_counter() - begun) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as name, house(Path(name)) as built:
        built.start()
        floors = [floor(built, Path(tempfile.mkdtemp(dir=name))) for _ in range(5)]
        rows = [evict(built, person) for person in PEOPLE]
    bare = statistics.median(floors)
    print(f"floor ({REQUESTS} requests, {COMMITS} commits): {bare:.0f} ms; {len(rows)} evictions")
    for key in rows[0]:
        values = sorted(row[key] for row in rows)
        middle = statistics.median(values)
        print(
            f"{key:32} median {middle:6.0f} ms  max {values[-1]:6.0f} ms  {middle / bare:5.1f} x floor"
        )


if __name__ == "__main__":
    main()

"""How many audit records a second one process appends, beside what bare commits cost on this disk.

    python -m bench.audit_append [--url postgresql+psycopg://…/empty] [--seconds 5]

Both are measured in turns in the same run, so that the ratio means something on a noisy machine: an
append is one commit with three statements, so a ratio near 1 says that the disk is what limits it.
PostgreSQL needs an empty database; SQLite gets a new file in the working directory's file system.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from ledger import tables
from ledger.chain import AuditLog
from ledger.database import Database, now_ms
from ledger.migrate import migrate
from ledger.verify_database import verify_database
from ledger.vocabulary import Event

ROUNDS = 5

AUDIT = AuditLog("bench")
REQUEST = {
    "system": "entra",
    "tenant": "contoso",
    "method": "POST",
    "path": "/users/{id}/revokeSignInSessions",
    "params": {"id": "8f1f6f58-9a5c-4d0c-8a3c-0d8a4e1f2b3c"},
}
STEP = {"id": "0195f0c0-0000-7000-8000-000000000001", "node": "revoke", "attempt": 1, "fence": 1}


def append(connection: Connection) -> None:
    AUDIT.append(
        connection,
        Event.NOTIFICATION_SENT,
        run_id="0195f0c0-0000-7000-8000-000000000000",
        step=STEP,
        plan_hash="sha256:" + "0" * 64,
        request=REQUEST,
    )


def bare(connection: Connection) -> None:
    connection.execute(tables.control.update().values(changed_at=now_ms(connection)))


def rate(database: Database, work: Callable[[Connection], None], seconds: float) -> float:
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        with database.write() as connection:
            work(connection)
        done += 1
    return done / spent


def measure(database: Database, seconds: float) -> None:
    migrate(database)
    with database.write() as connection:
        connection.execute(
            tables.control.insert().values(key="bench", value={}, changed_at=0, changed_by="bench")
        )
    each = seconds / ROUNDS / 2
    floors, appends = [], []
    for _ in range(ROUNDS):
        floors.append(rate(database, bare, each))
        appends.append(rate(database, append, each))
    ratio = statistics.median(a / f for a, f in zip(appends, floors, strict=True))
    start = time.perf_counter()
    report = verify_database(database)
    verified = report.records / (time.perf_counter() - start)
    print(f"engine         {database.url.get_backend_name()}")
    print(f"bare commits   {statistics.median(floors):9.0f} a second")
    print(f"appends        {statistics.median(appends):9.0f} a second")
    print(f"ratio          {ratio:9.2f}")
    print(f"verification   {verified:9.0f} records a second, {report.verdict}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    asked.add_argument("--url", help="an empty database; else a new SQLite file")
    asked.add_argument("--seconds", type=float, default=5.0)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        database = Database(options.url or f"sqlite:///{folder}/bench.db")
        try:
            measure(database, options.seconds)
        finally:
            database.close()


if __name__ == "__main__":
    main()

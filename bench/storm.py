"""A storm at `rescind serve` on SQLite: 500 alerts on one person in one go, then one on somebody else.

Every post is sent over a connection of its own before any answer is read. Told are: whether all were
answered and stored, what became of them, and when the other person's sessions began to be revoked, as a
ratio to the same in calm.

    python bench/storm.py [--alerts 500]
"""

from __future__ import annotations

import argparse
import copy
import json
import selectors
import socket
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from ledger import tables

from house import HOOK_SECRET, House, house, wait_for

STEP = "entra-revoke"


def requests(built: House, name: str, count: int) -> list[bytes]:
    incident, made = built.incident(name), []
    for number in range(count):
        one = copy.deepcopy(incident)
        one["object"]["name"], one["object"]["id"] = f"storm-{number}", f"/Incidents/storm-{number}"
        seen = datetime.now(UTC) + timedelta(milliseconds=number)
        one["object"]["properties"]["firstActivityTimeUtc"] = seen.isoformat()
        body = json.dumps(one).encode()
        head = (
            f"POST /hooks/sentinel HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {HOOK_SECRET}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def burst(port: int, made: list[bytes]) -> tuple[float, list[float], Counter[str]]:
    """Return how long sending took, how long each answer took (s, sorted), and the statuses."""
    begun, waits, statuses = time.perf_counter(), [], Counter[str]()
    with selectors.DefaultSelector() as ready:
        for each in made:
            line = socket.create_connection(("127.0.0.1", port), 30)
            line.sendall(each)
            ready.register(line, selectors.EVENT_READ, time.perf_counter())
        sent = time.perf_counter() - begun
        while ready.get_map():
            for key, _ in ready.select(60):
                line: Any = key.fileobj
                statuses[line.recv(65536).split(b" ", 2)[1].decode()] += 1
                waits.append(time.perf_counter() - key.data)
                ready.unregister(line)
                line.close()
    return sent, sorted(waits), statuses


def first_step(built: House, alert_id: str) -> float:
    """Return how long after its arrival an alert's first revocation began, in ms."""

    row, found = built.alert(alert_id, 60), list[float]()

    def begun() -> bool:
        at = built.steps(row.run_ids[0])[STEP].started_at
        found[:] = [at - row.received_at] if at else []
        return bool(found)

    wait_for(begun, 60, "the first step")
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alerts", type=int, default=500)
    count = parser.parse_args().alerts
    with tempfile.TemporaryDirectory() as name, house(Path(name)) as built:
        built.start()
        built.post(built.incident("user05"))
        built.run_of("user05")
        calm = first_step(built, built.post(built.incident("user06")).json()["alert"])
        built.run_of("user06")
        made, begun = requests(built, "user01", count), time.perf_counter()
        sent, waits, statuses = burst(built.port, made)
        stormy = first_step(built, built.post(built.incident("user02")).json()["alert"])
        state = tables.alert.c.state

        def left() -> int:
            with built.service.database.read() as connection:
                waiting = select(func.count()).where(state == "received")
                return int(connection.execute(waiting).scalar_one())

        wait_for(lambda: not left(), 300, "all to be taken up", lambda: f"{left()} left")
        took = time.perf_counter() - begun
        with built.service.database.read() as connection:
            became = dict(connection.execute(select(state, func.count()).group_by(state)).all())
            records = connection.execute(
                select(func.count()).where(tables.audit.c.event.like("alert.%"))
            ).scalar_one()
    print(f"{count} alerts on one person, sent within {sent:.2f} s: answers {dict(statuses)}")
    print(f"answered: median {waits[len(waits) // 2]:.2f} s, last {waits[-1]:.2f} s")
    print(f"all taken up after {took:.2f} s: {became}; {records} records on alerts")
    print(
        f"the other person's first revocation began after {stormy:.0f} ms; "
        f"in calm {calm:.0f} ms; {stormy / calm:.1f} x"
    )


if __name__ == "__main__":
    main()

"""Going hunting: logs in, findings out, within a bound of memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import duckdb

from detectors.hunts import ingest, reading
from detectors.hunts.catalogue import Hunt, Tuning, Value, literal
from detectors.hunts.errors import HuntError, NothingToRead
from detectors.hunts.finding import SEVERITIES, Finding, finding_of
from detectors.hunts.ingest import Taken

#: Half of the machine's memory would do, too; what does not fit goes to the temporary folder.
_MEMORY = "2500MB"
_BASELINE = ("tables/baseline.sql", "tables/sessions.sql")

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the machine a hunt may take."""

    memory: str = _MEMORY
    threads: int | None = None


class Ground:
    """Logs that were read once, to hunt over any number of times."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        taken: Taken,
        strange: Sequence[Path],
        tuning: Tuning,
    ) -> None:
        """Take the filled tables; ``hunting_ground`` makes it."""
        self.connection = connection
        self.taken = taken
        self.strange = tuple(strange)
        self._tuning = tuning

    def go(
        self, hunt: Hunt, since: datetime | None = None, until: datetime | None = None
    ) -> list[Finding]:
        """Return a hunt's findings, the most severe first.

        Args:
            hunt: which.
            since: only what went on at or after this moment. Older rows still tell what is usual.
            until: only what began before this moment.
        """
        _set(self.connection, {**self._tuning.shared(), **self._tuning.of(hunt)})
        result = self.connection.execute(
            f"SELECT * FROM ({hunt.sql}) WHERE ($since IS NULL OR last_at >= $since)"  # noqa: S608 - our own file
            " AND ($until IS NULL OR first_at < $until)",
            {"since": _plain(since), "until": _plain(until)},
        )
        names = [column[0] for column in result.description]
        found = [
            finding_of(
                dict(zip(names, row, strict=True)), hunt.name, hunt.title, hunt.attack, hunt.signal
            )
            for row in result.fetchall()
        ]
        return sorted(
            found, key=lambda each: (-SEVERITIES.index(each.severity), -each.points, each.first_at)
        )


@contextmanager
def hunting_ground(
    paths: Sequence[Path],
    tuning: Tuning | None = None,
    limits: Limits | None = None,
    told: Told = lambda _: None,
    seen: Callable[[duckdb.DuckDBPyConnection], None] = lambda _: None,
) -> Iterator[Ground]:
    """Read logs and count what is usual; everything is gone when the context ends.

    Args:
        paths: files and folders.
        tuning: what a person set.
        limits: memory and threads.
        told: hears each step as it begins.
        seen: is given the connection, to ask it how far it is.

    Raises:
        NothingToRead: no row of a known shape is in them.
        HuntError: the machine has too little room.
    """
    tuning, limits = tuning or Tuning(), limits or Limits()
    found, strange = reading.find(paths)
    with tempfile.TemporaryDirectory(prefix="rescind-hunt-") as folder:
        connection = duckdb.connect(str(Path(folder) / "logs.duckdb"))
        try:
            _limit(connection, limits, folder)
            seen(connection)
            ingest.prepare(connection)
            taken = ingest.take(connection, found, told)
            if not taken.total:
                raise NothingToRead(_nothing(taken, len(found)))
            told("what is usual")
            _count_the_usual(connection, tuning)
            yield Ground(connection, taken, strange, tuning)
        except duckdb.OutOfMemoryException as error:
            raise HuntError(
                f"{limits.memory} of memory are too little for these logs",
                "Allow more with --memory, or hunt over fewer days at a time.",
            ) from error
        finally:
            connection.close()


def _limit(connection: duckdb.DuckDBPyConnection, limits: Limits, folder: str) -> None:
    try:
        connection.execute(f"SET memory_limit = {literal(limits.memory)}")
    except duckdb.Error as error:
        raise HuntError(
            f"--memory {limits.memory}: no amount of memory", "Write it like 2500MB or 4GB."
        ) from error
    connection.execute(f"SET temp_directory = {literal(folder)}")
    if limits.threads:
        connection.execute(f"SET threads = {int(limits.threads)}")


def _count_the_usual(connection: duckdb.DuckDBPyConnection, tuning: Tuning) -> None:
    shared = tuning.shared()
    _set(connection, shared)
    with as_file(files("detectors.hunts").joinpath("tables/asns.csv")) as path:
        connection.execute(
            "CREATE TABLE asn_list AS SELECT asn::BIGINT AS asn, kind, name"  # noqa: S608 - a literal
            f" FROM read_csv({literal(str(path))}, header = true)"
            " WHERE NOT list_contains(getvariable('not_hosting_asns'), asn::BIGINT)"
            " UNION ALL SELECT unnest(getvariable('hosting_asns')), 'hosting', 'your list'"
            " UNION ALL SELECT unnest(getvariable('anonymiser_asns')), 'anonymiser', 'your list'"
        )
    for name in _BASELINE:
        connection.execute(ingest.resource(name))


def _set(connection: duckdb.DuckDBPyConnection, values: dict[str, Value]) -> None:
    for name, value in values.items():
        kind = "::BIGINT[]" if name.endswith("asns") else ""
        connection.execute(f"SET VARIABLE {name} = {literal(value)}{kind}")


def _plain(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _nothing(taken: Taken, number: int) -> str:
    if taken.unreadable:
        path, why = taken.unreadable[0]
        return f"none of {number} files could be read; {path}: {why}"
    return f"{taken.unknown} rows in {number} files, and none of a shape that is known"

"""Taking an alert up: what never works is told in the end, and what is read once is read once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from config.settings import Mode, Settings
from detectors.alert import Alert
from ledger import deliveries, tables
from ledger.database import now_ms
from ledger.migrate import migrate
from tasks import parsing, victims
from tasks.intake import Intake
from tasks.mutexes import SharedMutexes
from tasks.opening import Request, StillMoves
from tasks.parsing import Parser
from tasks.perform import Performer
from tasks.service import Service
from tasks.systems import Systems
from tasks.victims import Found

SOURCE = {
    "kind": "generic",
    "origin": {"proof": "shared_secret", "secret": "s" * 16},
    "mapping": {"title": "title", "person.email": "mail", "items": "findings"},
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = Settings.model_validate(
        {
            "instance": "test",
            "database": {"url": f"sqlite:///{tmp_path / 'x.db'}"},
            "sources": {"siem": SOURCE},
        }
    )
    made = Service.of(settings)
    migrate(made.database)
    yield made
    made.database.close()


def _stored(service: Service, count: int, *, attempts: int = 0, word: str = "a") -> Row[Any]:
    findings = [
        {"title": "token stolen", "mail": f"{word}{number}@contoso.com"} for number in range(count)
    ]
    with service.database.write() as connection:
        received = deliveries.receive(
            connection, service.audit, source="siem", kind="generic",
            body=json.dumps({"findings": findings}).encode(), fold_s=60,
        )  # fmt: skip
        connection.execute(tables.alert.update().values(attempts=attempts))
        found = connection.execute(select(tables.alert).where(tables.alert.c.id == received.id))
        return found.one()


def _taken_up(service: Service, attempts: int, fault: Exception) -> Row[Any]:
    """Take an alert up that was taken up so often, and fails again in the same way."""
    stored = _stored(service, 1, attempts=attempts)

    async def work() -> None:
        systems = Systems(service.settings, SharedMutexes(service.database))
        intake = Intake(service, systems, Performer(service, systems))

        async def fails(*_: Any) -> None:
            raise fault

        intake._take = fails  # type: ignore[method-assign, assignment]
        await intake.take_up(stored.id)

    asyncio.run(work())
    with service.database.read() as connection:
        return connection.execute(select(tables.alert)).one()


@pytest.mark.parametrize(
    "fault", [TimeoutError(), IntegrityError("insert", {}, ValueError()), RuntimeError()]
)
def test_what_fails_each_time_is_set_aside_and_told_after_two_hours(
    service: Service, fault: Exception
) -> None:
    assert _taken_up(service, 119, fault).state == "quarantined"
    with service.database.read() as connection:
        assert connection.execute(select(tables.notice)).all()


@pytest.mark.parametrize("attempts", [3, 5000])
def test_what_waits_for_a_run_that_moves_waits_however_long(
    service: Service, attempts: int
) -> None:
    row = _taken_up(service, attempts, StillMoves())
    assert (row.state, row.reason) == ("received", "the run that has found it still moves")
    with service.database.read() as connection:
        assert 0 < row.lease_until - now_ms(connection) <= 10_000


def test_waiting_for_a_run_uses_up_no_patience_with_a_system(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a system that is silent for a moment would be left out of what follows."""
    asked: list[tuple[bool, bool]] = []

    async def find(*_: Any, patient: bool, last: bool) -> Found:
        asked.append((patient, last))
        raise StillMoves

    monkeypatch.setattr(victims, "find", find)
    row = _taken_up(service, 200, StillMoves())
    alert = Alert(source="siem", kind="generic", event_id="1", title="stolen")
    request = Request(tenant="contoso", playbook="cm0080", mode=Mode.AUTO, requested_by="siem")

    async def work() -> None:
        systems = Systems(service.settings, SharedMutexes(service.database))
        intake = Intake(service, systems, Performer(service, systems))
        for each in (row, SimpleNamespace(attempts=200, reason="Okta does not answer")):
            with pytest.raises(StillMoves):
                await intake._begin(cast("Row[Any]", each), alert, "key", request, ())

    asyncio.run(work())
    assert asked == [(True, False), (False, True)]


def test_a_delivery_too_large_to_be_kept_is_still_read_once_while_it_is_taken_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "_KEPT", 20_000)
    source = service.settings.all_sources["siem"]
    reads: list[str] = []
    body_of = deliveries.body_of

    def counted(connection: Any, digest: str) -> bytes:
        reads.append(digest)
        return body_of(connection, digest)

    monkeypatch.setattr(deliveries, "body_of", counted)
    small, large = _stored(service, 1, word="b"), _stored(service, 50)

    async def work() -> None:
        parser = Parser(service.database)
        for row in (small, small, large, large, large):
            await parser.read(row, source)
        assert len(parser._reads) == 1
        await parser.read(small, source)
        assert list(parser._reads) == [("siem", small.body_sha256)]

    asyncio.run(work())
    assert reads == [small.body_sha256, large.body_sha256, small.body_sha256]

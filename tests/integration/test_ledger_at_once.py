"""Several who write at once: nobody is starved, nothing is counted or settled twice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from config.settings import Settings
from connectors import errors
from connectors.door import Call
from ledger import alerts, control, deliveries, intents, leases, locks, runs, steps, tables
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.errors import AlertLost, ClaimLost, DatabaseBusy, PausedByPerson
from ledger.intents import Sent
from ledger.migrate import migrate
from ledger.runs import NewRun, NewStep
from ledger.vocabulary import Event
from tasks.journal import StepJournal
from tasks.service import Service
from tasks.storing import Store, Storing

from house import wait_for

AUDIT = AuditLog("test")


def _new(person: str = "p", tenant: str = "contoso") -> NewRun:
    step = NewStep(
        node="revoke", stage="contain", action="entra.revoke_sessions", system="entra",
        tenant=tenant, impact="low", parameters={}, target={}, approval=False,
    )  # fmt: skip
    return NewRun(
        tenant=tenant, person_key=person, person={}, alert_id=None, requested_by="cli:riley",
        playbook="cm0080", playbook_hash="sha256:0", mode="auto", plan_hash="sha256:1", plan={},
        steps=[step],
    )  # fmt: skip


def _claimed(database: Database, owner: str = "a", lease_s: float = 30) -> leases.Claim:
    with database.write() as connection:
        created = runs.create(connection, AUDIT, _new(), approval_deadline_s=60)
        (step_id,) = steps.advance(connection, AUDIT, created.run_id)
    return _claim(database, step_id, owner, lease_s)


def _claim(database: Database, step_id: str, owner: str, lease_s: float = 30) -> leases.Claim:
    with database.write() as connection:
        claim = leases.claim(connection, AUDIT, step_id, owner, lease_s)
    assert claim is not None
    return claim


def _intend(connection: Connection, claim: leases.Claim) -> str:
    return intents.make(
        connection, AUDIT, run_id=claim.step.run_id, step=claim.named,
        plan_hash=claim.plan_hash, request={"method": "POST"},
    )  # fmt: skip


@pytest.fixture
def database(either: Database) -> Database:
    migrate(either)
    return either


def test_who_lost_a_step_cannot_settle_what_the_next_one_sent(database: Database) -> None:
    first = _claimed(database, lease_s=0.05)
    time.sleep(0.1)
    with database.write() as connection:
        leases.expire(connection, AUDIT)
    second = _claim(database, first.id, "b")
    with database.write() as connection:
        _intend(connection, second)
    with pytest.raises(ClaimLost), database.write() as connection:
        intents.reconcile(
            connection, AUDIT, run_id=first.step.run_id, step=first.named, finding="no trace"
        )
    with database.read() as connection:
        assert intents.sent(connection, first.id) is Sent.UNKNOWN


def test_who_lost_an_alert_cannot_write_what_became_of_it(database: Database) -> None:
    with database.write() as connection:
        received = deliveries.receive(
            connection, AUDIT, source="s", kind="generic", body=b"{}", fold_s=60
        )
        late = alerts.claim(connection, received.id, 0)
        taken = alerts.claim(connection, received.id, 60)
    assert late is not None
    assert taken is not None
    with pytest.raises(AlertLost), database.write() as connection:
        alerts.hold(connection, late)
    with database.write() as connection:
        alerts.hold(connection, taken)
        alerts.settle(connection, taken.id, state="run")
    with pytest.raises(AlertLost), database.write() as connection:
        alerts.hold(connection, taken)


def test_deliveries_stored_together_keep_nobody_from_writing_what_became_of_one(
    database: Database,
) -> None:
    """Whoever holds an alert that comes again goes on to the log's head, and must find it free."""

    def stored(body: bytes) -> Store:
        def work(connection: Connection, audit: AuditLog) -> deliveries.Received:
            return deliveries.receive(
                connection, audit, source="s", kind="generic", body=body, fold_s=60
            )

        return work

    with database.write() as connection:
        first = stored(b"{}")(connection, AUDIT)
        taken = alerts.claim(connection, first.id, 60)
    assert taken is not None

    async def together() -> list[deliveries.Received]:
        storing = Storing(database, AUDIT)
        return await asyncio.gather(*(storing.store(stored(body)) for body in (b"new", b"{}")))

    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            alerts.hold(connection, taken)
            answers = pool.submit(asyncio.run, together())
            time.sleep(0.3)
            began = time.monotonic()
            AUDIT.append(connection, Event.ALERT_IGNORED, alert=first.id)
            took_s = time.monotonic() - began
        new, again = answers.result(60)
    assert took_s < 0.9, "PostgreSQL ends a deadlock after a second"
    assert (new.duplicate, again) == (False, deliveries.Received(first.id, duplicate=True))
    with database.read() as connection:
        events = connection.execute(select(tables.audit.c.event).order_by(tables.audit.c.seq))
        assert events.scalars().all() == [
            "alert.received", "alert.ignored", "alert.received", "alert.duplicate",
        ]  # fmt: skip


def test_the_same_words_are_the_same_delivery_only_for_a_while(database: Database) -> None:
    def post(fold_s: float, delivery_id: str | None = None) -> deliveries.Received:
        with database.write() as connection:
            return deliveries.receive(
                connection, AUDIT, source="s", kind="generic", body=b'{"user": "ada"}',
                delivery_id=delivery_id, fold_s=fold_s,
            )  # fmt: skip

    first = post(60)
    assert post(60) == deliveries.Received(first.id, duplicate=True)
    time.sleep(0.02)
    again = post(0.01)
    assert not again.duplicate
    assert again.id != first.id
    named = post(60, "d-1")
    time.sleep(0.02)
    assert post(0.01, "d-1") == deliveries.Received(named.id, duplicate=True)


@contextmanager
def _writers(database: Database, count: int, claim: leases.Claim) -> Iterator[list[str]]:
    """Let many commit intents without a break, each holding its transaction for a moment."""
    stop, made = threading.Event(), list[str]()

    def write() -> None:
        while not stop.is_set():
            try:
                with database.write() as connection:
                    made.append(_intend(connection, claim))
                    time.sleep(0.005)
            except PausedByPerson:
                time.sleep(0.005)

    with ThreadPoolExecutor(count) as threads:
        for _ in range(count):
            threads.submit(write)
        try:
            yield made
        finally:
            stop.set()


@pytest.mark.services
def test_a_pause_does_not_wait_for_a_gap_between_changes(postgres: Database) -> None:
    migrate(postgres)
    claims = _claimed(postgres)
    with _writers(postgres, 8, claims) as made:
        wait_for(lambda: made, 10, "the first intents")
        begun = time.monotonic()
        with postgres.write() as connection:
            control.pause(connection, AUDIT, actor="riley", reason="a drill")
        took = time.monotonic() - begun
        sent = len(made)
        time.sleep(0.3)
        assert len(made) == sent, "after the pause nothing is let out"
    assert took < 8, "it waits for those who write now, not for those who come"


@pytest.mark.services
def test_those_who_count_people_at_once_count_one_after_the_other(postgres: Database) -> None:
    migrate(postgres)

    def open_one(number: int) -> int:
        with postgres.write() as connection:
            locks.take(connection, locks.people_of("contoso"))
            before = runs.people_since(connection, "contoso", 3600)
            runs.create(connection, AUDIT, _new(f"p{number}"), approval_deadline_s=60)
            return before

    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(open_one, range(16)))
    assert sorted(counted) == list(range(16))


@pytest.mark.services
async def test_a_transaction_that_ended_in_a_deadlock_is_run_again(postgres: Database) -> None:
    with postgres.write() as connection:
        connection.execute(text("CREATE TABLE two (id int primary key)"))
        connection.execute(text("INSERT INTO two VALUES (1), (2)"))
    both, tries = threading.Barrier(2), []
    lock = text("SELECT id FROM two WHERE id = :id FOR UPDATE")

    def cross(connection: Connection, first: int, second: int) -> int:
        tries.append(first)
        connection.execute(lock, {"id": first})
        if len(tries) <= 2:
            both.wait(12)  # nobody may be idle in a transaction for longer than 15 seconds
        connection.execute(lock, {"id": second})
        return first

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(_write_until_done, postgres, cross)
        assert await postgres.writing(cross, 1, 2) == 1
        assert other.result(60)
    assert len(tries) == 3


def _write_until_done(database: Database, cross: Any) -> bool:
    while True:
        try:
            with database.write() as connection:
                return bool(cross(connection, 2, 1))
        except DatabaseBusy:
            continue


@pytest.mark.services
def test_a_lock_that_somebody_keeps_is_given_up_and_said(postgres: Database) -> None:
    migrate(postgres)
    with postgres.engine.connect() as keeper, keeper.begin():
        keeper.execute(text("SELECT * FROM audit_head FOR UPDATE"))
        with pytest.raises(DatabaseBusy), _impatient(postgres) as connection:
            control.pause(connection, AUDIT, actor="riley", reason="")
    with postgres.read() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "10s"
        idle = connection.execute(text("SHOW idle_in_transaction_session_timeout"))
        assert idle.scalar() == "15s"


@contextmanager
def _impatient(database: Database) -> Iterator[Connection]:
    with database.write() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        yield connection


@pytest.mark.services
async def test_a_pause_and_a_first_change_never_wait_for_each_other(postgres: Database) -> None:
    migrate(postgres)
    url = postgres.url.render_as_string(hide_password=False)
    service = Service.of(Settings.model_validate({"database": {"url": url}}))
    journal = StepJournal(service, _claimed(postgres, lease_s=300))
    call = Call("entra", "contoso", "POST", "/users/{id}", {"id": "1"})
    stop = threading.Event()

    def pause_and_resume() -> None:
        while not stop.is_set():
            with postgres.write() as connection:
                control.pause(connection, AUDIT, actor="riley", reason="")
            with postgres.write() as connection:
                control.resume(connection, AUDIT, actor="riley")

    with ThreadPoolExecutor(1) as threads:
        drill = threads.submit(pause_and_resume)
        try:
            for _ in range(60):
                journal.observed({"snapshot": {}, "satisfied": False})
                with suppress(errors.Paused):
                    await journal.intent(call)
        finally:
            stop.set()
        drill.result(60)
    service.database.close()

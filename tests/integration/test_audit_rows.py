"""The log where it is kept vouches for the tables: a row that says something else is named."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from cli.main import main
from ledger import approvals, deliveries, leases, runs, steps
from ledger.chain import AuditLog
from ledger.database import Database
from ledger.migrate import migrate
from ledger.steps import Ended
from ledger.verify import Report
from ledger.verify_database import verify_database
from ledger.vocabulary import Event

AUDIT = AuditLog("test")
HUMAN = {"type": "human", "sub": "grace-id"}


@pytest.fixture
def database(either: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A delivery, two runs that have ended, and one that waits for a person."""
    monkeypatch.setattr("ledger.verify_rows._PAGE", 2)
    migrate(either)
    with either.write() as connection:
        user = {"id": "grace-id", "role": "approver"}
        AUDIT.append(connection, Event.USER_ADDED, actor=HUMAN, user=user)
        for body in (b"first", b"second"):
            deliveries.receive(
                connection, AUDIT, source="edr", kind="generic", body=body, fold_s=3600
            )
    for number in range(3):
        open_run(either, number)
    for number in range(2):
        decide(either, number)
    return either


def open_run(database: Database, number: int) -> None:
    def step(node: str, action: str, *, approval: bool) -> runs.NewStep:
        return runs.NewStep(
            node=node, stage="s", action=action, system="entra", tenant="contoso", impact="low",
            parameters={}, target={}, approval=approval,
        )  # fmt: skip

    new = runs.NewRun(
        tenant="contoso", person_key=f"p{number}", person={}, alert_id=None, requested_by="cli:x",
        playbook="cm0080", playbook_hash="sha256:p", mode="auto", plan_hash=f"sha256:{number}",
        plan={}, private={"names": "Ada"},
        steps=(step("revoke", "entra.revoke_sessions", approval=False),
               step("disable", "entra.disable_user", approval=True)),
    )  # fmt: skip
    with database.write() as connection:
        created = runs.create(connection, AUDIT, new, approval_deadline_s=600)
        finish_ready(connection, created.run_id)


def finish_ready(connection: Connection, run_id: str) -> None:
    for step_id in steps.advance(connection, AUDIT, run_id):
        held = leases.claim(connection, AUDIT, step_id, "me", 30)
        assert held is not None
        leases.finish(connection, AUDIT, held, Ended("already", "it was so"))


def decide(database: Database, number: int) -> None:
    plan_hash = f"sha256:{number}"
    with database.write() as connection:
        asked = next(each for each in approvals.pending(connection) if each.plan_hash == plan_hash)
        approvals.decide(
            connection, AUDIT, asked.id, approve=number == 0, plan_hash=plan_hash,
            user_id="grace-id", user_name="grace", reason="by phone",
        )  # fmt: skip
        finish_ready(connection, asked.run_id)
        status = "contained" if number == 0 else "partial"
        runs.close(connection, AUDIT, asked.run_id, status=status, exposure=[])


#: What stands for the three runs in the statements below.
RUNS = {"THE_APPROVED": "p0", "THE_DENIED": "p1", "THE_OPEN": "p2"}


def change(database: Database, *statements: str) -> Report:
    """Change the tables as their owner can, and check the log."""
    for statement in statements:
        for name, person in RUNS.items():
            run = f"(SELECT id FROM run WHERE person_key = '{person}')"  # noqa: S608
            statement = statement.replace(name, run)  # noqa: PLW2901
        with database.write() as connection:
            bytes_there = "BLOB" if database.sqlite else "BYTEA"
            connection.execute(text(statement.replace("AS BYTES", f"AS {bytes_there}")))
    return verify_database(database)


def test_rows_as_the_log_told_them_are_verified(database: Database) -> None:
    report = verify_database(database)
    assert (report.verdict, report.findings) == ("verified", ())
    assert len(report.runs_open) == 1


@pytest.mark.parametrize(
    ("statement", "event", "why"),
    [
        ("UPDATE delivery_body SET bytes = CAST('forged' AS BYTES) WHERE sha256 ="
         " (SELECT min(body_sha256) FROM alert)", "alert.received", "are not those that arrived"),
        ("UPDATE alert SET body_sha256 = (SELECT max(sha256) FROM delivery_body) WHERE body_sha256 ="
         " (SELECT min(sha256) FROM delivery_body)", "alert.received", "points at other bytes"),
        ("UPDATE run SET status = 'contained' WHERE id = THE_DENIED", "run.finished",
         "its status is contained, and the log told partial"),
        ("UPDATE run SET status = 'contained' WHERE id = THE_OPEN", "run.created",
         "its status is contained, and the log told none"),
        ("UPDATE run SET state = 'done' WHERE id = THE_OPEN", "run.created",
         "its state is ended, and the log told open"),
        ("UPDATE run SET state = 'running' WHERE id = THE_APPROVED", "run.finished",
         "its state is open, and the log told ended"),
        ("UPDATE run SET mode = 'observe' WHERE id = THE_APPROVED", "run.created", "its mode is observe"),
        ("UPDATE run SET alert_id = (SELECT min(id) FROM alert) WHERE id = THE_APPROVED", "run.created",
         "and the log told none"),
        ("UPDATE run SET plan_hash = 'x' WHERE id = THE_APPROVED", "run.created", "its plan_hash is x"),
        ("UPDATE step SET outcome = 'verified' WHERE node = 'revoke' AND run_id = THE_APPROVED",
         "step.finished", "its outcome is verified, and the log told already"),
        ("UPDATE step SET outcome = 'verified' WHERE node = 'disable' AND run_id = THE_OPEN",
         "run.created", "its outcome is verified, and the log told none"),
        ("UPDATE step SET state = 'held' WHERE node = 'disable' AND run_id = THE_APPROVED",
         "step.finished", "its state is open, and the log told ended"),
        ("UPDATE step SET approval = 'approved' WHERE node = 'disable' AND run_id = THE_OPEN",
         "run.created", "its approval is approved, and the log told pending"),
        ("UPDATE step SET action = 'x' WHERE node = 'revoke' AND run_id = THE_APPROVED", "step.finished",
         "its action is x, and the log told entra.revoke_sessions"),
        ("UPDATE approval SET state = 'approved', decided_by = 'mona' WHERE run_id = THE_OPEN",
         "approval.requested", "its state is approved, and the log told pending"),
        ("UPDATE approval SET state = 'approved' WHERE run_id = THE_DENIED", "approval.decided",
         "its state is approved, and the log told denied"),
        ("UPDATE approval SET decided_by = 'mona' WHERE run_id = THE_APPROVED", "approval.decided",
         "its decided_by is not the one the log sealed"),
        ("UPDATE approval SET reason = 'x' WHERE run_id = THE_APPROVED", "approval.decided",
         "its reason is not the one the log sealed"),
        ("DELETE FROM approval WHERE run_id = THE_OPEN", "approval.requested", "has lost its request"),
        ("DELETE FROM step WHERE node = 'revoke' AND run_id = THE_OPEN", "run.created",
         "has lost its step"),
    ],
)  # fmt: skip
def test_a_row_that_says_something_else_is_named_with_its_record(
    database: Database, statement: str, event: str, why: str
) -> None:
    report = change(database, statement)
    assert (report.verdict, report.problems) == ("broken", 1)
    finding = report.first_bad
    assert finding is not None
    assert finding.what == "rows"
    assert why in finding.why
    with database.read() as connection:
        told = text("SELECT event FROM audit WHERE seq = :seq")
        assert connection.execute(told, {"seq": finding.seq}).scalar() == event


def test_a_run_that_is_gone_is_named(database: Database) -> None:
    report = change(
        database,
        "DELETE FROM approval WHERE run_id = THE_OPEN",
        "DELETE FROM step WHERE run_id = THE_OPEN",
        "DELETE FROM run WHERE id = THE_OPEN",
    )
    assert report.first_bad is not None
    assert report.first_bad.why.endswith("is not in the table any more")


COLUMNS = "tenant, person, requested_by, playbook, playbook_hash, mode, plan_hash, plan"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO run (id, person_key, state, status, created_at, COLUMNS) SELECT 'x', 'p9',"
        " 'done', 'contained', 1, COLUMNS FROM run WHERE id = THE_APPROVED",
        "INSERT INTO approval SELECT 'x', THE_DENIED, 'sha256:x', 'approved', 1, 1, 1, 'mona', ''",
    ],
)
def test_a_row_the_log_never_told_of_is_named(database: Database, statement: str) -> None:
    report = change(database, statement.replace("COLUMNS", COLUMNS))
    assert report.problems == 1
    assert report.first_bad is not None
    assert report.first_bad.why.endswith("is in the table, and the log never told of it")
    assert report.first_bad.seq == report.records


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM alert", "DELETE FROM delivery_body"],
        ["UPDATE approval SET decided_by = '', reason = '' WHERE run_id = THE_APPROVED",
         "DELETE FROM audit_private"],
    ],
)  # fmt: skip
def test_what_was_erased_for_a_persons_sake_is_no_fault(
    database: Database, statements: list[str]
) -> None:
    assert change(database, *statements).verdict == "verified"


def test_rows_agree_with_the_log_while_others_write(database: Database) -> None:
    stop = threading.Event()

    def work() -> None:
        number = 10
        while not stop.is_set():
            open_run(database, number)
            if number % 2:
                decide(database, number)
            number += 1

    worker = threading.Thread(target=work)
    worker.start()
    try:
        reports = [verify_database(database) for _ in range(20)]
    finally:
        stop.set()
        worker.join()
    assert {report.verdict for report in reports} == {"verified"}
    assert reports[-1].records > reports[0].records


def test_the_command_names_the_row(
    tmp_path: Path, sqlite: Database, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESCIND_DATABASE__URL", str(sqlite.url))
    migrate(sqlite)
    open_run(sqlite, 0)
    change(sqlite, "UPDATE step SET outcome = 'verified' WHERE node = 'revoke'")
    with pytest.raises(SystemExit) as ended:
        main(["audit", "verify"])
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert said.startswith("BROKEN at record ")
    assert "its outcome is verified, and the log told already" in said

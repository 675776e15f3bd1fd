"""The tables a fresh installation gets, on both engines."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import exc, select, text

from ledger import migrate, revision, tables
from ledger.chain import GENESIS, AuditLog
from ledger.database import Database
from ledger.errors import NewerDatabase, NotMigrated
from ledger.vocabulary import Event

_IN_ANOTHER_PROCESS = """
import sys
from ledger.database import Database
from ledger.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(Database(sys.argv[1]))
"""


@pytest.fixture
def database(either: Database) -> Database:
    return either


def _append(database: Database, count: int = 1) -> None:
    for _ in range(count):
        with database.write() as connection:
            AuditLog("test").append(connection, Event.CONTROL_PAUSED, actor={"type": "human"})


def test_the_migrated_tables_are_those_the_code_uses(database: Database) -> None:
    migrate.migrate(database)
    # Alembic takes every empty default in SQLite for a changed one; the next test reads those.
    options = {"compare_type": True, "compare_server_default": not database.sqlite}
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []


def test_sqlite_gets_the_very_statements_of_the_code(sqlite: Database, tmp_path: Path) -> None:
    migrate.migrate(sqlite)
    direct = Database(f"sqlite:///{tmp_path}/direct.db")
    with direct.write() as connection:
        tables.metadata.create_all(connection)
    assert _statements(sqlite) == _statements(direct)
    direct.close()


#: SQLite writes a column that was added later behind the constraints: these are told column by column.
_ADDED_TO = ("run", "step", "step_need")


def _statements(database: Database) -> set[str]:
    listed = text(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index')"
        " AND sql IS NOT NULL AND name <> 'alembic_version'"
    )
    told = set()
    with database.read() as connection:
        for name, sql in connection.execute(listed).all():
            told.add(name if name in _ADDED_TO else " ".join(sql.split()))
        for name in _ADDED_TO:
            columns = connection.execute(text(f"PRAGMA table_xinfo({name})")).all()
            told |= {f"{name}: {tuple(column)}" for column in columns}
    return told


def test_a_fresh_log_is_empty_and_its_head_stands_before_the_first_record(
    database: Database,
) -> None:
    migrate.migrate(database)
    with database.read() as connection:
        assert connection.execute(select(tables.audit)).all() == []
        assert connection.execute(select(tables.audit_head)).one() == (1, -1, GENESIS)


def test_migrating_again_keeps_what_is_there(database: Database) -> None:
    migrate.migrate(database)
    _append(database)
    migrate.migrate(database)
    revision.check(database)
    with database.read() as connection:
        assert len(connection.execute(select(tables.audit)).all()) == 1


def test_threads_that_start_at_once_migrate_once(database: Database) -> None:
    others = [Database(database.url.render_as_string(hide_password=False)) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate.migrate, others))
    for other in others:
        revision.check(other)
        other.close()


def test_processes_that_start_at_once_migrate_once(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _IN_ANOTHER_PROCESS, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=200)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert told == ["", ""]
    revision.check(database)


def test_migrating_is_all_or_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", break_off)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate.migrate(database)
    with database.read() as connection:
        assert not database.engine.dialect.has_table(connection, "audit")
    monkeypatch.undo()
    migrate.migrate(database)
    revision.check(database)


def test_an_empty_database_is_told_apart(database: Database) -> None:
    with database.read() as connection:
        connection.execute(text("SELECT 1"))
    with pytest.raises(NotMigrated, match="the database has no tables yet") as caught:
        revision.check(database)
    assert "rescind migrate" in caught.value.remedy


def test_checking_creates_no_file(sqlite: Database) -> None:
    with pytest.raises(NotMigrated, match=r"there is no database at /.*rescind\.db"):
        revision.check(sqlite)
    assert sqlite.url.database
    assert not Path(sqlite.url.database).exists()


def test_a_database_of_a_later_version_is_refused(database: Database) -> None:
    migrate.migrate(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (revision.check, migrate.migrate):
        with pytest.raises(NewerDatabase, match="9999") as caught:
            refused(database)
        assert "Start that version" in caught.value.remedy


def test_one_person_has_one_open_run(database: Database) -> None:
    migrate.migrate(database)
    values = {
        "tenant": "contoso",
        "person_key": "entra:1",
        "person": {},
        "requested_by": "alert",
        "playbook": "cm0080",
        "playbook_hash": "h",
        "mode": "auto",
        "plan_hash": "h",
        "plan": {},
        "created_at": 0,
    }
    with database.write() as connection:
        connection.execute(tables.run.insert().values(id="1", state="done", **values))
        connection.execute(tables.run.insert().values(id="2", state="running", **values))
    with pytest.raises(exc.IntegrityError), database.write() as connection:
        connection.execute(tables.run.insert().values(id="3", state="running", **values))


_REWRITES = [
    "UPDATE audit SET record = record WHERE seq = 1",
    "DELETE FROM audit WHERE seq = 2",
    "DELETE FROM audit",
]
_SQLITE_REWRITES = [
    "INSERT OR REPLACE INTO audit SELECT seq, leaf, time, 'forged', run_id, record FROM audit WHERE seq = 1",
    "INSERT INTO audit SELECT seq + 5, leaf, time, event, run_id, record FROM audit WHERE seq = 2",
    "INSERT INTO audit SELECT -1, leaf, time, event, run_id, record FROM audit WHERE seq = 2",
    "UPDATE OR REPLACE audit SET seq = 0 WHERE seq = 2",
]
_POSTGRES_REWRITES = [
    "TRUNCATE audit",
    "INSERT INTO audit SELECT * FROM audit WHERE seq = 1 ON CONFLICT (seq) DO UPDATE SET event = 'forged'",
    "SET session_replication_role = replica; DELETE FROM audit WHERE seq = 2",
]


def _refuses(database: Database, statement: str) -> None:
    with database.read() as connection:
        before = connection.execute(select(tables.audit).order_by(tables.audit.c.seq)).all()
    with (
        pytest.raises(exc.SQLAlchemyError, match="append-only"),
        database.write() as connection,
    ):
        connection.exec_driver_sql(statement)
    with database.read() as connection:
        after = connection.execute(select(tables.audit).order_by(tables.audit.c.seq)).all()
    assert after == before


@pytest.mark.parametrize("statement", _REWRITES + _SQLITE_REWRITES)
def test_sqlite_refuses_to_rewrite_the_log(sqlite: Database, statement: str) -> None:
    migrate.migrate(sqlite)
    _append(sqlite, 3)
    _refuses(sqlite, statement)
    _append(sqlite)


@pytest.mark.services
@pytest.mark.parametrize("statement", _REWRITES + _POSTGRES_REWRITES)
def test_postgresql_refuses_to_rewrite_the_log(postgres: Database, statement: str) -> None:
    migrate.migrate(postgres)
    _append(postgres, 3)
    _refuses(postgres, statement)
    _append(postgres)


def test_the_quick_look_knows_every_revision() -> None:
    script = ScriptDirectory.from_config(migrate._config())
    known = [each.revision for each in script.walk_revisions()]
    assert tuple(reversed(known)) == revision.KNOWN

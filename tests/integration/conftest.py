"""The services that tests marked ``services`` talk to.

A service that does not answer skips its tests, or fails them where RESCIND_TEST_SERVICES=required.
RESCIND_TEST_POSTGRES, _REDIS and _RABBITMQ give other addresses than the default ports here.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import kombu
import psycopg
import pytest
import redis
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url

from ledger.database import Database

_TAKEN = "rescind-tests"


def _absent(service: str, error: Exception) -> None:
    text = f"{service} does not answer: {error}"
    if os.environ.get("RESCIND_TEST_SERVICES") == "required":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database of this module's own, dropped afterwards."""
    server = make_url(
        os.environ.get("RESCIND_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/")
    )
    name = f"rescind_test_{secrets.token_hex(6)}"
    options = server.translate_connect_args(username="user")
    options["dbname"] = options.pop("database", "") or "postgres"
    try:
        admin = psycopg.connect(**options, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        _absent("PostgreSQL", error)
        raise
    with admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield server.set(database=name).render_as_string(hide_password=False)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database without tables, in a folder that does not exist yet."""
    database = Database(f"sqlite:///{tmp_path}/a 100% new/rescind.db")
    yield database
    database.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database without tables."""
    database = Database(postgres_url)
    with database.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def either(request: pytest.FixtureRequest) -> Database:
    """A database without tables, on either engine."""
    found: Database = request.getfixturevalue(request.param)
    return found


def _me() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def _inherited(client: redis.Redis) -> bool:
    """Empty and take a database whose tests were killed: fifteen such would leave none for anybody."""
    with client.pipeline() as pipe:
        pipe.watch(_TAKEN)
        host, _, pid = (pipe.get(_TAKEN) or "").partition(" ")
        if host != socket.gethostname() or not pid.isdigit() or _lives(int(pid)):
            return False
        pipe.multi()
        pipe.flushdb()
        pipe.set(_TAKEN, _me())
        try:
            pipe.execute()
        except redis.WatchError:
            return False
        return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """An empty Redis database of this module's own, emptied afterwards."""
    server = os.environ.get("RESCIND_TEST_REDIS", "redis://127.0.0.1:6379/").rstrip("/")
    for number in range(15, 0, -1):
        url = f"{server}/{number}"
        with redis.Redis.from_url(url, socket_connect_timeout=3, decode_responses=True) as client:
            try:
                free = client.dbsize() == 0 and client.set(_TAKEN, _me(), nx=True)
                free = free or _inherited(client)
            except redis.RedisError as error:
                _absent("Redis", error)
                raise
            if free:
                yield url
                client.flushdb()
                return
    pytest.fail("none of the Redis databases 1 to 15 is empty", pytrace=False)


@pytest.fixture(scope="module")
def rabbitmq_url() -> str:
    """A RabbitMQ server; its queues are shared, so name yours with something random."""
    url = os.environ.get("RESCIND_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
    try:
        with kombu.Connection(url, connect_timeout=3) as connection:
            connection.connect()
    except (OSError, kombu.exceptions.OperationalError) as error:
        _absent("RabbitMQ", error)
    return url

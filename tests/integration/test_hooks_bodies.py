"""What may be posted: sizes, shapes, and a house whose database or code is not well."""

from __future__ import annotations

import http.client
import itertools
import json
import logging
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_house import SECRET, open_house, rows, settings_for, visiting

from ledger import tables
from ledger.chain import AuditLog
from tasks.service import Service
from web import body, lingering

from house import reserved_port

LIMIT = 4096
SENTINEL = {"Authorization": SECRET}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Service]:
    service = open_house(tmp_path, web={"body_limit_bytes": LIMIT})
    yield service
    service.database.close()


@pytest.fixture
def client(house: Service) -> Iterator[httpx.Client]:
    with visiting(house) as client:
        yield client


def nothing_stored(house: Service) -> bool:
    return not any(
        rows(house, table) for table in (tables.alert, tables.delivery_body, tables.rejection)
    )


def test_a_body_that_says_it_is_too_large_is_not_even_read(
    house: Service, client: httpx.Client
) -> None:
    connection = connected(client)
    begin_posting(connection, 10 * 1024 * 1024)
    answer = connection.getresponse()
    assert answer.status == 413
    assert str(LIMIT) in json.loads(answer.read())["detail"]
    connection.close()
    assert nothing_stored(house)


@pytest.mark.parametrize(("path", "status"), [("sentinel", 413), ("nobody", 404)])
def test_who_sends_everything_before_reading_sees_the_answer(
    house: Service, client: httpx.Client, path: str, status: int
) -> None:
    """As http.client and many webhook senders do: a reset would make them send it again for hours."""
    whole = b"x" * (10 * 1024 * 1024)
    for close in ({}, {"Connection": "close"}):
        connection = connected(client)
        connection.request("POST", f"/hooks/{path}", whole, SENTINEL | close)
        answer = connection.getresponse()
        assert answer.status == status
        assert set(json.loads(answer.read())) == {"error", "detail", "remedy"}
        connection.close()
    assert nothing_stored(house)


def test_who_sends_without_end_is_cut_off(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "MOST_BYTES", 1024 * 1024)
    connection = connected(client)
    begin_posting(connection, 1 << 40)
    with pytest.raises(OSError, match=r"reset|[Bb]roken"):
        connection.send(itertools.repeat(b"x" * 65536, 10_000))
    connection.close()


@pytest.mark.parametrize("bound", ["LONGEST_S", "LONGEST_SILENCE_S"])
def test_who_sends_slowly_is_not_waited_for_after_the_answer(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(lingering, bound, 0.3)
    address = (client.base_url.host, client.base_url.port or 0)
    with socket.create_connection(address, timeout=4.5) as slow:  # the other bound is five seconds
        head = f"POST /hooks/sentinel HTTP/1.1\r\nHost: x\r\nAuthorization: {SECRET}\r\n"
        slow.sendall(head.encode() + b"Content-Length: 1000000\r\n\r\nhalf")
        answer = b"".join(iter(lambda: slow.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_what_is_thrown_away_takes_no_memory(client: httpx.Client) -> None:
    connection = connected(client)
    begin_posting(connection, 32 * 1024 * 1024)
    tracemalloc.start()  # the server is a thread of this process
    try:
        for _ in range(32):
            connection.send(b"x" * 1024 * 1024)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert connection.getresponse().status == 413
    assert most < 8 * 1024 * 1024
    connection.close()


def connected(client: httpx.Client) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(client.base_url.host, client.base_url.port or 0, timeout=60)


def begin_posting(connection: http.client.HTTPConnection, size: int) -> None:
    connection.putrequest("POST", "/hooks/sentinel")
    connection.putheader("Authorization", SECRET)
    connection.putheader("Content-Length", str(size))
    connection.endheaders()


def test_a_body_that_does_not_say_its_size_is_counted(house: Service, client: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * 1024

    answer = client.post("/hooks/sentinel", content=pieces(), headers=SENTINEL)
    assert answer.status_code == 413
    assert nothing_stored(house)


def test_a_body_of_just_the_limit_is_taken(house: Service, client: httpx.Client) -> None:
    answer = client.post("/hooks/sentinel", content=b"x" * LIMIT, headers=SENTINEL)
    assert answer.status_code == 202
    assert [len(row.bytes) for row in rows(house, tables.delivery_body)] == [LIMIT]


def test_an_empty_body_is_said_to_be_empty(house: Service, client: httpx.Client) -> None:
    answer = client.post("/hooks/sentinel", headers=SENTINEL)
    assert (answer.status_code, answer.json()["error"]) == (400, "empty")
    assert client.post("/hooks/sentinel").status_code == 401, "the proof comes first"
    assert rows(house, tables.alert) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{not json", "application/json"),
        (b"[" * 2000 + b"]" * 2000, "application/json"),
        (b'{"a": 1}', "text/plain"),
        (b"a=1&b=2", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00\x01", ""),
    ],
)
def test_what_is_genuine_is_kept_as_it_came(
    house: Service, client: httpx.Client, content: bytes, kind: str
) -> None:
    headers = SENTINEL | ({"Content-Type": kind} if kind else {})
    answer = client.post("/hooks/sentinel", content=content, headers=headers)
    assert answer.status_code == 202
    assert [row.bytes for row in rows(house, tables.delivery_body)] == [content]
    assert [row.content_type for row in rows(house, tables.alert)] == [kind]


def test_a_body_that_never_ends_is_not_waited_for(
    house: Service, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "READ_TIMEOUT_S", 0.3)
    address = (client.base_url.host, client.base_url.port or 0)
    with socket.create_connection(address, timeout=14) as slow:  # the usual bound is 15 seconds
        head = f"POST /hooks/sentinel HTTP/1.1\r\nHost: x\r\nAuthorization: {SECRET}\r\n"
        slow.sendall(head.encode() + b"Content-Length: 100\r\n\r\nhalf")
        assert slow.recv(64).startswith(b"HTTP/1.1 408 ")
    assert nothing_stored(house)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_in_json(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/hooks/sentinel", headers=SENTINEL)
    assert answer.status_code == 405
    assert set(answer.json()) == {"error", "detail", "remedy"}


def test_below_hooks_errors_are_json_too(client: httpx.Client) -> None:
    answer = client.post("/hooks/sentinel/further", headers=SENTINEL)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "detail", "remedy"}


def test_without_a_database_the_sender_is_asked_to_come_again(tmp_path: Path) -> None:
    with reserved_port() as nobodys:
        url = f"postgresql+psycopg://nobody@127.0.0.1:{nobodys.getsockname()[1]}/nowhere"
        service = Service.of(settings_for(tmp_path, database={"url": url}))
        with visiting(service) as client:
            answer = client.post("/hooks/sentinel", content=b"{}", headers=SENTINEL)
            health = client.get("/healthz")
            refused = client.post("/hooks/sentinel", content=b"{}")
            page = client.get("/", headers={"Cookie": "rescind=abc"})
    service.database.close()
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"] == "unavailable"
    assert (health.status_code, health.json()["database"]) == (503, "unreachable")
    assert refused.status_code == 401, "what is not genuine is not worth another try"
    assert page.status_code == 503
    assert "text/html" in page.headers["content-type"]
    assert "nowhere" not in answer.text + health.text + page.text


def test_an_unexpected_failure_shows_and_logs_no_content(
    house: Service, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(AuditLog):
        def append(self, *_: Any, **__: Any) -> int:
            raise RuntimeError("ada.lovelace@contoso.com stands in this message")

    house.audit = Broken("rescind")
    with caplog.at_level(logging.DEBUG), visiting(house) as client:
        answer = client.post("/hooks/sentinel", content=b"{}", headers=SENTINEL)
    assert answer.status_code == 500
    assert set(answer.json()) == {"error", "detail", "remedy"}
    assert "RuntimeError" in caplog.text
    assert "lovelace" not in answer.text + caplog.text
    assert rows(house, tables.alert) == [], "not recorded, so not taken in"

"""Who may post: proof over the raw body, replay, duplicates, and what is kept of the others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from web_house import SECRET, SIGNING_KEY, rang, rows, settings_for, visiting

from ledger import tables
from ledger.budget import RecordBudget, told
from ledger.migrate import migrate
from tasks.service import Service

from house import wait_for

pytest_plugins = ("web_fixtures",)

ALERT = json.dumps({"title": "Session of ada.lovelace@contoso.com replayed"}).encode()
SENTINEL = {"Authorization": SECRET}


@pytest.fixture
def client(house: Service) -> Iterator[httpx.Client]:
    with visiting(house) as client:
        yield client


def signed(body: bytes, delivery: str = "msg_1", at: float | None = None) -> dict[str, str]:
    seconds = str(int(time.time() if at is None else at))
    key = base64.b64decode(SIGNING_KEY.removeprefix("whsec_"))
    content = b".".join((delivery.encode(), seconds.encode(), body))
    mark = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{mark}",
    }


def test_a_genuine_alert_is_committed_before_it_is_answered(
    house: Service, client: httpx.Client
) -> None:
    answer = client.post("/hooks/sentinel", content=ALERT, headers=SENTINEL)
    with sqlite3.connect(str(house.database.url.database)) as other:
        found = other.execute(
            "SELECT a.id, a.state, b.bytes FROM alert a JOIN delivery_body b"
            " ON b.sha256 = a.body_sha256"
        ).fetchall()
    assert answer.status_code == 202
    assert answer.json() == {"alert": found[0][0], "duplicate": False}
    assert found == [(answer.json()["alert"], "received", ALERT)]


def test_the_bell_rings_after_the_commit_and_its_failure_is_nobody_elses(house: Service) -> None:
    seen: list[int] = []

    class Deaf:
        heard = True

        def alert(self, alert_id: str) -> None:
            with sqlite3.connect(str(house.database.url.database)) as other:
                found = other.execute("SELECT count(*) FROM alert WHERE id = ?", (alert_id,))
                seen.append(found.fetchone()[0])
            raise ConnectionError("the broker is away")

        def step(self, step_id: str) -> None: ...

        def notice(self, notice_id: str) -> None: ...

    house.bell = Deaf()
    with visiting(house) as client:
        answers = [
            client.post("/hooks/sentinel", content=ALERT + b" " * copy, headers=SENTINEL)
            for copy in range(2)
        ]
        wait_for(lambda: len(seen) == 2, 5, "both bells")
    assert [answer.status_code for answer in answers] == [202, 202]
    assert seen == [1, 1]


def test_a_bell_that_hangs_holds_no_answer_up(house: Service) -> None:
    answered = threading.Event()

    class Stuck:
        heard = True

        def alert(self, alert_id: str) -> None:  # noqa: ARG002 - the bell's signature
            answered.wait(100)

        def step(self, step_id: str) -> None: ...

        def notice(self, notice_id: str) -> None: ...

    house.bell = Stuck()
    with visiting(house) as client:
        try:
            for copy in range(5):
                client.post("/hooks/sentinel", content=ALERT + b" " * copy, headers=SENTINEL)
        finally:
            answered.set()


def test_whoever_proves_nothing_is_refused_and_recorded_without_content(
    house: Service, client: httpx.Client
) -> None:
    marker = b"ada-was-here"
    answer = client.post(
        "/hooks/sentinel", content=marker, headers={"Authorization": "a-wrong-secret-of-16"}
    )
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "detail", "remedy"}
    assert "secret-of" not in answer.text
    assert rows(house, tables.alert) == []
    assert rows(house, tables.delivery_body) == []
    kept = rows(house, tables.rejection)
    assert [(row.source, row.size) for row in kept] == [("sentinel", len(marker))]
    records = rows(house, tables.audit, tables.audit.c.event == "alert.rejected")
    assert len(records) == 1
    for kept_bytes in (records[0].record, repr(kept).encode()):
        assert marker not in kept_bytes
        assert b"a-wrong-secret-of-16" not in kept_bytes
    assert rang(house).alerts == []


def test_a_flood_of_rejections_is_counted_and_not_kept(
    house: Service, client: httpx.Client
) -> None:
    statuses = {client.post("/hooks/sentinel", content=b"x").status_code for _ in range(45)}
    assert statuses == {401}
    assert len(rows(house, tables.rejection)) == 30


def test_what_was_only_counted_is_told_with_the_next_record() -> None:
    now = 1000.0
    budget = RecordBudget(per_minute=2, clock=lambda: now)
    assert [budget.admit("edr") for _ in range(5)] == [0, 0, None, None, None]
    assert budget.admit("sentinel") == 0, "one source's flood does not hide another's"
    now += 61
    missed = budget.admit("edr")
    assert missed == 3
    assert told("no signature fits", missed) == (
        "no signature fits (and 3 more before it that were counted only)"
    )
    assert budget.admit("edr") == 0


def lines(caplog: pytest.LogCaptureFixture, begin: str) -> list[str]:
    return [line for line in caplog.messages if line.startswith(begin)]


def test_the_log_says_that_alerts_come_and_nothing_of_them(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    alert = client.post("/hooks/sentinel", content=ALERT, headers=SENTINEL).json()["alert"]
    client.post("/hooks/sentinel", content=ALERT, headers=SENTINEL)
    client.post("/hooks/sentinel", content=ALERT, headers={"Authorization": "a-wrong-secret-of-16"})
    client.post("/hooks/sentinel", headers=SENTINEL)
    client.post("/hooks/a-word-of-the-sender", content=ALERT)
    assert lines(caplog, "alert ") == [
        f"alert received: source sentinel, {alert}, stored",
        f"alert received: source sentinel, {alert}, here before",
        "alert rejected: source sentinel, not_genuine: "
        "the secret in the header Authorization is not the source's",
        "alert rejected: source sentinel, empty",
        "alert rejected: no such source, unknown_source",
    ]
    for content in ("lovelace", SECRET, "wrong-secret", "word-of-the-sender", "127.0.0.1"):
        assert content not in "".join(lines(caplog, "alert "))


def test_a_flood_of_alerts_does_not_flood_the_log(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(45):
        client.post("/hooks/sentinel", content=ALERT, headers=SENTINEL)
        client.post("/hooks/sentinel", content=ALERT)
        client.post("/hooks/none", content=ALERT)
    client.post("/hooks/edr", content=ALERT, headers=signed(ALERT))
    assert len(lines(caplog, "alert received: source sentinel")) == 30
    assert len(lines(caplog, "alert rejected")) == 60
    assert len(lines(caplog, "alert received: source edr")) == 1


def test_an_unknown_source_learns_how_one_is_configured_and_no_names(client: httpx.Client) -> None:
    answer = client.post("/hooks/nobody", content=ALERT, headers=SENTINEL)
    assert answer.status_code == 404
    assert "sources.NAME" in answer.json()["remedy"]
    for name in ("sentinel", "okta", "edr"):
        assert name not in answer.text


def test_a_signature_holds_for_these_bytes_only(house: Service, client: httpx.Client) -> None:
    spaced = b'{ "title" :\t"x" }\n'
    headers = signed(spaced)
    assert client.post("/hooks/edr", content=spaced + b" ", headers=headers).status_code == 401
    assert client.post("/hooks/edr", content=spaced, headers=headers).status_code == 202
    assert [row.bytes for row in rows(house, tables.delivery_body)] == [spaced]


@pytest.mark.parametrize("off", [-301, 302])
def test_an_old_or_future_signature_is_refused(
    house: Service, client: httpx.Client, off: int
) -> None:
    headers = signed(ALERT, at=time.time() + off)
    assert client.post("/hooks/edr", content=ALERT, headers=headers).status_code == 401
    assert rows(house, tables.alert) == []


def test_a_delivery_sent_again_is_the_same_alert(house: Service, client: httpx.Client) -> None:
    first = client.post("/hooks/edr", content=ALERT, headers=signed(ALERT, "msg_7")).json()
    again = client.post("/hooks/edr", content=ALERT, headers=signed(ALERT, "msg_7")).json()
    other = client.post("/hooks/edr", content=ALERT, headers=signed(ALERT, "msg_8")).json()
    assert (first["duplicate"], again, other["duplicate"]) == (
        False,
        {"alert": first["alert"], "duplicate": True},
        False,
    )
    stored = rows(house, tables.alert, tables.alert.c.id == first["alert"])
    assert stored[0].copies == 1


def test_without_a_delivery_id_the_same_bytes_are_the_same_alert(client: httpx.Client) -> None:
    answers = [
        client.post("/hooks/sentinel", content=ALERT, headers=SENTINEL).json() for _ in range(2)
    ]
    assert answers[1] == {"alert": answers[0]["alert"], "duplicate": True}


def test_the_same_delivery_twenty_times_at_once_is_one_alert(
    house: Service, client: httpx.Client
) -> None:
    headers = signed(ALERT, "msg_twenty")

    def post(_: int) -> httpx.Response:
        return client.post("/hooks/edr", content=ALERT, headers=headers)

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["alert"] for answer in answers}) == 1
    assert [answer.json()["duplicate"] for answer in answers].count(False) == 1
    stored = rows(house, tables.alert)
    assert [row.copies for row in stored] == [19]


def test_okta_proves_its_hook_once_and_is_answered_200(client: httpx.Client) -> None:
    challenge = {"x-okta-verification-challenge": "abc-123"}
    good = client.get("/hooks/okta", headers=SENTINEL | challenge)
    assert (good.status_code, good.json()) == (200, {"verification": "abc-123"})
    refused = client.get("/hooks/okta", headers=challenge)
    assert refused.status_code == 401
    assert "abc-123" not in refused.text
    assert client.get("/hooks/okta", headers=SENTINEL).status_code == 405
    delivered = client.post("/hooks/okta", content=ALERT, headers=SENTINEL)
    assert delivered.status_code == 200
    assert delivered.json()["duplicate"] is False


def test_other_sources_are_asked_nothing_by_get(client: httpx.Client) -> None:
    answer = client.get(
        "/hooks/sentinel", headers=SENTINEL | {"x-okta-verification-challenge": "a"}
    )
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert set(answer.json()) == {"error", "detail", "remedy"}


@pytest.mark.services
def test_two_at_once_are_one_alert_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    """There writers do not queue: both may find nothing, and the later one is refused by the key."""
    service = Service.of(settings_for(tmp_path, database={"url": postgres_url}))
    migrate(service.database)
    headers = signed(ALERT, "msg_twenty")
    with visiting(service) as client, ThreadPoolExecutor(20) as threads:
        answers = list(
            threads.map(
                lambda _: client.post("/hooks/edr", content=ALERT, headers=headers), range(20)
            )
        )
    stored = rows(service, tables.alert)
    service.database.close()
    assert {answer.status_code for answer in answers} == {202}
    assert [answer.json()["duplicate"] for answer in answers].count(False) == 1
    assert [row.copies for row in stored] == [19]

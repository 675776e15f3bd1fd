"""An alert that comes as a message: taken in like a posted one, held while it cannot be, never twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from sqlalchemy import select

from config.settings import Settings
from detectors.origin import SIGNED_HEADERS
from ledger import tables
from ledger.database import Database
from ledger.errors import DatabaseUnreachable
from ledger.migrate import migrate
from tasks import app as celery_app
from tasks import queued
from tasks.loop import LoopThread
from tasks.queued import Queued, StillUnstored
from tasks.receiving import Receiving
from tasks.service import Service

from house import wait_for

SECRET = "a-shared-secret-of-the-detector"
KEY = "the-signing-key-of-the-detector"
PROOF = {"X-Detector": SECRET, "Content-Type": "application/json"}
ALERT = {"title": "Session of ada.lovelace@contoso.com replayed"}


class Bell:
    heard = True

    def __init__(self) -> None:
        self.alerts: list[str] = []

    def alert(self, alert_id: str) -> None:
        self.alerts.append(alert_id)

    def step(self, step_id: str) -> None: ...

    def notice(self, notice_id: str) -> None: ...


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = Settings.model_validate(
        {
            "database": {"url": f"sqlite:///{tmp_path / 'house.db'}"},
            "web": {"body_limit_bytes": 4096},
            "sources": {
                "siem": {
                    "kind": "sentinel",
                    "origin": {"proof": "shared_secret", "header": "X-Detector", "secret": SECRET},
                },
                "edr": {
                    "kind": "generic",
                    "origin": {"proof": "standard_webhooks", "secret": KEY},
                },
            },
        }
    )
    built = Service.of(settings, Bell())
    migrate(built.database)
    yield built
    built.database.close()


@pytest.fixture
def queue(service: Service, loop: LoopThread) -> Queued:
    return Queued(service, Receiving(service), loop)


def rows(service: Service, table: Any) -> list[Any]:
    with service.database.read() as connection:
        return list(connection.execute(select(table)))


def bodies(service: Service) -> list[bytes]:
    return [row.bytes for row in rows(service, tables.delivery_body)]


def signed(body: bytes) -> dict[str, str]:
    seconds = str(int(time.time()))
    content = b".".join((b"msg_1", seconds.encode(), body))
    mark = base64.b64encode(hmac.digest(KEY.encode(), content, hashlib.sha256)).decode()
    return dict(zip(SIGNED_HEADERS, ("msg_1", seconds, f"v1,{mark}"), strict=True))


def test_the_bytes_of_a_message_are_stored_and_rung_for(service: Service, queue: Queued) -> None:
    text = ' {"title":\t"Ümlaut"} '
    queue.take(("siem", text, PROOF), {})
    queue.take((), {"source": "siem", "payload": text, "proof": {"x-detector": SECRET}})
    assert bodies(service) == [text.encode()]
    (alert,) = rows(service, tables.alert)
    assert (alert.source, alert.kind, alert.copies) == ("siem", "sentinel", 1)
    assert alert.content_type == "application/json"
    bell = service.bell
    assert isinstance(bell, Bell)
    wait_for(lambda: bell.alerts == [alert.id] * 2, 5, "both bells")


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        ('{"title": "x"}', b'{"title": "x"}'),
        ("base64:" + base64.b64encode(b"\x1f\x8b\x00").decode(), b"\x1f\x8b\x00"),
        ({"b": [1, None], "a": "é"}, '{"a":"é","b":[1,null]}'.encode()),
        ([ALERT], rfc8785.dumps([ALERT])),
    ],
)
def test_a_signature_is_over_the_bytes_that_a_payload_stands_for(
    service: Service, queue: Queued, payload: Any, body: bytes
) -> None:
    queue.take(("edr", payload, signed(body)), {})
    assert bodies(service) == [body]
    queue.take(("edr", payload, signed(body + b" ")), {})
    assert [row.reason for row in rows(service, tables.rejection)] == [
        "no signature in the header webhook-signature fits"
    ]


@pytest.mark.parametrize(
    ("args", "source", "reason"),
    [
        ((), "(queue)", "the arguments are not source, payload and proof"),
        (("siem", "{}"), "(queue)", "the arguments are not"),
        (("siem", "{}", PROOF, 1), "(queue)", "the arguments are not"),
        (("nobody", "{}", PROOF), "(queue)", "no source is configured"),
        ((["siem"], "{}", PROOF), "(queue)", "no source is configured"),
        (("siem", "{}", None), "siem", "its proof is no object"),
        (("siem", "{}", {"a": 1}), "siem", "no text in one line"),
        (("siem", "{}", {"a": "x\n"}), "siem", "no text in one line"),
        (("siem", "{}", {"a": "x" * 9000}), "siem", "no text in one line"),
        (("siem", "{}", {"X-Detector": SECRET, "x-detector": "y"}), "siem", "stands twice"),
        (("siem", "{}", {str(n): "x" for n in range(33)}), "siem", "at most 32 headers"),
        (("siem", 7, PROOF), "siem", "neither text, nor base64"),
        (("siem", "base64:!", PROOF), "siem", "neither text, nor base64"),
        (("siem", "\ud800", PROOF), "siem", "neither text, nor base64"),
        (("siem", {"a": 2**60}, PROOF), "siem", "neither text, nor base64"),
        (("siem", "x" * 4097, PROOF), "siem", "larger than 4096 bytes"),
        (("siem", "{}", {"X-Detector": "another-secret-here"}), "siem", "is not the source's"),
        (("siem", "{}", {}), "siem", "is missing"),
    ],
)
def test_what_is_no_alert_or_not_genuine_is_recorded_and_dropped(
    service: Service, queue: Queued, args: tuple[Any, ...], source: str, reason: str
) -> None:
    queue.take(args, {})
    (kept,) = rows(service, tables.rejection)
    assert (kept.source, kept.remote) == (source, "queue")
    assert reason in kept.reason
    assert SECRET not in repr(rows(service, tables.audit)) + repr(kept)
    assert rows(service, tables.alert) == []


def test_what_is_genuine_and_empty_is_dropped(service: Service, queue: Queued) -> None:
    queue.take(("siem", "", PROOF), {})
    assert rows(service, tables.alert) == []


def test_arguments_given_twice_are_none(service: Service, queue: Queued) -> None:
    queue.take(("siem",), {"source": "edr", "payload": "{}", "proof": PROOF})
    assert len(rows(service, tables.rejection)) == 1


def test_a_flood_of_what_is_not_genuine_is_counted(service: Service, queue: Queued) -> None:
    for _ in range(35):
        queue.take(("siem", "{}", {}), {})
    assert len(rows(service, tables.rejection)) == 30


class Away:
    """The database does not answer so many times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.left = times
        real = Database.writing

        async def writing(database: Database, work: Any, *args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left >= 0:
                raise DatabaseUnreachable("no route")
            return await real(database, work, *args, **kwargs)

        monkeypatch.setattr(Database, "writing", writing)


def test_an_alert_is_held_with_growing_pauses_until_it_can_be_stored(
    service: Service, queue: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued, "PAUSES_S", (0.01, 0.02, 0.04))
    Away(monkeypatch, 2)
    began = time.monotonic()
    queue.take(("siem", "{}", PROOF), {})
    assert time.monotonic() - began >= 0.03
    assert bodies(service) == [b"{}"]


def test_what_still_cannot_be_stored_goes_back_to_the_broker(
    service: Service, queue: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued, "PAUSES_S", (0.0, 0.0))
    away = Away(monkeypatch, 100)
    with pytest.raises(StillUnstored):
        queue.take(("siem", "{}", PROOF), {})
    assert away.left == 97
    assert bodies(service) == []


def test_a_worker_that_stops_gives_back_what_it_holds_at_once(
    service: Service, queue: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued, "PAUSES_S", (60.0,))
    Away(monkeypatch, 100)
    threading.Timer(0.05, queue.stop).start()
    began = time.monotonic()
    with pytest.raises(StillUnstored):
        queue.take(("siem", "{}", PROOF), {})
    assert time.monotonic() - began < 30, service


def test_what_is_held_goes_on_when_another_alert_can_be_stored(
    service: Service, queue: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many held messages hold many threads, which must not rest while the database answers."""
    monkeypatch.setattr(queued, "PAUSES_S", (60.0,))
    monkeypatch.setattr(queued, "LEAST_PAUSE_S", 0.01)
    away = Away(monkeypatch, 1)
    held = threading.Thread(target=lambda: queue.take(("siem", '{"held": 1}', PROOF), {}))
    held.start()
    wait_for(lambda: away.left == 0, 5, "it to be held")
    queue.take(("siem", '{"other": 1}', PROOF), {})
    held.join(30)
    assert not held.is_alive()
    assert len(bodies(service)) == 2


def test_another_that_is_stored_before_the_rest_has_begun_cuts_it_short_as_well(
    service: Service, queue: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued, "PAUSES_S", (60.0,))
    monkeypatch.setattr(queued, "LEAST_PAUSE_S", 0.01)
    Away(monkeypatch, 1)

    class Meanwhile(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert "in the queue waits" in record.getMessage()
            queue.take(("siem", '{"other": 1}', PROOF), {})

    log, meanwhile = logging.getLogger(queued.__name__), Meanwhile()
    log.addHandler(meanwhile)
    try:
        held = threading.Thread(target=lambda: queue.take(("siem", '{"held": 1}', PROOF), {}))
        held.start()
        held.join(20)
    finally:
        log.removeHandler(meanwhile)
        queue.stop()
    assert len(bodies(service)) == 2


def test_a_message_is_held_for_less_than_the_broker_waits() -> None:
    assert list(queued.PAUSES_S) == sorted(queued.PAUSES_S)
    timeout = celery_app.make_app(
        Settings.model_validate({"broker": {"url": "redis://127.0.0.1/0"}})
    ).conf.broker_transport_options["visibility_timeout"]
    database_s = 5 * len(queued.PAUSES_S)  # what a connection takes to give up
    assert sum(queued.PAUSES_S) + database_s <= timeout


def bad_messages() -> Iterator[tuple[Any, dict[str, Any], dict[str, Any]]]:
    """Bodies, headers and forms at which Celery's own worker ends, or which it would quote."""
    well = {"id": "a-1", "task": "rescind.alert", "lang": "py", "argsrepr": SECRET}
    json_form = {"content_type": "application/json", "content_encoding": "utf-8"}
    for body in (SECRET, [SECRET], [[], {}], [[], {}, {}, SECRET], {"args": [SECRET]}, 7, None,
                 [SECRET, {}, None], [[], SECRET, None], [[], {}, SECRET], [[], {}, {"chain": [SECRET]}],
                 [[], {}, {"callbacks": [{"task": "rescind.perform", "args": [SECRET]}]}]):  # fmt: skip
        yield json.dumps(body), well, json_form
    good = json.dumps([["siem", SECRET, PROOF], {}, None])
    for wrong in (
        {"task": SECRET},
        {"task": [SECRET]},
        {"task": None},
        {"id": None},
        {"id": [SECRET]},
        {"id": ""},
    ):
        yield good, well | wrong, json_form
    yield good, {"task": "rescind.alert"}, json_form
    yield good, {}, json_form
    yield (
        json.dumps({"id": "a", "task": "rescind.alert", "args": [SECRET], "kwargs": {}}),
        {},
        json_form,
    )
    yield "{" + SECRET, well, json_form
    yield (
        SECRET,
        well,
        {"content_type": "application/x-python-serialize", "content_encoding": "binary"},
    )
    yield SECRET, well, {"content_type": "text/plain", "content_encoding": "nothing-known"}
    yield SECRET, well, {"content_type": "application/nothing", "content_encoding": "utf-8"}


def test_no_message_ends_the_worker_and_none_is_quoted_at_any_level(
    service: Service, loop: LoopThread, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Celery's real worker at debug level: alerts good and false, and what is no task at all."""
    monkeypatch.setattr(queued, "PAUSES_S", ())
    bad = list(bad_messages())
    for name in ("celery", "kombu", "amqp"):  # a test of the command's log may have quieted them
        caplog.set_level(logging.DEBUG, logger=name)
    with caplog.at_level(logging.DEBUG), Working(service, loop) as app:
        sent = {"queue": "rescind.alerts", "argsrepr": f"({SECRET})", "shadow": SECRET}
        Away(monkeypatch, 1)
        app.send_task("rescind.alert", ("siem", ALERT, PROOF), **sent)
        wait_for(lambda: len(bodies(service)) == 1, 5, "it to be stored")
        app.send_task("rescind.alert", ("siem", SECRET, {"X-Detector": SECRET[:-1]}), **sent)
        with app.connection_for_write() as connection:
            for body, headers, form in bad:
                connection.Producer().publish(
                    body.encode(),
                    headers=headers,
                    exchange="rescind",
                    routing_key="rescind.alerts",
                    **form,
                )
        app.send_task("rescind.alert", ("siem", [ALERT, "late"], PROOF), countdown=9000, **sent)
        app.send_task("rescind.alert", ("siem", [ALERT, "over"], PROOF), expires=-9000, **sent)
        wait_for(lambda: len(bodies(service)) == 3, 5, "all to be stored")
        wait_for(lambda: len(rows(service, tables.rejection)) == 1 + len(bad), 5, "all refusals")
    reasons = {row.reason for row in rows(service, tables.rejection)}
    assert reasons == {
        "the secret in the header X-Detector is not the source's",
        "a message in the queue is no task of ours, or not in the form of Celery's protocol 2",
    }
    assert "rescind.alert" in caplog.text
    assert "celery.worker" in caplog.text
    for hidden in (SECRET, SECRET[:-1], "lovelace"):
        assert hidden not in caplog.text


class Working:
    """A worker of Celery's own in this process, over the in-memory transport."""

    def __init__(self, service: Service, loop: LoopThread) -> None:
        self._app = celery_app.make_app(service.settings)
        self._queued = Queued(service, Receiving(service), loop)

    def __enter__(self) -> Any:
        nothing = lambda _: None  # noqa: E731
        celery_app.register(
            self._app, intake=nothing, perform=nothing, tell=nothing,
            take=self._queued.take, dropped=self._queued.dropped,
        )  # fmt: skip
        celery_app.warm(self._app)
        self._worker = self._app.WorkController(
            pool="threads", concurrency=4, without_gossip=True, without_mingle=True,
            without_heartbeat=True, quiet=True, loglevel="DEBUG",
        )  # fmt: skip
        self._thread = threading.Thread(target=self._worker.start, daemon=True)
        self._thread.start()
        return self._app

    def __exit__(self, *_: object) -> None:
        self._queued.stop()
        self._worker.stop()
        self._thread.join(10)

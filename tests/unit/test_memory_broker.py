"""Inside one process a call is heard at once, whoever has used the library's own broker before."""

from __future__ import annotations

import threading
import time
from typing import Any

import kombu

from config.settings import Settings
from tasks import app as celery_app


def test_a_consumer_is_woken_and_does_not_poll() -> None:
    kombu.Connection("memory://").transport.close_connection(None)  # resolved, and kept by kombu
    app = celery_app.make_app(Settings())
    heard = threading.Event()
    with app.connection_for_read() as connection, app.connection_for_write() as sender:
        queue = app.amqp.queues["rescind.urgent"]
        with connection.Consumer(
            queue, callbacks=[lambda _, message: heard.set() or message.ack()]
        ):
            took = [_taken(connection, sender, queue, heard) for _ in range(4)]
    assert min(took) < 0.5, "kombu's own would have slept for a second each time"


def _taken(connection: Any, sender: Any, queue: Any, heard: threading.Event) -> float:
    """How long it takes, in seconds, until a call is heard by whoever waits already."""
    heard.clear()
    listener = threading.Thread(target=lambda: connection.drain_events(timeout=30))
    listener.start()
    time.sleep(0.2)  # it waits by now
    called = time.monotonic()
    sender.Producer().publish("x", routing_key=queue.routing_key, exchange=queue.exchange)
    assert heard.wait(30)
    took = time.monotonic() - called
    listener.join(30)
    return took

"""An in-memory transport for Celery that wakes its consumer at once instead of polling.

Kombu's own sleeps between looks, half a second in the median. Nothing here survives the process,
and nothing has to: messages carry ids of what stands in the database.
"""

from __future__ import annotations

import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import memory, virtual

_changed = threading.Condition()
_generation = 0


def _wake() -> None:
    global _generation  # noqa: PLW0603 - one counter per process, as there is one set of queues
    with _changed:
        _generation += 1
        _changed.notify_all()


class _QoS(virtual.QoS):  # type: ignore[misc]  # kombu has no types
    """Acknowledging frees a place in the prefetch window: the consumer must look again."""

    def ack(self, delivery_tag: Any) -> None:  # noqa: ANN401 - kombu's signature
        super().ack(delivery_tag)
        _wake()

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:  # noqa: ANN401
        super().reject(delivery_tag, requeue=requeue)
        _wake()


class _Channel(memory.Channel):  # type: ignore[misc]  # kombu has no types
    QoS = _QoS

    def _put(self, queue: str, message: Any, **options: Any) -> None:  # noqa: ANN401
        super()._put(queue, message, **options)
        _wake()

    def _put_fanout(self, *args: Any, **options: Any) -> None:
        super()._put_fanout(*args, **options)
        _wake()


class Transport(memory.Transport):  # type: ignore[misc]  # kombu has no types
    """Kombu's memory transport, event-driven."""

    Channel = _Channel
    polling_interval = None

    def drain_events(self, connection: Any, timeout: float | None = None) -> Any:  # noqa: ANN401, ARG002 - kombu's signature
        """Deliver one message, waiting up to ``timeout`` seconds for it.

        Raises:
            TimeoutError: no message came.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = _generation
            try:
                return self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                left = 1.0 if end is None else end - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                with _changed:
                    if _generation == seen:
                        _changed.wait(min(left, 1.0))

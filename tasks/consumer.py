"""What of a queue reaches Celery: well-formed messages of our own tasks, and nothing else.

Celery's worker ends at a message of its protocol that is not quite one (a body of two parts, a task
without an id), and the broker then hands the same message to the next worker. Detectors write into a
queue of ours, so each message is looked at before Celery reads it. Source: Celery's message protocol,
version 2 (docs.celeryq.dev, "Message Protocol").
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from celery.worker.consumer import Consumer

_log = logging.getLogger(__name__)


class CarefulConsumer(Consumer):  # type: ignore[misc]  # celery has no types
    """Celery's consumer, which drops what is no task of ours and has it recorded."""

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], None]:
        """Return what is called with each message; it never raises because of what a message holds."""
        handle = super().create_task_handler(*args, **kwargs)

        def on_message(message: Any) -> None:  # noqa: ANN401 - kombu has no types
            headers = _ours(message, self.strategies)
            if headers is None:
                message.reject_log_error(_log, self.connection_errors)
                self.app.dropped()
                return
            message.headers = headers
            handle(message)

        return on_message


def _ours(message: Any, tasks: Mapping[str, object]) -> dict[str, Any] | None:  # noqa: ANN401 - kombu has no types
    """Return the headers that a message of a task of ours needs; None where it is none.

    When to run, when to expire, what to call it and how its arguments look (``eta``, ``expires``,
    ``shadow``, ``argsrepr``) is not for a sender to say: an alert is taken in at once, and not logged.
    """
    headers = message.headers if isinstance(message.headers, dict) else {}
    task, task_id = headers.get("task"), headers.get("id")
    if not isinstance(task, str) or task not in tasks or not isinstance(task_id, str):
        return None
    if not task_id.isprintable() or not 0 < len(task_id) <= 255:
        return None
    try:
        args, kwargs, embedded = message.decode()
    except Exception:  # noqa: BLE001 - each decoder has errors of its own
        return None
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        return None
    # What is called after a task would be a sender's own choice of a task of ours.
    if embedded is not None and (not isinstance(embedded, dict) or any(embedded.values())):
        return None
    return {"lang": "py", "task": task, "id": task_id, "root_id": task_id, "parent_id": None}

"""Celery's own log without what messages hold: an alert's message carries its content and its proof.

Celery quotes a message that it cannot read, the arguments of a task that fails, at debug level those of
every task, and a sender's own description of them (``argsrepr``).
"""

from __future__ import annotations

import logging

_CONSUMER = "celery.worker.consumer.consumer"
_INSTEAD = "a message was dropped that is no task; what it held is not logged"


class Discreet(logging.Filter):
    """Takes out of a record what came with a message."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record through, without content; what is content alone is held back."""
        if record.name == "celery.pool":
            return "args:" not in str(record.msg)
        if record.name == _CONSUMER:
            if "body" in str(record.msg):
                record.msg, record.args, record.exc_info = _INSTEAD, (), None
            return True
        if record.name == "celery.app.trace":
            record.exc_info = None  # the tasks tell of their failures themselves
        if isinstance(record.args, dict) and "args" in record.args:
            record.args = {**record.args, "args": "", "kwargs": "", "traceback": ""}
            record.data = record.args  # handlers of one's own read it there
        elif "Task: %r" in str(record.msg):
            record.msg, record.args, record.exc_info = _INSTEAD, (), None
        return True


_DISCREET = Discreet()


def hush() -> None:
    """Keep messages' content out of the log of this process, at whatever level. Twice does no harm."""
    for name in ("celery.pool", _CONSUMER, "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(name).addFilter(_DISCREET)

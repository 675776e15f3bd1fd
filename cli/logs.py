"""Logging of the commands that do work."""

from __future__ import annotations

import logging


def configure_logging(*, libraries: int = logging.WARNING) -> None:
    """Log to stderr, one line a record; ``libraries`` only from that level up (httpx logs addresses).

    A person who waits for a command is told of a failure by the command; its libraries would repeat
    themselves with every attempt.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    for name in (
        "httpx",
        "httpcore",
        "celery",
        "kombu",
        "amqp",
        "azure",
        "msal",
        "apprise",
        "alembic",
    ):
        logging.getLogger(name).setLevel(libraries)
    # its notes come under the name uvicorn.error, and say what `ready` and `stopping` say
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("kombu.connection").addFilter(_matters)


def _matters(record: logging.LogRecord) -> bool:
    # The in-process broker has no host, and the transport's name for it says nothing to anybody.
    return not record.msg.startswith("No hostname was supplied")

"""Logging of the long-running commands."""

from __future__ import annotations

import logging


def configure_logging() -> None:
    """Log to stderr, one line a record; libraries only from warnings up (httpx logs addresses)."""
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
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    logging.getLogger("kombu.connection").addFilter(_matters)


def _matters(record: logging.LogRecord) -> bool:
    # The in-process broker has no host, and the transport's name for it says nothing to anybody.
    return not record.msg.startswith("No hostname was supplied")

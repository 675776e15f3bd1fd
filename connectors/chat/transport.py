"""apprise, held to what we want of it.

Left alone it follows a redirect and calls that a success, sends recipients to fetch an icon from a
third party, writes addresses with their secrets to the log at DEBUG, loads plugins that reach the
desktop and the file system, and keeps worker threads that a fork leaves dead.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterable

import apprise
import apprise.apprise as engine
from apprise import Apprise, AppriseAsset, NotifyBase, OverflowMode, PersistentStoreMode
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict

_SCHEMA = re.compile(r"([a-z0-9][a-z0-9+.-]{0,31})://", re.IGNORECASE)
#: What becomes of a text longer than apprise knows a service to take, where the address does not say. The
#: others get it in parts: sent whole, Discord (2,000 characters) and Telegram (4,096) refuse it, and nobody
#: is told. A page is one, so its end is cut off; Teams takes 28 KB, far more than apprise thinks.
_TOO_LONG = {
    "pagerduty": OverflowMode.TRUNCATE,
    "opsgenie": OverflowMode.TRUNCATE,
    "workflow": OverflowMode.UPSTREAM,
    "workflows": OverflowMode.UPSTREAM,
}
# The allow-list is one for the whole process, whichever of its users asks.
_ALLOWING = threading.Lock()


def asset(timeout_s: float, about_url: str) -> AppriseAsset:
    """The settings all channels share.

    Args:
        timeout_s: how long one channel may take, in seconds.
        about_url: where a message may say it comes from; may be empty.
    """
    return AppriseAsset(
        app_id="Rescind",
        app_desc="Rescind",
        app_url=about_url,
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
        interpret_emojis=False,
        secure_logging=True,
        pem_autogen=False,
        pgp_autogen=False,
        allow_templates=False,
        service_timeout=timeout_s,
        storage_mode=PersistentStoreMode.MEMORY,
        storage_salt="rescind",
    )


def schema_of(url: str) -> str:
    """Return the part before ``://``, or ``none``; the only part of an address that may be shown."""
    found = _SCHEMA.match(url.strip())
    return found[1].lower() if found else "none"


def channel(
    url: str, schemas: Iterable[str], settings: AppriseAsset, tag: str
) -> NotifyBase | None:
    """Build one channel.

    Args:
        url: an apprise address.
        schemas: those that may be used at all.
        settings: from ``asset``.
        tag: what the channel answers to.

    Returns:
        The channel, or None where apprise does not understand the address or its schema is not
        allowed (a vendor's own https address counts as the schema apprise takes it for).
    """
    _silence()
    allowed = frozenset(schemas)
    with _ALLOWING:
        # apprise is typed in part.
        NotificationManager().enable_only(*allowed)  # type: ignore[no-untyped-call]
        parts = url_to_dict(url.strip(), secure_logging=True)  # type: ignore[no-untyped-call]
        if not parts or parts.get("schema") not in allowed:
            return None
        plugin = Apprise.instantiate(parts, asset=settings, tag=tag)
    if plugin is None:
        return None
    # An address may carry `redirect=yes` and `optional=yes`; neither is its to decide.
    plugin.redirects = False
    plugin.optional = False
    if "overflow" not in parts:
        plugin.overflow_mode = _TOO_LONG.get(parts["schema"], OverflowMode.SPLIT)
    return plugin


def forms(schema: str) -> tuple[str, ...]:
    """Return the two shortest forms of such an address; none where apprise lacks the schema."""
    with _ALLOWING:
        plugins = NotificationManager()  # type: ignore[no-untyped-call]
        templates = plugins[schema].templates if schema in plugins else ()
    whole = [each for each in templates if "{targets}" not in each] or templates
    return tuple(each.replace("{schema}", schema) for each in sorted(whole, key=len)[:2])


def _silence() -> None:
    for name, least in (("apprise", logging.CRITICAL), ("urllib3.connectionpool", logging.WARNING)):
        logger = logging.getLogger(name)
        if not any(isinstance(one, _AtLeast) for one in logger.filters):
            logger.addFilter(_AtLeast(least))


class _AtLeast(logging.Filter):
    """Drops what is below a level, whatever level the logger is set to later."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._level


def _start_afresh() -> None:
    """Forget the worker threads that a fork did not bring along, and locks held by them."""
    engine._shared_executor = None
    engine._coordinator_executor = None
    engine._shared_executor_lock = threading.Lock()
    engine._coordinator_executor_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)

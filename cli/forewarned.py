"""What makes a sound installation useless: no mistake, so it starts, but it is said."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from config.settings import Settings
from ledger import accounts
from ledger.database import Database
from web.console.people import DECIDERS

_log = logging.getLogger("rescind")


def forewarn(settings: Settings, database: Database) -> None:
    """Log what is missing, one line each. The database has to be migrated."""
    for line in (*missing(settings), *_nobody_decides(database)):
        _log.warning("%s", line)


def missing(settings: Settings) -> Iterator[str]:
    """Yield what the settings lack for anything to come of them."""
    if not settings.all_sources:
        yield "no source may send alerts: there is no [sources.NAME] and no [pollers.NAME]"
    if not settings.tenants:
        yield "nobody can be contained: there is no [tenants.NAME]"
    if not settings.chat.urls:
        yield "nobody is told by chat, not even of what waits for approval: [chat.urls] is empty"


def _nobody_decides(database: Database) -> Iterator[str]:
    if not any(one.role in DECIDERS and not one.disabled for one in accounts.listed(database)):
        yield "nobody can approve anything: `rescind users add NAME --role approver`"

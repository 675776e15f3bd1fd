"""Whether an Okta organization's System Log can be read, how long it is kept, and how late it is.

Sources: Okta System Log API (near real-time; asked with an end it ends by itself), Okta's data retention:
90 days, with every plan.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors import errors
from connectors.clock import instant, spell
from connectors.log_delivery import Log, seen, unread
from connectors.okta.client import OktaClient
from connectors.okta.system_log import READ_LOG

NAME = "okta.system_log"
_PATH = "/api/v1/logs?since={since}&until={until}&limit={limit}&sortOrder=DESCENDING"
_KEEPS, _LATE = "90 days", "seconds, now and then minutes"
_BACK = timedelta(days=7)


async def of_tenant(client: OktaClient) -> tuple[Log, ...]:
    """Look at the newest event; never raises for an Okta that refuses."""
    now = datetime.now(UTC)
    # an hour ahead: until is told by Okta's clock
    until = now + timedelta(hours=1)
    params = {"since": spell(now - _BACK), "until": spell(until), "limit": "1"}
    try:
        listing = await client.get_all(_PATH, params, 1)
    except errors.Forbidden as error:
        remedy = (
            f"Grant {READ_LOG} (an API token: its owner needs a role that reads the System Log)."
        )
        return (Log(NAME, "unknown", f"we may not read it: {error}", _KEEPS, _LATE, remedy),)
    except errors.ConnectorError as error:
        return (unread(NAME, error, _KEEPS, _LATE),)
    newest = listing.items[0] if listing.items and isinstance(listing.items[0], dict) else {}
    state, says = seen(instant(newest.get("published")), "the last 7 days")
    return (Log(NAME, state, says, _KEEPS, _LATE),)

"""Whether an Auth0 tenant's log can be read, how far back it reaches, and how late it is.

Source: Auth0, log data retention: 1 to 30 days, by plan, which no API tells; the oldest event does.
"""

from __future__ import annotations

from connectors import errors
from connectors.auth0 import tenant_log
from connectors.auth0.client import Auth0Client
from connectors.clock import spell
from connectors.log_delivery import Log, unread

NAME = "auth0.tenant_log"
_KEEPS, _LATE = "1 to 30 days, by plan", "seconds, now and then minutes"
_LONGER = (
    "Set up a log stream where this is too short for a hunt: what has gone cannot be had again."
)


async def of_tenant(client: Auth0Client) -> tuple[Log, ...]:
    """Look at the oldest event; never raises for an Auth0 that refuses."""
    try:
        oldest = await tenant_log.reaches_back_to(client)
    except errors.Forbidden as error:
        remedy = f"Grant Rescind's application {tenant_log.READ_LOGS}."
        return (Log(NAME, "unknown", f"we may not read it: {error}", _KEEPS, _LATE, remedy),)
    except errors.ConnectorError as error:
        return (unread(NAME, error, _KEEPS, _LATE),)
    if oldest is None:
        return (Log(NAME, "unknown", "it told no event now", _KEEPS, _LATE),)
    says = f"its oldest event is of {spell(oldest, 'seconds')}"
    return (Log(NAME, "delivered", says, _KEEPS, _LATE, _LONGER),)

"""What stays usable after an account's sessions were ended, until when, and why.

Source: Microsoft, "Configurable token lifetimes", "Continuous access evaluation" and "Revoke user
access in an emergency".
"""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.action import Exposure
from connectors.entra import stamps

UNKNOWN = "unknown"
_LIVES = (
    (
        "access tokens already issued, in apps without continuous access evaluation",
        timedelta(minutes=90),
        "An issued access token cannot be recalled; it lives 60 to 90 minutes unless a policy "
        "says otherwise.",
    ),
    (
        "access tokens already issued, in apps with continuous access evaluation "
        "(Exchange, SharePoint, Teams)",
        timedelta(minutes=15),
        "The apps learn of it within 15 minutes.",
    ),
    (
        "long-lived access tokens of clients with continuous access evaluation, "
        "in apps that do not evaluate the event",
        timedelta(hours=28),
        "Such tokens live up to 28 hours, because the app is expected to be told.",
    ),
)

PASSWORDLESS = Exposure(
    "entra",
    "sessions that were not started with the password",
    UNKNOWN,
    "A reset by an application ends password sessions at most; ending all sessions ends the rest.",
)
APP_PASSWORDS = Exposure(
    "entra",
    "app passwords, where the tenant allows them",
    UNKNOWN,
    "A reset leaves them valid; remove them in the Entra admin center.",
)


def after(moment: datetime | None) -> tuple[Exposure, ...]:
    """What outlives an end of all sessions at ``moment`` (the vendor's clock; None: unknown)."""
    tokens = tuple(
        Exposure("entra", what, stamps.write(moment + lives) if moment else UNKNOWN, why)
        for what, lives, why in _LIVES
    )
    cookie = Exposure(
        "entra",
        "session cookies of the apps themselves",
        UNKNOWN,
        "Entra cannot end a session an app keeps by itself.",
    )
    return (*tokens, cookie)


def held_by_apps(moment: datetime | None) -> tuple[Exposure, ...]:
    """What an app holds still that lost its consent or was switched off at ``moment``."""
    lives = (
        (
            "access tokens that the apps hold already",
            timedelta(minutes=90),
            "An issued access token cannot be recalled; it lives 60 to 90 minutes unless a policy "
            "says otherwise.",
        ),
        (
            "long-lived access tokens, where the app negotiates continuous access evaluation",
            timedelta(hours=28),
            "A change of the app is no event that ends them; they live up to 28 hours.",
        ),
    )
    return tuple(
        Exposure("entra", what, stamps.write(moment + life) if moment else UNKNOWN, why)
        for what, life, why in lives
    )

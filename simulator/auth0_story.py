"""What the tenant log tells of the theft: sign-ins, a token and a session replayed, and who else was hit."""

from __future__ import annotations

import secrets
from typing import Any

from simulator.auth0_people import DESKTOP, PORTAL
from simulator.auth0_state import Auth0RefreshToken, Auth0User
from simulator.okta_scene import HOME, THIEF, Scene
from simulator.tenant import Tenant

MINUTE = 60.0
#: The desktop app asks for tokens by itself: another program on the same computer as the browser.
DESKTOP_AGENT = "ContosoDesktop/3.1"
_Happened = tuple[float, str, Auth0User, Scene, str | None, dict[str, Any]]


def plant(tenant: Tenant, victim: Auth0User, other: Auth0User) -> None:
    """Write the story down.

    Args:
        tenant: where it happened.
        victim: whose desktop token and session were stolen; those that are alive.
        other: who is visited from the thief's address, too.
    """
    by_app = {token.client_id: token for token in victim.refresh_tokens}
    desktop, portal = by_app[DESKTOP], by_app[PORTAL]
    app, roaming = HOME.at(agent=DESKTOP_AGENT), HOME.at(ip="198.51.100.77")
    stolen = {"session_id": desktop.session_id}
    told: list[_Happened] = [
        (1440, "s", victim, HOME, PORTAL, {"session_id": secrets.token_urlsafe(24)}),
        (120, "s", victim, HOME, DESKTOP, stolen),
        (120, "seacft", victim, app, DESKTOP, _code(desktop)),
        (100, "sertft", victim, app, DESKTOP, desktop.told),
        (60, "s", victim, HOME, PORTAL, {"session_id": portal.session_id}),
        (60, "seacft", victim, HOME, PORTAL, _code(portal)),
        (58, "sertft", victim, HOME, PORTAL, portal.told),
        (40, "sertft", victim, roaming, PORTAL, portal.told),
        (14, "sertft", victim, THIEF, DESKTOP, desktop.told),
        (13, "ssa", victim, THIEF, PORTAL, stolen),
        (13, "seacft", victim, THIEF, PORTAL, {"refresh_token": _bound(desktop)}),
        (10, "fp", other, THIEF, PORTAL, {"error": {"message": "Wrong email or password."}}),
        (9, "s", other, THIEF, PORTAL, {"session_id": secrets.token_urlsafe(24)}),
        (6, "gd_enrollment_complete", victim, THIEF, None, {"authenticator": {"type": "totp"}}),
        (5, "my_account_authentication_method_succeeded", victim, THIEF, PORTAL,
         {"authentication_method": "passkey", "operation": "create", **stolen}),
    ]  # fmt: skip
    for minutes, event, user, scene, client, details in told:
        at = tenant.now() - minutes * MINUTE
        tenant.auth0_event(event, user, scene=scene, client=client, at=at, details=details)


def _bound(token: Auth0RefreshToken) -> dict[str, Any]:
    return {"access": "offline", "session_id": token.session_id}


def _code(token: Auth0RefreshToken) -> dict[str, Any]:
    return {"code": "*" * 42 + "x7Q", "refresh_token": _bound(token)}

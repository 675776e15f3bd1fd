"""The Auth0 accounts of the practice people: signed in, old methods, nothing suspicious."""

from __future__ import annotations

from simulator.auth0_state import Auth0Grant, Auth0Method, Auth0User
from simulator.ids import auth0_id

DAY, MINUTE = 86400.0, 60.0
#: A single-page app, whose refresh tokens rotate, and a desktop app, whose tokens do not.
PORTAL = "PortalApp00000000000000000000spa"
DESKTOP = "DesktopApp000000000000000000000n"
#: An app of somebody else's, allowed something after the theft.
SYNC = "SyncTool0000000000000000000000x"
API = "https://api.contoso.com"


def auth0_user_id(key: str, connection: str = "auth0") -> str:
    """The Auth0 user id of the person with this key."""
    return auth0_id(connection, "auth0-user", key)


def settled(key: str, email: str, name: str, now: float, connection: str = "auth0") -> Auth0User:
    """An ordinary user: a password and two old methods, linked as of one phone, or a provider's."""
    old = now - 400 * DAY
    user = Auth0User(
        id=auth0_user_id(key, connection),
        email=email,
        name=name,
        created=now - 700 * DAY,
        grants=[Auth0Grant(_hex("grant", key), PORTAL, API, ("read", "write"))],
        remembered_browsers=1,
    )
    if connection == "auth0":
        user.methods = [
            Auth0Method(f"password|dev_{_hex('password', key)[:16]}", "password", old),
            Auth0Method(
                f"push|dev_{_hex('push', key)[:16]}", "push", old, {"name": "Phone"}, "phone-1"
            ),
            Auth0Method(f"totp|dev_{_hex('totp', key)[:16]}", "totp", old, {}, "phone-1"),
        ]
    user.sign_in(now - 2 * 3600, DESKTOP)
    user.sign_in(now - 3600, PORTAL, rotating=True)
    return user


def plant(user: Auth0User, now: float) -> None:
    """What the thief left minutes ago: a code generator, a passkey, and an app he allowed."""
    user.methods += [
        Auth0Method("totp|dev_thief00000000001", "totp", now - 6 * MINUTE),
        Auth0Method("passkey|dev_thief00000002", "passkey", now - 5 * MINUTE, {"key_id": "thief"}),
    ]
    user.grants.append(Auth0Grant(_hex("grant", "thief"), SYNC, API, ("read",)))


def _hex(*names: str) -> str:
    return auth0_id("", *names).removeprefix("|")

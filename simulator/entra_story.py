"""What the sign-in log tells of the theft: a sign-in, its session replayed, and who else was hit."""

from __future__ import annotations

from dataclasses import replace

from simulator.entra_sign_ins import APP, INTERACTIVE, RENEWAL, SignIn
from simulator.entra_state import EntraUser
from simulator.ids import guid
from simulator.okta_scene import HOME, THIEF
from simulator.records import Application
from simulator.tenant import Tenant

MINUTE = 60.0
OLD_SESSION, OTHER_SESSION = guid("session", "yesterday"), guid("session", "other victim")


def plant(
    tenant: Tenant, victim: EntraUser, other: EntraUser, line: Application, app: Application
) -> None:
    """Write the story down.

    Args:
        tenant: where it happened.
        victim: whose session was stolen: the one of her first refresh token, which is alive.
        other: who is visited from the thief's address, too.
        line: the app the victim uses.
        app: the app of hers that the thief has added a secret to.
    """
    session = victim.refresh_tokens[0].session
    signed_in = (tenant.now() - victim.refresh_tokens[0].issued_at) / MINUTE
    laptop = (victim.devices[0].device_id, victim.devices[0].display_name)
    mail = Application(
        guid("application", "mail"), guid("appId", "mail"), guid("servicePrincipal", "mail"),
        "Contoso Mail", "",
    )  # fmt: skip
    opened = SignIn(victim, line, HOME, INTERACTIVE, session, laptop)
    renewed = replace(opened, kind=RENEWAL, handed_in="refreshToken")
    stolen = SignIn(victim, line, THIEF, RENEWAL, session, handed_in="refreshToken")
    told = [
        (1440.0, replace(opened, session=OLD_SESSION)),
        (1439.0, replace(renewed, session=OLD_SESSION)),
        (signed_in, replace(opened, error=50140)),
        (signed_in, opened),
        (signed_in - 1, replace(renewed, app=mail)),
        (40.0, replace(renewed, scene=HOME.at(ip="198.51.100.77"))),
        (14.0, stolen),
        (13.0, replace(stolen, app=mail)),
        (10.0, SignIn(other, line, THIEF, error=50126)),
        (9.0, SignIn(other, line, THIEF, session=OTHER_SESSION)),
        (3.0, SignIn(app, app, THIEF, APP)),
    ]
    for minutes, sign_in in told:
        tenant.sign_in(sign_in, at=tenant.now() - minutes * MINUTE)

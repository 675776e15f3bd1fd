"""What the System Log tells of the theft: a sign-in, its session replayed, and who else was hit."""

from __future__ import annotations

from simulator.ids import guid, okta_id
from simulator.okta_scene import HOME, THIEF, Scene
from simulator.okta_state import OktaUser
from simulator.tenant import Tenant

MINUTE = 60.0
LAPTOP = (okta_id("guo", "laptop"), "Laptop of Nora Lind")
OLD_SESSION, OTHER_SESSION = okta_id("102", "yesterday"), okta_id("102", "other victim")


def plant(tenant: Tenant, victim: OktaUser, other: OktaUser, apps: list[tuple[str, str]]) -> None:
    """Write the story down.

    Args:
        tenant: where it happened.
        victim: whose session was stolen; the session is the one that is alive.
        other: who is visited from the thief's address, too.
        apps: id and name of the apps the victim uses.
    """
    session = victim.sessions[0].id
    nora = HOME.at(device=LAPTOP, session=session)
    thief = THIEF.at(session=session)
    roaming = nora.at(ip="198.51.100.77")
    yesterday = nora.at(session=OLD_SESSION)
    denied = THIEF.at(result="FAILURE", reason="INVALID_CREDENTIALS")
    told: list[tuple[float, str, OktaUser, Scene]] = [
        (1440, "user.session.start", victim, yesterday),
        (1439, "user.authentication.sso", victim, yesterday.at(app=apps[0])),
        (60, "user.session.start", victim, nora),
        (60, "user.authentication.auth_via_mfa", victim, nora),
        (59, "policy.evaluate_sign_on", victim, nora.at(app=apps[0], result="ALLOW")),
        (59, "user.authentication.sso", victim, nora.at(app=apps[0])),
        (58, "app.oauth2.token.grant.refresh_token", victim, nora.at(app=apps[0], by_app=True)),
        (40, "user.authentication.sso", victim, roaming.at(app=apps[0])),
        (14, "user.authentication.sso", victim, thief.at(app=apps[0])),
        (13, "user.authentication.sso", victim, thief.at(app=apps[1])),
        (12, "app.oauth2.token.grant.refresh_token", victim, thief.at(app=apps[1], by_app=True)),
        (10, "user.session.start", other, denied),
        (9, "user.session.start", other, THIEF.at(session=OTHER_SESSION)),
    ]
    for number, (minutes, event, user, scene) in enumerate(told):
        tenant.okta_event(
            event,
            user,
            by=user,
            at=tenant.now() - minutes * MINUTE,
            transaction=guid("story", str(number)),
            scene=scene,
        )
    # The log keeps the order in which things happened.
    tenant.okta_events.sort(key=lambda event: str(event["published"]))

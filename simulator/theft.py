"""The theft: which of a person's live credentials a thief walks away with."""

from __future__ import annotations

from simulator.auth0_people import DESKTOP
from simulator.auth0_state import Auth0RefreshToken, Auth0Session, Auth0User
from simulator.entra_state import EntraUser
from simulator.loot import Auth0Loot, EntraLoot, Loot, OktaLoot, PayrollLoot
from simulator.okta_state import OktaUser
from simulator.payroll_state import Payroll
from simulator.records import Application
from simulator.tenant import TENANT_ID, Tenant


def steal(
    tenant: Tenant,
    name: str,
    *,
    password_based: bool = True,
    auth0: bool = False,
    payroll: bool = False,
) -> Loot:
    """What a thief takes from this person; credentials are issued where none is alive.

    Args:
        tenant: where the person lives.
        name: whatever `Tenant.person` takes; KeyError when there is nobody.
        password_based: whether the stolen Entra sign-in was made with the password alone;
            those die with a password reset, the others only with a revoke.
        auth0: whether something is taken at Auth0, too.
        payroll: whether the session of the app beside the directories is taken, too.
    """
    with tenant.lock:
        person, now, app = tenant.person(name), tenant.now(), tenant.applications[0]
        entra, okta = person.entra, person.okta
        return Loot(
            user=person.upn,
            entra=_from_entra(entra, app, now, password_based) if entra else None,
            okta=_from_okta(okta, app, now) if okta else None,
            auth0=_from_auth0(person.auth0, now) if auth0 and person.auth0 else None,
            payroll=_from_payroll(tenant.payroll, person.key, now) if payroll else None,
        )


def _from_entra(user: EntraUser, app: Application, now: float, by_password: bool) -> EntraLoot:
    token, cookie = _alive(user, now, by_password)
    if not (token and cookie):
        user.sign_in(now, app.app_id, password_based=by_password)
        token, cookie = _alive(user, now, by_password)
    return EntraLoot(TENANT_ID, app.app_id, token, cookie)


def _alive(user: EntraUser, now: float, by_password: bool) -> tuple[str, str]:
    """The first refresh token and the first cookie that still work; empty for none."""
    token, cookie = (
        next(
            (
                grant.value
                for grant in grants
                if grant.password_based == by_password
                and not grant.confidential
                and user.refusal(grant, now) is None
            ),
            "",
        )
        for grants in (user.refresh_tokens, user.cookies)
    )
    return token, cookie


def _from_okta(user: OktaUser, app: Application, now: float) -> OktaLoot:
    session = next((s for s in user.sessions if s.expires > now), None) or user.open_session(now)
    token = next((t for t in user.refresh_tokens if t.expires > now), None)
    token = token or user.issue_token(now, app.okta_client_id)
    return OktaLoot(token.client_id, token.value, session.sid)


def _from_payroll(payroll: Payroll, key: str, now: float) -> PayrollLoot:
    session = next((each for each in payroll.sessions if each.key == key), None)
    return PayrollLoot((session or payroll.sign_in(key, now)).cookie)


def _from_auth0(user: Auth0User, now: float) -> Auth0Loot:
    """A token that does not rotate: a rotating one betrays the thief who redeems it twice."""
    held = _held(user, now)
    if held is None:
        user.sign_in(now, DESKTOP)
        held = _held(user, now)
    assert held is not None  # noqa: S101 - they were just issued
    token, session = held
    return Auth0Loot(token.client_id, token.value, session.cookie)


def _held(user: Auth0User, now: float) -> tuple[Auth0RefreshToken, Auth0Session] | None:
    sessions = {s.id: s for s in user.sessions if s.expires > now}
    return next(
        (
            (token, sessions[token.session_id])
            for token in user.refresh_tokens
            if not token.rotating and token.expires > now and token.session_id in sessions
        ),
        None,
    )

"""The people of the practice tenant: invented, the same on every start, each with a purpose."""

from __future__ import annotations

from simulator import (
    auth0_people,
    auth0_story,
    entra_access,
    entra_story,
    footholds,
    okta_people,
    okta_policies,
    okta_story,
    okta_zones,
)
from simulator.entra_state import (
    PASSWORD_METHOD_ID,
    AuthMethod,
    EntraUser,
    Grant,
    InboxRule,
)
from simulator.ids import guid, okta_id
from simulator.okta_scene import THIEF
from simulator.okta_state import ConsentGrant, Factor, OktaUser
from simulator.records import Application, Group, Person
from simulator.tenant import Tenant

DOMAIN = "contoso.com"
GUEST_UPN = "sam_partner.example#EXT#@contoso.com"
VICTIM = "nora.lind"
#: A group that a Conditional Access policy blocks.
QUARANTINE_GROUP = guid("group", "quarantine")
#: So that nobody here is the last administrator, unless a test makes him so.
SECOND_ADMINISTRATOR = "break.glass"
COLLEAGUES = tuple(f"user{n:02d}" for n in range(1, 13))
DAY, MINUTE = 86400.0, 60.0
LINE_APP = Application(
    id=guid("application", "expenses"),
    app_id=guid("appId", "expenses"),
    service_principal_id=guid("servicePrincipal", "expenses"),
    display_name="Contoso Expenses",
    okta_client_id=okta_id("0oa", "expenses"),
)
MAIL_CLIENT = okta_id("0oa", "mail")
# Microsoft's fixed id of the mobile phone method (Graph, phoneAuthenticationMethod).
MOBILE_PHONE_ID = "3179e48a-750b-4051-897c-87b9720928f7"


def entra_id(key: str) -> str:
    """The object id of the person with this key."""
    return guid("entra-user", key)


def okta_user_id(key: str) -> str:
    """The Okta user id of the person with this key."""
    return okta_id("00u", "okta-user", key)


def populate(tenant: Tenant) -> None:
    """Move everybody in. Tests rely on the names; see each builder for what is special."""
    tenant.applications.append(
        Application(
            LINE_APP.id,
            LINE_APP.app_id,
            LINE_APP.service_principal_id,
            LINE_APP.display_name,
            LINE_APP.okta_client_id,
        )
    )
    okta_people.found_groups(tenant)
    _victim(tenant)
    _settle(tenant, "omar.reyes", okta=False, auth0="google-oauth2")
    _settle(tenant, "petra.novak", entra=False)
    quentin = _settle(tenant, "quentin.admin", auth0=None)
    rosa = _settle(tenant, "rosa.sync", auth0="waad")
    if quentin.entra and rosa.entra:
        quentin.entra.admin = True
        rosa.entra.synced = True
    guest = _settle(
        tenant, "sam.partner", upn=GUEST_UPN, mail="sam@partner.example", okta=False, auth0=None
    )
    if guest.entra:
        guest.entra.user_type, guest.entra.has_mailbox = "Guest", False
    _settle(tenant, "o'brien/dev.ops")
    _settle(tenant, "tara.twin", okta=False, auth0=None)
    for twin, connection in (("tara.twin.one", "auth0"), ("tara.twin.two", "google-oauth2")):
        _settle(tenant, twin, entra=False, mail=f"tara.twin@{DOMAIN}", auth0=connection)
    for colleague in COLLEAGUES:
        _settle(tenant, colleague)
    second = _settle(tenant, SECOND_ADMINISTRATOR, okta=False, auth0=None)
    if second.entra:
        second.entra.admin = True
    for group in (
        Group(QUARANTINE_GROUP, "Compromised users"),
        Group(guid("group", "dynamic"), "Everybody in sales", types=["DynamicMembership"]),
        Group(guid("group", "admins"), "Administrators", role_assignable=True),
    ):
        tenant.groups[group.id] = group
    entra_access.settle(tenant, QUARANTINE_GROUP)
    okta_zones.settle(tenant)
    okta_policies.settle(tenant)
    for key in (VICTIM, "omar.reyes", "user07"):
        tenant.payroll.sign_in(key, tenant.now() - 3600)
    _entra_story(tenant)
    victim, other = tenant.okta_user(okta_user_id(VICTIM)), tenant.okta_user(okta_user_id("user07"))
    if victim and other:
        apps = [(LINE_APP.okta_client_id, LINE_APP.display_name), (MAIL_CLIENT, "Contoso Mail")]
        okta_story.plant(tenant, victim, other, apps)
    nora, visited = tenant.person(VICTIM).auth0, tenant.person("user07").auth0
    if nora and visited:
        auth0_story.plant(tenant, nora, visited)


def _entra_story(tenant: Tenant) -> None:
    victim, other = tenant.entra_user(entra_id(VICTIM)), tenant.entra_user(entra_id("user07"))
    hers = next(a for a in tenant.applications if a.app_id == footholds.REPORTS.app_id)
    if victim and other:
        entra_story.plant(tenant, victim, other, tenant.applications[0], hers)


def _settle(
    tenant: Tenant,
    key: str,
    *,
    upn: str | None = None,
    mail: str | None = None,
    entra: bool = True,
    okta: bool = True,
    auth0: str | None = "auth0",
) -> Person:
    """An ordinary person: signed in everywhere, old methods, nothing suspicious.

    `auth0` is the connection her account there came by, None for no account.
    """
    upn = upn or f"{key}@{DOMAIN}"
    person = Person(key, upn)
    if entra:
        person.entra = _entra(tenant, key, upn, mail or upn)
    if okta:
        person.okta = _okta(tenant, key, upn, mail or upn)
    if auth0:
        name, now = " ".join(_names(key)), tenant.now()
        person.auth0 = auth0_people.settled(key, mail or upn, name, now, auth0)
    return tenant.add(person)


def _names(key: str) -> tuple[str, str]:
    first, _, last = key.partition(".")
    return first.capitalize(), (last or "Contoso").capitalize()


def _entra(tenant: Tenant, key: str, upn: str, mail: str) -> EntraUser:
    now = tenant.now()
    authenticator = AuthMethod(
        id=guid("authenticator", key),
        kind="microsoftAuthenticator",
        # Null unless registered for passwordless sign-in (Graph, authenticationMethod).
        created=None,
        details={"displayName": "Old phone", "deviceTag": "SoftwareTokenActivated"},
    )
    user = EntraUser(
        id=entra_id(key),
        upn=upn,
        display_name=" ".join(_names(key)),
        mail=mail,
        created=now - 700 * DAY,
        password_changed=now - 90 * DAY,
        sessions_valid_from=float(int(now - 90 * DAY)),
        default_method_id=authenticator.id,
        methods=[
            AuthMethod(PASSWORD_METHOD_ID, "password", now - 90 * DAY, {"password": None}),
            AuthMethod(
                MOBILE_PHONE_ID,
                "phone",
                None,
                {"phoneNumber": "+1 5555550100", "phoneType": "mobile", "smsSignInState": "ready"},
            ),
            authenticator,
        ],
    )
    for by_password in (True, False):
        user.sign_in(now - 2 * 3600, LINE_APP.app_id, password_based=by_password)
    token = "1.sim-rt.confidential-" + user.id
    user.refresh_tokens.append(Grant(token, now - DAY, guid("appId", "crm"), confidential=True))
    registered = "User registered security info"
    tenant.audit(
        registered, user, service="Authentication Methods", by_user=user, at=now - 600 * DAY
    )
    return user


def _okta(tenant: Tenant, key: str, login: str, email: str) -> OktaUser:
    now, (first, last) = tenant.now(), _names(key)
    old = now - 400 * DAY
    user = OktaUser(
        id=okta_user_id(key),
        login=login,
        email=email,
        first_name=first,
        last_name=last,
        created=now - 700 * DAY,
        password_changed=now - 90 * DAY,
        status_changed=now - 700 * DAY,
        last_updated=now - 90 * DAY,
        factors=[
            Factor(
                okta_id("opf", key),
                "push",
                old,
                {"credentialId": login, "deviceType": "SmartPhone_IPhone", "platform": "IOS"},
            ),
            Factor(okta_id("ost", key), "token:software:totp", old, {"credentialId": login}),
        ],
        grants=[
            ConsentGrant(okta_id("oag", key), LINE_APP.okta_client_id, "okta.users.read.self", old)
        ],
        remembered_devices=["laptop"],
    )
    user.sign_in(now - 3600, LINE_APP.okta_client_id)
    user.issue_token(now - 3600, MAIL_CLIENT)
    okta_people.equip(user, key, now)
    for factor in user.factors:
        tenant.okta_event(
            "user.mfa.factor.activate",
            user,
            by=user,
            at=factor.created,
            transaction=guid("enrol", factor.id),
            debug={"factor": factor.factor_type},
            enrolment=factor,
        )
    return user


def _victim(tenant: Tenant) -> None:
    """Nora Lind: minutes ago the thief added ways back in every system, and footholds."""
    now, nora = tenant.now(), _settle(tenant, VICTIM)
    if nora.entra:
        nora.entra.methods.append(
            AuthMethod(
                guid("thief-oath", VICTIM), "softwareOath", now - 6 * MINUTE, {"secretKey": None}
            )
        )
        tenant.audit(
            "User registered security info",
            nora.entra,
            service="Authentication Methods",
            by_user=nora.entra,
            at=now - 6 * MINUTE,
            reason="User registered Authenticator App with Code",
            ip=THIEF.ip,
        )
        nora.entra.rules += [_newsletter_rule(), _thiefs_rule()]
        footholds.settle(tenant, nora.entra, tenant.applications[0])
    if nora.okta:
        okta_people.plant(tenant, nora.okta, VICTIM, now)
    if nora.auth0:
        auth0_people.plant(nora.auth0, now)


def _newsletter_rule() -> InboxRule:
    return InboxRule(
        id="AQAAAJ5newsA=",
        display_name="Newsletters",
        sequence=1,
        conditions={"senderContains": ["newsletter@contoso.com"]},
        actions={"moveToFolder": "AQMkAGNld3NsZXR0ZXJz", "stopProcessingRules": True},
    )


def _thiefs_rule() -> InboxRule:
    outside = {"emailAddress": {"name": "collector", "address": "collector@example.com"}}
    return InboxRule(
        id="AQAAAJ5thief/+A==",
        display_name=".",
        sequence=2,
        conditions={"bodyOrSubjectContains": ["invoice", "password", "payment"]},
        actions={"forwardTo": [outside], "delete": True, "stopProcessingRules": True},
    )

"""What a thief leaves in the directory to come back with, beside older things of the person's own.

An app of his own with her consent, credentials on an app she owns, a device registered as hers.
"""

from __future__ import annotations

import copy

from simulator.app_keys import Certificate, Federation, Secret
from simulator.entra_apps import UPDATE_KEYS
from simulator.entra_belongings import Consent, Device, RoleAssignment
from simulator.entra_state import EntraUser
from simulator.ids import guid
from simulator.logbook import Affected
from simulator.okta_scene import THIEF
from simulator.records import Application
from simulator.tenant import Tenant

DAY, MINUTE = 86400.0, 60.0
# The tenants that own Microsoft's own apps (Microsoft Entra, first-party applications).
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_THIEF = guid("tenant", "thief.example")


def _foreign(name: str, key: str, owner: str) -> Application:
    return Application(
        id=guid("application", key),
        app_id=guid("appId", key),
        service_principal_id=guid("servicePrincipal", key),
        display_name=name,
        okta_client_id="",
        registered_here=False,
        owner_organization_id=owner,
    )


GRAPH = _foreign("Microsoft Graph", "graph", MICROSOFT)
ARCHIVER = _foreign("Mailbox Archiver", "archiver", _THIEF)
REPORTS = Application(
    id=guid("application", "reports"),
    app_id=guid("appId", "reports"),
    service_principal_id=guid("servicePrincipal", "reports"),
    display_name="Contoso Reports",
    okta_client_id="",
)
OLD_SECRET, THIEFS_SECRET = guid("secret", "reports"), guid("secret", "thief")
OLD_CERTIFICATE, THIEFS_CERTIFICATE = guid("certificate", "reports"), guid("certificate", "thief")
OLD_FEDERATION, THIEFS_FEDERATION = guid("federation", "reports"), guid("federation", "thief")
OLD_DEVICE, THIEFS_DEVICE = guid("device", "laptop"), guid("device", "thief")


def settle(tenant: Tenant, user: EntraUser, everyday: Application) -> None:
    """Give the person an older consent to ``everyday``, an app and a laptop; then let the thief in."""
    now = tenant.now()
    graph, archiver, reports = copy.deepcopy((GRAPH, ARCHIVER, REPORTS))
    tenant.applications += [graph, archiver, reports]
    consent(tenant, user, everyday, graph, "User.Read", at=now - 300 * DAY)
    laptop = Device(OLD_DEVICE, guid("deviceId", "laptop"), "NORA-LAPTOP", now - 300 * DAY)
    user.devices.append(laptop)
    reports.created, reports.owners = now - 200 * DAY, [user.id]
    reports.keys.secrets.append(Secret(OLD_SECRET, "nightly", now - 100 * DAY))
    reports.keys.certificates.append(Certificate(OLD_CERTIFICATE, "CN=reports", now - 100 * DAY))
    reports.keys.federations.append(
        Federation(OLD_FEDERATION, "build", "https://ci.contoso.com", "repo:reports")
    )
    _break_in(tenant, user, archiver, graph, reports)


def _break_in(
    tenant: Tenant, user: EntraUser, archiver: Application, graph: Application, app: Application
) -> None:
    now = tenant.now()
    scope = "Mail.ReadWrite Mail.Send offline_access"
    consent(tenant, user, archiver, graph, scope, at=now - 5 * MINUTE, ip=THIEF.ip)
    where = Affected(app.id, app.display_name, "Application")
    before = app.keys.described()
    app.keys.secrets.append(Secret(THIEFS_SECRET, "sync", now - 4 * MINUTE))
    # He says when a certificate begins: it proves nothing.
    app.keys.certificates.append(Certificate(THIEFS_CERTIFICATE, "CN=sync", now - 90 * DAY))
    tenant.audit(
        UPDATE_KEYS,
        where,
        by_user=user,
        at=now - 4 * MINUTE,
        changes={"KeyDescription": (before, app.keys.described())},
        ip=THIEF.ip,
    )
    federation = Federation(THIEFS_FEDERATION, "sync", "https://ci.thief.example", "repo:sync")
    app.keys.federations.append(federation)
    told = [{"Name": f.name, "Subject": f.subject} for f in app.keys.federations]
    tenant.audit(
        "Update application",
        where,
        by_user=user,
        at=now - 4 * MINUTE,
        changes={"FederatedIdentityCredentials": (told[:-1], told)},
        ip=THIEF.ip,
    )
    phone = Device(THIEFS_DEVICE, guid("deviceId", "thief"), "DESKTOP-7Q2", now - 6 * MINUTE)
    user.devices.append(phone)
    tenant.audit(
        "Register device",
        Affected(phone.id, phone.display_name, "Device"),
        service="Device Registration Service",
        by_user=user,
        at=now - 6 * MINUTE,
        ip=THIEF.ip,
    )


def consent(
    tenant: Tenant,
    user: EntraUser,
    app: Application,
    resource: Application,
    scope: str,
    at: float,
    ip: str = "",
) -> None:
    """Let the person consent to an app: a grant, a role in the app, and what the log says of it."""
    made = Consent(app.service_principal_id, resource.service_principal_id, scope, user.id)
    user.consents.append(made)
    if not any(r.resource_id == app.service_principal_id for r in user.role_assignments):
        user.role_assignments.append(
            RoleAssignment(
                guid("assignment", user.id, app.app_id),
                user.id,
                user.display_name,
                app.service_principal_id,
                app.display_name,
                at,
            )
        )
    log_grant(tenant, user, app, resource, (None, scope), at=at, ip=ip)
    text = (
        f"[] => [[Id: {made.id}, ClientId: {made.client_id}, PrincipalId: {user.id}, "
        f"ResourceId: {made.resource_id}, ConsentType: Principal, Scope: {scope}]]; "
    )
    tenant.audit(
        "Consent to application",
        Affected(app.service_principal_id, app.display_name, "ServicePrincipal"),
        by_user=user,
        at=at,
        ip=ip,
        changes={
            "ConsentContext.OnBehalfOfAll": (None, "False"),
            "ConsentAction.Permissions": (None, text),
        },
    )


def widen(
    tenant: Tenant, user: EntraUser, app: Application, resource: Application, more: str, at: float
) -> Consent:
    """Let the person consent once more to an app of hers: its grant is widened, none is added."""
    where = (app.service_principal_id, resource.service_principal_id)
    older = next(c for c in user.consents if (c.client_id, c.resource_id) == where)
    before, older.scope = older.scope, f"{older.scope} {more}"
    log_grant(tenant, user, app, resource, (before, older.scope), at=at)
    return older


def log_grant(
    tenant: Tenant,
    user: EntraUser,
    app: Application,
    resource: Application,
    scope: tuple[str | None, str],
    *,
    at: float,
    everybody: bool = False,
    ip: str = "",
) -> None:
    """What the log says of a grant: it names the resource first, and the app among what changed."""
    tenant.audit(
        "Add delegated permission grant",
        Affected(resource.service_principal_id, resource.display_name, "ServicePrincipal"),
        by_user=user,
        at=at,
        ip=ip,
        changes={
            "DelegatedPermissionGrant.Scope": scope,
            "DelegatedPermissionGrant.ConsentType": (
                None,
                "AllPrincipals" if everybody else "Principal",
            ),
            "ServicePrincipal.ObjectID": (None, app.service_principal_id),
        },
    )

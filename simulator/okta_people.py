"""What the people of the practice tenant own in Okta, and what the thief adds to the victim's."""

from __future__ import annotations

from simulator.ids import guid, okta_id
from simulator.okta_belongings import ApiToken, Device, Group
from simulator.okta_scene import THIEF
from simulator.okta_state import ConsentGrant, Factor, OktaUser
from simulator.tenant import Tenant

DAY, MINUTE = 86400.0, 60.0
QUARANTINE = Group(okta_id("00g", "quarantine"), "Quarantine")
EVERYONE = Group(okta_id("00g", "everyone"), "Everyone", "BUILT_IN")
IMPORTED = Group(okta_id("00g", "imported"), "Domain Users", "APP_GROUP")
#: An app nobody had allowed anything before the thief came.
THIEFS_APP = okta_id("0oa", "mail-sync-pro")


def found_groups(tenant: Tenant) -> None:
    """The groups there are: one to quarantine people in, and two whose members cannot be changed."""
    for group in (QUARANTINE, EVERYONE, IMPORTED):
        tenant.okta_groups.append(Group(group.id, group.name, group.kind))


def equip(user: OktaUser, key: str, now: float) -> None:
    """Old things of the person's own: a laptop, an API token, her groups."""
    old = now - 300 * DAY
    user.devices.append(
        Device(okta_id("guo", key), okta_id("lnk", key), "Old laptop", "WINDOWS", old, old)
    )
    user.api_tokens.append(ApiToken(okta_id("00T", key), "Monthly report", old))
    user.groups += [EVERYONE.id, IMPORTED.id]


def plant(tenant: Tenant, user: OktaUser, key: str, now: float) -> None:
    """The thief's things, minutes old: a phone for codes and recovery, a device, a token, an app."""
    sms = Factor(
        okta_id("sms", "thief", key),
        "sms",
        now - 5 * MINUTE,
        {"phoneNumber": "+15555550199"},
        recovery=True,
    )
    user.factors.append(sms)
    user.recovery_phones.append("+15555550199")
    device, token = okta_id("guo", "thief", key), okta_id("00T", "thief", key)
    at = now - 4 * MINUTE
    user.devices.append(
        Device(device, okta_id("lnk", "thief", key), "android-x86", "ANDROID", at, at)
    )
    user.api_tokens.append(ApiToken(token, "backup", at))
    user.grants.append(
        ConsentGrant(okta_id("oag", "thief", key), THIEFS_APP, "okta.users.read.self", at)
    )
    tenant.okta_event(
        "user.mfa.factor.activate",
        user,
        by=user,
        at=sms.created,
        transaction=guid("enrol", sms.id),
        debug={"factor": "SMS_FACTOR"},
        enrolment=sms,
        scene=THIEF.at(session=user.sessions[0].id),
    )
    for event, thing in (("device.user.add", device), ("system.api_token.create", token)):
        tenant.okta_event(event, user, by=user, at=at, transaction=guid("add", thing), scene=THIEF)

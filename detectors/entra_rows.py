"""Rows of Entra ID's logs (sign-ins, directory audits, risk), wherever they were exported from.

Azure Monitor and Microsoft Graph write the same objects: ``signIn``, ``directoryAudit``,
``riskDetection``, ``riskyUser``; Azure Monitor puts them into ``properties`` of a row of its own.

Vendor documentation: Microsoft Learn, Microsoft Graph v1.0 resource types ``signIn``,
``directoryAudit``, ``riskDetection``, ``riskyUser``; Azure Monitor Logs reference ``SigninLogs``,
``AADNonInteractiveUserSignInLogs``, ``AuditLogs``, ``AADUserRiskEvents``, ``AADRiskyUsers``,
``MicrosoftGraphActivityLogs``; "What are risk detections?" (which of them mean a stolen token).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from detectors import compose
from detectors.alert import IdKind, Network, Role, Signal, Thing
from detectors.cast import Cast
from detectors.compose import Verdict, record
from detectors.fields import Fields

#: Risk event types that say that a token or session is in other hands, in lower case.
_THEFT = {
    "anomaloustoken": (Signal.TOKEN_THEFT, ("T1528",)),
    "tokenissueranomaly": (Signal.TOKEN_THEFT, ("T1606",)),
    "suspiciousauthtokens": (Signal.TOKEN_THEFT, ("T1528",)),
    "attemptedprtaccess": (Signal.TOKEN_THEFT, ("T1528",)),
    "attackerinthemiddle": (Signal.SESSION_THEFT, ("T1557",)),
    "suspiciousapitraffic": (Signal.RISK, ()),
    "leakedcredentials": (Signal.CREDENTIAL, ("T1589.001",)),
    "passwordspray": (Signal.CREDENTIAL, ("T1110.003",)),
    "mcasimpossibletravel": (Signal.RISK, ()),
    "mcassuspiciousinboxmanipulationrules": (Signal.MAIL_RULE, ("T1564.008",)),
    "suspiciousinboxforwarding": (Signal.MAIL_RULE, ("T1114.003",)),
    "userreportedsuspiciousactivity": (Signal.MFA, ("T1621",)),
}
_OVER = {"dismissed", "remediated", "confirmedsafe"}
_OPEN = {"atrisk", "confirmedcompromised"}
#: What an audited activity is a sign of, the first that fits.
_ACTIVITIES: tuple[tuple[re.Pattern[str], Signal], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), signal)
    for pattern, signal in (
        (r"consent|oauth2permissiongrant|delegated permission grant|app role assignment"
         r"|service principal credentials|certificates and secrets", Signal.CONSENT),
        (r"strong authentication|security info|authentication method|\bmfa\b"
         r"|conditional access|phone ?app", Signal.MFA),
        (r"password|credential", Signal.CREDENTIAL),
        (r"refresh ?token", Signal.TOKEN_THEFT),
        (r"risk|compromised", Signal.RISK),
    )
)  # fmt: skip
_REPORTED = re.compile(r"fraud reported|suspicious activity reported", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Client:
    """From where and with what something was done."""

    networks: tuple[Network | None, ...]
    devices: tuple[Thing | None, ...]
    apps: tuple[Thing | None, ...]


def person_of(cast: Cast, role: Role, user: Fields) -> bool:
    """Add the user of a sign-in, a risk row or a target: object id, user principal name, name."""
    return cast.add(
        role,
        (IdKind.ENTRA_OBJECT_ID, user.get("userId", "userObjectId", "userPrincipalObjectId", "id")),
        (IdKind.USER_PRINCIPAL_NAME, user.get("userPrincipalName")),
        name=user.get("userDisplayName", "displayName"),
    )


def is_application(row: Fields) -> bool:
    """Whether a sign-in or activity is an application's: then nobody is named by it."""
    if row.get("userPrincipalName") or row.get("userId"):
        return False
    return bool(row.get("servicePrincipalId") or row.get("servicePrincipalName"))


def client(row: Fields, *more_ips: JsonValue) -> Client:
    """Read address, place, device and application of a sign-in or risk row."""
    device, place = row.at("deviceDetail"), row.at("location")
    here = compose.network(
        row.get("ipAddress", "callerIpAddress"),
        row.get("autonomousSystemNumber"),
        place.get("city"),
        place.get("state"),
        place.get("countryOrRegion"),
    )
    return Client(
        (here, *(compose.network(ip) for ip in more_ips)),
        (compose.thing(device.get("deviceId"), device.get("displayName")),),
        (
            compose.thing(row.get("appId"), row.get("appDisplayName")),
            compose.thing(row.get("servicePrincipalId"), row.get("servicePrincipalName")),
        ),
    )


def sign_in_verdict(row: Fields) -> Verdict:
    """Judge a sign-in by Entra's own assessment of it; one alone is no finding."""
    if is_application(row):
        return record("An application's sign-in: no person's tokens are concerned.")
    types = risk_types(row)
    level = row.text("riskLevelDuringSignIn", "riskLevel", limit=20).lower()
    failed = row.at("status").get("errorCode") not in (0, "0", None)
    signal, attack = _meaning(types)
    if failed:
        return record("A sign-in that failed; no token was issued.", signal or Signal.OTHER)
    judged = _by_risk(row, level, signal, attack)
    return judged or record("A sign-in alone is no finding.", signal or Signal.OTHER)


def risk_verdict(row: Fields) -> Verdict:
    """Judge a risk detection or a risky user."""
    level = row.text("riskLevel", "riskLevelAggregated", limit=20).lower()
    signal, attack = _meaning(risk_types(row))
    state = _word(row, "riskState")
    if state in _OVER:
        return record(f"Entra has it as {state} already.", signal or Signal.RISK)
    judged = _by_risk(row, level, signal or Signal.RISK, attack)
    return judged or record(
        f"The risk is not high (Entra rates it {level or 'not at all'}).", signal or Signal.RISK
    )


def audit_verdict(activity: str) -> Verdict:
    """Judge a directory audit: a record, unless a person reports what somebody else did."""
    if _REPORTED.search(activity):
        return Verdict(
            True, "The user says that a sign-in was not hers.", Signal.MFA, ("T1621",)
        )  # fmt: skip
    signal = next((found for pattern, found in _ACTIVITIES if pattern.search(activity)), None)
    return record("A record of a change, and no finding.", signal or Signal.OTHER)


def audit_cast(audit: Fields) -> Cast:
    """Name who is changed (victim) and who changed it (actor); applications are nobody.

    Where no other user is changed, whoever acted is the one it is about.
    """
    cast = Cast()
    targets = [Fields(target) for target in audit.items("targetResources")]
    users = [target for target in targets if target.text("type", limit=40).lower() == "user"]
    changed = [person_of(cast, Role.VICTIM, user) for user in users]
    user = audit.at("initiatedBy").at("user")
    person_of(cast, Role.ACTOR if any(changed) else Role.VICTIM, user)
    return cast


def audit_apps(audit: Fields) -> Iterable[Thing | None]:
    """Return the applications that changed something or were changed."""
    app = audit.at("initiatedBy").at("app")
    yield compose.thing(app.get("appId", "servicePrincipalId"), app.get("displayName"))
    for target in map(Fields, audit.items("targetResources")):
        if target.text("type", limit=40).lower() in {"serviceprincipal", "application"}:
            yield compose.thing(target.get("id"), target.get("displayName"))


def risk_types(row: Fields) -> list[str]:
    """Return the risk event types of a row, as Entra writes them."""
    found: list[str] = []
    for name in ("riskEventTypes_v2", "riskEventTypes", "riskEventType", "riskType"):
        for value in row.items(name):
            # Log Analytics keeps lists as text.
            found += re.findall(r"[A-Za-z]{3,60}", value) if isinstance(value, str) else []
    return list(dict.fromkeys(found))


def _by_risk(
    row: Fields, level: str, signal: Signal | None, attack: tuple[str, ...]
) -> Verdict | None:
    state = _word(row, "riskState")
    if state not in _OPEN:
        return None
    theft = signal in (Signal.TOKEN_THEFT, Signal.SESSION_THEFT)
    if state == "confirmedcompromised":
        return Verdict(True, "The account is confirmed as compromised.", signal or Signal.RISK, attack)  # fmt: skip
    if theft and level in {"high", "medium"}:
        return Verdict(True, f"Entra suspects a stolen token or session (risk {level}).", signal or Signal.RISK, attack)  # fmt: skip
    if level == "high":
        return Verdict(True, "Entra rates the risk as high.", signal or Signal.RISK, attack)
    return None


def _meaning(types: list[str]) -> tuple[Signal | None, tuple[str, ...]]:
    for name, meant in _THEFT.items():
        if name in {found.lower() for found in types}:
            return meant
    return (Signal.RISK, ()) if set(map(str.lower, types)) - {"none", "generic"} else (None, ())


def _word(row: Fields, name: str) -> str:
    return row.text(name, limit=40).replace(" ", "").lower()

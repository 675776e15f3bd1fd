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
from detectors.parts import unsayable

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
#: Microsoft's own applications that phishing asks tokens for: "Storm-2372 conducts device code
#: phishing campaign" (Microsoft Security blog, 2025); "OAuth phishing via first-party applications".
_BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
_VS_CODE = "aebc6443-996d-45c2-90f0-388ff96faa56"
_GRAPH = "00000003-0000-0000-c000-000000000000"
#: AADSTS50053, "account is locked"; and Microsoft's network, whose services lock accounts for nobody.
_LOCKED, _MICROSOFT = "50053", "8075"
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


def person_of(cast: Cast, role: Role, user: Fields, *, own_id: bool = False) -> bool:
    """Add the user of a sign-in, a risk row or a target: object id, user principal name, name.

    Args:
        cast: whom to add to.
        role: the part the user plays.
        user: the object that names the user.
        own_id: whether its ``id`` is the user's; the ``id`` of a sign-in or a detection is its own.
    """
    names = ("userId", "userObjectId", "userPrincipalObjectId", *(("id",) if own_id else ()))
    return cast.add(
        role,
        (IdKind.ENTRA_OBJECT_ID, user.get(*names)),
        (IdKind.USER_PRINCIPAL_NAME, user.get("userPrincipalName")),
        name=user.get("userDisplayName", "displayName"),
    )


def is_application(row: Fields) -> bool:
    """Whether a sign-in or activity is an application's: then nobody is named by it."""
    if row.get("userPrincipalName") or row.get("userId"):
        return False
    names = ("servicePrincipalId", "servicePrincipalName", "servicePrincipalType")
    return any(row.get(name) for name in names)


def client(row: Fields, *more_ips: JsonValue) -> Client:
    """Read address, place, device and application of a sign-in or risk row."""
    device = row.at("deviceDetail")
    place = row.at("location") or row.at("locationDetails")
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
    level = row.text("riskLevelDuringSignIn", "riskLevel", limit=20).lower()
    signal, attack = _meaning(risk_types(row))
    if signal is None and level in {"medium", "high"} and _word(row, "riskState") not in _OVER:
        signal = Signal.RISK
    if is_application(row):
        why = "An application's sign-in: no person's tokens are concerned."
        return record(why, signal or Signal.OTHER)
    code = row.at("status").text("errorCode", limit=10)
    if code not in ("0", ""):
        locked = code == _LOCKED and row.text("autonomousSystemNumber", limit=10) != _MICROSOFT
        kind = signal or (Signal.CREDENTIAL if locked else Signal.OTHER)
        return record("A sign-in that failed; no token was issued.", kind)
    judged = _by_risk(row, level, signal, attack)
    return (
        judged or _phished(row) or record("A sign-in alone is no finding.", signal or Signal.OTHER)
    )


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
    if is_report(activity):
        return Verdict(
            True, "The user says that a sign-in was not hers.", Signal.MFA, ("T1621",)
        )  # fmt: skip
    signal = next((found for pattern, found in _ACTIVITIES if pattern.search(activity)), None)
    return record("A record of a change, and no finding.", signal or Signal.OTHER)


def is_report(activity: str) -> bool:
    """Whether an audited activity is a person's report of what somebody else did."""
    return bool(_REPORTED.search(activity))


def audit_cast(audit: Fields, activity: str = "") -> Cast:
    """Name who is changed (victim) and who changed it (actor); applications are nobody.

    Where no other user is changed, whoever acted is the one it is about; but whose fraud is reported
    stands in the target, and nobody else is taken for her.
    """
    cast = Cast()
    targets = [Fields(target) for target in audit.items("targetResources")]
    users = [target for target in targets if target.text("type", limit=40).lower() == "user"]
    changed = [
        person_of(cast, Role.VICTIM, user, own_id=True) or unsayable(user.everything().items())
        for user in users
    ]
    user = audit.at("initiatedBy").at("user")
    others = any(changed) or is_report(activity)
    person_of(cast, Role.ACTOR if others else Role.VICTIM, user, own_id=True)
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


def _phished(row: Fields) -> Verdict | None:
    """Return the record of a sign-in of the kind that phishing for refresh tokens needs."""
    app = row.text("appId", limit=40).lower()
    if app == _BROKER and _word(row, "authenticationProtocol") == "devicecode":
        why = "A device code sign-in to the authentication broker, which yields a primary refresh token"
        return Verdict(
            False, f"{why}; phishing does so, and people may.", Signal.TOKEN_THEFT, ("T1528",)
        )
    graph = _GRAPH in (
        row.text("resourceId", limit=40).lower(),
        row.text("resourceIdentity", limit=40).lower(),
    )
    if app == _VS_CODE and (graph or row.text("resourceDisplayName").lower() == "microsoft graph"):
        why = "Visual Studio Code was given a token for Microsoft Graph"
        return Verdict(
            False, f"{why}; phishing does so, and people may.", Signal.TOKEN_THEFT, ("T1528",)
        )
    if (
        _word(row, "authenticationProtocol") == "ropc"
        and _word(row, "authenticationRequirement") != "multifactorauthentication"
    ):
        return record("A sign-in by password alone (ROPC).", Signal.CREDENTIAL)
    return None


def _meaning(types: list[str]) -> tuple[Signal | None, tuple[str, ...]]:
    for name, meant in _THEFT.items():
        if name in {found.lower() for found in types}:
            return meant
    return (Signal.RISK, ()) if set(map(str.lower, types)) - {"none", "generic"} else (None, ())


def _word(row: Fields, name: str) -> str:
    return row.text(name, limit=40).replace(" ", "").lower()

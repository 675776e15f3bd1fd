"""Invented logs to hunt through: rows in the vendors' shapes, a few words each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detectors.hunts.catalogue import Tuning, hunt
from detectors.hunts.finding import Finding
from detectors.hunts.hunting import Limits, hunting_ground

START = datetime(2026, 10, 5, 8, tzinfo=UTC)
ADA, BOB = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
#: Networks: address, autonomous system, country, city, latitude, longitude.
HOME = ("192.0.2.10", 2119, "NO", "Oslo", 59.9, 10.7)
MOBILE = ("192.0.2.77", 8210, "NO", "Bergen", 60.4, 5.3)
HOSTING = ("203.0.113.9", 14061, "SG", "Singapore", 1.3, 103.8)
FAR = ("203.0.113.50", 28573, "BR", "Recife", -8.0, -34.9)
ABROAD = ("203.0.113.90", 3352, "ES", "Madrid", 40.4, -3.7)
Place = tuple[str, int, str, str, float, float]
Row = dict[str, Any]


def at(minutes: float, days: float = 0) -> str:
    return (START + timedelta(minutes=minutes, days=days)).isoformat().replace("+00:00", "Z")


def entra(
    minutes: float,
    place: Place = HOME,
    *,
    days: float = 0,
    who: str = ADA,
    session: str | None = "session-1",
    interactive: bool = False,
    agent: str = CHROME,
    os: str = "Windows 11",
    device: str = "",
    **more: Any,
) -> Row:
    """A sign-in as Azure Monitor exports it."""
    ip, asn, country, city, lat, lon = place
    code = more.pop("code", 0)
    name = "ada" if who == ADA else f"person-{who[-4:]}"
    return {
        "time": at(minutes, days),
        "category": "SignInLogs" if interactive else "NonInteractiveUserSignInLogs",
        "resultType": str(code),
        "properties": {
            "id": f"{who}-{minutes}-{days}-{ip}",
            "createdDateTime": at(minutes, days),
            "userId": who,
            "userPrincipalName": f"{name}@contoso.com",
            "appId": "app-1",
            "appDisplayName": "Mail",
            "ipAddress": ip,
            "autonomousSystemNumber": asn,
            "status": {"errorCode": code},
            "userAgent": agent,
            "deviceDetail": {"deviceId": device, "operatingSystem": os},
            "location": {
                "city": city,
                "countryOrRegion": country,
                "geoCoordinates": {"latitude": lat, "longitude": lon},
            },
            "isInteractive": interactive,
            "sessionId": session or "",
            **more,
        },
    }


def usual(who: str = ADA, days: int = 5) -> list[Row]:
    """Some days of somebody's sign-ins at home, before the day that counts."""
    return [
        entra(
            hour * 60,
            days=day - days - 1,
            who=who,
            session=f"{who[-4:]}-old-{day}",
            interactive=hour == 0,
        )
        for day in range(days)
        for hour in range(3)
    ]


def audit(operation: str, minutes: float, ip: str = HOME[0], *, who: str = ADA, **more: Any) -> Row:
    """A directory audit as Graph returns it."""
    name = "ada" if who == ADA else f"person-{who[-4:]}"
    user = {"id": who, "userPrincipalName": f"{name}@contoso.com", "ipAddress": ip}
    return {
        "id": f"{operation}-{minutes}-{who}",
        "activityDateTime": at(minutes),
        "activityDisplayName": operation,
        "result": "success",
        "initiatedBy": {"user": user},
        "targetResources": [
            {
                "id": who,
                "type": "User",
                "userPrincipalName": user["userPrincipalName"],
                "modifiedProperties": [],
            }
        ],
        **more,
    }


def okta(
    minutes: float,
    place: Place = HOME,
    *,
    days: float = 0,
    event: str = "user.authentication.sso",
    session: str = "idx-1",
    cookie: str = "dt-1",
    os: str = "Windows 11",
    agent: str = CHROME,
    **more: Any,
) -> Row:
    """An event of Okta's System Log."""
    ip, asn, country, city, lat, lon = place
    return {
        "uuid": f"{event}-{minutes}-{days}-{ip}",
        "published": at(minutes, days),
        "eventType": event,
        "actor": {"id": "00u1ada", "type": "User", "alternateId": "ada@contoso.com"},
        "client": {
            "ipAddress": ip,
            "userAgent": {"rawUserAgent": agent, "os": os, "browser": "CHROME"},
            "geographicalContext": {
                "city": city,
                "country": country,
                "geolocation": {"lat": lat, "lon": lon},
            },
        },
        "securityContext": {"asNumber": asn, "isProxy": False},
        "authenticationContext": {"externalSessionId": session},
        "debugContext": {"debugData": {"dtHash": cookie}},
        "outcome": {"result": "SUCCESS"},
        "target": [{"id": "app", "type": "AppInstance", "displayName": "Mail"}],
        **more,
    }


def auth0(
    minutes: float,
    ip: str,
    *,
    kind: str = "sertft",
    country: str = "NO",
    family: str = "f1",
    who: str = "ada",
    client: str = "shop",
) -> Row:
    """An event of Auth0's log stream."""
    return {
        "log_id": f"{kind}-{minutes}-{ip}-{who}",
        "data": {
            "log_id": f"{kind}-{minutes}-{ip}-{who}",
            "type": kind,
            "date": at(minutes),
            "ip": ip,
            "user_id": f"auth0|{who}",
            "user_name": f"{who}@contoso.com",
            "client_id": client,
            "client_name": client,
            "user_agent": "okhttp/4.12",
            "details": {"familyId": family},
            "location_info": {"country_code": country},
        },
    }


def worth_an_alert(found: Iterable[Finding]) -> list[Finding]:
    """Leave out what is only listed."""
    return [each for each in found if each.severity != "low"]


def hunted(
    folder: Path,
    name: str,
    rows: Iterable[Row],
    *,
    since: datetime | None = None,
    tuning: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Write the rows as NDJSON and hunt through them."""
    path = folder / "logs.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with hunting_ground([path], Tuning(tuning), Limits("500MB", 1)) as ground:
        return ground.go(hunt(name), since)

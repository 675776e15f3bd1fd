"""Entra's sign-ins, in the shape of the tables of Log Analytics."""

from __future__ import annotations

LOCATION = """format('{{"city":"{}","countryOrRegion":"{}","geoCoordinates":{{"latitude":{:.4f},"longitude":{:.4f}}}}}',
    seen_city, seen_country, seen_lat, seen_lon)"""
DEVICE = """format('{{"deviceId":"{}","operatingSystem":"{}","browser":"Chrome"}}', device, os)"""
BINDING = """format('{{"signInSessionStatus":"{}"}}', binding)"""


def entra(source: str) -> str:
    """A row of SigninLogs or AADNonInteractiveUserSignInLogs for each of ``source``."""
    return f"""
        SELECT time AS TimeGenerated, guid(id, 'event') AS Id,
            CASE WHEN interactive THEN 'SignInLogs' ELSE 'NonInteractiveUserSignInLogs' END AS Category,
            interactive::VARCHAR AS IsInteractive, result AS ResultType,
            user_id AS UserId, upn AS UserPrincipalName, ip AS IPAddress, asn::VARCHAR AS AutonomousSystemNumber,
            {LOCATION} AS LocationDetails, {DEVICE} AS DeviceDetail, agent AS UserAgent,
            session_id AS SessionId, app_id AS AppId, 'Application ' || app_id AS AppDisplayName,
            protocol AS AuthenticationProtocol, 'none' AS OriginalTransferMethod,
            {BINDING} AS TokenProtectionStatusDetails, risk AS RiskLevelDuringSignIn, 'none' AS RiskState
        FROM ({source})"""  # noqa: S608 - our own text


ENTRA_NOISE = """
    SELECT id, time, root OR id % 25 = 0 AS interactive, '0' AS result, user_id, upn, ip, asn, seen_city, seen_country,
        seen_lat, seen_lon, device, os, agent, guid(session, 'session') AS session_id, 'app-' || pick(id, 'app', 40) AS app_id,
        CASE WHEN n % 300 = 17 AND k % 50 = 4 THEN 'deviceCode' ELSE 'none' END AS protocol,
        CASE WHEN managed AND pick(id, 'app', 40) % 3 = 0 AND rnd(id, 'browser') < 0.9 THEN 'bound' ELSE 'unbound' END AS binding,
        CASE WHEN rnd(id, 'risk') < 0.0002 THEN 'medium' WHEN rnd(id, 'risk') < 0.005 THEN 'low' ELSE 'none' END AS risk
    FROM use WHERE NOT okta AND n BETWEEN {first} AND {last}"""
ENTRA_STOLEN = """
    SELECT n * 100 + 8000000000 + j AS id, time,
        theft_kind IN ('device_code', 'foothold') AS interactive,
        CASE WHEN theft_kind = 'entra_refused' THEN '50173' ELSE '0' END AS result, user_id, upn, ip, asn,
        seen_city, seen_country, seen_lat, seen_lon, '' AS device, os, agent,
        CASE WHEN theft_kind IN ('hosting', 'entra_refused') THEN ''
            WHEN theft_kind IN ('device_code', 'foothold') THEN guid(n, 'thief''s session')
            ELSE guid(session, 'session') END AS session_id,
        CASE WHEN theft_kind = 'device_code' THEN '29d9ed98-a469-4536-ade2-f981bc1d605e' ELSE 'app-1' END AS app_id,
        CASE WHEN theft_kind = 'device_code' THEN 'deviceCode' ELSE 'none' END AS protocol,
        CASE WHEN theft_kind = 'unbound' THEN 'unbound' ELSE 'none' END AS binding,
        CASE WHEN theft_kind = 'foothold' THEN 'high' ELSE 'none' END AS risk
    FROM theft_use
    WHERE NOT okta AND (theft_kind IN ('entra_copied_agent', 'entra_other_system', 'travel', 'unbound')
        OR (theft_kind IN ('hosting', 'entra_refused') AND j < 4) OR (theft_kind IN ('device_code', 'foothold') AND j = 0))
    UNION ALL
    SELECT n * 100 + 9000000000 + j, time, false, '0', user_id, upn, ip, asn, seen_city, seen_country, seen_lat,
        seen_lon, device, os, agent, guid(session, 'session'), 'app-2', 'none', 'none', 'none'
    FROM own_use WHERE NOT okta"""

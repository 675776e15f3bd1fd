"""Hunts over generated logs: are all planted thefts found, how many findings are false, how long, how much.

    python bench/hunts.py                     10 million sign-ins, 200 thefts
    python bench/hunts.py --growth            also a quarter and a half of them: does time outgrow rows?
    python bench/hunts.py --rows 1000000

DuckDB makes the logs, from a seed, as Parquet in the shapes of Log Analytics (Entra), the Okta System Log
and Auth0's tenant log. The noise is what tempts a hunt: phones between Wi-Fi and mobile data with an
address for each use, company VPN out of data centres in another country, personal VPN as a habit and for
the first time, trips abroad, new providers, shared offices, scripts' habitual device codes, enrolments
after false alarms, retried tokens. Hunting runs in a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from detectors.hunts.catalogue import hunts
from detectors.hunts.hunting import Limits, hunting_ground

USES_PER_PERSON = 500
DAYS = 30
#: Each kind of theft, and the hunt that was made for it.
MADE_FOR = {
    "stamp": "refresh-stamp-changed",
    "auth0_spread": "refresh-token-places",
    "auth0_reuse": "refresh-token-places",
    "entra_copied_agent": "entra-session-spread",
    "entra_other_system": "entra-session-spread",
    "travel": "impossible-travel-in-session",
    "hosting": "hosting-network-sign-in",
    "consent": "unfamiliar-consent",
    "okta_session": "okta-session-spread",
    "okta_device": "okta-session-spread",
    "okta_reuse": "refresh-token-reuse",
    "entra_refused": "refresh-token-reuse",
    "foothold": "foothold-after-risk",
    "device_code": "device-code-and-binding",
    "unbound": "device-code-and-binding",
}
KINDS = tuple(MADE_FOR)

#: Country, latitude, longitude, the autonomous systems of its home and its mobile provider.
PLACES = (
    ("NO", "Oslo", 59.9, 10.7, 2119, 8210), ("DE", "Berlin", 52.5, 13.4, 3320, 6805),
    ("FR", "Paris", 48.9, 2.3, 3215, 20810), ("GB", "London", 51.5, -0.1, 2856, 21334),
    ("US", "Denver", 39.7, -105.0, 7922, 6167), ("US", "Boston", 42.4, -71.1, 701, 21928),
    ("ES", "Madrid", 40.4, -3.7, 3352, 12430), ("JP", "Tokyo", 35.7, 139.7, 2516, 9605),
    ("PL", "Warsaw", 52.2, 21.0, 5617, 8374), ("IN", "Pune", 18.5, 73.9, 24560, 55836),
)  # fmt: skip

MACROS = """
CREATE MACRO rnd(n, salt) AS (hash(n::BIGINT, salt::VARCHAR, getvariable('seed')) % 1000003) / 1000003.0;
CREATE MACRO pick(n, salt, size) AS (rnd(n, salt) * size)::BIGINT % size;
CREATE MACRO guid(n, salt) AS
    format('{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}', hash(n, salt, 1) % 4294967296, hash(n, salt, 2) % 65536,
        hash(n, salt, 3) % 4096, hash(n, salt, 4) % 4096, hash(n, salt, 5) % 281474976710656);
CREATE MACRO address4(a, b, n) AS
    format('{}.{}.{}.{}', a, b, (n // 250) % 250, 1 + n % 250);
"""

PEOPLE = """
CREATE TABLE place AS FROM (VALUES {places}) AS t(country, city, lat, lon, home_asn, mobile_asn);
ALTER TABLE place ADD COLUMN n INTEGER;
UPDATE place SET n = rowid;
CREATE TABLE person AS
SELECT p.n, pl.*  EXCLUDE (n), pl.n AS place, guid(p.n, 'person') AS user_id,
    'person' || p.n || '@contoso.com' AS upn,
    CASE WHEN rnd(p.n, 'system') < 0.6 THEN 'Windows 11' ELSE 'MacOs' END AS laptop_os,
    CASE WHEN rnd(p.n, 'phone') < 0.5 THEN 'Ios 18.1' ELSE 'Android 15' END AS phone_os,
    rnd(p.n, 'managed') < 0.6 AS managed,
    rnd(p.n, 'office') < 0.6 AS in_office,
    rnd(p.n, 'vpn') < 0.5 AS company_vpn,
    rnd(p.n, 'habit') < 0.05 AS vpn_habit,
    rnd(p.n, 'first') < 0.01 AS vpn_once,
    rnd(p.n, 'trip') < 0.04 AS travels,
    rnd(p.n, 'provider') < 0.02 AS moves,
    (3 + pick(p.n, 'trip day', 20))::INTEGER AS trip_day,
    (pl.n + 1 + pick(p.n, 'trip to', 8)) % 10 AS trip_place,
    rnd(p.n, 'okta') < 0.2 AS okta,
    -- one theft for each of so many evenly chosen people, of each kind in turn
    CASE WHEN p.n % (getvariable('people') // getvariable('thefts')) = getvariable('people') // getvariable('thefts') // 3
        THEN p.n // (getvariable('people') // getvariable('thefts')) END AS theft
FROM range(getvariable('people')) AS p(n) JOIN place AS pl ON pl.n = pick(p.n, 'place', 10);
ALTER TABLE person ADD COLUMN theft_kind VARCHAR;
UPDATE person SET theft_kind = getvariable('kinds')[(theft % len(getvariable('kinds'))) + 1]
    WHERE theft IS NOT NULL AND theft < getvariable('thefts');
-- a theft in Okta needs somebody in Okta, one in Entra somebody there
UPDATE person SET okta = starts_with(theft_kind, 'okta') WHERE theft_kind IS NOT NULL;
"""

USES = """
CREATE VIEW use AS
WITH numbered AS (
    SELECT p.*, u.n AS k, p.n * 1000 + u.n AS id,
        (u.n % 2) = 1 AS on_phone,
        TIMESTAMP '2026-10-01' + to_microseconds(
            ((u.n + rnd(p.n * 1000 + u.n, 'jitter')) / {per} * {days} * 86400 * 1000000)::BIGINT) AS time
    FROM person AS p, range({per}) AS u(n)
),
dated AS (
    SELECT *, date_diff('day', TIMESTAMP '2026-10-01', time) AS day, hour(time) AS hour,
        n * 1000 + ((k + 2 * (n % 40)) // 80) * 2 + (k % 2) AS session,
        (k // 2 + n % 40) % 40 = 0 OR k < 2 AS root
    FROM numbered
),
placed AS (
    SELECT *, CASE
        WHEN travels AND day BETWEEN trip_day AND trip_day + 4 AND NOT on_phone AND company_vpn
            AND hour BETWEEN 12 AND 15 THEN 'company vpn'
        WHEN travels AND day BETWEEN trip_day AND trip_day + 4 AND NOT on_phone THEN 'hotel'
        WHEN travels AND day BETWEEN trip_day AND trip_day + 4 THEN 'mobile'
        WHEN vpn_habit AND NOT on_phone AND rnd(id, 'habit now') < 0.2 THEN 'vpn'
        WHEN vpn_once AND NOT on_phone AND day = 21 AND hour >= 18 AND NOT root THEN 'vpn'
        WHEN on_phone AND hour BETWEEN 7 AND 19 AND rnd(id, 'mobile') < 0.6 THEN 'mobile'
        WHEN in_office AND hour BETWEEN 8 AND 17 AND dayofweek(time) BETWEEN 1 AND 5 THEN 'office'
        WHEN company_vpn AND NOT on_phone AND hour BETWEEN 8 AND 17 THEN 'company vpn'
        ELSE 'home' END AS spot
    FROM dated
)
SELECT placed.*,
    CASE spot
        WHEN 'hotel' THEN address4(185, trip_place + 20, n * 7 + trip_day)
        WHEN 'mobile' THEN address4(100, 64 + place, id * 13)
        WHEN 'vpn' THEN address4(146, 70, pick(id, 'exit', 200))
        WHEN 'office' THEN format('198.51.{{}}.1', place)
        WHEN 'company vpn' THEN format('203.0.113.{{}}', 1 + n % 4)
        ELSE address4(80 + day // 15, place, n * 3 + day // 10)
    END AS ip,
    CASE spot WHEN 'hotel' THEN asn2 WHEN 'mobile' THEN mobile_asn WHEN 'vpn' THEN 9009
        WHEN 'office' THEN 64500 + place WHEN 'company vpn' THEN 16509
        ELSE home_asn + CASE WHEN moves AND day >= 15 THEN 1 ELSE 0 END END AS asn,
    CASE spot WHEN 'hotel' THEN country2 WHEN 'vpn' THEN 'NL' WHEN 'company vpn' THEN 'IE' ELSE country END AS seen_country,
    CASE spot WHEN 'hotel' THEN city2 WHEN 'vpn' THEN 'Amsterdam' WHEN 'company vpn' THEN 'Dublin' ELSE city END AS seen_city,
    CASE spot WHEN 'hotel' THEN lat2 WHEN 'vpn' THEN 52.4 WHEN 'company vpn' THEN 53.3
        WHEN 'mobile' THEN lat + 2.5 ELSE lat END + rnd(id, 'lat') * 0.1 AS seen_lat,
    CASE spot WHEN 'hotel' THEN lon2 WHEN 'vpn' THEN 4.9 WHEN 'company vpn' THEN -6.3
        WHEN 'mobile' THEN lon + 2.5 ELSE lon END + rnd(id, 'lon') * 0.1 AS seen_lon,
    CASE WHEN on_phone THEN phone_os ELSE laptop_os END AS os,
    CASE WHEN on_phone THEN 'Mozilla/5.0 (Mobile; ' || phone_os || ') Outlook/4.24' ELSE
        'Mozilla/5.0 (' || laptop_os || ') Chrome/' || (128 + day // 10) || '.0.0.0' END AS agent,
    CASE WHEN managed THEN guid(n, CASE WHEN on_phone THEN 'phone' ELSE 'laptop' END) ELSE '' END AS device
FROM placed JOIN (SELECT n AS tn, country AS country2, city AS city2, lat AS lat2, lon AS lon2, home_asn AS asn2 FROM place)
    AS there ON there.tn = trip_place;
"""

#: Where a thief sits: in a data centre abroad, and at a residential proxy far away.
THEFTS = """
CREATE TABLE stolen AS
SELECT p.*, 3 + pick(p.n, 'theft day', 5) AS block,
    TIMESTAMP '2026-10-01' + to_days((16 + pick(p.n, 'theft day', 5) * 2)::INTEGER) + to_hours(10) AS start,
    address4(45, 140, p.n * 11) AS hosting_ip, address4(187, 20, p.n * 17) AS far_ip
FROM person AS p WHERE theft_kind IS NOT NULL;
-- the session of the laptop that was in use then
CREATE TABLE victim AS
SELECT s.* EXCLUDE (start), u.time AS start, u.session, u.os AS own_os, u.agent AS own_agent, u.device AS own_device
FROM stolen AS s JOIN LATERAL (
    SELECT * FROM use WHERE use.n = s.n AND NOT use.on_phone AND use.time >= s.start AND NOT use.root
    ORDER BY use.time LIMIT 1) AS u ON true;
CREATE TABLE theft_use AS
SELECT v.*, t.j, v.start + to_minutes((t.j * 9)::INTEGER) AS time,
    CASE WHEN theft_kind = 'travel' THEN far_ip ELSE hosting_ip END AS ip,
    CASE WHEN theft_kind = 'travel' THEN 28573 WHEN v.n % 2 = 0 THEN 14061 ELSE 24940 END AS asn,
    CASE WHEN theft_kind = 'travel' THEN 'BR' ELSE 'SG' END AS seen_country,
    CASE WHEN theft_kind = 'travel' THEN 'Recife' ELSE 'Singapore' END AS seen_city,
    CASE WHEN theft_kind = 'travel' THEN -8.0 ELSE 1.3 END AS seen_lat,
    CASE WHEN theft_kind = 'travel' THEN -34.9 ELSE 103.8 END AS seen_lon,
    CASE WHEN theft_kind IN ('entra_copied_agent', 'travel') THEN own_os ELSE 'Linux' END AS os,
    CASE WHEN theft_kind IN ('entra_copied_agent', 'travel') THEN own_agent
        WHEN theft_kind = 'entra_other_system' THEN 'python-requests/2.32'
        ELSE 'Mozilla/5.0 (X11; Linux x86_64) Firefox/131.0' END AS agent
FROM victim AS v, range(12) AS t(j);
-- and the victim works on meanwhile
CREATE TABLE own_use AS
SELECT v.n, v.session, t.j, v.start + to_minutes((t.j * 9 + 4)::INTEGER) AS time, u.ip, u.asn,
    u.seen_country, u.seen_city, u.seen_lat, u.seen_lon, v.own_os AS os, v.own_agent AS agent,
    v.own_device AS device, v.user_id, v.upn, v.okta
FROM victim AS v
JOIN LATERAL (SELECT * FROM use WHERE use.session = v.session AND use.spot <> 'vpn' ORDER BY time LIMIT 1) AS u ON true,
    range(12) AS t(j)
WHERE v.theft_kind IN ('entra_copied_agent', 'travel', 'entra_other_system', 'okta_session');
"""


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


def okta(source: str) -> str:
    """An event of the System Log for each row of ``source``."""
    return f"""
        SELECT guid(id, 'okta event') AS uuid, time AS published, event AS "eventType",
            {{'id': actor_id, 'type': actor_type, 'alternateId': upn, 'displayName': upn}} AS actor,
            {{'ipAddress': ip, 'userAgent': {{'rawUserAgent': agent, 'os': os, 'browser': 'CHROME'}},
              'geographicalContext': {{'city': seen_city, 'country': seen_country,
                'geolocation': {{'lat': seen_lat, 'lon': seen_lon}}}}}} AS client,
            {{'asNumber': asn, 'asOrg': NULL::VARCHAR, 'isProxy': false}} AS "securityContext",
            {{'externalSessionId': session_id}} AS "authenticationContext",
            {{'debugData': {{'dtHash': device, 'grantType': 'refresh_token'}}}} AS "debugContext",
            {{'result': 'SUCCESS'}} AS outcome,
            [{{'id': user_id, 'type': 'User', 'alternateId': upn, 'displayName': upn}}] AS target
        FROM ({source})"""  # noqa: S608 - our own text


AUTH0 = """
    SELECT guid(id, 'auth0') AS log_id, {'date': time, 'type': type, 'log_id': guid(id, 'auth0'),
        'client_id': client, 'client_name': client, 'ip': ip, 'user_agent': agent, 'user_id': 'auth0|' || n,
        'user_name': upn, 'details': {'familyId': family},
        'location_info': {'country_code': seen_country, 'city_name': seen_city}} AS data
    FROM (
        SELECT id, n, time, upn, 'sertft' AS type, agent, 'shop-app' AS client, guid(session, 'family') AS family,
            ip, seen_country, seen_city
        FROM use WHERE k % 17 = 3
        UNION ALL
        SELECT id, n, time, upn, 'sertft', 'node', 'portal', guid(n, 'portal family'),
            '192.0.2.' || (10 + id % 6), 'DE', 'Frankfurt'
        FROM use WHERE k % 100 = 5
        UNION ALL -- a lost answer: the same token again, at once
        SELECT id + 5000000000, n, time + INTERVAL 9 SECOND, upn, 'ferrt', agent, 'shop-app', guid(session, 'family'),
            ip, seen_country, seen_city
        FROM use WHERE k % 17 = 3 AND rnd(id, 'retry') < 0.0001
        UNION ALL
        SELECT n * 100 + 6000000000 + t.j, n, start + to_minutes((t.j * 40)::INTEGER), upn, 'sertft',
            'okhttp/4.12', 'shop-app', guid(n, 'stolen family'), address4(45 + t.j % 9, 150, n * 23 + t.j * 300),
            (SELECT country FROM place WHERE place.n = t.j % 4 * 2), 'Somewhere'
        FROM stolen, range(16) AS t(j) WHERE theft_kind = 'auth0_spread'
        UNION ALL
        SELECT n * 100 + 7000000000, n, start, upn, 'ferrt', 'okhttp/4.12', 'shop-app',
            guid(n, 'stolen family'), hosting_ip, 'SG', 'Singapore'
        FROM stolen WHERE theft_kind = 'auth0_reuse'
    )"""

AUDIT = """
    SELECT time AS TimeGenerated, guid(id, 'audit') AS Id, operation AS OperationName, 'success' AS Result,
        format('{{"user":{{"id":"{}","userPrincipalName":"{}","ipAddress":"{}"}}}}', actor_id, actor, ip) AS InitiatedBy,
        format('[{{"id":"{}","displayName":"{}","userPrincipalName":{},"type":"{}","modifiedProperties":{}}}]',
            target_id, target, CASE WHEN kind = 'User' THEN '"' || target || '"' ELSE 'null' END, kind, changes)
            AS TargetResources, '[]' AS AdditionalDetails
    FROM (
        -- directory sync stamps everybody now and then
        SELECT n * 10 AS id, TIMESTAMP '2026-10-01' + to_hours((n % 700)::INTEGER) AS time,
            'Update StsRefreshTokenValidFrom Timestamp' AS operation, 'sync' AS actor_id,
            'Sync_DC01_1234@contoso.onmicrosoft.com' AS actor, '10.0.0.1' AS ip, user_id AS target_id, upn AS target,
            'User' AS kind, stamp(time, time - INTERVAL 90 DAY) AS changes
        FROM person WHERE n % 5 = 0
        UNION ALL -- the help desk revokes
        SELECT n * 10 + 1, TIMESTAMP '2026-10-02' + to_hours((n % 690)::INTEGER) AS time,
            'Update StsRefreshTokenValidFrom Timestamp', 'help', 'helpdesk@contoso.com', '198.51.0.1',
            user_id, upn, 'User', stamp(time, time - INTERVAL 90 DAY)
        FROM person WHERE n % 200 = 3
        UNION ALL
        SELECT n * 10 + 2, start AS time, 'Update StsRefreshTokenValidFrom Timestamp', user_id, upn, hosting_ip,
            user_id, upn, 'User', CASE WHEN n % 2 = 0 THEN stamp(time + INTERVAL 30 DAY, time - INTERVAL 1 DAY)
                ELSE stamp(time - INTERVAL 60 DAY, time - INTERVAL 1 DAY) END
        FROM stolen WHERE theft_kind = 'stamp'
        UNION ALL -- an application everybody uses
        SELECT n * 10 + 3, TIMESTAMP '2026-10-03' + to_minutes((n % 39000)::INTEGER), 'Consent to application',
            user_id, upn, '198.51.0.1', 'app-' || (n % 40), 'Application app-' || (n % 40), 'ServicePrincipal',
            consented('Mail.Read Files.Read.All offline_access')
        FROM person WHERE n % 50 = 9
        UNION ALL -- a new one that only signs people in
        SELECT n * 10 + 4, TIMESTAMP '2026-10-12' + to_hours((n % 400)::INTEGER), 'Consent to application',
            user_id, upn, '198.51.0.1', 'quiz-' || n, 'Quiz ' || n, 'ServicePrincipal', consented('openid profile User.Read')
        FROM person WHERE n % 400 = 11
        UNION ALL
        SELECT n * 10 + 5, start, 'Consent to application', user_id, upn, hosting_ip, 'evil-' || n,
            'Document Viewer ' || n, 'ServicePrincipal', consented('Mail.ReadWrite Mail.Send offline_access')
        FROM stolen WHERE theft_kind = 'consent'
        UNION ALL -- new phones, whenever
        SELECT id * 10 + 6, time, 'User registered security info', user_id, upn, ip, user_id, upn, 'User', '[]'
        FROM use WHERE rnd(id, 'enrols') < 0.001 AND spot IN ('home', 'office')
        UNION ALL -- and some within the hour after a false alarm at home
        SELECT id * 10 + 7, time + INTERVAL 12 MINUTE, 'User registered security info', user_id, upn, ip, user_id,
            upn, 'User', '[]'
        FROM use WHERE rnd(id, 'risk') < 0.0002 AND NOT okta AND spot IN ('home', 'office') AND rnd(id, 'anew') < 0.2
        UNION ALL
        SELECT n * 10 + 8, start + INTERVAL 20 MINUTE, 'User registered security info', user_id, upn, hosting_ip,
            user_id, upn, 'User', '[]'
        FROM victim WHERE theft_kind = 'foothold'
    )"""

AUDIT_MACROS = """
CREATE MACRO stamp(after, before) AS format(
    '[{{"displayName":"StsRefreshTokensValidFrom","oldValue":"[\\"{}Z\\"]","newValue":"[\\"{}Z\\"]"}}]',
    strftime(before, '%Y-%m-%dT%H:%M:%S'), strftime(after, '%Y-%m-%dT%H:%M:%S'));
CREATE MACRO consented(scope) AS format(
    '[{{"displayName":"ConsentContext.IsAdminConsent","newValue":"False"}},'
    || '{{"displayName":"ConsentAction.Permissions","newValue":"[] => [[ConsentType: Principal, Scope: {}, CreatedDateTime: ]]"}}]',
    scope);
"""

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

OKTA_NOISE = """
    SELECT id, time, CASE WHEN root THEN 'user.session.start' ELSE 'user.authentication.sso' END AS event,
        user_id AS actor_id, 'User' AS actor_type, user_id, upn, ip, agent, os, seen_city, seen_country, seen_lat,
        seen_lon, asn, guid(session, 'session') AS session_id,
        guid(n, CASE WHEN on_phone THEN 'dt phone' ELSE 'dt laptop' END) AS device
    FROM use WHERE okta"""
OKTA_STOLEN = """
    SELECT n * 100 + 8000000000 + j AS id, time, 'user.authentication.sso' AS event, user_id AS actor_id,
        'User' AS actor_type, user_id, upn, ip, agent, os, seen_city, seen_country, seen_lat, seen_lon, asn,
        CASE WHEN theft_kind = 'okta_device' THEN guid(n, 'thief''s session') ELSE guid(session, 'session') END AS session_id,
        CASE WHEN theft_kind = 'okta_device' THEN guid(n, 'dt laptop') ELSE guid(n, 'dt thief') END AS device
    FROM theft_use WHERE theft_kind IN ('okta_session', 'okta_device')
    UNION ALL
    SELECT n * 100 + 9000000000 + j, time, 'user.authentication.sso', user_id, 'User', user_id, upn, ip, agent, os,
        seen_city, seen_country, seen_lat, seen_lon, asn, guid(session, 'session'), guid(n, 'dt laptop')
    FROM own_use WHERE okta
    UNION ALL -- tokens: exchanges as usual, a retry at once, and a stolen one
    SELECT id + 5000000000, time, 'app.oauth2.token.grant.access_token', 'client-1', 'PublicClientApp', user_id, upn,
        ip, agent, os, seen_city, seen_country, seen_lat, seen_lon, asn, 'unknown', NULL
    FROM use WHERE okta AND k % 50 = 7
    UNION ALL
    SELECT id + 6000000000, time + INTERVAL 8 SECOND, 'app.oauth2.token.detect_reuse', 'client-1', 'PublicClientApp',
        user_id, upn, ip, agent, os, seen_city, seen_country, seen_lat, seen_lon, asn, 'unknown', NULL
    FROM use WHERE okta AND k % 50 = 7 AND rnd(id, 'retry') < 0.002
    UNION ALL
    SELECT n * 100 + 7000000000, start, 'app.oauth2.token.detect_reuse', 'client-1', 'PublicClientApp', user_id, upn,
        hosting_ip, 'okhttp/4.12', 'Unknown', 'Singapore', 'SG', 1.3, 103.8, 14061, 'unknown', NULL
    FROM stolen WHERE theft_kind = 'okta_reuse'"""

#: So many people at once are written, to bound what the generator takes.
_SLICE = 4000


def generate(folder: Path, rows: int, thefts: int, seed: int) -> dict[str, str]:
    """Write the logs; return each victim's sign-in name with the kind of theft."""
    people = rows // USES_PER_PERSON
    connection = duckdb.connect(str(folder / "generator.duckdb"))
    connection.execute("SET threads = 2")
    connection.execute("SET memory_limit = '3GB'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = '{folder}'")
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    connection.execute(f"SET VARIABLE seed = {seed}")
    connection.execute(f"SET VARIABLE people = {people}")
    connection.execute(f"SET VARIABLE thefts = {thefts}")
    connection.execute(f"SET VARIABLE kinds = [{kinds}]")
    connection.execute(MACROS)
    connection.execute(AUDIT_MACROS)
    connection.execute(PEOPLE.format(places=", ".join(str(place) for place in PLACES)))
    connection.execute(USES.format(per=USES_PER_PERSON, days=DAYS))
    connection.execute(THEFTS)
    logs = folder / "logs"
    logs.mkdir()

    def write(name: str, query: str) -> None:
        connection.execute(f"COPY ({query}) TO '{logs / name}.parquet' (FORMAT parquet)")

    for first in range(0, people, _SLICE):
        last = min(first + _SLICE, people) - 1
        write(f"signin-{first:06}", entra(ENTRA_NOISE.format(first=first, last=last)))
    write("signin-stolen", entra(ENTRA_STOLEN))
    write("okta", okta(OKTA_NOISE))
    write("okta-more", okta(OKTA_STOLEN))
    write("auth0", AUTH0)
    write("audit", AUDIT)
    victims = dict(connection.execute("SELECT upn, theft_kind FROM stolen").fetchall())
    connection.close()
    return victims


def hunt(logs: Path) -> None:
    """What the process that is measured does: hunt over everything, print what was found and took."""
    began = time.perf_counter()
    seconds: dict[str, float] = {}
    found = []
    with hunting_ground([logs], limits=Limits(threads=2)) as ground:
        seconds["read and count"] = time.perf_counter() - began
        rows = ground.taken.total
        for each in hunts().values():
            at = time.perf_counter()
            found += [(f.hunt, f.severity, f.user_name, f.user_id, f.why) for f in ground.go(each)]
            seconds[each.name] = time.perf_counter() - at
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": time.perf_counter() - began,
                "parts": seconds,
                "cpu_seconds": time.process_time(),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "found": found,
            }
        )
    )


def measure(rows: int, thefts: int, seed: int, *, verbose: bool) -> tuple[float, float, int, bool]:
    with tempfile.TemporaryDirectory(prefix="rescind-bench-") as folder:
        began = time.perf_counter()
        victims = generate(Path(folder), rows, thefts, seed)
        made = time.perf_counter() - began
        ran = subprocess.run(
            [sys.executable, __file__, "--hunt", str(Path(folder) / "logs")],
            capture_output=True,
            check=True,
            text=True,
        )
    told = json.loads(ran.stdout)
    alerts = [each for each in told["found"] if each[1] != "low"]
    ids = {name.split("@")[0].removeprefix("person"): name for name in victims}

    def victim(each: list[str]) -> str | None:
        name = each[2] or ""
        return name if name in victims else ids.get((each[3] or "").removeprefix("auth0|"))

    hit = {name for each in alerts if (name := victim(each))}
    false = [each for each in alerts if victim(each) is None]
    missed = sorted(set(victims) - hit)
    share = len(false) / max(1, len(alerts))
    print(
        f"{told['rows']:,} rows ({rows:,} sign-ins asked for), generated in {made:.0f} s, seed {seed}"
    )
    print(
        f"  {told['seconds']:.1f} s ({told['cpu_seconds']:.1f} s of processor), peak memory {told['peak_mb']:.0f} MB, 2 threads"
    )
    print(
        f"  {len(hit)} of {len(victims)} thefts found; {len(alerts)} findings, {len(false)} false ({share:.2%});"
        f" {len(told['found']) - len(alerts)} listed as low"
    )
    for kind, name in MADE_FOR.items():
        theirs = {who for who, what in victims.items() if what == kind}
        own = theirs & {victim(each) for each in alerts if each[0] == name}
        if verbose or not own:
            print(f"    {len(own)} of {len(theirs)} {kind} by {name} itself")
    if verbose:
        for name, took in told["parts"].items():
            print(f"    {took:6.2f} s  {name}")
    for name in missed[:20]:
        print(f"  missed: {name} ({victims[name]})")
    for each in false[:20]:
        print(f"  false: {each[0]} {each[2]}: {each[4]}")
    return (
        told["seconds"],
        told["cpu_seconds"],
        told["rows"],
        not missed and share <= 0.01 and told["peak_mb"] <= 4096,
    )


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--thefts", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--growth", action="store_true")
    arguments.add_argument("--limit", type=float, default=60.0, help="seconds for all rows")
    arguments.add_argument("--hunt", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.hunt:
        hunt(given.hunt)
        return 0
    sizes = [given.rows // 4, given.rows // 2, given.rows] if given.growth else [given.rows]
    took = []
    good = True
    for size in sizes:
        seconds, processor, rows, right = measure(
            size, given.thefts, given.seed, verbose=size == given.rows
        )
        took.append((rows, processor))
        good &= right
    good &= seconds <= given.limit
    if given.growth:
        # by what the processor did: on a busy machine the clock tells of the others
        (few, quick), (many, slow) = took[0], took[-1]
        print(f"  {many / few:.2f} times the rows take {slow / quick:.2f} times the processor")
        good &= slow / quick <= 1.05 * many / few
    print("within the bounds" if good else "NOT within the bounds")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

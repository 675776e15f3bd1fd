"""Everyday life: people, where they are, and what each use of an account looks like.

The noise is what tempts a hunt: phones between Wi-Fi and mobile data with an address for each use, company
VPN out of data centres in another country, personal VPN as a habit and for the first time, trips abroad, new
providers, shared offices.
"""

from __future__ import annotations

USES_PER_PERSON = 500
DAYS = 30

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

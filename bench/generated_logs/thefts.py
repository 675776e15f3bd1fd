"""The thefts: their kinds, who suffers them, and what the thief and the victim do meanwhile."""

from __future__ import annotations

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

/*
title: An Okta session or device token used by two parties
finds: >
  A session (externalSessionId) that goes on from a network which is not the person's, with the signs of
  the Entra hunt; or one device token (dtHash) that shows up on two operating systems, at two addresses,
  for the same person: the cookie was copied.
attack: [T1539, T1550.004, T1078.004]
signal: session_theft
logs:
  okta.system_log: "sessions and device tokens, with address and agent of each use"
benign:
  moving: "Wi-Fi to mobile data, a trip: the system stays the same."
  company egress: "VPN gateways, offices and secure web gateways, found by themselves or on `allow_ips` and `allow_asns`."
  personal VPN: "A habit shows as earlier sign-ins or several sessions from that network."
  spoofed agent: "A browser that asks for the desktop site tells another system, from the same address."
tunables:
  min_points: {default: 4, is: "how much has to come together (the points stand in tables/sessions.sql)"}
  list_points: {default: 1, is: "from so many on it is listed as low"}
reads: [sessions.sql]
shared: [allow_ips, allow_asns, shared_persons, shared_days, habit_sessions, turn_minutes]
*/
WITH found AS (
    SELECT session_key, person_key, max(points) AS points, min(first_at) AS first_at, max(last_at) AS last_at,
        flatten(list(ips)) AS ips, any_value(root_network) AS root_network,
        string_agg(DISTINCT network || coalesce(' (' || listed_name || ')', ''), ', ') AS networks,
        bool_or(other_os) AS other_os, bool_or(turned) AS turned, bool_or(hosting) AS hosting,
        arg_max(spoken([
            CASE WHEN other_os THEN 'on ' || coalesce(strange_os, 'another system') || ' instead of '
                || coalesce(root_os, 'the first') END,
            CASE WHEN hosting THEN 'from a hosting or anonymiser network' END,
            CASE WHEN other_country THEN 'in ' || country || ' instead of ' || root_country END,
            CASE WHEN other_device THEN 'without the device token it began with' END,
            CASE WHEN script THEN 'by a script' END,
            CASE WHEN turned THEN 'in turns with the person''s own network' END]), points) AS signs
    FROM session_case
    WHERE provider = 'okta' AND points >= getvariable('list_points')
    GROUP BY session_key, person_key
),
of_sessions AS (
    SELECT
        first_said(u.user_id, u.time) AS user_id, first_said(u.user_name, u.time) AS user_name,
        any_value(u.person_key) AS person_key,
        any_value(u.session_id) AS session_id, any_value(f.first_at) AS first_at,
        any_value(f.last_at) AS last_at, any_value(f.points) AS points,
        'The session that began on ' || any_value(f.root_network) || ' went on from '
            || any_value(f.networks) || ', a network this person has no habit of, '
            || any_value(f.signs) || '.' AS why,
        any_value(f.other_os) AS other_os, any_value(f.turned OR f.hosting) AS not_moved,
        list_slice(list(sign_in_row(u) ORDER BY u.time) FILTER (u.away), 1, 12) AS evidence,
        any_value(f.ips) AS ips, list(DISTINCT u.agent) FILTER (u.away) AS agents,
        list(DISTINCT u.app_id) FILTER (u.away) AS app_ids
    FROM found AS f JOIN diverging_use AS u USING (session_key)
    GROUP BY u.session_key
),
copied AS (
    SELECT place.person_key, place.device, count(DISTINCT place.os) AS systems
    FROM session_place AS place
    WHERE place.provider = 'okta' AND place.device IS NOT NULL AND place.os IS NOT NULL
        AND NOT allowed(place.ip) AND NOT EXISTS (FROM egress WHERE egress.ip = place.ip)
    GROUP BY place.person_key, place.device
    HAVING count(DISTINCT place.os) > 1 AND count(DISTINCT place.ip) > 1 AND count(DISTINCT place.network) > 1
),
of_devices AS (
    SELECT
        first_said(s.user_id, s.time) AS user_id, first_said(s.user_name, s.time) AS user_name,
        s.person_key, first_said(CASE WHEN s.os <> home.os THEN s.session_id END, s.time) AS session_id,
        min(s.time) FILTER (s.os <> home.os) AS first_at, max(s.time) FILTER (s.os <> home.os) AS last_at,
        4 AS points,
        'One device token was sent by ' || string_agg(DISTINCT s.os, ' and ') || ' from '
            || count(DISTINCT s.network) || ' networks: the cookie is in two machines.' AS why,
        true AS other_os, true AS not_moved,
        list_slice(list(sign_in_row(s) ORDER BY s.time) FILTER (s.os <> home.os), 1, 12) AS evidence,
        list(DISTINCT s.ip) FILTER (s.os <> home.os) AS ips,
        list(DISTINCT s.agent) FILTER (s.os <> home.os) AS agents,
        list(DISTINCT s.app_id) FILTER (s.os <> home.os) AS app_ids
    FROM copied AS c
    JOIN sign_in AS s ON s.person_key = c.person_key AND s.device = c.device AND s.ok
    JOIN (
        SELECT person_key, device, arg_min(os, first_at) AS os FROM session_place
        WHERE os IS NOT NULL AND device IS NOT NULL GROUP BY person_key, device
    ) AS home ON home.person_key = c.person_key AND home.device = c.device
    WHERE s.person_key NOT IN (SELECT person_key FROM found WHERE points >= getvariable('min_points'))
    GROUP BY s.person_key, s.device
)
SELECT
    'okta' AS provider, user_id, user_name, session_id, first_at, last_at, points,
    CASE WHEN points >= getvariable('min_points') + 2 THEN 'high'
        WHEN points >= getvariable('min_points') THEN 'medium' ELSE 'low' END AS severity, why,
    [cause('company egress', true, 'too few people sign in there, and it is on no allow-list'),
     cause('moving', other_os OR not_moved, CASE WHEN other_os OR not_moved
        THEN 'the system is another, or both networks were used in turns' ELSE 'the system is the same' END),
     cause('personal VPN', true, 'she has no habit of that network'),
     cause('spoofed agent', other_os, 'the addresses differ, too')] AS causes,
    evidence, ips, agents, app_ids
FROM (FROM of_sessions UNION ALL BY NAME FROM of_devices)
WHERE first_at IS NOT NULL

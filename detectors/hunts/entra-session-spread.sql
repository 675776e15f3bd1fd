/*
title: One Entra session used by two parties
finds: >
  A session (SessionId) that goes on from a network which is not the person's, together with signs that it
  is not the person who moved: another operating system, a hosting or anonymiser network, no registered
  device, another country, a scripted agent, use in turns with the person's own network. Non-interactive
  use is where replayed cookies and refresh tokens surface.
attack: [T1539, T1550.001, T1550.004, T1078.004]
signal: session_theft
logs:
  entra.sign_ins: "where each session began"
  entra.non_interactive_sign_ins: "where replayed cookies and refresh tokens show"
  auth0.tenant_log: "the same of Auth0's sessions"
benign:
  moving: "Wi-Fi to mobile data, a new provider, a trip: the network and perhaps the country change, the system does not, and no network is used in turns."
  company egress: "VPN gateways, offices and secure web gateways: many people sign in there for days. Found by themselves; `allow_ips` and `allow_asns` for those that are not."
  personal VPN: "A habit shows as earlier sign-ins or several sessions from that network; the first time shows as one point too few."
  same device: "The registered device of the session came along: two points less."
tunables:
  min_points: {default: 4, is: "how much has to come together (the points stand in tables/sessions.sql)"}
  list_points: {default: 1, is: "from so many on it is listed as low"}
reads: [sessions.sql]
shared: [allow_ips, allow_asns, shared_persons, shared_days, habit_sessions, turn_minutes]
*/
WITH found AS (
    SELECT * FROM session_case
    WHERE provider IN ('entra', 'auth0') AND points >= getvariable('list_points')
),
told AS (
    SELECT
        session_key, max(points) AS points, min(first_at) AS first_at, max(last_at) AS last_at,
        flatten(list(ips)) AS ips, bool_or(other_os) AS other_os, bool_or(hosting) AS hosting,
        bool_or(turned) AS turned, bool_and(same_device) AS same_device,
        bool_or(other_country) AS other_country, any_value(root_network) AS root_network,
        string_agg(DISTINCT network || coalesce(' (' || listed_name || ')', ''), ', ') AS networks,
        arg_max(spoken([
            CASE WHEN other_os THEN 'on ' || coalesce(strange_os, 'another system') || ' instead of '
                || coalesce(root_os, 'the first') END,
            CASE WHEN hosting THEN 'from a hosting or anonymiser network' END,
            CASE WHEN other_country THEN 'in ' || country || ' instead of ' || root_country END,
            CASE WHEN other_device THEN 'without the device the session began on' END,
            CASE WHEN script THEN 'by a script' END,
            CASE WHEN turned THEN 'in turns with the person''s own network' END]), points) AS signs
    FROM found GROUP BY session_key
)
SELECT
    any_value(u.provider) AS provider, first_said(u.user_id, u.time) AS user_id,
    first_said(u.user_name, u.time) AS user_name, any_value(u.session_id) AS session_id,
    any_value(t.first_at) AS first_at, any_value(t.last_at) AS last_at, any_value(t.points) AS points,
    CASE WHEN any_value(t.points) >= getvariable('min_points') + 2 THEN 'high'
        WHEN any_value(t.points) >= getvariable('min_points') THEN 'medium' ELSE 'low' END AS severity,
    'The session that began on ' || any_value(t.root_network) || ' went on from ' || any_value(t.networks)
        || ', a network this person has no habit of, ' || any_value(t.signs) || '.' AS why,
    any_value([
        cause('company egress', true, 'too few people sign in there, and it is on no allow-list'),
        cause('personal VPN', true, 'she has not signed in there before, and not been there in several sessions'),
        cause('moving', t.other_os OR t.turned OR t.hosting,
            CASE WHEN t.other_os THEN 'the operating system is another'
                WHEN t.turned THEN 'both networks were used in turns'
                WHEN t.hosting THEN 'nobody travels into a data centre' ELSE 'the system is the same, and no network was used in turns' END),
        cause('same device', NOT t.same_device, 'the device that began the session was not there')
    ]) AS causes,
    list_slice(list(sign_in_row(u) ORDER BY u.time) FILTER (u.away), 1, 12) AS evidence,
    any_value(t.ips) AS ips, list(DISTINCT u.agent) FILTER (u.away) AS agents,
    list(DISTINCT u.app_id) FILTER (u.away) AS app_ids
FROM told AS t JOIN diverging_use AS u USING (session_key)
GROUP BY u.session_key

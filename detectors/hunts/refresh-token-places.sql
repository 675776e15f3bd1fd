/*
title: A refresh token exchanged from too many places
finds: >
  Auth0 code and refresh-token exchanges (seacft, sertft) of one user, client and token family from more
  networks, countries or addresses than one holder is in within the window; a family that another system
  or a script goes on with elsewhere; exchanges from elsewhere than a client's servers, by the list of their
  addresses or, where nearly all come from servers, without one; and reuse of a rotated token (ferrt).
attack: [T1528, T1550.001, T1550.004, T1078]
signal: token_theft
logs:
  auth0.tenant_log: "exchanges of codes and refresh tokens, and reuse"
benign:
  moving: "A phone between Wi-Fi and mobile data: few networks, one country. Auth0 names no autonomous system; many address ranges of one country are listed as low."
  same provider: "Addresses change inside one provider: networks are counted, and addresses only where `max_ips` is passed."
  server: "A web application exchanges at its servers, for many people: addresses that `server_persons` people share do not count."
  new server: "A client moved to other servers: listed as low in the country of its servers, and known as servers once `server_persons` people share them."
  retry: "A client that lost the answer sends a rotated token again: within `retry_seconds`, from the same network, or, by the same agent, from another in the same country (a phone off its Wi-Fi, a VPN switched on), unless it is a data centre. A thief can be that quick, too: listed as low."
tunables:
  window_hours: {default: 24, is: "places are counted within so many hours"}
  max_networks: {default: 5, is: "more autonomous systems (else /24) than this are too many"}
  max_countries: {default: 2, is: "more countries than this are too many"}
  max_ips: {default: 40, is: "more addresses than this are too many"}
  server_persons: {default: 5, is: "an address used for so many people is a server"}
  server_share: {default: 0.95, is: "a client with so large a share of its exchanges at servers exchanges only there"}
  retry_seconds: {default: 60, is: "so soon a repeated token is a client's retry"}
  server_ips: {default: [], is: "CLIENT=ADDRESS of the servers of a client; its other addresses are found"}
shared: [allow_ips, allow_asns]
*/
WITH servers AS (
    SELECT client_id, ip FROM token WHERE provider = 'auth0' AND ok
    GROUP BY client_id, ip HAVING count(DISTINCT person_key) >= getvariable('server_persons')
),
listed AS (
    SELECT split_part(each, '=', 1) AS client_id, split_part(each, '=', 2) AS ip
    FROM (SELECT unnest(getvariable('server_ips')::VARCHAR[]) AS each)
),
exchanged AS (
    SELECT t.*, concat_ws('|', t.client_id, coalesce(t.family, t.session_id)) AS holder
    FROM token AS t
    WHERE t.provider = 'auth0' AND t.ok AND t.kind IN ('code_exchange', 'refresh_exchange')
        AND t.person_key IS NOT NULL AND t.ip IS NOT NULL AND NOT allowed(t.ip)
        AND NOT list_contains(getvariable('allow_asns'), coalesce(t.asn, 0))
        AND NOT EXISTS (FROM servers WHERE servers.client_id = t.client_id AND servers.ip = t.ip)
),
-- A family lives in one application on one device. What has several faces on one device is no other hand: the
-- desktop page on a phone, and Android's own library.
hands AS (
    SELECT e.*, coalesce(e.os <> first.os AND NOT (e.os IN ('ios', 'macos') AND first.os IN ('ios', 'macos'))
            AND NOT (e.os IN ('android', 'linux', 'chromeos') AND first.os IN ('android', 'linux', 'chromeos')), false)
        OR (script AND NOT first.by_script) AS other
    FROM (SELECT *, scripted(agent) AND NOT starts_with(lower(agent), 'okhttp/') AS script FROM exchanged) AS e
    JOIN (
        SELECT person_key, holder, arg_min(os, time) AS os,
            arg_min(scripted(agent), time) AS by_script
        FROM exchanged WHERE family IS NOT NULL AND agent IS NOT NULL GROUP BY person_key, holder
    ) AS first USING (person_key, holder)
),
handed AS (
    SELECT h.person_key, h.holder, first_said(h.user_id, h.time) AS user_id, first_said(h.user_name, h.time) AS user_name,
        min(h.time) AS first_at, max(h.time) AS last_at, count(*) AS times,
        any_value(coalesce(h.client_name, h.client_id)) AS client, any_value(h.client_id) AS client_id,
        any_value(coalesce(h.os, h.agent)) AS hand,
        coalesce(bool_or(NOT list_contains(own.countries, h.country)), false) AS abroad,
        list_slice(list(token_row(h) ORDER BY h.time), 1, 12) AS evidence,
        list(DISTINCT h.ip) AS ips, list(DISTINCT h.agent) AS agents
    FROM hands AS h
    JOIN (
        SELECT person_key, holder, list(DISTINCT country) AS countries, list(DISTINCT network) AS networks
        FROM hands WHERE NOT other GROUP BY person_key, holder
    ) AS own USING (person_key, holder)
    WHERE h.other AND NOT list_contains(own.networks, h.network)
    GROUP BY h.person_key, h.holder
),
wandering AS (
    SELECT person_key, holder FROM exchanged GROUP BY person_key, holder
    HAVING count(DISTINCT network) > getvariable('max_networks')
        OR count(DISTINCT country) > getvariable('max_countries')
        OR count(DISTINCT ip) > getvariable('max_ips')
),
windows AS (
    SELECT e.*,
        count(DISTINCT network) OVER w AS networks, count(DISTINCT country) OVER w AS countries,
        count(DISTINCT ip) OVER w AS addresses
    FROM exchanged AS e SEMI JOIN wandering USING (person_key, holder)
    WINDOW w AS (PARTITION BY person_key, holder ORDER BY time
        RANGE BETWEEN to_hours(getvariable('window_hours')::INTEGER) PRECEDING AND CURRENT ROW)
),
spread AS (
    SELECT
        first_said(user_id, time) AS user_id, first_said(user_name, time) AS user_name,
        min(time) AS first_at, max(time) AS last_at, max(networks) AS networks,
        max(countries) AS countries, max(addresses) AS addresses,
        any_value(coalesce(client_name, client_id)) AS client, any_value(client_id) AS client_id,
        coalesce(bool_or(asn > 0), false) AS named,
        list_slice(list(token_row(windows) ORDER BY time), 1, 12) AS evidence,
        list(DISTINCT ip) AS ips, list(DISTINCT agent) AS agents
    FROM windows ANTI JOIN handed USING (person_key, holder) GROUP BY person_key, holder
    HAVING max(networks) > getvariable('max_networks') OR max(countries) > getvariable('max_countries')
        OR max(addresses) > getvariable('max_ips')
),
-- clients that are web applications: nearly all they exchange comes from servers, and no browser does it
serving AS (
    SELECT t.client_id, list(DISTINCT t.country) FILTER (at_server) AS countries
    FROM (
        SELECT token.*, servers.ip IS NOT NULL AS at_server
        FROM token LEFT JOIN servers ON servers.client_id = token.client_id AND servers.ip = token.ip
        WHERE token.provider = 'auth0' AND token.ok AND token.kind IN ('code_exchange', 'refresh_exchange')
    ) AS t
    GROUP BY t.client_id
    HAVING count(*) FILTER (at_server) >= getvariable('server_share') * count(*)
        AND NOT coalesce(bool_or(at_server AND starts_with(agent, 'Mozilla/')), false)
),
elsewhere AS (
    SELECT
        first_said(e.user_id, e.time) AS user_id, first_said(e.user_name, e.time) AS user_name,
        min(e.time) AS first_at, max(e.time) AS last_at, count(DISTINCT e.ip) AS addresses,
        any_value(coalesce(e.client_name, e.client_id)) AS client, e.client_id,
        bool_or(NOT e.learnt) AS listed, coalesce(bool_or(e.abroad), false) AS abroad,
        list_slice(list(token_row(e) ORDER BY e.time), 1, 12) AS evidence,
        list(DISTINCT e.ip) AS ips, list(DISTINCT e.agent) AS agents
    FROM (
        SELECT t.*, false AS learnt, false AS abroad FROM token AS t
        WHERE t.provider = 'auth0' AND t.ok AND t.kind IN ('code_exchange', 'refresh_exchange')
            AND t.client_id IN (SELECT client_id FROM listed)
            AND NOT EXISTS (FROM listed WHERE listed.client_id = t.client_id AND listed.ip = t.ip)
        UNION ALL BY NAME
        SELECT t.* EXCLUDE (holder), true AS learnt, NOT list_contains(serving.countries, t.country) AS abroad
        FROM exchanged AS t JOIN serving USING (client_id)
        WHERE t.client_id NOT IN (SELECT client_id FROM listed)
    ) AS e
    GROUP BY e.person_key, e.client_id
),
reused AS (
    SELECT r.*, last.time AS last_time,
        coalesce(r.time - last.time <= to_seconds(getvariable('retry_seconds')::INTEGER)
            AND (last.network = r.network OR (last.agent = r.agent AND last.country = r.country
                AND NOT EXISTS (FROM asn_list WHERE asn_list.asn = r.asn AND kind IN ('hosting', 'anonymiser')))),
            false) AS retry
    FROM token AS r
    ASOF LEFT JOIN (FROM token WHERE provider = 'auth0' AND ok AND kind IN ('code_exchange', 'refresh_exchange')) AS last
        ON last.person_key = r.person_key AND last.client_id = r.client_id AND last.time <= r.time
    WHERE r.provider = 'auth0' AND r.kind = 'reuse' AND NOT allowed(r.ip)
)
SELECT
    'auth0' AS provider, user_id, user_name, NULL::VARCHAR AS session_id, first_at, last_at,
    (networks + countries)::INTEGER AS points,
    CASE WHEN countries > getvariable('max_countries') THEN 'high'
        WHEN certain THEN 'medium' ELSE 'low' END AS severity,
    format('A refresh token for {} was exchanged from {} addresses in {} networks and {} countries within {} hours.',
        client, addresses, networks, countries, getvariable('window_hours')) AS why,
    [cause('moving', certain,
        CASE WHEN certain
            THEN 'more networks or countries than a phone passes in that time'
            ELSE 'which provider the addresses belong to is not told: it may be one carrier''s' END),
     cause('same provider', networks > 1, 'several networks'),
     cause('server', true, 'too few people share these addresses')] AS causes,
    evidence, ips, agents, [client_id] AS app_ids
FROM (
    -- ranges without their providers may be one carrier's, but a carrier is in one country
    SELECT *, named OR countries > 1 OR addresses > getvariable('max_ips') AS certain FROM spread
)
UNION ALL
SELECT 'auth0', user_id, user_name, NULL, first_at, last_at, 4 + abroad::INTEGER,
    CASE WHEN abroad THEN 'high' ELSE 'medium' END,
    format('A refresh token for {} was exchanged {} times on {}, which is not what holds it, where that never was.',
        client, times, hand),
    [cause('moving', true, 'a token does not move to another system by itself'),
     cause('server', true, 'too few people share these addresses')], evidence, ips, agents, [client_id]
FROM handed
UNION ALL
SELECT 'auth0', user_id, user_name, NULL, first_at, last_at, addresses::INTEGER,
    CASE WHEN listed THEN 'high' WHEN abroad THEN 'medium' ELSE 'low' END,
    format('Tokens of {} were exchanged from {} addresses that are none of its servers.', client, addresses),
    [cause('server', true, CASE WHEN listed THEN 'the list of its servers does not hold them'
        ELSE 'nearly all its exchanges come from others' END),
     cause('new server', listed OR abroad, CASE WHEN listed OR abroad THEN 'not on the list, or not in the country of its servers'
        ELSE 'it is in the country of its servers' END)], evidence, ips, agents, [client_id]
FROM elsewhere
UNION ALL
SELECT 'auth0', user_id, user_name, NULL, coalesce(last_time, time), time, 5,
    CASE WHEN retry THEN 'low' ELSE 'high' END,
    'A refresh token of ' || coalesce(client_name, client_id, 'an application')
        || ' that had been used up came back from ' || ip || ': two hold the same token.',
    [cause('retry', NOT retry AND last_time IS NOT NULL, CASE WHEN last_time IS NULL
        THEN 'no earlier exchange is in the logs, so it cannot be told'
        WHEN retry THEN 'at once and from the same network, or by the same agent in the same country: most likely a retry'
        ELSE 'not at once, or from another network and by another agent or from another country' END)],
    [token_row(reused)], [ip], [agent], [client_id]
FROM reused

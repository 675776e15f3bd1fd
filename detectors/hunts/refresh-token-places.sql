/*
title: A refresh token exchanged from too many places
finds: >
  Auth0 code and refresh-token exchanges (seacft, sertft) of one user, client and token family from more
  networks, countries or addresses than one holder is in within the window; for clients with a list of
  their servers' addresses, any exchange from elsewhere; and reuse of a rotated token (ferrt).
attack: [T1528, T1550.001, T1550.004, T1078]
signal: token_theft
logs:
  auth0.tenant_log: "exchanges of codes and refresh tokens, and reuse"
benign:
  moving: "A phone between Wi-Fi and mobile data: few networks, one country."
  same provider: "Addresses change inside one provider: networks are counted, and addresses only where `max_ips` is passed."
  server: "A web application exchanges at its servers, for many people: addresses that `server_persons` people share do not count."
  retry: "A client that lost the answer sends a rotated token again: within `retry_seconds`, from the same network."
tunables:
  window_hours: {default: 24, is: "places are counted within so many hours"}
  max_networks: {default: 5, is: "more autonomous systems (else /24) than this are too many"}
  max_countries: {default: 2, is: "more countries than this are too many"}
  max_ips: {default: 40, is: "more addresses than this are too many"}
  server_persons: {default: 5, is: "an address used for so many people is a server"}
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
        any_value(user_id) AS user_id, any_value(user_name) AS user_name,
        min(time) AS first_at, max(time) AS last_at, max(networks) AS networks,
        max(countries) AS countries, max(addresses) AS addresses,
        any_value(coalesce(client_name, client_id)) AS client, any_value(client_id) AS client_id,
        list_slice(list(token_row(windows) ORDER BY time), 1, 12) AS evidence,
        list(DISTINCT ip) AS ips, list(DISTINCT agent) AS agents
    FROM windows GROUP BY person_key, holder
    HAVING max(networks) > getvariable('max_networks') OR max(countries) > getvariable('max_countries')
        OR max(addresses) > getvariable('max_ips')
),
elsewhere AS (
    SELECT
        any_value(e.user_id) AS user_id, any_value(e.user_name) AS user_name,
        min(e.time) AS first_at, max(e.time) AS last_at, count(DISTINCT e.ip) AS addresses,
        any_value(coalesce(e.client_name, e.client_id)) AS client, e.client_id,
        list_slice(list(token_row(e) ORDER BY e.time), 1, 12) AS evidence,
        list(DISTINCT e.ip) AS ips, list(DISTINCT e.agent) AS agents
    FROM token AS e
    WHERE e.provider = 'auth0' AND e.ok AND e.kind IN ('code_exchange', 'refresh_exchange')
        AND e.client_id IN (SELECT client_id FROM listed)
        AND NOT EXISTS (FROM listed WHERE listed.client_id = e.client_id AND listed.ip = e.ip)
    GROUP BY e.person_key, e.client_id
),
reused AS (
    SELECT r.*, last.time AS last_time, last.network AS last_network
    FROM token AS r
    ASOF LEFT JOIN (FROM token WHERE provider = 'auth0' AND ok AND kind IN ('code_exchange', 'refresh_exchange')) AS last
        ON last.person_key = r.person_key AND last.client_id = r.client_id AND last.time <= r.time
    WHERE r.provider = 'auth0' AND r.kind = 'reuse' AND NOT allowed(r.ip)
)
SELECT
    'auth0' AS provider, user_id, user_name, NULL::VARCHAR AS session_id, first_at, last_at,
    (networks + countries)::INTEGER AS points,
    CASE WHEN countries > getvariable('max_countries') THEN 'high' ELSE 'medium' END AS severity,
    format('A refresh token for {} was exchanged from {} addresses in {} networks and {} countries within {} hours.',
        client, addresses, networks, countries, getvariable('window_hours')) AS why,
    [cause('moving', true, 'more networks or countries than a phone passes in that time'),
     cause('same provider', networks > 1, 'several networks'),
     cause('server', true, 'too few people share these addresses')] AS causes,
    evidence, ips, agents, [client_id] AS app_ids
FROM spread
UNION ALL
SELECT 'auth0', user_id, user_name, NULL, first_at, last_at, addresses::INTEGER, 'high',
    format('Tokens of {} were exchanged from {} addresses that are none of its servers.', client, addresses),
    [cause('server', true, 'the list of its servers does not hold them')], evidence, ips, agents, [client_id]
FROM elsewhere
UNION ALL
SELECT 'auth0', user_id, user_name, NULL, coalesce(last_time, time), time, 5,
    CASE WHEN time - last_time <= to_seconds(getvariable('retry_seconds')::INTEGER) AND last_network = network
        THEN 'low' ELSE 'high' END,
    'A refresh token of ' || coalesce(client_name, client_id, 'an application')
        || ' that had been used up came back from ' || ip || ': two hold the same token.',
    [cause('retry', coalesce(NOT (time - last_time <= to_seconds(getvariable('retry_seconds')::INTEGER)
        AND last_network = network), false), CASE WHEN last_time IS NULL
        THEN 'no earlier exchange is in the logs, so it cannot be told'
        WHEN time - last_time <= to_seconds(getvariable('retry_seconds')::INTEGER) AND last_network = network
        THEN 'at once and from the same network: most likely a retry' ELSE 'not at once, or from another network' END)],
    [token_row(reused)], [ip], [agent], [client_id]
FROM reused

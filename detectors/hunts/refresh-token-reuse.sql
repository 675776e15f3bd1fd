/*
title: A used-up or revoked refresh token came back
finds: >
  Okta: a one-time refresh token was sent twice (app.oauth2.token.detect_reuse, app.oauth2.as.token.detect_reuse).
  Entra: a refresh token that was revoked or has expired was sent from a network that is not the person's
  (errors 50173, 70008, 70043, 700082, 700084, 50132, 50133): somebody keeps a copy.
attack: [T1528, T1550.001]
signal: token_theft
logs:
  okta.system_log: "one-time tokens that were sent twice"
  entra.sign_ins: "the networks a person uses"
  entra.non_interactive_sign_ins: "tokens that were refused because they were revoked"
benign:
  retry: "A client that lost the answer sends the same token again: within `retry_seconds`, from the network it was just used from, or, by the same agent, from another in the same country (a phone off its Wi-Fi, a VPN switched on), unless it is a data centre. A thief can be that quick, too: listed as low."
  old device: "A laptop out of the drawer sends a token that has expired, from a network the person uses."
tunables:
  retry_seconds: {default: 60, is: "so soon a repeated token is a client's retry"}
  refused: {default: ["50173", "70008", "70043", "700082", "700084", "50132", "50133"], is: "Entra's codes for tokens that were revoked or have expired"}
shared: [allow_ips, allow_asns, shared_persons, shared_days, habit_sessions]
*/
WITH reused AS (
    SELECT r.*, last.time AS last_time, last.network AS last_network,
        coalesce(r.time - last.time <= to_seconds(getvariable('retry_seconds')::INTEGER)
            AND (last.network = r.network OR (last.agent = r.agent AND last.country = r.country
                AND NOT EXISTS (FROM asn_list WHERE asn_list.asn = r.asn AND kind IN ('hosting', 'anonymiser'))
                AND NOT coalesce(r.anonymous, false))), false) AS retry
    FROM token AS r
    ASOF LEFT JOIN (FROM token WHERE provider = 'okta' AND ok AND kind <> 'reuse') AS last
        ON last.person_key = r.person_key AND last.client_id = r.client_id AND last.time <= r.time
    WHERE r.provider = 'okta' AND r.kind = 'reuse' AND NOT allowed(r.ip)
),
refused AS (
    SELECT s.* FROM sign_in AS s
    WHERE s.provider = 'entra' AND NOT s.ok AND list_contains(getvariable('refused'), s.error)
        AND s.kind IN ('interactive', 'non_interactive') AND s.person_key IS NOT NULL AND s.ip IS NOT NULL
        AND NOT allowed(s.ip) AND NOT list_contains(getvariable('allow_asns'), coalesce(s.asn, 0))
),
foreign_refused AS (
    SELECT r.*, listed.name AS listed_name, listed.kind AS listed
    FROM refused AS r
    LEFT JOIN person_network AS known ON known.person_key = r.person_key AND known.network = r.network
    LEFT JOIN asn_list AS listed ON listed.asn = r.asn
    WHERE (known.network IS NULL OR (known.sessions < getvariable('habit_sessions')
            AND (known.rooted_at IS NULL OR known.rooted_at > r.time)))
        AND coalesce(listed.kind, '') NOT IN ('gateway', 'vendor')
        AND NOT EXISTS (FROM egress WHERE egress.ip = r.ip)
        AND EXISTS (FROM person_network AS any_network WHERE any_network.person_key = r.person_key)
),
kept AS (
    SELECT
        r.person_key, first_said(r.user_id, r.time) AS user_id, first_said(r.user_name, r.time) AS user_name,
        first_said(r.session_id, r.time) AS session_id, min(r.time) AS first_at, max(r.time) AS last_at,
        count(*) AS times, r.network, any_value(r.listed_name) AS listed_name, any_value(r.country) AS country,
        bool_or(r.listed IN ('hosting', 'anonymiser')) AS hosting,
        bool_or(NOT coalesce(usual.countries, []).list_contains(r.country)) AS new_country,
        bool_or(NOT coalesce(usual.systems, []).list_contains(r.os)) AS new_os,
        list_slice(list(sign_in_row(r) ORDER BY r.time), 1, 12) AS evidence,
        list(DISTINCT r.ip) AS ips, list(DISTINCT r.agent) AS agents, list(DISTINCT r.app_id) AS app_ids
    FROM foreign_refused AS r
    LEFT JOIN (
        SELECT person_key, list(DISTINCT country) AS countries, list(DISTINCT os) AS systems
        FROM session_place WHERE person_key IN (SELECT person_key FROM foreign_refused) GROUP BY person_key
    ) AS usual USING (person_key)
    GROUP BY r.person_key, r.network
)
SELECT
    'okta' AS provider, user_id, user_name, session_id, coalesce(last_time, time) AS first_at,
    time AS last_at, 5 AS points, CASE WHEN retry THEN 'low' ELSE 'high' END AS severity,
    'A one-time refresh token of ' || coalesce(client_name, client_id, 'an application')
        || ' was sent a second time, from ' || coalesce(ip, 'an unknown address')
        || ': two hold the same token.' AS why,
    [cause('retry', NOT retry AND last_time IS NOT NULL, CASE WHEN retry THEN 'at once and from the same network, or by the same agent in the same country: most likely a retry'
        WHEN last_time IS NULL THEN 'no earlier use of it is in the logs, so it cannot be told'
        ELSE 'not at once, or from another network and by another agent or from another country' END)] AS causes,
    [token_row(reused)] AS evidence, [ip] AS ips, [agent] AS agents, [client_id] AS app_ids
FROM reused
UNION ALL
SELECT
    'entra', user_id, user_name, session_id, first_at, last_at,
    (1 + 2 * coalesce(hosting, false)::INTEGER + coalesce(new_country, false)::INTEGER
        + 2 * coalesce(new_os, false)::INTEGER),
    CASE WHEN hosting OR new_country OR new_os THEN 'high' ELSE 'low' END,
    format('A refresh token that was revoked or has expired was sent {} times from {}, where this person has never been',
        times, network || coalesce(' (' || listed_name || ')', '')) || coalesce(' in ' || country, '') || '.',
    [cause('old device', coalesce(hosting OR new_country OR new_os, false),
        'not a network, country or system the person uses'),
     cause('retry', true, 'a retry comes from where the token was used before')],
    evidence, ips, agents, app_ids
FROM kept

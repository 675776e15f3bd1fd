/*
title: Device code and token protection anomalies
finds: >
  A person's first device-code sign-in, made from a network that is not hers or for the authentication
  broker, which can turn the tokens into a device of the thief's; tokens whose life began with a device
  code (originalTransferMethod) used from elsewhere; and sign-ins with unbound tokens in a
  session whose tokens were bound, without the device or the system they were bound to.
attack: [T1528, T1566.002, T1550.001, T1539]
signal: token_theft
logs:
  entra.sign_ins: "device codes, and the sign-ins that bound a token"
  entra.non_interactive_sign_ins: "use of tokens a device code or an unbound replay brought"
benign:
  developer: "Command lines use device codes: a habit of `habit_uses`, or from a network the person signs in from."
  meeting room: "Televisions and phones of rooms sign in by device code from the office."
  old application: "Some applications cannot bind tokens: unbound, but on the same device, or on the person's own networks."
tunables:
  habit_uses: {default: 3, is: "device-code sign-ins on other networks that make a habit"}
  broker_apps: {default: ["29d9ed98-a469-4536-ade2-f981bc1d605e"], is: "Microsoft Authentication Broker"}
shared: [allow_ips, allow_asns, shared_persons, shared_days, habit_sessions]
*/
WITH coded AS (
    SELECT s.*,
        count(*) OVER (PARTITION BY s.person_key) - count(*) OVER (PARTITION BY s.person_key, s.network)
            AS elsewhere
    FROM sign_in AS s
    WHERE s.ok AND s.provider = 'entra' AND s.person_key IS NOT NULL
        AND s.kind IN ('interactive', 'non_interactive')
        AND (lower(s.protocol) = 'devicecode' OR lower(s.transfer) IN ('devicecodeflow', 'devicecode'))
),
strange AS (
    SELECT s.*
    FROM sign_in AS s
    LEFT JOIN person_network AS known ON known.person_key = s.person_key AND known.network = s.network
    WHERE s.ok AND lower(s.binding) = 'unbound' AND s.kind IN ('interactive', 'non_interactive')
        AND s.person_key IS NOT NULL AND coalesce(known.sessions, 0) < getvariable('habit_sessions')
        AND (known.rooted_at IS NULL OR known.rooted_at >= s.time)
),
bound AS (
    SELECT person_key, session_key, device, os, min(time) AS time
    FROM sign_in
    WHERE ok AND lower(binding) = 'bound' AND person_key IN (SELECT person_key FROM strange)
    GROUP BY person_key, session_key, device, os
),
-- old applications cannot bind, wherever they run: what counts is that the device is not the one they were bound to
unbound AS (
    SELECT s.* FROM strange AS s SEMI JOIN bound AS b
        ON b.person_key = s.person_key AND b.session_key = s.session_key AND b.time < s.time
        AND (b.os <> s.os OR (b.device IS NOT NULL AND b.device IS DISTINCT FROM s.device))
),
suspects AS (
    SELECT c.* EXCLUDE (elsewhere), 'code' AS what,
        list_contains(getvariable('broker_apps'), c.app_id) AS broker
    FROM coded AS c WHERE c.elsewhere < getvariable('habit_uses')
    UNION ALL BY NAME
    SELECT u.*, 'unbound' AS what, false AS broker FROM unbound AS u
),
away AS (
    SELECT s.*, listed.name AS listed_name, listed.kind AS listed, known.sessions,
        EXISTS (FROM person_network AS other WHERE other.person_key = s.person_key
            AND other.network <> s.network AND other.first_at < s.time) AS seen_before
    FROM suspects AS s
    LEFT JOIN asn_list AS listed ON listed.asn = s.asn
    LEFT JOIN person_network AS known ON known.person_key = s.person_key AND known.network = s.network
    WHERE NOT allowed(s.ip) AND NOT list_contains(getvariable('allow_asns'), coalesce(s.asn, 0))
        AND coalesce(listed.kind, '') NOT IN ('gateway', 'vendor')
        AND NOT EXISTS (FROM egress WHERE egress.ip = s.ip)
        AND (known.network IS NULL OR (known.sessions < getvariable('habit_sessions')
            AND (known.rooted_at IS NULL OR known.rooted_at >= s.time)))
)
SELECT
    any_value(provider) AS provider, first_said(user_id, time) AS user_id, first_said(user_name, time) AS user_name,
    first_said(session_id, time) AS session_id, min(time) AS first_at, max(time) AS last_at,
    (3 + 2 * bool_or(broker)::INTEGER + 2 * coalesce(bool_or(listed IN ('hosting', 'anonymiser')), false)::INTEGER) AS points,
    CASE WHEN bool_or(broker) OR coalesce(bool_or(listed IN ('hosting', 'anonymiser')), false) OR what = 'unbound'
        THEN 'high' WHEN bool_or(seen_before) THEN 'medium' ELSE 'low' END AS severity,
    CASE WHEN what = 'code' THEN 'A device code of this person was used from '
        || any_value(network || coalesce(' (' || listed_name || ')', ''))
        || CASE WHEN bool_or(seen_before) THEN ', where she does not sign in'
            ELSE ', and the logs know nothing of her before' END || CASE WHEN bool_or(broker)
            THEN ', for the authentication broker, which can register a device with it' ELSE '' END
        ELSE 'Tokens bound to the device before were used unbound from '
        || any_value(network || coalesce(' (' || listed_name || ')', ''))
        || ', where this person does not sign in' END || '.' AS why,
    CASE WHEN what = 'code' THEN
        [cause('developer', bool_or(seen_before), CASE WHEN bool_or(seen_before)
            THEN 'no habit of device codes, and not a network of hers' ELSE 'what she usually does is not in the logs' END),
         cause('meeting room', bool_or(seen_before), CASE WHEN bool_or(seen_before)
            THEN 'not from the office' ELSE 'which network is the office is not in the logs' END)]
    ELSE [cause('old application', true, 'the session had bound tokens, and neither their device nor the network is here')] END AS causes,
    list_slice(list(sign_in_row(away) ORDER BY time), 1, 12) AS evidence,
    list(DISTINCT ip) AS ips, list(DISTINCT agent) AS agents, list(DISTINCT app_id) AS app_ids
FROM away
GROUP BY person_key, what

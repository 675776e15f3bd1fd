/*
title: A foothold within the hour after a risky sign-in
finds: >
  An authentication method, a device, an inbox rule, forwarding or a consent that was added within the hour
  after a sign-in the product called risky (or after a risk detection), for the same person.
attack: [T1098.005, T1556.006, T1564.008, T1114.003, T1528, T1078.004]
signal: mfa
logs:
  entra.sign_ins: "sign-ins that Entra called risky"
  entra.risk_detections: "risk that was found out later"
  entra.directory_audits: "methods, devices and consents that were added"
  exchange.unified_audit: "inbox rules and forwarding"
  okta.system_log: "the same of Okta"
  auth0.tenant_log: "the same of Auth0"
benign:
  remediation: "The person answered the risk herself, and the product saw it: state remediated, dismissed or confirmedSafe."
  known network: "The change came from a network the person signs in from: a new phone, set up at home. Told (medium after a high risk, else low) where neither the address nor the operating system was ever hers: the provider may be the thief's as well."
tunables:
  minutes: {default: 60, is: "so long after the risky sign-in"}
  risks: {default: [medium, high], is: "levels that count"}
shared: [allow_ips, shared_persons, shared_days, habit_sessions]
*/
WITH risky AS (
    SELECT s.* FROM sign_in AS s
    WHERE list_contains(getvariable('risks'), s.risk) AND (s.ok OR s.kind = 'risk') AND NOT allowed(s.ip)
        AND lower(coalesce(s.risk_state, '')) NOT IN ('remediated', 'dismissed', 'confirmedsafe')
),
added AS (
    SELECT a.*,
        CASE
            WHEN a.operation ILIKE '%InboxRule%' THEN 'an inbox rule'
            WHEN a.operation ILIKE 'Set-Mailbox%' OR a.operation ILIKE 'New-TransportRule%' THEN 'mail forwarding'
            WHEN a.operation ILIKE '%consent%' OR a.operation ILIKE '%permission grant%' THEN 'a consent'
            WHEN a.operation ILIKE '%device%' THEN 'a device'
            ELSE 'an authentication method'
        END AS what
    FROM audit AS a
    WHERE a.ok AND (
        a.operation ILIKE 'User registered security info%' OR a.operation ILIKE 'Admin registered security info%'
        OR a.operation ILIKE 'User changed default security info%'
        OR a.operation ILIKE 'User registered all required security info%'
        OR a.operation ILIKE 'Add registered owner to device%' OR a.operation ILIKE 'Register device%'
        OR a.operation ILIKE 'Add device%' OR a.operation ILIKE 'Add Passkey%'
        OR a.operation IN ('New-InboxRule', 'Set-InboxRule', 'Enable-InboxRule', 'UpdateInboxRules', 'New-TransportRule')
        OR (a.operation = 'Set-Mailbox' AND contains(lower(a.details), 'forward'))
        OR a.operation ILIKE 'Consent to application%' OR a.operation ILIKE 'Add delegated permission grant%'
        OR a.operation ILIKE 'Add OAuth2PermissionGrant%' OR a.operation LIKE 'app.oauth2.%consent.grant'
        OR a.operation IN ('user.mfa.factor.activate', 'device.enrollment.create', 'user.account.update_primary_email')
        OR a.operation IN ('gd_enrollment_complete', 'my_account_authentication_method_succeeded'))
),
-- whose it is: by id or by name, as actor or as target
owned AS (
    SELECT DISTINCT unnest(list_filter([lower(actor_id), lower(actor_name), lower(target_id), lower(target_name)],
        lambda each: each IS NOT NULL)) AS name, added.* FROM added
),
risky_name AS (
    SELECT DISTINCT unnest(list_filter([lower(user_id), lower(user_name)], lambda each: each IS NOT NULL)) AS name,
        risky.* FROM risky
),
-- audit logs and risk detections tell no autonomous system, and these no operating system: take it from
-- sign-ins at the same address
placed AS (
    SELECT ip, any_value(network) AS network FROM session_place
    WHERE ip IN (SELECT ip FROM added UNION ALL SELECT ip FROM risky) GROUP BY ip
),
used_there AS (
    SELECT person_key, ip, arg_min(os, first_at) AS os FROM session_place
    WHERE ip IN (SELECT ip FROM risky) GROUP BY person_key, ip
),
followed AS (
    SELECT o.*, r.time AS risk_time, r.ip AS risk_ip, coalesce(r.os, used_there.os) AS risk_os, r.risk, r.person_key,
        r.user_id AS risk_user_id, r.user_name AS risk_user_name, r.session_id, sign_in_row(r) AS risk_row,
        CASE WHEN o.ip IS NULL OR o.ip = r.ip THEN coalesce(risk_placed.network, r.network)
            ELSE coalesce(placed.network, o.network) END AS from_network,
        coalesce(o.ip, r.ip) AS from_ip
    FROM owned AS o JOIN risky_name AS r ON r.name = o.name
        AND o.time BETWEEN r.time AND r.time + to_minutes(getvariable('minutes')::INTEGER)
    LEFT JOIN placed ON placed.ip = o.ip
    LEFT JOIN placed AS risk_placed ON risk_placed.ip = r.ip
    LEFT JOIN used_there ON used_there.person_key = r.person_key AND used_there.ip = r.ip
),
housed AS (
    SELECT f.*, coalesce(home.sessions >= getvariable('habit_sessions')
        OR home.rooted_at <= f.risk_time - INTERVAL 1 HOUR, false) AS at_home
    FROM followed AS f
    LEFT JOIN person_network AS home ON home.person_key = f.person_key AND home.network = f.from_network
    WHERE NOT EXISTS (FROM egress WHERE egress.ip = f.from_ip)
),
judged AS (
    SELECT h.* FROM housed AS h
    WHERE NOT at_home OR (risk_os IS NOT NULL AND NOT EXISTS (
        FROM session_place AS hers WHERE hers.person_key = h.person_key AND hers.first_at < h.risk_time - INTERVAL 1 HOUR
            AND (hers.os = h.risk_os OR hers.ip = h.from_ip)))
)
SELECT
    any_value(provider) AS provider, first_said(risk_user_id, risk_time) AS user_id,
    first_said(risk_user_name, risk_time) AS user_name,
    first_said(session_id, risk_time) AS session_id, min(risk_time) AS first_at, max(time) AS last_at,
    (3 + count(DISTINCT what))::INTEGER AS points,
    CASE WHEN NOT bool_and(at_home) THEN 'high' WHEN bool_or(risk = 'high') THEN 'medium' ELSE 'low' END AS severity,
    'Within ' || max(date_diff('minute', risk_time, time)) || ' minutes after a sign-in of ' || max(risk)
        || ' risk, ' || string_agg(DISTINCT what, ' and ') || ' was added, ' || CASE WHEN bool_and(at_home)
            THEN 'by her own provider, from an address and on a system that were never hers.'
            ELSE 'from a network that is not the person''s.' END AS why,
    [cause('remediation', true, 'the risk was not answered'),
     cause('known network', NOT bool_and(at_home), CASE WHEN bool_and(at_home)
        THEN 'it is her provider''s, and may be the thief''s as well: ask whether she has a new device'
        ELSE 'the person had not signed in from there before' END)] AS causes,
    list_slice(list_distinct(list(risk_row ORDER BY risk_time)), 1, 3)
        || list_slice(list_distinct(list(audit_row(judged) ORDER BY time)), 1, 9) AS evidence,
    list(DISTINCT coalesce(ip, risk_ip)) AS ips, list(DISTINCT agent) AS agents, []::VARCHAR[] AS app_ids
FROM judged
GROUP BY coalesce(person_key, hash(name))

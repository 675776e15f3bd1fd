/*
title: Consent to an application nobody knows here
finds: >
  A new OAuth consent (Entra: Consent to application, Add delegated permission grant, Add OAuth2PermissionGrant,
  Add app role assignment grant to user; Okta: app.oauth2.*.consent.grant) to an application that few others
  had consented to or signed in to before. With scopes that reach mail, files or the directory it is an alert;
  with harmless ones it is listed as low.
attack: [T1528, T1098.001, T1078.004]
signal: consent
logs:
  entra.directory_audits: "consents and their scopes"
  entra.sign_ins: "how many people use an application"
  okta.system_log: "the same of Okta"
benign:
  roll-out: "Many people consent to or use the application: `familiar_persons`."
  harmless scopes: "Reading one's own profile to sign in: low."
  administrator: "Consent on behalf of everybody is reviewed elsewhere, and is not ruled out by who did it."
tunables:
  familiar_persons: {default: 3, is: "an application so many people used or consented to before is known"}
  allow_apps: {default: [], is: "ids or names of applications that are known"}
  reach: {default: "(\\b(mail|files|sites|notes|calendars|contacts|chat|channelmessage|directory|application|rolemanagement|mailboxsettings|user\\.readwrite|ews\\.|full_access|user_impersonation|imap|smtp|pop\\.|okta\\.[a-z]+\\.manage)|\\.all\\b)", is: "scopes that reach further than signing in"}
shared: [allow_ips]
*/
WITH consented AS (
    SELECT a.*, concat_ws(' ', a.changes::VARCHAR, a.details) AS said,
        -- the target of a grant is the API it reaches; whom it is given to stands in its properties
        CASE WHEN a.operation ILIKE '%permission grant%' OR a.operation ILIKE '%PermissionGrant%' THEN
            lower(nullif(regexp_extract(changed_to(a.changes, 'ServicePrincipal.ObjectID'), '[0-9a-fA-F-]{36}'), ''))
        END AS client
    FROM audit AS a
    WHERE a.ok AND (a.operation ILIKE 'Consent to application%'
        OR a.operation ILIKE 'Add delegated permission grant%'
        OR a.operation ILIKE 'Add OAuth2PermissionGrant%'
        OR a.operation ILIKE 'Add app role assignment grant to user%'
        OR (a.provider = 'okta' AND a.operation LIKE 'app.oauth2.%consent.grant'))
        AND NOT allowed(a.ip)
),
named AS (
    SELECT lower(target_id) AS client, any_value(target_name) AS name
    FROM audit
    WHERE lower(target_id) IN (SELECT client FROM consented) AND lower(target_name) <> lower(target_id)
    GROUP BY lower(target_id)
),
scoped AS (
    SELECT c.* EXCLUDE (target_id), coalesce(c.client, c.target_id) AS target_id,
        coalesce(named.name, c.client, nullif(c.target_name, ''), c.target_id) AS app,
        named.name IS NULL AND c.client IS NOT NULL AS unnamed,
        coalesce(lower(c.actor_id), lower(c.actor_name)) AS person,
        -- what was added: of a change both sides are told; a consent may name several APIs
        coalesce(nullif(array_to_string(list_filter(
                string_split(trim(changed_to(c.changes, 'DelegatedPermissionGrant.Scope'), ' "'), ' '), lambda each: NOT
                list_contains(string_split(coalesce(trim(changed_from(c.changes, 'DelegatedPermissionGrant.Scope'), ' "'), ''), ' '), each)),
                ' '), ''),
            array_to_string(list_distinct(list_transform(regexp_extract_all(
                CASE WHEN contains(c.said, '=>') THEN split_part(c.said, '=>', 2) ELSE c.said END,
                'Scope\\*"?:\s*\\*"?\s*([^,;\]"\\]+)', 1), lambda each: trim(each))), ' ')) AS scope,
        regexp_matches(lower(c.said), 'isadminconsent[^}]*true|onbehalfofall[^}]*true|consenttype[^}]*allprincipals') AS for_all
    FROM consented AS c LEFT JOIN named ON named.client = c.client
),
asked_for AS (
    FROM scoped
    WHERE NOT list_contains(getvariable('allow_apps'), app)
        AND NOT list_contains(getvariable('allow_apps'), coalesce(target_id, ''))
),
-- how many others had consented before a person did
ranked AS (
    SELECT app, person, row_number() OVER (PARTITION BY app ORDER BY min(time)) - 1 AS consents_before
    FROM asked_for GROUP BY app, person
),
new_app AS (
    SELECT c.* FROM asked_for AS c JOIN ranked USING (app, person)
    WHERE consents_before < getvariable('familiar_persons')
),
asked AS (
    SELECT DISTINCT app, lower(app) AS name FROM new_app
    UNION SELECT DISTINCT app, lower(target_id) FROM new_app WHERE target_id IS NOT NULL
),
first_used AS (
    SELECT asked.app, s.person_key, min(s.time) AS time
    FROM sign_in AS s JOIN asked ON asked.name = lower(s.app_name)
    WHERE s.ok GROUP BY asked.app, s.person_key
    UNION ALL
    SELECT asked.app, s.person_key, min(s.time)
    FROM sign_in AS s JOIN asked ON asked.name = lower(s.app_id)
    WHERE s.ok GROUP BY asked.app, s.person_key
),
-- since when so many people use it that it is known
known AS (
    SELECT app, list_sort(list(time))[getvariable('familiar_persons')] AS since
    FROM (SELECT app, person_key, min(time) AS time FROM first_used GROUP BY app, person_key)
    GROUP BY app
),
judged AS (
    SELECT n.*, regexp_matches(lower(CASE WHEN n.scope <> '' THEN n.scope
        -- being assigned to an application gives it no scope
        WHEN n.operation ILIKE 'Add app role assignment%' THEN '' ELSE n.said END), getvariable('reach')) AS far
    FROM new_app AS n LEFT JOIN known USING (app)
    WHERE known.since IS NULL OR known.since >= n.time
)
SELECT
    provider, min(lower(actor_id)) AS user_id, min(lower(actor_name)) AS user_name,
    NULL::VARCHAR AS session_id, min(time) AS first_at, max(time) AS last_at,
    (1 + 2 * bool_or(far)::INTEGER + bool_or(for_all)::INTEGER) AS points,
    CASE WHEN bool_or(far) AND bool_or(for_all) THEN 'high' WHEN bool_or(far) THEN 'medium' ELSE 'low' END AS severity,
    'Consent was given to ' || app || ', which fewer than ' || getvariable('familiar_persons')
        || ' others used before' || CASE WHEN bool_or(for_all) THEN ', for everybody in the tenant' ELSE '' END
        || coalesce(': ' || nullif(max(scope), ''), '') || '.' AS why,
    [cause('roll-out', NOT bool_and(unnamed), CASE WHEN bool_and(unnamed)
        THEN 'its name stands in no log, so whether others use it cannot be told'
        ELSE 'hardly anybody consented to it or used it before' END),
     cause('harmless scopes', bool_or(far), CASE WHEN bool_or(far) THEN 'the scopes reach further than signing in'
        ELSE 'most likely: nothing in them reaches further than signing in' END),
     cause('administrator', NOT bool_or(for_all), CASE WHEN bool_or(for_all)
        THEN 'it was given for everybody: ask whether somebody reviewed it' ELSE 'the person consented for herself' END)] AS causes,
    list_slice(list(audit_row(judged) ORDER BY time), 1, 12) AS evidence,
    list(DISTINCT ip) AS ips, list(DISTINCT agent) AS agents, list(DISTINCT coalesce(target_id, app)) AS app_ids
FROM judged
GROUP BY provider, person, app

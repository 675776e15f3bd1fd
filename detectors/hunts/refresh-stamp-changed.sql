/*
title: StsRefreshTokensValidFrom was changed
finds: >
  Every change of a person's StsRefreshTokensValidFrom by anyone but directory sync: who, from where, by how
  many minutes the stamp moved, and how many minutes of the future it holds. Refresh tokens older than the
  stamp are refused, so moving it back makes revoked tokens good again, and far ahead locks the person out.
  Both stand out; so does an anonymous proxy. What is left is a list to look through (severity low).
attack: [T1098, T1550.001, T1531]
signal: token_theft
logs:
  entra.directory_audits: "every change of the stamp, and who made it"
  exchange.unified_audit: "the same change as Office 365 tells it; with Defender's CloudAppEvents the anonymous proxy, too"
benign:
  directory sync: "Left out by the name of whoever acted (`sync_names`)."
  revocation: "Administrators, password resets and Rescind itself set the stamp to now: low."
  clock: "A stamp a few minutes off the time of the change: `clock_minutes`."
tunables:
  sync_names: {default: [directorysync, "sync_", aad connect, azure ad connect, "on-premises directory synchronization"], is: "parts of names of directory sync, in lower case"}
  clock_minutes: {default: 10, is: "so far the stamp may be off the time of the change"}
  allow_actors: {default: [], is: "names or ids that may do it: the help desk, Rescind's application"}
shared: [allow_ips]
*/
WITH changed AS (
    SELECT a.*,
        list_filter(CAST(a.changes AS JSON[]), lambda each: each->>'$.name' = 'StsRefreshTokensValidFrom')[1] AS change
    FROM audit AS a
    WHERE (a.operation ILIKE 'Update StsRefreshTokenValidFrom%'
            OR (a.operation ILIKE 'Update%' AND contains(a.changes::VARCHAR, 'StsRefreshTokensValidFrom')))
        AND a.ok AND NOT allowed(a.ip)
        AND len(list_filter(getvariable('sync_names'), lambda each: contains(
            lower(concat_ws(' ', a.actor_name, a.actor_app, a.details)), each))) = 0
        AND NOT list_contains(getvariable('allow_actors'), coalesce(a.actor_name, a.actor_app, ''))
        AND NOT list_contains(getvariable('allow_actors'), coalesce(a.actor_id, ''))
),
stamped AS (
    SELECT *,
        moment(regexp_extract(change->>'$.old', '\d{4}-\d\d-\d\d[T ][0-9:.]+(Z|[+-]\d\d:\d\d)?')) AS before,
        moment(regexp_extract(change->>'$.new', '\d{4}-\d\d-\d\d[T ][0-9:.]+(Z|[+-]\d\d:\d\d)?')) AS after
    FROM changed
),
measured AS (
    SELECT *, date_diff('minute', before, after) AS minutes_added,
        date_diff('minute', time, after) AS minutes_remaining,
        coalesce(actor_name, actor_app, actor_id, 'somebody the log does not name') AS who,
        coalesce(target_name, target_id) AS whose
    FROM stamped
),
judged AS (
    SELECT *,
        coalesce(minutes_added < -getvariable('clock_minutes'), false) AS back,
        coalesce(minutes_remaining > getvariable('clock_minutes'), false) AS ahead
    FROM measured
)
SELECT
    provider,
    CASE WHEN regexp_matches(target_id, '^[0-9a-fA-F-]{36}$') THEN lower(target_id)
        WHEN contains(target_id, '_') AND regexp_matches(target_id, '^User_[0-9a-fA-F-]{36}$')
            THEN lower(substr(target_id, 6)) END AS user_id,
    CASE WHEN contains(whose, '@') THEN lower(whose) END AS user_name,
    NULL::VARCHAR AS session_id, time AS first_at, time AS last_at,
    (3 * back::INTEGER + 3 * ahead::INTEGER + 2 * coalesce(anonymous, false)::INTEGER + 1) AS points,
    CASE WHEN back OR ahead THEN 'high' WHEN coalesce(anonymous, false) THEN 'medium' ELSE 'low' END AS severity,
    who || ' set the moment before which refresh tokens of ' || coalesce(whose, 'somebody')
        || ' are refused'
        || CASE WHEN after IS NULL THEN '; the log does not tell to when'
            ELSE ' to ' || clock(after) || ' (' || coalesce(minutes_added || ' minutes added, ', '')
                || minutes_remaining || ' minutes remaining)' END
        || CASE WHEN ip IS NULL THEN '' ELSE ', from ' || ip || coalesce(' (' || isp || ')', '') END
        || CASE WHEN coalesce(anonymous, false) THEN ', an anonymous proxy' ELSE '' END
        || CASE WHEN back THEN ': moved back, so tokens that were revoked are good again'
            WHEN ahead THEN ': far ahead, so every new token is refused until then' ELSE '' END || '.' AS why,
    [cause('directory sync', true, 'whoever acted is not named like it'),
     cause('revocation', back OR ahead, CASE WHEN back OR ahead THEN 'a revocation sets the stamp to now'
        ELSE 'it may be one: ask ' || who END),
     cause('clock', back OR ahead, CASE WHEN back OR ahead THEN 'more than a clock is off by'
        WHEN after IS NULL THEN 'the log does not tell to when' ELSE 'it is the time of the change, as near as clocks are' END)] AS causes,
    [audit_row(judged)] AS evidence, [ip] AS ips, [agent] AS agents, []::VARCHAR[] AS app_ids
FROM judged

-- What speaks for and against each network a session was used from beside its own. Two hunts read it.
-- A point is worth what a thief cannot help and a roaming person does not do:
--   another operating system 3; a hosting or anonymiser network 2; no device where the session had one 1;
--   another country 1; used in turns with the person's own network 1; a scripted agent 1;
--   the very device of the session -2.
CREATE TABLE session_case AS
WITH turns AS (
    SELECT session_key, away, time,
        max(time) FILTER (away) OVER before AS away_before,
        min(time) FILTER (away) OVER after AS away_after
    FROM diverging_use
    WINDOW
        before AS (PARTITION BY session_key ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        after AS (PARTITION BY session_key ORDER BY time ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),
in_turns AS (
    SELECT session_key, bool_or(
        NOT away
        AND time - away_before <= to_minutes(getvariable('turn_minutes')::INTEGER)
        AND away_after - time <= to_minutes(getvariable('turn_minutes')::INTEGER)) AS turned
    FROM turns GROUP BY session_key
),
agents AS (
    SELECT session_key, network, bool_or(scripted(agent)) AS script
    FROM diverging_use GROUP BY session_key, network
),
cases AS (
    SELECT
        d.provider, d.session_key, d.person_key, d.network,
        any_value(d.root_network) AS root_network, any_value(d.root_country) AS root_country,
        any_value(d.root_os) AS root_os, any_value(d.root_at) AS root_at,
        any_value(d.country) AS country, any_value(d.listed_name) AS listed_name,
        list(DISTINCT d.ip) AS ips, min(d.first_at) AS first_at, max(d.last_at) AS last_at,
        arg_min(d.os, d.first_at) FILTER (d.other_os) AS strange_os,
        bool_or(d.other_os) AS other_os, bool_or(d.hosting) AS hosting,
        bool_or(d.other_country) AS other_country, bool_and(d.other_device) AS other_device,
        bool_and(d.same_device) AS same_device,
        bool_or(t.turned) AS turned, coalesce(bool_or(a.script AND NOT own.script), false) AS script,
        count(DISTINCT d.device) FILTER (d.other_device) AS other_devices
    FROM divergence AS d
    JOIN in_turns AS t USING (session_key)
    LEFT JOIN agents AS a ON a.session_key = d.session_key AND a.network = d.network
    LEFT JOIN agents AS own ON own.session_key = d.session_key AND own.network = d.root_network
    GROUP BY d.provider, d.session_key, d.person_key, d.network
)
SELECT *,
    3 * other_os::INTEGER + 2 * hosting::INTEGER + other_country::INTEGER + other_device::INTEGER
        + coalesce(turned, false)::INTEGER + script::INTEGER - 2 * same_device::INTEGER AS points
FROM cases;

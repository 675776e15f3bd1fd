/*
title: Impossible travel inside one session
finds: >
  Two uses of the same session, one after the other, so far apart that no airliner covers it in the time
  between them: by speed, so that two ends of one country count as well. One hop may be a VPN that was
  switched on, and is listed as low; going to and fro, or a hop that came with another operating system or
  without the session's device, is an alert.
attack: [T1539, T1550.004, T1078.004]
signal: session_theft
logs:
  entra.sign_ins: "where each session began"
  entra.non_interactive_sign_ins: "most of what a session does"
  okta.system_log: "the same of Okta's sessions"
  auth0.tenant_log: "the same of Auth0's sessions"
benign:
  carrier gateway: "Mobile networks are placed where their gateway stands. Networks the person has been on in earlier days or in several sessions do not count."
  VPN: "Data centres do not travel; entra-session-spread looks at those. Switching the company's VPN on and off again in a hotel is two hops: with company egress at one end many hops are needed, or a lost device."
  roaming: "A phone abroad goes to and fro between Wi-Fi there and its carrier at home, and carriers are placed where their gateway stands: one phone system at both ends, and one of them a network that only phones use, or her registered computer in the far country, too. Listed as low."
  wrong place: "Geographic data is off by a city or two: `min_km`."
tunables:
  max_kmh: {default: 1000, is: "faster than this is impossible; airliners fly at 900"}
  min_hops: {default: 3, is: "how many impossible hops a session needs without another sign"}
  min_gate_hops: {default: 8, is: "how many it needs where one end is company egress"}
  within_hours: {default: 24, is: "how close together these hops are"}
  habit_days: {default: 3, is: "a network the person was on so many days before is hers"}
  phone_share: {default: 0.8, is: "a network with so large a share of its use by phones is a carrier's"}
shared: [min_km, allow_ips, allow_asns, shared_persons, shared_days, habit_sessions]
*/
WITH ordered AS (
    SELECT u.*, gate.ip IS NOT NULL AS gate, lag(gate.ip IS NOT NULL) OVER w AS gate0,
        lag(u.lat) OVER w AS lat0, lag(u.lon) OVER w AS lon0, lag(u.time) OVER w AS time0,
        lag(u.away) OVER w AS away0, lag(u.ip) OVER w AS ip0, lag(u.city) OVER w AS city0,
        lag(u.country) OVER w AS country0, lag(u.network) OVER w AS network0, lag(u.os) OVER w AS os0, lag(u.device) OVER w AS device0
    FROM diverging_use AS u LEFT JOIN egress AS gate ON gate.ip = u.ip
    WHERE u.lat IS NOT NULL AND u.lon IS NOT NULL
        AND (gate.ip IS NOT NULL OR NOT EXISTS (FROM asn_list WHERE asn_list.asn = u.asn))
        AND NOT allowed(u.ip) AND NOT coalesce(u.anonymous, false)
    WINDOW w AS (PARTITION BY u.session_key ORDER BY u.time)
),
hops AS (
    SELECT o.*, km(lat0, lon0, lat, lon) AS far,
        greatest(date_diff('second', time0, time), 1) / 3600.0 AS hours
    FROM ordered AS o
    JOIN person_network AS known ON known.person_key = o.person_key AND known.network = o.network
    WHERE time0 IS NOT NULL AND ip0 <> ip AND away <> away0
        AND km(lat0, lon0, lat, lon) >= getvariable('min_km')
        AND (NOT away OR known.first_at > o.time - to_days(getvariable('habit_days')::INTEGER))
),
fast AS (SELECT *, far / hours AS kmh FROM hops WHERE far / hours > getvariable('max_kmh')),
-- who uses a network with what: of one person, and of everybody
phone_use AS (
    SELECT person_key, network, sum(uses) AS uses,
        coalesce(sum(uses) FILTER (os IN ('ios', 'android')), 0) AS by_phone
    FROM session_place WHERE os IS NOT NULL GROUP BY person_key, network
),
carrier AS (
    SELECT network FROM phone_use
    WHERE network IN (SELECT network FROM fast UNION ALL SELECT network0 FROM fast)
    GROUP BY network
    HAVING count(DISTINCT person_key) >= getvariable('shared_persons')
        AND sum(by_phone) >= getvariable('phone_share') * sum(uses)
),
own_carrier AS (
    SELECT person_key, network FROM phone_use AS own
    WHERE person_key IN (SELECT person_key FROM fast)
        AND by_phone >= getvariable('phone_share') * uses
        -- of somebody without a computer every network looks like a carrier
        AND EXISTS (FROM phone_use AS other WHERE other.person_key = own.person_key
            AND other.by_phone < getvariable('phone_share') * other.uses)
),
told AS (
    SELECT f.*, coalesce(f.os = f.os0 AND f.os IN ('ios', 'android'), false) AND (
        EXISTS (FROM carrier WHERE carrier.network IN (f.network, f.network0))
        OR EXISTS (FROM own_carrier AS own WHERE own.person_key = f.person_key
            AND own.network = CASE WHEN f.away THEN f.network0 ELSE f.network END)
        -- she is there: her registered computer is, too
        OR (f.country <> f.country0 AND EXISTS (FROM session_place AS computer
            WHERE computer.person_key = f.person_key AND computer.session_key <> f.session_key
                AND computer.os NOT IN ('ios', 'android') AND computer.device IS NOT NULL
                AND computer.country = CASE WHEN f.away THEN f.country ELSE f.country0 END
                AND computer.first_at <= f.time + INTERVAL 1 DAY AND computer.last_at >= f.time - INTERVAL 1 DAY))
    ) AS roaming
    FROM fast AS f
),
impossible AS (
    SELECT *, time - lag(time, getvariable('min_hops')::INTEGER - 1)
        OVER (PARTITION BY session_key, roaming ORDER BY time) AS span,
        time - lag(time, getvariable('min_gate_hops')::INTEGER - 1)
            OVER (PARTITION BY session_key, roaming ORDER BY time) AS gate_span
    FROM told
),
judged AS (
    SELECT session_key, count(*) AS hops, bool_or(roaming) AS roams,
        ((count(*) FILTER (NOT roaming AND span <= to_hours(getvariable('within_hours')::INTEGER)) > 0
            AND count(*) FILTER (NOT roaming AND NOT gate AND NOT gate0) >= getvariable('min_hops'))
        OR count(*) FILTER (NOT roaming AND gate_span <= to_hours(getvariable('within_hours')::INTEGER)) > 0
        OR bool_or(os <> os0)
        OR bool_or((away AND device0 IS NOT NULL AND device IS NULL)
            OR (away0 AND device IS NOT NULL AND device0 IS NULL))) AS certain
    FROM impossible GROUP BY session_key
)
SELECT
    any_value(provider) AS provider, first_said(user_id, time) AS user_id, first_said(user_name, time) AS user_name,
    any_value(session_id) AS session_id, min(time0) AS first_at, max(time) AS last_at,
    any_value(hops)::INTEGER AS points,
    CASE WHEN NOT any_value(certain) THEN 'low' WHEN any_value(hops) >= getvariable('min_hops') THEN 'high' ELSE 'medium' END AS severity,
    format('The session jumped {} times; the farthest was {:.0f} km from {} to {} within {:.1f} hours, which is {:.0f} km/h.',
        count(*), max(far), arg_max(coalesce(city0, country0, ip0), far), arg_max(coalesce(city, country, ip), far),
        arg_max(hours, far), arg_max(kmh, far)) AS why,
    [cause('carrier gateway', true, 'the person was not on that network in the days before'),
     cause('VPN', any_value(certain), CASE WHEN any_value(certain)
        THEN 'no data centre is among the ends, and nobody switches a VPN so often or loses the device by it'
        ELSE 'it may be one that was switched on: so few hops, and the same system' END),
     cause('roaming', any_value(certain) OR NOT any_value(roams), CASE WHEN any_value(certain) OR NOT any_value(roams)
        THEN 'not a phone between Wi-Fi and its carrier'
        ELSE 'a phone, and a network that only phones use or her computer there, too: it may be between Wi-Fi and its carrier' END),
     cause('wrong place', max(far) > 2 * getvariable('min_km'), format('{:.0f} km is more than such data errs by', max(far)))
    ] AS causes,
    list_slice(list(to_json({'time': clock(time), 'event': format('{:.0f} km in {:.2f} h', far, hours),
        'ip': ip0 || ' to ' || ip, 'network': network,
        'place': concat_ws(', ', city0, country0) || ' to ' || concat_ws(', ', city, country),
        'system': os, 'agent': agent, 'app': app_name, 'id': event_id}) ORDER BY time), 1, 12) AS evidence,
    list(DISTINCT ip) FILTER (away) AS ips, list(DISTINCT agent) FILTER (away) AS agents,
    list(DISTINCT app_id) FILTER (away) AS app_ids
FROM impossible JOIN judged USING (session_key)
GROUP BY session_key

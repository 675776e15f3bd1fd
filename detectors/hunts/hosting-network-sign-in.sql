/*
title: Tokens used from a hosting or anonymiser network that is not the person's
finds: >
  Use of an account from a data centre, a VPN service or Tor, by a person who has never been there, as far
  as the logs go back, with further signs: tokens are used there though nobody signed in there, another
  country than ever, another operating system than ever, an anonymiser, a scripted agent, no device.
attack: [T1078.004, T1550.001, T1090]
signal: token_theft
logs:
  entra.sign_ins: "where a person signs in"
  entra.non_interactive_sign_ins: "where tokens are used that nobody signed in for"
  okta.system_log: "the same of Okta"
  auth0.tenant_log: "the same of Auth0"
benign:
  personal VPN: "The first evening of a new VPN: same system, same device, and one point too few."
  company egress: "Cloud gateways that many people sign in through; found by themselves or on the allow-lists."
  work in the cloud: "Cloud desktops and the person's own servers: a network she was on in several sessions or signs in from."
  service: "An account that is used from data centres most of the time is a service, whatever it is called."
tunables:
  min_points: {default: 3, is: "how much has to come together"}
  baseline_days: {default: 2, is: "so long the person has to have been in the logs before; else it is low"}
  service_share: {default: 0.5, is: "from this share of uses in data centres on it is a service"}
shared: [allow_ips, allow_asns, shared_persons, shared_days, habit_sessions]
*/
WITH strange AS (
    SELECT place.*, listed.kind AS listed, listed.name AS listed_name
    FROM session_place AS place
    LEFT JOIN asn_list AS listed ON listed.asn = place.asn
    JOIN person_network AS known ON known.person_key = place.person_key AND known.network = place.network
    WHERE (listed.kind IN ('hosting', 'anonymiser') OR place.anonymous)
        AND known.sessions < getvariable('habit_sessions')
        AND (known.rooted_at IS NULL OR known.rooted_at >= known.first_at)
        AND NOT list_contains(getvariable('allow_asns'), coalesce(place.asn, 0))
        AND NOT allowed(place.ip)
        AND NOT EXISTS (FROM egress WHERE egress.ip = place.ip)
),
concerned AS (SELECT DISTINCT person_key FROM strange),
usual AS (
    SELECT place.person_key, min(place.first_at) AS first_at, sum(place.uses) AS uses,
        list(DISTINCT place.country) FILTER (listed.asn IS NULL) AS countries,
        list(DISTINCT place.os) FILTER (listed.asn IS NULL) AS systems,
        bool_or(place.device IS NOT NULL) FILTER (listed.asn IS NULL) AS has_device,
        coalesce(sum(place.uses) FILTER (listed.kind = 'hosting'), 0) / sum(place.uses) AS hosted
    FROM session_place AS place
    JOIN concerned USING (person_key)
    LEFT JOIN asn_list AS listed ON listed.asn = place.asn
    GROUP BY place.person_key
),
cases AS (
    SELECT
        s.provider, s.person_key, s.network, any_value(s.listed_name) AS listed_name,
        min(s.first_at) AS first_at, max(s.last_at) AS last_at, list(DISTINCT s.ip) AS ips,
        any_value(s.country) AS country, any_value(s.os) AS os, any_value(s.session_key) AS session_key,
        bool_and(s.interactive_at IS NULL) AS no_sign_in,
        coalesce(bool_or(NOT list_contains(usual.countries, s.country)), false) AS new_country,
        coalesce(bool_or(NOT list_contains(usual.systems, s.os)), false) AS new_os,
        coalesce(bool_or(s.listed = 'anonymiser' OR s.anonymous), false) AS anonymiser,
        coalesce(bool_or(usual.has_device) AND bool_and(s.device IS NULL), false) AS no_device,
        min(usual.first_at) <= min(s.first_at) - to_days(getvariable('baseline_days')::INTEGER) AS known_long
    FROM strange AS s JOIN usual USING (person_key)
    WHERE usual.hosted < getvariable('service_share')
    GROUP BY s.provider, s.person_key, s.network
),
used AS (
    SELECT s.person_key, s.network, bool_or(scripted(s.agent)) AS script,
        list_slice(list(sign_in_row(s) ORDER BY s.time), 1, 12) AS evidence,
        first_said(s.user_id, s.time) AS user_id, first_said(s.user_name, s.time) AS user_name,
        first_said(s.session_id, s.time) AS session_id,
        list(DISTINCT s.agent) AS agents, list(DISTINCT s.app_id) AS app_ids
    FROM sign_in AS s SEMI JOIN cases AS c ON c.person_key = s.person_key AND c.network = s.network
    WHERE s.ok AND s.kind IN ('interactive', 'non_interactive')
    GROUP BY s.person_key, s.network
),
judged AS (
    SELECT *,
        no_sign_in::INTEGER + new_country::INTEGER + 2 * new_os::INTEGER + anonymiser::INTEGER
            + no_device::INTEGER + script::INTEGER AS points
    FROM cases JOIN used USING (person_key, network)
)
SELECT
    provider, user_id, user_name, session_id, first_at, last_at, points,
    CASE WHEN points < getvariable('min_points') OR NOT known_long THEN 'low'
        WHEN points >= getvariable('min_points') + 1 THEN 'high' ELSE 'medium' END AS severity,
    'Tokens of this person were used from ' || network || coalesce(' (' || listed_name || ')', '')
        || ', where she has never been: ' || spoken([
            CASE WHEN no_sign_in THEN 'nobody signed in there' END,
            CASE WHEN new_country THEN country || ' is a country she was never in' END,
            CASE WHEN new_os THEN os || ' is a system she never used' END,
            CASE WHEN anonymiser THEN 'the network hides who comes' END,
            CASE WHEN no_device THEN 'no device came along' END,
            CASE WHEN script THEN 'the agent is a script' END]) || '.' AS why,
    [cause('personal VPN', new_os OR no_device OR script,
        CASE WHEN new_os THEN 'a system she never used'
            WHEN no_device OR script THEN 'not her device, or a script' ELSE 'the same system, and no device was lost' END),
     cause('company egress', true, 'too few people sign in there, and it is on no allow-list'),
     cause('work in the cloud', true, 'too few sessions and no earlier sign-in from there'),
     cause('service', true, 'most of her use comes from elsewhere')] AS causes,
    evidence, ips, agents, app_ids
FROM judged
WHERE points > 0

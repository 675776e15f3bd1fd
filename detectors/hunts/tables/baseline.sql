-- What is usual, counted once for all hunts: where each session and each person has been.

-- One row for each address, operating system and device a session was used from.
CREATE TABLE session_place AS
SELECT
    provider, person_key, session_key, ip, os, device,
    any_value(network) AS network, any_value(asn) AS asn, any_value(country) AS country,
    any_value(lat) AS lat, any_value(lon) AS lon,
    min(time) AS first_at, max(time) AS last_at, count(*) AS uses,
    min(time) FILTER (kind = 'interactive') AS interactive_at,
    bool_or(anonymous) AS anonymous,
    bool_or(starts_with(agent, 'Mozilla/5.0 (')) AS browsed
FROM sign_in
WHERE ok AND kind IN ('interactive', 'non_interactive') AND person_key IS NOT NULL AND ip IS NOT NULL
GROUP BY provider, person_key, session_key, ip, os, device;

-- Where and with what a session began. Without its root in the log it is the first use that is there.
CREATE TABLE session_root AS
SELECT
    provider, person_key, session_key, min(first_at) AS first_at, max(last_at) AS last_at,
    arg_min(ip, first_at) AS ip, arg_min(network, first_at) AS network,
    arg_min(country, first_at) AS country, arg_min(os, first_at) AS os,
    arg_min(device, first_at) AS device, arg_min(lat, first_at) AS lat, arg_min(lon, first_at) AS lon,
    count(DISTINCT network) AS networks
FROM session_place
WHERE session_key IS NOT NULL
GROUP BY provider, person_key, session_key;

-- Where a person signed in: a session began there. A stolen session goes on there: that is no sign-in,
-- even where the product calls it interactive. Logs without session ids leave only that word.
CREATE TABLE entrance AS
SELECT person_key, network, ip, first_at AS time FROM session_root
UNION ALL
SELECT person_key, network, ip, interactive_at FROM session_place
WHERE session_key IS NULL AND interactive_at IS NOT NULL;

-- Ways out that many people share for longer: offices, VPN gateways, secure web gateways, carriers.
-- A thief's address is used for many people, too, but they do not sign in there for a week.
CREATE TABLE egress AS
SELECT ip, count(DISTINCT person_key) AS persons
FROM entrance
GROUP BY ip
HAVING count(DISTINCT person_key) >= getvariable('shared_persons')
    AND max(time) - min(time) >= to_days(getvariable('shared_days')::INTEGER);

-- The networks of a person: since when, in how many sessions, and since when she signs in there.
CREATE TABLE person_network AS
SELECT used.*, entered.rooted_at
FROM (
    SELECT provider, person_key, network,
        min(first_at) AS first_at, max(last_at) AS last_at, sum(uses)::BIGINT AS uses,
        count(DISTINCT session_key) AS sessions
    FROM session_place GROUP BY provider, person_key, network
) AS used
LEFT JOIN (
    SELECT person_key, network, min(time) AS rooted_at FROM entrance GROUP BY person_key, network
) AS entered USING (person_key, network);

-- Uses of a session away from where it began, on a network the person has no habit of.
-- A habit: she signed in there before, or was there in several sessions.
CREATE TABLE divergence AS
SELECT
    place.*,
    root.ip AS root_ip, root.network AS root_network, root.country AS root_country,
    root.os AS root_os, root.device AS root_device, root.first_at AS root_at,
    listed.kind AS listed, listed.name AS listed_name,
    coalesce(place.country <> root.country, false) AS other_country,
    coalesce(place.os <> root.os, false) AS other_os,
    coalesce(km(root.lat, root.lon, place.lat, place.lon) >= getvariable('min_km'), false) AS far,
    coalesce(root.device IS NOT NULL AND place.device IS DISTINCT FROM root.device, false) AS other_device,
    coalesce(place.device = root.device, false) AS same_device,
    coalesce(listed.kind IN ('hosting', 'anonymiser'), false) OR coalesce(place.anonymous, false)
        AS hosting
FROM session_place AS place
JOIN session_root AS root USING (session_key, person_key)
JOIN person_network AS known
    ON known.person_key = place.person_key AND known.network = place.network
LEFT JOIN asn_list AS listed ON listed.asn = place.asn
WHERE root.networks > 1
    AND place.network <> root.network
    AND known.sessions < getvariable('habit_sessions')
    AND (known.rooted_at IS NULL OR known.rooted_at > place.first_at)
    AND coalesce(listed.kind, '') <> 'gateway'
    -- from its own network the vendor acts for people; but not in a browser on another system than theirs
    AND (coalesce(listed.kind, '') <> 'vendor' OR (place.os <> root.os AND place.browsed
        AND place.device IS NULL))
    AND NOT list_contains(getvariable('allow_asns'), coalesce(place.asn, 0))
    AND NOT allowed(place.ip)
    AND NOT EXISTS (FROM egress WHERE egress.ip = place.ip);

-- Every use of a session that diverges: ``away`` tells the strange ones from the person's own.
CREATE TABLE diverging_use AS
SELECT s.*, d.session_key IS NOT NULL AS away
FROM sign_in AS s
LEFT JOIN divergence AS d
    ON d.session_key = s.session_key AND d.ip = s.ip
    AND d.os IS NOT DISTINCT FROM s.os AND d.device IS NOT DISTINCT FROM s.device
WHERE s.ok AND s.kind IN ('interactive', 'non_interactive') AND s.session_key IN (
    SELECT session_key FROM divergence WHERE other_country OR far OR other_os OR other_device OR hosting);

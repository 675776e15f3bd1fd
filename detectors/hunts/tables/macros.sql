-- Small things that every hunt says in the same words.

-- Text that says nothing is nothing.
CREATE MACRO said(value) AS
    CASE WHEN strlen(value) > 7 THEN value
         WHEN value IN ('', 'null', '<null>', 'unknown', 'Unknown', 'None', 'none', '-') THEN NULL
         ELSE value END;

-- ISO 8601 with any zone, in UTC; also the way spreadsheets write it.
CREATE MACRO moment(value) AS
    coalesce(
        timezone('UTC', TRY_CAST(value AS TIMESTAMPTZ)),
        TRY_CAST(value AS TIMESTAMP),
        TRY_STRPTIME(value, ['%m/%d/%Y, %I:%M:%S %p', '%m/%d/%Y, %I:%M:%S.%g %p', '%m/%d/%Y %I:%M:%S %p',
            '%m/%d/%Y %H:%M:%S']));

-- An address without the port or the brackets some logs add; nothing where it is none. What is IPv4 written
-- as IPv6 (::ffff:192.0.2.1) is IPv4.
CREATE MACRO address(value) AS
    nullif(CASE
        WHEN value IS NULL THEN NULL
        WHEN regexp_matches(value, '^\d{1,3}(\.\d{1,3}){3}$') THEN value
        WHEN regexp_matches(value, '^\d{1,3}(\.\d{1,3}){3}:\d+$') THEN split_part(value, ':', 1)
        WHEN regexp_matches(value, '^\[?::[fF]{4}:\d{1,3}(\.\d{1,3}){3}\]?(:\d+)?$')
            THEN regexp_extract(value, '\d{1,3}(\.\d{1,3}){3}')
        WHEN regexp_matches(value, '^\[[0-9a-fA-F:.]+\](:\d+)?$')
            THEN lower(regexp_extract(value, '^\[([0-9a-fA-F:.]+)\]', 1))
        WHEN regexp_matches(value, '^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$') THEN lower(value)
    END, '');

-- The first three groups of an IPv6 address, however it is shortened (2001:db8::1, 2001:0db8:0:1::1).
CREATE MACRO first_groups(ip) AS
    array_to_string(list_transform(
        list_resize(string_split(split_part(ip, '::', 1), ':'), 3, '0'),
        lambda each: coalesce(nullif(ltrim(each, '0'), ''), '0')), ':');

-- Where no log names the autonomous system: the /24, or the first three groups of an IPv6 address (/48).
CREATE MACRO network_of(asn, ip) AS
    CASE
        WHEN asn > 0 THEN 'AS' || asn
        WHEN ip IS NULL THEN NULL
        WHEN contains(ip, ':') THEN first_groups(ip) || '::/48'
        ELSE array_to_string(string_split(ip, '.')[1:3], '.') || '.0/24'
    END;

-- The family of the operating system: versions and spellings differ within one session.
CREATE MACRO os_family(value) AS
    CASE
        WHEN value IS NULL THEN NULL
        WHEN contains(lower(value), 'windows') THEN 'windows'
        WHEN contains(lower(value), 'android') THEN 'android'
        WHEN contains(lower(value), 'iphone') OR contains(lower(value), 'ipad')
            OR starts_with(lower(value), 'ios') THEN 'ios'
        WHEN contains(lower(value), 'mac os') OR contains(lower(value), 'macos')
            OR contains(lower(value), 'macintosh') OR lower(value) = 'osx' THEN 'macos'
        WHEN contains(lower(value), 'cros') OR contains(lower(value), 'chrome os') THEN 'chromeos'
        WHEN contains(lower(value), 'linux') OR contains(lower(value), 'x11') THEN 'linux'
    END;

-- An agent no browser and no app of a vendor sends.
CREATE MACRO scripted(agent) AS
    coalesce(regexp_matches(lower(agent),
        '^(python|curl|wget|go-http|axios|okhttp/|node|aiohttp|java/|powershell|postman|ruby|libwww|httpie)|python-requests|aiohttp|roadtools|aadinternals'),
        false);

-- Great circle in kilometres (haversine, mean radius of the Earth 6371 km).
CREATE MACRO km(lat1, lon1, lat2, lon2) AS
    2 * 6371 * asin(least(1.0, sqrt(
        pow(sin(radians(lat2 - lat1) / 2), 2)
        + cos(radians(lat1)) * cos(radians(lat2)) * pow(sin(radians(lon2 - lon1) / 2), 2))));

CREATE MACRO clock(value) AS strftime(value, '%Y-%m-%d %H:%M:%S');

-- A cause somebody would name for it being nothing, whether it is ruled out, and by what.
CREATE MACRO cause(name, ruled_out, because) AS
    {'cause': name, 'ruled_out': coalesce(ruled_out, false), 'because': because};

-- What a property of an audited change was set to, and what it was before.
CREATE MACRO changed_to(changes, property) AS
    list_filter(CAST(changes AS JSON[]), lambda each: each->>'$.name' = property)[1]->>'$.new';
CREATE MACRO changed_from(changes, property) AS
    list_filter(CAST(changes AS JSON[]), lambda each: each->>'$.name' = property)[1]->>'$.old';

-- What the first row that says anything says. Groups hold several sessions and spellings of a name; a finding
-- is the same finding every time only if it always tells the same ones.
CREATE MACRO first_said(value, said_at) AS arg_min(value, {'time': said_at, 'value': value});

-- Allow-lists of addresses hold single ones and prefixes that end in a dot or colon ("198.51.100.").
CREATE MACRO allowed(ip) AS
    coalesce(len(list_filter(getvariable('allow_ips'),
        lambda each: each = ip OR (right(each, 1) IN ('.', ':') AND starts_with(ip, each)))) > 0, false);

-- A row of sign_in or token as evidence.
CREATE MACRO sign_in_row(s) AS to_json({
    'time': clock(s.time), 'event': s.kind, 'ip': s.ip, 'network': concat_ws(' ', s.network, s.as_org),
    'place': concat_ws(', ', s.city, s.country), 'system': s.os, 'agent': s.agent,
    'app': coalesce(s.app_name, s.app_id), 'device': s.device, 'id': s.event_id});
CREATE MACRO token_row(s) AS to_json({
    'time': clock(s.time), 'event': s.event, 'ip': s.ip, 'network': concat_ws(' ', s.network, s.as_org),
    'place': concat_ws(', ', s.city, s.country), 'system': s.os, 'agent': s.agent,
    'app': coalesce(s.client_name, s.client_id), 'family': s.family, 'id': s.event_id});
CREATE MACRO audit_row(s) AS to_json({
    'time': clock(s.time), 'event': s.operation, 'ip': s.ip, 'network': s.network,
    'by': coalesce(s.actor_name, s.actor_app, s.actor_id), 'target': coalesce(s.target_name, s.target_id),
    'agent': s.agent, 'id': s.event_id});

-- ``a, b and c`` out of what is there.
CREATE MACRO spoken(parts) AS
    CASE len(list_filter(parts, lambda each: each IS NOT NULL))
        WHEN 0 THEN '' WHEN 1 THEN list_filter(parts, lambda each: each IS NOT NULL)[1]
        ELSE array_to_string(list_filter(parts, lambda each: each IS NOT NULL)[:-2], ', ') || ' and '
            || list_filter(parts, lambda each: each IS NOT NULL)[-1] END;

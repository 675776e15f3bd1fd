"""Events of the Okta System Log: sessions, device tokens, and one-time tokens with their retries."""

from __future__ import annotations


def okta(source: str) -> str:
    """An event of the System Log for each row of ``source``."""
    return f"""
        SELECT guid(id, 'okta event') AS uuid, time AS published, event AS "eventType",
            {{'id': actor_id, 'type': actor_type, 'alternateId': upn, 'displayName': upn}} AS actor,
            {{'ipAddress': ip, 'userAgent': {{'rawUserAgent': agent, 'os': os, 'browser': 'CHROME'}},
              'geographicalContext': {{'city': seen_city, 'country': seen_country,
                'geolocation': {{'lat': seen_lat, 'lon': seen_lon}}}}}} AS client,
            {{'asNumber': asn, 'asOrg': NULL::VARCHAR, 'isProxy': false}} AS "securityContext",
            {{'externalSessionId': session_id}} AS "authenticationContext",
            {{'debugData': {{'dtHash': device, 'grantType': 'refresh_token'}}}} AS "debugContext",
            {{'result': 'SUCCESS'}} AS outcome,
            [{{'id': user_id, 'type': 'User', 'alternateId': upn, 'displayName': upn}}] AS target
        FROM ({source})"""  # noqa: S608 - our own text


OKTA_NOISE = """
    SELECT id, time, CASE WHEN root THEN 'user.session.start' ELSE 'user.authentication.sso' END AS event,
        user_id AS actor_id, 'User' AS actor_type, user_id, upn, ip, agent, os, seen_city, seen_country, seen_lat,
        seen_lon, asn, guid(session, 'session') AS session_id,
        guid(n, CASE WHEN on_phone THEN 'dt phone' ELSE 'dt laptop' END) AS device
    FROM use WHERE okta"""
OKTA_STOLEN = """
    SELECT n * 100 + 8000000000 + j AS id, time, 'user.authentication.sso' AS event, user_id AS actor_id,
        'User' AS actor_type, user_id, upn, ip, agent, os, seen_city, seen_country, seen_lat, seen_lon, asn,
        CASE WHEN theft_kind = 'okta_device' THEN guid(n, 'thief''s session') ELSE guid(session, 'session') END AS session_id,
        CASE WHEN theft_kind = 'okta_device' THEN guid(n, 'dt laptop') ELSE guid(n, 'dt thief') END AS device
    FROM theft_use WHERE theft_kind IN ('okta_session', 'okta_device')
    UNION ALL
    SELECT n * 100 + 9000000000 + j, time, 'user.authentication.sso', user_id, 'User', user_id, upn, ip, agent, os,
        seen_city, seen_country, seen_lat, seen_lon, asn, guid(session, 'session'), guid(n, 'dt laptop')
    FROM own_use WHERE okta
    UNION ALL -- tokens: exchanges as usual, a retry at once, and a stolen one
    SELECT id + 5000000000, time, 'app.oauth2.token.grant.access_token', 'client-1', 'PublicClientApp', user_id, upn,
        ip, agent, os, seen_city, seen_country, seen_lat, seen_lon, asn, 'unknown', NULL
    FROM use WHERE okta AND k % 50 = 7
    UNION ALL
    SELECT id + 6000000000, time + INTERVAL 8 SECOND, 'app.oauth2.token.detect_reuse', 'client-1', 'PublicClientApp',
        user_id, upn, ip, agent, os, seen_city, seen_country, seen_lat, seen_lon, asn, 'unknown', NULL
    FROM use WHERE okta AND k % 50 = 7 AND rnd(id, 'retry') < 0.002
    UNION ALL
    SELECT n * 100 + 7000000000, start, 'app.oauth2.token.detect_reuse', 'client-1', 'PublicClientApp', user_id, upn,
        hosting_ip, 'okhttp/4.12', 'Unknown', 'Singapore', 'SG', 1.3, 103.8, 14061, 'unknown', NULL
    FROM stolen WHERE theft_kind = 'okta_reuse'"""

"""Auth0's tenant log: exchanges of refresh tokens by phones and servers, lost answers, and thefts."""

from __future__ import annotations

AUTH0 = """
    SELECT guid(id, 'auth0') AS log_id, {'date': time, 'type': type, 'log_id': guid(id, 'auth0'),
        'client_id': client, 'client_name': client, 'ip': ip, 'user_agent': agent, 'user_id': 'auth0|' || n,
        'user_name': upn, 'details': {'familyId': family},
        'location_info': {'country_code': seen_country, 'city_name': seen_city}} AS data
    FROM (
        SELECT id, n, time, upn, 'sertft' AS type, agent, 'shop-app' AS client, guid(session, 'family') AS family,
            ip, seen_country, seen_city
        FROM use WHERE k % 17 = 3
        UNION ALL
        SELECT id, n, time, upn, 'sertft', 'node', 'portal', guid(n, 'portal family'),
            '192.0.2.' || (10 + id % 6), 'DE', 'Frankfurt'
        FROM use WHERE k % 100 = 5
        UNION ALL -- a lost answer: the same token again, at once
        SELECT id + 5000000000, n, time + INTERVAL 9 SECOND, upn, 'ferrt', agent, 'shop-app', guid(session, 'family'),
            ip, seen_country, seen_city
        FROM use WHERE k % 17 = 3 AND rnd(id, 'retry') < 0.0001
        UNION ALL
        SELECT n * 100 + 6000000000 + t.j, n, start + to_minutes((t.j * 40)::INTEGER), upn, 'sertft',
            'okhttp/4.12', 'shop-app', guid(n, 'stolen family'), address4(45 + t.j % 9, 150, n * 23 + t.j * 300),
            (SELECT country FROM place WHERE place.n = t.j % 4 * 2), 'Somewhere'
        FROM stolen, range(16) AS t(j) WHERE theft_kind = 'auth0_spread'
        UNION ALL
        SELECT n * 100 + 7000000000, n, start, upn, 'ferrt', 'okhttp/4.12', 'shop-app',
            guid(n, 'stolen family'), hosting_ip, 'SG', 'Singapore'
        FROM stolen WHERE theft_kind = 'auth0_reuse'
    )"""

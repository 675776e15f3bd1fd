"""Directory audits: stamps, consents and enrolments of every day, and those of thieves."""

from __future__ import annotations

AUDIT_MACROS = """
CREATE MACRO stamp(after, before) AS format(
    '[{{"displayName":"StsRefreshTokensValidFrom","oldValue":"[\\"{}Z\\"]","newValue":"[\\"{}Z\\"]"}}]',
    strftime(before, '%Y-%m-%dT%H:%M:%S'), strftime(after, '%Y-%m-%dT%H:%M:%S'));
CREATE MACRO consented(scope) AS format(
    '[{{"displayName":"ConsentContext.IsAdminConsent","newValue":"False"}},'
    || '{{"displayName":"ConsentAction.Permissions","newValue":"[] => [[ConsentType: Principal, Scope: {}, CreatedDateTime: ]]"}}]',
    scope);
"""

AUDIT = """
    SELECT time AS TimeGenerated, guid(id, 'audit') AS Id, operation AS OperationName, 'success' AS Result,
        format('{{"user":{{"id":"{}","userPrincipalName":"{}","ipAddress":"{}"}}}}', actor_id, actor, ip) AS InitiatedBy,
        format('[{{"id":"{}","displayName":"{}","userPrincipalName":{},"type":"{}","modifiedProperties":{}}}]',
            target_id, target, CASE WHEN kind = 'User' THEN '"' || target || '"' ELSE 'null' END, kind, changes)
            AS TargetResources, '[]' AS AdditionalDetails
    FROM (
        -- directory sync stamps everybody now and then
        SELECT n * 10 AS id, TIMESTAMP '2026-10-01' + to_hours((n % 700)::INTEGER) AS time,
            'Update StsRefreshTokenValidFrom Timestamp' AS operation, 'sync' AS actor_id,
            'Sync_DC01_1234@contoso.onmicrosoft.com' AS actor, '10.0.0.1' AS ip, user_id AS target_id, upn AS target,
            'User' AS kind, stamp(time, time - INTERVAL 90 DAY) AS changes
        FROM person WHERE n % 5 = 0
        UNION ALL -- the help desk revokes
        SELECT n * 10 + 1, TIMESTAMP '2026-10-02' + to_hours((n % 690)::INTEGER) AS time,
            'Update StsRefreshTokenValidFrom Timestamp', 'help', 'helpdesk@contoso.com', '198.51.0.1',
            user_id, upn, 'User', stamp(time, time - INTERVAL 90 DAY)
        FROM person WHERE n % 200 = 3
        UNION ALL
        SELECT n * 10 + 2, start AS time, 'Update StsRefreshTokenValidFrom Timestamp', user_id, upn, hosting_ip,
            user_id, upn, 'User', CASE WHEN n % 2 = 0 THEN stamp(time + INTERVAL 30 DAY, time - INTERVAL 1 DAY)
                ELSE stamp(time - INTERVAL 60 DAY, time - INTERVAL 1 DAY) END
        FROM stolen WHERE theft_kind = 'stamp'
        UNION ALL -- an application everybody uses
        SELECT n * 10 + 3, TIMESTAMP '2026-10-03' + to_minutes((n % 39000)::INTEGER), 'Consent to application',
            user_id, upn, '198.51.0.1', 'app-' || (n % 40), 'Application app-' || (n % 40), 'ServicePrincipal',
            consented('Mail.Read Files.Read.All offline_access')
        FROM person WHERE n % 50 = 9
        UNION ALL -- a new one that only signs people in
        SELECT n * 10 + 4, TIMESTAMP '2026-10-12' + to_hours((n % 400)::INTEGER), 'Consent to application',
            user_id, upn, '198.51.0.1', 'quiz-' || n, 'Quiz ' || n, 'ServicePrincipal', consented('openid profile User.Read')
        FROM person WHERE n % 400 = 11
        UNION ALL
        SELECT n * 10 + 5, start, 'Consent to application', user_id, upn, hosting_ip, 'evil-' || n,
            'Document Viewer ' || n, 'ServicePrincipal', consented('Mail.ReadWrite Mail.Send offline_access')
        FROM stolen WHERE theft_kind = 'consent'
        UNION ALL -- new phones, whenever
        SELECT id * 10 + 6, time, 'User registered security info', user_id, upn, ip, user_id, upn, 'User', '[]'
        FROM use WHERE rnd(id, 'enrols') < 0.001 AND spot IN ('home', 'office')
        UNION ALL -- and some within the hour after a false alarm at home
        SELECT id * 10 + 7, time + INTERVAL 12 MINUTE, 'User registered security info', user_id, upn, ip, user_id,
            upn, 'User', '[]'
        FROM use WHERE rnd(id, 'risk') < 0.0002 AND NOT okta AND spot IN ('home', 'office') AND rnd(id, 'anew') < 0.2
        UNION ALL
        SELECT n * 10 + 8, start + INTERVAL 20 MINUTE, 'User registered security info', user_id, upn, hosting_ip,
            user_id, upn, 'User', '[]'
        FROM victim WHERE theft_kind = 'foothold'
    )"""

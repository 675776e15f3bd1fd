"""What real logs do to a hunt: addresses and times written in many ways, grants told by their API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hunting import ADA, BOB, HOME, Row, audit, auth0, entra, hunted

from detectors.hunts import ingest
from detectors.hunts.catalogue import hunts
from detectors.hunts.hunting import Limits, hunting_ground

CLIENT = "22222222-0000-4000-8000-000000000001"
GRAPH = "33333333-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def macros() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    ingest.prepare(connection)
    return connection


def asked(macros: duckdb.DuckDBPyConnection, expression: str, value: str) -> Any:
    row = macros.execute(f"SELECT {expression}", {"value": value}).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("written", "address", "network"),
    [
        ("192.0.2.1:80", "192.0.2.1", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.0/24"),
        ("[::FFFF:192.0.2.1]:443", "192.0.2.1", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::1", "2001:db8:0::/48"),
        ("[2001:DB8::1]:443", "2001:db8::1", "2001:db8:0::/48"),
        ("2001:0db8:0:1::5", "2001:0db8:0:1::5", "2001:db8:0::/48"),
        ("2001:db8:0:2:3:4:5:6", "2001:db8:0:2:3:4:5:6", "2001:db8:0::/48"),
        ("2001:db8:7:2::1", "2001:db8:7:2::1", "2001:db8:7::/48"),
        ("an address", None, None),
    ],
)
def test_an_address_has_one_network_however_it_is_written(
    macros: duckdb.DuckDBPyConnection, written: str, address: str | None, network: str | None
) -> None:
    assert asked(macros, "address($value)", written) == address
    assert asked(macros, "network_of(NULL, address($value))", written) == network


@pytest.mark.parametrize(
    "written",
    [
        "2026-10-05T08:00:00.123Z",
        "2026-10-05T10:00:00.1230000+02:00",
        "2026-10-05 08:00:00.123",
        "10/5/2026, 8:00:00.123 AM",
    ],
)
def test_a_time_is_utc_however_it_is_written(
    macros: duckdb.DuckDBPyConnection, written: str
) -> None:
    assert str(asked(macros, "moment($value)", written)) == "2026-10-05 08:00:00.123000"


def test_the_csv_of_the_log_analytics_portal_is_read(tmp_path: Path) -> None:
    path = tmp_path / "query_data.csv"
    path.write_text(
        '"TimeGenerated [UTC]",ResultType,UserId,UserPrincipalName,IPAddress,AppId,IsInteractive,SessionId\n'
        f'"10/5/2026, 8:00:00.123 AM",0,{ADA},Ada@Contoso.com,192.0.2.10,app-1,true,session-1\n',
        encoding="utf-8",
    )
    with hunting_ground([path], limits=Limits("500MB", 1)) as ground:
        assert dict(ground.taken.rows) == {"log_analytics_sign_in": 1}
        (row,) = ground.connection.execute("SELECT time, user_name FROM sign_in").fetchall()
    assert str(row[0]) == "2026-10-05 08:00:00.123000"
    assert row[1] == "ada@contoso.com"


def grant(who: str = ADA, minutes: float = 0, old: str = "", new: str = "Mail.ReadWrite") -> Row:
    """A delegated grant: its target is the API, the application stands in the properties."""
    changes = [
        ("DelegatedPermissionGrant.Scope", old, new),
        ("DelegatedPermissionGrant.ConsentType", "", "Principal"),
        ("ServicePrincipal.ObjectID", "", CLIENT),
    ]
    return audit(
        "Add delegated permission grant",
        minutes,
        who=who,
        targetResources=[
            {
                "id": GRAPH,
                "displayName": "Directory API",
                "type": "ServicePrincipal",
                "modifiedProperties": [
                    {"displayName": name, "oldValue": json.dumps(was), "newValue": json.dumps(now)}
                    for name, was, now in changes
                ],
            }
        ],
    )


def test_a_grant_is_told_of_the_application_it_is_given_to_and_not_of_its_api(
    tmp_path: Path,
) -> None:
    everybody = [
        entra(n, who=f"11111111-0000-4000-8000-00000000030{n}", appDisplayName="Directory API")
        for n in range(5)
    ]
    (found,) = hunted(tmp_path, "unfamiliar-consent", [*everybody, grant()])
    assert (found.severity, found.app_ids) == ("medium", (CLIENT,))
    assert CLIENT in found.why
    assert "Mail.ReadWrite" in found.why
    named = audit(
        "Add service principal",
        -60,
        targetResources=[{"id": CLIENT, "displayName": "Tidy Inbox", "type": "ServicePrincipal"}],
    )
    (found,) = hunted(tmp_path, "unfamiliar-consent", [grant(), named])
    assert "Tidy Inbox" in found.why


def test_a_grant_is_judged_by_what_was_added_to_it(tmp_path: Path) -> None:
    (found,) = hunted(
        tmp_path, "unfamiliar-consent", [grant(old="Mail.Read", new="Mail.Read openid")]
    )
    assert found.severity == "low"


def test_a_consent_to_several_apis_is_judged_by_the_farthest(tmp_path: Path) -> None:
    permissions = (
        "[[ConsentType: Principal, Scope: Directory.Read]] => [[ConsentType: Principal, Scope: User.Read],"
        " [ConsentType: Principal, Scope: Mail.Send offline_access]]; "
    )
    row = audit(
        "Consent to application",
        0,
        who=BOB,
        targetResources=[
            {
                "id": CLIENT,
                "displayName": "Tidy Inbox",
                "type": "ServicePrincipal",
                "modifiedProperties": [
                    {
                        "displayName": "ConsentAction.Permissions",
                        "newValue": json.dumps(permissions),
                    }
                ],
            }
        ],
    )
    (found,) = hunted(tmp_path, "unfamiliar-consent", [row])
    assert found.severity == "medium"
    assert "Mail.Send" in found.why
    assert "Directory.Read" not in found.why


def test_nothing_but_nulls_beside_what_makes_a_row_breaks_no_hunt(tmp_path: Path) -> None:
    bare = [
        entra(
            n, HOME, session=None, agent="", os="", location=None, deviceDetail=None, userAgent=None
        )
        for n in range(3)
    ]
    bare[1]["properties"]["autonomousSystemNumber"] = None
    bare[2]["properties"]["ipAddress"] = None
    path = tmp_path / "logs.ndjson"
    path.write_text("\n".join(map(json.dumps, bare)), encoding="utf-8")
    with hunting_ground([path], limits=Limits("500MB", 1)) as ground:
        assert ground.taken.total == len(bare)
        assert [found for hunt in hunts().values() for found in ground.go(hunt)] == []


def test_the_same_person_in_other_letters_is_one_person(tmp_path: Path) -> None:
    shouted = entra(10, userPrincipalName="ADA@CONTOSO.COM", userId=ADA.upper())
    path = tmp_path / "logs.ndjson"
    path.write_text("\n".join(map(json.dumps, [entra(0), shouted])), encoding="utf-8")
    with hunting_ground([path], limits=Limits("500MB", 1)) as ground:
        counted = ground.connection.execute(
            "SELECT count(DISTINCT person_key), count(DISTINCT session_key) FROM sign_in"
        ).fetchone()
    assert counted == (1, 1)


@pytest.mark.parametrize("dialect", ["kql", "spl"])
def test_the_lists_of_networks_stand_in_the_other_dialects(dialect: str) -> None:
    for hunt in hunts().values():
        text = hunt.in_dialect(dialect)
        assert "_asns>" not in text, hunt.name
    assert "24940" in hunts()["entra-session-spread"].in_dialect(dialect)


def test_reading_somebodys_address_of_mail_is_not_reading_her_mail(tmp_path: Path) -> None:
    (found,) = hunted(tmp_path, "unfamiliar-consent", [grant(new="openid email profile")])
    assert found.severity == "low"


def test_a_device_code_of_somebody_the_logs_know_nothing_of_is_only_listed(tmp_path: Path) -> None:
    alone = entra(0, interactive=True, authenticationProtocol="deviceCode")
    (found,) = hunted(tmp_path, "device-code-and-binding", [alone])
    assert found.severity == "low"
    assert "know nothing of her" in found.why
    assert not any(cause.ruled_out for cause in found.causes)


def test_what_the_logs_do_not_tell_rules_nothing_out(tmp_path: Path) -> None:
    (found,) = hunted(tmp_path, "refresh-token-places", [auth0(0, HOME[0], kind="ferrt")])
    (retry,) = found.causes
    assert not retry.ruled_out
    assert "cannot be told" in retry.because

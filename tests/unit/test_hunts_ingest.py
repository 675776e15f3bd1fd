"""Logs in every shape and every kind of file become the same rows; what is odd is counted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hunting import ADA, HOME, Row, at, audit, auth0, entra, okta

from detectors.hunts import ingest, reading
from detectors.hunts.catalogue import Tuning, hunt, hunts
from detectors.hunts.errors import BadTunable, NothingToRead, UnknownHunt
from detectors.hunts.hunting import hunting_ground
from detectors.hunts.ingest import Taken
from detectors.hunts.shapes import SHAPES


def taken(*paths: Path) -> tuple[Taken, duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    ingest.prepare(connection)
    logs, _ = reading.find(paths)
    return ingest.take(connection, logs), connection


def rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    result = connection.execute(f"FROM {table} ORDER BY time")
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def log_analytics() -> Row:
    inner = entra(0)["properties"]
    return {
        "TimeGenerated": at(0), "Category": "NonInteractiveUserSignInLogs", "ResultType": "0", "AppId": "app-1",
        "AppDisplayName": "Mail", "UserId": ADA, "UserPrincipalName": "ada@contoso.com", "IPAddress": HOME[0],
        "AutonomousSystemNumber": "2119", "SessionId": "session-1", "UserAgent": inner["userAgent"],
        "LocationDetails": json.dumps(inner["location"]), "DeviceDetail": json.dumps(inner["deviceDetail"]),
    }  # fmt: skip


def graph() -> Row:
    inner = dict(entra(0)["properties"])
    return {**inner, "clientAppUsed": "Browser", "signInEventTypes": ["nonInteractiveUser"]}


SAME = {
    "provider": "entra", "user_id": ADA, "user_name": "ada@contoso.com", "ip": HOME[0], "asn": 2119, "network": "AS2119",
    "country": "NO", "city": "Oslo", "lat": 59.9, "os": "windows", "session_id": "session-1", "kind": "non_interactive", "ok": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "row", [entra(0), log_analytics(), graph()], ids=["azure monitor", "log analytics", "graph"]
)
@pytest.mark.parametrize(
    "layout", ["ndjson", "array", "pretty", "page", "gz", "csv", "parquet", "parquet structs"]
)
def test_a_sign_in_is_the_same_whatever_it_comes_in(tmp_path: Path, row: Row, layout: str) -> None:
    path = write(tmp_path, row, layout)
    said, connection = taken(path)
    assert (said.total, said.unknown, said.unreadable) == (1, 0, [])
    (found,) = rows(connection, "sign_in")
    assert {key: found[key] for key in SAME} == SAME
    assert found["time"].isoformat() == "2026-10-05T08:00:00"


def write(folder: Path, row: Row, layout: str) -> Path:
    text = json.dumps(row)
    if layout == "gz":
        path = folder / "log.json.gz"
        path.write_bytes(gzip.compress(text.encode()))
        return path
    json_path = folder / "log.json"
    shaped = {
        "array": f"[{text}]",
        "pretty": json.dumps(row, indent=2),
        "page": json.dumps({"value": [row]}),
    }
    json_path.write_text(shaped.get(layout, text), encoding="utf-8")
    if layout in ("csv", "parquet"):
        # nested parts are JSON text in a column, as exports write them
        flat = {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in row.items()}
        json_path.write_text(json.dumps(flat), encoding="utf-8")
    if layout in ("csv", "parquet", "parquet structs"):
        path = folder / f"log.{layout.partition(' ')[0]}"
        duckdb.connect().execute(f"COPY (FROM read_json('{json_path}')) TO '{path}'")
        return path
    return json_path


def test_one_mixed_file_fills_all_three_tables(tmp_path: Path) -> None:
    path = tmp_path / "all.ndjson"
    unified = {
        "CreationTime": "2026-10-05T08:00:00", "Id": "u1", "Operation": "UserLoggedIn", "Workload": "AzureActiveDirectory",
        "UserId": "ada@contoso.com", "Actor": [{"ID": ADA, "Type": 0}], "ClientIP": "[2001:db8::1]:443",
        "DeviceProperties": [{"Name": "OS", "Value": "Windows 10"}, {"Name": "SessionId", "Value": "s-9"}],
        "ExtendedProperties": [{"Name": "RequestType", "Value": "OAuth2:Token"}, {"Name": "UserAgent", "Value": "x"}],
    }  # fmt: skip
    lines = [
        entra(0), unified, okta(1), auth0(2, "192.0.2.1"), auth0(3, "192.0.2.1", kind="s"), audit("Add device", 4),
        okta(5, event="app.oauth2.token.detect_reuse"), okta(6, event="user.mfa.factor.activate"),
        {"riskEventType": "anomalousToken", "riskLevel": "high", "activityDateTime": at(7), "userPrincipalName": "ada@contoso.com"},
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    said, connection = taken(path)
    assert said.total == 9
    sign_ins = rows(connection, "sign_in")
    assert [each["provider"] for each in sign_ins] == ["entra", "entra", "okta", "auth0", "entra"]
    logged_in = next(each for each in sign_ins if each["session_id"] == "s-9")
    assert (logged_in["ip"], logged_in["network"]) == ("2001:db8::1", "2001:db8:0::/48")
    assert (logged_in["os"], logged_in["kind"], logged_in["user_id"]) == (
        "windows",
        "non_interactive",
        ADA,
    )
    assert [each["kind"] for each in rows(connection, "token")] == ["refresh_exchange", "reuse"]
    assert [each["operation"] for each in rows(connection, "audit")] == [
        "Add device",
        "user.mfa.factor.activate",
    ]


def test_odd_rows_and_broken_files_lose_only_themselves(tmp_path: Path) -> None:
    odd = [
        json.dumps(entra(0)), "{broken", "[1, 2]", '"text"', "null", json.dumps({"nothing": "known"}),
        json.dumps({**entra(1), "properties": "no object"}), json.dumps(entra(2, os="\u0000\u202e")),
        json.dumps({**okta(3), "client": [], "debugContext": 7, "target": {}}),
        json.dumps({**entra(4), "time": "yesterday", "properties": {**entra(4)["properties"], "createdDateTime": "soon"}}),
        json.dumps({**log_analytics(), "LocationDetails": "{broken", "AutonomousSystemNumber": "many"}),
    ]  # fmt: skip
    (tmp_path / "odd.ndjson").write_text("\n".join(odd), encoding="utf-8")
    (tmp_path / "broken.json").write_text('{"value": [{"a": 1}, ', encoding="utf-8")
    (tmp_path / "empty.json").write_text("", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a log", encoding="utf-8")
    (tmp_path / "false.parquet").write_bytes(b"PAR1 no PAR1")
    packed = gzip.compress("\n".join(json.dumps(entra(number)) for number in range(40)).encode())
    (tmp_path / "cut.json.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "cut.ndjson.gz").write_bytes(packed[:-4])
    (tmp_path / "damaged.json.gz").write_bytes(packed[:12] + b"\xff" * 40 + packed[52:])
    (tmp_path / "plain.json.gz").write_text(json.dumps(entra(8)), encoding="utf-8")
    (tmp_path / "bytes.ndjson").write_bytes(b"\xff\xfe\x00" + json.dumps(entra(9)).encode() + b"\n")
    said, connection = taken(tmp_path)
    found = rows(connection, "sign_in")
    assert {each["event_id"] for each in found} >= {
        entra(0)["properties"]["id"],
        entra(2)["properties"]["id"],
    }
    assert said.broken >= 1
    assert said.unknown >= 3
    assert {Path(path).name for path, _ in said.unreadable} >= {
        "false.parquet", "cut.json.gz", "cut.ndjson.gz", "damaged.json.gz", "plain.json.gz",
    }  # fmt: skip
    assert not any(each["time"] is None for each in found)


def test_the_unified_log_is_read_from_purview_s_csv(tmp_path: Path) -> None:
    record = {
        "CreationTime": "2026-10-05T08:00:00", "Id": "u2", "Operation": "New-InboxRule", "Workload": "Exchange",
        "ResultStatus": "True", "UserId": "ada@contoso.com", "ClientIP": "192.0.2.1:51234",
    }  # fmt: skip
    path = tmp_path / "purview.csv"
    quoted = json.dumps(record).replace('"', '""')
    path.write_text(
        f'RecordId,CreationDate,Operation,AuditData\nu2,2026-10-05,New-InboxRule,"{quoted}"\n'
    )
    _, connection = taken(path)
    (found,) = rows(connection, "audit")
    assert (found["operation"], found["ip"], found["actor_name"]) == (
        "New-InboxRule",
        "192.0.2.1",
        "ada@contoso.com",
    )


def test_auth0_s_session_ids_are_kept_as_digests_only(tmp_path: Path) -> None:
    row = auth0(0, "192.0.2.1", kind="s")
    row["data"]["details"] = {"session_id": "the-cookie-s-own-id"}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(row), encoding="utf-8")
    _, connection = taken(path)
    (found,) = rows(connection, "sign_in")
    assert found["session_id"]
    assert "the-cookie-s-own-id" not in str(found)


def test_nothing_known_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"a": 1}', encoding="utf-8")
    with pytest.raises(NothingToRead, match="1 rows"), hunting_ground([path]):
        pass
    with pytest.raises(NothingToRead, match="not there"), hunting_ground([tmp_path / "gone"]):
        pass
    with (
        pytest.raises(NothingToRead, match="ending"),
        hunting_ground([tmp_path / "x.json", Path(__file__)]),
    ):
        pass


@pytest.mark.parametrize("name", hunts())
def test_every_hunt_says_what_it_is(name: str) -> None:
    found = hunt(name)
    assert found.title
    assert found.finds
    assert found.benign
    assert all(each.startswith("T1") for each in found.attack)
    for dialect in ("kql", "spl"):
        assert found.in_dialect(dialect).strip()
    for tunable in found.all_tunables:
        read = found.sql + "".join(
            ingest.resource(f"tables/{each}")
            for each in ("macros.sql", "baseline.sql", "sessions.sql")
        )
        assert f"getvariable('{tunable}')" in read


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"entra-session-spread.min_points": "many"}, BadTunable),
        ({"entra-session-spread.colour": "1"}, BadTunable),
        ({"colour": "1"}, BadTunable),
        ({"no-such-hunt.min_points": "1"}, UnknownHunt),
        ({"allow_asns": "ASx"}, BadTunable),
    ],
)
def test_a_tunable_that_cannot_be_is_refused(
    settings: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Tuning(settings)


def test_no_two_shapes_have_one_name() -> None:
    names = [shape.name for shape in SHAPES]
    assert len(names) == len(set(names))

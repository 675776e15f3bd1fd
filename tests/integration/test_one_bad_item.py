"""A delivery of several findings, and senders that repeat their ids: nothing genuine is lost."""

from __future__ import annotations

import base64
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from detectors.origin import SIGNED_HEADERS
from simulator.people import entra_id

from house import HOOK_SECRET, House, house

EXTRA = f"""
[sources.okta]
kind = "okta_event_hook"
origin = {{ proof = "shared_secret", secret = "{HOOK_SECRET}" }}

[sources.signed]
kind = "generic"
origin = {{ proof = "standard_webhooks", secret = "{HOOK_SECRET}" }}
mapping = {{ title = "rule", event_id = "id", "person.user_principal_name" = "user" }}

[guardrails]
people_per_hour = 500
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), extra=EXTRA) as made:
        made.start()
        yield made


def _signed(built: House, body: dict[str, Any], delivery: str) -> httpx.Response:
    raw, seconds = json.dumps(body).encode(), str(int(time.time()))
    content = b".".join((delivery.encode(), seconds.encode(), raw))
    mark = base64.b64encode(hmac.digest(HOOK_SECRET.encode(), content, "sha256")).decode()
    values = (delivery, seconds, f"v1,{mark}")
    return built.post(
        source="signed", content=raw, headers=dict(zip(SIGNED_HEADERS, values, strict=True))
    )


def _rows(built: House, source: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "cli.main", "alerts", "--json", "-c", str(built.config)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [row for row in map(json.loads, shown.splitlines()) if row["source"] == source]


@pytest.mark.parametrize("first", [True, False])
def test_the_good_one_of_two_is_acted_on_and_the_bad_one_told(built: House, first: bool) -> None:
    name = "user01" if first else "user02"
    good, bad = built.incident(name), {"foo": 1}
    row = built.alert(built.post([good, bad] if first else [bad, good]).json()["alert"])
    run = built.run_of(name)
    assert run.status == "contained"
    assert row.state == ("run" if first else "quarantined")
    reasons = [row["reason"] for row in _rows(built, "sentinel") if row["state"] == "quarantined"]
    assert any(f"item {2 if first else 1} of 2: " in reason for reason in reasons)


def test_an_id_of_a_delivery_used_twice_for_other_words_loses_nothing(built: House) -> None:
    first = _signed(built, {"id": "1", "rule": "stolen", "user": "user03@contoso.com"}, "same")
    again = _signed(built, {"id": "1", "rule": "stolen", "user": "user03@contoso.com"}, "same")
    other = _signed(built, {"id": "2", "rule": "stolen", "user": "user04@contoso.com"}, "same")
    assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
    assert other.json()["duplicate"] is False
    for name in ("user03", "user04"):
        assert built.outcomes(built.run_of(name).id)["entra-revoke"] == "verified"


def test_what_would_be_acted_on_and_names_nobody_is_told(built: House) -> None:
    event = {
        "uuid": "u-1",
        "eventType": "user.account.report_suspicious_activity_by_enduser",
        "published": "2026-03-02T09:30:00.000Z",
        "actor": {"id": "me", "type": "User"},
        "outcome": {"result": "SUCCESS"},
    }
    answer = built.post({"data": {"events": [event]}}, source="okta")
    row = built.alert(answer.json()["alert"])
    assert (row.state, row.parsed["title"]) == ("quarantined", event["eventType"])
    assert "names nobody" in row.reason


def test_an_id_of_another_kind_is_said_to_be_one(built: House) -> None:
    event = {
        "uuid": "u-2",
        "eventType": "user.account.report_suspicious_activity_by_enduser",
        "actor": {"id": "00gGroupGroupGroup00", "type": "User"},
        "outcome": {"result": "SUCCESS"},
    }
    row = built.alert(built.post({"data": {"events": [event]}}, source="okta").json()["alert"])
    assert row.state == "quarantined"
    assert "identifiers are not a person's" in row.reason
    assert "cannot be asked" not in row.reason


def test_an_alert_can_be_looked_at_by_the_beginning_of_its_id(built: House) -> None:
    alert = built.incident("user05")
    local = {"kind": "Account", "properties": {"accountName": "svc", "ntDomain": "CORP"}}
    alert["object"]["properties"]["relatedEntities"].append(local)
    alert_id = built.post(alert).json()["alert"]
    built.alert(alert_id)

    def show(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "cli.main", "alert", *arguments, "-c", str(built.config)]
        return subprocess.run(command, capture_output=True, check=False)

    told = show(alert_id[:30]).stdout.decode()
    assert entra_id("user05") in told
    assert "left out: an account without an identifier of Entra ID" in told
    assert json.loads(show(alert_id, "--raw").stdout) == alert
    assert json.loads(show(alert_id, "--json").stdout)["left_out"]
    assert show("01a").returncode == show("no-such-alert").returncode == 1


def test_a_proof_that_says_two_things_proves_nothing(built: House) -> None:
    headers = [("Authorization", f"Bearer {HOOK_SECRET}"), ("Authorization", "Bearer another")]
    answer = httpx.post(
        f"{built.url}/hooks/sentinel",
        headers=headers,
        json=built.incident(),
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code == 401

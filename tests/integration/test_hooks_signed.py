"""Pushed security event tokens and Graph's change notifications, over real HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from signed_practice import AUDIENCE, ISSUER, SSF, claims, jwk, jwks, private_key, token
from web_house import open_house, rang, rows, visiting

from ledger import tables
from tasks.service import Service

from house import wait_for

STATE = "the-subscription-s-secret"
PUSH = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Service]:
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks(jwk()))
    ssf = {"proof": "ssf", "issuer": ISSUER, "audience": AUDIENCE, "jwks_path": str(keys)}
    shared = {"proof": "shared_secret", "secret": "a-secret-of-sixteen"}
    nowhere = ssf | {"jwks_path": str(tmp_path / "not-there.json")}
    service = open_house(
        tmp_path,
        sources={
            "idp": {"kind": "ssf_set", "origin": ssf},
            "away": {"kind": "ssf_set", "origin": nowhere},
            "graph": {
                "kind": "graph_change_notification",
                "origin": {"proof": "client_state", "secret": STATE},
            },
            "relayed": {"kind": "graph_change_notification", "origin": shared},
        },
    )
    yield service
    service.database.close()


@pytest.fixture
def client(house: Service) -> Iterator[httpx.Client]:
    with visiting(house) as client:
        yield client


def push(client: httpx.Client, body: bytes, source: str = "idp", **headers: str) -> httpx.Response:
    return client.post(f"/hooks/{source}", content=body, headers=PUSH | headers)


def rejections(house: Service) -> list[str]:
    return [row.reason for row in rows(house, tables.rejection)]


def test_a_pushed_token_is_stored_as_it_came_and_answered_with_nothing(
    house: Service, client: httpx.Client
) -> None:
    body = token()
    answers = [push(client, body) for _ in range(2)]
    assert [(one.status_code, one.content) for one in answers] == [(202, b"")] * 2
    (alert,) = rows(house, tables.alert)
    assert (alert.kind, alert.copies) == ("ssf_set", 1)
    assert "id:set-1:" in alert.delivery_key
    assert [row.bytes for row in rows(house, tables.delivery_body)] == [body]
    wait_for(lambda: set(rang(house).alerts) == {alert.id}, 5, "the bell")


@pytest.mark.parametrize(
    ("body", "err"),
    [
        (token(claims(iss="https://evil.example.com")), "invalid_issuer"),
        (token(claims(aud="https://other.example.com")), "invalid_audience"),
        (token(signed_by=private_key("another")), "authentication_failed"),
        (token()[:-9], "authentication_failed"),
        (json.dumps(claims()).encode(), "invalid_request"),
        (b"", "invalid_request"),
    ],
)
def test_what_is_not_accepted_is_answered_as_the_rfc_has_it(
    house: Service, client: httpx.Client, body: bytes, err: str
) -> None:
    answer = push(client, body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"err", "description"}
    assert answer.json()["err"] == err
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-language"] == "en"
    assert rows(house, tables.alert) == []
    assert rejections(house) == [answer.json()["description"]]


def test_a_key_that_is_not_published_is_asked_for_before_it_is_refused(
    house: Service, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Twice the keys were looked at a moment ago, so whether it is there now cannot be told."""
    caplog.set_level(logging.INFO)
    assert push(client, token()).status_code == 202
    answer = push(client, token(claims("set-2"), key="k2"))
    assert answer.status_code == 503
    assert 0 < int(answer.headers["retry-after"]) <= 30
    assert "the token names a key" in answer.json()["detail"]
    assert any(
        line.startswith("alert rejected: source idp, unavailable: the token names a key")
        for line in caplog.messages
    )
    assert rejections(house) == []


def test_without_keys_the_transmitter_is_asked_to_come_again(
    house: Service, client: httpx.Client
) -> None:
    answer = push(client, token(), "away")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert rejections(house) == []


def test_two_authorizations_prove_nothing(house: Service, client: httpx.Client) -> None:
    both = [*PUSH.items(), ("Authorization", "one"), ("Authorization", "another")]
    answer = client.post("/hooks/idp", content=token(), headers=both)
    assert (answer.status_code, answer.json()["err"]) == (400, "invalid_request")
    assert rejections(house) == ["the header authorization stands more than once"]


def test_a_source_that_is_pushed_to_is_asked_nothing_by_get(client: httpx.Client) -> None:
    assert client.get("/hooks/idp").status_code == 405


def test_graph_hears_its_validation_token_and_no_page(client: httpx.Client) -> None:
    said = "Validation: Testing client <script>alert(1)</script> reachability é"
    answer = client.post("/hooks/graph", params={"validationToken": said})
    assert (answer.status_code, answer.text) == (200, said)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    plus = client.post("/hooks/graph?validationToken=Validation%3a+a%2Bb")
    assert plus.text == "Validation: a+b"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("graph?validationToken=", 401),
        (f"graph?validationToken={'x' * 2049}", 401),
        ("graph?validationToken=a%0d%0ab", 401),
        ("graph?validationToken=a&validationToken=b", 401),
        ("relayed?validationToken=abc", 401),
        ("idp?validationToken=abc", 400),
        ("nobody?validationToken=abc", 404),
    ],
)
def test_nobody_else_is_answered_with_his_own_words(
    client: httpx.Client, path: str, status: int
) -> None:
    answer = client.post(f"/hooks/{path}")
    assert answer.status_code == status
    assert "abc" not in answer.text


def notified(state: str, number: int, **more: Any) -> dict[str, Any]:
    said = {"changeType": "updated", "resource": "users/6f9d5c1e-0d5a-4c7e-9c53-0a3f6b2f7d11"}
    return {"subscriptionId": f"sub-{number}", "clientState": state} | said | more


def test_of_several_notifications_the_genuine_are_kept_without_their_secret(
    house: Service, client: httpx.Client
) -> None:
    value = [notified(STATE, 1), notified("a-forgotten-subscription", 2), notified(STATE, 3)]
    answer = client.post("/hooks/graph?validationToken=abc", json={"value": value})
    assert answer.status_code == 202
    (kept,) = rows(house, tables.delivery_body)
    assert [one["subscriptionId"] for one in json.loads(kept.bytes)["value"]] == ["sub-1", "sub-3"]
    assert rejections(house) == ["1 of 3 notifications do not carry the source's clientState"]
    again = client.post("/hooks/graph", json={"value": value[::2]}).json()
    assert again == {"alert": answer.json()["alert"], "duplicate": True}
    for table in tables.metadata.sorted_tables:
        assert STATE not in repr(rows(house, table))


def test_notifications_of_nobody_are_refused(house: Service, client: httpx.Client) -> None:
    answer = client.post("/hooks/graph", json={"value": [notified("what-somebody-guessed", 1)]})
    assert answer.status_code == 401
    assert client.post("/hooks/graph").status_code == 401
    assert rows(house, tables.alert) == []
    assert len(rejections(house)) == 2


def test_a_verification_event_is_taken(house: Service, client: httpx.Client) -> None:
    said = claims(
        sub_id={"format": "opaque", "id": "stream-1"},
        events={f"{SSF}verification": {"state": "VGhpcw"}},
    )
    assert push(client, token(said)).status_code == 202
    assert len(rows(house, tables.alert)) == 1

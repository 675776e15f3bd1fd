"""Whatever is sent to a hook is answered as docs/hooks.openapi.yaml says, and never with a 5xx."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks
from signed_practice import AUDIENCE, ISSUER, jwk, jwks, token
from web_house import open_house, rows

from detectors.origin import SIGNED_HEADERS
from ledger import tables
from tasks.service import Service
from web.app import create_app

DOCUMENT = Path(__file__).parents[2] / "docs" / "hooks.openapi.yaml"
SECRET = "a-shared-secret-of-the-detector"
SHARED = {"proof": "shared_secret", "secret": SECRET}
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("house")
    (folder / "jwks.json").write_bytes(jwks(jwk()))
    ssf = {
        "proof": "ssf", "issuer": ISSUER, "audience": AUDIENCE, "jwks_path": str(folder / "jwks.json"),
    }  # fmt: skip
    sources = {
        "sentinel": {"kind": "sentinel", "origin": SHARED},
        "okta": {"kind": "okta_event_hook", "origin": SHARED},
        "edr": {"kind": "generic", "origin": {"proof": "standard_webhooks", "secret": SECRET}},
        "idp": {"kind": "ssf_set", "origin": ssf},
        "graph": {
            "kind": "graph_change_notification",
            "origin": {"proof": "client_state", "secret": SECRET},
        },
    }
    service = open_house(folder, sources=sources, web={"body_limit_bytes": 4096})
    yield service
    service.database.close()


@pytest.fixture(scope="module")
def paths(house: Service) -> Any:
    loaded = schemathesis.openapi.from_path(DOCUMENT)
    loaded.app = create_app(house)
    return loaded["/hooks/{source}"]


def send(operation: Any, source: str, examples: int, proof: Any = None) -> set[int]:
    """Send what schemathesis makes up, ``proof`` added; return the statuses that came."""
    seen: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def sent(case: Any) -> None:
        case.path_parameters = {"source": source}
        if proof is not None:
            proof(case)
        answer = case.call()
        silent = (source, answer.status_code) == ("idp", 202)  # which OpenAPI cannot say
        assert not silent or answer.content == b""
        case.validate_response(answer, checks=CHECKS[:2] if silent else CHECKS)
        seen.add(answer.status_code)

    sent()
    return seen


@pytest.mark.parametrize("source", ["sentinel", "okta", "edr", "idp", "graph", "nobody"])
def test_strangers_are_refused_and_nothing_breaks(paths: Any, source: str) -> None:
    refused = {"nobody": {404}, "idp": {400}}.get(source, {401})
    assert send(paths["POST"], source, 25) <= refused | {200, 413}
    assert send(paths["GET"], source, 8) <= {401, 404, 405}


def with_secret(case: Any) -> None:
    case.headers = {**dict(case.headers or {}), "Authorization": SECRET}


def raw(case: Any) -> bytes:
    """What is made up, as bytes."""
    body = case.body
    if isinstance(body, bytes):
        return body
    return json.dumps(body, default=str).encode(errors="replace")


def signed(case: Any) -> None:
    body, seconds = raw(case), str(int(time.time()))
    content = b".".join((b"msg", seconds.encode(), body))
    mark = base64.b64encode(hmac.digest(SECRET.encode(), content, "sha256")).decode()
    case.headers = dict(zip(SIGNED_HEADERS, ("msg", seconds, f"v1,{mark}"), strict=True))
    case.body, case.media_type = body, "application/octet-stream"


def as_event_token(case: Any) -> None:
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": 1,
        "jti": "j",
        "events": {"x": raw(case).decode()},
    }
    case.body, case.media_type = token(said), "application/octet-stream"
    case.headers = {"Content-Type": "application/secevent+jwt"}


def with_client_state(case: Any) -> None:
    one = {"clientState": SECRET, "resourceData": raw(case).decode()}
    case.body, case.media_type = {"value": [one, {"clientState": "no"}]}, "application/json"
    case.headers = {}


@pytest.mark.parametrize(
    ("source", "proof", "taken"),
    [
        ("sentinel", with_secret, 202),
        ("okta", with_secret, 200),
        ("edr", signed, 202),
        ("idp", as_event_token, 202),
        ("graph", with_client_state, 202),
    ],
)
def test_whatever_a_genuine_sender_says_is_kept(
    house: Service, paths: Any, source: str, proof: Any, taken: int
) -> None:
    seen = send(paths["POST"], source, 25, proof)
    assert taken in seen
    assert seen <= {taken, 400, 413}
    assert rows(house, tables.alert, tables.alert.c.source == source)


def test_okta_s_question_is_answered(paths: Any) -> None:
    assert send(paths["GET"], "okta", 15, with_secret) <= {200, 405}

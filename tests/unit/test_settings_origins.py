"""How a source proves itself fits together, and fits what it sends."""

from __future__ import annotations

from pathlib import Path

import pytest
from signed_practice import jwk, jwks

from cli.checks import CHECKS
from config.load import Loaded, SettingsError, load

SSF = """
[sources.idp]
kind = "ssf_set"
[sources.idp.origin]
proof = "ssf"
issuer = "https://ssf.example.com"
audience = "https://rescind.contoso.com"
"""
URL = 'jwks_url = "https://ssf.example.com/jwks"\n'
GRAPH = """
[sources.graph]
kind = "graph_change_notification"
origin = { proof = "client_state", secret = "the-subscription-s-secret" }
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keys").mkdir()
    Path("keys/jwks.json").write_bytes(jwks(jwk()))
    Path("keys/none.json").write_text('{"keys": []}')


def read(text: str) -> Loaded:
    Path("rescind.toml").write_text(text)
    return load(None, {}, checks=CHECKS)


@pytest.mark.parametrize(
    "text",
    [
        SSF + URL,
        SSF + URL + 'secret = "what-the-stream-sends"\nprevious_secret = "what-it-sent-before"',
        SSF + 'jwks_url = "http://127.0.0.1:9/jwks"',
        SSF + 'jwks_path = "keys/jwks.json"',
        GRAPH,
        GRAPH.replace("client_state", "shared_secret"),
    ],
)
def test_what_fits_is_taken(text: str) -> None:
    assert read(text).settings.sources


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        (SSF, "idp.origin.jwks_url", "is missing"),
        (SSF + URL + 'jwks_path = "keys/jwks.json"', "idp.origin.jwks_url", "a file too"),
        (SSF + URL.replace("https", "http", 1), "idp.origin.jwks_url", "on this machine only"),
        (SSF + URL.replace("//", "//a:b@"), "idp.origin.jwks_url", "a password"),
        (SSF + URL + 'previous_secret = "what-it-sent-before"', "idp.origin.previous_secret", "no secret"),
        (SSF + 'jwks_path = "keys/none.json"', "idp.origin.jwks_path", "no public key"),
        (SSF + 'jwks_path = "nowhere.json"', "idp.origin.jwks_path", "cannot be read"),
        (SSF.replace("ssf_set", "sentinel") + URL, "idp.origin.proof", "of kind sentinel"),
        (GRAPH.replace("graph_change_notification", "okta_event_hook"), "graph.origin.proof",
         "of kind okta_event_hook"),
        (GRAPH.replace("the-subscription-s-secret", "x" * 129), "graph.origin.secret", "too long"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(text: str, key: str, what: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(text)
    (problem,) = refusal.value.problems
    assert ".".join(map(str, problem.key)) == f"sources.{key}"
    assert what in problem.what

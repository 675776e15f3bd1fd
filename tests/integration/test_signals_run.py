"""A whole run that tells an application: its keys from the console's server, its session gone after."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator import faults
from simulator.payroll_state import Trust

from house import House, house, wait_for

OUT = """
id: out
name: Out of everything
countermeasure: CM0080
version: "1"
description: Revoke, and tell the applications that do not ask.
steps:
  - {id: entra, stage: revoke, action: entra.revoke_sessions}
  - {id: okta, stage: revoke, action: okta.revoke_sessions}
  - {id: tell, stage: revoke, action: signals.session_revoked}
  - {id: warn, stage: revoke, action: signals.credential_compromise}
  - {id: out, stage: revoke, action: signals.global_token_revocation}
"""
SIGNALS = """
[tenants.contoso.signals]
issuer = "https://rescind.contoso.com"
signing_key_file = "signals.pem"
[tenants.contoso.signals.receivers.payroll]
url = "SIM_URL/payroll/events"
audience = "https://payroll.contoso.com"
[tenants.contoso.signals.revocation_endpoints.payroll]
url = "SIM_URL/payroll/global-token-revocation"

[playbooks]
folder = "books"
"""


@pytest.fixture
def built(tmp_path: Path):  # noqa: ANN201 - a generator fixture
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "out.yaml").write_text(OUT)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "signals.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with house(tmp_path, extra=SIGNALS) as made:
        made.config.write_text(
            made.config.read_text().replace(
                'kind = "sentinel"', 'kind = "sentinel"\nplaybook = "out"'
            )
        )
        yield made


def published(built: House) -> httpx.Response:
    return httpx.get(f"{built.url}/.well-known/jwks.json", timeout=60, trust_env=False)


def trusted(built: House) -> None:
    """The app reads the keys where everybody does."""
    keys = published(built).json()["keys"]
    built.sim.tenant.payroll.trust = Trust(
        "https://rescind.contoso.com", "https://payroll.contoso.com", keys
    )


def test_the_app_verifies_by_the_published_keys_and_ends_its_session(built: House) -> None:
    built.start()
    answer = published(built)
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert all(set(key) == {"kty", "use", "alg", "kid", "n", "e"} for key in answer.json()["keys"])
    trusted(built)
    assert built.post(built.incident()).status_code == 202
    run = built.finished_run()
    outcomes = built.outcomes(run.id)
    assert {outcomes[node] for node in ("tell", "warn", "out")} == {"accepted"}
    assert run.status == "contained"  # an application that was told is no system left open
    payroll = built.sim.tenant.payroll
    assert {session.key for session in payroll.sessions} == {"omar.reyes", "user07"}
    assert [claims["txn"] for claims in payroll.received] == [run.id, run.id]
    told = str(built.told()) + built.logs()
    assert "PRIVATE KEY" not in told
    assert "eyJ" not in told  # no token of ours, no header
    assert payroll.received[0]["jti"] in told  # to be found in the receiver's log
    assert built.verify().verified


def test_a_lost_answer_is_told_again_as_the_same_token(built: House) -> None:
    built.start()
    trusted(built)
    lost = faults.Fault(
        faults.apply_then_drop(), system="payroll", path_regex="/payroll/events", times=2
    )
    built.sim.faults.add(lost)
    assert built.post(built.incident()).status_code == 202
    run = built.finished_run()
    assert built.outcomes(run.id)["tell"] == "accepted"
    payroll = built.sim.tenant.payroll
    assert len(payroll.received) == 2  # one of each event, however often it came
    assert lost.hits == 2
    assert built.verify().verified


def test_a_worker_that_dies_while_it_tells_is_followed_by_one_that_tells_the_same(
    built: House,
) -> None:
    built.start()
    trusted(built)
    built.sim.faults.add(
        faults.Fault(faults.delay(5), system="payroll", path_regex="/payroll/events", times=1)
    )
    assert built.post(built.incident()).status_code == 202
    before = re.compile(r"'jti': '([0-9a-f]{32})'")

    def sent() -> set[str]:
        return set(before.findall(str(built.told())))

    wait_for(sent, 20, "an intent to tell", built.progress)
    built.kill()
    built.start()
    run = built.finished_run()
    assert built.outcomes(run.id)["tell"] == "accepted"
    claims = built.sim.tenant.payroll.received
    assert len({each["jti"] for each in claims}) == len(claims) == 2
    assert sent() == {each["jti"] for each in claims}
    assert built.verify().verified


def test_an_app_that_refuses_makes_the_run_partial_and_says_so(built: House) -> None:
    built.start()
    trusted(built)
    built.sim.tenant.payroll.trust.audience = "https://another.example.com"  # type: ignore[union-attr]
    assert built.post(built.incident()).status_code == 202
    run = built.finished_run()
    outcomes = built.outcomes(run.id)
    assert (outcomes["tell"], outcomes["out"]) == ("failed", "accepted")
    assert "invalid_audience" in built.steps(run.id)["tell"].reason
    assert run.status == "partial"

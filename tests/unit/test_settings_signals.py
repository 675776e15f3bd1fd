"""Signals in the settings: whoever is told is told what he can read, or the operator hears of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cli.checks import CHECKS
from config.checks import problems
from config.load import SettingsError, load
from config.settings import Settings

PAYROLL = {"url": "https://payroll.contoso.com/events", "audience": "https://payroll.contoso.com"}
OKTA = {
    "url": "https://contoso.okta.com/security/api/v1/security-events",
    "audience": "https://contoso.okta.com",
    "kind": "okta",
}
APP = {"url": "https://crm.example.com/global-token-revocation"}
DIRECTORY = {"org_url": "https://contoso.okta.com", "api_token": "a-token"}


@cache
def key(bits: int = 2048, which: int = 0) -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    assert which >= 0
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def tree(**signals: Any) -> dict[str, Any]:
    given = {"issuer": "https://rescind.contoso.com", "signing_key": key(), **signals}
    given.setdefault("receivers", {"payroll": PAYROLL})
    return {"tenants": {"contoso": {"okta": DIRECTORY, "signals": given}}}


def found(**signals: Any) -> dict[str, str]:
    told = problems(Settings.model_validate(tree(**signals)))
    return {
        ".".join(map(str, one.key)).removeprefix(
            "tenants.contoso.signals."
        ): f"{one.what}: {one.right}"
        for one in told
    }


@pytest.mark.parametrize(
    "signals",
    [
        {},
        {"receivers": {"okta": OKTA}},
        {"receivers": {"okta": {**OKTA, "events": ["session_revoked"]}}},
        {"receivers": {"p": {**PAYROLL, "complex": True}}},
        {"receivers": {"p": {**PAYROLL, "url": "http://127.0.0.1:8490/payroll/events"}}},
        {"receivers": {"p": {**PAYROLL, "subject": "opaque", "subject_from": "okta_user_id"}}},
        {"receivers": {}, "revocation_endpoints": {"crm": APP}},
        {"revocation_endpoints": {"crm": {**APP, "authorization": "Bearer of-somebody"}}},
        {"previous_key": "whatever", "previous_key_id": "k1"},
    ],
)
def test_what_fits_has_no_problem(signals: dict[str, Any]) -> None:
    assert found(**signals) == {}


@pytest.mark.parametrize(
    ("signals", "where", "what"),
    [
        ({"issuer": "http://rescind.contoso.com"}, "issuer", "https://"),
        ({"issuer": "https://u:p@rescind.contoso.com"}, "issuer", "password"),
        ({"previous_key_id": "k1"}, "previous_key_id", "previous_key"),
        ({"receivers": {}}, "tenants.contoso.signals", "nobody is told"),
        ({"receivers": {"p": {**PAYROLL, "url": "http://payroll.contoso.com/events"}}},
         "receivers.p.url", "https://"),
        ({"receivers": {"p": {**PAYROLL, "url": "https://payroll.contoso.com/e?key=x"}}},
         "receivers.p.url", "authorization"),
        ({"receivers": {"p": {**PAYROLL, "subject": "opaque"}}},
         "receivers.p.subject_from", "is missing"),
        ({"receivers": {"p": {**PAYROLL, "subject": "iss_sub", "subject_from": "okta_user_id"}}},
         "receivers.p.subject_issuer", "is missing"),
        ({"receivers": {"p": {**PAYROLL, "subject_issuer": "https://x.example.com"}}},
         "receivers.p.subject_issuer", "iss_sub"),
        ({"receivers": {"p": {**PAYROLL, "subject_from": "okta_user_id"}}},
         "receivers.p.subject_from", "no mail address"),
        ({"receivers": {"o": {**OKTA, "kind": "standard"}}}, "receivers.o.kind", "okta"),
        ({"receivers": {"o": {**OKTA, "url": "https://contoso.okta.com/events"}}},
         "receivers.o.url", "/security/api/v1/security-events"),
        ({"receivers": {"o": {**OKTA, "events": ["credential_compromise"]}}},
         "receivers.o.events", "session_revoked only"),
        ({"receivers": {"o": {**OKTA, "complex": True}}}, "receivers.o.complex", "standard"),
        ({"receivers": {"o": {**OKTA, "subject": "opaque", "subject_from": "okta_user_id"}}},
         "receivers.o.subject", "email"),
        ({"revocation_endpoints": {"c": {**APP, "authorization": "Bearer x-y", "caller": "a"}}},
         "revocation_endpoints.c.caller", "authorization"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(signals: dict[str, Any], where: str, what: str) -> None:
    told = found(**signals)
    assert list(told) == [where]
    assert what in told[where]


@pytest.mark.parametrize(
    "signals",
    [
        {"issuer": "rescind"},
        {"issuer": "https://rescind.contoso.com?x"},
        {"key_id": "a b"},
        {"receivers": {"p": {**PAYROLL, "audience": ""}}},
        {"receivers": {"p": {**PAYROLL, "events": ["logout"]}}},
        {"receivers": {"p": {**PAYROLL, "subject": "phone"}}},
        {"receivers": {"p": {**PAYROLL, "authorization": "Bearer one\r\nHost: other"}}},
        {"receivers": {"p": {**PAYROLL, "aud": "x"}}},
    ],
)
def test_what_is_none_of_the_values_is_refused(signals: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Settings.model_validate(tree(**signals))


def test_two_tenants_do_not_name_two_keys_alike() -> None:
    both = tree(key_id="k1")["tenants"]["contoso"]
    other = json.loads(json.dumps(both))
    tenants = {"contoso": both, "fabrikam": other}
    assert problems(Settings.model_validate({"tenants": tenants})) == []
    other["signals"]["signing_key"] = key(which=1)
    (problem,) = problems(Settings.model_validate({"tenants": tenants}))
    assert problem.key == ("tenants", "fabrikam", "signals", "key_id")


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"signing_key": "no key of mine"}, "signing_key"),
        ({"signing_key": key(1024)}, "signing_key"),
        ({"previous_key": "no key of mine"}, "previous_key"),
        ({"key_id": "k1", "previous_key": key(which=1), "previous_key_id": "k1"}, "previous_key"),
    ],
)
def test_keys_are_read_before_anything_starts(
    given: dict[str, Any], where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    load(None, {}, overrides=tree(), checks=CHECKS)
    with pytest.raises(SettingsError) as refusal:
        load(None, {}, overrides=tree(**given), checks=CHECKS)
    (problem,) = refusal.value.problems
    assert problem.key == ("tenants", "contoso", "signals", where)
    assert "no key of mine" not in str(refusal.value)
    assert problem.right


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "signals.pem").write_text(key())
    (tmp_path / "payroll").write_text("Bearer of-the-receiver\n")
    (tmp_path / "rescind.toml").write_text(
        """
        [tenants.contoso.okta]
        org_url = "https://contoso.okta.com"
        api_token = "x"
        [tenants.contoso.signals]
        issuer = "https://rescind.contoso.com"
        signing_key_file = "signals.pem"
        [tenants.contoso.signals.receivers.payroll]
        url = "https://payroll.contoso.com/events"
        audience = "https://payroll.contoso.com"
        authorization_file = "payroll"
        """
    )
    loaded = load(tmp_path / "rescind.toml", {}, checks=CHECKS)
    signals = loaded.settings.tenants["contoso"].signals
    assert signals is not None
    authorization = signals.receivers["payroll"].authorization
    assert authorization is not None
    assert authorization.get_secret_value() == "Bearer of-the-receiver"
    shown = str(loaded.leaves)
    assert "of-the-receiver" not in shown
    assert "PRIVATE KEY" not in shown


def test_signals_alone_make_no_tenant() -> None:
    alone = {"tenants": {"contoso": {"signals": tree()["tenants"]["contoso"]["signals"]}}}
    (problem,) = problems(Settings.model_validate(alone))
    assert problem.what == "has no system"

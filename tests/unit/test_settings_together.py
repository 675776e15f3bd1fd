"""What is wrong is told together, and nothing that is wrong only because something else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.checks import CHECKS
from config.load import SettingsError, load

GUID = "6f9d5c1e-0d5a-4c7e-9c53-0a3f6b2f7d11"
SECRET = "correct-horse-battery"
MORE = "More may follow"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(text: str, environ: dict[str, str] | None = None) -> tuple[set[str], str]:
    """Return the keys that something is said of, each once, and all that is said."""
    Path("rescind.toml").write_text(text)
    with pytest.raises(SettingsError) as refusal:
        load(None, environ or {}, checks=CHECKS)
    keys = [".".join(map(str, problem.key)) for problem in refusal.value.problems]
    assert len(set(keys)) == len(keys)
    return set(keys), str(refusal.value)


WRONG = """
[sources.a]
kind = "sentinell"
tenant = "contosso"
playbook = "cm0081"
[sources.a.origin]
proof = "shared_secret"
{secret}
[sources.b]
kind = "generic"
[sources.b.origin]
proof = "standard_webhooks"
secret = "correct-horse-battery-staple"
[sources.b.mapping]
title = "name"
[tenants.contoso.okta]
org_url = "https://contoso-admin.okta.com"
[[guardrails.protected]]
id = "mona@contoso.com"
reason = "runs the company"
[playbooks.parameters.cm0080]
disabel = true
"""
KEYS = {
    "sources.a.kind", "sources.a.tenant", "sources.a.playbook", "sources.b.mapping",
    "tenants.contoso.okta.org_url", "tenants.contoso.okta", "guardrails.protected.0.id",
    "playbooks.parameters.cm0080.disabel",
}  # fmt: skip


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("secret = 'short'", "secret"),
        ("secret_file = 'nowhere'", "secret_file"),
        ("", "secret"),
        ("secret = 7", "secret"),
    ],
)
def test_a_wrong_secret_hides_nothing_else(secret: str, key: str) -> None:
    keys, said = told(WRONG.format(secret=secret))
    assert keys == KEYS | {f"sources.a.origin.{key}"}
    assert MORE in said


def test_where_nothing_was_left_out_no_more_is_promised() -> None:
    keys, said = told(WRONG.format(secret=f"secret = '{SECRET}'"))
    assert keys == KEYS
    assert MORE not in said


SOURCE = f"kind = 'sentinel'\norigin = {{ proof = 'shared_secret', secret = '{SECRET}' }}\n"
OKTA = f"org_url = 'https://contoso.okta.com'\napi_token = '{SECRET}'\n"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (f"[sources.a]\ntenant = 'contoso'\n{SOURCE}[tennants.contoso.okta]\n{OKTA}", {"tennants"}),
        (f"[sources.a]\ntenant = 'contoso'\n{SOURCE}[tenants.contoso.okta]\nkey_id = 7\n{OKTA}",
         {"tenants.contoso.okta.key_id"}),
        (f"[sources.a]\ntenant = 'contoso'\n{SOURCE}[tenants.contoso.okta]\napi_token = 'x'",
         {"tenants.contoso.okta.org_url"}),
        (f"[sources.a]\ntenant = 'conto'\n{SOURCE}[tenants.contoso.okta]\napi_token = 'x'",
         {"tenants.contoso.okta.org_url", "sources.a.tenant"}),
        ("[tenants.contoso.okta]\norg_url = 'https://contoso.okta.com'\napi_tokn = 'x'",
         {"tenants.contoso.okta.api_tokn"}),
        ("[tenants.contoso.okta]\norg_url = 'https://contoso.okta.com'\napi_token_file = 'x'",
         {"tenants.contoso.okta.api_token_file"}),
        ("[tenants.contoso.entra]\ntenant_id = 'contoso.com'\ncertificate_path = 7\n"
         "certificate_password = 'x'\nclient_id = 'a'", {"tenants.contoso.entra.certificate_path"}),
        (f"[tenants.contoso]\nentra = 7\n[tenants.contoso.okta]\n{OKTA}[[guardrails.protected]]\n"
         f"id = '{GUID}'\nreason = 'x'", {"tenants.contoso.entra"}),
        ("[playbooks]\nfolder = 7\n[playbooks.parameters.mine]\nx = 1", {"playbooks.folder"}),
        ("[playbooks]\nfoldr = 'x'\n[playbooks.parameters.mine]\nx = 1", {"playbooks.foldr"}),
        ("[chat]\nschemas = 7\nurls = { soc = 'own://x' }", {"chat.schemas"}),
        ("[chat]\ntimeout_s = true\nurls = { soc = 'own://x' }", {"chat.timeout_s", "chat.urls.soc"}),
        ("[chat]\nurls = { soc = 7 }", {"chat.urls.soc"}),
        ("[web]\nhost = '0.0.0.0'\npublic_url = 'x'", {"web.public_url"}),
        ("[[guardrails.protected]]\nid = 'x'\nreason = 'x'\n[[guardrails.protected]]\nid = 'x'",
         {"guardrails.protected.0.id", "guardrails.protected.1.reason"}),
        ("[sources.a]\nkind = 'generic'\n[sources.a.origin]\nproof = 'x'\n"
         f"[sources.b]\ntenant = 'x'\n{SOURCE}", {"sources.a.origin.proof", "sources.b.tenant"}),
        ("[sources.a]\nkind = 'generic'\nmapping = { title = 7 }\n"
         f"origin = {{ proof = 'shared_secret', secret = '{SECRET}' }}", {"sources.a.mapping.title"}),
        ("tenants = 7\nsources = 7", {"tenants", "sources"}),
    ],
)  # fmt: skip
def test_what_may_be_due_to_something_wrong_is_not_told(text: str, keys: set[str]) -> None:
    assert told(text)[0] == keys


def test_a_file_that_is_not_toml_may_hold_more() -> None:
    assert MORE in told("[web]\nport =")[1]


def test_a_secret_whose_file_is_empty_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "sources__a__origin__secret").touch()
    text = "[sources.a]\nkind = 'sentinel'\norigin = { proof = 'shared_secret' }\n"
    keys, said = told(text, {"RESCIND_SECRETS_DIR": str(tmp_path / "secrets")})
    assert keys == {"sources.a.origin.secret"}
    assert "the file is empty" in said

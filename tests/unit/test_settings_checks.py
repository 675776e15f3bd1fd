"""Credentials are complete, tokens travel encrypted, names mean something."""

from __future__ import annotations

from typing import Any

import pytest

from config.checks import problems
from config.settings import Settings

ANY = "0.0.0.0"  # noqa: S104 - the point
ENTRA = {"tenant_id": "contoso.com"}
AUTH0 = {"domain": "contoso.eu.auth0.com"}
OKTA = {"org_url": "https://contoso.okta.com"}
SECRET = "correct-horse-battery"
SOURCE = {"kind": "sentinel", "origin": {"proof": "shared_secret", "secret": SECRET}}


def tenant(**systems: Any) -> dict[str, Any]:
    return {"tenants": {"contoso": systems}}


def found(tree: dict[str, Any]) -> dict[str, str]:
    told: dict[str, str] = {}
    for problem in problems(Settings.model_validate(tree)):
        key = ".".join(map(str, problem.key))
        told[key] = f"{told.get(key, '')} {problem.what}: {problem.right}"
    return told


@pytest.mark.parametrize(
    "tree",
    [
        {},
        tenant(entra=ENTRA),
        tenant(entra=ENTRA | {"client_id": "a"}),
        tenant(entra=ENTRA | {"client_id": "a", "client_secret": SECRET}),
        tenant(entra=ENTRA | {"access_token": SECRET, "base_url": "http://127.0.0.1:8481/v1.0"}),
        tenant(entra=ENTRA | {"access_token": SECRET, "base_url": "http://[::1]:8481/v1.0"}),
        tenant(entra=ENTRA | {"cloud": "us_gov", "base_url": "https://graph.microsoft.us/v1.0"}),
        tenant(okta=OKTA | {"api_token": SECRET}),
        tenant(okta=OKTA | {"client_id": "0oa", "private_key": SECRET, "key_id": "k"}),
        tenant(okta={"org_url": "http://localhost:8482", "api_token": SECRET}),
        tenant(auth0=AUTH0 | {"client_id": "a", "client_secret": SECRET}),
        tenant(auth0=AUTH0 | {"access_token": SECRET, "base_url": "http://127.0.0.1:8483"}),
        tenant(
            auth0=AUTH0
            | {"client_id": "a", "client_secret": SECRET, "base_url": "http://[::1]:8483"}
        ),
        tenant(entra=ENTRA, exchange={}),
        tenant(entra=ENTRA, exchange={"enabled": False, "organization": "contoso.onmicrosoft.com"}),
        tenant(
            entra=ENTRA | {"access_token": SECRET, "base_url": "http://127.0.0.1:8481/v1.0"},
            exchange={"base_url": "http://127.0.0.1:8481"},
        ),
        {"web": {"public_url": "https://rescind.contoso.com"}},
        {"web": {"public_url": "http://localhost:8480"}},
        {"web": {"public_url": "https://rescind.contoso.com", "host": ANY}},
        {"web": {"host": "::1"}},
        {"web": {"host": "192.0.2.7"}},
        {"chat": {"urls": {"soc": "slack://a/b/c"}}},
        {**tenant(entra=ENTRA), "sources": {"s": SOURCE | {"tenant": "contoso"}}},
    ],
)
def test_what_fits_has_no_problem(tree: dict[str, Any]) -> None:
    assert found(tree) == {}


OKTA_KEY, ENTRA_KEY = "tenants.contoso.okta", "tenants.contoso.entra"
AUTH0_KEY, EXCHANGE_KEY = "tenants.contoso.auth0", "tenants.contoso.exchange"


@pytest.mark.parametrize(
    ("tree", "key", "told"),
    [
        (tenant(), "tenants.contoso", "no system"),
        (tenant(), "tenants.contoso", "[tenants.contoso.auth0]"),
        (tenant(auth0=AUTH0), AUTH0_KEY, "no credential"),
        (tenant(auth0=AUTH0 | {"client_id": "a"}), f"{AUTH0_KEY}.client_secret", "missing"),
        (tenant(auth0=AUTH0 | {"client_secret": SECRET}), f"{AUTH0_KEY}.client_id", "missing"),
        (tenant(auth0=AUTH0 | {"access_token": SECRET}), f"{AUTH0_KEY}.access_token", "simulator"),
        (tenant(auth0=AUTH0 | {"access_token": SECRET, "client_id": "a", "client_secret": SECRET,
                               "base_url": "http://127.0.0.1:8483"}),
         f"{AUTH0_KEY}.access_token", "both given"),
        (tenant(auth0=AUTH0 | {"client_id": "a", "client_secret": SECRET,
                               "base_url": "https://login.contoso.com"}),
         f"{AUTH0_KEY}.base_url", "https://contoso.eu.auth0.com"),
        (tenant(auth0=AUTH0 | {"access_token": SECRET,
                               "base_url": f"http://me:{SECRET}@127.0.0.1:8483"}),
         f"{AUTH0_KEY}.base_url", "a user name or a password"),
        (tenant(entra=ENTRA | {"client_secret": SECRET}), f"{ENTRA_KEY}.client_id", "missing"),
        (tenant(entra=ENTRA | {"client_id": "a", "client_secret": SECRET,
                               "certificate_path": "/nowhere.pem"}),
         f"{ENTRA_KEY}.certificate_path", "both given"),
        (tenant(entra=ENTRA | {"certificate_password": SECRET}),
         f"{ENTRA_KEY}.certificate_password", "no certificate_path"),
        (tenant(entra=ENTRA | {"access_token": SECRET}), f"{ENTRA_KEY}.access_token", "simulator"),
        (tenant(entra=ENTRA | {"base_url": "http://graph.microsoft.com/v1.0"}),
         f"{ENTRA_KEY}.base_url", "https://"),
        (tenant(entra=ENTRA | {"base_url": "http://127.0.0.1.example.com"}),
         f"{ENTRA_KEY}.base_url", "https://"),
        (tenant(entra=ENTRA | {"cloud": "china"}), f"{ENTRA_KEY}.base_url", "chinacloudapi"),
        (tenant(okta=OKTA | {"api_token": SECRET}, exchange={}), EXCHANGE_KEY, "no entra section"),
        (tenant(entra=ENTRA, exchange={"base_url": "https://mail.contoso.com"}),
         f"{EXCHANGE_KEY}.base_url", "simulator"),
        (tenant(entra=ENTRA, exchange={"base_url": f"http://me:{SECRET}@127.0.0.1:8481"}),
         f"{EXCHANGE_KEY}.base_url", "a user name or a password"),
        (tenant(entra=ENTRA | {"access_token": SECRET, "base_url": "http://127.0.0.1:8481/v1.0"},
                exchange={}), f"{EXCHANGE_KEY}.base_url", "missing"),
        (tenant(okta=OKTA), OKTA_KEY, "no credential"),
        (tenant(okta=OKTA | {"api_token": SECRET, "client_id": "a", "private_key": SECRET}),
         f"{OKTA_KEY}.api_token", "both given"),
        (tenant(okta=OKTA | {"private_key": SECRET}), f"{OKTA_KEY}.client_id", "missing"),
        (tenant(okta=OKTA | {"client_id": "a"}), f"{OKTA_KEY}.private_key", "missing"),
        (tenant(okta=OKTA | {"api_token": SECRET, "key_id": "k"}), f"{OKTA_KEY}.key_id", "both"),
        (tenant(okta=OKTA | {"client_id": "a", "private_key": SECRET, "scopes": []}),
         f"{OKTA_KEY}.scopes", "empty"),
        (tenant(okta={"org_url": "http://contoso.okta.com", "api_token": SECRET}),
         f"{OKTA_KEY}.org_url", "https://"),
        (tenant(okta={"org_url": "https://contoso-admin.okta.com", "api_token": SECRET}),
         f"{OKTA_KEY}.org_url", "https://contoso.okta.com"),
        ({"web": {"public_url": "http://rescind.contoso.com"}}, "web.public_url", "https://"),
        ({"web": {"public_url": f"https://me:{SECRET}@rescind.contoso.com"}}, "web.public_url",
         "a user name or a password"),
        (tenant(okta={"org_url": f"https://me:{SECRET}@contoso.okta.com", "api_token": SECRET}),
         f"{OKTA_KEY}.org_url", "a user name or a password"),
        (tenant(entra=ENTRA | {"base_url": f"https://{SECRET}@graph.microsoft.com/v1.0"}),
         f"{ENTRA_KEY}.base_url", "a user name or a password"),
        ({"web": {"host": ANY}}, "web.public_url", "http://0.0.0.0:8480"),
        ({"web": {"host": "::"}}, "web.public_url", "http://[::]:8480"),
        ({"web": {"host": "0", "port": 80}}, "web.public_url", "http://0:80"),
        ({"playbooks": {"folder": "/nowhere"}}, "playbooks.folder", "no such folder"),
        ({"database": {"url": f"mysql://a:{SECRET}@db.example.com/b"}}, "database.url", "sqlite"),
        ({"broker": {"url": f"kafka://a:{SECRET}@broker.example.com"}}, "broker.url", "redis"),
        ({"chat": {"urls": {"soc": SECRET}}}, "chat.urls.soc", "no apprise URL"),
        ({"chat": {"urls": {"soc": f"{SECRET}://x"}}}, "chat.urls.soc", "not among chat.schemas"),
        ({"sources": {"s": SOURCE | {"tenant": "contoso"}}}, "sources.s.tenant", "none yet"),
        ({"sources": {"rescind": SOURCE}}, "sources.rescind", "another name"),
        ({**tenant(entra=ENTRA), "sources": {"s": SOURCE | {"tenant": "contosso"}}},
         "sources.s.tenant", "did you mean contoso?"),
        ({"tenants": {"a": {"entra": ENTRA, "domains": ["contoso.com"]},
                      "b": {"entra": ENTRA, "domains": ["x.com", "Contoso.com"]}}},
         "tenants.b.domains", "tenant a"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(tree: dict[str, Any], key: str, told: str) -> None:
    problems_found = found(tree)
    assert told in problems_found[key]
    assert SECRET not in str(problems_found)


@pytest.mark.parametrize(
    ("web", "url"),
    [
        ({}, "http://127.0.0.1:8480"),
        ({"host": "::1", "port": 80}, "http://[::1]:80"),
        ({"public_url": "https://rescind.contoso.com/"}, "https://rescind.contoso.com"),
    ],
)
def test_links_lead_to_the_console(web: dict[str, Any], url: str) -> None:
    assert Settings.model_validate({"web": web}).web.console_url == url

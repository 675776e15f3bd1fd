"""Small parts of the Entra connector: ids, lifetimes, credentials, passwords, addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.tenants import Entra
from connectors import errors, pinned
from connectors.action import Action, Impact
from connectors.entra import credential, ids, lifetime_policy, users, wire
from connectors.entra.system import EntraSystem
from connectors.reading import Reading
from connectors.unguessable import unguessable

GUID = "70248652-9F3E-5bef-8126-cfce9fb0383b"
SECRET = "s3cr3t-of-the-application"


def settings(**more: Any) -> Entra:
    return Entra(tenant_id="contoso.com", **more)


def test_an_object_id_is_a_guid_in_one_spelling() -> None:
    assert ids.object_id(GUID) == GUID.lower()


@pytest.mark.parametrize(
    "text", ["", "me", "{" + GUID + "}", GUID.replace("-", ""), GUID + " ", "ª" + GUID[1:]]
)
def test_anything_else_is_no_object_id(text: str) -> None:
    with pytest.raises(errors.Refused):
        ids.object_id(text)


@pytest.mark.parametrize(
    "text", ["AQAAAJ5dZqA=", "-2_GRUg2-HYz6_1YG4YRAQ2", "AQAAAJ5thief/+A==", GUID]
)
def test_ids_of_rules_and_methods_pass(text: str) -> None:
    assert ids.opaque_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "me", "ME", "..", "a/../b", "a b", "a%2e", "a?b", "a\n", "x" * 513]
)
def test_what_could_change_an_address_does_not(text: str) -> None:
    with pytest.raises(errors.Refused):
        ids.opaque_id(text)


@pytest.mark.parametrize(
    ("minutes", "span"),
    [(10, "00:10:00"), (90, "01:30:00"), (1439, "23:59:00"), (1440, "1.00:00:00")],
)
def test_a_lifetime_is_written_as_it_is_read(minutes: int, span: str) -> None:
    text = lifetime_policy.definition(minutes)
    assert json.loads(text) == {"TokenLifetimePolicy": {"Version": 1, "AccessTokenLifetime": span}}
    assert lifetime_policy.access_token_minutes({"definition": [text]}) == minutes


@pytest.mark.parametrize(
    "definition", [None, [], ["{"], ["{}"], ['{"TokenLifetimePolicy": 1}'], "x"]
)
def test_a_policy_that_says_nothing_has_no_lifetime(definition: Any) -> None:
    assert lifetime_policy.access_token_minutes({"definition": definition}) is None


def test_our_policy_is_known_by_its_app() -> None:
    mine = {"displayName": lifetime_policy.display_name("app-1", 10)}
    assert lifetime_policy.is_ours(mine, "app-1")
    assert not lifetime_policy.is_ours(mine, "app-2")
    assert not lifetime_policy.is_ours({}, "app-1")


def test_passwords_are_long_of_four_classes_and_never_the_same() -> None:
    made = {unguessable() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) >= 32
        assert any(char.islower() for char in password)
        assert any(char.isupper() for char in password)
        assert any(char.isdigit() for char in password)
        assert any(not char.isalnum() for char in password)
        assert not any(char * 3 in password for char in password)


@pytest.mark.parametrize(
    ("user", "guest"),
    [
        ({"userType": "Guest", "userPrincipalName": "x@contoso.com"}, True),
        ({"userType": "Member", "userPrincipalName": "a_b.example#EXT#@contoso.com"}, True),
        ({"userType": "Member", "userPrincipalName": "x@contoso.com"}, False),
        ({"userType": None, "userPrincipalName": None}, False),
    ],
)
def test_guests_are_those_who_sign_in_elsewhere(user: dict[str, Any], guest: bool) -> None:
    assert users.is_guest(user) is guest


@pytest.mark.parametrize(
    "more",
    [
        {"client_secret": SECRET},
        {"client_id": "app", "certificate_path": Path("/nonexistent/app.pem")},
        {"access_token": SECRET},
    ],
)
def test_a_credential_that_cannot_work_says_what_to_set(more: dict[str, Any]) -> None:
    with pytest.raises(errors.Unauthenticated) as caught:
        credential.choose(settings(**more), loopback=False)
    assert "client_id" in caught.value.remedy
    assert SECRET not in repr(caught.value) + str(caught.value)


def test_a_certificate_that_is_none_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "app.pem"
    path.write_text(SECRET)
    with pytest.raises(errors.Unauthenticated) as caught:
        credential.choose(settings(client_id="app", certificate_path=path), loopback=False)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


def test_federation_without_a_client_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token")
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    with pytest.raises(errors.Unauthenticated):
        credential.choose(settings(), loopback=False)


async def test_each_setting_has_its_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    chosen = [
        credential.choose(settings(client_id="app", client_secret=SECRET), loopback=False),
        credential.choose(settings(), loopback=False),
        credential.choose(settings(access_token=SECRET), loopback=True),
    ]
    names = [type(one).__name__ for one in chosen]
    assert names == ["ClientSecretCredential", "ManagedIdentityCredential", "StaticToken"]
    for one in chosen:
        await one.close()


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({}, "https://graph.microsoft.com/v1.0"),
        ({"cloud": "us_gov"}, "https://graph.microsoft.us/v1.0"),
        ({"cloud": "us_dod"}, "https://dod-graph.microsoft.us/v1.0"),
        ({"cloud": "china"}, "https://microsoftgraph.chinacloudapi.cn/v1.0"),
        ({"base_url": "http://127.0.0.1:4110/"}, "http://127.0.0.1:4110"),
    ],
)
def test_each_cloud_has_its_graph(more: dict[str, Any], url: str) -> None:
    assert wire.graph_url(settings(**more)) == url


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://graph.example.com/a", "https://graph.example.com:443/b", True),
        ("https://graph.example.com", "http://graph.example.com", False),
        ("https://graph.example.com", "https://graph.example.com.example.org", False),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (pinned.origin_of(httpx.URL(one)) == pinned.origin_of(httpx.URL(other))) is same


@pytest.mark.parametrize("kind", EntraSystem.actions.values(), ids=EntraSystem.actions)
def test_every_action_tells_planners_what_they_need(kind: type[Action]) -> None:
    spec = kind.spec
    assert spec.system == "entra"
    assert EntraSystem.actions[spec.name] is kind
    assert spec.countermeasure.startswith("CM00")
    assert spec.permissions
    assert spec.attack
    # what only reads costs nobody anything, and closes nothing
    assert (spec.impact is Impact.NONE) is issubclass(kind, Reading)
    assert bool(spec.disrupts) is bool(spec.leaves_open) is (spec.impact is not Impact.NONE)

"""The transmitter as a system: it finds nobody by itself, and leaves everybody else's people alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from entra_tenant import door_for, settings_for
from jwt.algorithms import RSAAlgorithm
from okta_practice import settings as okta_settings
from signals_practice import (
    MAIL,
    NO_RETRY,
    NORA_ENTRA,
    NORA_OKTA,
    Recorder,
    endpoint,
    private_key,
    receiver,
    settings,
    target,
)

from connectors import errors
from connectors.directory import identify
from connectors.door import Door
from connectors.entra.system import EntraSystem
from connectors.okta.system import OktaSystem
from connectors.signals.keys import SigningKey, published
from connectors.signals.system import SignalsSystem
from connectors.system import Clue, System
from simulator import faults
from simulator.server import Simulator

pytest_plugins = ("practice_tenant",)

SUBJECT = {
    "entra_object_id": NORA_ENTRA,
    "okta_user_id": NORA_OKTA,
    "email": MAIL,
    "okta_email": MAIL,
    "okta_login": MAIL,
    "user_principal_name": MAIL,
}


@pytest.fixture
async def systems(sim: Simulator) -> AsyncIterator[list[System]]:
    # signals first: the order must not matter
    built: list[System] = [
        signals_of(sim),
        EntraSystem("contoso", settings_for(sim.url), door_for()),
        OktaSystem("contoso", okta_settings(sim.url), Door(NO_RETRY)),
    ]
    yield built
    for system in built:
        await system.close()


def signals_of(sim: Simulator) -> SignalsSystem:
    told = settings({"payroll": receiver(sim.url)}, {"payroll-out": endpoint(sim.url)})
    return SignalsSystem("contoso", told, Door(NO_RETRY))


@pytest.mark.parametrize(
    "clue",
    [Clue("email", MAIL), Clue("okta_user_id", NORA_OKTA), Clue("entra_object_id", NORA_ENTRA)],
)
async def test_whoever_was_found_is_whom_signals_are_about(
    systems: list[System], clue: Clue
) -> None:
    found = await identify(systems, [clue])
    account = found.accounts["signals"]
    assert (account.tenant, account.id, account.name) == ("contoso", f"entra:{NORA_ENTRA}", MAIL)
    assert account.facts == SUBJECT
    assert found.person_key == f"entra:{NORA_ENTRA}"
    assert (found.missing, found.ambiguities) == ((), {})


async def test_nobody_is_made_up(systems: list[System]) -> None:
    found = await identify(systems, [Clue("email", "nobody@contoso.com")])
    assert (found.accounts, found.person_key) == ({}, None)
    assert set(found.missing) == {"entra", "okta", "signals"}
    assert await systems[0].find([Clue("email", MAIL), Clue("okta_user_id", NORA_OKTA)]) == ()


async def test_a_person_one_system_knows_is_told_of_by_what_that_system_says(
    systems: list[System],
) -> None:
    found = await identify(systems, [Clue("email", "petra.novak@contoso.com")])
    account = found.accounts["signals"]
    assert account.id == f"okta:{found.accounts['okta'].id}"
    assert "entra_object_id" not in account.facts


async def test_an_alert_that_names_two_people_signals_nobody(systems: list[System]) -> None:
    found = await identify(
        systems, [Clue("entra_object_id", NORA_ENTRA), Clue("email", "omar.reyes@contoso.com")]
    )
    assert found.accounts == {}
    assert "entra" in found.contradicted


async def test_a_silent_directory_stays_a_failure(systems: list[System], sim: Simulator) -> None:
    sim.faults.add(faults.Fault(faults.status(503), system="entra"))
    sim.faults.add(faults.Fault(faults.status(503), system="okta"))
    found = await identify(systems, [Clue("email", MAIL)])
    assert (found.accounts, set(found.failures)) == ({}, {"entra", "okta"})
    sim.faults.clear()
    sim.faults.add(faults.Fault(faults.status(503), system="entra"))
    found = await identify(systems, [Clue("email", MAIL)])
    assert sorted(found.accounts) == ["okta", "signals"]
    assert set(found.failures) == {"entra"}


async def test_each_action_is_built_by_its_name(sim: Simulator) -> None:
    signals = signals_of(sim)
    for name, kind in signals.actions.items():
        action = signals.action(name, {}, Recorder())
        assert type(action) is kind
        assert action.preview(target())
        assert not action.spec.reversible
        assert (signals.lacks(action.spec), signals.told(action.spec)) == ((), False)
    assert sorted(signals.actions) == [
        "signals.credential_compromise",
        "signals.global_token_revocation",
        "signals.session_revoked",
    ]
    with pytest.raises(errors.Refused, match=r"signals\.fly"):
        signals.action("signals.fly", {}, Recorder())


async def test_looking_at_the_recipients_tells_them_nothing(sim: Simulator) -> None:
    signals = signals_of(sim)
    assert await signals.probe() is None
    assert {entry.method for entry in sim.requests.all("payroll")} == {"HEAD"}
    await signals.close()
    dead = SignalsSystem(
        "contoso", settings({"crm": receiver("http://127.0.0.1:9")}), Door(NO_RETRY)
    )
    with pytest.raises(errors.Unavailable, match="crm"):
        await dead.probe()
    await dead.warm()
    await dead.close()


async def test_a_recipient_over_plain_http_elsewhere_is_sent_nothing() -> None:
    told = settings({"crm": receiver("http://crm.example.com")})
    signals = SignalsSystem("contoso", told, Door(NO_RETRY))
    action = signals.action("signals.session_revoked", {}, Recorder())
    before = await action.observe(target())
    with pytest.raises(errors.Refused, match="https"):
        await action.apply(target(), before)
    await signals.close()


def test_listing_the_actions_loads_no_library() -> None:
    code = (
        "import sys, connectors.signals.system as system;"
        "print(len(system.SignalsSystem.actions),"
        " [m for m in sys.modules if m.split('.')[0] in ('jwt', 'httpx', 'cryptography')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "3 []"


def test_the_published_keys_are_public_and_named() -> None:
    signals = settings(previous_key=private_key("old"), previous_key_id="old-1")
    one, old = published(signals)
    assert one["kid"] == SigningKey(signals).id
    assert old["kid"] == "old-1"
    for jwk in (one, old):
        assert set(jwk) == {"kty", "use", "alg", "kid", "n", "e"}
        assert (jwk["kty"], jwk["use"], jwk["alg"]) == ("RSA", "sig", "RS256")
    assert published(settings(previous_key=private_key())) == [one]


def test_a_key_may_be_a_jwk_and_the_earlier_one_only_its_public_half() -> None:
    pem = serialization.load_pem_private_key(private_key().encode(), password=None)
    jwk = json.dumps(RSAAlgorithm.to_jwk(pem, as_dict=True))  # type: ignore[arg-type,call-overload]
    half = (
        serialization.load_pem_private_key(private_key("old").encode(), password=None)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    given = published(settings(signing_key=jwk, previous_key=half))
    assert given == published(settings(previous_key=private_key("old")))


def test_rfc_7638_names_its_own_example() -> None:
    example = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY"
        "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f"
        "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = json.dumps({"kty": "RSA", "n": example, "e": "AQAB"})
    (_, jwk) = published(settings(previous_key=key))
    assert jwk["kid"] == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_a_key_that_cannot_sign_is_refused_without_a_word_of_it() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for wrong in ("hunter2", "{}", curve.decode(), private_key("short", 1024)):
        with pytest.raises(errors.Unauthenticated) as raised:
            SigningKey(settings(signing_key=wrong))
        assert wrong not in str(raised.value) + raised.value.remedy
        assert "2048" in raised.value.remedy
    with pytest.raises(errors.Unauthenticated, match="another key"):
        published(settings(key_id="a", previous_key=private_key("old"), previous_key_id="a"))

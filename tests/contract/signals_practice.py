"""What the signals tests share: keys, settings, the account of the victim, who trusts us."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from okta_practice import BRIEF, NO_RETRY, Recorder, answer, scripted

from config.signals import Signals
from connectors.action import Action, Target
from connectors.door import Door, RetryPolicy
from connectors.signals.client import SignalsClient
from connectors.signals.keys import published
from connectors.signals.subject import account_of
from connectors.system import Account, Clue
from simulator.payroll_state import Trust
from simulator.people import entra_id, okta_user_id
from simulator.server import Simulator

ISSUER = "https://rescind.contoso.com"
AUDIENCE = "https://payroll.contoso.com"
MAIL = "nora.lind@contoso.com"
NORA_OKTA = okta_user_id("nora.lind")
NORA_ENTRA = entra_id("nora.lind")

__all__ = ["BRIEF", "NO_RETRY", "Recorder", "answer", "scripted"]


@cache
def private_key(name: str = "one", bits: int = 2048) -> str:
    """A key of this ``name``, the same for all tests of a process."""
    assert name
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def receiver(url: str, path: str = "/payroll/events", **more: Any) -> dict[str, Any]:
    return {"url": url + path, "audience": AUDIENCE, **more}


def endpoint(url: str, path: str = "/payroll/global-token-revocation", **more: Any) -> Any:
    return {"url": url + path, **more}


def settings(
    receivers: dict[str, Any] | None = None, endpoints: dict[str, Any] | None = None, **more: Any
) -> Signals:
    return Signals.model_validate(
        {
            "issuer": ISSUER,
            "signing_key": private_key(),
            "receivers": receivers or {},
            "revocation_endpoints": endpoints or {},
            **more,
        }
    )


def trust(sim: Simulator, signals: Signals | None = None, **more: Any) -> None:
    """Let the practice app, and Okta, trust our key."""
    keys = json.loads(json.dumps(published(signals or settings())))
    sim.tenant.payroll.trust = Trust(
        **{"issuer": ISSUER, "audience": AUDIENCE, "keys": keys, **more}
    )
    sim.tenant.okta_trust = Trust(ISSUER, "https://contoso.okta.com", keys)


def accounts() -> dict[str, Account]:
    """Nora as the directories know her."""
    return {
        "okta": Account(
            "contoso",
            "okta",
            NORA_OKTA,
            MAIL,
            "Nora Lind",
            (Clue("okta_login", MAIL), Clue("email", MAIL)),
        ),
        "entra": Account(
            "contoso",
            "entra",
            NORA_ENTRA,
            MAIL,
            "Nora Lind",
            (Clue("user_principal_name", MAIL), Clue("email", MAIL)),
        ),
    }


def target(**facts: Any) -> Target:
    account = account_of("contoso", accounts())
    assert account is not None
    return Target(
        "contoso", "signals", account.id, account.name, facts={**dict(account.facts), **facts}
    )


def connected(signals: Signals, policy: RetryPolicy = NO_RETRY) -> SignalsClient:
    return SignalsClient("contoso", signals, Door(policy))


def build(
    kind: Callable[..., Action],
    client: SignalsClient,
    journal: Recorder | None = None,
    **parameters: Any,
) -> Action:
    return kind(client, parameters, journal or Recorder())

"""What the Auth0 tests share: a client on the practice tenant, a journal, a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from okta_practice import BRIEF, NO_RETRY, Recorder, Seen, answer, scripted
from pydantic import AnyHttpUrl, SecretStr

from config.tenants import Auth0
from connectors.action import Action, Target
from connectors.auth0.client import Auth0Client
from connectors.door import Door, RetryPolicy
from simulator.auth0_people import auth0_user_id

TENANT = "contoso"
DOMAIN = "contoso.eu.auth0.com"
TOKEN = "simulated-auth0-token"
VICTIM = auth0_user_id("nora.lind")

__all__ = ["BRIEF", "NO_RETRY", "Recorder", "Seen", "answer", "scripted"]


def settings(url: str, **more: Any) -> Auth0:
    credential = {} if more.get("client_id") else {"access_token": SecretStr(TOKEN)}
    return Auth0(domain=DOMAIN, base_url=AnyHttpUrl(url), **{**credential, **more})


def application(**more: Any) -> dict[str, Any]:
    """The client credentials the practice tenant knows."""
    secret = SecretStr("simulated-auth0-secret")
    return {"client_id": "simulatedAuth0Client", "client_secret": secret, **more}


@asynccontextmanager
async def connected(
    url: str, policy: RetryPolicy = NO_RETRY, **more: Any
) -> AsyncIterator[Auth0Client]:
    """A client that tries once, unless told otherwise."""
    client = Auth0Client(TENANT, settings(url, **more), Door(policy))
    try:
        yield client
    finally:
        await client.close()


def target(user_id: str = VICTIM, **more: Any) -> Target:
    return Target(TENANT, "auth0", user_id, "nora.lind@contoso.com", **more)


def build(
    kind: Callable[..., Action],
    client: Auth0Client,
    journal: Recorder | None = None,
    **parameters: Any,
) -> Action:
    return kind(client, parameters, journal or Recorder())


def user_json(user_id: str = VICTIM, **more: Any) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "email": "nora.lind@contoso.com",
        "email_verified": True,
        "name": "Nora Lind",
        "identities": [{"provider": user_id.partition("|")[0]}],
        **more,
    }

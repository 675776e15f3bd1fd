"""What the Okta tests share: a client on the practice tenant, a journal, a scripted server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import AnyHttpUrl, SecretStr

from config.tenants import Okta
from connectors.action import Action, Patience, Target
from connectors.door import Call, CallResult, Door, RetryPolicy
from connectors.okta.client import OktaClient

TOKEN = "simulated-okta-token"
TENANT = "contoso"
BRIEF = Patience(total_s=0.3, first_s=0.01, step_s=0.05)
NO_RETRY = RetryPolicy(attempts=1, call_timeout_s=5.0)
NORA = "00uNoraLind000000001"


@dataclass
class Recorder:
    """A journal in memory."""

    intents: list[Call] = field(default_factory=list)
    results: list[CallResult] = field(default_factory=list)

    async def intent(self, call: Call) -> str:
        self.intents.append(call)
        return str(len(self.intents))

    async def result(self, intent_id: str, call: Call, result: CallResult) -> None:
        assert self.intents[int(intent_id) - 1] is call
        self.results.append(result)


def settings(url: str, **more: Any) -> Okta:
    credential = {} if more.get("client_id") else {"api_token": SecretStr(TOKEN)}
    return Okta(org_url=AnyHttpUrl(url), **{**credential, **more})


@asynccontextmanager
async def connected(
    url: str, policy: RetryPolicy = NO_RETRY, **more: Any
) -> AsyncIterator[OktaClient]:
    """A client that tries once, unless told otherwise."""
    client = OktaClient(TENANT, settings(url, **more), Door(policy))
    try:
        yield client
    finally:
        await client.close()


def target(user_id: str, **more: Any) -> Target:
    return Target(TENANT, "okta", user_id, "nora.lind@contoso.com", **more)


Kind = Callable[..., Action]


def build(
    kind: Kind, client: OktaClient, journal: Recorder | None = None, **parameters: Any
) -> Action:
    return kind(client, parameters, journal or Recorder())


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path_qs: str
    headers: Mapping[str, str]
    body: str


Respond = Callable[[Seen], web.StreamResponse]


@asynccontextmanager
async def scripted(respond: Respond, port: int = 0) -> AsyncIterator[tuple[str, list[Seen]]]:
    """An HTTP server that answers as told: for what the practice tenant does not do."""
    seen: list[Seen] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(
            Seen(request.method, request.raw_path, request.headers.copy(), await request.text())
        )
        return respond(seen[-1])

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


def answer(body: Any, status: int = 200, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response(body, status=status, headers=named)


def user_json(user_id: str = NORA, **more: Any) -> dict[str, Any]:
    return {
        "id": user_id,
        "status": "ACTIVE",
        "passwordChanged": "2026-01-01T00:00:00.000Z",
        "profile": {"login": "nora.lind@contoso.com", "email": "nora.lind@contoso.com"},
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
        **more,
    }

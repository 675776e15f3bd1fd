"""The one door to the simulator: records every request, checks the key, plays the faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator import mischief
from simulator.answers import (
    Answer,
    auth0_body,
    graph_body,
    json_answer,
    new_request_id,
    okta_body,
)
from simulator.clock import http_date, okta_time, steady_ms
from simulator.faults import Effect, Faults
from simulator.journal import Entry, Journal, redacted
from simulator.tenant import Tenant

Builder = Callable[[Tenant], ASGIApp]
_SAFE = "$:@!'()*,;=~.-_"


@dataclass
class Call:
    """A request as far as the door needs to know it."""

    scope: Scope
    body: bytes
    system: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    request_id: str

    @property
    def client_request_id(self) -> str:
        """The caller's own id, echoed by Graph; ours when it sent none."""
        return self.headers.get("client-request-id", self.request_id)


class Gate:
    """The outermost ASGI application.

    `build` makes the routes for a tenant; `extras` answers /_sim without faults or journal.
    """

    def __init__(
        self,
        tenant: Tenant,
        faults: Faults,
        journal: Journal,
        build: Builder,
        extras: ASGIApp,
    ) -> None:
        self.tenant, self.faults, self.journal = tenant, faults, journal
        self._build, self._extras = build, extras
        self._app = build(tenant)
        self._minutes = {"okta": (0, 0), "auth0": (0, 0)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        path, routed = canonical(scope)
        scope = {**scope, "path": routed, "raw_path": routed.encode()}
        if path.startswith("/_sim"):
            await self._extras(scope, receive, send)
            return
        call = await self._read(scope, path, receive)
        entry = self._record(call)
        if "login" not in call.system and self.tenant.latency_s > 0:
            await asyncio.sleep(self.tenant.latency_s)
        effect = self.faults.take(call.system, call.method, call.path, call.query)
        entry.fault = effect.kind if effect else None
        answer = await self._answer(call, entry, effect)
        entry.finished_ms = steady_ms()
        if answer is None:
            await hang_up(scope, receive)
            return
        entry.status = answer.status
        await self._send(call, answer, send)

    async def _read(self, scope: Scope, path: str, receive: Receive) -> Call:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        system = system_of(path)
        request_id = new_request_id(system)
        query = unquote(scope["query_string"].decode("latin-1"))
        call = Call(scope, body, system, scope["method"], path, query, headers, request_id)
        scope["state"] = {
            "request_id": request_id,
            "client_request_id": call.client_request_id,
        }
        return call

    def _record(self, call: Call) -> Entry:
        started = steady_ms()
        sent = call.scope["path"]
        query = call.scope["query_string"].decode("latin-1")
        entry = Entry(
            n=self.journal.number(),
            at=okta_time(started / 1000),
            started_ms=started,
            system=call.system,
            method=call.method,
            path=f"{sent}?{query}" if query else sent,
            write=changes(call),
            request_id=call.request_id,
            client_request_id=call.headers.get("client-request-id"),
            body=redacted(call.body, call.headers.get("content-type", "")),
        )
        self.journal.append(entry)
        return entry

    async def _answer(self, call: Call, entry: Entry, effect: Effect | None) -> Answer | None:
        """The answer to give; None means the connection is to be closed without one."""
        if effect is None:
            return await self._perform(call, entry)
        now = self.tenant.now()
        match effect.kind:
            case "drop":
                return None
            case "apply_then_drop":
                await self._perform(call, entry)
                return None
            case "apply_then":
                await self._perform(call, entry)
                return mischief.failure(call, effect.status or 504, now)
            case "ignore":
                # On a copy of the tenant: the answer is the true one, the deed is not done.
                shadow = self.tenant.copy()
                return refused(call, shadow) or await perform(self._build(shadow), call)
            case "delay":
                await asyncio.sleep(effect.seconds or 0)
                return await self._perform(call, entry)
            case "foreign_next_link":
                answer = await self._perform(call, entry)
                return mischief.with_next_link(call, answer, effect.url or "")
        return mischief.instead(call, effect, now)

    async def _perform(self, call: Call, entry: Entry) -> Answer:
        denied = refused(call, self.tenant)
        if denied:
            return denied
        # Body and answer are in memory, so the routes never wait while they hold the lock:
        # a request is one step, and tests may change the tenant from their own thread.
        with self.tenant.lock:
            before = self.tenant.revision
            answer = await perform(self._app, call)
            entry.changed = self.tenant.revision != before
        return answer

    async def _send(self, call: Call, answer: Answer, send: Send) -> None:
        headers = [*answer.headers, ("Date", http_date(self.tenant.now()))]
        if call.system in ("entra", "exchange"):
            headers.append(("request-id", call.request_id))
            headers.append(("client-request-id", call.client_request_id))
        elif call.system == "okta":
            headers.append(("X-Okta-Request-Id", call.request_id))
            if answer.header("X-Rate-Limit-Limit") is None:
                limit = self.tenant.okta_rate_limit
                headers += self._rate_limit("okta", "X-Rate-Limit", limit)
        elif call.system == "auth0":
            headers.append(("X-Auth0-RequestId", call.request_id))
            if answer.header("X-RateLimit-Limit") is None:
                limit = self.tenant.auth0_rate_limit
                headers += self._rate_limit("auth0", "X-RateLimit", limit)
        if answer.header("content-length") is None and answer.status not in (204, 304):
            headers.append(("Content-Length", str(len(answer.body))))
        raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.body})

    def _rate_limit(self, system: str, name: str, limit: int) -> list[tuple[str, str]]:
        """The three headers; the count starts anew every minute.

        Sources: Okta devdocs, rl-best-practices; Auth0, rate limit policy.
        """
        minute = int(self.tenant.now() // 60)
        last, count = self._minutes[system]
        used = count + 1 if last == minute else 1
        self._minutes[system] = (minute, used)
        return [
            (f"{name}-Limit", str(limit)),
            (f"{name}-Remaining", str(max(0, limit - used))),
            (f"{name}-Reset", str((minute + 1) * 60)),
        ]


def canonical(scope: Scope) -> tuple[str, str]:
    """The path twice: decoded for people, and with one spelling of every segment for routing.

    Doubled slashes collapse, since msgraph-sdk sends them (`/v1.0//users`); an encoded slash stays inside its segment.
    """
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    segments = [unquote(s) for s in raw.decode("latin-1").partition("?")[0].split("/") if s]
    return "/" + "/".join(segments), "/" + "/".join(quote(s, safe=_SAFE) for s in segments)


def system_of(path: str) -> str:
    """Which service a path belongs to."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in ("oauth", "authorize"):
        return "auth0_login"
    if path.startswith("/api/v2"):
        return "auth0"
    if first in ("v1.0", "beta"):
        return "entra"
    if first == "payroll":
        return "payroll_login" if rest == "me" else "payroll"
    if first == "adminapi":
        return "exchange"
    if path.startswith(("/api/v1/sessions/me", "/oauth2/v1/token")):
        return "okta_login"
    if first in ("api", "oauth2", ".well-known"):
        return "okta"
    return "entra_login" if rest.startswith("oauth2/v2.0") else "okta"


def changes(call: Call) -> bool:
    """Whether a request is meant to change something. Exchange's are all sent by POST."""
    if call.system == "exchange":
        return not call.headers.get("x-cmdletname", "").startswith("Get-")
    return call.method not in ("GET", "HEAD", "OPTIONS") and "login" not in call.system


def refused(call: Call, tenant: Tenant) -> Answer | None:
    """401 when the management API's key is missing or wrong."""
    given = call.headers.get("authorization", "")
    if call.system == "entra" and given != f"Bearer {tenant.graph_api_token}":
        code = "InvalidAuthenticationToken"
        body = graph_body(
            code, "Access token is empty or invalid.", call.request_id, call.client_request_id,
            tenant.now(),
        )  # fmt: skip
        return json_answer(
            401, body, ("WWW-Authenticate", 'Bearer realm="", error="invalid_token"')
        )
    if call.system == "exchange" and given != f"Bearer {tenant.graph_api_token}":
        # Before the sign-in is known, nothing is told.
        return Answer(401, [("WWW-Authenticate", 'Bearer realm="", error="invalid_token"')])
    if call.system == "auth0" and given != f"Bearer {tenant.auth0_api_token}":
        return json_answer(401, auth0_body(401, "", "Invalid token"))
    # okta-sdk-python sends the key without the space, curl with it; Okta takes both.
    keys = (f"SSWS {tenant.okta_api_token}", f"SSWS{tenant.okta_api_token}")
    # A security event token speaks for itself.
    open_to_all = call.path.startswith(("/.well-known", "/security/api/v1/security-events"))
    if call.system == "okta" and not open_to_all and given not in keys:
        return json_answer(401, okta_body("E0000011", "Invalid token provided"))
    return None


async def perform(app: ASGIApp, call: Call) -> Answer:
    """Run the routes in memory and collect their answer."""
    answer = Answer(500)

    async def receive() -> Message:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [
                (k.decode("latin-1"), v.decode("latin-1")) for k, v in message["headers"]
            ]
        else:
            answer.body += message.get("body", b"")

    await app(call.scope, receive, send)
    return answer


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the TCP connection without a byte of answer, and wait until it is closed."""
    abort: Callable[[], None] | None = scope.get("extensions", {}).get("simulator.abort")
    if abort is None:
        raise ConnectionAbortedError("this server cannot drop connections")
    abort()
    waiting: Awaitable[Message] = receive()
    await waiting

"""Tenant log events in Auth0's shape (docs, tenant log schemas), and what a management request leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from simulator.auth0_people import DESKTOP, PORTAL, SYNC
from simulator.auth0_state import Auth0User
from simulator.clock import okta_time
from simulator.okta_scene import Scene

#: The apps by the names their owners gave them.
NAMES = {PORTAL: "Contoso Portal", DESKTOP: "Contoso Desktop", SYNC: "Sync Tool"}


def event_json(
    number: int,
    at: float,
    event_type: str,
    user: Auth0User | None,
    scene: Scene,
    client: str | None,
    details: dict[str, Any],
) -> dict[str, Any]:
    """One event as the list of the Management API gives it: no place and no TLS fingerprint."""
    day = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H%M%S")
    log_id = f"900{day}{number:038d}"
    told: dict[str, Any] = {
        "date": okta_time(at),
        "type": event_type,
        "description": "",
        "ip": scene.ip,
        "user_agent": scene.agent,
        "details": details,
        "hostname": "contoso.eu.auth0.com",
        "user_id": user.id if user else "",
        "user_name": user.email if user else "",
        "log_id": log_id,
        "_id": log_id,
        "isMobile": False,
    }
    if user:
        database = user.id.startswith("auth0|")
        told["connection"] = user.connection
        told["strategy_type"] = "database" if database else "social"
    if client:
        told |= {"client_id": client, "client_name": NAMES.get(client, "")}
    return told


def requested(
    method: str, path: str, *, body: object = None, query: dict[str, str] | None = None
) -> dict[str, Any]:
    """The details of a `sapi` event: the request, without the token, and that it was done."""
    asked: dict[str, Any] = {
        "method": method.lower(),
        "path": path,
        "query": query or {},
        "channel": "api",
        "auth": {"user": {}, "strategy": "jwt", "credentials": {"jti": "a" * 32}},
    }
    if body is not None:
        asked["body"] = body
    return {"request": asked, "response": {"statusCode": 200, "body": {}}}


async def details_of(request: Request) -> dict[str, Any]:
    """The same of a request that came over HTTP; the path as it was sent, ids encoded, no password."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if isinstance(body, dict) and "password" in body:
        body = {**body, "password": "*****"}
    path = request.scope["raw_path"].decode("latin-1")
    return requested(request.method, path, body=body, query=dict(request.query_params))

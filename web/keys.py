"""The public keys of our signals, for receivers that verify them (RFC 7517)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from config.settings import Settings
from connectors.errors import ConnectorError

_log = logging.getLogger(__name__)

#: How long a receiver may keep the keys, in seconds: a new one is published well before it signs.
KEPT_S = 3600


def router(settings: Settings) -> APIRouter:
    """Return ``GET /.well-known/jwks.json``; there is none where no tenant sends signals.

    Public halves only, of all tenants: each of its own key id, so that a receiver takes the right one.
    """
    routes = APIRouter()
    keys = list(_keys(settings))
    if not keys:
        return routes

    async def jwks() -> Response:
        headers = {"Cache-Control": f"public, max-age={KEPT_S}"}
        return JSONResponse({"keys": keys}, headers=headers)

    routes.add_api_route(
        "/.well-known/jwks.json", jwks, methods=["GET", "HEAD"], response_model=None
    )
    return routes


def _keys(settings: Settings) -> Iterator[dict[str, str]]:
    told = set()
    for name, tenant in settings.tenants.items():
        if tenant.signals is None:
            continue
        from connectors.signals.keys import published  # noqa: PLC0415 - loads PyJWT

        try:
            keys = published(tenant.signals)
        except ConnectorError as error:
            # what is wrong with it is told before anything starts; the console is not to be lost
            _log.error("tenant %s: its keys are not published: %s", name, error)
            continue
        for key in keys:
            if key["kid"] not in told:
                told.add(key["kid"])
                yield key

"""Where detectors post: proven, stored, committed, and only then answered.

Nothing of an alert is understood here: a payload that makes no sense is kept, and the worker says what
is wrong with it. So a detector is never told to throw an alert away that it could prove was its own.
"""

from __future__ import annotations

import math

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from config.origins import ClientState, SecurityEvents
from config.settings import Source, SourceKind
from detectors import okta
from detectors.genuine import NotAccepted, NotGenuine
from detectors.origin import headers_of
from ledger.deliveries import Received
from tasks.keysets import KeysUnavailable
from tasks.receiving import Delivery, NothingInIt, NotStored, Receiving
from tasks.service import Service
from web import body
from web.answers import failure, set_refused

#: What we ask senders to wait when the database does not answer, in seconds.
RETRY_AFTER_S = 10
#: A validation token of Microsoft Graph is some two hundred characters.
LONGEST_TOKEN = 2048


class Hooks:
    """The routes under ``/hooks``."""

    def __init__(self, service: Service) -> None:
        """``service`` holds the sources, the database and the bell."""
        self._service = service
        self._receiving = Receiving(service)
        self._arrivals = self._receiving.arrivals

    def router(self) -> APIRouter:
        """Return the routes, to be included in the application."""
        router = APIRouter()
        for path in ("/hooks/{source}", "/hooks/{source}/"):
            router.add_api_route(path, self.receive, methods=["POST"], response_model=None)
            router.add_api_route(path, self.challenge, methods=["GET"], response_model=None)
        return router

    async def warm(self) -> None:
        """Do what the first delivery should not have to wait for."""
        await self._receiving.warm()

    async def receive(self, request: Request, source: str) -> Response:
        """Take a delivery in.

        202 with the alert's id once it is committed; 200 for Okta, which takes 200 and 204 only
        (developer.okta.com, event hooks); 202 with nothing for a security event token (RFC 8935 §2.2).
        """
        configured = self._service.settings.sources.get(source)
        if configured is None:
            self._arrivals.rejected(None, "unknown_source")
            return _unknown_source()
        try:
            content = await body.read(request, self._service.settings.web.body_limit_bytes)
        except body.TooLarge as error:
            self._arrivals.rejected(source, "too_large")
            return _too_large(error.limit)
        except (body.TooSlow, ClientDisconnect):
            self._arrivals.rejected(source, "incomplete")
            return _incomplete()
        if not content and isinstance(configured.origin, ClientState):
            token = _validation_token(request)
            if token is not None:
                return PlainTextResponse(token)
        return await self._answer(configured, _delivery(request, source, configured, content))

    async def _answer(self, configured: Source, delivery: Delivery) -> Response:
        try:
            received = await self._receiving.receive(configured, delivery)
        except NotAccepted as refused:
            return set_refused(refused.err, refused.reason)
        except NotGenuine as refused:
            return _refused(configured, refused)
        except NothingInIt:
            return _empty()
        except KeysUnavailable as error:
            self._arrivals.rejected(delivery.source, "unavailable", str(error))
            return unreachable(error.retry_after_s, f"The alert is not taken in: {error}.")
        except NotStored:
            return unreachable()
        return _taken(configured, received)

    async def challenge(self, request: Request, source: str) -> Response:
        """Answer the one question Okta asks before it uses a hook (developer.okta.com, event hooks)."""
        configured = self._service.settings.sources.get(source)
        if configured is None:
            self._arrivals.rejected(None, "unknown_source")
            return _unknown_source()
        if configured.kind != SourceKind.OKTA_EVENT_HOOK:
            return _post_only()
        try:
            await self._receiving.prove(configured, _delivery(request, source, configured, b""))
        except NotGenuine:
            return _not_genuine()
        value = okta.verification(request.headers)
        return _post_only() if value is None else JSONResponse({"verification": value})


def _delivery(request: Request, source: str, configured: Source, content: bytes) -> Delivery:
    headers = request.headers
    return Delivery(
        source=source,
        headers=headers,
        body=content,
        remote=request.client.host if request.client else "",
        said_twice=[
            name for name in headers_of(configured.origin) if len(set(headers.getlist(name))) > 1
        ],
    )


def _validation_token(request: Request) -> str | None:
    """Return what Microsoft Graph asks us to say before it makes a subscription, decoded.

    It is said back as plain text that no browser takes for a page, and to whoever asks: nothing is
    proven by it, and nothing follows from it.
    """
    given = request.query_params.getlist("validationToken")
    if len(given) != 1 or not 0 < len(given[0]) <= LONGEST_TOKEN or not given[0].isprintable():
        return None
    return given[0]


def _taken(configured: Source, received: Received) -> Response:
    if isinstance(configured.origin, SecurityEvents):
        return Response(status_code=202)
    return JSONResponse(
        {"alert": received.id, "duplicate": received.duplicate},
        status_code=200 if configured.kind == SourceKind.OKTA_EVENT_HOOK else 202,
    )


def _refused(configured: Source, refused: NotGenuine) -> Response:
    if isinstance(configured.origin, SecurityEvents):
        return set_refused("invalid_request", refused.reason)
    return _not_genuine()


def unreachable(
    retry_after_s: float = RETRY_AFTER_S,
    detail: str = "The alert could not be stored, so it is not taken in.",
) -> Response:
    """Build the answer for when an alert cannot be taken in now: senders shall try again."""
    return failure(
        503,
        "unavailable",
        detail,
        "Send it again after the time in Retry-After; see the log for what keeps it.",
        {"Retry-After": str(math.ceil(retry_after_s))},
    )


def _unknown_source() -> Response:
    return failure(
        404,
        "unknown_source",
        "No source is configured under this name.",
        "Add it to rescind.toml as sources.NAME, and post to /hooks/NAME.",
    )


def _too_large(limit: int) -> Response:
    return failure(
        413,
        "too_large",
        f"The body is larger than {limit} bytes.",
        "Send fewer alerts at a time, or raise web.body_limit_bytes in rescind.toml.",
        {"Connection": "close"},
    )


def _incomplete() -> Response:
    return failure(
        408,
        "incomplete",
        f"The body did not arrive within {body.READ_TIMEOUT_S:.0f} seconds.",
        "Send it again, over a better connection.",
        {"Connection": "close"},
    )


def _not_genuine() -> Response:
    return failure(
        401,
        "not_genuine",
        "The request does not prove that it comes from this source.",
        "Compare the sender's secret with the source's and look at the sender's clock; Rescind's "
        "own log says what was missing (alert rejected).",
    )


def _empty() -> Response:
    return failure(
        400,
        "empty",
        "The request is genuine and its body is empty.",
        "Have the detector send the alert as the body.",
    )


def _post_only() -> Response:
    return failure(
        405,
        "method_not_allowed",
        "Alerts are taken in by POST.",
        "Post the alert to this address.",
        {"Allow": "POST"},
    )

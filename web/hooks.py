"""Where detectors post: proven over the raw bytes, stored, committed, and only then answered.

Nothing of an alert is parsed here: a payload that makes no sense is kept, and the worker says what
is wrong with it. So a detector is never told to throw an alert away that it could prove was its own.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from fastapi import APIRouter
from sqlalchemy import Connection, exc
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from config.settings import Source, SourceKind
from detectors import okta
from detectors.origin import SIGNED_HEADERS, NotGenuine, Proven, prove
from ledger import deliveries
from ledger.budget import RecordBudget, told
from ledger.deliveries import Received
from ledger.errors import LedgerError
from tasks.service import Service
from web import body
from web.answers import failure
from web.arrivals import Arrivals
from web.failures import log_failure
from web.ringing import Ringer
from web.storing import Storing

_log = logging.getLogger(__name__)

#: What we ask senders to wait when the database does not answer, in seconds.
RETRY_AFTER_S = 10


class Hooks:
    """The routes under ``/hooks``."""

    def __init__(self, service: Service) -> None:
        """``service`` holds the sources, the database and the bell."""
        self._service = service
        self._budget = RecordBudget()
        self._arrivals = Arrivals()
        self._ringer = Ringer()
        self._storing = Storing(service.database)

    def router(self) -> APIRouter:
        """Return the routes, to be included in the application."""
        router = APIRouter()
        for path in ("/hooks/{source}", "/hooks/{source}/"):
            router.add_api_route(path, self.receive, methods=["POST"], response_model=None)
            router.add_api_route(path, self.challenge, methods=["GET"], response_model=None)
        return router

    async def receive(self, request: Request, source: str) -> Response:
        """Take a delivery in.

        202 with the alert's id once it is committed; 200 for Okta, which takes 200 and 204 only
        (developer.okta.com, event hooks).
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
        proven = await self._proven(request, source, configured, content)
        if proven is None:
            return _not_genuine()
        if not content:
            self._arrivals.rejected(source, "empty")
            return _empty()
        received = await self._keep(request, source, configured, content, proven.delivery_id)
        if received is None:
            return unreachable()
        self._arrivals.received(source, received.id, duplicate=received.duplicate)
        self._ringer.ring(self._service.bell.alert, received.id)
        return JSONResponse(
            {"alert": received.id, "duplicate": received.duplicate},
            status_code=200 if configured.kind == SourceKind.OKTA_EVENT_HOOK else 202,
        )

    async def challenge(self, request: Request, source: str) -> Response:
        """Answer the one question Okta asks before it uses a hook (developer.okta.com, event hooks)."""
        configured = self._service.settings.sources.get(source)
        if configured is None:
            self._arrivals.rejected(None, "unknown_source")
            return _unknown_source()
        if configured.kind != SourceKind.OKTA_EVENT_HOOK:
            return _post_only()
        if await self._proven(request, source, configured, b"") is None:
            return _not_genuine()
        value = okta.verification(request.headers)
        return _post_only() if value is None else JSONResponse({"verification": value})

    async def _proven(
        self, request: Request, source: str, configured: Source, content: bytes
    ) -> Proven | None:
        twice = _said_twice(request, configured)
        if twice is not None:
            reason = f"the header {twice} stands more than once"
            await self._reject(request, source, reason, len(content))
            return None
        try:
            proven = prove(configured.origin, request.headers, content, datetime.now(UTC))
        except NotGenuine as refused:
            await self._reject(request, source, refused.reason, len(content))
            return None
        if proven.by_previous_secret:
            _log.warning("source %s still proves itself by its previous secret", source)
        return proven

    async def _keep(
        self,
        request: Request,
        source: str,
        configured: Source,
        content: bytes,
        delivery_id: str | None,
    ) -> Received | None:
        def store(connection: Connection) -> Received:
            return deliveries.receive(
                connection,
                self._service.audit,
                source=source,
                kind=str(configured.kind),
                body=content,
                content_type=request.headers.get("content-type", ""),
                delivery_id=delivery_id,
                fold_s=self._service.settings.guardrails.fold_window_minutes * 60,
            )

        try:
            return await self._storing.store(store)
        except (LedgerError, exc.SQLAlchemyError) as error:
            log_failure(f"an alert from {source} could not be stored", error)
            return None

    async def _reject(self, request: Request, source: str, reason: str, size: int) -> None:
        self._arrivals.rejected(source, "not_genuine")
        missed = self._budget.admit(source)
        if missed is None:
            return
        try:
            await self._service.database.writing(
                deliveries.reject,
                self._service.audit,
                source=source,
                reason=told(reason, missed),
                remote=request.client.host if request.client else "",
                size=size,
            )
        except (LedgerError, exc.SQLAlchemyError) as error:
            log_failure(f"a rejection at {source} could not be recorded", error)


def _said_twice(request: Request, configured: Source) -> str | None:
    """Name a header of the proof that says two things: each reader would take another one."""
    own = getattr(configured.origin, "header", None)
    names = (own,) if own is not None else SIGNED_HEADERS
    return next((name for name in names if len(set(request.headers.getlist(name))) > 1), None)


def unreachable() -> Response:
    """Build the answer for when the database cannot be written: senders shall try again."""
    return failure(
        503,
        "unavailable",
        "The alert could not be stored, so it is not taken in.",
        "Send it again after the time in Retry-After; see the log for what the database says.",
        {"Retry-After": str(RETRY_AFTER_S)},
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
        "Compare the sender's secret with the source's and look at the sender's clock; the audit "
        "log says what was missing.",
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

"""The web application: hooks for detectors, a console for people, health for machines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from ledger.errors import LedgerError
from tasks.service import Service
from web import health, keys
from web.answers import failure
from web.auth import Auth
from web.console import inbox, login, runs
from web.console.approvals import Approvals
from web.console.context import Console
from web.console.handovers import Handovers
from web.failures import LastCatch
from web.health import Readiness
from web.hooks import RETRY_AFTER_S, Hooks
from web.lingering import Lingering
from web.security import SameOrigin, SecureHeaders

_MACHINES = ("/hooks/", "/healthz")
_WORDS = {
    404: ("Not found", "There is no such page.", "Check the address."),
    405: ("Not possible", "This page does not take that method.", "Use the console's own pages."),
}


def create_app(service: Service, *, readiness: Readiness | None = None) -> FastAPI:
    """Build the application.

    Args:
        service: settings, a migrated database, the audit log and the bell.
        readiness: what further stands in ``/healthz`` (see ``web.health``).
    """
    hooks = Hooks(service)
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_warmed(hooks),
    )
    console = Console(service, Auth(service))
    faces = _Faces(console)
    app.include_router(hooks.router())
    app.include_router(health.router(service.database, readiness))
    app.include_router(keys.router(service.settings))
    for router in (
        login.router(console),
        inbox.router(console),
        runs.router(console),
        Approvals(console).router(),
        Handovers(console).router(),
    ):
        app.include_router(router)
    app.mount("/static", _Static(directory=Path(__file__).parent / "static"))
    app.add_exception_handler(HTTPException, faces.http)
    web = service.settings.web
    # The last one added is the outermost: what it adds stands on every answer.
    app.add_middleware(SameOrigin, web=web, refused=faces.cross_origin, exempt=_MACHINES)
    app.add_middleware(LastCatch, answer=faces.failed)
    app.add_middleware(SecureHeaders, web=web)
    app.add_middleware(Lingering)
    return app


def _warmed(hooks: Hooks) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Warm up beside the first requests: whoever can be answered without does not wait for it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(hooks.warm())
        try:
            yield
        finally:
            warming.cancel()

    return lifespan


class _Static(StaticFiles):
    """Style sheet and icon: kept by browsers, asked for anew each time."""

    def file_response(
        self,
        full_path: str | Path,  # type: ignore[override]  # starlette's own alias is not public
        stat_result: object,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response


class _Faces:
    """Errors as whoever asked can read them: JSON for machines, a page for people."""

    def __init__(self, console: Console) -> None:
        self._pages = console.pages

    async def http(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(getattr(error, "headers", None) or {})
        title, detail, remedy = _WORDS.get(
            status, ("Not possible", "The request was not understood.", "Check it, and try again.")
        )
        if request.url.path.startswith(_MACHINES):
            word = title.lower().replace(" ", "_")
            if status == 405:
                word, detail = "method_not_allowed", "This address does not take that method."
                remedy = "Use a method that the header Allow names."
            return failure(status, word, detail, remedy, headers)
        page = self._pages.notice(None, status, title, detail, remedy)
        page.headers.update(headers)
        return page

    async def failed(self, request: Request, error: Exception) -> Response:
        unreachable = isinstance(error, LedgerError | exc.SQLAlchemyError)
        detail = (
            "The database does not answer." if unreachable else "Something unexpected happened."
        )
        remedy = "Nothing was changed by this request. Try again; the server's log says more."
        status = 503 if unreachable else 500
        headers = {"Retry-After": str(RETRY_AFTER_S)} if unreachable else {}
        if request.url.path.startswith(_MACHINES):
            return failure(status, "failed", detail, remedy, headers)
        page = self._pages.notice(None, status, "That did not work", detail, remedy)
        page.headers.update(headers)
        return page

    async def cross_origin(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self._pages.notice(
            None,
            403,
            "Refused",
            "This request does not come from a page of this console.",
            "Open the console itself and use its own buttons. Behind a proxy, check that it passes "
            "the Host header on, or that web.public_url is right.",
        )
        await page(scope, receive, send)

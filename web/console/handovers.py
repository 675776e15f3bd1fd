"""The page that shows a person, once, what she is to give to somebody."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ledger import handovers
from ledger.database import now_ms
from ledger.errors import NotSealedHere
from tasks.messages import handed_over
from web.auth import Visitor
from web.console.context import Console

_PATH = "/handovers/{handover_id}"
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)


class Handovers:
    """The routes of one handover."""

    def __init__(self, console: Console) -> None:
        """``console`` holds what pages are made of."""
        self._console = console

    def router(self) -> APIRouter:
        """Return ``GET`` and ``POST /handovers/{handover_id}``."""
        routes = APIRouter()
        routes.add_api_route(_PATH, self.show, methods=["GET", "HEAD"], response_model=None)
        routes.add_api_route(_PATH, self.reveal, methods=["POST"], response_model=None)
        return routes

    async def show(self, request: Request, handover_id: str) -> Response:
        """Say what waits, for whom and until when; the secret is not on this page."""
        visitor = await self._console.visitor(request)
        if visitor is None:
            return self._console.to_login(request)
        return await self._answer(visitor, handover_id)

    async def reveal(self, request: Request, handover_id: str) -> Response:
        """Erase the secret and show it: to the person it is for, this once."""
        visitor = await self._console.visitor(request)
        if visitor is None:
            return self._console.to_login(request)
        secret = None
        if _ID.fullmatch(handover_id):
            try:
                secret = await run_in_threadpool(self._take, handover_id, visitor.id)
            except NotSealedHere as error:
                return self._console.pages.notice(
                    visitor, 409, "It cannot be shown", str(type(error).__doc__), error.remedy
                )
        return await self._answer(visitor, handover_id, secret)

    def _take(self, handover_id: str, user_id: str) -> str | None:
        service = self._console.service
        seal = service.seal()
        if seal is None:
            raise NotSealedHere
        with service.database.write() as connection:
            return handovers.reveal(connection, service.audit, seal, handover_id, user_id)

    async def _answer(
        self, visitor: Visitor, handover_id: str, secret: str | None = None
    ) -> Response:
        found = None
        if _ID.fullmatch(handover_id):
            found = await self._console.service.database.reading(_read, handover_id)
        if found is None:
            return self._console.missing(visitor)
        row, now = found
        return self._console.pages.page(
            "handover.html",
            visitor,
            handover=row,
            what=handed_over(row),
            mine=row.for_user == visitor.id,
            waits=row.state == "waiting" and row.gone_at > now,
            secret=secret,
            now=now,
        )


def _read(connection: Connection, handover_id: str) -> tuple[Row[Any], int] | None:
    row = handovers.get(connection, handover_id)
    # one whose step has not ended is nobody's business yet
    return None if row is None or row.state == "kept" else (row, now_ms(connection))

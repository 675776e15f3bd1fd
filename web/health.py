"""Whether this process can do its work, for load balancers and watchdogs; it tells nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, exc, text
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from ledger.database import Database
from ledger.errors import LedgerError
from tasks.faults import log_failure

#: A database that needs longer than this for SELECT 1 is not well, in seconds.
PATIENCE_S = 3.0

Readiness = Callable[[], Mapping[str, Any]]


def router(database: Database, readiness: Readiness | None) -> APIRouter:
    """Return ``GET /healthz``: 200 and ``ok``, or 503 and ``degraded``.

    ``readiness`` gives further members, such as ``{"worker": "ok"}``; one that is False, or a word
    other than ``ok``, means degraded. It is called in a thread, at each request.
    """

    async def healthz() -> Response:
        further: dict[str, Any] = {}
        if readiness is not None:
            try:
                further = dict(await run_in_threadpool(readiness))
            except Exception as error:  # noqa: BLE001 - not being able to tell is not being well
                log_failure("readiness could not be told", error)
                further = {"readiness": "unknown"}
        reachable = await _reachable(database)
        well = reachable and not any(map(_unwell, further.values()))
        return JSONResponse(
            further
            | {
                "status": "ok" if well else "degraded",
                "database": "ok" if reachable else "unreachable",
            },
            status_code=200 if well else 503,
        )

    routes = APIRouter()
    routes.add_api_route("/healthz", healthz, methods=["GET", "HEAD"], response_model=None)
    return routes


def _unwell(value: object) -> bool:
    return value is False or (isinstance(value, str) and value != "ok")


async def _reachable(database: Database) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await database.reading(_select_one)
    except (TimeoutError, LedgerError, exc.SQLAlchemyError) as error:
        log_failure("the database was asked for its health", error)
        return False
    return True


def _select_one(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))

"""A run's page: what was done, what it proved, and what stays open."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ledger import handovers
from tasks.messages import handed_over
from web.console import outcomes, reading
from web.console.context import Console
from web.console.plan import notes, reasons, short_hash

#: How often a page that is being followed loads itself again, in seconds; and how many times: a
#: forgotten page must not keep its session awake.
FOLLOW_S = 3
FOLLOW_TIMES = 100


def _times(asked: str) -> int:
    return min(int(asked), FOLLOW_TIMES) if re.fullmatch(r"[0-9]{1,4}", asked) else 0


def _channels(result: object) -> list[dict[str, Any]]:
    channels = result.get("channels") if isinstance(result, dict) else None
    return [each for each in channels or () if isinstance(each, dict)]


def router(console: Console) -> APIRouter:
    """Return ``GET /runs/{run_id}``; with ``?follow=N`` it reloads itself N times while the run moves."""

    async def show(request: Request, run_id: str) -> Response:
        visitor = await console.visitor(request)
        if visitor is None:
            return console.to_login(request)
        view = await console.service.database.reading(reading.run, run_id)
        if view is None:
            return console.missing(visitor)
        running = view.row.state != "done"
        handed = await console.service.database.reading(handovers.of_run, view.row.id)
        return console.pages.page(
            "run.html",
            visitor,
            view=view,
            label=outcomes.of_run(view.row, view.waits, view.left),
            approval_label=outcomes.of_approval(view.approval.state) if view.approval else None,
            left=[step for step in view.steps if step.label.tone == "bad"],
            notices=[
                (each, outcomes.of_notice(each), _channels(each.result)) for each in view.notices
            ],
            handed=[(each, handed_over(each)) for each in handed],
            exposure=[each for each in view.row.exposure or () if isinstance(each, dict)],
            plan_hash=short_hash(view.row.plan_hash),
            reasons=reasons(view.row),
            notes=notes(view.row),
            paused=view.paused,
            running=running,
            follow=_times(request.query_params.get("follow", "")) if running else 0,
            follow_s=FOLLOW_S,
            follow_times=FOLLOW_TIMES,
        )

    routes = APIRouter()
    routes.add_api_route("/runs/{run_id}", show, methods=["GET", "HEAD"], response_model=None)
    return routes

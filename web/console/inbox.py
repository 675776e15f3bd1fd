"""The first page: what waits for a decision, and what happened lately."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ledger import handovers
from tasks.messages import handed_over
from web.console import people, reading
from web.console.context import Console
from web.console.plan import disruptions, worst_impact


def router(console: Console) -> APIRouter:
    """Return ``GET /``."""

    async def inbox(request: Request) -> Response:
        visitor = await console.visitor(request)
        if visitor is None:
            return console.to_login(request)
        database = console.service.database
        view = await database.reading(reading.inbox)
        mine = await database.reading(handovers.waiting_for, visitor.id)
        waiting = [
            {
                "view": each,
                "impact": worst_impact(each.asked),
                "disrupts": disruptions(each.asked),
                "refusal": people.refusal(visitor, each.row, each.target, each.said),
            }
            for each in view.waiting
        ]
        untold = [each for each in view.waiting if each.untold]
        return console.pages.page(
            "inbox.html",
            visitor,
            view=view,
            waiting=waiting,
            untold=untold,
            paused=view.paused,
            mine=[(each, handed_over(each)) for each in mine],
        )

    routes = APIRouter()
    routes.add_api_route("/", inbox, methods=["GET", "HEAD"], response_model=None)
    return routes

"""What the pages share: the service, who is signed in, the templates."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tasks.service import Service
from web.auth import Auth, Visitor
from web.console import addresses
from web.console.pages import Pages


@dataclass(frozen=True, slots=True)
class Console:
    """The parts a page is made of."""

    service: Service
    auth: Auth
    pages: Pages = field(default_factory=Pages)

    async def visitor(self, request: Request) -> Visitor | None:
        """Return who is signed in, if anybody is."""
        return await self.auth.visitor(request)

    def to_login(self, request: Request) -> Response:
        """Send somebody unknown to sign in first; the answer says nothing about what is there."""
        return RedirectResponse(addresses.login(request.url.path), status_code=303)

    def missing(self, visitor: Visitor) -> Response:
        """Say that there is no such thing."""
        return self.pages.notice(
            visitor,
            404,
            "Not found",
            "There is no such page, run or request.",
            "Check the address; the inbox lists what there is.",
        )

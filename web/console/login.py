"""Signing in and out with a local account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.console import addresses, clock, forms
from web.console.context import Console
from web.guard import Slow, Slowed

#: A failed sign-in takes at least so long, in seconds: its time must not tell which names exist.
LEAST_S = 0.5
#: The same whatever was wrong: which names exist, and which are disabled, is nobody's business.
_NOT_SIGNED_IN = (
    "Name and password do not fit together, or the account is disabled. An administrator can give "
    "it a new password."
)
_SLOWED = {
    Slow.WRONG: "Too many wrong passwords were tried for this name from your network. Try again in "
    "{wait}; at once with a browser that has signed in with this name before, or from elsewhere.",
    Slow.CROWD: "Too many sign in at once, all in all or from your network. Try again in {wait}.",
    Slow.LINE: "Somebody is guessing at this name, so browsers that have not signed in with it "
    "before take turns. Try again in {wait}; at once with one that has.",
}


class Login:
    """The routes of signing in and out."""

    def __init__(self, console: Console) -> None:
        """``console`` holds what pages are made of."""
        self._console = console

    def router(self) -> APIRouter:
        """Return ``GET`` and ``POST /login``, and ``POST /logout``."""
        routes = APIRouter()
        routes.add_api_route("/login", self.show, methods=["GET", "HEAD"], response_model=None)
        routes.add_api_route("/login", self.sign_in, methods=["POST"], response_model=None)
        routes.add_api_route("/logout", self.sign_out, methods=["POST"], response_model=None)
        return routes

    async def show(self, request: Request) -> Response:
        """Show the form; it says nothing about what waits behind it."""
        wanted = addresses.local(request.query_params.get("next", "/"))
        if await self._console.visitor(request) is not None:
            return RedirectResponse(wanted, status_code=303)
        return self._form(wanted)

    async def sign_in(self, request: Request) -> Response:
        """Take ``name`` and ``password``; go on to ``next``."""
        try:
            form = await forms.fields(request)
        except forms.NotAForm:
            return self._form("/", "That was not the sign-in form. Please try again.", 400)
        began = time.monotonic()
        wanted, name = addresses.local(form.get("next", "/")), form.get("name", "")
        try:
            cookies = await self._console.auth.sign_in(request, name, form.get("password", ""))
        except Slowed as slowed:
            unit = 60 if slowed.wait_s > 60 else 1
            rounded_up = -(-slowed.wait_s // unit) * unit
            why = _SLOWED[slowed.why].format(wait=clock.span(rounded_up * 1000))
            headers = {"Retry-After": str(slowed.wait_s)}
            return self._form(wanted, why, 429, name=name, headers=headers)
        if cookies is None:
            await asyncio.sleep(began + LEAST_S - time.monotonic())
            return self._form(wanted, _NOT_SIGNED_IN, 401, name=name)
        response = RedirectResponse(wanted, status_code=303)
        self._console.auth.give_cookies(response, cookies)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session, here and in the browser."""
        await self._console.auth.sign_out(request)
        response = RedirectResponse("/login", status_code=303)
        self._console.auth.take_cookie(response)
        return response

    def _form(
        self,
        wanted: str,
        problem: str = "",
        status: int = 200,
        *,
        name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        page = self._console.pages.page(
            "login.html", None, status=status, next=wanted, problem=problem, typed=name
        )
        page.headers.update(headers or {})
        return page


def router(console: Console) -> APIRouter:
    """Return the routes of signing in and out."""
    return Login(console).router()

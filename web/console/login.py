"""Signing in and out with a local account."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from web.console import addresses, forms
from web.console.context import Console

#: Password hashing takes memory and a core: so many at a time, and so many more may wait.
_AT_ONCE = 2
_MAY_WAIT = 20
#: The same whatever was wrong: which names exist, and which are locked, is nobody's business.
_NOT_SIGNED_IN = (
    "Name and password do not fit together, or the account is locked or disabled. After too many "
    "wrong passwords in a row an account is locked for some minutes; an administrator can give it "
    "a new password."
)


class Login:
    """The routes of signing in and out."""

    def __init__(self, console: Console) -> None:
        """``console`` holds what pages are made of."""
        self._console = console
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

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
        wanted = addresses.local(form.get("next", "/"))
        if self._waiting >= _MAY_WAIT:
            return self._form(wanted, "Too many people sign in right now. Please try again.", 503)
        self._waiting += 1
        try:
            async with self._turns:
                cookie = await self._console.auth.sign_in(
                    request, form.get("name", ""), form.get("password", "")
                )
        finally:
            self._waiting -= 1
        if cookie is None:
            return self._form(wanted, _NOT_SIGNED_IN, 401)
        response = RedirectResponse(wanted, status_code=303)
        self._console.auth.give_cookie(response, cookie)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session, here and in the browser."""
        await self._console.auth.sign_out(request)
        response = RedirectResponse("/login", status_code=303)
        self._console.auth.take_cookie(response)
        return response

    def _form(self, wanted: str, problem: str = "", status: int = 200) -> Response:
        return self._console.pages.page(
            "login.html", None, status=status, next=wanted, problem=problem
        )


def router(console: Console) -> APIRouter:
    """Return the routes of signing in and out."""
    return Login(console).router()

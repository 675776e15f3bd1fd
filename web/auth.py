"""Who is signed in: the session behind a browser's cookie."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ledger import accounts, sessions
from ledger.accounts import User
from tasks.service import Service
from web.security import served_over_https

#: Longer cookies are nobody's.
_MAX_COOKIE = 200


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever is signed in. ``account_ids`` are this person's own accounts in the tenants."""

    id: str
    name: str
    role: str
    account_ids: tuple[str, ...] = ()


class Auth:
    """Signing in, staying so for a while, and signing out."""

    def __init__(self, service: Service) -> None:
        """``service`` holds the accounts and how long sessions last."""
        self._service = service
        self._secure = served_over_https(service.settings.web)
        # Browsers keep a __Host- cookie to this very host, all of it, and HTTPS (RFC 6265bis).
        self.cookie = "__Host-rescind" if self._secure else "rescind"

    async def visitor(self, request: Request) -> Visitor | None:
        """Return who is signed in; None where nobody is, or the session is over."""
        cookie = self._sent(request)
        if cookie is None:
            return None
        user = await run_in_threadpool(
            sessions.find_session,
            self._service.database,
            cookie,
            idle_minutes=self._service.settings.web.session_idle_minutes,
        )
        return None if user is None else _visitor(user)

    async def sign_in(self, request: Request, name: str, password: str) -> str | None:
        """Open a session and return its cookie; None where name and password are of no use."""
        remote = request.client.host if request.client else ""
        return await run_in_threadpool(self._sign_in, name, password, remote, self._sent(request))

    def _sign_in(self, name: str, password: str, remote: str, replacing: str | None) -> str | None:
        database, audit = self._service.database, self._service.audit
        user = accounts.check_password(database, audit, name, password, remote=remote)
        if user is None:
            return None
        hours = self._service.settings.web.session_hours
        return sessions.open_session(database, user, hours=hours, replacing=replacing)

    async def sign_out(self, request: Request) -> None:
        """End the session the request came with, if any."""
        cookie = self._sent(request)
        if cookie is not None:
            await run_in_threadpool(
                sessions.close_session, self._service.database, self._service.audit, cookie
            )

    def give_cookie(self, response: Response, cookie: str) -> None:
        """Put the session into the browser; it forgets it when it is closed."""
        response.set_cookie(
            self.cookie, cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def take_cookie(self, response: Response) -> None:
        """Take the session out of the browser."""
        response.delete_cookie(
            self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def _sent(self, request: Request) -> str | None:
        cookie = request.cookies.get(self.cookie)
        return cookie if cookie and len(cookie) <= _MAX_COOKIE else None


def _visitor(user: User) -> Visitor:
    return Visitor(user.id, user.name, user.role.value, user.account_ids)
